/* flow/inside.h - the flow thread's state, and what its parts ask of each other. Private to flow/; everything here is
 * on the loop unless it says otherwise.
 *
 *     lease ─→ dispatcher ─→ (workflows, when the lease has none) ─→ lane ─→ attempt ─→ results ─→ writer
 *                 ↑ claims, when a lane has room and a step is due */
#ifndef FLOW_INSIDE_H
#define FLOW_INSIDE_H

#include "flow/flow.h"
#include "flow/given.h"
#include "flow/held.h"
#include "flow/step_exec.h"
#include "flow/step_http.h"
#include "flow/step_plugin.h"

struct claims {
    struct timer *timer; /* the nearest due time */
    struct write write;
    struct lane *lane; /* of the last claim: its leases belong to it */
    int reserved;
    bool asking;           /* one claim at a time: what it brings is bounded */
    int64_t not_before_us; /* after a failure; monotonic */
};

struct results {
    struct held *unsaved, **unsaved_tail;
    struct timer *timer;
    int64_t wait_us;
};

struct workflows {
    struct known *known;
    int n_known, n_asking;
};

struct flow {
    struct flow_options options;
    struct flow_stats stats;
    struct loop *loop;
    pthread_t thread;
    bool running;  /* the thread was started and not joined; of the caller's thread */
    bool stopping; /* nothing new is begun */
    bool stopped;  /* the loop was told to end */
    bool ended;    /* the thread is gone: mail that comes late is only freed */
    struct timer *stop_timer;
    bool cut; /* calls were cut: the next time the timer runs, results are given up */
    struct mail stop, ready;
    atomic_bool ready_posted;

    struct writer *writer;
    struct plan *plan;
    struct client *client;
    struct signer *signer;
    struct step_headers headers; /* scratch of one attempt */
    struct buf url;
    struct given given;
    struct nursery *nursery;
    struct pools *pools;
    struct step_command command; /* scratch of one attempt */
    struct buf text;             /* scratch of one result */
    struct json_doc answer;
    struct schema_scratch *schema;
    struct dice dice;

    struct lanes lanes;
    struct held_table held;
    struct claims claims;
    struct results results;
    struct workflows workflows;
};

/* flow.c: after anything that may have been the last thing a stopping flow waits for. */
void flow_check_stopped(struct flow *f);

/* dispatcher.c */
void dispatcher_lease(struct flow *f, struct lease *l);
void dispatcher_known(struct flow *f, struct held *h, struct workflow *w); /* takes the reference */
void dispatcher_unknown(struct flow *f, struct held *h, const char *why);  /* its workflow cannot be had now */
void dispatcher_go(struct flow *f, struct lane *l);                        /* starts what may start */
void dispatcher_release(struct flow *f, struct held *h);                   /* its result is stored */
void dispatcher_return_waiting(struct flow *f);
void dispatcher_cut(struct flow *f);

/* claims.c */
void claims_init(struct flow *f);
void claims_clear(struct flow *f);
void claims_look(struct flow *f);

/* results.c */
void results_init(struct flow *f);
void results_clear(struct flow *f);
void results_put(struct flow *f, struct held *h); /* h->write.finish is filled, the state is HELD_WRITING */

/* workflows.c: the workflows of claimed steps, by their row of definitions. */
void workflows_clear(struct flow *f);
void workflows_ask(struct flow *f, struct held *h); /* dispatcher_known or _unknown follows, at once or later */
void workflows_forget(struct flow *f);              /* the plan changed */

#endif
