/* flow/step_http.h - a step as an HTTP call: the document, the headers, and what an answer means. No state; the
 * dispatcher makes the call. */
#ifndef FLOW_STEP_HTTP_H
#define FLOW_STEP_HTTP_H

#include "flow/retry.h"
#include "flow/sign.h"
#include "net/client.h"
#include "store/rows.h"

struct attempt {
    const struct lease *lease;
    const struct workflow *workflow; /* of the lease, resolved */
    const struct step *step;
    unsigned number;                 /* from 1 */
    int64_t started_us;              /* wall clock */
    int64_t timeout_us;              /* the step's, or what the run's deadline leaves of it */
    struct slice input;              /* JSON text; the event's data, byte for byte, where the step does not shape it */
};

/* {"event":…,"input":…,"steps":… without the brace that closes it. */
void step_http_put_context(const struct attempt *a, struct buf *out);
/* {"event":…,"input":…,"steps":…,"run":…} */
void step_http_put_document(const struct attempt *a, struct buf *out);

/* "run/step/generation": one for all attempts. */
void step_http_key(const struct attempt *a, char *out, size_t size);

/* The request's headers, as client_call wants them. Made once, filled for each attempt. */
#define STEP_HTTP_HEADERS 8
struct step_headers {
    struct buf text;
    const char *lines[STEP_HTTP_HEADERS + 1];
};
void step_headers_init(struct step_headers *h);
void step_headers_clear(struct step_headers *h);
/* webhook-id = Idempotency-Key = run/step/generation; traceparent's trace id is the event's id, so that all steps of an
 * event share it. An endpoint without secrets gets no signature. -1: a secret is no key. */
int step_headers_fill(struct step_headers *h, const struct attempt *a, struct slice document, struct signer *signer,
                      uint64_t span, struct err *e) MUST_CHECK;

/* What an answer means for the step (a retry only where the step's retry.on, if it has one, names the failure):
 *   2xx                      ok; its JSON body is the output. An empty body or one that is not JSON: output null,
 *                            the latter noted in error
 *   2xx above output_max     fatal: trying again would do the work again and answer the same
 *   410                      fatal, and `gone`: the endpoint + path is to be disabled
 *   Hooklatch-Retry: no      fatal, with any status but 2xx
 *   all else, or no answer   retry, and fatal when that was the last attempt */
struct step_verdict {
    enum attempt_outcome outcome;
    bool gone;
    int64_t delay_us;     /* ATTEMPT_RETRY */
    struct slice output;  /* ATTEMPT_OK: JSON text; else the first KiB of the answer. Borrowed from the answer */
    struct slice log;     /* the last of a command's standard error. Borrowed too */
    char error[320];      /* for people; may note something with ATTEMPT_OK too */
};
/* doc: scratch. random: see retry_delay_us. */
void step_http_judge(const struct answer *answer, const struct step *step, unsigned attempt, uint64_t random,
                     struct json_doc *doc, struct step_verdict *v);
/* Turns a good answer whose output (read into doc) violates the step's schema into a failed attempt. */
void step_http_check_output(const struct step *step, unsigned attempt, uint64_t random, struct json_doc *doc,
                            struct schema_scratch *scratch, struct step_verdict *v);
/* The last attempt is fatal; its error says so. For failures that are no answers too. */
void step_verdict_retry(struct step_verdict *v, const struct retry *r, unsigned attempt, uint64_t random,
                        int64_t retry_after_us);

#endif
