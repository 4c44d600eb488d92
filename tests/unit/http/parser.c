/* The parser's verdict on whole streams: fed at once, cut at every point, and byte by byte it must be the same. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/parser.h"

static const struct http_limits limits = { .uri_bytes = 64, .head_bytes = 400, .headers = 5, .body_bytes = 1000 };

/* What came out of a stream. */
struct verdict {
    int requests; /* ended */
    uint64_t bodies[8];
    struct http_refusal why; /* status 0: none */
    bool idle;
    char targets[512]; /* of complete heads, each with a space behind it */
    uint64_t sum;      /* over the bytes of bodies and the values of headers */
    bool keep_alive;   /* of the last one */
};

static bool check_head(struct verdict *v, struct parser *p, const char *block)
{
    struct slice target = span_slice(p->target, block);

    strncat(v->targets, target.ptr, target.len);
    strcat(v->targets, " ");
    if (slice_ends(target, SLICE("/small")))
        p->body_max = 3;
    if (!slice_ends(target, SLICE("/none")))
        return true;
    v->why = (struct http_refusal){ 404, "unknown-source", "No such source.", 0, NULL };
    return false;
}

/* One stream of requests: what a connection does. */
struct stream {
    struct verdict v;
    struct parser parser;
    struct field fields[5];
    char *block; /* of exactly len bytes, so that the address sanitizer sees a look beyond */
    size_t len;
    bool over;
};

static void stream_init(struct stream *s)
{
    *s = (struct stream){ .v = { .idle = true } };
    parser_init(&s->parser, &limits, s->fields);
}

static void move(struct stream *s, size_t from, size_t extra, const char *more)
{
    size_t len = s->len - from + extra;
    char *block = malloc(len ? len : 1);

    if (s->len > from)
        memcpy(block, s->block + from, s->len - from);
    if (extra)
        memcpy(block + s->len - from, more, extra);
    free(s->block);
    s->block = block;
    s->len = len;
}

static void on_done(struct stream *s)
{
    struct parser *p = &s->parser;
    struct slice body = slice_of(s->block + p->body_at, p->body_len);

    s->v.bodies[s->v.requests % 8] = p->body_len;
    for (size_t i = 0; i < body.len; i++)
        s->v.sum = s->v.sum * 31 + (unsigned char)body.ptr[i];
    for (unsigned i = 0; i < p->n_fields; i++) {
        struct slice value = span_slice(p->fields[i].value, s->block);
        for (size_t k = 0; k < value.len; k++)
            s->v.sum = s->v.sum * 31 + (unsigned char)value.ptr[k];
    }
    s->v.requests++;
    s->v.keep_alive = p->keep_alive;
    move(s, p->at, 0, NULL);
    parser_init(p, &limits, s->fields);
}

static void feed(struct stream *s, struct slice part)
{
    if (s->over || part.len == 0)
        return;
    move(s, 0, part.len, part.ptr);
    while (!s->over && s->len) {
        size_t len = s->len;
        enum parse_result r = parser_read(&s->parser, s->block, &len, &s->v.why);
        assert_true(len <= s->len);
        assert_true(len >= s->parser.at || r == PARSE_REFUSED);
        s->len = len;
        move(s, 0, 0, NULL);
        s->v.bodies[s->v.requests % 8] = s->parser.body_len;
        if (r == PARSE_REFUSED || (r == PARSE_HEAD && !check_head(&s->v, &s->parser, s->block)))
            s->over = true;
        else if (r == PARSE_DONE)
            on_done(s);
        else if (r == PARSE_MORE)
            break;
    }
    s->v.idle = !s->over && s->len == 0;
}

static struct verdict stream_end(struct stream *s)
{
    free(s->block);
    return s->v;
}

/* Cuts at a and b. */
static struct verdict judge(struct slice s, size_t a, size_t b)
{
    struct stream stream;

    stream_init(&stream);
    feed(&stream, slice_first(s, a));
    feed(&stream, slice_first(slice_from(s, a), b - a));
    feed(&stream, slice_from(s, b));
    return stream_end(&stream);
}

static struct verdict judge_bytewise(struct slice s)
{
    struct stream stream;

    stream_init(&stream);
    for (size_t i = 0; i < s.len; i++)
        feed(&stream, slice_of(s.ptr + i, 1));
    return stream_end(&stream);
}

static void same(const struct verdict *a, const struct verdict *b, const char *name)
{
    if (a->requests != b->requests || a->why.status != b->why.status || a->idle != b->idle || a->sum != b->sum ||
        a->keep_alive != b->keep_alive ||
        strcmp(a->targets, b->targets) || memcmp(a->bodies, b->bodies, sizeof a->bodies) ||
        (a->why.status && strcmp(a->why.reason, b->why.reason)))
        fail_msg("%s: the verdict depends on the split: %d/%s against %d/%s", name, a->why.status,
                 a->why.reason ? a->why.reason : "-", b->why.status, b->why.reason ? b->why.reason : "-");
}

struct row {
    const char *name;
    struct slice bytes;
    int requests, status;
    const char *reason;
    int64_t body; /* of the first request */
};

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /x HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16

static const struct row accepted[] = {
    { "get", SLICE(GET "\r\n"), 1, 0, NULL, 0 },
    { "options *", SLICE("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n"), 1, 0, NULL, 0 },
    { "absolute", SLICE("GET http://a.b:80/x?y HTTP/1.1\r\nHost: a.b\r\n\r\n"), 1, 0, NULL, 0 },
    { "absolute v6", SLICE("GET https://[::1]:80/x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 1, 0, NULL, 0 },
    { "absolute without a path", SLICE("GET http://a?x=%00 HTTP/1.1\r\nHost: a\r\n\r\n"), 1, 0, NULL, 0 },
    { "1.0", SLICE("GET / HTTP/1.0\r\n\r\n"), 1, 0, NULL, 0 },
    { "patch", SLICE("PATCH / HTTP/1.1\r\nHost: a\r\n\r\n"), 1, 0, NULL, 0 },
    { "length", SLICE(POST "Content-Length: 5\r\n\r\nhello"), 1, 0, NULL, 5 },
    { "length 0", SLICE(POST "Content-Length: 0\r\n\r\n"), 1, 0, NULL, 0 },
    { "length 007", SLICE(POST "content-length:\t007 \r\n\r\n1234567"), 1, 0, NULL, 7 },
    { "get with a body", SLICE(GET "Content-Length: 5\r\n\r\nGET /" GET "\r\n"), 2, 0, NULL, 5 },
    { "head with length 0", SLICE("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), 1, 0, NULL, 0 },
    { "body of any bytes", SLICE(POST "Content-Length: 5\r\n\r\n\0\r\n\xff\n"), 1, 0, NULL, 5 },
    { "chunks", SLICE(CHUNKED "5\r\nhello\r\n00aB\r\n12345678901234567890"
                              "12345678901234567890" A64 A64 "123\r\n0\r\n\r\n"), 1, 0, NULL, 176 },
    { "chunked is any case", SLICE(POST "Transfer-Encoding: ChunkeD\r\n\r\n0\r\n\r\n"), 1, 0, NULL, 0 },
    { "extensions", SLICE(CHUNKED "2;a=b;c=\"d\";\xe4\r\nhe\r\n3;\r\nllo\r\n0;z\r\n\r\n"), 1, 0, NULL, 5 },
    { "trailer", SLICE(CHUNKED "1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n" GET "\r\n"), 2, 0, NULL, 1 },
    { "expect", SLICE(POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"), 1, 0, NULL, 1 },
    { "expect of 1.0 is ignored", SLICE("GET / HTTP/1.0\r\nExpect: wonders\r\n\r\n"), 1, 0, NULL, 0 },
    { "pipelined", SLICE(GET "\r\n" POST "Content-Length: 2\r\n\r\nxy" GET "\r\n"), 3, 0, NULL, 0 },
    { "five headers", SLICE(GET "a:\r\nb: \t x\xe4 \r\nc:c:c\r\nd:d\r\n\r\n"), 1, 0, NULL, 0 },
    { "odd names", SLICE(GET "!#$%&'*+-.^_`|~9: x\r\n\r\n"), 1, 0, NULL, 0 },
    { "%00 in the query", SLICE("GET /a%01?%00 HTTP/1.1\r\nHost: a\r\n\r\n"), 1, 0, NULL, 0 },
    { "target of 64", SLICE("GET /" A16 A16 A16 "aaaaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\n\r\n"), 1, 0, NULL, 0 },
    { "limit of its own", SLICE("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"), 1, 0, NULL, 3 },
};

static const struct row refused[] = {
    /* request line */
    { "empty line first", SLICE("\r\n" GET "\r\n"), 0, 400, "bad-request-line", 0 },
    { "lower case", SLICE("get / HTTP/1.1\r\n"), 0, 400, "bad-request-line", 0 },
    { "tls hello", SLICE("\x16\x03\x01\x02"), 0, 400, "tls-on-plain-port", 0 },
    { "0.9", SLICE("GET /\r\n"), 0, 400, "bad-request-line", 0 },
    { "two spaces", SLICE("GET  / HTTP/1.1\r\n"), 0, 400, "bad-request-line", 0 },
    { "space behind", SLICE("GET / HTTP/1.1 \r\n"), 0, 400, "bad-request-line", 0 },
    { "tab", SLICE("GET\t/ HTTP/1.1\r\n"), 0, 400, "bad-request-line", 0 },
    { "preface of 2", SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 0, 505, "http-version", 0 },
    { "1.2", SLICE("GET / HTTP/1.2\r\n"), 0, 505, "http-version", 0 },
    { "1.10", SLICE("GET / HTTP/1.10\r\n"), 0, 400, "bad-request-line", 0 },
    { "http/1.1", SLICE("GET / http/1.1\r\n"), 0, 400, "bad-request-line", 0 },
    { "connect", SLICE("CONNECT a:1 HTTP/1.1\r\n"), 0, 405, "method-not-allowed", 0 },
    { "trace", SLICE("TRACE / HTTP/1.1\r\n"), 0, 405, "method-not-allowed", 0 },
    { "unknown method", SLICE("FROB / HTTP/1.1\r\n"), 0, 501, "unknown-method", 0 },
    { "GETS", SLICE("GETS / HTTP/1.1\r\n"), 0, 501, "unknown-method", 0 },
    { "no token", SLICE("G(T / HTTP/1.1\r\n"), 0, 400, "bad-request-line", 0 },
    { "nul", SLICE("GET /\0 HTTP/1.1\r\n"), 0, 400, "control-character", 0 },
    { "bare cr", SLICE("GET / HTTP/1.1\rHost: a\r\n"), 0, 400, "control-character", 0 },
    { "bare lf", SLICE("GET / HTTP/1.1\nHost: a\r\n"), 0, 400, "bare-lf", 0 },
    { "raw utf-8", SLICE("GET /\xc3\xa4 HTTP/1.1\r\n"), 0, 400, "bad-target", 0 },
    { "fragment", SLICE("GET /#a HTTP/1.1\r\n"), 0, 400, "bad-target", 0 },
    { "relative", SLICE("GET a/b HTTP/1.1\r\n"), 0, 400, "bad-target", 0 },
    { "other scheme", SLICE("GET ftp://a/ HTTP/1.1\r\n"), 0, 400, "bad-target", 0 },
    { "no authority", SLICE("GET http:/// HTTP/1.1\r\n"), 0, 400, "bad-target", 0 },
    { "user info", SLICE("GET http://u@a/ HTTP/1.1\r\n"), 0, 400, "bad-target", 0 },
    { "port too large", SLICE("GET http://a:65536/ HTTP/1.1\r\n"), 0, 400, "bad-target", 0 },
    { "two slashes", SLICE("POST //webhooks/a HTTP/1.1\r\n"), 0, 400, "double-slash", 0 },
    { "get *", SLICE("GET * HTTP/1.1\r\n"), 0, 400, "bad-target", 0 },
    { "%00", SLICE("GET /a%00b HTTP/1.1\r\n"), 0, 400, "nul-in-path", 0 },
    { "%00 in absolute", SLICE("GET http://a/%00 HTTP/1.1\r\n"), 0, 400, "nul-in-path", 0 },
    { "target of 65", SLICE("GET /" A64 " HTTP/1.1\r\n"), 0, 414, "uri-too-long", 0 },
    { "endless target", SLICE("GET /" A64 A64), 0, 414, "uri-too-long", 0 },
    /* headers */
    { "no host", SLICE("GET / HTTP/1.1\r\n\r\n"), 0, 400, "no-host", 0 },
    { "two hosts", SLICE(GET "Host: a\r\n"), 0, 400, "two-hosts", 0 },
    { "bad host", SLICE("GET / HTTP/1.1\r\nHost: a b\r\n"), 0, 400, "bad-host", 0 },
    { "host with a path", SLICE("GET / HTTP/1.1\r\nHost: a/b\r\n"), 0, 400, "bad-host", 0 },
    { "folded", SLICE(GET "x: y\r\n z\r\n"), 0, 400, "folded-header", 0 },
    { "space before colon", SLICE(GET "x : y\r\n"), 0, 400, "bad-header", 0 },
    { "no colon", SLICE(GET "xy\r\n"), 0, 400, "bad-header", 0 },
    { "no name", SLICE(GET ": y\r\n"), 0, 400, "bad-header", 0 },
    { "nul first", SLICE(GET "\0Content-Length: 5\r\n"), 0, 400, "control-character", 0 },
    { "nul in a value", SLICE(GET "a: b\0c\r\n"), 0, 400, "control-character", 0 },
    { "cr in a value", SLICE(GET "a: b\rc\r\n"), 0, 400, "control-character", 0 },
    { "cr cr lf", SLICE(GET "a: b\r\r\n"), 0, 400, "control-character", 0 },
    { "bell", SLICE(GET "a: \a\r\n"), 0, 400, "control-character", 0 },
    { "del", SLICE(GET "a: \x7f\r\n"), 0, 400, "control-character", 0 },
    { "lf ends a header", SLICE(GET "a: b\n"), 0, 400, "bare-lf", 0 },
    { "lf ends the head", SLICE(GET "\n"), 0, 400, "bare-lf", 0 },
    { "six headers", SLICE(GET "a:\r\nb:\r\nc:\r\nd:\r\ne:\r\n"), 0, 431, "too-many-headers", 0 },
    { "large headers", SLICE(GET "a:" A64 A64 A64 "\r\nb:" A64 A64 A64 "\r\n"), 0, 431, "headers-too-large", 0 },
    { "endless header", SLICE(GET "a:" A64 A64 A64 A64 A64 A64 A64), 0, 431, "headers-too-large", 0 },
    { "other expectation", SLICE(POST "Expect: wonders\r\n"), 0, 417, "expectation", 0 },
    /* framing */
    { "two lengths", SLICE(POST "Content-Length: 5\r\nContent-Length: 5\r\n"), 0, 400, "two-content-lengths", 0 },
    { "length list", SLICE(POST "Content-Length: 5, 5\r\n"), 0, 400, "bad-content-length", 0 },
    { "length +5", SLICE(POST "Content-Length: +5\r\n"), 0, 400, "bad-content-length", 0 },
    { "length -5", SLICE(POST "Content-Length: -5\r\n"), 0, 400, "bad-content-length", 0 },
    { "length 0x5", SLICE(POST "Content-Length: 0x5\r\n"), 0, 400, "bad-content-length", 0 },
    { "no length", SLICE(POST "Content-Length:\r\n"), 0, 400, "bad-content-length", 0 },
    { "length 2^64", SLICE(POST "Content-Length: 18446744073709551616\r\n"), 0, 400, "bad-content-length", 0 },
    { "length 2^63", SLICE(POST "Content-Length: 9223372036854775808\r\n\r\n"), 0, 413, "body-too-large", 0 },
    { "length 1001", SLICE(POST "Content-Length: 1001\r\n\r\n"), 0, 413, "body-too-large", 0 },
    { "limit of its own", SLICE("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"), 0, 413,
      "body-too-large", 0 },
    { "refused by the server", SLICE("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nx"), 0, 404,
      "unknown-source", 0 },
    { "chunked and length", SLICE(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), 0, 400,
      "length-and-chunked", 0 },
    { "gzip", SLICE(POST "Transfer-Encoding: gzip\r\n"), 0, 400, "transfer-encoding", 0 },
    { "gzip, chunked", SLICE(POST "Transfer-Encoding: gzip, chunked\r\n"), 0, 400, "transfer-encoding", 0 },
    { "xchunked", SLICE(POST "Transfer-Encoding: xchunked\r\n"), 0, 400, "transfer-encoding", 0 },
    { "chunked;a", SLICE(POST "Transfer-Encoding: chunked;a=b\r\n"), 0, 400, "transfer-encoding", 0 },
    { "chunked vt", SLICE(POST "Transfer-Encoding: \vchunked\r\n"), 0, 400, "control-character", 0 },
    { "two codings", SLICE(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 0, 400,
      "transfer-encoding", 0 },
    { "chunked in 1.0", SLICE("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"), 0, 400, "transfer-encoding", 0 },
    { "head with a body", SLICE("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"), 0, 400,
      "head-with-body", 0 },
    { "head with chunks", SLICE("HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 0, 400,
      "head-with-body", 0 },
    /* chunks */
    { "control in an extension", SLICE(CHUNKED "5;a=\0b\r\n"), 0, 400, "control-character", 0 },
    { "cr in an extension", SLICE(CHUNKED "5;a=\rb\r\n"), 0, 400, "control-character", 0 },
    { "lf in an extension", SLICE(CHUNKED "5;a=b\nhello"), 0, 400, "bare-lf", 0 },
    { "long extension", SLICE(CHUNKED "5;" A64 A64 A64 A64), 0, 400, "chunk-size", 0 },
    { "space before an extension", SLICE(CHUNKED "5 ;a=b\r\n"), 0, 400, "chunk-size", 0 },
    { "17 digits", SLICE(CHUNKED "00000000000000005\r\n"), 0, 400, "chunk-size", 0 },
    { "0x5", SLICE(CHUNKED "0x5\r\n"), 0, 400, "chunk-size", 0 },
    { "+5", SLICE(CHUNKED "+5\r\n"), 0, 400, "chunk-size", 0 },
    { " 5", SLICE(CHUNKED " 5\r\n"), 0, 400, "chunk-size", 0 },
    { "5 ", SLICE(CHUNKED "5 \r\n"), 0, 400, "chunk-size", 0 },
    { "no size", SLICE(CHUNKED "\r\n"), 0, 400, "chunk-size", 0 },
    { "5 lf", SLICE(CHUNKED "5\nhello"), 0, 400, "bare-lf", 0 },
    { "endless size", SLICE(CHUNKED A64 A64 A64 A64 "a"), 0, 400, "chunk-size", 0 },
    { "overflow", SLICE(CHUNKED "ffffffffffffffff\r\n"), 0, 413, "body-too-large", 0 },
    { "sum too large", SLICE(CHUNKED "5\r\nhello\r\n3e4\r\n"), 0, 413, "body-too-large", 5 },
    { "data too long", SLICE(CHUNKED "5\r\nhello!\r\n"), 0, 400, "chunk-end", 5 },
    { "lf behind data", SLICE(CHUNKED "5\r\nhello\n"), 0, 400, "chunk-end", 5 },
    { "cr cr behind data", SLICE(CHUNKED "5\r\nhello\r\r"), 0, 400, "chunk-end", 5 },
    { "length in the trailer", SLICE(CHUNKED "0\r\nContent-Length: 5\r\n"), 0, 400, "trailer-field", 0 },
    { "host in the trailer", SLICE(CHUNKED "0\r\nhOst: b\r\n"), 0, 400, "trailer-field", 0 },
    { "folded trailer", SLICE(CHUNKED "0\r\na: b\r\n c\r\n"), 0, 400, "folded-header", 0 },
    { "long trailer", SLICE(CHUNKED "0\r\na: " A64 A64 A64 A64 A64 A64 A64), 0, 431, "headers-too-large", 0 },
    { "many trailers", SLICE(CHUNKED "0\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n"), 0, 431, "too-many-headers", 0 },
    { "headers and trailers", SLICE(CHUNKED "0\r\na:\r\na:\r\na:\r\na:\r\n"), 0, 431, "too-many-headers", 0 },
    /* the second of two */
    { "second", SLICE(GET "\r\nGET / HTTP/1.1\r\n\r\n"), 1, 400, "no-host", 0 },
    { "behind a body", SLICE(POST "Content-Length: 2\r\n\r\nxyz"), 1, 400, "bad-request-line", 2 },
    { "behind the last chunk", SLICE(CHUNKED "0\r\n\r\n\r\n"), 1, 400, "bad-request-line", 0 },
};

static void check_row(const struct row *r)
{
    struct verdict whole = judge(r->bytes, 0, 0), v;

    if (whole.requests != r->requests || whole.why.status != r->status || (int64_t)whole.bodies[0] != r->body ||
        (r->reason && strcmp(whole.why.reason, r->reason)))
        fail_msg("%s: %d requests, %d %s, body %llu", r->name, whole.requests, whole.why.status,
                 whole.why.reason ? whole.why.reason : "-", (unsigned long long)whole.bodies[0]);
    if (r->status)
        assert_true(strlen(whole.why.detail) > 10);
    v = judge_bytewise(r->bytes);
    same(&whole, &v, r->name);
    for (size_t a = 0; a < r->bytes.len; a++) {
        v = judge(r->bytes, a, a + 1);
        same(&whole, &v, r->name);
        v = judge(r->bytes, a, r->bytes.len);
        same(&whole, &v, r->name);
    }
}

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        struct verdict v = judge(accepted[i].bytes, 0, 0);
        check_row(&accepted[i]);
        if (!v.idle)
            fail_msg("%s: not idle at its end", accepted[i].name);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        check_row(&refused[i]);
}

/* Of a stream that is fine every part is fine too. */
static void test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
        for (size_t n = 0; n < accepted[i].bytes.len; n++)
            assert_int_equal(judge(slice_first(accepted[i].bytes, n), 0, 0).why.status, 0);
}

static void test_target_is_known_when_refused(void **state)
{
    struct stream s;

    (void)state;
    stream_init(&s);
    feed(&s, SLICE("POST /target?q HT"));
    assert_int_equal(s.parser.target.len, 0);
    feed(&s, SLICE("TP/1.1\r\nHost: a\r\nTransfer-En"));
    assert_true(slice_eq(span_slice(s.parser.target, s.block), SLICE("/target?q")));
    feed(&s, SLICE("coding: chunked\r\n\r\n5\r\nhello\r\nx\r\n"));
    assert_int_equal(s.v.why.status, 400);
    assert_true(slice_eq(span_slice(s.parser.target, s.block), SLICE("/target?q")));
    assert_true(slice_eq(span_slice(s.parser.method, s.block), SLICE("POST")));
    stream_end(&s);
}

/* The body is in one piece, headers are where the offsets say, and the next request follows. */
static void test_what_was_read(void **state)
{
    char block[] = "PUT /a?b HTTP/1.1\r\nHost: h\r\nX-One: \t 1 2 \r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3;a=b\r\nabc\r\n1;\"x\"\r\nd\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nGET ";
    struct http_refusal why;
    struct field fields[5];
    struct parser p;
    size_t len = sizeof block - 1;

    (void)state;
    parser_init(&p, &limits, fields);
    assert_int_equal(parser_read(&p, block, &len, &why), PARSE_HEAD);
    assert_true(slice_eq(span_slice(p.method, block), SLICE("PUT")));
    assert_true(slice_eq(span_slice(p.target, block), SLICE("/a?b")));
    assert_int_equal(p.n_fields, 3);
    assert_true(slice_eq(span_slice(fields[1].name, block), SLICE("X-One")));
    assert_true(slice_eq(span_slice(fields[1].value, block), SLICE("1 2")));
    assert_int_equal(parser_read(&p, block, &len, &why), PARSE_DONE);
    assert_true(slice_eq(slice_of(block + p.body_at, p.body_len), SLICE("abcd0123456789")));
    assert_true(slice_eq(slice_of(block + p.at, len - p.at), SLICE("GET ")));
}

/* Chunk framing is given back as it is read: the block stays near the size of the body. */
static void test_chunks_need_no_room(void **state)
{
    struct stream s;

    (void)state;
    stream_init(&s);
    feed(&s, SLICE(CHUNKED));
    size_t head = s.len;
    for (size_t i = 0; i < 900; i++) {
        feed(&s, SLICE("1;" A64 A64 "\r\nx\r\n"));
        assert_true(s.len <= head + i + 1);
    }
    feed(&s, SLICE("0\r\n\r\n"));
    assert_int_equal(s.v.requests, 1);
    assert_int_equal(s.v.bodies[0], 900);
    stream_end(&s);
}

static void test_room_for_a_body(void **state)
{
    struct stream s;

    (void)state;
    stream_init(&s);
    feed(&s, SLICE(POST "Content-Length: 9"));
    assert_int_equal(parser_needs(&s.parser), 0);
    feed(&s, SLICE("\r\n\r\n1"));
    assert_int_equal(parser_needs(&s.parser), s.len + 8);
    stream_end(&s);
}

static void test_keep_alive(void **state)
{
    static const struct {
        struct slice bytes;
        bool keep_alive;
    } rows[] = {
        { SLICE(GET "\r\n"), true },
        { SLICE(GET "Connection: close\r\n\r\n"), false },
        { SLICE(GET "connection: te , CLOSE,x\r\n\r\n"), false },
        { SLICE(GET "Connection: close\r\nConnection: keep-alive\r\n\r\n"), false },
        { SLICE(GET "Connection: keep-alive\r\n\r\n"), true },
        { SLICE(GET "Connection: closed\r\n\r\n"), true },
        { SLICE("GET / HTTP/1.0\r\n\r\n"), false },
        { SLICE("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict v = judge(rows[i].bytes, 0, 0);
        assert_int_equal(v.requests, 1);
        assert_int_equal(v.keep_alive, rows[i].keep_alive);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_target_is_known_when_refused),
        cmocka_unit_test(test_what_was_read),
        cmocka_unit_test(test_chunks_need_no_room),
        cmocka_unit_test(test_room_for_a_body),
        cmocka_unit_test(test_keep_alive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
