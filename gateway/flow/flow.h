/* flow/flow.h - the thread that does steps: leases come in, attempts go out, results go back through store/writer.
 * Its loop drives curl; nothing on it blocks. What it holds in memory is bounded by flow_room: beyond that, steps stay
 * ready in the store and are claimed when there is room or their time comes. */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "base/loop.h"
#include "base/metric.h"
#include "store/writer.h"

struct flow;

struct flow_options {
    size_t room;           /* steps held in memory in all; default 2,048 */
    size_t room_per_queue; /* of one endpoint, so that a slow one starves nobody; default 512 */
    int shutdown_s;        /* how long running steps may finish at flow_stop */
};

struct flow_stats {
    struct counter attempts[ATTEMPT_NOUTCOMES];
    struct counter runs_ended;
    struct counter plugin_workers_lost; /* by crash, limit, time-out or nonsense */
    struct histogram step_us;  /* one attempt, on the wire */
    struct histogram start_us; /* event received to the first attempt of a first step */
    struct histogram run_us;   /* event received to the end of a run, stored */
    _Atomic int64_t held;      /* steps in memory */
    _Atomic int64_t calls;     /* calls under way */
};

/* Makes the loop and the books; flow_room and flow_on_lease are good from here on, so that the writer can be started
 * with them. */
struct flow *flow_new(const struct flow_options *o, struct err *e);
struct loop *flow_loop(struct flow *f);
bool flow_room(void *flow, const struct step *step);      /* lease_room; any thread */
void flow_room_back(void *flow, const struct step *step); /* writer_options.room_back; any thread */
/* mail.run of leases, on the flow loop. One with a workflow took its place by flow_room, one without was claimed. */
void flow_on_lease(struct mail *m);
void flow_on_ready(void *flow, struct slice queue, int64_t due_us); /* any thread */
/* Starts the thread and claims what waits in the store. Takes a reference on the plan. SIGPIPE must be ignored in this
 * process. */
int flow_start(struct flow *f, struct writer *w, struct plan *plan, struct err *e) MUST_CHECK;
/* A new plan: endpoints disabled by a 410 are enabled again. Any thread. */
void flow_set_plan(struct flow *f, struct plan *plan);
/* No further attempts; those under way may finish within shutdown_s, then they are cut; all leases are returned through
 * the writer. Blocks; call before writer_stop, from a thread that is not a loop. */
void flow_stop(struct flow *f);
void flow_free(struct flow *f); /* after writer_stop: until then the writer may hold results; NULL ok */
const struct flow_stats *flow_stats(const struct flow *f);

/* Which workflows of the plan this event, whose data is that node of doc, starts: pattern, then match, then when. Fills runs (ids made, workflow
 * references taken) and, for each workflow whose pattern matched, one decision in a JSON array:
 *     [{"workflow":"invoice","started":true},{"workflow":…,"started":false,"why":"/total: 0 is not > 0"}]
 * Nothing is put when no pattern matched. On the ingest thread. */
struct schema_scratch;
size_t flow_triggers(const struct plan *p, struct slice type, const struct json_doc *doc, uint32_t node,
                     struct schema_scratch *scratch, struct new_run *runs, size_t max, struct buf *decisions);
#define FLOW_RUNS_MAX 64 /* workflows that one event can start */

#endif
