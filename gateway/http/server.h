/* http/server.h - one listener on one loop: HTTP/1.1, plain or over TLS. Every connection gets a deadline from each
 * request's first byte, an idle time-out, and a place in the global connection count; bodies count against a global
 * byte budget. What the parser or a limit refuses is answered by the server itself and the connection closed
 * lingering. Requests reach the handler whole, as plain data; each is answered exactly once, on the loop, also when the
 * peer has gone. SIGPIPE must be ignored or blocked. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/err.h"
#include "base/loop.h"
#include "base/metric.h"
#include "http/parser.h"
#include "verify/delivery.h"

/* Shared by all servers of the process; counters are atomic. */
struct server_budget {
    _Atomic int connections;
    int max_connections;      /* above: 503 and closed at accept */
    _Atomic int64_t body_bytes;
    int64_t max_body_bytes;   /* above: 503 with Retry-After */
};

/* TLS settings, made from files, counted, swapped on reload. TLS 1.2 and above. */
struct tls;
struct tls_files {
    const char *cert, *key;
    const char *client_ca; /* or NULL: clients must show a certificate signed by one in it */
    bool ask;              /* they may; a bad one ends the connection all the same */
};
/* Errors name file and cause. */
struct tls *tls_new(const struct tls_files *files, struct err *e);
struct tls *tls_ref(struct tls *t);
void tls_unref(struct tls *t);

struct request; /* on its loop until request_answer */

/* A head that is whole, before its body is read. */
struct http_head {
    const struct request *request; /* for all but its body; what it gives is borrowed for the call */
    struct slice method, target;   /* borrowed for the call */
    bool has_length;
    uint64_t length;               /* Content-Length, when has_length */
};

typedef void (*server_handler)(struct request *req, void *arg);

struct server_options {
    const char *address;          /* "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:0" */
    bool reuse_port;              /* several loops on one port */
    struct tls *tls;              /* or NULL; the server takes a reference */
    struct http_limits limits;
    int request_timeout_s, idle_timeout_s;
    struct server_budget *budget; /* borrowed */
    server_handler handler;
    /* May set *body_bytes for this request; returns false with *why to refuse it before its body is read. Called on the
     * loop. NULL: accept. */
    bool (*on_head)(void *arg, const struct http_head *head, size_t *body_bytes, struct http_refusal *why);
    /* A connection was refused before a request was whole. headed: the request, where its head was read whole, or NULL;
     * for all but its body. target may be empty. NULL: nothing. */
    void (*on_refused)(void *arg, const struct http_refusal *why, const struct request *headed, struct slice target,
                       struct slice remote);
    void *arg;                    /* of all three */
};

struct server;
/* Could it be bound without SO_REUSEPORT? Once before the first of several servers on one port, so that a port that
 * another process serves is an error. */
int server_probe(const char *address, struct err *e) MUST_CHECK;
/* Binds and listens; options are copied. A taken port is an error that names address and cause. */
struct server *server_new(struct loop *loop, const struct server_options *o, struct err *e);
int server_port(const struct server *s); /* as bound */
/* For connections accepted from now on. On the loop. */
void server_set_tls(struct server *s, struct tls *tls);
/* No new connections; idle ones are closed, those with a request under way after its answer ("Connection: close").
 * On the loop. */
void server_drain(struct server *s);
/* Requests under way: being received, waiting for their answer, or with the answer not yet handed to the kernel; and
 * connections that linger, so that their last answer arrives (2 s at most). On the loop. */
int server_open_requests(const struct server *s);
/* On the loop, but not from a handler, or after it ended. Requests that still wait are answered later all the same (into nothing, but their
 * bytes return to the budget, which must live on). NULL ok. */
void server_free(struct server *s);

/* All borrowed until request_answer. The path is the target up to '?', as received (undecoded); "*" for OPTIONS *.
 * Absolute-form targets are reduced to their path. */
struct slice request_method(const struct request *r);
struct slice request_path(const struct request *r);
struct slice request_query(const struct request *r); /* without '?' */
struct slice request_remote(const struct request *r); /* the peer's address */
/* The names in the client's certificate, or NULL: it has shown none, or there is no TLS. */
const struct client_names *request_client(const struct request *r);
const struct header *request_headers(const struct request *r, size_t *n);
struct slice request_header(const struct request *r, struct slice name); /* the first, or ptr NULL */
struct slice request_body(const struct request *r); /* contiguous; as received (chunk framing removed, content coding not) */
int64_t request_start_us(const struct request *r); /* monotonic, the request's first byte */

/* Frees the request. headers may be NULL; Content-Type among them where there is a body; Content-Length, Date and
 * Connection are the server's. body is copied, and left out of an answer to HEAD. */
void request_answer(struct request *r, int status, const struct header *headers, size_t n_headers, struct slice body);
/* A problem+json answer; retry_after_s > 0 adds Retry-After. */
void request_problem(struct request *r, int status, const char *reason, struct slice detail, int retry_after_s);

#endif
