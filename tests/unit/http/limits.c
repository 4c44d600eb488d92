/* What the server bounds: time, connections, bytes, and the turn of one connection among others. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <malloc.h>

#include "client.h"

static int set_up_short(void **state)
{
    struct bench *b = bench_new();

    b->o.request_timeout_s = b->o.idle_timeout_s = 1;
    bench_start(b);
    *state = b;
    return 0;
}

static void test_slow_sender(void **state)
{
    struct bench *b = *state;
    int head = client_connect(b), body = client_connect(b), idle = client_connect(b), used = client_connect(b);

    SAY(head, "GET /slow HTTP/1.1\r\nHo");
    SAY(body, "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    SAY(used, GET("/x"));
    free(hear(used));
    expect_start_end(hear_all(head), "HTTP/1.1 408 Request Timeout\r\n", "}");
    expect_start_end(hear_all(body), "HTTP/1.1 408 Request Timeout\r\n", "}");
    on_loop(b, nothing);
    assert_string_equal(b->refused_target, "/slow");
    expect_start_end(hear_all(idle), "", "");
    expect_start_end(hear_all(used), "", "");
    wait_for_connections(b, 0);
}

/* The handler's time is not the sender's: no deadline there. */
static void test_slow_handler(void **state)
{
    struct bench *b = *state;
    int fd = client_connect(b), idle = client_connect(b);

    SAY(fd, GET("/later"));
    while (sem_wait(&b->held))
        ;
    expect_start_end(hear_all(idle), "", ""); /* a whole time-out has passed */
    on_loop(b, answer_later);
    expect_start_end(hear(fd), "HTTP/1.1 200", "late");
    close(fd);
}

/* A refused client that never closes is dropped after a while. */
static void test_lingering_ends(void **state)
{
    struct bench *b = *state;
    int fd = client_connect(b);

    SAY(fd, BAD);
    free(hear(fd));
    wait_for_connections(b, 0);
    close(fd);
}

static int set_up_small(void **state)
{
    struct bench *b = bench_new();

    b->budget.max_connections = 3;
    b->budget.max_body_bytes = 1000;
    bench_start(b);
    *state = b;
    return 0;
}

static void test_connection_limit(void **state)
{
    struct bench *b = *state;
    int fd[4];

    for (int i = 0; i < 4; i++) {
        fd[i] = client_connect(b);
        wait_for_connections(b, i + 1);
    }
    char *got = hear_all(fd[3]);
    assert_non_null(strstr(got, "HTTP/1.1 503 Service Unavailable\r\n"));
    assert_non_null(strstr(got, "\r\nRetry-After: 1\r\n"));
    free(got);
    wait_for_connections(b, 3);
    for (int i = 0; i < 3; i++) {
        SAY(fd[i], GET("/x"));
        expect_start_end(hear(fd[i]), "HTTP/1.1 200", "GET /x? ");
        close(fd[i]);
    }
    wait_for_connections(b, 0);
}

static void test_body_budget(void **state)
{
    struct bench *b = *state;
    int one = client_connect(b), two = client_connect(b);

    SAY(one, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    while (sem_wait(&b->held))
        ;
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 996\r\n\r\n%0996d", 0);
    say(two, buf_slice(&text));
    char *got = hear_all(two);
    assert_non_null(strstr(got, "HTTP/1.1 503 Service Unavailable\r\n"));
    assert_non_null(strstr(got, "\r\nRetry-After: 1\r\n"));
    free(got);
    on_loop(b, answer_later);
    expect_start_end(hear(one), "HTTP/1.1 200", "late");
    say(one, buf_slice(&text));
    expect_start_end(hear(one), "HTTP/1.1 200", "000");
    buf_clear(&text);
    close(one);
    wait_for_connections(b, 0);
    assert_int_equal(b->budget.body_bytes, 0);
}

static void wait_at_gate(struct mail *m)
{
    struct bench *b = ((struct errand *)m)->b;

    while (sem_wait(&b->gate))
        ;
}

/* However many requests one connection has put in a row, another one's is not kept waiting by all of them. */
static void test_pipelining_is_fair(void **state)
{
    struct bench *b = *state;
    struct errand e = { .mail.run = wait_at_gate, .b = b };
    struct buf text;

    sem_init(&b->gate, 0, 0);
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_puts(&text, GET("/x"));
    for (int first = 0; first < 2; first++) {
        int greedy = client_connect(b), modest = client_connect(b);
        wait_for_connections(b, 2);
        int before = b->n_requests;
        loop_post(b->loop, &e.mail);
        if (first)
            SAY(modest, GET("/mark"));
        say(greedy, buf_slice(&text));
        if (!first)
            SAY(modest, GET("/mark"));
        shutdown(greedy, SHUT_WR);
        shutdown(modest, SHUT_WR);
        sem_post(&b->gate);
        free(hear_all(greedy));
        free(hear_all(modest));
        wait_for_connections(b, 0);
        assert_int_equal(b->n_requests, before + 1001);
        assert_in_range(b->marked - before, 1, 200);
    }
    buf_clear(&text);
    sem_destroy(&b->gate);
}

/* A large body, then the first byte of a next request: the room that the body took is not kept for it. */
static void test_room_is_given_back(void **state)
{
    struct bench *b = *state;
    struct buf text;
    int fd[40];

    buf_init(&text, 4 << 20);
    buf_puts(&text, "POST /large HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 32; i++)
        buf_printf(&text, "10000\r\n%065536d\r\n", 0);
    buf_puts(&text, "0\r\n\r\nG");
    size_t used = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (size_t i = 0; i < sizeof fd / sizeof *fd; i++) {
        fd[i] = client_connect(b);
        say(fd[i], buf_slice(&text));
        free(hear(fd[i]));
    }
    on_loop(b, nothing);
    assert_int_equal(b->budget.body_bytes, 0);
    /* The answers' own buffers, and the blocks that are there for all: but not two megabytes for each. */
    assert_in_range(mallinfo2().uordblks + mallinfo2().hblkhd, 0, used + 20 * (2 << 20));
    for (size_t i = 0; i < sizeof fd / sizeof *fd; i++)
        close(fd[i]);
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_slow_sender, set_up_short),
        WITH_BENCH(test_slow_handler, set_up_short),
        WITH_BENCH(test_lingering_ends, set_up_short),
        WITH_BENCH(test_connection_limit, set_up_small),
        WITH_BENCH(test_body_budget, set_up_small),
        QUIET_BENCH(test_pipelining_is_fair),
        QUIET_BENCH(test_room_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
