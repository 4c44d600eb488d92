#include "flow/attempt.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static void put_outputs(const struct lease *l, bool failed, struct buf *out)
{
    const char *between = "";

    for (size_t i = 0; i < l->n_outputs; i++) {
        const struct lease_output *o = &l->outputs[i];
        if (o->failed != failed)
            continue;
        buf_puts(out, between);
        between = ",";
        json_quote(out, o->step_id);
        buf_putc(out, ':');
        if (failed)
            json_quote(out, o->text);
        else
            buf_put(out, o->text.len ? o->text : SLICE("null"));
    }
}

void attempt_put_context(const struct attempt *a, struct buf *out)
{
    const struct lease *l = a->lease;

    buf_puts(out, "{\"event\":{");
    event_put_cloudevent(l->event, out);
    buf_puts(out, "},\"input\":");
    buf_put(out, a->input);
    buf_puts(out, ",\"steps\":{");
    put_outputs(l, false, out);
    buf_putc(out, '}');
    if (a->step->index < workflow_n_main(a->workflow))
        return;
    buf_puts(out, ",\"failed\":{");
    put_outputs(l, true, out);
    buf_putc(out, '}');
}

void attempt_put_document(const struct attempt *a, struct buf *out)
{
    char run[ID_TEXT_LEN + 1], deadline[CLOCK_TEXT_LEN];

    attempt_put_context(a, out);
    id_text(a->lease->run, run);
    buf_printf(out, ",\"run\":{\"id\":\"%s\",\"workflow\":", run);
    json_quote(out, a->workflow->id);
    buf_puts(out, ",\"step\":");
    json_quote(out, a->step->id);
    clock_text(a->started_us + a->timeout_us, deadline);
    buf_printf(out, ",\"attempt\":%u,\"max_attempts\":%u,\"deadline\":\"%s\"}}", a->number, a->step->retry.max,
               deadline);
}

void attempt_key(const struct attempt *a, char *out, size_t size)
{
    char run[ID_TEXT_LEN + 1];

    id_text(a->lease->run, run);
    snprintf(out, size, "%s/%.*s/%u", run, SLICE_FMT(slice_first(a->step->id, 300)), (unsigned)a->lease->generation);
}

/* A program that gets no memory any more mostly ends by a signal of its own: that it was near the limit says why. */
static bool was_at_limit(const struct kept_end *end, uint64_t memory_max)
{
    return memory_max && end->memory_peak >= memory_max - memory_max / 5;
}

void attempt_put_end(const struct kept_end *end, uint64_t memory_max, char *out, size_t size)
{
    switch (end->what) {
    case KEPT_EXITED:
        snprintf(out, size, "exit code %d", end->code);
        break;
    case KEPT_SIGNALED:
        snprintf(out, size, "killed by signal %d (%s)", end->signal, strsignal(end->signal));
        break;
    case KEPT_NOT_STARTED:
        snprintf(out, size, "not started: %s", end->error);
        break;
    case KEPT_LOST:
        snprintf(out, size, "lost: the process that kept it was killed");
        break;
    }
    size_t len = strlen(out);
    if (was_at_limit(end, memory_max))
        snprintf(out + len, size - len, "; it had %llu of the %llu MiB of memory that it may have",
                 (unsigned long long)(end->memory_peak >> 20), (unsigned long long)(memory_max >> 20));
}

void step_verdict_retry(struct step_verdict *v, const struct retry *r, bool named, unsigned attempt, uint64_t random,
                        int64_t retry_after_us)
{
    size_t len = strlen(v->error);

    v->outcome = ATTEMPT_FATAL;
    if (r->only_named && !named) {
        snprintf(v->error + len, sizeof v->error - len, ", which retry.on does not name");
    } else if (attempt < r->max) {
        v->outcome = ATTEMPT_RETRY;
        v->delay_us = retry_delay_us(r, attempt, random, retry_after_us);
    } else {
        snprintf(v->error + len, sizeof v->error - len, " (attempt %u of %u, the last)", attempt, r->max);
    }
}

void attempt_check_output(const struct step *step, unsigned attempt, uint64_t random, struct json_doc *doc,
                            struct schema_scratch *scratch, struct step_verdict *v)
{
    struct schema_report report;
    struct json_fault fault;

    if (v->outcome != ATTEMPT_OK || !step->output)
        return;
    if (json_parse(doc, v->output, &JSON_LIMITS_DEFAULT, &fault) == 0 &&
        schema_check(step->output, doc, 0, scratch) == SCHEMA_VALID)
        return;
    schema_report_make(&report, step->output, doc, 0, scratch, 1);
    struct schema_error first = report.count ? report.errors[0] : (struct schema_error){ .message = SLICE("a limit was hit") };
    snprintf(v->error, sizeof v->error, "the output violates its schema: %.*s%s%.*s",
             SLICE_FMT(slice_first(first.instance_path, 80)), first.instance_path.len ? ": " : "",
             SLICE_FMT(slice_first(first.message, 160)));
    schema_report_clear(&report);
    v->output = slice_first(v->output, ATTEMPT_OUTPUT_MAX);
    step_verdict_retry(v, &step->retry, false, attempt, random, -1);
}
