/* flow/attempt.h - one try of a step, whatever its kind: what it is given, and what its end means. No state. */
#ifndef FLOW_ATTEMPT_H
#define FLOW_ATTEMPT_H

#include "flow/kept.h"
#include "flow/retry.h"
#include "store/rows.h"

#define ATTEMPT_OUTPUT_MAX 1024 /* of a failed one's output that is kept */

struct attempt {
    const struct lease *lease;
    const struct workflow *workflow; /* of the lease, resolved */
    const struct step *step;
    unsigned number;                 /* from 1 */
    int64_t started_us;              /* wall clock */
    int64_t timeout_us;              /* the step's, or what the run's deadline leaves of it */
    struct slice input;              /* JSON text; the event's data, byte for byte, where the step does not shape it */
};

/* {"event":…,"input":…,"steps":… without the brace that closes it; for a step of on_failure "failed":{<step>:<why>} too. */
void attempt_put_context(const struct attempt *a, struct buf *out);
/* {"event":…,"input":…,"steps":…,"run":…} */
void attempt_put_document(const struct attempt *a, struct buf *out);

/* "run/step/generation": one for all attempts. */
void attempt_key(const struct attempt *a, char *out, size_t size);

/* How a process ended, in words. memory_max: its limit, or 0. */
void attempt_put_end(const struct kept_end *end, uint64_t memory_max, char *out, size_t size);

struct step_verdict {
    enum attempt_outcome outcome;
    bool gone;
    int64_t delay_us;     /* ATTEMPT_RETRY */
    struct slice output;  /* ATTEMPT_OK: JSON text; else the first KiB of the answer. Borrowed */
    struct slice log;     /* the last of a command's standard error. Borrowed too */
    char error[320];      /* for people; may note something with ATTEMPT_OK too */
};
/* Turns a good answer whose output (read into doc) violates the step's schema into a failed attempt. */
void attempt_check_output(const struct step *step, unsigned attempt, uint64_t random, struct json_doc *doc,
                          struct schema_scratch *scratch, struct step_verdict *v);
/* A failed attempt: is there another one? Not where retry.on has a list and it is not `named` there, nor after the last;
 * v->error then says so too. random, retry_after_us: see retry_delay_us. */
void step_verdict_retry(struct step_verdict *v, const struct retry *r, bool named, unsigned attempt, uint64_t random,
                        int64_t retry_after_us);

#endif
