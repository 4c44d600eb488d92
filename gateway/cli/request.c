#include "cli/request.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/remote.h"

/* The options as given. */
struct given {
    struct slice provider, url, method, now, source;
    const char *config;
    struct secret secrets[REQUEST_REPEAT_MAX];
    struct header headers[REQUEST_REPEAT_MAX];
    struct param params[REQUEST_REPEAT_MAX];
    size_t n_secrets, n_headers, n_params;
    const char *file;
};

static int complain(const char *command, const struct err *e)
{
    fprintf(stderr, "hooklatch %s: %s\n", command, e->text);
    return -1;
}

static int add_secret(struct given *g, const char *text, struct err *e)
{
    if (g->n_secrets == REQUEST_REPEAT_MAX)
        return err_set(e, ERR_LIMIT, "too many --secret");
    if (secret_from_argument(&g->secrets[g->n_secrets], slice_z(text), e))
        return err_add(e, "--secret");
    g->n_secrets++;
    return 0;
}

int request_add_header(struct header *list, size_t *n, const char *text, struct err *e)
{
    struct header h;
    if (*n == REQUEST_REPEAT_MAX)
        return err_set(e, ERR_LIMIT, "too many --header");
    if (!slice_cut(slice_z(text), ':', &h.name, &h.value) || slice_trim(h.name).len == 0)
        return err_set(e, ERR_INPUT, "--header \"%s\": it has to be 'NAME: VALUE'", text);
    list[(*n)++] = (struct header){ slice_trim(h.name), slice_trim(h.value) };
    return 0;
}

int request_add_param(struct param *list, size_t *n, const char *text, struct err *e)
{
    struct param p;
    if (*n == REQUEST_REPEAT_MAX)
        return err_set(e, ERR_LIMIT, "too many --param");
    if (!slice_cut(slice_z(text), '=', &p.name, &p.value) || p.name.len == 0)
        return err_set(e, ERR_INPUT, "--param \"%s\": it has to be NAME=VALUE", text);
    list[(*n)++] = p;
    return 0;
}

static int set_output(struct request *q, const char *text, struct err *e)
{
    q->json = strcmp(text, "json") == 0;
    return q->json || strcmp(text, "text") == 0 ? 0 : err_set(e, ERR_INPUT, "--output is text or json");
}

static int take_option(struct request *q, struct given *g, int option, struct err *e)
{
    switch (option) {
    case 'p':
        g->provider = slice_z(optarg);
        return 0;
    case 'c':
        g->config = optarg;
        return 0;
    case 'f':
        g->source = slice_z(optarg);
        return 0;
    case 's':
        return add_secret(g, optarg, e);
    case 'u':
        g->url = slice_z(optarg);
        return 0;
    case 'm':
        g->method = slice_z(optarg);
        return 0;
    case 'H':
        return request_add_header(g->headers, &g->n_headers, optarg, e);
    case 'P':
        return request_add_param(g->params, &g->n_params, optarg, e);
    case 'n':
        g->now = slice_z(optarg);
        return 0;
    case 'S':
        q->show_signature = true;
        return 0;
    case 'o':
        return set_output(q, optarg, e);
    case 'b':
        q->body_to = optarg;
        return 0;
    }
    return err_set(e, ERR_INPUT, "unknown option");
}

#define BOTH                                                                                                           \
    { "provider", required_argument, NULL, 'p' }, { "secret", required_argument, NULL, 's' },                          \
    { "url", required_argument, NULL, 'u' }, { "method", required_argument, NULL, 'm' },                               \
    { "header", required_argument, NULL, 'H' }, { "param", required_argument, NULL, 'P' },                             \
    { "now", required_argument, NULL, 'n' }, { "config", required_argument, NULL, 'c' },                               \
    { "source", required_argument, NULL, 'f' }

/* 0; below after a message. */
static int read_options(struct request *q, struct given *g, int argc, char **argv)
{
    static const struct option of_verify[] = { BOTH, { "show-signature", no_argument, NULL, 'S' }, { NULL, 0, NULL, 0 } };
    static const struct option of_sign[] = {
        BOTH, { "output", required_argument, NULL, 'o' }, { "body-to", required_argument, NULL, 'b' }, { NULL, 0, NULL, 0 },
    };
    const struct option *options = strcmp(argv[0], "sign") == 0 ? of_sign : of_verify;
    struct err e;
    int option;

    optind = 0; /* glibc: start afresh */
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == '?')
            return -cli_usage(argv[0]);
        if (take_option(q, g, option, &e))
            return complain(argv[0], &e);
    }
    bool from_config = g->config && g->source.len && !g->provider.len && !g->n_secrets && !g->n_params;
    bool from_arguments = g->provider.len && !g->config && !g->source.len;
    if ((!from_config && !from_arguments) || argc - optind > 1)
        return -cli_usage(argv[0]);
    g->file = optind < argc ? argv[optind] : "-";
    return 0;
}

static int make_provider(struct request *q, const struct given *g)
{
    struct issues is;

    issues_init(&is);
    if (g->config)
        q->plan = plan_load(g->config, &is);
    else
        q->provider = provider_open(g->provider, &is);
    cli_print_issues(&is);
    issues_clear(&is);
    return q->provider || q->plan ? 0 : -1;
}

struct source *request_find_source(const struct plan *plan, const char *file, struct slice name, struct err *e)
{
    struct source *source = plan_source(plan, name);
    struct buf names;

    if (source)
        return source;
    buf_init(&names, 65536);
    for (size_t i = 0; i < plan->n_sources; i++)
        buf_printf(&names, "%s%.*s", i ? ", " : "", SLICE_FMT(plan->sources[i].name));
    err_set(e, ERR_NOT_FOUND, "%s has no source \"%.*s\"; it has %s", file, SLICE_FMT(name), names.len ? names.ptr : "none");
    buf_clear(&names);
    return NULL;
}

/* Provider, secrets and URL of a source of the configuration. */
static int take_source(struct request *q, struct given *g, struct err *e)
{
    const struct source *s = request_find_source(q->plan, g->config, g->source, e);

    if (!s)
        return -1;
    if (verifier_waits(s->verifier))
        return err_set(e, ERR_INPUT, "the secret of %.*s is not in %s, its sender hands it over: give --provider and "
                       "--secret \"value:$(hooklatch secrets show %.*s)\"", SLICE_FMT(s->name), g->config, SLICE_FMT(s->name));
    q->source = s;
    q->provider = s->provider;
    q->verifier = s->verifier;
    if (g->url.len == 0)
        g->url = s->url;
    return 0;
}

static int read_body(struct request *q, const char *file, struct err *e)
{
    struct buf body;

    buf_init(&body, REQUEST_BODY_MAX + 65536);
    int result = read_input(file, &body, e);
    if (!result && body.len > REQUEST_BODY_MAX)
        result = err_set(e, ERR_LIMIT, "%s: more than 32 MiB", file);
    if (!result)
        q->delivery.body = arena_slice(&q->memory, buf_slice(&body));
    buf_clear(&body);
    return result;
}

int request_set_url(struct delivery *d, struct slice url, struct err *e)
{
    struct slice rest = url;
    size_t end = 0;

    d->path = SLICE("/");
    if (url.len == 0)
        return 0;
    if (slice_starts_nocase(url, SLICE("https://")))
        rest = slice_from(url, 8);
    else if (slice_starts_nocase(url, SLICE("http://")))
        rest = slice_from(url, 7);
    else
        return err_set(e, ERR_INPUT, "the URL has to begin with https:// or http://");
    d->url = url;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    rest = slice_from(rest, end);
    slice_cut(rest, '?', &rest, &d->query);
    if (rest.len)
        d->path = rest;
    return 0;
}

void request_first_item(const struct provider *p, struct reading *r)
{
    const struct pointer *split = provider_split(p);
    uint32_t first;

    if (split && reading_json(r) == 0 && pointer_all(split, &r->doc, 0, &first, 1) > 0)
        r->item = first;
}

static int set_now(struct request *q, struct slice now, struct err *e)
{
    uint64_t s;
    q->now_us = clock_wall_us();
    if (now.ptr == NULL)
        return 0;
    if (slice_u64(now, &s) || s > (uint64_t)(INT64_MAX / US_PER_S))
        return err_set(e, ERR_INPUT, "--now has to be seconds since 1970");
    q->now_us = (int64_t)s * US_PER_S;
    return 0;
}

int request_check_params(const struct provider *p, const struct param *params, size_t n, struct err *e)
{
    struct slice name, what;

    for (size_t i = 0; (name = provider_param(p, i, &what)).len; i++) {
        size_t j = 0;
        while (j < n && (!slice_eq(params[j].name, name) || params[j].value.len == 0))
            j++;
        if (j == n)
            return err_set(e, ERR_INPUT, "%.*s needs --param %.*s=…%s%.*s", SLICE_FMT(provider_name(p)), SLICE_FMT(name),
                           what.len ? ": the " : "", SLICE_FMT(what));
    }
    return 0;
}

static int make_verifier(struct request *q, const struct given *g, struct err *e)
{
    if (provider_needs_secret(q->provider) && !provider_hands_secret(q->provider) && g->n_secrets == 0)
        return err_set(e, ERR_INPUT, "give --secret: the %.*s, as env:NAME, file:PATH or value:TEXT",
                       SLICE_FMT(provider_secret_what(q->provider)));
    if (request_check_params(q->provider, g->params, g->n_params, e))
        return -1;
    q->verifier = verifier_new(q->provider, g->secrets, g->n_secrets, g->params, g->n_params, e);
    return q->verifier ? 0 : -1;
}

static int fill(struct request *q, struct given *g, struct err *e)
{
    struct header *headers = arena_alloc(&q->memory, (g->n_headers + 1) * sizeof *headers);

    if (q->plan && take_source(q, g, e))
        return -1;
    memcpy(headers, g->headers, g->n_headers * sizeof *headers);
    q->delivery.headers = headers;
    q->delivery.n_headers = g->n_headers;
    q->delivery.method = g->method.len ? g->method : SLICE("POST");
    if (request_set_url(&q->delivery, g->url, e) || set_now(q, g->now, e))
        return -1;
    if (provider_uses_url(q->provider) && g->url.len == 0)
        return err_set(e, ERR_INPUT, "%.*s signs the URL: give --url, as the sender knows it",
                       SLICE_FMT(provider_name(q->provider)));
    if (!q->plan && make_verifier(q, g, e))
        return -1;
    return read_body(q, g->file, e);
}

int request_read(struct request *q, int argc, char **argv)
{
    struct given *g = mem_zalloc(sizeof *g);
    struct err e;
    int rc;

    memset(q, 0, sizeof *q);
    arena_init(&q->memory);
    reading_init(&q->reading);
    rc = read_options(q, g, argc, argv);
    if (rc == 0)
        rc = make_provider(q, g);
    if (rc == 0 && fill(q, g, &e))
        rc = complain(argv[0], &e);
    if (rc == 0)
        reading_start(&q->reading, &q->delivery, provider_form_json_field(q->provider),
                      q->source ? &q->source->json_limits : &JSON_LIMITS_DEFAULT);
    for (size_t i = 0; i < g->n_secrets; i++)
        secret_clear(&g->secrets[i]);
    free(g);
    return rc;
}

void request_clear(struct request *q)
{
    reading_clear(&q->reading);
    if (!q->plan) {
        verifier_free(q->verifier);
        provider_free(q->provider);
    }
    plan_unref(q->plan);
    arena_clear(&q->memory);
}
