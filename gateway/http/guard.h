/* http/guard.h - a strict reader of HTTP/1.1 framing (RFC 9112) that sees every byte of a connection before evhttp does.
 * It follows request line, headers, Content-Length or chunks, trailer and the next request; it keeps no bytes of bodies
 * and a bounded copy of the head. What it cannot prove to be well framed and within the limits is refused: then no
 * further byte of that connection may reach evhttp. Pure: no socket, no clock, no allocation after guard_init. */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include "base/slice.h"

struct guard_limits {
    size_t uri_bytes;    /* request target; above: 414 */
    size_t head_bytes;   /* request line and header lines; above: 431 */
    unsigned headers;    /* lines; above: 431 */
    size_t body_bytes;   /* after chunk framing; above: 413. on_head may lower or raise it for one request */
};

/* Why a connection is refused: what to answer, and a word for metrics. */
struct guard_refusal {
    int status;          /* 400, 404, 405, 413, 414, 429, 431, 501, 503, 505 */
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
    /* n further bytes of body came in (payload, without framing); false with *why to refuse (byte budget). NULL: accept. */
    bool (*on_body)(void *arg, size_t n, struct guard_refusal *why);
    /* The first byte of a request; the request's last byte. For deadlines and budgets. NULL: nothing. */
    void (*on_start)(void *arg);
    void (*on_end)(void *arg);
};

struct guard; /* small: below 256 bytes and a head buffer that exists only while a head is incomplete */
struct guard *guard_new(const struct guard_limits *limits, const struct guard_hooks *hooks, void *arg);
void guard_free(struct guard *g);
/* Bytes in the order received. 0, or -1 with *why: the connection is to be answered with it and closed; do not feed again. */
int guard_feed(struct guard *g, struct slice bytes, struct guard_refusal *why);
/* Between requests (nothing of a next one seen)? */
bool guard_idle(const struct guard *g);

#endif
