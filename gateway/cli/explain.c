#include <getopt.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/remote.h"

static const struct option long_options[] = { { "config", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 } };

struct story {
    const struct remote *remote;
    struct arena memory;
    struct err e;
};

/* The HTTP status, or -1 when there was no answer. */
static int get(struct story *s, struct reply *reply, const char *fmt, const char *id)
{
    char *path = arena_printf(&s->memory, fmt, id);

    return remote_call(s->remote, "GET", path, SLICE(""), reply, &s->e) ? -1 : reply->status;
}

static const char *text(struct story *s, const struct reply *r, uint32_t n, const char *key)
{
    return reply_line(r, n, key, &s->memory).ptr;
}

static void tell_attempts(struct story *s, const struct reply *r, uint32_t run, const char *step)
{
    const struct json_doc *d = &r->doc;
    uint32_t list = json_member(d, run, SLICE("attempts"));

    if (list == JSON_NONE)
        return;
    for (uint32_t a = list + 1; a < json_end(d, list); a = json_next(d, a)) {
        if (strcmp(text(s, r, a, "step"), step) != 0)
            continue;
        const char *status = text(s, r, a, "status"), *error = text(s, r, a, "error");
        printf("      attempt %s at %s: %s%s%s (%s ms)\n", text(s, r, a, "attempt"), text(s, r, a, "started"),
               text(s, r, a, "outcome"), *error ? ", " : *status ? ", answered " : "", *error ? error : status,
               text(s, r, a, "took_ms"));
        const char *output = text(s, r, a, "output");
        if (*output)
            printf("        output: %.200s%s\n", output, strlen(output) > 200 ? "…" : "");
        const char *log = text(s, r, a, "log");
        if (*log)
            printf("        log: %s%s\n", strlen(log) > 200 ? "…" : "", log + (strlen(log) > 200 ? strlen(log) - 200 : 0));
    }
}

static void tell_run(struct story *s, const struct reply *r, uint32_t run)
{
    const struct json_doc *d = &r->doc;
    uint32_t steps = json_member(d, run, SLICE("steps"));

    printf("  run %s of workflow %s: %s\n", text(s, r, run, "id"), text(s, r, run, "workflow"), text(s, r, run, "state"));
    if (steps == JSON_NONE)
        return;
    for (uint32_t n = steps + 1; n < json_end(d, steps); n = json_next(d, n)) {
        const char *due = text(s, r, n, "due"), *id = text(s, r, n, "id");
        printf("    step %s: %s%s%s\n", id, text(s, r, n, "state"), *due ? ", due " : "", due);
        tell_attempts(s, r, run, id);
    }
}

static void tell_workflows(struct story *s, const struct reply *r)
{
    const struct json_doc *d = &r->doc;
    uint32_t list = json_member(d, 0, SLICE("workflows"));

    if (list == JSON_NONE || json_count(d, list) == 0) {
        if (strcmp(text(s, r, 0, "status"), "held") != 0)
            puts("  workflows: the pattern of none matched, or the event starts none in this state");
        return;
    }
    for (uint32_t w = list + 1; w < json_end(d, list); w = json_next(d, w)) {
        const char *why = text(s, r, w, "why");
        bool started = strcmp(text(s, r, w, "started"), "true") == 0;
        printf("  workflow %s: %s%s%s\n", text(s, r, w, "workflow"), started ? "started" : "not started",
               *why ? ": " : "", why);
    }
}

static void tell_errors(struct story *s, const struct reply *r)
{
    const struct json_doc *d = &r->doc;
    uint32_t list = json_member(d, 0, SLICE("errors"));

    if (list == JSON_NONE)
        return;
    for (uint32_t n = list + 1; n < json_end(d, list); n = json_next(d, n))
        printf("    %s: %s (line %s, column %s; %s)\n", text(s, r, n, "instance"), text(s, r, n, "message"),
               text(s, r, n, "line"), text(s, r, n, "column"), text(s, r, n, "schema"));
}

static void tell_runs(struct story *s, const char *event)
{
    struct reply list, one;

    reply_init(&list);
    reply_init(&one);
    if (get(s, &list, "/api/v1/runs?event=%s", event) == 200) {
        const struct json_doc *d = &list.doc;
        uint32_t items = json_member(d, 0, SLICE("items"));
        for (uint32_t i = items + 1; i < json_end(d, items); i = json_next(d, i)) {
            if (get(s, &one, "/api/v1/runs/%s", text(s, &list, i, "id")) == 200)
                tell_run(s, &one, 0);
        }
    }
    reply_clear(&one);
    reply_clear(&list);
}

/* What the source asked for stands in its version; only that of now is at hand. */
static const char *signature_of(struct story *s, const struct reply *event)
{
    const char *source = text(s, event, 0, "source"), *version = text(s, event, 0, "source_version");
    const char *said = "as the version of the source said that received it (it has changed since)";
    struct reply plan;

    if (!*source)
        return "not asked for (the API's token stands for it)";
    reply_init(&plan);
    uint32_t list = get(s, &plan, "/api/v1/plan%s", "") == 200 ? json_member(&plan.doc, 0, SLICE("sources")) : JSON_NONE;
    if (list != JSON_NONE) {
        for (uint32_t n = list + 1; n < json_end(&plan.doc, list); n = json_next(&plan.doc, n)) {
            if (strcmp(text(s, &plan, n, "name"), source) != 0 || strcmp(text(s, &plan, n, "version"), version) != 0)
                continue;
            bool verified = strcmp(text(s, &plan, n, "verified"), "true") == 0;
            said = verified ? "verified" : "not verified (the source says verify: none)";
        }
    }
    reply_clear(&plan);
    return said;
}

static void tell_item(struct story *s, const struct reply *r)
{
    uint32_t batch = json_member(&r->doc, 0, SLICE("batch"));

    if (*text(s, r, 0, "happened"))
        printf("  happened %s, says its sender\n", text(s, r, 0, "happened"));
    if (batch != JSON_NONE)
        printf("  item %s (from 0) of %s in its body; batch %s\n", text(s, r, batch, "index"), text(s, r, batch, "count"),
               text(s, r, batch, "id"));
}

static void tell_event(struct story *s, const struct reply *r)
{
    const char *source = text(s, r, 0, "source"), *key = text(s, r, 0, "key"), *verdict = text(s, r, 0, "verdict");

    printf("event %s of type %s\n", text(s, r, 0, "id"), text(s, r, 0, "type"));
    printf("  received %s from %s%s, %s bytes%s%s\n", text(s, r, 0, "time"), *source ? "source " : "the API", source,
           text(s, r, 0, "body_bytes"), *key ? ", delivery key " : "", key);
    tell_item(s, r);
    printf("  signature: %s\n", signature_of(s, r));
    printf("  schema: %s%s%s\n", verdict, strcmp(text(s, r, 0, "schema_version"), "0") ? ", version " : "",
           strcmp(text(s, r, 0, "schema_version"), "0") ? text(s, r, 0, "schema_version") : "");
    tell_errors(s, r);
    printf("  stored as: %s (configuration version %s)\n", text(s, r, 0, "status"), text(s, r, 0, "plan_version"));
    if (strcmp(text(s, r, 0, "status"), "held") == 0)
        printf("    it starts nothing until \"hooklatch held release %s\"\n", text(s, r, 0, "id"));
    tell_workflows(s, r);
    tell_runs(s, text(s, r, 0, "id"));
}

static void tell_refusal(struct story *s, const struct reply *r)
{
    const char *source = text(s, r, 0, "source");

    printf("refused delivery %s\n", text(s, r, 0, "id"));
    printf("  %s %s from %s at %s, source %s\n", text(s, r, 0, "method"), text(s, r, 0, "path"), text(s, r, 0, "remote"),
           text(s, r, 0, "time"), *source ? source : "unknown");
    printf("  answered %s because of %s\n  %s\n", text(s, r, 0, "status"), text(s, r, 0, "reason"), text(s, r, 0, "detail"));
    puts("  nothing was stored as an event and no workflow started");
}

/* An id does not say what it names: asked for in turn. */
static int explain(struct story *s, const char *id)
{
    struct reply r;
    int status;

    reply_init(&r);
    if ((status = get(s, &r, "/api/v1/events/%s", id)) == 200) {
        tell_event(s, &r);
    } else if (status == 404 && (status = get(s, &r, "/api/v1/refused/%s", id)) == 200) {
        tell_refusal(s, &r);
    } else if (status == 404 && (status = get(s, &r, "/api/v1/runs/%s", id)) == 200) {
        char *event = arena_printf(&s->memory, "%s", text(s, &r, 0, "event"));
        if ((status = get(s, &r, "/api/v1/events/%s", event)) == 200)
            tell_event(s, &r);
    }
    if (status < 0)
        fprintf(stderr, "hooklatch explain: %s\n", s->e.text);
    else if (status == 404)
        fprintf(stderr, "hooklatch explain: %s is neither an event nor a refusal nor a run that is kept\n", id);
    else if (status != 200)
        reply_ok(&r, "explain");
    reply_clear(&r);
    return status == 200 ? 0 : CLI_FAILED;
}

int cli_explain(int argc, char **argv)
{
    const char *config = NULL;
    struct remote r;
    struct story s = { .remote = &r };
    int c, result = CLI_USAGE;

    while ((c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (c != 'c')
            return cli_usage("explain");
        config = optarg;
    }
    if (argc - optind != 1)
        return cli_usage("explain");
    arena_init(&s.memory);
    if (remote_open(&r, config, &s.e))
        fprintf(stderr, "hooklatch explain: %s\n", s.e.text);
    else
        result = explain(&s, argv[optind]);
    remote_close(&r);
    arena_clear(&s.memory);
    return result;
}
