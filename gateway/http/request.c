#include "http/connection.h"

#include <assert.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/problem.h"
#include "http/target.h"

/* Requests of this many are kept for the next ones. */
#define SPARE_MAX 64

struct request {
    struct server *server; /* NULL when it is gone */
    struct conn *conn;     /* NULL when the peer is gone: then ev is ours to free */
    struct server_budget *budget;
    TAILQ_ENTRY(request) link;
    struct evhttp_request *ev;
    struct slice path, query;
    int64_t start_us;
    size_t charged; /* bytes of body in the budget */
    bool tls, collected;
    size_t n_headers;
    struct header headers[]; /* as many as the limits allow */
};

static struct request *request_new(struct conn *c, struct evhttp_request *ev)
{
    struct server *s = c->server;
    struct request *r = TAILQ_FIRST(&s->spare);

    if (r) {
        TAILQ_REMOVE(&s->spare, r, link);
        s->n_spare--;
    } else {
        r = mem_alloc(sizeof *r + s->o.limits.headers * sizeof *r->headers);
    }
    *r = (struct request){ .server = s, .conn = c, .budget = s->o.budget, .ev = ev, .start_us = c->start_us,
                           .charged = c->charged, .tls = bufferevent_openssl_get_ssl(c->bev) };
    c->charged = 0;
    TAILQ_INSERT_TAIL(&s->open, r, link);
    s->n_open++;
    return r;
}

static void request_free(struct request *r)
{
    struct server *s = r->server;

    budget_release(r->budget, r->charged);
    if (!s) {
        free(r);
        return;
    }
    TAILQ_REMOVE(&s->open, r, link);
    s->n_open--;
    if (s->n_spare == SPARE_MAX) {
        free(r);
        return;
    }
    TAILQ_INSERT_HEAD(&s->spare, r, link);
    s->n_spare++;
}

static void split_target(struct request *r)
{
    struct slice target = target_origin_form(slice_z(evhttp_request_get_uri(r->ev)));

    slice_cut(target, '?', &r->path, &r->query);
    if (r->path.len == 0)
        r->path = SLICE("/");
}

void request_dispatch(struct evhttp_request *ev, void *arg)
{
    struct server *s = arg;
    struct evhttp_connection *evcon = evhttp_request_get_connection(ev);
    struct conn *c = s->by_fd[bufferevent_getfd(evhttp_connection_get_bufferevent(evcon))];
    struct request *r = request_new(c, ev);

    split_target(r);
    if (conn_dispatch(c, r)) {
        s->o.handler(r, s->o.arg);
        return;
    }
    LOG_ERROR("evhttp and the guard read a request differently: refused", LOG_Z("remote", ev->remote_host),
              LOG_SL("path", r->path));
    evhttp_add_header(evhttp_request_get_output_headers(ev), "Connection", "close");
    request_problem(r, 400, "framing", SLICE("Send requests that are framed as RFC 9112 says."), 0);
}

void request_orphan(struct request *r)
{
    /* evhttp would free it together with its connection. */
    evhttp_request_own(r->ev);
    r->conn = NULL;
}

void request_forget_server(struct server *s)
{
    struct request *r;

    TAILQ_FOREACH(r, &s->open, link)
        r->server = NULL;
    while ((r = TAILQ_FIRST(&s->spare))) {
        TAILQ_REMOVE(&s->spare, r, link);
        free(r);
    }
}

struct slice request_method(const struct request *r)
{
    switch (evhttp_request_get_command(r->ev)) {
    case EVHTTP_REQ_GET:
        return SLICE("GET");
    case EVHTTP_REQ_HEAD:
        return SLICE("HEAD");
    case EVHTTP_REQ_PUT:
        return SLICE("PUT");
    case EVHTTP_REQ_PATCH:
        return SLICE("PATCH");
    case EVHTTP_REQ_DELETE:
        return SLICE("DELETE");
    case EVHTTP_REQ_OPTIONS:
        return SLICE("OPTIONS");
    default: /* the guard lets nothing else through */
        return SLICE("POST");
    }
}

struct slice request_path(const struct request *r)
{
    return r->path;
}

struct slice request_query(const struct request *r)
{
    return r->query;
}

struct slice request_remote(const struct request *r)
{
    return slice_z(r->ev->remote_host);
}

/* Lazily: a request that is refused by its path never pays for it. */
static void collect(struct request *r)
{
    struct evkeyval *kv;

    TAILQ_FOREACH(kv, evhttp_request_get_input_headers(r->ev), next)
        r->headers[r->n_headers++] = (struct header){ slice_z(kv->key), slice_trim(slice_z(kv->value)) };
    r->collected = true;
}

const struct header *request_headers(const struct request *r, size_t *n)
{
    if (!r->collected)
        collect((struct request *)r);
    *n = r->n_headers;
    return r->headers;
}

struct slice request_header(const struct request *r, struct slice name)
{
    size_t n;
    const struct header *headers = request_headers(r, &n);

    for (size_t i = 0; i < n; i++)
        if (slice_eq_nocase(headers[i].name, name))
            return headers[i].value;
    return SLICE_NONE;
}

struct slice request_body(struct request *r)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(r->ev);

    return slice_of(evbuffer_pullup(in, -1), evbuffer_get_length(in));
}

bool request_is_tls(const struct request *r)
{
    return r->tls;
}

int64_t request_start_us(const struct request *r)
{
    return r->start_us;
}

/* evhttp wants strings that end in NUL. Names and values with CR or LF are dropped by evhttp_add_header. */
static void put_header(struct request *r, struct slice name, struct slice value)
{
    struct buf *b = &r->server->scratch;

    buf_reset(b);
    buf_put(b, name);
    buf_putc(b, '\0');
    buf_put(b, value);
    assert(!b->failed);
    evhttp_add_header(evhttp_request_get_output_headers(r->ev), b->ptr, b->ptr + name.len + 1);
}

static void put_body(struct request *r, int status, struct slice body)
{
    char length[24];

    if (status < 200 || status == 204 || status == 304)
        return;
    snprintf(length, sizeof length, "%zu", body.len);
    evhttp_add_header(evhttp_request_get_output_headers(r->ev), "Content-Length", length);
    if (evhttp_request_get_command(r->ev) != EVHTTP_REQ_HEAD)
        evbuffer_add(evhttp_request_get_output_buffer(r->ev), body.ptr, body.len);
}

void request_answer(struct request *r, int status, const struct header *headers, size_t n_headers, struct slice body)
{
    struct conn *c = r->conn;
    struct evhttp_request *ev = r->ev;

    if (!c) {
        evhttp_request_free(ev);
        request_free(r);
        return;
    }
    for (size_t i = 0; i < n_headers; i++)
        put_header(r, headers[i].name, headers[i].value);
    evhttp_add_header(evhttp_request_get_output_headers(ev), "Date", c->server->date);
    if (c->server->draining)
        evhttp_add_header(evhttp_request_get_output_headers(ev), "Connection", "close");
    put_body(r, status, body);
    c->request = NULL;
    conn_move(c, CONN_WRITING);
    evhttp_request_set_on_complete_cb(ev, conn_answered, c);
    evhttp_send_reply(ev, status, problem_title(status), NULL);
    request_free(r);
    conn_push(c);
}

void request_problem(struct request *r, int status, const char *reason, struct slice detail, int retry_after_s)
{
    struct header headers[2] = { { SLICE("Content-Type"), SLICE("application/problem+json") } };
    size_t n = 1;
    char seconds[16];
    struct buf body;

    if (retry_after_s > 0) {
        snprintf(seconds, sizeof seconds, "%d", retry_after_s);
        headers[n++] = (struct header){ SLICE("Retry-After"), slice_z(seconds) };
    }
    buf_init(&body, detail.len * 6 + 4096);
    problem_put(&body, status, slice_z(reason), detail, SLICE_NONE);
    request_answer(r, status, headers, n, buf_slice(&body));
    buf_clear(&body);
}
