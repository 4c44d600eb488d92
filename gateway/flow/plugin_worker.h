/* flow/plugin_worker.h - one worker of a plugin: what is sent to it, what it replies, how long it may take. Private to
 * flow/plugin*.c; the pool (flow/plugin.c) decides who does what, and hears of it by the functions at the end. */
#ifndef FLOW_PLUGIN_WORKER_H
#define FLOW_PLUGIN_WORKER_H

#include "base/buf.h"
#include "flow/environment.h"
#include "flow/plugin.h"
#include "flow/plugin_frame.h"

struct pool;
struct plugin_call {
    struct plugin_call *next;
    struct pool *pool;
    struct worker *worker; /* NULL: it waits in the pool */
    struct plugin_options o;
    uint32_t id;
    int64_t begun_us; /* monotonic; 0 until its turn */
    plugin_done done;
    void *arg;
};

/* Calls in a row. */
struct line {
    struct plugin_call *first, **tail;
    int n;
};

enum worker_state {
    WORKER_STARTING, /* its hello is waited for; it has calls, but knows of none */
    WORKER_READY,
    WORKER_LEAVING,  /* it has none any more, was told so, and ends by itself */
    WORKER_ENDING,   /* what is left of it is waited for */
};

struct worker {
    struct pool *pool;
    struct worker *next;
    enum worker_state state;
    bool was_ready;
    bool retired; /* of settings that are not good any more: nothing new */
    struct kept kept;
    struct pipe_end socket;
    struct event *writable;
    struct line calls;           /* the first one is being done, once the worker is ready */
    struct plugin_call *unsent;  /* of calls, the first one that is not sent whole */
    size_t sent;                 /* bytes of it */
    uint32_t last_id;
    struct buf in;
    size_t at;                   /* what of in is used up */
    struct timer *timer;
    int64_t due_us, armed_us;    /* monotonic: when patience with it ends; when the timer runs, or 0 */
    uint64_t memory_max;
    /* Why it was ended, or PLUGIN_ENDED: it ended by itself. */
    int why;
    char words[PLUGIN_WORDS_MAX + 1];
};

void line_init(struct line *l);
void line_put(struct line *l, struct plugin_call *c);
void line_remove(struct line *l, struct plugin_call *c);
void line_put_before(struct line *l, struct line *from); /* all of `from` before what is in l */

/* Tells it, and frees it. */
void plugin_call_conclude(struct plugin_call *c, const struct plugin_result *r);

/* Begins one; the pool puts it into its list. NULL: e. */
struct worker *worker_new(struct pool *p, struct loop *loop, struct nursery *n, const struct plugin *plugin,
                          struct environment *scratch, struct err *e);
/* Kills what still runs. Its calls are the caller's. NULL ok. */
void worker_free(struct worker *w);
/* It has the call from now on. */
void worker_give(struct worker *w, struct plugin_call *c);
/* Kills it; pool_on_over follows. why: of plugin_result. */
void worker_end(struct worker *w, int why, const char *words);
/* Nothing new for it: it ends when it has nothing to do. */
void worker_retire(struct worker *w);

/* The pool's. */
void pool_on_hello(struct pool *p);
void pool_on_reply(struct pool *p);
void pool_on_room(struct pool *p);    /* the worker may have room for more */
void pool_on_over(struct worker *w);  /* all of it is gone: frees it */

#endif
