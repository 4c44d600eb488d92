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
    environment_init(&c->environment);
}

void step_command_clear(struct step_command *c)
{
    free(c->arguments);
    environment_clear(&c->environment);
}

static void put_about(struct environment *out, const struct attempt *a)
{
    const struct event *ev = a->lease->event;
    char event[ID_TEXT_LEN + 1], run[ID_TEXT_LEN + 1], time[CLOCK_TEXT_LEN], key[IDEMPOTENCY_KEY_MAX], number[16];

    id_text(ev->id, event);
    id_text(a->lease->run, run);
    clock_text(event_happened_us(ev), time);
    snprintf(number, sizeof number, "%u", a->number);
    attempt_key(a, key, sizeof key);
    environment_put(out, "HOOKLATCH_EVENT_ID", slice_z(event));
    environment_put(out, "HOOKLATCH_EVENT_TYPE", ev->type);
    environment_put(out, "HOOKLATCH_EVENT_SOURCE", ev->source.len ? ev->source : SLICE("hooklatch"));
    environment_put(out, "HOOKLATCH_EVENT_TIME", slice_z(time));
    /* A sender's text: what no variable can hold, or should, is left out. */
    if (ev->subject.len && ev->subject.len <= SUBJECT_MAX && !memchr(ev->subject.ptr, '\0', ev->subject.len))
        environment_put(out, "HOOKLATCH_EVENT_SUBJECT", ev->subject);
    environment_put(out, "HOOKLATCH_WORKFLOW", a->workflow->id);
    environment_put(out, "HOOKLATCH_RUN", slice_z(run));
    environment_put(out, "HOOKLATCH_STEP", a->step->id);
    environment_put(out, "HOOKLATCH_ATTEMPT", slice_z(number));
    environment_put(out, "HOOKLATCH_KEY", slice_z(key));
}

static void fill_arguments(struct step_command *c, const struct exec *x)
{
    if (x->n_arguments + 1 > c->capacity) {
        c->capacity = x->n_arguments + 1;
        c->arguments = mem_grow(c->arguments, c->capacity, sizeof *c->arguments);
    }
    for (size_t i = 0; i < x->n_arguments; i++)
        c->arguments[i] = x->arguments[i].ptr;
    c->arguments[x->n_arguments] = NULL;
}

int step_command_fill(struct step_command *c, const struct attempt *a, struct process_options *out, struct err *e)
{
    const struct exec *x = a->step->exec;

    fill_arguments(c, x);
    environment_begin(&c->environment, x->environment, x->n_environment);
    put_about(&c->environment, a);
    *out = (struct process_options){ x->path.ptr, x->folder.ptr, c->arguments, environment_end(&c->environment), x->uid, x->gid,
                                     x->files, x->processes, x->memory_bytes, x->cpu_s };
    return out->environment ? 0 : err_set(e, ERR_LIMIT, "the command's environment is larger than %d KiB", ORDER_BYTES_MAX / 1024);
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
