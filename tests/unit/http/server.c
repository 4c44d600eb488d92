/* The server over real sockets on 127.0.0.1. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <event2/event.h>
#include <stdatomic.h>

#include "client.h"

static void test_kept_alive(void **state)
{
    int fd = client_connect(*state);

    for (int i = 0; i < 3; i++) {
        SAY(fd, "POST /a/b?c=d&e HTTP/1.1\r\nHost: a\r\nX-One: \t 1 \r\nContent-Length: 5\r\nx-two:\r\n\r\nhello");
        expect_start_end(hear(fd), "HTTP/1.1 200 OK\r\n", "POST /a/b?c=d&e X-One=1 x-two= hello");
    }
    close(fd);
}

static void test_answer_has_its_headers(void **state)
{
    int fd = client_connect(*state);

    SAY(fd, GET("/x"));
    char *got = hear(fd);
    assert_non_null(strstr(got, "\r\nContent-Type: text/plain\r\n"));
    assert_non_null(strstr(got, "\r\nDate: "));
    assert_non_null(strstr(got, " GMT\r\n"));
    assert_non_null(strstr(got, "\r\nContent-Length: 8\r\n"));
    assert_null(strstr(got, "Connection"));
    free(got);
    SAY(fd, GET("/problem"));
    got = hear(fd);
    assert_non_null(strstr(got, "HTTP/1.1 429 Too Many Requests\r\n"));
    assert_non_null(strstr(got, "\r\nContent-Type: application/problem+json\r\n"));
    assert_non_null(strstr(got, "\r\nRetry-After: 7\r\n"));
    assert_non_null(strstr(got, "\"type\":\"urn:hooklatch:problem:too-many\""));
    free(got);
    close(fd);
}

static void test_targets(void **state)
{
    int fd = client_connect(*state);

    SAY(fd, GET("http://host:80/p?q"));
    expect_start_end(hear(fd), "HTTP/1.1 200", "GET /p?q ");
    SAY(fd, GET("https://host?q/r"));
    expect_start_end(hear(fd), "HTTP/1.1 200", "GET /?q/r ");
    SAY(fd, "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n");
    expect_start_end(hear(fd), "HTTP/1.1 200", "OPTIONS *? ");
    SAY(fd, GET("/a%2fb:c//d/../\\?%00?"));
    expect_start_end(hear(fd), "HTTP/1.1 200", "GET /a%2fb:c//d/../\\?%00? ");
    close(fd);
}

static void test_methods(void **state)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };
    int fd = client_connect(*state);
    char text[200], want[32];

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        snprintf(text, sizeof text, "%s /m HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy", methods[i]);
        snprintf(want, sizeof want, "%s /m? xy", methods[i]);
        say(fd, slice_z(text));
        expect_start_end(hear(fd), "HTTP/1.1 200", want);
    }
    close(fd);
}

/* HEAD and 204 have no body; a body there would be read as the next answer's beginning. */
static void test_answers_without_a_body(void **state)
{
    int fd = client_connect(*state);

    SAY(fd, "HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n" GET("/empty") GET("/end"));
    shutdown(fd, SHUT_WR);
    char *got = hear_all(fd), *second = strstr(got, "HTTP/1.1 204");
    assert_non_null(second);
    assert_non_null(strstr(got, "\r\nContent-Length: 9\r\n")); /* "HEAD /h? " */
    assert_memory_equal(second - 4, "\r\n\r\n", 4);
    char *third = strstr(second, "HTTP/1.1 200 OK");
    assert_non_null(third);
    assert_memory_equal(third - 4, "\r\n\r\n", 4);
    *third = '\0';
    assert_null(strstr(second, "Content-Length"));
    free(got);
}

static void test_http_1_0(void **state)
{
    int fd = client_connect(*state);

    SAY(fd, "GET /a HTTP/1.0\r\n\r\n");
    expect_start_end(hear_all(fd), "HTTP/1.0 200", "GET /a? ");
    fd = client_connect(*state);
    SAY(fd, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect_start_end(hear(fd), "HTTP/1.0 200", "GET /a? ");
    SAY(fd, "GET /b HTTP/1.0\r\n\r\n");
    expect_start_end(hear_all(fd), "HTTP/1.0 200", "GET /b? ");
}

static void test_connection_close(void **state)
{
    int fd = client_connect(*state);

    SAY(fd, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" BAD);
    char *got = hear_all(fd);
    assert_non_null(strstr(got, "\r\nConnection: close\r\n"));
    assert_null(strstr(got, "HTTP/1.1 400"));
    free(got);
}

/* What is framed as two bodies, in pieces that are no lines. */
static void test_bodies_in_pieces(void **state)
{
    struct bench *b = *state;
    struct buf text;
    int fd = client_connect(b);

    buf_init(&text, 4 << 20);
    buf_puts(&text, "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 300; i++)
        buf_printf(&text, "%x\r\n%0*d\r\n", i + 1, i + 1, i);
    buf_puts(&text, "0\r\nX-Trailer: yes\r\n\r\nPOST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 700000\r\n\r\n");
    memset(buf_room(&text, 700000), 'z', 700000);
    text.len += 700000;
    for (size_t at = 0, step = 1; at < text.len; at += step, step = step * 3 % 70001 + 1) {
        say(fd, slice_first(slice_from(buf_slice(&text), at), step));
        on_loop(b, nothing);
    }
    char *got = hear(fd);
    assert_int_equal(strlen(strstr(got, "POST /c? 001002")), 9 + 300 * 301 / 2);
    free(got);
    got = hear(fd);
    assert_int_equal(strlen(strstr(got, "POST /l? z")), 9 + 700000);
    free(got);
    buf_clear(&text);
    close(fd);
}

static void test_pipelined(void **state)
{
    struct bench *b = *state;
    struct buf text;
    int fd = client_connect(b);
    char want[32];

    buf_init(&text, 1 << 20);
    for (int i = 0; i < 500; i++)
        buf_printf(&text, "POST /n%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n%03d", i, i);
    say(fd, buf_slice(&text));
    for (int i = 0; i < 500; i++) {
        snprintf(want, sizeof want, "POST /n%d? %03d", i, i);
        expect_start_end(hear(fd), "HTTP/1.1 200", want);
    }
    buf_clear(&text);
    close(fd);
}

/* The refusal of the second waits for the answer to the first, in whatever pieces they came. */
static void test_refusal_behind_an_answer(void **state)
{
    struct bench *b = *state;

    for (int pieces = 0; pieces < 2; pieces++) {
        int fd = client_connect(b);
        if (pieces) {
            SAY(fd, GET("/later"));
            while (sem_wait(&b->held))
                ;
            SAY(fd, BAD GET("/never"));
        } else {
            SAY(fd, GET("/later") BAD GET("/never"));
            while (sem_wait(&b->held))
                ;
        }
        on_loop(b, nothing);
        assert_int_equal(b->n_refused, pieces);
        on_loop(b, answer_later);
        char *got = hear_all(fd), *second = strstr(got, "lateHTTP/1.1 400 Bad Request\r\n");
        assert_memory_equal(got, "HTTP/1.1 200 OK\r\n", 17);
        assert_non_null(second);
        assert_non_null(strstr(second, "urn:hooklatch:problem:no-host"));
        assert_null(strstr(second, "/never"));
        free(got);
    }
    assert_int_equal(b->n_requests, 2);
    assert_int_equal(b->n_refused, 2);
}

static void test_refusals(void **state)
{
    static const struct {
        struct slice bytes;
        const char *first, *reason, *target;
    } rows[] = {
        { SLICE(BAD), "HTTP/1.1 400 Bad Request\r\n", "no-host", "/" },
        { SLICE("FROB /x HTTP/1.1\r\n"), "HTTP/1.1 501 Not Implemented\r\n", "unknown-method", "/x" },
        { SLICE("TRACE /x HTTP/1.1\r\n"), "HTTP/1.1 405 Method Not Allowed\r\n", "method-not-allowed", "/x" },
        { SLICE(GET("/unknown/a?b")), "HTTP/1.1 404 Not Found\r\n", "unknown-source", "/unknown/a?b" },
        { SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP/1.1 505 HTTP Version Not Supported\r\n",
          "http-version", "*" },
        { SLICE("POST /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX"),
          "HTTP/1.1 400 Bad Request\r\n", "chunk-end", "/y" },
        { SLICE("POST /z HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n"), "HTTP/1.1 413 Content Too Large\r\n",
          "body-too-large", "/z" },
        { SLICE("POST /z HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n"), "HTTP/1.1 417 Expectation Failed\r\n",
          "expectation", "/z" },
    };
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = client_connect(b);
        say(fd, rows[i].bytes);
        char *got = hear_all(fd);
        assert_memory_equal(got, rows[i].first, strlen(rows[i].first));
        assert_non_null(strstr(got, "\r\nConnection: close\r\n"));
        assert_non_null(strstr(got, "\r\nContent-Type: application/problem+json\r\n"));
        assert_non_null(strstr(got, rows[i].reason));
        assert_int_equal(!!strstr(got, "\r\nAllow: "), i == 2);
        assert_int_equal(strlen(strstr(got, "\r\n\r\n") + 4), strtol(strstr(got, "Content-Length: ") + 16, NULL, 10));
        free(got);
        on_loop(b, nothing);
        assert_int_equal(b->n_refused, i + 1);
        assert_string_equal(b->refused_target, rows[i].target);
        assert_non_null(strstr(b->refused, rows[i].reason));
    }
    assert_int_equal(b->n_requests, 0);
}

static void test_refused_head_has_no_body(void **state)
{
    int fd = client_connect(*state);

    SAY(fd, "HEAD /unknown HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_start_end(hear_all(fd), "HTTP/1.1 404 Not Found\r\n", "\r\n\r\n");
}

/* The client is still sending when it is refused. Closed at once, the kernel would reset the connection and the client
 * would lose the answer: 20 of 20. */
static void test_early_answers_arrive(void **state)
{
    static char megabyte[1 << 20];

    for (int i = 0; i < 20; i++) {
        int fd = client_connect(*state);
        SAY(fd, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
        for (int j = 0; j < 3; j++)
            say(fd, slice_of(megabyte, sizeof megabyte));
        shutdown(fd, SHUT_WR);
        expect_start_end(hear_all(fd), "HTTP/1.1 413", "}");
    }
}

static void test_expect_continue(void **state)
{
    int fd = client_connect(*state);

    SAY(fd, "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    expect_text(hear(fd), "HTTP/1.1 100 Continue\r\n\r\n");
    SAY(fd, "hi");
    expect_start_end(hear(fd), "HTTP/1.1 200", "POST /x? hi");
    SAY(fd, "POST /unknown HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    expect_start_end(hear_all(fd), "HTTP/1.1 404", "}");
}

static void test_limit_of_its_own(void **state)
{
    struct bench *b = *state;
    struct buf text;
    int fd = client_connect(b);

    buf_init(&text, 4 << 20);
    buf_printf(&text, "POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%0*d", 2 << 20, 2 << 20, 0);
    say(fd, buf_slice(&text));
    expect_text(hear(fd), "POST /large? 000");
    buf_clear(&text);
    close(fd);
}

static void count_open(struct bench *b)
{
    b->n_open = server_open_requests(b->server);
}

/* Closed, or closed with a reset, while the handler has the request. */
static void test_client_leaves(void **state)
{
    struct bench *b = *state;

    for (int reset = 0; reset < 2; reset++) {
        struct linger now = { reset, 0 };
        int fd = client_connect(b);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        SAY(fd, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" GET("/next"));
        while (sem_wait(&b->held))
            ;
        close(fd);
        on_loop(b, nothing);
        on_loop(b, answer_later);
        wait_for_connections(b, 0);
        on_loop(b, count_open);
        assert_int_equal(b->budget.body_bytes, 0);
        assert_int_equal(b->n_open, 0);
    }
}

static void test_half_closed_client_is_answered(void **state)
{
    struct bench *b = *state;
    int fd = client_connect(b);

    SAY(fd, GET("/later"));
    shutdown(fd, SHUT_WR);
    while (sem_wait(&b->held))
        ;
    for (int i = 0; i < 5; i++) /* turns in which the end is seen */
        on_loop(b, nothing);
    on_loop(b, answer_later);
    expect_start_end(hear_all(fd), "HTTP/1.1 200", "late");
}

/* More than the socket takes at once; the client has closed its side and reads slowly. */
static void test_big_answer(void **state)
{
    struct bench *b = *state;
    int fd = client_connect(b);

    SAY(fd, GET("/big"));
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < 5; i++)
        on_loop(b, nothing);
    char *got = hear_all(fd);
    assert_int_equal(strlen(strstr(got, "\r\n\r\n") + 4), 4 << 20);
    free(got);
}

static void drain(struct bench *b)
{
    server_drain(b->server);
}

static void test_drain(void **state)
{
    struct bench *b = *state;
    int idle = client_connect(b), busy = client_connect(b), reading = client_connect(b);

    SAY(idle, GET("/x"));
    free(hear(idle));
    SAY(busy, GET("/later"));
    while (sem_wait(&b->held))
        ;
    SAY(reading, "GET /y HTTP/1.1\r\n");
    wait_for_connections(b, 3);
    while (b->n_open < 2)
        on_loop(b, count_open);
    on_loop(b, drain);
    char *got = hear_all(idle);
    assert_string_equal(got, "");
    free(got);
    on_loop(b, answer_later);
    got = hear_all(busy);
    assert_non_null(strstr(got, "\r\nConnection: close\r\n"));
    free(got);
    SAY(reading, "Host: a\r\n\r\n");
    expect_start_end(hear_all(reading), "HTTP/1.1 200", "GET /y? ");
    wait_for_connections(b, 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(b->server)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    close(fd);
}

/* Connections in every state, and requests that the handler answers only after the server is gone: tear_down checks
 * that all that was counted came back. */
static void test_freed_in_the_middle(void **state)
{
    struct bench *b = *state;

    for (int i = 0; i < 4; i++) {
        SAY(client_connect(b), "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        while (sem_wait(&b->held))
            ;
        client_connect(b);
        SAY(client_connect(b), "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
        SAY(client_connect(b), BAD);
        SAY(client_connect(b), GET("/big"));
    }
    wait_for_connections(b, 20);
}

static void test_addresses(void **state)
{
    static const char *const bad[] = { "localhost:80", "127.0.0.1", "127.0.0.1:",   ":80", "::1",
                                       "[::1]",        "1.2.3.4:99999", "127.0.0.1:8o", "",  "127.0.0.1:-1" };
    struct bench *b = bench_new();
    struct err e;
    char taken[32];

    (void)state;
    bench_start(b);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(server_probe(bad[i], &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_non_null(strstr(e.text, "127.0.0.1:8080"));
    }
    snprintf(taken, sizeof taken, "127.0.0.1:%d", server_port(b->server));
    assert_int_equal(server_probe(taken, &e), -1);
    assert_non_null(strstr(e.text, taken));
    assert_non_null(strstr(e.text, "Address already in use"));
    assert_int_equal(server_probe("127.0.0.1:0", &e), 0);
    if (server_probe("[::1]:0", &e)) /* IPv6 may be switched off */
        assert_int_equal(e.code, ERR_SYSTEM);
    bench_stop(b);
}

static void test_several_on_one_port(void **state)
{
    struct bench *b = bench_new(), *c = bench_new();
    struct err e;
    char address[32];

    (void)state;
    b->o.reuse_port = c->o.reuse_port = true;
    bench_start(b);
    snprintf(address, sizeof address, "127.0.0.1:%d", server_port(b->server));
    assert_int_equal(server_probe(address, &e), -1);
    c->o.address = address;
    bench_start(c);
    assert_int_equal(server_port(c->server), server_port(b->server));
    bench_stop(c);
    bench_stop(b);
}

static atomic_int warnings;

static void note_warning(int severity, const char *text)
{
    atomic_fetch_add(&warnings, 1);
    fprintf(stderr, "libevent (%d): %s\n", severity, text);
}

/* Answered in the handler and closed: epoll hears nothing of a socket after its end. */
static void test_closed_on_a_plain_loop(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    b->plain_loop = true;
    event_set_log_callback(note_warning);
    bench_start(b);
    for (int i = 0; i < 3; i++) {
        int fd = client_connect(b);
        SAY(fd, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        expect_start_end(hear_all(fd), "HTTP/1.1 200", "GET /a? ");
    }
    wait_for_connections(b, 0);
    bench_stop(b);
    event_set_log_callback(NULL);
    assert_int_equal(atomic_load(&warnings), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUIET_BENCH(test_kept_alive),
        QUIET_BENCH(test_answer_has_its_headers),
        QUIET_BENCH(test_targets),
        QUIET_BENCH(test_methods),
        QUIET_BENCH(test_answers_without_a_body),
        QUIET_BENCH(test_http_1_0),
        QUIET_BENCH(test_connection_close),
        QUIET_BENCH(test_bodies_in_pieces),
        QUIET_BENCH(test_pipelined),
        QUIET_BENCH(test_refusal_behind_an_answer),
        QUIET_BENCH(test_refusals),
        QUIET_BENCH(test_refused_head_has_no_body),
        QUIET_BENCH(test_early_answers_arrive),
        QUIET_BENCH(test_expect_continue),
        QUIET_BENCH(test_limit_of_its_own),
        QUIET_BENCH(test_client_leaves),
        QUIET_BENCH(test_half_closed_client_is_answered),
        QUIET_BENCH(test_big_answer),
        QUIET_BENCH(test_drain),
        WITH_BENCH(test_freed_in_the_middle, bench_set_up),
        cmocka_unit_test(test_closed_on_a_plain_loop),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_several_on_one_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
