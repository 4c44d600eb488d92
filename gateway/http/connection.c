#include "http/connection.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/problem.h"

/* So many connections above the limit still get their 503 with a lingering close; all others are just closed. */
#define OVERFLOW_ANSWERED 128

#define LIBEVENT_READ_BYTES 4096
#define READ_ON_BYTES (256 << 10)
/* What a refused peer may go on sending before nobody reads it any more. */
#define LINGER_BYTES (32u << 20)

static const struct guard_refusal refuse_connections = { 503, "too-many-connections", "Try again later.", 1 };
static const struct guard_refusal refuse_bodies = { 503, "overload", "Too much is coming in: try again later.", 1 };
static const struct guard_refusal refuse_slow = { 408, "request-timeout", "Send the request faster.", 0 };

void budget_release(struct server_budget *b, size_t n)
{
    atomic_fetch_sub_explicit(&b->body_bytes, (int64_t)n, memory_order_relaxed);
}

static void release_charge(struct conn *c)
{
    if (c->charged)
        budget_release(c->server->o.budget, c->charged);
    c->charged = 0;
}

void conn_move(struct conn *c, enum conn_state to)
{
    struct server *s = c->server;

    TAILQ_REMOVE(&s->conns[c->state], c, link);
    s->n_conns[c->state]--;
    c->state = to;
    c->since_us = s->tick_us;
    TAILQ_INSERT_TAIL(&s->conns[to], c, link);
    s->n_conns[to]++;
}

/* As an error on the socket would: evhttp frees request, bufferevent and socket, and calls on_close. */
void conn_close(struct conn *c)
{
    c->server->evhttp_event(c->bev, BEV_EVENT_READING | BEV_EVENT_ERROR, c->evcon);
}

static void conn_free(struct conn *c)
{
    struct server *s = c->server;

    TAILQ_REMOVE(&s->conns[c->state], c, link);
    s->n_conns[c->state]--;
    atomic_fetch_sub_explicit(&s->o.budget->connections, 1, memory_order_relaxed);
    release_charge(c);
    guard_free(c->guard);
    free(c);
}

static void on_close(struct evhttp_connection *evcon, void *arg)
{
    struct conn *c = arg;
    SSL *ssl = bufferevent_openssl_get_ssl(c->bev);

    (void)evcon;
    evbuffer_remove_cb_entry(bufferevent_get_input(c->bev), c->input_cb);
    /* evhttp closes the socket first and frees the bufferevent after its own callback: epoll must not be told then of a
     * descriptor that is closed, or somebody else's by now. */
    bufferevent_disable(c->bev, EV_READ | EV_WRITE);
    c->server->by_fd[c->fd] = NULL;
    if (c->request)
        request_orphan(c->request);
    if (ssl && SSL_is_init_finished(ssl)) {
        SSL_shutdown(ssl);
        ERR_clear_error();
    }
    conn_free(c);
}

static void refuse(struct conn *c, const struct guard_refusal *why)
{
    struct server *s = c->server;
    struct evbuffer *in = bufferevent_get_input(c->bev);
    char *address;
    ev_uint16_t port;

    evhttp_connection_get_peer(c->evcon, &address, &port);
    if (s->o.on_refused)
        s->o.on_refused(s->o.arg, why, guard_target(c->guard), slice_z(address));
    c->refusal = *why;
    c->no_body = guard_is_head(c->guard);
    release_charge(c);
    conn_move(c, CONN_REFUSED);
    evbuffer_drain(in, evbuffer_get_length(in));
    /* Not now: evhttp may be in the middle of its own work on this connection and set its callbacks after us. */
    event_active(s->turn, 0, 0);
}

/* Shows the last n bytes of the input to the guard, up to a request's end. */
static void feed(struct conn *c, struct evbuffer *in, size_t n)
{
    struct evbuffer_ptr at;
    struct evbuffer_iovec v;
    struct guard_refusal why;

    evbuffer_ptr_set(in, &at, evbuffer_get_length(in) - n, EVBUFFER_PTR_SET);
    while (n > 0 && c->state != CONN_DUE) {
        evbuffer_peek(in, (ev_ssize_t)n, &at, &v, 1);
        ssize_t taken = guard_feed(c->guard, slice_of(v.iov_base, v.iov_len), &why);
        if (taken < 0) {
            refuse(c, &why);
            return;
        }
        n -= (size_t)taken;
        if (n > 0)
            evbuffer_ptr_set(in, &at, (size_t)taken, EVBUFFER_PTR_ADD);
    }
    c->held = n;
}

/* libevent reads 4 KiB a turn of the loop, each with an ioctl. When it got that many and the guard knows how much of a
 * body is missing, the rest is taken at once; the bytes come through on_input again. An end or an error shows up in
 * libevent's next read. */
static void read_on(struct conn *c, struct evbuffer *in)
{
    uint64_t left = guard_body_left(c->guard);
    struct evbuffer_iovec v[2];
    struct iovec io[2];

    if (left == 0 || bufferevent_openssl_get_ssl(c->bev))
        return;
    int n = evbuffer_reserve_space(in, left < READ_ON_BYTES ? (ev_ssize_t)left : READ_ON_BYTES, v, 2);
    for (int i = 0; i < n; i++) {
        size_t len = v[i].iov_len < left ? v[i].iov_len : (size_t)left;
        io[i] = (struct iovec){ v[i].iov_base, len };
        left -= len;
    }
    ssize_t got = n > 0 ? readv(c->fd, io, n) : 0;
    for (int i = 0; i < n; i++) {
        v[i].iov_len = got <= 0 ? 0 : (size_t)got < io[i].iov_len ? (size_t)got : io[i].iov_len;
        got -= (ssize_t)v[i].iov_len;
    }
    if (n > 0 && v[0].iov_len > 0)
        evbuffer_commit_space(in, v, v[n - 1].iov_len ? n : 1);
}

static void on_input(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *c = arg;

    if (info->n_added == 0)
        return;
    switch (c->state) {
    case CONN_REFUSED:
    case CONN_LINGERING:
        evbuffer_drain(in, evbuffer_get_length(in));
        c->discarded += info->n_added;
        if (c->discarded > LINGER_BYTES)
            bufferevent_disable(c->bev, EV_READ);
        break;
    case CONN_DUE:
    case CONN_WAITING:
    case CONN_WRITING:
        c->held += info->n_added;
        bufferevent_disable(c->bev, EV_READ);
        break;
    default:
        feed(c, in, info->n_added);
        if (c->state == CONN_READING && info->n_added == LIBEVENT_READ_BYTES)
            read_on(c, in);
    }
}

static void on_start(void *arg)
{
    struct conn *c = arg;

    conn_move(c, CONN_READING);
    c->start_us = clock_mono_us();
}

static bool on_head(void *arg, const struct guard_head *head, size_t *body_bytes, struct guard_refusal *why)
{
    struct conn *c = arg;

    return !c->server->o.on_head || c->server->o.on_head(c->server->o.arg, head, body_bytes, why);
}

static bool on_body(void *arg, size_t n, struct guard_refusal *why)
{
    struct conn *c = arg;
    struct server_budget *b = c->server->o.budget;
    int64_t before = atomic_fetch_add_explicit(&b->body_bytes, (int64_t)n, memory_order_relaxed);

    c->charged += n;
    if (before + (int64_t)n <= b->max_body_bytes)
        return true;
    *why = refuse_bodies;
    return false;
}

static void on_end(void *arg)
{
    conn_move(arg, CONN_DUE);
}

static const struct guard_hooks hooks = { on_head, on_body, on_start, on_end };

struct bufferevent *conn_new(struct event_base *base, void *arg)
{
    struct server *s = arg;
    struct conn *c = mem_zalloc(sizeof *c);

    /* The descriptor is not known yet. Plain sockets are closed by evhttp itself. */
    c->bev = s->tls ? bufferevent_openssl_socket_new(base, -1, tls_accept(s->tls), BUFFEREVENT_SSL_ACCEPTING,
                                                     BEV_OPT_CLOSE_ON_FREE)
                    : bufferevent_socket_new(base, -1, 0);
    if (!c->bev)
        abort(); /* out of memory; NULL would make evhttp serve the connection without a guard */
    if (s->tls)
        bufferevent_openssl_set_allow_dirty_shutdown(c->bev, 1);
    c->server = s;
    c->fd = -1;
    c->guard = guard_new(&s->o.limits, &hooks, c);
    c->input_cb = evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c);
    c->since_us = s->tick_us;
    TAILQ_INSERT_TAIL(&s->conns[CONN_FRESH], c, link);
    s->n_conns[CONN_FRESH]++;
    if (atomic_fetch_add_explicit(&s->o.budget->connections, 1, memory_order_relaxed) >= s->o.budget->max_connections)
        c->refusal = refuse_connections;
    event_active(s->turn, 0, 0);
    return c->bev;
}

void conn_ready(struct conn *c)
{
    struct server *s = c->server;
    struct server_budget *b = s->o.budget;
    bufferevent_data_cb on_read;
    void *evcon;

    bufferevent_getcb(c->bev, &on_read, &s->evhttp_write, &s->evhttp_event, &evcon);
    c->evcon = evcon;
    c->fd = bufferevent_getfd(c->bev);
    evhttp_connection_set_closecb(c->evcon, on_close, c);
    if ((size_t)c->fd >= s->n_by_fd) {
        size_t n = ((size_t)c->fd + 1) * 2;
        s->by_fd = mem_grow(s->by_fd, n, sizeof *s->by_fd);
        memset(s->by_fd + s->n_by_fd, 0, (n - s->n_by_fd) * sizeof *s->by_fd);
        s->n_by_fd = n;
    }
    s->by_fd[c->fd] = c;
    bool tls = bufferevent_openssl_get_ssl(c->bev);
    conn_move(c, tls ? CONN_HANDSHAKE : CONN_IDLE);
    if (!c->refusal.status)
        return;
    refuse(c, &c->refusal);
    if (tls || atomic_load_explicit(&b->connections, memory_order_relaxed) > b->max_connections + OVERFLOW_ANSWERED)
        conn_close(c);
}

/* The answer is out: say so, and go on reading so that the kernel does not answer late bytes with a reset, which would
 * take the answer from the peer. */
static void on_linger_written(struct bufferevent *bev, void *arg)
{
    struct conn *c = arg;
    SSL *ssl = bufferevent_openssl_get_ssl(bev);

    if (evbuffer_get_length(bufferevent_get_output(bev)) > 0)
        return;
    if (ssl) {
        SSL_shutdown(ssl);
        ERR_clear_error();
    }
    shutdown(c->fd, SHUT_WR);
}

static void on_linger_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        conn_close(arg);
}

static void put_refusal(struct evbuffer *out, const struct guard_refusal *why, bool with_body, const char *date)
{
    struct buf body;

    buf_init(&body, 4096);
    problem_put(&body, why->status, slice_z(why->reason), slice_z(why->detail), SLICE_NONE);
    evbuffer_add_printf(out,
                        "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\nDate: %s\r\n",
                        why->status, problem_title(why->status), body.len, date);
    if (why->retry_after_s > 0)
        evbuffer_add_printf(out, "Retry-After: %d\r\n", why->retry_after_s);
    if (why->status == 405)
        evbuffer_add_printf(out, "Allow: POST, GET, HEAD, PUT, PATCH, DELETE, OPTIONS\r\n");
    evbuffer_add_printf(out, "\r\n");
    if (with_body)
        evbuffer_add(out, body.ptr, body.len);
    buf_clear(&body);
}

void conn_send_refusal(struct conn *c)
{
    SSL *ssl = bufferevent_openssl_get_ssl(c->bev);

    conn_move(c, CONN_LINGERING);
    if (ssl && !SSL_is_init_finished(ssl)) {
        conn_close(c);
        return;
    }
    /* No read callback: evhttp calls whatever it finds there with its own argument. on_input discards. */
    bufferevent_setcb(c->bev, NULL, on_linger_written, on_linger_event, c);
    put_refusal(bufferevent_get_output(c->bev), &c->refusal, !c->no_body, c->server->date);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

void conn_expire(struct conn *c)
{
    SSL *ssl = bufferevent_openssl_get_ssl(c->bev);

    if (c->state == CONN_READING)
        refuse(c, &refuse_slow);
    else if (c->state == CONN_HANDSHAKE && SSL_is_init_finished(ssl) && !c->server->draining)
        conn_move(c, CONN_IDLE);
    else
        conn_close(c);
}

/* The peer left, or only stopped sending: the answer goes out all the same, and evhttp meets the end when it reads. */
static void on_waiting_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    (void)arg;
}

bool conn_dispatch(struct conn *c, struct request *r)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    bool agreed = c->state == CONN_DUE && evbuffer_get_length(in) == c->held;

    c->request = r;
    conn_move(c, CONN_WAITING);
    if (!agreed) {
        evbuffer_drain(in, evbuffer_get_length(in));
        c->held = 0;
    } else if (c->held == 0 && !bufferevent_openssl_get_ssl(c->bev)) {
        /* evhttp stopped reading. Taken back in the same turn it costs nothing; left, it would cost two epoll_ctl. */
        bufferevent_setcb(c->bev, NULL, NULL, on_waiting_event, c);
        bufferevent_enable(c->bev, EV_READ);
    }
    return agreed;
}

/* evhttp's own write callback, but only once all is written: bufferevent_openssl defers the call, and one that belongs
 * to "100 Continue" may come when the answer was just put in. */
static void on_tls_written(struct bufferevent *bev, void *arg)
{
    struct conn *c = arg;
    struct server *s = c->server;

    if (evbuffer_get_length(bufferevent_get_output(bev)) > 0)
        return;
    bufferevent_setcb(bev, NULL, s->evhttp_write, s->evhttp_event, c->evcon);
    s->evhttp_write(bev, c->evcon);
}

static void on_tls_event(struct bufferevent *bev, short what, void *arg)
{
    struct conn *c = arg;

    c->server->evhttp_event(bev, what, c->evcon);
}

void conn_push(struct conn *c)
{
    struct evbuffer *out = bufferevent_get_output(c->bev);

    if (bufferevent_openssl_get_ssl(c->bev)) {
        bufferevent_setcb(c->bev, NULL, on_tls_written, on_tls_event, c);
    } else {
        /* Now, not when epoll says that one may: that saves two epoll_ctl and a turn of the loop an answer. */
        evbuffer_unfreeze(out, 1);
        evbuffer_write(out, c->fd);
        evbuffer_freeze(out, 1);
        if (evbuffer_get_length(out) == 0) {
            bufferevent_trigger(c->bev, EV_WRITE, 0);
            return;
        }
    }
    /* A peer that has closed its side still gets the whole answer: its end is not read before. */
    bufferevent_disable(c->bev, EV_READ);
}

/* As evhttp decides it after this callback. */
static bool will_close(struct evhttp_request *ev, struct server *s)
{
    const char *in = evhttp_find_header(evhttp_request_get_input_headers(ev), "Connection");
    const char *out = evhttp_find_header(evhttp_request_get_output_headers(ev), "Connection");

    return s->draining || (in && evutil_ascii_strcasecmp(in, "close") == 0) ||
           (out && evutil_ascii_strcasecmp(out, "close") == 0);
}

void conn_answered(struct evhttp_request *ev, void *arg)
{
    struct conn *c = arg;
    size_t held = c->held;

    conn_move(c, CONN_IDLE);
    c->held = 0;
    if (held && !will_close(ev, c->server))
        feed(c, bufferevent_get_input(c->bev), held);
}
