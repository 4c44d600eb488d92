/* tests/unit/http/client.h - a server on a loop in a thread of its own, and raw clients that say exactly the bytes they
 * are given. For server.c, limits.c and tls.c. */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "http/certificate.h"
#include "http/server.h"

struct bench {
    struct loop *loop;
    bool plain_loop; /* without a change list, as the admin listener's */
    pthread_t thread;
    struct server *server;
    struct server_budget budget;
    struct server_options o;
    sem_t held; /* posted for every request that a handler keeps */
    struct request *later[16];
    int n_later;
    int n_requests, n_refused, n_open; /* on the loop */
    int marked; /* n_requests when /mark came */
    sem_t gate; /* wait_at_gate holds the loop up until it is posted */
    char refused[64], refused_target[64];
};

/* Runs fn(b) on the loop and waits for it. */
struct errand {
    struct mail mail;
    void (*fn)(struct bench *b);
    struct bench *b;
    sem_t done;
};

static inline void run_errand(struct mail *m)
{
    struct errand *e = (struct errand *)m;

    e->fn(e->b);
    sem_post(&e->done);
}

static inline void on_loop(struct bench *b, void (*fn)(struct bench *b))
{
    struct errand e = { .mail.run = run_errand, .fn = fn, .b = b };

    sem_init(&e.done, 0, 0);
    loop_post(b->loop, &e.mail);
    while (sem_wait(&e.done))
        ;
    sem_destroy(&e.done);
}

static inline void answer_later(struct bench *b)
{
    static const struct header type = { { "Content-Type", 12 }, { "text/plain", 10 } };
    struct request *r = b->later[0];

    memmove(b->later, b->later + 1, sizeof b->later - sizeof *b->later);
    b->n_later--;
    request_answer(r, 200, &type, 1, SLICE("late"));
}

static inline void put_echo(struct buf *out, struct request *r)
{
    size_t n;
    const struct header *h = request_headers(r, &n);

    buf_put(out, request_method(r));
    buf_putc(out, ' ');
    buf_put(out, request_path(r));
    buf_putc(out, '?');
    buf_put(out, request_query(r));
    for (size_t i = 0; i < n; i++)
        if (slice_starts_nocase(h[i].name, SLICE("X-"))) {
            buf_printf(out, " %.*s=", SLICE_FMT(h[i].name));
            buf_put(out, h[i].value);
        }
    buf_putc(out, ' ');
    buf_put(out, request_body(r));
}

static inline void handle(struct request *r, void *arg)
{
    struct bench *b = arg;
    struct slice path = request_path(r);
    struct header type = { SLICE("Content-Type"), SLICE("text/plain") };
    struct buf out;

    b->n_requests++;
    buf_init(&out, 64 << 20);
    if (slice_eq(path, SLICE("/later"))) {
        b->later[b->n_later++] = r;
        sem_post(&b->held);
    } else if (slice_eq(path, SLICE("/mark"))) {
        b->marked = b->n_requests;
        request_answer(r, 204, NULL, 0, SLICE_NONE);
    } else if (slice_eq(path, SLICE("/empty"))) {
        request_answer(r, 204, NULL, 0, SLICE_NONE);
    } else if (slice_eq(path, SLICE("/client"))) {
        const struct client_names *names = request_client(r);
        buf_puts(&out, names ? "certificate:" : "no certificate");
        for (size_t i = 0; names && i < names->n; i++)
            buf_printf(&out, " %.*s", SLICE_FMT(names->list[i]));
        buf_puts(&out, ";");
        request_answer(r, 200, &type, 1, buf_slice(&out));
    } else if (slice_eq(path, SLICE("/problem"))) {
        request_problem(r, 429, "too-many", SLICE("Slow down."), 7);
    } else if (slice_eq(path, SLICE("/big"))) {
        memset(buf_room(&out, 4 << 20), 'b', 4 << 20);
        out.len = 4 << 20;
        request_answer(r, 200, &type, 1, buf_slice(&out));
    } else {
        put_echo(&out, r);
        request_answer(r, 200, &type, 1, buf_slice(&out));
    }
    buf_clear(&out);
}

static inline bool check_head(void *arg, const struct http_head *head, size_t *body_bytes, struct http_refusal *why)
{
    (void)arg;
    if (slice_starts(head->target, SLICE("/large")))
        *body_bytes = 8 << 20;
    if (!slice_starts(head->target, SLICE("/unknown")))
        return true;
    *why = (struct http_refusal){ 404, "unknown-source", "No source has this path.", 0, NULL };
    return false;
}

static inline void note_refusal(void *arg, const struct http_refusal *why, const struct request *headed,
                                struct slice target, struct slice remote)
{
    struct bench *b = arg;

    (void)headed;
    b->n_refused++;
    snprintf(b->refused, sizeof b->refused, "%d %s", why->status, why->reason);
    snprintf(b->refused_target, sizeof b->refused_target, "%.*s", SLICE_FMT(target));
    if (!slice_eq(remote, SLICE("127.0.0.1")))
        abort();
}

static inline void *run_loop(void *arg)
{
    loop_run(((struct bench *)arg)->loop);
    return NULL;
}

static inline struct bench *bench_new(void)
{
    struct bench *b = mem_zalloc(sizeof *b);

    signal(SIGPIPE, SIG_IGN);
    sem_init(&b->held, 0, 0);
    b->budget.max_connections = 1000;
    b->budget.max_body_bytes = 16 << 20;
    b->o = (struct server_options){
        .address = "127.0.0.1:0",
        .limits = { .uri_bytes = 1024, .head_bytes = 8192, .headers = 30, .body_bytes = 1 << 20 },
        .request_timeout_s = 60,
        .idle_timeout_s = 60,
        .budget = &b->budget,
        .handler = handle,
        .on_head = check_head,
        .on_refused = note_refusal,
        .arg = b,
    };
    return b;
}

/* After b->o was changed to taste. */
static inline void bench_start(struct bench *b)
{
    struct err e;

    b->loop = loop_new(!b->plain_loop, &e);
    assert_non_null(b->loop);
    b->server = server_new(b->loop, &b->o, &e);
    if (!b->server)
        fail_msg("%s", e.text);
    assert_int_equal(pthread_create(&b->thread, NULL, run_loop, b), 0);
}

static inline void bench_stop(struct bench *b)
{
    loop_stop(b->loop);
    pthread_join(b->thread, NULL);
    server_free(b->server);
    while (b->n_later)
        answer_later(b);
    loop_free(b->loop);
    assert_int_equal(b->budget.connections, 0);
    assert_int_equal(b->budget.body_bytes, 0);
    sem_destroy(&b->held);
    free(b);
}

static inline void nothing(struct bench *b)
{
    (void)b;
}

/* Until the server has met the end of all connections; every round trip gives its loop a turn. */
static inline void wait_for_connections(struct bench *b, int n)
{
    for (time_t end = time(NULL) + 20; b->budget.connections != n;) {
        on_loop(b, nothing);
        if (time(NULL) > end)
            fail_msg("%d connections are left, not %d", b->budget.connections, n);
    }
}

static inline int client_connect(struct bench *b)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(b->server)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval patience = { 20, 0 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static inline void say(int fd, struct slice s)
{
    while (s.len) {
        ssize_t n = send(fd, s.ptr, s.len, MSG_NOSIGNAL);
        assert_true(n > 0);
        s = slice_from(s, (size_t)n);
    }
}
#define SAY(fd, literal) say(fd, SLICE(literal))

/* Everything until the peer closes; a time-out or a reset fails the test. */
static inline char *hear_all(int fd)
{
    struct buf b;
    ssize_t n;

    buf_init(&b, 64 << 20);
    while ((n = recv(fd, buf_room(&b, 65536), 65536, 0)) > 0)
        b.len += (size_t)n;
    if (n < 0)
        fail_msg("the answer was cut (after %zu bytes)", b.len);
    buf_put(&b, SLICE_NONE);
    close(fd);
    return buf_take(&b, NULL);
}

/* One response with a Content-Length (none for HEAD, 1xx, 204): head and body in one NUL-terminated block. */
static inline char *hear(int fd)
{
    struct buf b;
    char c, *end, *length;
    size_t want = 0;

    buf_init(&b, 64 << 20);
    buf_put(&b, SLICE_NONE);
    while (!(end = strstr(b.ptr, "\r\n\r\n"))) {
        if (recv(fd, &c, 1, 0) != 1)
            fail_msg("no whole response: %s", b.ptr);
        buf_putc(&b, c);
    }
    if ((length = strcasestr(b.ptr, "\r\ncontent-length:")))
        want = strtoul(length + 17, NULL, 10);
    while (want > 0) {
        ssize_t n = recv(fd, buf_room(&b, want), want, 0);
        assert_true(n > 0);
        b.len += (size_t)n;
        want -= (size_t)n;
    }
    buf_put(&b, SLICE_NONE);
    return buf_take(&b, NULL);
}

static inline void expect_text(char *got, const char *want)
{
    if (!strstr(got, want))
        fail_msg("no \"%s\" in:\n%s", want, got);
    free(got);
}

static inline void expect_start_end(char *got, const char *start, const char *end)
{
    size_t n = strlen(got), m = strlen(end);

    if (strncmp(got, start, strlen(start)) || n < m || strcmp(got + n - m, end))
        fail_msg("not \"%s\" ... \"%s\":\n%s", start, end, got);
    free(got);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define BAD "GET / HTTP/1.1\r\n\r\n"

static inline int bench_set_up(void **state)
{
    struct bench *b = bench_new();

    bench_start(b);
    *state = b;
    return 0;
}

static inline int bench_tear_down(void **state)
{
    bench_stop(*state);
    return 0;
}

static inline int bench_tear_down_quiet(void **state)
{
    struct bench *b = *state;

    wait_for_connections(b, 0);
    return bench_tear_down(state);
}

#define WITH_BENCH(test, up) cmocka_unit_test_setup_teardown(test, up, bench_tear_down)
#define QUIET_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down_quiet)

#endif
