/* http/admin.h - the admin thread: API and metrics on the admin listener, and the API that other services may use (events) on its own
 * listener. Every /api route needs the token. Reads are done by http/readers, writes by store/writer. */
#ifndef HTTP_ADMIN_H
#define HTTP_ADMIN_H

#include "flow/flow.h"
#include "http/handed.h"
#include "http/health.h"
#include "http/readers.h"
#include "http/server.h"

/* Sent to whoever can reload; comes back with what came of it. */
struct reload {
    struct mail mail;
    struct loop *home;
    void (*done)(struct mail *m); /* mail.run on the way back */
    bool ok;
    struct buf text;              /* for people: errors and warnings, or what changed */
};

struct admin_options {
    struct plan *plan;            /* takes a reference */
    struct tls *tls, *api_tls;    /* of the two listeners, or NULL */
    struct writer *writer;
    struct flow *flow;
    struct handed *handed;
    struct readers *readers;
    const unsigned char *hash_secret;
    struct server_budget *budget; /* of these listeners */
    struct health *health;
    struct slice token;
    void (*reload)(void *arg, struct reload *r); /* any thread; posts r->mail back to r->home */
    void *reload_arg;
};

struct admin;
struct admin *admin_new(const struct admin_options *o, struct err *e);
int admin_port(const struct admin *a);
int admin_api_port(const struct admin *a); /* 0: no such listener */
int admin_start(struct admin *a, struct err *e) MUST_CHECK;
void admin_set_plan(struct admin *a, struct plan *plan, struct tls *tls, struct tls *api_tls); /* any thread */
/* Stops accepting, answers what was accepted (at most timeout_s), ends the thread. Before readers_stop and writer_stop,
 * not on a loop. */
void admin_stop(struct admin *a, int timeout_s);
void admin_free(struct admin *a); /* after the writer stopped */

#endif
