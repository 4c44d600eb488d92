/* http/parser.h - a strict reader of HTTP/1.1 requests (RFC 9112), over the bytes of one request as they come in. It
 * follows request line, headers, Content-Length or chunks, and trailer; what it cannot prove to be well framed and
 * within the limits is refused. Pure: no socket, no clock, nothing allocated, no byte looked at twice but in a line that
 * came in pieces.
 *
 * The bytes lie in one block of the caller's: [head][body][what follows]. Chunk framing is taken out in place, so that
 * the body is contiguous whatever its framing. The block may move between calls: what was found are offsets.
 *
 * Stricter than RFC 9112 has to be: no empty lines before the request line, no line ends but CR LF, no folded headers,
 * no body on HEAD, no target that begins with two slashes, chunk lines of at most 256 bytes. */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include "base/slice.h"

struct http_limits {
    size_t uri_bytes;    /* request target; above: 414 */
    size_t head_bytes;   /* request line and header lines, and once more the trailer; above: 431. Below 2^31 */
    unsigned headers;    /* lines, the trailer's too; above: 431 */
    size_t body_bytes;   /* after chunk framing; above: 413. Whoever reads the head may set another for one request */
};

/* Why a request is refused: what to answer, and a word for metrics. */
struct http_refusal {
    int status;          /* 400, 401, 403, 404, 405, 408, 413, 414, 417, 429, 431, 501, 503, 505 */
    const char *reason;  /* "two-content-lengths": static; one word a cause */
    const char *detail;  /* static; says what to change */
    int retry_after_s;   /* > 0: send Retry-After */
    const void *mark;    /* of whoever refused a head, for whoever is told; NULL of all others */
};

/* A run of the block's bytes. */
struct span {
    uint32_t at, len;
};

struct field {
    struct span name, value; /* white space around the value removed */
};

enum parser_state {
    PARSER_REQUEST_LINE,
    PARSER_HEADERS,
    PARSER_HEAD_READ, /* what must hold of the body is asked by the next call */
    PARSER_BODY,      /* by Content-Length */
    PARSER_CHUNK_SIZE,
    PARSER_CHUNK_DATA,
    PARSER_CHUNK_END, /* the CRLF after a chunk's data */
    PARSER_TRAILER,
    PARSER_END,
    PARSER_NSTATES
};

struct parser {
    /* Known when the line is read (len 0 before); good to the end. */
    struct span method, target;
    /* Known from PARSE_HEAD on. */
    bool http_1_0;
    bool keep_alive;         /* as version and Connection have it */
    bool expects_continue;   /* Expect: 100-continue */
    bool has_length;
    uint64_t length;         /* Content-Length */
    struct field *fields;    /* the caller's, as many as the limits allow */
    unsigned n_fields;
    size_t body_max;         /* the caller may change it at PARSE_HEAD */
    size_t body_at, body_len; /* of the body so far */

    enum parser_state state;
    const struct http_limits *limits;
    size_t at;       /* the first byte that is not read: the line's, while it is not whole */
    size_t searched; /* bytes of that line known to hold no LF */
    size_t lines_bytes; /* of the head's whole lines, then of the trailer's */
    unsigned n_lines;
    uint64_t left;   /* bytes of body or chunk still to come */
    bool chunked, has_host, close;
};

enum parse_result {
    PARSE_MORE,   /* every byte was taken, and more are needed */
    PARSE_HEAD,   /* once: the head is whole; look at it, then call again with the same bytes */
    PARSE_DONE,   /* the request is whole; bytes from parser.at on are the next one's */
    PARSE_REFUSED /* answer with *why and close; do not call again */
};

/* Borrows both. For every request anew. */
void parser_init(struct parser *p, const struct http_limits *limits, struct field *fields);
/* The block holds *len bytes: those of the last call (as it left them) and what came since. May move the unread bytes
 * down and lower *len. What comes out never depends on how the bytes were cut. */
enum parse_result parser_read(struct parser *p, char *block, size_t *len, struct http_refusal *why);
/* How many bytes the block needs at least to hold the whole request, as far as that is known; 0: not known. */
size_t parser_needs(const struct parser *p);

static inline struct slice span_slice(struct span s, const char *block)
{
    return slice_of(block + s.at, s.len);
}

#endif
