#include "http/admin.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/api.h"
#include "net/egress.h"

static struct slice host_of(struct slice authority)
{
    if (authority.len && authority.ptr[0] == '[')
        return slice_first(authority, slice_find(authority, ']') + 1);
    return slice_first(authority, slice_find(authority, ':'));
}

static struct slice host_of_url(struct slice url)
{
    struct slice rest = slice_from(url, slice_starts(url, SLICE("https://")) ? 8 : 7);

    return host_of(slice_first(rest, slice_find(rest, '/')));
}

static bool is_address(struct slice host)
{
    char text[80];
    struct err e;
    struct sockaddr_storage sa;
    socklen_t len;

    if (host.len == 0 || host.len > 60)
        return false;
    memcpy(text, host.ptr, host.len);
    memcpy(text + host.len, ":80", 4);
    return address_parse(text, &sa, &len, &e) == 0;
}

/* An attacker's page can make a name of its own point here, but neither an address nor one of our names. */
static bool host_ok(const struct admin *a, const struct request *r)
{
    const struct settings *s = &a->o.plan->settings;
    struct slice host = host_of(request_header(r, SLICE("Host")));

    return slice_eq_nocase(host, SLICE("localhost")) || is_address(host) ||
           slice_eq_nocase(host, host_of(s->admin.address)) || slice_eq_nocase(host, host_of_url(s->public_api));
}

static void answer_metrics(struct admin *a, struct request *r)
{
    struct header type = { SLICE("Content-Type"), SLICE("text/plain; version=0.0.4; charset=utf-8") };
    struct buf out;

    buf_init(&out, 16 * 1024 * 1024);
    metrics_put(a, &out);
    request_answer(r, 200, &type, 1, buf_slice(&out));
    buf_clear(&out);
}

static void on_admin_request(struct request *r, void *arg)
{
    struct admin *a = arg;
    struct slice path = request_path(r);

    if (health_answer(a->o.health, r))
        return;
    if (!host_ok(a, r))
        request_problem(r, 403, "host", SLICE("this Host is not one of the admin listener's names"), 0);
    else if (slice_eq(path, SLICE("/metrics")))
        answer_metrics(a, r);
    else if (slice_starts(path, SLICE("/api/")))
        api_handle(a, r, false);
    else
        request_problem(r, 404, "no-such-route", SLICE("the API is under /api/v1, metrics are at /metrics"), 0);
}

static void on_api_request(struct request *r, void *arg)
{
    struct admin *a = arg;

    if (!health_answer(a->o.health, r))
        api_handle(a, r, true);
}

static struct server *listen_on(struct admin *a, const struct listen_on *where, struct tls *tls, server_handler handler,
                                struct err *e)
{
    const struct settings *s = &a->o.plan->settings;
    struct server_options o = {
        .address = where->address.ptr,
        .tls = tls,
        .limits = { (size_t)s->uri_bytes, (size_t)s->head_bytes, s->headers, (size_t)s->body_max },
        .request_timeout_s = s->request_timeout_s,
        .idle_timeout_s = s->idle_timeout_s,
        .budget = a->o.budget,
        .handler = handler,
        .arg = a,
    };

    return server_new(a->loop, &o, e);
}

struct admin *admin_new(const struct admin_options *o, struct err *e)
{
    struct admin *a = mem_zalloc(sizeof *a);
    const struct settings *s = &o->plan->settings;

    a->o = *o;
    a->o.plan = plan_ref(o->plan);
    json_doc_init(&a->doc);
    a->loop = loop_new(false, e);
    if (!a->loop || !(a->server = listen_on(a, &s->admin, o->tls, on_admin_request, e)) ||
        (s->api.address.len && !(a->api_server = listen_on(a, &s->api, o->api_tls, on_api_request, e)))) {
        admin_free(a);
        return NULL;
    }
    a->admit = admit_new(a->loop, o->writer, o->hash_secret);
    return a;
}

int admin_port(const struct admin *a)
{
    return server_port(a->server);
}

int admin_api_port(const struct admin *a)
{
    return a->api_server ? server_port(a->api_server) : 0;
}

static void *run(void *arg)
{
    loop_run(((struct admin *)arg)->loop);
    return NULL;
}

int admin_start(struct admin *a, struct err *e)
{
    if (pthread_create(&a->thread, NULL, run, a))
        return err_set(e, ERR_SYSTEM, "cannot start the admin thread");
    a->started = true;
    return 0;
}

struct new_plan {
    struct mail mail;
    struct admin *admin;
    struct plan *plan;
    struct tls *tls, *api_tls;
};

static void on_new_plan(struct mail *m)
{
    struct new_plan *np = (struct new_plan *)m;
    struct admin *a = np->admin;

    plan_unref(a->o.plan);
    a->o.plan = np->plan;
    if (np->tls)
        server_set_tls(a->server, np->tls);
    if (np->api_tls && a->api_server)
        server_set_tls(a->api_server, np->api_tls);
    tls_unref(np->tls);
    tls_unref(np->api_tls);
    free(np);
}

void admin_set_plan(struct admin *a, struct plan *plan, struct tls *tls, struct tls *api_tls)
{
    struct new_plan *np = mem_alloc(sizeof *np);

    *np = (struct new_plan){ { .run = on_new_plan }, a, plan_ref(plan), tls ? tls_ref(tls) : NULL,
                             api_tls ? tls_ref(api_tls) : NULL };
    loop_post(a->loop, &np->mail);
}

static void look_whether_drained(void *arg)
{
    struct admin *a = arg;
    int open = server_open_requests(a->server) + (a->api_server ? server_open_requests(a->api_server) : 0);

    if (open <= a->reloading || clock_mono_us() >= a->drain_deadline_us)
        loop_stop(a->loop);
}

static void on_drain(struct mail *m)
{
    struct admin *a = (struct admin *)((char *)m - offsetof(struct admin, drain_mail));

    server_drain(a->server);
    if (a->api_server)
        server_drain(a->api_server);
    a->drain = timer_every(a->loop, 10, look_whether_drained, a);
}

void admin_stop(struct admin *a, int timeout_s)
{
    if (!a->started)
        return;
    a->drain_deadline_us = clock_mono_us() + timeout_s * US_PER_S;
    a->drain_mail.run = on_drain;
    loop_post(a->loop, &a->drain_mail);
    pthread_join(a->thread, NULL);
    timer_free(a->drain);
    a->drain = NULL;
    a->started = false;
}

void admin_free(struct admin *a)
{
    if (!a)
        return;
    admit_free(a->admit);
    server_free(a->server);
    server_free(a->api_server);
    loop_free(a->loop);
    json_doc_clear(&a->doc);
    plan_unref(a->o.plan);
    free(a);
}
