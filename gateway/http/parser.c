#include "http/parser.h"

#include "http/target.h"

/* 16 digits, a chunk extension (which nobody reads), CRLF. */
#define CHUNK_LINE_MAX 256
#define CHUNK_DIGITS_MAX 16
#define LINE_END 2 /* CR LF */
/* Around the target in the request line: the longest method we know, two spaces, the version, CRLF. */
#define REQUEST_LINE_EXTRA 24

/* The block during one call. */
struct input {
    char *block;
    size_t len;
};

/* The steps of reading: STEP_MORE leaves the parser where it can go on. */
enum step {
    STEP_REFUSED = -1, /* what the checks return with REFUSE */
    STEP_ON,
    STEP_MORE,
};

static struct span span_of(const struct input *in, struct slice s)
{
    return (struct span){ s.ptr ? (uint32_t)(s.ptr - in->block) : 0, (uint32_t)s.len };
}

/* Takes a line and its CRLF off. Whether it is a line, a part of one or too long depends on the position in the stream
 * only, never on how it was cut. */
static enum step take_line(struct parser *p, const struct input *in, size_t max, const struct http_refusal *too_long,
                           struct slice *line, struct http_refusal *why)
{
    const char *from = in->block + p->at;
    size_t there = in->len - p->at;
    const char *lf = memchr(from + p->searched, '\n', there - p->searched);
    size_t n = lf ? (size_t)(lf - from) + 1 : there;

    if (n > max) {
        *why = *too_long;
        return STEP_REFUSED;
    }
    if (!lf) {
        p->searched = n;
        return STEP_MORE;
    }
    p->at += n;
    p->searched = 0;
    if (n < LINE_END || from[n - LINE_END] != '\r')
        return REFUSE(why, 400, "bare-lf", "End every line of the head with CR LF, not with LF alone.");
    *line = slice_of(from, n - LINE_END);
    return STEP_ON;
}

static int refuse_bytes(struct http_refusal *why)
{
    return REFUSE(why, 400, "control-character", "Leave NUL, bare CR and other control characters out of the head.");
}

static int check_version(struct parser *p, struct slice version, struct http_refusal *why)
{
    if (slice_eq(version, SLICE("HTTP/1.1")))
        return 0;
    if (slice_eq(version, SLICE("HTTP/1.0"))) {
        p->http_1_0 = true;
        return 0;
    }
    if (version.len == 8 && slice_starts(version, SLICE("HTTP/")) && version.ptr[6] == '.')
        return REFUSE(why, 505, "http-version", "Speak HTTP/1.1 or HTTP/1.0.");
    return REFUSE(why, 400, "bad-request-line", "Send \"METHOD target HTTP/1.1\" as the first line.");
}

/* Before the line is whole, so that what is no HTTP at all is answered at once. */
static int check_first_byte(char c, struct http_refusal *why)
{
    if (c == 0x16)
        return REFUSE(why, 400, "tls-on-plain-port", "This port speaks plain HTTP: use an http URL, or set up TLS.");
    if (c < 'A' || c > 'Z')
        return REFUSE(why, 400, "bad-request-line", "Begin with the method, in capital letters.");
    return 0;
}

static enum step read_request_line(struct parser *p, struct input *in, struct http_refusal *why)
{
    static const struct http_refusal too_long = { 414, "uri-too-long", "Shorten the URL.", 0, NULL };
    size_t max = p->limits->uri_bytes + REQUEST_LINE_EXTRA;
    struct slice line, method, target, version;

    if (p->at == 0 && check_first_byte(in->block[0], why))
        return STEP_REFUSED;
    enum step step = take_line(p, in, max < p->limits->head_bytes ? max : p->limits->head_bytes, &too_long, &line, why);
    if (step != STEP_ON)
        return step;
    p->lines_bytes = line.len + LINE_END;
    if (target_run(line, CHAR_FIELD) != line.len)
        return refuse_bytes(why);
    slice_cut(line, ' ', &method, &target);
    slice_cut(target, ' ', &target, &version);
    p->method = span_of(in, method);
    p->target = span_of(in, target);
    if (check_version(p, version, why) || target_check_method(method, why) ||
        target_check(method, target, p->limits->uri_bytes, why))
        return STEP_REFUSED;
    p->keep_alive = !p->http_1_0;
    p->state = PARSER_HEADERS;
    return STEP_ON;
}

static int on_content_length(struct parser *p, struct slice value, struct http_refusal *why)
{
    if (p->has_length)
        return REFUSE(why, 400, "two-content-lengths", "Send one Content-Length.");
    if (slice_u64(value, &p->length))
        return REFUSE(why, 400, "bad-content-length", "Content-Length is one number below 2^64, of digits only.");
    p->has_length = true;
    return 0;
}

static int on_transfer_encoding(struct parser *p, struct slice value, struct http_refusal *why)
{
    if (p->chunked || !slice_eq_nocase(value, SLICE("chunked")))
        return REFUSE(why, 400, "transfer-encoding", "\"chunked\", once, is the only transfer coding served.");
    if (p->http_1_0)
        return REFUSE(why, 400, "transfer-encoding", "HTTP/1.0 has no Transfer-Encoding: send a Content-Length.");
    p->chunked = true;
    return 0;
}

static int on_host(struct parser *p, struct slice value, struct http_refusal *why)
{
    if (p->has_host)
        return REFUSE(why, 400, "two-hosts", "Send one Host header.");
    if (!target_authority_ok(value))
        return REFUSE(why, 400, "bad-host", "Host is a name or address, and a port if need be.");
    p->has_host = true;
    return 0;
}

static int on_expect(struct parser *p, struct slice value, struct http_refusal *why)
{
    if (p->http_1_0)
        return 0;
    if (!slice_eq_nocase(value, SLICE("100-continue")))
        return REFUSE(why, 417, "expectation", "100-continue is the only expectation served.");
    p->expects_continue = true;
    return 0;
}

/* "close" wins wherever it stands. */
static int on_connection(struct parser *p, struct slice value, struct http_refusal *why)
{
    struct slice option;

    (void)why;
    while (value.len) {
        slice_cut(value, ',', &option, &value);
        option = slice_trim(option);
        if (slice_eq_nocase(option, SLICE("close")))
            p->close = true;
        else if (slice_eq_nocase(option, SLICE("keep-alive")))
            p->keep_alive = true;
    }
    return 0;
}

/* The headers that say where the request ends, and what becomes of the connection. */
static const struct framing_header {
    struct slice name;
    int (*read)(struct parser *p, struct slice value, struct http_refusal *why);
} framing_headers[] = {
    { { "content-length", 14 }, on_content_length },
    { { "transfer-encoding", 17 }, on_transfer_encoding },
    { { "host", 4 }, on_host },
    { { "expect", 6 }, on_expect },
    { { "connection", 10 }, on_connection },
};

/* Fields that must not come after the body (RFC 9110 6.5.1): framing, routing, authentication, content. */
static const char *const not_in_trailer[] = {
    "authorization", "cache-control", "connection", "content-encoding", "content-length", "content-range",
    "content-type",  "cookie",        "expect",     "host",             "keep-alive",     "max-forwards",
    "proxy-authorization", "te",      "transfer-encoding", "upgrade",
};

static int read_trailer_field(struct slice name, struct http_refusal *why)
{
    for (size_t i = 0; i < sizeof not_in_trailer / sizeof *not_in_trailer; i++)
        if (slice_eq_nocase(name, slice_z(not_in_trailer[i])))
            return REFUSE(why, 400, "trailer-field", "Send this field before the body, not in the trailer.");
    return 0;
}

static int read_field(struct parser *p, const struct input *in, struct slice line, struct http_refusal *why)
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
    if (p->state == PARSER_TRAILER)
        return read_trailer_field(name, why);
    value = slice_trim(value);
    p->fields[p->n_fields++] = (struct field){ span_of(in, name), span_of(in, value) };
    for (size_t i = 0; i < sizeof framing_headers / sizeof *framing_headers; i++)
        if (name.len == framing_headers[i].name.len && slice_eq_nocase(name, framing_headers[i].name))
            return framing_headers[i].read(p, value, why);
    return 0;
}

/* What must hold of the head as a whole. */
static int end_head(struct parser *p, const struct input *in, struct http_refusal *why)
{
    if (!p->has_host && !p->http_1_0)
        return REFUSE(why, 400, "no-host", "HTTP/1.1 needs a Host header.");
    if (p->chunked && p->has_length)
        return REFUSE(why, 400, "length-and-chunked", "Send Content-Length or Transfer-Encoding, not both.");
    if (slice_eq(span_slice(p->method, in->block), SLICE("HEAD")) && (p->chunked || p->length > 0))
        return REFUSE(why, 400, "head-with-body", "Send HEAD without a body.");
    if (p->close)
        p->keep_alive = false;
    p->body_max = p->limits->body_bytes;
    p->body_at = p->at;
    p->state = PARSER_HEAD_READ;
    return 0;
}

static enum step read_headers(struct parser *p, struct input *in, struct http_refusal *why)
{
    static const struct http_refusal too_long = { 431, "headers-too-large", "Send smaller headers.", 0, NULL };
    struct slice line;
    enum step step = take_line(p, in, p->limits->head_bytes - p->lines_bytes, &too_long, &line, why);

    if (step != STEP_ON)
        return step;
    p->lines_bytes += line.len + LINE_END;
    if (line.len == 0 && p->state == PARSER_HEADERS)
        return end_head(p, in, why);
    if (line.len == 0) {
        p->state = PARSER_END;
        return STEP_ON;
    }
    if (++p->n_lines > p->limits->headers)
        return REFUSE(why, 431, "too-many-headers", "Send fewer headers.");
    return read_field(p, in, line, why);
}

static enum step begin_body(struct parser *p, struct input *in, struct http_refusal *why)
{
    (void)in;
    if (p->length > p->body_max)
        return REFUSE(why, 413, "body-too-large", "Send a smaller body.");
    p->left = p->length;
    p->state = p->chunked ? PARSER_CHUNK_SIZE : p->left ? PARSER_BODY : PARSER_END;
    return STEP_ON;
}

/* Of a body without framing, or of a chunk: then it is moved to the end of what there is of the body. */
static enum step read_body(struct parser *p, struct input *in, struct http_refusal *why)
{
    size_t there = in->len - p->at, n = there < p->left ? there : (size_t)p->left;

    (void)why;
    if (p->at != p->body_at + p->body_len)
        memmove(in->block + p->body_at + p->body_len, in->block + p->at, n);
    p->at += n;
    p->body_len += n;
    p->left -= n;
    if (p->left > 0)
        return STEP_MORE;
    p->state = p->state == PARSER_BODY ? PARSER_END : PARSER_CHUNK_END;
    return STEP_ON;
}

static unsigned hex_digit(char byte)
{
    unsigned c = (unsigned char)byte;

    return c - '0' < 10 ? c - '0' : (c | 0x20) - 'a' < 6 ? (c | 0x20) - 'a' + 10 : 16;
}

static int parse_chunk_line(struct slice line, uint64_t *size, struct http_refusal *why)
{
    size_t n = slice_find(line, ';');

    *size = 0;
    for (size_t i = 0; i < n; i++) {
        if (hex_digit(line.ptr[i]) > 15 || i == CHUNK_DIGITS_MAX)
            return REFUSE(why, 400, "chunk-size", "A chunk's size is a hexadecimal number of at most 16 digits.");
        *size = *size << 4 | hex_digit(line.ptr[i]);
    }
    if (n == 0)
        return REFUSE(why, 400, "chunk-size", "A chunk begins with its size as a hexadecimal number.");
    return target_run(slice_from(line, n), CHAR_FIELD) == line.len - n ? 0 : refuse_bytes(why);
}

static enum step read_chunk_size(struct parser *p, struct input *in, struct http_refusal *why)
{
    static const struct http_refusal too_long = {
        400, "chunk-size", "The line of a chunk's size is at most 256 bytes, its extension included.", 0, NULL
    };
    struct slice line;
    uint64_t size;
    enum step step = take_line(p, in, CHUNK_LINE_MAX, &too_long, &line, why);

    if (step != STEP_ON)
        return step;
    if (parse_chunk_line(line, &size, why))
        return STEP_REFUSED;
    if (size > p->body_max - p->body_len)
        return REFUSE(why, 413, "body-too-large", "Send a smaller body.");
    p->left = size;
    p->state = size ? PARSER_CHUNK_DATA : PARSER_TRAILER;
    p->lines_bytes = 0;
    return STEP_ON;
}

static enum step read_chunk_end(struct parser *p, struct input *in, struct http_refusal *why)
{
    static const char crlf[] = { '\r', '\n' };

    for (; p->searched < sizeof crlf; p->searched++, p->at++) {
        if (p->at == in->len)
            return STEP_MORE;
        if (in->block[p->at] != crlf[p->searched])
            return REFUSE(why, 400, "chunk-end", "A chunk's data must be as long as announced, and CR LF follow it.");
    }
    p->searched = 0;
    p->state = PARSER_CHUNK_SIZE;
    return STEP_ON;
}

static enum step (*const readers[PARSER_NSTATES])(struct parser *p, struct input *in, struct http_refusal *why) = {
    [PARSER_REQUEST_LINE] = read_request_line,
    [PARSER_HEADERS] = read_headers,
    [PARSER_HEAD_READ] = begin_body,
    [PARSER_BODY] = read_body,
    [PARSER_CHUNK_SIZE] = read_chunk_size,
    [PARSER_CHUNK_DATA] = read_body,
    [PARSER_CHUNK_END] = read_chunk_end,
    [PARSER_TRAILER] = read_headers,
};

void parser_init(struct parser *p, const struct http_limits *limits, struct field *fields)
{
    *p = (struct parser){ .limits = limits, .fields = fields };
}

/* What chunk lines took is given back, so that a block never holds much more than head and body. */
static void close_gap(struct parser *p, char *block, size_t *len)
{
    size_t to = p->body_at + p->body_len;

    if (!p->chunked || p->state < PARSER_BODY || p->at == to)
        return;
    memmove(block + to, block + p->at, *len - p->at);
    *len -= p->at - to;
    p->at = to;
}

enum parse_result parser_read(struct parser *p, char *block, size_t *len, struct http_refusal *why)
{
    struct input in = { block, *len };
    bool head = p->state <= PARSER_HEADERS;

    while (p->state != PARSER_END) {
        if (head && p->state == PARSER_HEAD_READ)
            return PARSE_HEAD;
        if (p->at == in.len && p->state != PARSER_HEAD_READ)
            break;
        enum step step = readers[p->state](p, &in, why);
        if (step == STEP_REFUSED)
            return PARSE_REFUSED;
        if (step == STEP_MORE)
            break;
    }
    close_gap(p, block, len);
    return p->state == PARSER_END ? PARSE_DONE : PARSE_MORE;
}

size_t parser_needs(const struct parser *p)
{
    return p->state == PARSER_BODY ? p->at + (size_t)p->left : 0;
}
