/* cli/gateway.h - the whole running thing: every thread and what they share, put together and taken apart in order. */
#ifndef CLI_GATEWAY_H
#define CLI_GATEWAY_H

#include "http/admin.h"
#include "http/ingest.h"

#define GATEWAY_INGEST_MAX 64

struct gateway {
    const char *file; /* the configuration */
    struct plan *plan;
    struct store *store;
    struct flow *flow;
    struct writer *writer;
    struct readers *readers;
    struct handed *handed;
    struct admin *admin;
    struct ingest *ingest[GATEWAY_INGEST_MAX];
    int n_ingest;
    struct server_budget ingest_budget, admin_budget;
    struct health health;
    char *token;
    void (*reload)(void *arg, struct reload *r);
    void *reload_arg;
};

/* g->file, plan (a reference that g takes over) and reload are set; all else is zero. After -1 gateway_stop frees what was made. */
int gateway_start(struct gateway *g, struct err *e) MUST_CHECK;
/* Reads the file again. A bad one keeps the old plan. text: for people. */
bool gateway_reload(struct gateway *g, struct buf *text);
/* Stops accepting, answers what is committed, lets running steps finish within the limit, returns leases, closes the store. */
void gateway_stop(struct gateway *g);

#endif
