#include "flow/step_http.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/codec.h"
#include "config.h"
#include "json/doc.h"

void step_headers_init(struct step_headers *h)
{
    *h = (struct step_headers){ 0 };
    buf_init(&h->text, 64 * 1024);
}

void step_headers_clear(struct step_headers *h)
{
    buf_clear(&h->text);
}

static void put_traceparent(const struct lease *l, uint64_t span, struct buf *out)
{
    char trace[32];

    hex_encode(slice_of(l->event->id.b, sizeof l->event->id.b), trace);
    buf_printf(out, "traceparent: 00-%.32s-%016llx-01", trace, span ? (unsigned long long)span : 1ull);
    buf_putc(out, '\0');
}

/* Lines one after the other, each with its NUL; only when all are written are their places known. */
static void find_lines(struct step_headers *h)
{
    const char *at = h->text.ptr, *end = h->text.ptr + h->text.len;
    size_t n = 0;

    for (; at < end && n < STEP_HTTP_HEADERS; at += strlen(at) + 1)
        h->lines[n++] = at;
    h->lines[n] = NULL;
}

int step_headers_fill(struct step_headers *h, const struct attempt *a, struct slice document, struct signer *signer,
                      uint64_t span, struct err *e)
{
    char key[IDEMPOTENCY_KEY_MAX], timestamp[24];
    const struct endpoint *endpoint = a->step->endpoint;
    struct buf *out = &h->text;

    buf_reset(out);
    attempt_key(a, key, sizeof key);
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(a->started_us / US_PER_S));
    buf_put(out, SLICE("Content-Type: application/json\0User-Agent: hooklatch/" PACKAGE_VERSION "\0"));
    buf_printf(out, "Idempotency-Key: %s%c", key, '\0');
    buf_printf(out, "webhook-id: %s%c", key, '\0');
    buf_printf(out, "webhook-timestamp: %s%c", timestamp, '\0');
    put_traceparent(a->lease, span, out);
    if (endpoint->n_secrets) {
        struct signed_content content = { slice_z(key), slice_z(timestamp), document };
        buf_puts(out, "webhook-signature: ");
        if (signer_put(signer, endpoint->secrets, endpoint->n_secrets, &content, out, e))
            return err_add(e, "endpoint %.*s", SLICE_FMT(endpoint->name));
        buf_putc(out, '\0');
    }
    find_lines(h);
    return 0;
}

static void judge_output(const struct answer *a, struct json_doc *doc, struct step_verdict *v)
{
    struct json_fault fault;

    v->outcome = ATTEMPT_OK;
    v->output = a->body;
    if (a->body.len && json_parse(doc, a->body, &JSON_LIMITS_DEFAULT, &fault) == 0)
        return;
    v->output = SLICE("null");
    if (a->body.len)
        snprintf(v->error, sizeof v->error,
                 "answered %d with a body that is not JSON (line %u, column %u: %.160s): the output is null", a->status,
                 fault.line, fault.column, fault.text);
}

static void judge_failure(const struct answer *a, const struct step *step, unsigned attempt, uint64_t random,
                          struct step_verdict *v)
{
    bool redirect = a->status >= 300 && a->status < 400;

    v->output = slice_first(a->body, ATTEMPT_OUTPUT_MAX);
    snprintf(v->error, sizeof v->error, "answered %d%s", a->status, redirect ? ": redirects are not followed" : "");
    size_t len = strlen(v->error);
    v->outcome = ATTEMPT_FATAL;
    if (a->status == 410) {
        v->gone = true;
        snprintf(v->error + len, sizeof v->error - len,
                 " (gone): endpoint %.*s with path \"%.*s\" is disabled until the next reload or restart",
                 SLICE_FMT(slice_first(step->endpoint->name, 80)), SLICE_FMT(slice_first(step->path, 80)));
    } else if (slice_eq_nocase(answer_header(a, "Hooklatch-Retry"), SLICE("no"))) {
        snprintf(v->error + len, sizeof v->error - len, " with Hooklatch-Retry: no");
    } else {
        step_verdict_retry(v, &step->retry, retry_names_status(&step->retry, a->status), attempt, random,
                           a->retry_after_us);
    }
}

void step_http_judge(const struct answer *a, const struct step *step, unsigned attempt, uint64_t random,
                     struct json_doc *doc, struct step_verdict *v)
{
    bool answered = a->result == CALL_ANSWERED || (a->result == CALL_TOO_LARGE && a->status);
    bool good = answered && a->status >= 200 && a->status < 300;

    *v = (struct step_verdict){ 0 };
    if (good && a->result == CALL_ANSWERED) {
        judge_output(a, doc, v);
    } else if (good) {
        v->outcome = ATTEMPT_FATAL;
        v->output = slice_first(a->body, ATTEMPT_OUTPUT_MAX);
        snprintf(v->error, sizeof v->error, "answered %d, but %s (output_max of endpoint %.*s)", a->status, a->error,
                 SLICE_FMT(slice_first(step->endpoint->name, 80)));
    } else if (answered) {
        judge_failure(a, step, attempt, random, v);
    } else {
        snprintf(v->error, sizeof v->error, "%s", a->error);
        step_verdict_retry(v, &step->retry, a->result == CALL_TIMEOUT ? step->retry.timeout : step->retry.error, attempt,
                           random, -1);
    }
}
