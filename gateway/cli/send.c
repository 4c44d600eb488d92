#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/example.h"
#include "cli/input.h"
#include "cli/remote.h"
#include "cli/request.h"
#include "net/client.h"
#include "plan/plan.h"
#include "verify/sample.h"

static const struct option long_options[] = {
    { "config", required_argument, NULL, 'c' }, { "provider", required_argument, NULL, 'p' },
    { "secret", required_argument, NULL, 's' }, { "url", required_argument, NULL, 'u' },
    { "header", required_argument, NULL, 'H' }, { "param", required_argument, NULL, 'P' },
    { NULL, 0, NULL, 0 },
};

struct options {
    const char *config, *provider, *secret, *url, *source, *event, *file;
    struct header headers[REQUEST_REPEAT_MAX];
    size_t n_headers;
    struct param params[REQUEST_REPEAT_MAX];
    size_t n_params;
};

/* "/<token>" of a source that wants one in its path, or "". */
static struct slice token_part(const struct source *source, struct arena *memory)
{
    const struct access *a = &source->access;

    return a->n_path_tokens ? slice_z(arena_printf(memory, "/%s", a->path_tokens[0].bytes)) : SLICE("");
}

/* What is sent: the provider's data and the source's secret, from a configuration or from the arguments. */
struct sending {
    struct options o;
    struct plan *plan;
    const struct source *source; /* of the plan, or NULL */
    struct provider *provider; /* borrowed from the plan, or own */
    struct verifier *verifier; /* likewise */
    struct provider *own_provider;
    struct verifier *own_verifier;
    struct slice public_url;   /* as the vendor would know it: some schemes sign it */
    const char *url;           /* where it goes */
    struct slice shown_url;    /* the same without a token */
    struct sample sample;
    struct buf body;
    struct arena memory;
};

static int read_options(int argc, char **argv, struct options *o)
{
    int c, bad = 0;
    struct err e = { 0 };

    while (!bad && (c = getopt_long(argc, argv, "c:H:", long_options, NULL)) != -1) {
        switch (c) {
        case 'c': o->config = optarg; break;
        case 'p': o->provider = optarg; break;
        case 's': o->secret = optarg; break;
        case 'u': o->url = optarg; break;
        case 'H': bad = request_add_header(o->headers, &o->n_headers, optarg, &e); break;
        case 'P': bad = request_add_param(o->params, &o->n_params, optarg, &e); break;
        default: bad = CLI_USAGE;
        }
    }
    if (e.code)
        fprintf(stderr, "hooklatch send: %s\n", e.text);
    char **rest = argv + optind, **end = argv + argc;
    if (!bad && !o->provider && rest < end)
        o->source = *rest++;
    if (rest < end)
        o->event = *rest++;
    if (rest < end)
        o->file = *rest++;
    bool whole = o->provider ? o->url != NULL : o->config && o->source && !o->n_params;
    return bad || rest != end || !whole ? cli_usage("send") : 0;
}

static int tell_issues(const struct issues *is, struct err *e)
{
    cli_print_issues(is);
    return err_set(e, ERR_INPUT, "nothing was sent");
}

static int from_config(struct sending *s, struct err *e)
{
    struct issues is;
    int result = 0;

    issues_init(&is);
    s->plan = plan_load(s->o.config, &is);
    struct source *source = s->plan ? request_find_source(s->plan, s->o.config, slice_z(s->o.source), e) : NULL;
    if (!s->plan) {
        result = tell_issues(&is, e);
    } else if (!source) {
        result = -1;
    } else if (verifier_waits(source->verifier)) {
        result = err_set(e, ERR_INPUT, "the secret of %s is not in %s, its sender hands it over: give --provider, --url and "
                         "--secret \"value:$(hooklatch secrets show %s)\"", s->o.source, s->o.config, s->o.source);
    } else {
        const struct listen_on *in = &s->plan->settings.ingest;
        s->shown_url = source->shown_url;
        s->source = source;
        s->provider = source->provider;
        s->verifier = source->verifier;
        struct slice token = token_part(source, &s->memory);
        s->public_url = slice_z(arena_printf(&s->memory, "%.*s%.*s", SLICE_FMT(source->url), SLICE_FMT(token)));
        s->url = arena_printf(&s->memory, "%s://%s/webhooks/%s%.*s", in->cert.len ? "https" : "http",
                              reachable(in->address, &s->memory), s->o.source, SLICE_FMT(token));
    }
    issues_clear(&is);
    return result;
}

static int make_verifier(struct sending *s, struct err *e)
{
    struct secret secret = { 0 };
    const char *argument = s->o.secret;

    if (!argument && provider_needs_secret(s->provider))
        return err_set(e, ERR_INPUT, "give --secret: the %.*s, as env:NAME, file:PATH or value:TEXT",
                       SLICE_FMT(provider_secret_what(s->provider)));
    if (request_check_params(s->provider, s->o.params, s->o.n_params, e) ||
        (argument && secret_from_argument(&secret, slice_z(argument), e)))
        return -1;
    s->verifier = s->own_verifier =
        verifier_new(s->provider, &secret, argument ? 1 : 0, s->o.params, s->o.n_params, e);
    secret_clear(&secret);
    return s->verifier ? 0 : -1;
}

static int from_arguments(struct sending *s, struct err *e)
{
    struct issues is;

    issues_init(&is);
    s->provider = s->own_provider = provider_open(slice_z(s->o.provider), &is);
    int result = s->provider ? 0 : tell_issues(&is, e);
    issues_clear(&is);
    s->public_url = slice_z(s->o.url);
    s->url = s->o.url;
    s->shown_url = s->public_url;
    return result ? result : make_verifier(s, e);
}

/* The first of "POST, PUT" or "application/json, …". */
static struct slice first_of(struct slice list)
{
    struct slice first, rest;
    slice_cut(list, ',', &first, &rest);
    return slice_trim(first);
}

/* What the sender's deliveries have, where nobody says otherwise. */
static struct slice usual_type(struct sending *s)
{
    struct buf types;

    buf_init(&types, 4096);
    provider_put_content_types(s->provider, &types);
    struct slice type = arena_slice(&s->memory, first_of(buf_slice(&types)));
    buf_clear(&types);
    return type.len ? type : SLICE("application/json");
}

static struct slice usual_method(const struct sending *s)
{
    return provider_method_ok(s->provider, SLICE("POST")) ? SLICE("POST") : first_of(provider_allow(s->provider));
}

/* The sample brings the headers that name event and delivery; a file of the user's has them too where the event has a sample. */
static int read_body(struct sending *s, struct delivery *d, struct err *e)
{
    struct options *o = &s->o;
    int missing = example_find(&s->sample, s->source, s->provider, slice_z(o->event), e);

    if (missing && (!o->file || e->code != ERR_NOT_FOUND))
        return -1;
    d->body = missing ? SLICE("") : s->sample.body;
    if (o->file) {
        if (read_input(o->file, &s->body, e))
            return -1;
        d->body = buf_slice(&s->body);
    }
    struct slice type = missing ? usual_type(s) : s->sample.content_type;
    struct header *all = arena_alloc(&s->memory, (o->n_headers + s->sample.n_headers + 1) * sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < o->n_headers; i++)
        all[n++] = o->headers[i];
    d->headers = all;
    d->n_headers = n;
    if (!delivery_header(d, SLICE("Content-Type")).ptr)
        all[n++] = (struct header){ SLICE("Content-Type"), type };
    for (size_t i = 0; !missing && i < s->sample.n_headers; i++) {
        d->headers = all;
        d->n_headers = n;
        if (!delivery_header(d, s->sample.headers[i].name).ptr)
            all[n++] = s->sample.headers[i];
    }
    d->headers = all;
    d->n_headers = n;
    return 0;
}

/* Was the header made anew by the signature? */
static bool is_replaced(const struct signed_request *right, struct slice name)
{
    for (size_t i = 0; i < right->n_headers; i++)
        if (slice_eq_nocase(right->headers[i].name, name))
            return true;
    return false;
}

/* 0: the receiver answered 2xx. */
static int deliver(struct sending *s, const struct delivery *d, const struct signed_request *right, struct err *e)
{
    const char **lines = arena_alloc(&s->memory, (d->n_headers + right->n_headers + 1) * sizeof *lines);
    const char *url = s->url;
    size_t n = 0;
    struct buf answer;
    int status;

    if (right->query.ptr)
        url = arena_printf(&s->memory, "%.*s?%.*s", (int)strcspn(url, "?"), url, SLICE_FMT(right->query));
    for (size_t i = 0; i < d->n_headers; i++)
        if (!is_replaced(right, d->headers[i].name))
            lines[n++] = arena_printf(&s->memory, "%.*s: %.*s", SLICE_FMT(d->headers[i].name),
                                      SLICE_FMT(d->headers[i].value));
    for (size_t i = 0; i < right->n_headers; i++)
        lines[n++] = arena_printf(&s->memory, "%.*s: %.*s", SLICE_FMT(right->headers[i].name),
                                  SLICE_FMT(right->headers[i].value));
    lines[n] = NULL;
    struct call_options o = {
        .method = arena_slice(&s->memory, d->method).ptr,
        .url = url,
        .headers = lines,
        .body = right->body.ptr ? right->body : d->body,
        .timeout_us = 30 * US_PER_S,
        .answer_max = 1024 * 1024,
        .allow_private = true,
    };
    buf_init(&answer, o.answer_max);
    int result = client_fetch(&o, &status, &answer, e);
    if (!result) {
        printf("%d %.*s\n", status, SLICE_FMT(buf_slice(&answer)));
        result = status >= 200 && status < 300 ? 0 : err_set(e, ERR_INPUT, "%.*s answered %d", SLICE_FMT(s->shown_url), status);
    }
    buf_clear(&answer);
    return result;
}

static int send_it(struct sending *s, struct err *e)
{
    struct json_limits limits = { .max_depth = 10000, .max_nodes = 10000000, .allow_duplicate_keys = true };
    struct delivery d = { .received_us = clock_wall_us() };
    struct verify_scratch *scratch = verify_scratch_new();
    struct signed_request right;
    struct reading r;
    int result = s->o.provider ? from_arguments(s, e) : from_config(s, e);

    reading_init(&r);
    if (!result)
        result = request_set_url(&d, s->public_url, e) || read_body(s, &d, e) ? -1 : 0;
    if (!result) {
        d.method = usual_method(s);
        reading_start(&r, &d, provider_form_json_field(s->provider), &limits);
        result = verify_sign(s->verifier, &r, clock_wall_us(), scratch, &right, e);
    }
    if (!result)
        result = deliver(s, &d, &right, e);
    reading_clear(&r);
    verify_scratch_free(scratch);
    return result;
}

int cli_send(int argc, char **argv)
{
    struct sending s = { 0 };
    struct err e = { 0 };
    int result = read_options(argc, argv, &s.o);

    if (result)
        return result;
    arena_init(&s.memory);
    buf_init(&s.body, 64u * 1024 * 1024);
    if (send_it(&s, &e)) {
        fprintf(stderr, "hooklatch send: %s\n", e.text);
        result = CLI_FAILED;
    }
    verifier_free(s.own_verifier);
    provider_free(s.own_provider);
    sample_clear(&s.sample);
    plan_unref(s.plan);
    buf_clear(&s.body);
    arena_clear(&s.memory);
    return result;
}
