/* flow/plugin.h - the workers of a plugin, as the flow loop sees them: calls go in, results come out. A worker is the process of
 * flow/plugin_host.h under a keeper; it is given a few calls ahead and does one after the other.
 *
 *     pool ── waiting calls ──→ worker: head (it is being done) · the next ones, sent ahead
 *
 * Whatever a worker does costs the call at its head and nobody else: the others go back to the front of the line. The worker is
 * killed with all that it started, and another one is begun, at once after the first failure, later and later after more of
 * them. On the loop only. */
#ifndef FLOW_PLUGIN_H
#define FLOW_PLUGIN_H

#include "base/metric.h"
#include "flow/kept.h"
#include "plan/plan.h"

struct pools; /* of all plugins */
struct pools *pools_new(struct loop *loop, struct nursery *n, struct counter *workers_lost);
/* The plugins as this plan has them, from now on; borrowed until the next call. Workers of a plugin that is not the same any
 * more do what they have, and end. */
void pools_use(struct pools *ps, const struct plan *p);
/* Calls that are under way must have been cancelled. NULL ok. */
void pools_free(struct pools *ps);

struct plugin_result { /* good during done */
    enum {
        PLUGIN_DONE,        /* text: the output; "" is null */
        PLUGIN_RETRY,       /* from here on text: why, in words */
        PLUGIN_FAIL,
        PLUGIN_TOO_LARGE,
        PLUGIN_TIMED_OUT,
        PLUGIN_BROKEN,      /* what it sent is no reply: killed */
        PLUGIN_ENDED,       /* the process, in the middle of the call: end */
        PLUGIN_NOT_STARTED, /* the worker never came to it */
    } what;
    struct slice text;
    struct kept_end end;
    uint64_t memory_max; /* of the worker */
    struct slice log;    /* at most KEPT_LOG_BYTES */
    int64_t begun_us;    /* monotonic: when its turn came, or that it never did was known */
};
typedef void (*plugin_done)(void *arg, const struct plugin_result *r);

struct plugin_options {
    const struct plugin_step *step;
    struct slice document; /* borrowed until done, like step */
    int64_t timeout_us;    /* from when a worker begins with it */
};
struct plugin_call;
/* done runs exactly once, never before plugin_start returns (unless the call is cancelled). NULL with e: there is no such plugin
 * now. */
struct plugin_call *plugin_start(struct pools *ps, const struct plugin_options *o, plugin_done done, void *arg, struct err *e);
/* done is not called any more. A worker that has the call already is ended. */
void plugin_cancel(struct plugin_call *c);

/* Calls that a worker has at most, the one that it does included: more would only wait where nobody else can take them. */
#define PLUGIN_WINDOW 8

#endif
