#include "flow/step_exec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/mem.h"

#define SUBJECT_MAX 4096

void step_command_init(struct step_command *c)
{
    *c = (struct step_command){ 0 };
    buf_init(&c->text, ORDER_BYTES_MAX);
}

void step_command_clear(struct step_command *c)
{
    buf_clear(&c->text);
    free(c->arguments);
    free(c->environment);
}

static void put_variable(struct buf *out, const char *name, struct slice value)
{
    buf_puts(out, name);
    buf_putc(out, '=');
    buf_put(out, value);
    buf_putc(out, '\0');
}

static void put_inherited(struct buf *out, const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    if (value || otherwise)
        put_variable(out, name, slice_z(value ? value : otherwise));
}

static void put_about(struct buf *out, const struct attempt *a)
{
    const struct event *ev = a->lease->event;
    char event[ID_TEXT_LEN + 1], run[ID_TEXT_LEN + 1], time[CLOCK_TEXT_LEN], key[IDEMPOTENCY_KEY_MAX], number[16];

    id_text(ev->id, event);
    id_text(a->lease->run, run);
    clock_text(ev->time_us, time);
    snprintf(number, sizeof number, "%u", a->number);
    attempt_key(a, key, sizeof key);
    put_variable(out, "HOOKLATCH_EVENT_ID", slice_z(event));
    put_variable(out, "HOOKLATCH_EVENT_TYPE", ev->type);
    put_variable(out, "HOOKLATCH_EVENT_SOURCE", ev->source.len ? ev->source : SLICE("hooklatch"));
    put_variable(out, "HOOKLATCH_EVENT_TIME", slice_z(time));
    /* A sender's text: what no variable can hold, or should, is left out. */
    if (ev->subject.len && ev->subject.len <= SUBJECT_MAX && !memchr(ev->subject.ptr, '\0', ev->subject.len))
        put_variable(out, "HOOKLATCH_EVENT_SUBJECT", ev->subject);
    put_variable(out, "HOOKLATCH_WORKFLOW", a->workflow->id);
    put_variable(out, "HOOKLATCH_RUN", slice_z(run));
    put_variable(out, "HOOKLATCH_STEP", a->step->id);
    put_variable(out, "HOOKLATCH_ATTEMPT", slice_z(number));
    put_variable(out, "HOOKLATCH_KEY", slice_z(key));
}

/* Strings one after the other, each with its NUL, from `from` to `to`; only when all are written are their places known. */
static void find_strings(const struct step_command *c, size_t from, size_t to, const char **out)
{
    size_t n = 0;

    for (const char *at = c->text.ptr + from; at < c->text.ptr + to; at += strlen(at) + 1)
        out[n++] = at;
    out[n] = NULL;
}

int step_command_fill(struct step_command *c, const struct attempt *a, struct err *e)
{
    const struct exec *x = a->step->exec;
    struct buf *out = &c->text;
    size_t strings = x->n_arguments + x->n_environment + 16;

    if (strings > c->capacity) {
        c->capacity = strings;
        c->arguments = mem_grow(c->arguments, strings, sizeof *c->arguments);
        c->environment = mem_grow(c->environment, strings, sizeof *c->environment);
    }
    buf_reset(out);
    for (size_t i = 0; i < x->n_arguments; i++) {
        buf_put(out, x->arguments[i]);
        buf_putc(out, '\0');
    }
    size_t middle = out->len;
    put_inherited(out, "PATH", "/usr/local/bin:/usr/bin:/bin");
    put_inherited(out, "LANG", NULL);
    for (size_t i = 0; i < x->n_environment; i++)
        put_inherited(out, x->environment[i].ptr, NULL);
    put_about(out, a);
    if (out->failed)
        return err_set(e, ERR_LIMIT, "the command's arguments and environment are larger than %d KiB together",
                       ORDER_BYTES_MAX / 1024);
    find_strings(c, 0, middle, c->arguments);
    find_strings(c, middle, out->len, c->environment);
    return 0;
}

static void judge_output(const struct child_result *r, struct json_doc *doc, struct buf *output, struct step_verdict *v)
{
    struct json_fault fault;

    v->outcome = ATTEMPT_OK;
    v->output = SLICE("null");
    if (r->output.len == 0)
        return;
    if (json_parse(doc, r->output, &JSON_LIMITS_DEFAULT, &fault) == 0) {
        v->output = json_raw(doc, 0);
        return;
    }
    buf_reset(output);
    json_quote(output, slice_first(r->output, r->output.len - slice_ends(r->output, SLICE("\n"))));
    v->output = buf_slice(output);
}

static void put_end(const struct child_result *r, const struct step *step, char *out, size_t size)
{
    if (r->what == CHILD_TIMED_OUT)
        snprintf(out, size, "timed out: the command, or somebody it left behind with its output open, was killed");
    else if (r->what == CHILD_TOO_LARGE)
        snprintf(out, size, "its output is larger than %zu bytes (output_max): killed", step->exec->output_max);
    else
        attempt_put_end(&r->end, step->exec->memory_bytes, out, size);
}

void step_exec_judge(const struct child_result *r, const struct step *step, unsigned attempt, uint64_t random,
                     struct json_doc *doc, struct buf *output, struct step_verdict *v)
{
    *v = (struct step_verdict){ .log = r->log };
    bool exited = r->what == CHILD_ENDED && r->end.what == KEPT_EXITED;

    if (exited && r->end.code == 0) {
        judge_output(r, doc, output, v);
        return;
    }
    v->outcome = ATTEMPT_FATAL;
    v->output = slice_first(r->output, ATTEMPT_OUTPUT_MAX);
    put_end(r, step, v->error, sizeof v->error);
    size_t len = strlen(v->error);
    if (exited && r->end.code == EX_DATAERR)
        snprintf(v->error + len, sizeof v->error - len, ": the input will never do, the step fails at once");
    else
        step_verdict_retry(v, &step->retry, r->what == CHILD_TIMED_OUT ? step->retry.timeout : step->retry.error, attempt,
                           random, -1);
}
