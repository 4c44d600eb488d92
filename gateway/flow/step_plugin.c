#include "flow/step_plugin.h"

#include <stdio.h>

static bool judge_output(const struct plugin_result *r, struct json_doc *doc, struct step_verdict *v)
{
    struct json_fault fault;

    v->outcome = ATTEMPT_OK;
    v->output = r->text.len ? r->text : SLICE("null");
    if (json_parse(doc, v->output, &JSON_LIMITS_DEFAULT, &fault) == 0) {
        v->output = json_raw(doc, 0);
        return true;
    }
    snprintf(v->error, sizeof v->error, "its output is no JSON: line %u, column %u: %.160s", fault.line, fault.column, fault.text);
    v->output = slice_first(r->text, ATTEMPT_OUTPUT_MAX);
    return false;
}

static void put_reason(const struct plugin_result *r, const struct step *step, char *out, size_t size)
{
    char end[200];

    if (r->what == PLUGIN_TOO_LARGE) {
        snprintf(out, size, "its output is larger than %zu bytes (output_max)", step->plugin->output_max);
    } else if (r->text.len) {
        snprintf(out, size, "%s%.*s", r->what == PLUGIN_NOT_STARTED ? "not started: " : "", SLICE_FMT(r->text));
    } else {
        attempt_put_end(&r->end, r->memory_max, end, sizeof end);
        snprintf(out, size, "%s: %s", r->what == PLUGIN_NOT_STARTED ? "not started" : "the worker ended in the middle of it", end);
    }
}

void step_plugin_judge(const struct plugin_result *r, const struct step *step, unsigned attempt, uint64_t random,
                       struct json_doc *doc, struct step_verdict *v)
{
    *v = (struct step_verdict){ .log = r->log };
    if (r->what == PLUGIN_DONE && judge_output(r, doc, v))
        return;
    if (r->what != PLUGIN_DONE)
        put_reason(r, step, v->error, sizeof v->error);
    v->outcome = ATTEMPT_FATAL;
    if (r->what != PLUGIN_FAIL)
        step_verdict_retry(v, &step->retry, r->what == PLUGIN_TIMED_OUT ? step->retry.timeout : step->retry.error, attempt, random,
                           -1);
}
