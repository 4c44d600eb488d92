#include <getopt.h>
#include <stdio.h>

#include "cli/cli.h"
#include "plan/plan.h"

static const struct option long_options[] = { { "config", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 } };

/* "hmac, path token": what a delivery is proven by. */
static void print_proofs(const struct source *s)
{
    enum scheme scheme = provider_scheme(s->provider);
    const char *const proofs[] = {
        scheme == SCHEME_NONE || scheme == SCHEME_MTLS ? NULL : provider_scheme_name(s->provider),
        s->access.n_path_tokens ? "path token" : NULL,
        s->access.n_subjects ? "client certificate" : NULL,
    };
    const char *between = "";

    for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++) {
        if (proofs[i]) {
            printf("%s%s", between, proofs[i]);
            between = ", ";
        }
    }
    if (!*between)
        printf("NOT VERIFIED");
}

static void print_source(const struct source *s)
{
    printf("source %.*s (", SLICE_FMT(s->name));
    print_proofs(s);
    printf(") at %.*s\n", SLICE_FMT(s->shown_url));
    if (s->handed_over)
        puts("  secret: its sender hands it over (hooklatch secrets)");
    for (size_t i = 0; i < s->n_bindings; i++) {
        const struct binding *to = &s->bindings[i];
        printf("  event %.*s: %s%.*s\n", SLICE_FMT(to->pattern.text), to->schema ? "schema " : "no schema",
               SLICE_FMT(to->schema_name));
    }
}

static void print_step(const struct step *step)
{
    printf("  step %.*s: ", SLICE_FMT(step->id));
    switch (step->kind) {
    case STEP_HTTP:
        printf("POST %.*s%.*s\n", SLICE_FMT(step->endpoint->url), SLICE_FMT(step->path));
        break;
    case STEP_EXEC:
        printf("command %.*s\n", SLICE_FMT(step->exec->path));
        break;
    case STEP_PLUGIN:
        printf("plugin %.*s\n", SLICE_FMT(step->plugin->name));
        break;
    }
}

static void print_workflow(const struct workflow *w)
{
    printf("workflow %.*s on %.*s%s%s\n", SLICE_FMT(w->id), SLICE_FMT(w->pattern.text), w->match ? ", match" : "",
           w->when ? ", when" : "");
    for (size_t i = 0; i < w->n_steps; i++)
        print_step(&w->steps[i]);
}

static void print_listener(const char *name, const struct listen_on *where)
{
    if (where->address.len)
        printf("%s listens on %.*s%s\n", name, SLICE_FMT(where->address), where->cert.len ? " (TLS)" : "");
}

static void print_plan(const struct plan *p)
{
    print_listener("ingest", &p->settings.ingest);
    print_listener("admin", &p->settings.admin);
    print_listener("api", &p->settings.api);
    printf("store %.*s\n", SLICE_FMT(p->settings.store_url));
    for (size_t i = 0; i < p->n_sources; i++)
        print_source(&p->sources[i]);
    for (size_t i = 0; i < p->n_workflows; i++)
        print_workflow(p->workflows[i]);
}

static int check(const char *file)
{
    struct issues is;

    issues_init(&is);
    struct plan *p = plan_load(file, &is);
    cli_print_issues(&is);
    size_t warnings = 0;
    for (size_t i = 0; i < is.count; i++)
        warnings += is.list[i].warning;
    if (p)
        print_plan(p);
    printf("%s: %s, %zu error%s, %zu warning%s\n", file, p ? "good" : "not usable", is.errors,
           is.errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
    int result = p ? 0 : CLI_FAILED;
    plan_unref(p);
    issues_clear(&is);
    return result;
}

int cli_check(int argc, char **argv)
{
    const char *file = NULL;
    int c;

    while ((c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (c != 'c')
            return cli_usage("check");
        file = optarg;
    }
    if (!file || optind != argc)
        return cli_usage("check");
    return check(file);
}
