#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/util.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/connection.h"

#define SWEEP_US (US_PER_S / 2)
#define LINGER_US (2 * US_PER_S)
#define HANDSHAKE_US (10 * US_PER_S)
#define BACKLOG 4096

union listen_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int parse_address(const char *text, union listen_address *a, struct err *e)
{
    struct slice all = slice_z(text);
    const char *colon = strrchr(text, ':');
    struct slice host = slice_first(all, colon ? (size_t)(colon - text) : 0);
    uint64_t port;
    char copy[INET6_ADDRSTRLEN];

    bool v6 = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (v6)
        host = slice_of(host.ptr + 1, host.len - 2);
    *a = (union listen_address){ .any.sa_family = v6 ? AF_INET6 : AF_INET };
    if (host.len < sizeof copy) {
        memcpy(copy, host.ptr, host.len);
        copy[host.len] = '\0';
        if (inet_pton(a->any.sa_family, copy, v6 ? (void *)&a->v6.sin6_addr : (void *)&a->v4.sin_addr) == 1 &&
            slice_u64(slice_z(colon + 1), &port) == 0 && port <= 65535) {
            *(v6 ? &a->v6.sin6_port : &a->v4.sin_port) = htons((uint16_t)port);
            return 0;
        }
    }
    return err_set(e, ERR_INPUT, "listen address %s: give an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080",
                   text);
}

static int set_on(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof on);
}

/* The options of a listening socket are inherited by what it accepts. */
static int open_listener(const char *address, bool reuse_port, struct err *e)
{
    union listen_address a;

    if (parse_address(address, &a, e))
        return -1;
    int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, "cannot listen on %s", address);
    if (set_on(fd, SOL_SOCKET, SO_REUSEADDR) || set_on(fd, SOL_SOCKET, SO_KEEPALIVE) ||
        set_on(fd, IPPROTO_TCP, TCP_NODELAY) || (reuse_port && set_on(fd, SOL_SOCKET, SO_REUSEPORT)) ||
        bind(fd, &a.any, sizeof a) || listen(fd, BACKLOG)) {
        err_sys(e, "cannot listen on %s", address);
        close(fd);
        return -1;
    }
    return fd;
}

int server_probe(const char *address, struct err *e)
{
    int fd = open_listener(address, false, e);

    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int bound_port(int fd)
{
    union listen_address a;
    socklen_t len = sizeof a;

    getsockname(fd, &a.any, &len);
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

/* Mostly out of descriptors: the listener would be readable for ever. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct server *s = arg;

    LOG_WARN("cannot accept a connection: pausing", LOG_Z("cause", strerror(errno)));
    evconnlistener_disable(listener);
    s->paused = true;
}

static void tick(struct server *s)
{
    s->tick_us = clock_mono_us() + SWEEP_US;
    evutil_date_rfc1123(s->date, sizeof s->date, NULL);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    int64_t now = clock_mono_us();
    struct conn *c;

    (void)fd;
    (void)what;
    tick(s);
    /* What expires leaves its list, or comes back to its end with a new time. */
    for (int state = 0; state < CONN_NSTATES; state++)
        while (s->limit_us[state] && (c = TAILQ_FIRST(&s->conns[state])) && now - c->since_us >= s->limit_us[state])
            conn_expire(c);
    if (s->paused && s->listener)
        evconnlistener_enable(s->listener);
    s->paused = false;
}

static int64_t seconds_us(int seconds)
{
    return seconds * US_PER_S;
}

static void set_limits(struct server *s)
{
    int64_t request_us = seconds_us(s->o.request_timeout_s), idle_us = seconds_us(s->o.idle_timeout_s);

    s->limit_us[CONN_HANDSHAKE] = idle_us && idle_us < HANDSHAKE_US ? idle_us : HANDSHAKE_US;
    s->limit_us[CONN_IDLE] = idle_us;
    s->limit_us[CONN_READING] = request_us;
    s->limit_us[CONN_WRITING] = request_us;
    s->limit_us[CONN_LINGERING] = LINGER_US;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int len, void *arg)
{
    (void)listener;
    (void)len;
    conn_new(arg, fd, peer);
}

struct server *server_new(struct loop *loop, const struct server_options *o, struct err *e)
{
    const struct timeval every = { .tv_usec = SWEEP_US };
    int fd = open_listener(o->address, o->reuse_port, e);

    if (fd < 0)
        return NULL;
    struct server *s = mem_zalloc(sizeof *s);
    s->o = *o;
    s->o.address = NULL;
    s->tls = o->tls ? tls_ref(o->tls) : NULL;
    s->base = loop_base(loop);
    s->port = bound_port(fd);
    for (int state = 0; state < CONN_NSTATES; state++)
        TAILQ_INIT(&s->conns[state]);
    TAILQ_INIT(&s->spare);
    buf_init(&s->scratch, SIZE_MAX);
    set_limits(s);
    tick(s);
    s->sweep = event_new(s->base, -1, EV_PERSIST, on_sweep, s);
    event_add(s->sweep, &every);
    s->listener = evconnlistener_new(s->base, on_accept, s, LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, 0, fd);
    evconnlistener_set_error_cb(s->listener, on_accept_error);
    return s;
}

int server_port(const struct server *s)
{
    return s->port;
}

void server_set_tls(struct server *s, struct tls *tls)
{
    struct tls *old = s->tls;

    s->tls = tls ? tls_ref(tls) : NULL;
    tls_unref(old);
}

void server_drain(struct server *s)
{
    if (s->draining)
        return;
    s->draining = true;
    evconnlistener_free(s->listener);
    s->listener = NULL;
    /* What becomes idle later goes with the next sweep. */
    s->limit_us[CONN_IDLE] = s->limit_us[CONN_HANDSHAKE] = 1;
    static const enum conn_state idle[] = { CONN_IDLE, CONN_HANDSHAKE };
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
        while (!TAILQ_EMPTY(&s->conns[idle[i]]))
            conn_close(TAILQ_FIRST(&s->conns[idle[i]]));
}

int server_open_requests(const struct server *s)
{
    return s->n_conns[CONN_READING] + s->n_conns[CONN_WAITING] + s->n_conns[CONN_WRITING] + s->n_conns[CONN_LINGERING];
}

void server_free(struct server *s)
{
    if (!s)
        return;
    event_free(s->sweep);
    if (s->listener)
        evconnlistener_free(s->listener);
    for (int state = 0; state < CONN_NSTATES; state++)
        while (!TAILQ_EMPTY(&s->conns[state]))
            conn_close(TAILQ_FIRST(&s->conns[state]));
    request_forget_spares(s);
    tls_unref(s->tls);
    buf_clear(&s->scratch);
    free(s);
}
