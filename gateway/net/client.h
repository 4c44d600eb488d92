/* net/client.h - HTTP calls on a loop: curl multi on libevent; the only home of curl. Keep-alive, no redirects, http
 * and https only, no proxy, egress policy on every connection, new or reused. Not thread-safe: one client a loop. */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "base/buf.h"
#include "base/loop.h"
#include "base/slice.h"

struct client;
struct client *client_new(struct loop *loop, struct err *e);
void client_free(struct client *c); /* cuts what is under way: no done is called any more */

struct call_options {
    const char *method; /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *url;
    const char *const *headers; /* "Name: value", NULL at the end; copied */
    struct slice body;          /* borrowed until done */
    int64_t timeout_us;         /* in all, name look-up included */
    size_t answer_max;          /* bytes of the answer's body; above: CALL_TOO_LARGE */
    bool allow_private;         /* egress policy */
};
enum call_result { CALL_ANSWERED, CALL_TIMEOUT, CALL_REFUSED_BY_POLICY, CALL_TOO_LARGE, CALL_FAILED };
struct answer { /* good during done */
    enum call_result result;
    int status; /* CALL_ANSWERED; CALL_TOO_LARGE: what the head said */
    struct slice body;
    int64_t retry_after_us; /* from now; -1: no Retry-After (seconds and HTTP dates are read) */
    char error[256];        /* else: what happened, for people: "connection refused by 127.0.0.1:9000" */
    struct slice head;      /* "Name: value\n" each, at most 64 fields and 16 KiB */
};
struct slice answer_header(const struct answer *a,
                           const char *name); /* the last of that name, or ptr NULL; good during done */

struct call;
typedef void (*call_done)(void *arg, const struct answer *a);
/* done runs exactly once, on the loop, never before client_call returns (unless the call is cancelled). */
struct call *client_call(struct client *c, const struct call_options *o, call_done done, void *arg);
void call_cancel(struct call *call); /* done is not called any more */

/* Blocking, for the command line: one call without a loop. Answer memory: caller clears buf. */
int client_fetch(const struct call_options *o, int *status, struct buf *answer, struct err *e) MUST_CHECK;

#endif
