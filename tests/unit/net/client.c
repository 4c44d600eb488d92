#include "net/client.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server.h"

#define OK(body_length, body) "HTTP/1.1 200 OK\r\nContent-Length: " body_length "\r\n\r\n" body
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define FIELD "X-Field: value\r\n"
#define EIGHT FIELD FIELD FIELD FIELD FIELD FIELD FIELD FIELD

static const struct server_rule rules[] = {
    { "/ok", OK("2", "{}"), THEN_KEEP },
    { "/hundred", OK("100", HUNDRED), THEN_KEEP },
    { "/101", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" HUNDRED "x", THEN_WAIT },
    { "/chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n",
      THEN_KEEP },
    { "/chunks-too-large", "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" HUNDRED "\r\n1\r\nx\r\n",
      THEN_WAIT },
    { "/to-the-end", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", THEN_CLOSE },
    { "/moved", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", THEN_KEEP },
    { "/fields",
      "HTTP/1.1 100 Continue\r\nX-Early: yes\r\n\r\nHTTP/1.1 422 No\r\nhooklatch-RETRY:  no \r\nX-Twice: one\r\n"
      "X-Twice: two\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
      THEN_KEEP },
    { "/63-fields",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT FIELD FIELD FIELD FIELD FIELD
          FIELD "\r\n",
      THEN_KEEP },
    { "/65-fields", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT "\r\n",
      THEN_WAIT },
    { "/retry-seconds", "HTTP/1.1 503 No\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", THEN_KEEP },
    { "/retry-date", "HTTP/1.1 503 No\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n",
      THEN_KEEP },
    { "/retry-future", "HTTP/1.1 503 No\r\nRetry-After: Wed, 01 Jan 2200 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n",
      THEN_KEEP },
    { "/retry-nonsense", "HTTP/1.1 503 No\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", THEN_KEEP },
    { "/closed", "", THEN_CLOSE },
    { "/half", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", THEN_CLOSE },
    { "/never", "", THEN_WAIT },
    { "/slow-body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", THEN_WAIT },
    { "/nonsense", "SSH-2.0-OpenSSH\r\n\r\n", THEN_CLOSE },
    { NULL, NULL, THEN_KEEP },
};

struct fixture {
    struct test_server *server;
    struct loop *loop;
    struct client *client;
    int done;
    int stop_at;        /* the loop ends after so many answers */
    struct answer last; /* slices point into the two below */
    char body[256], head[4096];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err e;

    f->server = test_server_new(rules);
    f->loop = loop_new(false, &e);
    f->client = client_new(f->loop, &e);
    f->stop_at = 1;
    *state = f;
    return f->client ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    client_free(f->client);
    loop_free(f->loop);
    test_server_free(f->server);
    free(f);
    return 0;
}

static void on_done(void *arg, const struct answer *a)
{
    struct fixture *f = arg;

    f->last = *a;
    snprintf(f->body, sizeof f->body, "%.*s", SLICE_FMT(a->body));
    snprintf(f->head, sizeof f->head, "%.*s", SLICE_FMT(a->head));
    f->last.body = slice_of(f->body, a->body.len);
    f->last.head = slice_of(f->head, a->head.len);
    if (++f->done == f->stop_at)
        loop_stop(f->loop);
}

static struct call *start(struct fixture *f, const char *host, const char *path, const struct call_options *some)
{
    char url[256];
    struct call_options o = some ? *some : (struct call_options){ .allow_private = true };

    snprintf(url, sizeof url, "http://%s:%d%s", host, test_server_port(f->server), path);
    o.url = url;
    o.method = o.method ? o.method : "POST";
    o.timeout_us = o.timeout_us ? o.timeout_us : 20 * US_PER_S;
    o.answer_max = o.answer_max ? o.answer_max : 100;
    return client_call(f->client, &o, on_done, f);
}

/* One call, to its end. */
static const struct answer *fetch_from(struct fixture *f, const char *host, const char *path,
                                       const struct call_options *some)
{
    f->done = 0;
    start(f, host, path, some);
    loop_run(f->loop);
    return &f->last;
}

static const struct answer *fetch(struct fixture *f, const char *path, const struct call_options *some)
{
    return fetch_from(f, "127.0.0.1", path, some);
}

static void a_call_sends_what_it_is_given(void **state)
{
    struct fixture *f = *state;
    const char *headers[] = { "X-One: 1", "Content-Type: application/json", NULL };
    struct call_options o = { .headers = headers, .body = SLICE("{\"a\":1}"), .allow_private = true };
    char host[64];

    const struct answer *a = fetch(f, "/ok?x=../y", &o);
    assert_int_equal(a->result, CALL_ANSWERED);
    assert_int_equal(a->status, 404);
    const char *r = test_server_request(f->server, 0);
    assert_memory_equal(r, "POST /ok?x=../y HTTP/1.1\r\n", 26);
    snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%d\r\n", test_server_port(f->server));
    assert_non_null(strstr(r, host));
    assert_non_null(strstr(r, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(r, "\r\nContent-Length: 7\r\n"));
    assert_non_null(strstr(r, "\r\n\r\n{\"a\":1}"));
    assert_null(strcasestr(r, "Expect"));
    assert_null(strcasestr(r, "Accept-Encoding"));
    assert_null(strcasestr(r, "x-www-form"));
}

static void a_large_body_goes_without_expect(void **state)
{
    struct fixture *f = *state;
    size_t len = 900 * 1000;
    char *body = malloc(len);

    memset(body, 'x', len);
    struct call_options o = { .body = slice_of(body, len), .allow_private = true };
    assert_int_equal(fetch(f, "/ok", &o)->status, 200);
    const char *r = test_server_request(f->server, 0);
    assert_null(strcasestr(r, "Expect"));
    assert_int_equal(strlen(strstr(r, "\r\n\r\n") + 4), len);
    free(body);
}

static void methods_are_as_asked(void **state)
{
    struct fixture *f = *state;
    struct call_options get = { .method = "GET", .allow_private = true };
    struct call_options del = { .method = "DELETE", .allow_private = true };
    struct call_options put = { .method = "PUT", .body = SLICE("x"), .allow_private = true };

    assert_int_equal(fetch(f, "/ok", &put)->status, 200);
    assert_int_equal(fetch(f, "/ok", &get)->status, 200);
    assert_int_equal(fetch(f, "/ok", &del)->status, 200);
    assert_int_equal(fetch(f, "/ok", NULL)->status, 200);
    assert_memory_equal(test_server_request(f->server, 0), "PUT ", 4);
    assert_memory_equal(test_server_request(f->server, 1), "GET ", 4);
    assert_null(strstr(test_server_request(f->server, 1), "Content-Length"));
    assert_memory_equal(test_server_request(f->server, 2), "DELETE ", 7);
    assert_memory_equal(test_server_request(f->server, 3), "POST ", 5);
    assert_non_null(strstr(test_server_request(f->server, 3), "Content-Length: 0"));
}

static void connections_are_used_again(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 20; i++)
        assert_int_equal(fetch(f, i % 2 ? "/chunks" : "/hundred", NULL)->status, 200);
    assert_int_equal(test_server_connections(f->server), 1);
    f->stop_at = 30;
    f->done = 0;
    for (int i = 0; i < 30; i++)
        start(f, "127.0.0.1", "/ok", NULL);
    loop_run(f->loop);
    assert_int_equal(f->done, 30);
}

static void both_framings_are_read(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(fetch(f, "/chunks", NULL)->body.ptr, "abcdefg");
    assert_int_equal(fetch(f, "/to-the-end", NULL)->status, 200);
    assert_string_equal(f->body, "all of it");
    assert_string_equal(fetch(f, "/ok", NULL)->body.ptr, "{}");
}

static void an_answer_above_the_limit_is_cut(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fetch(f, "/hundred", NULL)->result, CALL_ANSWERED);
    assert_int_equal(f->last.body.len, 100);
    assert_int_equal(fetch(f, "/101", NULL)->result, CALL_TOO_LARGE);
    assert_int_equal(f->last.status, 200);
    assert_string_equal(f->last.error, "the answer's body is larger than 100 bytes");
    assert_int_equal(fetch(f, "/chunks-too-large", NULL)->result, CALL_TOO_LARGE);
    assert_int_equal(f->last.status, 500);
}

static void redirects_are_not_followed(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fetch(f, "/moved", NULL)->status, 302);
    assert_null(test_server_request(f->server, 1));
}

static void header_fields_are_found(void **state)
{
    struct fixture *f = *state;
    const struct answer *a = fetch(f, "/fields", NULL);

    assert_int_equal(a->status, 422);
    assert_true(slice_eq_z(answer_header(a, "Hooklatch-Retry"), "no"));
    assert_true(slice_eq_z(answer_header(a, "x-twice"), "two"));
    assert_non_null(answer_header(a, "X-Empty").ptr);
    assert_int_equal(answer_header(a, "X-Empty").len, 0);
    assert_null(answer_header(a, "X-Early").ptr);
    assert_null(answer_header(a, "X").ptr);
    assert_int_equal(fetch(f, "/63-fields", NULL)->result, CALL_ANSWERED);
    assert_int_equal(fetch(f, "/65-fields", NULL)->result, CALL_FAILED);
    assert_non_null(strstr(f->last.error, "larger than 64 fields"));
}

static void retry_after_is_read(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fetch(f, "/retry-seconds", NULL)->retry_after_us, 120 * US_PER_S);
    assert_int_equal(fetch(f, "/retry-date", NULL)->retry_after_us, 0);
    clock_test_set(INT64_C(7258118400) * US_PER_S - 60 * US_PER_S); /* a minute before 2200 */
    assert_in_range(fetch(f, "/retry-future", NULL)->retry_after_us, 1, 60 * US_PER_S);
    clock_test_set(INT64_MIN);
    assert_int_equal(fetch(f, "/retry-nonsense", NULL)->retry_after_us, -1);
    assert_int_equal(fetch(f, "/ok", NULL)->retry_after_us, -1);
}

static void broken_answers_are_told(void **state)
{
    static const struct {
        const char *path, *words;
    } broken[] = {
        { "/closed", "closed the connection without an answer" },
        { "/half", "was lost before the answer was whole" },
        { "/nonsense", "127.0.0.1:" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_int_equal(fetch(f, broken[i].path, NULL)->result, CALL_FAILED);
        if (!strstr(f->last.error, broken[i].words))
            fail_msg("%s: %s", broken[i].path, f->last.error);
    }
}

static void time_is_limited(void **state)
{
    struct fixture *f = *state;
    struct call_options o = { .timeout_us = 100 * 1000, .allow_private = true };

    assert_int_equal(fetch(f, "/never", &o)->result, CALL_TIMEOUT);
    assert_non_null(strstr(f->last.error, "within 0.1 s"));
    assert_int_equal(fetch(f, "/slow-body", &o)->result, CALL_TIMEOUT);
}

static void a_refused_connection_is_told(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof sa;
    char url[64], words[128];
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening: nobody else gets the port */

    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(sa.sin_port));
    snprintf(words, sizeof words, "connection refused by 127.0.0.1:%d", ntohs(sa.sin_port));
    struct call_options o = {
        .method = "POST",
        .url = url,
        .timeout_us = 20 * US_PER_S,
        .answer_max = 10,
        .allow_private = true,
    };
    client_call(f->client, &o, on_done, f);
    loop_run(f->loop);
    assert_int_equal(f->last.result, CALL_FAILED);
    assert_string_equal(f->last.error, words);
    close(fd);
}

static void bad_urls_are_answers_too(void **state)
{
    static const char *const urls[] = { "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "gopher://127.0.0.1:1/x",
                                        "http://user:pass@127.0.0.1/" };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct call_options o = {
            .method = "POST", .url = urls[i], .timeout_us = US_PER_S, .answer_max = 10, .allow_private = true
        };
        f->done = 0;
        client_call(f->client, &o, on_done, f);
        assert_int_equal(f->done, 0); /* never before client_call returns */
        loop_run(f->loop);
        assert_int_equal(f->last.result, CALL_FAILED);
        assert_true(f->last.error[0]);
    }
}

static void the_environments_proxy_is_not_used(void **state)
{
    struct fixture *f = *state;

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    assert_int_equal(fetch(f, "/ok", NULL)->status, 200);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

static void private_addresses_are_refused_unless_allowed(void **state)
{
    struct fixture *f = *state;
    struct call_options closed = { .allow_private = false };

    assert_int_equal(fetch(f, "/ok", &closed)->result, CALL_REFUSED_BY_POLICY);
    assert_string_equal(f->last.error, "calls to 127.0.0.1 are not allowed (a private address)");
    /* What a name leads to is judged, not the name. */
    assert_int_equal(fetch_from(f, "localhost", "/ok", &closed)->result, CALL_REFUSED_BY_POLICY);
    assert_int_equal(fetch_from(f, "0x7f000001", "/ok", &closed)->result, CALL_REFUSED_BY_POLICY);
    assert_int_equal(fetch_from(f, "[::ffff:127.0.0.1]", "/ok", &closed)->result, CALL_REFUSED_BY_POLICY);
    assert_int_equal(test_server_connections(f->server), 0);
}

static void a_used_connection_is_judged_again(void **state)
{
    struct fixture *f = *state;
    struct call_options closed = { .allow_private = false };

    assert_int_equal(fetch(f, "/ok", NULL)->status, 200);
    assert_int_equal(fetch(f, "/ok", NULL)->status, 200);
    assert_int_equal(fetch(f, "/ok", &closed)->result, CALL_REFUSED_BY_POLICY);
    assert_int_equal(test_server_connections(f->server), 1); /* it was there to be used */
    assert_null(test_server_request(f->server, 2));
    assert_int_equal(fetch(f, "/ok", NULL)->status, 200);
}

static void metadata_is_never_called(void **state)
{
    static const char *const hosts[] = { "169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "0.0.0.0",
                                         "[64:ff9b::a9fe:a9fe]" };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (fetch_from(f, hosts[i], "/ok", NULL)->result != CALL_REFUSED_BY_POLICY)
            fail_msg("%s: %s", hosts[i], f->last.error);
    }
}

static struct call *to_cancel;

static void on_cancel(struct mail *m)
{
    (void)m;
    call_cancel(to_cancel);
}

static void a_cancelled_call_says_nothing(void **state)
{
    struct fixture *f = *state;
    struct mail m = { .run = on_cancel };

    to_cancel = start(f, "127.0.0.1", "/never", NULL);
    struct call *at_once = start(f, "127.0.0.1", "/ok", NULL);
    call_cancel(at_once);
    loop_post(f->loop, &m);
    start(f, "127.0.0.1", "/ok", NULL);
    loop_run(f->loop);
    assert_int_equal(f->done, 1);
    assert_int_equal(f->last.status, 200);
}

struct chain {
    struct fixture *f;
    struct call *other;
    int left;
};

static void on_link(void *arg, const struct answer *a)
{
    struct chain *c = arg;
    char url[128];

    assert_int_equal(a->status, 200);
    if (c->other)
        call_cancel(c->other);
    if (c->left-- == 0) {
        loop_stop(c->f->loop);
        return;
    }
    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", test_server_port(c->f->server));
    struct call_options o = {
        .method = "POST", .url = url, .timeout_us = 20 * US_PER_S, .answer_max = 10, .allow_private = true
    };
    c->other = client_call(c->f->client, &o, on_done, c->f);
    client_call(c->f->client, &o, on_link, c);
}

static void calls_start_and_end_others(void **state)
{
    struct fixture *f = *state;
    struct chain c = { f, NULL, 20 };
    struct answer first = { .status = 200 };

    f->stop_at = -1;
    on_link(&c, &first);
    loop_run(f->loop);
    assert_int_equal(c.left, -1);
}

static void a_client_is_freed_with_calls_under_way(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 5; i++)
        start(f, i % 2 ? "127.0.0.1" : "localhost", "/never", NULL);
    start(f, "127.0.0.1", "/ok", NULL);
    loop_run(f->loop);
    assert_int_equal(f->done, 1); /* the rest is cut by tear_down */
}

static void fetch_blocks_and_tells(void **state)
{
    struct fixture *f = *state;
    struct buf answer;
    struct err e;
    int status = 0;
    char url[128];
    struct call_options o = {
        .method = "GET", .url = url, .timeout_us = 20 * US_PER_S, .answer_max = 100, .allow_private = true
    };

    buf_init(&answer, 100);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hundred", test_server_port(f->server));
    assert_int_equal(client_fetch(&o, &status, &answer, &e), 0);
    assert_int_equal(status, 200);
    assert_int_equal(answer.len, 100);
    buf_reset(&answer);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/101", test_server_port(f->server));
    assert_int_equal(client_fetch(&o, &status, &answer, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/closed", test_server_port(f->server));
    assert_int_equal(client_fetch(&o, &status, &answer, &e), -1);
    assert_non_null(strstr(e.text, "closed the connection"));
    buf_clear(&answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_sends_what_it_is_given),
        TEST(a_large_body_goes_without_expect),
        TEST(methods_are_as_asked),
        TEST(connections_are_used_again),
        TEST(both_framings_are_read),
        TEST(an_answer_above_the_limit_is_cut),
        TEST(redirects_are_not_followed),
        TEST(header_fields_are_found),
        TEST(retry_after_is_read),
        TEST(broken_answers_are_told),
        TEST(time_is_limited),
        TEST(a_refused_connection_is_told),
        TEST(bad_urls_are_answers_too),
        TEST(the_environments_proxy_is_not_used),
        TEST(private_addresses_are_refused_unless_allowed),
        TEST(a_used_connection_is_judged_again),
        TEST(metadata_is_never_called),
        TEST(a_cancelled_call_says_nothing),
        TEST(calls_start_and_end_others),
        TEST(a_client_is_freed_with_calls_under_way),
        TEST(fetch_blocks_and_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
