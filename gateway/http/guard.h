/* http/guard.h - a strict reader of HTTP/1.1 framing (RFC 9112) that sees every byte of a connection before evhttp
 * does. It follows request line, headers, Content-Length or chunks, trailer and the next request; it keeps no bytes of
 * bodies. What it cannot prove to be well framed and within the limits is refused: then no further byte of that
 * connection may reach evhttp. Pure: no socket, no clock. It allocates only for what is split over several feeds: a
 * head's request line and the one line that is incomplete, both bounded by the limits and freed at the request's end.
 *
 * It is stricter than RFC 9112 where evhttp (2.1.12) would read the same bytes otherwise or not at all: chunk
 * extensions, a body on HEAD, empty lines before the request line, a target that begins with two slashes. */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <sys/types.h>

#include "base/slice.h"

struct guard_limits {
    size_t uri_bytes;    /* request target; above: 414 */
    size_t head_bytes;   /* request line and header lines, and once more the trailer; above: 431 */
    unsigned headers;    /* lines, the trailer's too: evhttp may keep them in one list; above: 431 */
    size_t body_bytes;   /* after chunk framing; above: 413. on_head may lower or raise it for one request */
};

/* Why a connection is refused: what to answer, and a word for metrics. */
struct guard_refusal {
    int status;          /* 400, 404, 405, 408, 413, 414, 417, 429, 431, 501, 503, 505 */
    const char *reason;  /* "two-content-lengths": static; one word a cause */
    const char *detail;  /* static; says what to change */
    int retry_after_s;   /* > 0: send Retry-After */
};

struct guard_head {
    struct slice method, target; /* borrowed for the call */
    bool has_length;
    uint64_t length;             /* Content-Length, when has_length */
};

struct guard_hooks {
    /* The head is complete and well formed. May set *body_bytes for this request; returns false with *why to refuse it
     * before its body is read (unknown source, no budget). NULL: accept. */
    bool (*on_head)(void *arg, const struct guard_head *head, size_t *body_bytes, struct guard_refusal *why);
    /* n further bytes of body came in (payload, without framing); false with *why to refuse (byte budget).
     * NULL: accept. */
    bool (*on_body)(void *arg, size_t n, struct guard_refusal *why);
    /* The first byte of a request; the request's last byte. For deadlines and budgets. NULL: nothing. */
    void (*on_start)(void *arg);
    void (*on_end)(void *arg);
};

struct guard; /* small: below 256 bytes */
/* Borrows limits, hooks and arg. */
struct guard *guard_new(const struct guard_limits *limits, const struct guard_hooks *hooks, void *arg);
void guard_free(struct guard *g);
/* Bytes in the order received. Returns how many were taken: all of them, or those up to the end of a request (so that
 * the rest can wait until that one is answered); or -1 with *why: the connection is to be answered with it and closed;
 * do not feed again. The bytes of a body are counted, never looked at. */
ssize_t guard_feed(struct guard *g, struct slice bytes, struct guard_refusal *why);
/* Between requests (nothing of a next one seen)? */
bool guard_idle(const struct guard *g);
/* Bytes of the body (or of the chunk) under way that are still to come; 0 outside of one. */
uint64_t guard_body_left(const struct guard *g);
/* The target of the request under way or just refused, as far as it is known; good until the next feed, and no longer
 * than the bytes of the last one. */
struct slice guard_target(const struct guard *g);
/* Is its method HEAD (the answer then has no body)? As good and as long as guard_target. */
bool guard_is_head(const struct guard *g);

#endif
