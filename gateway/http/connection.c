#include "http/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

/* So many connections above the limit still get their 503 with a lingering close; all others are just closed. */
#define OVERFLOW_ANSWERED 128
/* One connection reads and answers no more than this in a turn of the loop, or the others would wait. */
#define TURN_BYTES (256u << 10)
#define TURN_STEPS 64 /* two a request: its head, its end */
/* Nor does it read more at once where it is not known to belong to this request: what follows is moved to the block's
 * start with each answer. */
#define READ_BYTES (64u << 10)
/* What a refused peer may go on sending before nobody reads it any more. */
#define LINGER_BYTES (32u << 20)

static const struct http_refusal refuse_connections = { 503, "too-many-connections", "Try again later.", 1, NULL };
static const struct http_refusal refuse_bodies = { 503, "overload", "Too much is coming in: try again later.", 1, NULL };
static const struct http_refusal refuse_slow = { 408, "request-timeout", "Send the request faster.", 0, NULL };

static void conn_move(struct conn *c, enum conn_state to)
{
    struct server *s = c->server;

    TAILQ_REMOVE(&s->conns[c->state], c, link);
    s->n_conns[c->state]--;
    c->state = to;
    c->since_us = s->tick_us;
    TAILQ_INSERT_TAIL(&s->conns[to], c, link);
    s->n_conns[to]++;
}

void conn_close(struct conn *c)
{
    struct server *s = c->server;
    struct request *r = c->request;

    TAILQ_REMOVE(&s->conns[c->state], c, link);
    s->n_conns[c->state]--;
    event_del(&c->readable);
    event_del(&c->writable);
    sock_close(&c->sock);
    atomic_fetch_sub_explicit(&s->o.budget->connections, 1, memory_order_relaxed);
    if (r && c->state == CONN_WAITING) {
        /* The handler has it: only the server's end comes in between. */
        r->conn = NULL;
        r->server = NULL;
    } else if (r) {
        request_free(r);
    }
    buf_clear(&c->unsent);
    free(c->client);
    free(c);
}

static void pause_reading(struct conn *c)
{
    event_del(&c->readable);
    c->paused = true;
}

/* By way of epoll, so that all others get their turn: a socket can nearly always be written to. */
static void go_on_later(struct conn *c)
{
    event_add(&c->writable, NULL);
}

static void resume_reading(struct conn *c)
{
    if (c->paused)
        event_add(&c->readable, NULL);
    c->paused = false;
    if (sock_has_pending(&c->sock))
        go_on_later(c);
}

/* Closed at once, late bytes would make the kernel answer with a reset, which takes the answer from the peer. */
static void linger(struct conn *c)
{
    if (c->request)
        request_free(c->request);
    c->request = NULL;
    conn_move(c, CONN_LINGERING);
    sock_end(&c->sock);
    resume_reading(c);
}

static bool serve(struct conn *c);

/* The answer is with the kernel. */
static void on_sent(struct conn *c)
{
    struct request *r = c->request;

    if (!c->keep_alive) {
        linger(c);
        return;
    }
    if (r->len > r->parser.at) {
        request_restart(r);
        conn_move(c, CONN_READING);
    } else {
        request_free(r);
        c->request = NULL;
        conn_move(c, CONN_IDLE);
    }
    resume_reading(c);
    if (!c->serving)
        serve(c);
}

/* The answer cannot be written: its request is over. */
static void fail(struct conn *c)
{
    if (c->request)
        request_free(c->request);
    c->request = NULL;
    c->failed = true;
    if (!c->serving)
        conn_close(c);
}

/* What the socket does not take now waits in unsent, with the memory it is in. */
void conn_send(struct conn *c, bool keep_alive)
{
    struct server *s = c->server;
    ssize_t n = sock_write(&c->sock, s->scratch.ptr, s->scratch.len);

    c->keep_alive = keep_alive;
    if (n == (ssize_t)s->scratch.len) {
        on_sent(c);
        return;
    }
    if (n == SOCK_FAILED || n == SOCK_END) {
        fail(c);
        return;
    }
    c->sent = n > 0 ? (size_t)n : 0;
    c->unsent.ptr = buf_take(&s->scratch, &c->unsent.len);
    conn_move(c, CONN_WRITING);
    event_add(&c->writable, NULL);
}

static void send_rest(struct conn *c)
{
    while (c->sent < c->unsent.len) {
        ssize_t n = sock_write(&c->sock, c->unsent.ptr + c->sent, c->unsent.len - c->sent);
        if (n == SOCK_WAIT_READ) {
            resume_reading(c);
            return;
        }
        if (n == SOCK_WAIT_WRITE) {
            event_add(&c->writable, NULL);
            return;
        }
        if (n <= 0) {
            conn_close(c);
            return;
        }
        c->sent += (size_t)n;
    }
    buf_clear(&c->unsent);
    c->sent = 0;
    on_sent(c);
}

static void refuse(struct conn *c, const struct http_refusal *why)
{
    struct server *s = c->server;
    struct slice target = c->request ? span_slice(c->request->parser.target, c->request->block) : SLICE_NONE;
    bool head = c->request && slice_eq(span_slice(c->request->parser.method, c->request->block), SLICE("HEAD"));
    bool headed = c->request && c->request->parser.state >= PARSER_HEAD_READ;

    if (s->o.on_refused)
        s->o.on_refused(s->o.arg, why, headed ? c->request : NULL, target, slice_z(c->remote));
    request_put_refusal(s, why, !head);
    conn_send(c, false);
}

static bool check_head(struct conn *c, struct http_refusal *why)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct server *s = c->server;
    struct request *r = c->request;
    struct parser *p = &r->parser;
    struct http_head head = { r, span_slice(p->method, r->block), span_slice(p->target, r->block), p->has_length,
                              p->length };
    bool taken = !s->o.on_head || s->o.on_head(s->o.arg, &head, &p->body_max, why);

    r->collected = false; /* the block moves when the body comes */
    if (!taken)
        return false;
    if (p->expects_continue && (p->chunked || p->length) && p->length <= p->body_max && r->len == p->at &&
        sock_write(&c->sock, go_on, sizeof go_on - 1) != sizeof go_on - 1)
        c->failed = true;
    return true;
}

/* The bytes of bodies that came in are in the budget of the process until their request is answered. */
static bool charge(struct conn *c, struct http_refusal *why)
{
    struct request *r = c->request;
    struct server_budget *b = c->server->o.budget;
    size_t n = r->parser.body_len - r->charged;

    if (n == 0)
        return true;
    r->charged += n;
    if (atomic_fetch_add_explicit(&b->body_bytes, (int64_t)n, memory_order_relaxed) + (int64_t)n <= b->max_body_bytes)
        return true;
    *why = refuse_bodies;
    return false;
}

/* One step with the bytes that are there. False: nothing more can be done with them. */
static bool serve_some(struct conn *c)
{
    struct request *r = c->request;
    struct http_refusal why;
    enum parse_result result = parser_read(&r->parser, r->block, &r->len, &why);

    if (result == PARSE_REFUSED || !charge(c, &why) || (result == PARSE_HEAD && !check_head(c, &why)))
        refuse(c, &why);
    else if (result == PARSE_DONE) {
        conn_move(c, CONN_WAITING);
        c->server->o.handler(r, c->server->o.arg);
    }
    return result != PARSE_MORE;
}

/* A loop, not a recursion: a handler may answer at once, and the next request may be there already. False: the conn is
 * gone. */
static bool serve(struct conn *c)
{
    int steps = 0;

    c->serving = true;
    c->turn_over = false;
    while (c->state == CONN_READING && !c->failed && !c->turn_over && serve_some(c))
        c->turn_over = c->state == CONN_READING && c->request->len > 0 && ++steps == TURN_STEPS;
    c->serving = false;
    if (c->turn_over)
        go_on_later(c);
    if (!c->failed)
        return true;
    conn_close(c);
    return false;
}

static void begin_request(struct conn *c)
{
    c->request->start_us = clock_mono_us();
    conn_move(c, CONN_READING);
}

static void on_no_input(struct conn *c, ssize_t result)
{
    if (result == SOCK_END || result == SOCK_FAILED) {
        conn_close(c);
        return;
    }
    if (result == SOCK_WAIT_WRITE)
        event_add(&c->writable, NULL);
    if (c->request->len == 0) {
        request_free(c->request);
        c->request = NULL;
    }
}

/* Reads until the socket has no more or nobody wants more; a short read says the former without a second call. */
static void take_input(struct conn *c)
{
    size_t room, taken = 0;
    ssize_t n;

    do {
        if (!c->request)
            c->request = request_new(c);
        struct request *r = c->request;
        if (r->len == r->cap)
            request_grow(r);
        room = r->cap - r->len;
        if (room > READ_BYTES && !parser_needs(&r->parser))
            room = READ_BYTES;
        n = sock_read(&c->sock, r->block + r->len, room);
        if (n <= 0) {
            on_no_input(c, n);
            return;
        }
        r->len += (size_t)n;
        taken += (size_t)n;
        if (c->state != CONN_READING)
            begin_request(c);
        if (!serve(c))
            return;
    } while (c->state <= CONN_READING && !c->turn_over && taken < TURN_BYTES && ((size_t)n == room || c->sock.ssl));
    if (c->state <= CONN_READING && sock_has_pending(&c->sock))
        go_on_later(c);
}

/* First what is there already: the peer's end, which may be behind it, is met only by reading on. */
static void go_on(struct conn *c)
{
    if (c->turn_over && (!serve(c) || c->turn_over || c->state > CONN_READING))
        return;
    take_input(c);
}

static void discard_input(struct conn *c)
{
    char junk[16384];
    ssize_t n = recv(c->sock.fd, junk, sizeof junk, 0);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        conn_close(c);
        return;
    }
    c->discarded += n > 0 ? (size_t)n : 0;
    if (c->discarded > LINGER_BYTES)
        pause_reading(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    switch (c->state) {
    case CONN_HANDSHAKE:
    case CONN_IDLE:
    case CONN_READING:
        go_on(c);
        break;
    case CONN_WRITING:
        if (c->sock.ssl && !event_pending(&c->writable, EV_WRITE, NULL)) {
            send_rest(c);
            break;
        }
        /* fallthrough */
    case CONN_WAITING:
        /* The next request; or the peer has left, or only stopped sending: the answer goes out all the same. */
        pause_reading(c);
        break;
    case CONN_LINGERING:
        discard_input(c);
        break;
    case CONN_NSTATES:
        break;
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    if (c->state == CONN_WRITING)
        send_rest(c);
    else if (c->state <= CONN_READING)
        go_on(c);
}

static void put_remote(struct conn *c, const struct sockaddr *peer)
{
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)peer)->sin6_addr;
    const void *v4 = &((const struct sockaddr_in *)peer)->sin_addr;
    bool mapped = peer->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(v6);

    if (peer->sa_family == AF_INET || mapped)
        inet_ntop(AF_INET, mapped ? &v6->s6_addr[12] : v4, c->remote, sizeof c->remote);
    else if (!inet_ntop(peer->sa_family, v6, c->remote, sizeof c->remote))
        c->remote[0] = '\0';
}

void conn_new(struct server *s, int fd, const struct sockaddr *peer)
{
    struct conn *c = mem_zalloc(sizeof *c);
    struct server_budget *b = s->o.budget;
    int before = atomic_fetch_add_explicit(&b->connections, 1, memory_order_relaxed);

    c->server = s;
    c->sock = (struct sock){ fd, s->tls ? tls_accept(s->tls, fd) : NULL };
    c->state = s->tls ? CONN_HANDSHAKE : CONN_IDLE;
    c->since_us = s->tick_us;
    buf_init(&c->unsent, SIZE_MAX);
    put_remote(c, peer);
    TAILQ_INSERT_TAIL(&s->conns[c->state], c, link);
    s->n_conns[c->state]++;
    event_assign(&c->readable, s->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->writable, s->base, fd, EV_WRITE, on_writable, c);
    event_add(&c->readable, NULL);
    if (before < b->max_connections)
        return;
    if (s->tls || before >= b->max_connections + OVERFLOW_ANSWERED)
        conn_close(c);
    else
        refuse(c, &refuse_connections);
}

void conn_expire(struct conn *c)
{
    if (c->state == CONN_READING)
        refuse(c, &refuse_slow);
    else if (c->state == CONN_HANDSHAKE && sock_ready(&c->sock) && !c->server->draining)
        conn_move(c, CONN_IDLE);
    else
        conn_close(c);
}
