/* flow/held.h - a step in this process's memory, from its lease to its committed result, and the table of all of them.
 * A second lease of the same (run, step, generation, attempts) is a copy: the store gives one when the first ran out
 * while the step was still here. On the loop only. */
#ifndef FLOW_HELD_H
#define FLOW_HELD_H

#include "flow/endpoint.h"
#include "flow/machine.h"
#include "flow/child.h"
#include "flow/plugin.h"
#include "net/client.h"
#include "store/writer.h"

struct flow;
struct held {
    struct flow *flow;
    enum held_state state; /* changed by held_move only */
    struct held *next;     /* in the list that its state says: of the lane, of a workflow that is asked for, of unsaved
                              results, of idle ones */
    struct held *same_bucket;
    struct lease *lease;
    struct workflow *workflow; /* a reference; NULL while it is asked for */
    const struct step *step;   /* of workflow */
    struct lane *lane;
    union { /* HELD_CALLING: by the step's kind */
        struct call *call;
        struct child *child;
        struct plugin_call *plugin;
    };
    int64_t started_us, started_mono_us;
    struct buf document, output, log;
    char error[320];
    struct write write; /* the result's */
};

#define HELD_BUCKETS 4096
struct held_table {
    struct held *buckets[HELD_BUCKETS];
    struct held *idle;
    int n_idle, n;
};
void held_table_clear(struct held_table *t); /* frees what is held, leases with it */
bool held_has(const struct held_table *t, const struct lease *l);
/* Takes the lease. */
struct held *held_put(struct held_table *t, struct lease *l);
/* Out of the table; frees the lease; the rest is kept for the next. */
void held_remove(struct held_table *t, struct held *h);

#endif
