/* http/gate.h - who may come in: the path leads to a source, and holds its token where it has one; the client's address
 * is one that the source takes; its certificate names a partner. All of it is asked for when a request's head is there, so
 * that a stranger's body is not even read, and once more when it is whole: meanwhile the configuration may have changed. */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "http/server.h"
#include "http/stats.h"
#include "plan/plan.h"

#define GATE_PREFIX "/webhooks/" /* of every source's path */

struct gate_refusal { /* static */
    int status;
    enum outcome outcome;
    const char *reason, *detail;               /* for the refused log */
    const char *public_reason, *public_detail; /* for the sender: a wrong token looks like no source */
};

struct visitor {
    struct source *source; /* whose path it is, be its token wrong; or NULL */
    struct slice rest;     /* of the path behind the source's name, as received: "/<token>/orders/create" */
    struct slice suffix;   /* of that, what follows the token and one '/': "orders/create" */
    struct slice remote;   /* the client's address: behind proxies as they say. The peer's where they do not know it */
    char text[IP_TEXT_MAX];
};

/* Fills *v, which must stay where it is. NULL: come in. */
const struct gate_refusal *gate_look(const struct plan *p, const struct request *r, struct visitor *v);
/* Parts of gate_look. names: in the certificate that the connection has shown, or NULL. For sources that ask for one. */
const struct gate_refusal *gate_look_at_certificate(const struct source *s, const struct client_names *names);
/* Fills *v for a request that is refused already. headed: it, where its head was read whole, or NULL. */
void gate_recognize(const struct plan *p, const struct request *headed, struct slice path, struct slice peer,
                    struct visitor *v);
/* Appends the path as it may be kept: in the place of every token, and of what was given for one, stands
 * "<path_token>". */
void gate_put_path(const struct plan *p, const struct visitor *v, struct slice path, struct buf *out);

/* Proxies put the path into headers of theirs: overwrites every token of any source in the text. */
void gate_hide_tokens(const struct plan *p, struct buf *text);

/* Fills all of *v but remote. */
const struct gate_refusal *gate_look_at_path(const struct plan *p, struct slice path, struct visitor *v);
/* Whom a trusted proxy speaks for; client: the proxy's address before, changed where it says more. False: what it says
 * cannot be read. */
bool gate_forwarded(const struct settings *s, const struct header *headers, size_t n, struct ip *client);

#endif
