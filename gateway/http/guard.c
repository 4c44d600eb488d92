#include "http/guard.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "http/target.h"

enum guard_state {
    GUARD_REQUEST_LINE,
    GUARD_HEADERS,
    GUARD_BODY, /* by Content-Length */
    GUARD_CHUNK_SIZE,
    GUARD_CHUNK_DATA,
    GUARD_CHUNK_END, /* the CRLF after a chunk's data */
    GUARD_TRAILER,
    GUARD_NSTATES
};

struct guard {
    const struct guard_limits *limits;
    const struct guard_hooks *hooks;
    void *arg;

    enum guard_state state;
    bool started; /* a byte of the request was seen */
    bool http_1_0;
    bool has_length, chunked, has_host;
    unsigned lines;      /* of headers and trailer */
    size_t line_bytes;   /* of the head's finished lines, then of the trailer's */
    uint64_t length;     /* Content-Length */
    uint64_t left;       /* bytes of the body or chunk still to come */
    uint64_t body_bytes; /* chunks announced so far */
    size_t body_max;

    /* The request line, "METHOD target": in the caller's bytes, or at kept. NULL before it is complete. */
    const char *request;
    size_t method_len, target_len;
    /* kept[0, line_at) is the request line, kept[line_at, kept_len) the beginning of a line without its end. */
    char *kept;
    size_t line_at, kept_len, kept_cap;
};

/* 16 digits and CRLF; evhttp reads the line with strtoll. */
#define CHUNK_LINE_MAX 18
/* Around the target in the request line: the longest method we know, two spaces, the version, CRLF. */
#define REQUEST_LINE_EXTRA 24

static void keep(struct guard *g, const char *bytes, size_t n)
{
    if (g->kept_len + n > g->kept_cap) {
        g->kept_cap = g->kept_len + n > 256 ? (g->kept_len + n) * 2 : 256;
        g->kept = mem_realloc(g->kept, g->kept_cap);
        if (g->line_at)
            g->request = g->kept;
    }
    memcpy(g->kept + g->kept_len, bytes, n);
    g->kept_len += n;
}

/* The caller's bytes go away: what of the request line lies in them is copied. */
static void keep_request_line(struct guard *g)
{
    if (!g->request || g->line_at)
        return;
    size_t n = g->method_len + 1 + g->target_len;
    keep(g, g->request, n);
    g->request = g->kept;
    g->line_at = n;
}

enum line_result { LINE_PART, LINE_WHOLE, LINE_TOO_LONG };

/* Takes a line with its LF off *in, joined with its beginning in an earlier feed. Which of the results it is depends on
 * the position in the stream only, never on how it was split. */
static enum line_result take_line(struct guard *g, struct slice *in, size_t max, struct slice *line)
{
    size_t before = g->kept_len - g->line_at;
    const char *lf = memchr(in->ptr, '\n', in->len);
    size_t n = lf ? (size_t)(lf - in->ptr) + 1 : in->len;

    if (before + n > max)
        return LINE_TOO_LONG;
    const char *at = in->ptr;
    *in = slice_from(*in, n);
    if (lf && before == 0) {
        *line = slice_of(at, n);
        return LINE_WHOLE;
    }
    keep_request_line(g);
    keep(g, at, n);
    *line = slice_of(g->kept + g->line_at, g->kept_len - g->line_at);
    return lf ? LINE_WHOLE : LINE_PART;
}

/* The line was read: its copy, if there is one, is over. */
static void drop_line(struct guard *g)
{
    g->kept_len = g->line_at;
}

/* Takes the CRLF off. */
static int cut_crlf(struct slice *line, struct guard_refusal *why)
{
    if (line->len < 2 || line->ptr[line->len - 2] != '\r')
        return REFUSE(why, 400, "bare-lf", "End every line of the head with CR LF, not with LF alone.");
    line->len -= 2;
    return 0;
}

static int refuse_bytes(struct guard_refusal *why)
{
    return REFUSE(why, 400, "control-character", "Leave NUL, bare CR and other control characters out of the head.");
}

static int check_version(struct guard *g, struct slice version, struct guard_refusal *why)
{
    if (slice_eq(version, SLICE("HTTP/1.1")))
        return 0;
    if (slice_eq(version, SLICE("HTTP/1.0"))) {
        g->http_1_0 = true;
        return 0;
    }
    if (version.len == 8 && slice_starts(version, SLICE("HTTP/")) && version.ptr[6] == '.')
        return REFUSE(why, 505, "http-version", "Speak HTTP/1.1 or HTTP/1.0.");
    return REFUSE(why, 400, "bad-request-line", "Send \"METHOD target HTTP/1.1\" as the first line.");
}

/* Before the line is whole, so that what is no HTTP at all is answered at once. */
static int check_first_byte(char c, struct guard_refusal *why)
{
    if (c == 0x16)
        return REFUSE(why, 400, "tls-on-plain-port", "This port speaks plain HTTP: use an http URL, or set up TLS.");
    if (c < 'A' || c > 'Z')
        return REFUSE(why, 400, "bad-request-line", "Begin with the method, in capital letters.");
    return 0;
}

static int read_request_line(struct guard *g, struct slice *in, struct guard_refusal *why)
{
    size_t max = g->limits->uri_bytes + REQUEST_LINE_EXTRA;
    struct slice line, method, target, version;

    if (!g->started) {
        if (check_first_byte(in->ptr[0], why))
            return -1;
        g->started = true;
        if (g->hooks->on_start)
            g->hooks->on_start(g->arg);
    }
    switch (take_line(g, in, max < g->limits->head_bytes ? max : g->limits->head_bytes, &line)) {
    case LINE_TOO_LONG:
        return REFUSE(why, 414, "uri-too-long", "Shorten the URL.");
    case LINE_PART:
        return 0;
    case LINE_WHOLE:
        break;
    }
    g->line_bytes = line.len;
    if (cut_crlf(&line, why))
        return -1;
    if (target_run(line, CHAR_FIELD) != line.len)
        return refuse_bytes(why);
    slice_cut(line, ' ', &method, &target);
    slice_cut(target, ' ', &target, &version);
    g->request = method.ptr;
    g->method_len = method.len;
    g->target_len = target.len;
    if (check_version(g, version, why) || target_check_method(method, why) ||
        target_check(method, target, g->limits->uri_bytes, why))
        return -1;
    if (line.ptr == g->kept)
        g->line_at = g->kept_len = method.len + 1 + target.len;
    g->state = GUARD_HEADERS;
    return 0;
}

static int on_content_length(struct guard *g, struct slice value, struct guard_refusal *why)
{
    if (g->has_length)
        return REFUSE(why, 400, "two-content-lengths", "Send one Content-Length.");
    if (slice_u64(value, &g->length))
        return REFUSE(why, 400, "bad-content-length", "Content-Length is one number below 2^64, of digits only.");
    g->has_length = true;
    return 0;
}

static int on_transfer_encoding(struct guard *g, struct slice value, struct guard_refusal *why)
{
    if (g->chunked || !slice_eq_nocase(value, SLICE("chunked")))
        return REFUSE(why, 400, "transfer-encoding", "\"chunked\", once, is the only transfer coding served.");
    if (g->http_1_0)
        return REFUSE(why, 400, "transfer-encoding", "HTTP/1.0 has no Transfer-Encoding: send a Content-Length.");
    g->chunked = true;
    return 0;
}

static int on_host(struct guard *g, struct slice value, struct guard_refusal *why)
{
    if (g->has_host)
        return REFUSE(why, 400, "two-hosts", "Send one Host header.");
    if (!target_authority_ok(value))
        return REFUSE(why, 400, "bad-host", "Host is a name or address, and a port if need be.");
    g->has_host = true;
    return 0;
}

static int on_expect(struct guard *g, struct slice value, struct guard_refusal *why)
{
    if (!g->http_1_0 && !slice_eq_nocase(value, SLICE("100-continue")))
        return REFUSE(why, 417, "expectation", "100-continue is the only expectation served.");
    return 0;
}

/* The headers that say where the request ends, or that evhttp acts on before a handler sees the request. */
static const struct framing_header {
    struct slice name;
    int (*read)(struct guard *g, struct slice value, struct guard_refusal *why);
} framing_headers[] = {
    { { "content-length", 14 }, on_content_length },
    { { "transfer-encoding", 17 }, on_transfer_encoding },
    { { "host", 4 }, on_host },
    { { "expect", 6 }, on_expect },
};

/* Fields that must not come after the body (RFC 9110 6.5.1): framing, routing, authentication, content. */
static const char *const not_in_trailer[] = {
    "authorization", "cache-control", "connection", "content-encoding", "content-length", "content-range",
    "content-type",  "cookie",        "expect",     "host",             "keep-alive",     "max-forwards",
    "proxy-authorization", "te",      "transfer-encoding", "upgrade",
};

static int read_trailer_field(struct slice name, struct guard_refusal *why)
{
    for (size_t i = 0; i < sizeof not_in_trailer / sizeof *not_in_trailer; i++)
        if (slice_eq_nocase(name, slice_z(not_in_trailer[i])))
            return REFUSE(why, 400, "trailer-field", "Send this field before the body, not in the trailer.");
    return 0;
}

static int read_field(struct guard *g, struct slice line, struct guard_refusal *why)
{
    size_t n = target_run(line, CHAR_TOKEN);

    if (n == 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
        return REFUSE(why, 400, "folded-header", "Send every header on one line.");
    if (n == 0 || n == line.len || line.ptr[n] != ':')
        return target_run(line, CHAR_FIELD) != line.len
                   ? refuse_bytes(why)
                   : REFUSE(why, 400, "bad-header", "A header is a name, \":\" right behind it, and a value.");
    struct slice name = slice_first(line, n), value = slice_from(line, n + 1);
    if (target_run(value, CHAR_FIELD) != value.len)
        return refuse_bytes(why);
    if (g->state == GUARD_TRAILER)
        return read_trailer_field(name, why);
    for (size_t i = 0; i < sizeof framing_headers / sizeof *framing_headers; i++)
        if (name.len == framing_headers[i].name.len && slice_eq_nocase(name, framing_headers[i].name))
            return framing_headers[i].read(g, slice_trim(value), why);
    return 0;
}

static void finish(struct guard *g)
{
    free(g->kept);
    *g = (struct guard){ .limits = g->limits, .hooks = g->hooks, .arg = g->arg };
    if (g->hooks->on_end)
        g->hooks->on_end(g->arg);
}

/* The head is whole: what must hold of it as a whole, then what the server says, then the body's size. */
static int end_head(struct guard *g, struct guard_refusal *why)
{
    struct guard_head head = { .method = slice_of(g->request, g->method_len),
                               .target = guard_target(g),
                               .has_length = g->has_length,
                               .length = g->length };

    if (!g->has_host && !g->http_1_0)
        return REFUSE(why, 400, "no-host", "HTTP/1.1 needs a Host header.");
    if (g->chunked && g->has_length)
        return REFUSE(why, 400, "length-and-chunked", "Send Content-Length or Transfer-Encoding, not both.");
    /* evhttp reads no body here and would take it for the next request. */
    if (guard_is_head(g) && (g->chunked || g->length > 0))
        return REFUSE(why, 400, "head-with-body", "Send HEAD without a body.");
    g->body_max = g->limits->body_bytes;
    if (g->hooks->on_head && !g->hooks->on_head(g->arg, &head, &g->body_max, why))
        return -1;
    if (g->length > g->body_max)
        return REFUSE(why, 413, "body-too-large", "Send a smaller body.");
    g->left = g->length;
    g->state = g->chunked ? GUARD_CHUNK_SIZE : GUARD_BODY;
    if (!g->chunked && g->left == 0)
        finish(g);
    return 0;
}

static int read_headers(struct guard *g, struct slice *in, struct guard_refusal *why)
{
    struct slice line;

    switch (take_line(g, in, g->limits->head_bytes - g->line_bytes, &line)) {
    case LINE_TOO_LONG:
        return REFUSE(why, 431, "headers-too-large", "Send smaller headers.");
    case LINE_PART:
        return 0;
    case LINE_WHOLE:
        break;
    }
    g->line_bytes += line.len;
    if (cut_crlf(&line, why))
        return -1;
    if (line.len == 0) {
        drop_line(g);
        if (g->state == GUARD_HEADERS)
            return end_head(g, why);
        finish(g);
        return 0;
    }
    if (++g->lines > g->limits->headers)
        return REFUSE(why, 431, "too-many-headers", "Send fewer headers.");
    if (read_field(g, line, why))
        return -1;
    drop_line(g);
    return 0;
}

static int read_body(struct guard *g, struct slice *in, struct guard_refusal *why)
{
    size_t n = in->len < g->left ? in->len : (size_t)g->left;

    if (g->hooks->on_body && !g->hooks->on_body(g->arg, n, why))
        return -1;
    g->left -= n;
    *in = slice_from(*in, n);
    if (g->left > 0)
        return 0;
    if (g->state == GUARD_CHUNK_DATA) {
        g->state = GUARD_CHUNK_END;
        g->left = 2;
    } else {
        finish(g);
    }
    return 0;
}

static int parse_chunk_size(struct slice line, uint64_t *size, struct guard_refusal *why)
{
    size_t ext = slice_find(line, ';');

    if (ext < line.len)
        return REFUSE(why, 400, "chunk-extension", "Chunk extensions are not served: send the size alone.");
    *size = 0;
    for (size_t i = 0; i < line.len; i++) {
        unsigned c = (unsigned char)line.ptr[i];
        unsigned digit = c - '0' < 10 ? c - '0' : (c | 0x20) - 'a' < 6 ? (c | 0x20) - 'a' + 10 : 16;
        if (digit > 15)
            return REFUSE(why, 400, "chunk-size", "A chunk's size is a hexadecimal number and nothing else.");
        *size = *size << 4 | digit;
    }
    if (line.len == 0)
        return REFUSE(why, 400, "chunk-size", "A chunk's size is a hexadecimal number and nothing else.");
    return 0;
}

static int read_chunk_size(struct guard *g, struct slice *in, struct guard_refusal *why)
{
    struct slice line;
    uint64_t size = 0;

    switch (take_line(g, in, CHUNK_LINE_MAX, &line)) {
    case LINE_TOO_LONG:
        return REFUSE(why, 400, "chunk-size", "A chunk's size is at most 16 digits, without extensions.");
    case LINE_PART:
        return 0;
    case LINE_WHOLE:
        break;
    }
    if (cut_crlf(&line, why) || parse_chunk_size(line, &size, why))
        return -1;
    drop_line(g);
    if (size > g->body_max - g->body_bytes)
        return REFUSE(why, 413, "body-too-large", "Send a smaller body.");
    g->body_bytes += size;
    g->left = size;
    g->state = size ? GUARD_CHUNK_DATA : GUARD_TRAILER;
    g->line_bytes = 0;
    return 0;
}

static int read_chunk_end(struct guard *g, struct slice *in, struct guard_refusal *why)
{
    if (in->ptr[0] != (g->left == 2 ? '\r' : '\n'))
        return REFUSE(why, 400, "chunk-end", "A chunk's data must be as long as announced, and CR LF follow it.");
    *in = slice_from(*in, 1);
    if (--g->left == 0)
        g->state = GUARD_CHUNK_SIZE;
    return 0;
}

static int (*const readers[GUARD_NSTATES])(struct guard *g, struct slice *in, struct guard_refusal *why) = {
    [GUARD_REQUEST_LINE] = read_request_line,
    [GUARD_HEADERS] = read_headers,
    [GUARD_BODY] = read_body,
    [GUARD_CHUNK_SIZE] = read_chunk_size,
    [GUARD_CHUNK_DATA] = read_body,
    [GUARD_CHUNK_END] = read_chunk_end,
    [GUARD_TRAILER] = read_headers,
};

static_assert(sizeof(struct guard) < 256, "10,000 idle connections have one each");

struct guard *guard_new(const struct guard_limits *limits, const struct guard_hooks *hooks, void *arg)
{
    struct guard *g = mem_zalloc(sizeof *g);

    g->limits = limits;
    g->hooks = hooks;
    g->arg = arg;
    return g;
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    free(g->kept);
    free(g);
}

ssize_t guard_feed(struct guard *g, struct slice bytes, struct guard_refusal *why)
{
    struct slice in = bytes;

    while (in.len) {
        if (readers[g->state](g, &in, why))
            return -1;
        if (!g->started)
            break;
    }
    keep_request_line(g);
    return (ssize_t)(bytes.len - in.len);
}

bool guard_idle(const struct guard *g)
{
    return !g->started;
}

uint64_t guard_body_left(const struct guard *g)
{
    return g->state == GUARD_BODY || g->state == GUARD_CHUNK_DATA ? g->left : 0;
}

bool guard_is_head(const struct guard *g)
{
    return g->request && slice_eq(slice_of(g->request, g->method_len), SLICE("HEAD"));
}

struct slice guard_target(const struct guard *g)
{
    return g->request ? slice_of(g->request + g->method_len + 1, g->target_len) : SLICE_NONE;
}
