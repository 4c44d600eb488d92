/* flow/step_http.h - a step as an HTTP call: the headers, and what an answer means. No state; the dispatcher makes the
 * call. */
#ifndef FLOW_STEP_HTTP_H
#define FLOW_STEP_HTTP_H

#include "flow/attempt.h"
#include "flow/sign.h"
#include "net/client.h"

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
/* doc: scratch. random: see retry_delay_us. */
void step_http_judge(const struct answer *answer, const struct step *step, unsigned attempt, uint64_t random,
                     struct json_doc *doc, struct step_verdict *v);

#endif
