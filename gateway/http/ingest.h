/* http/ingest.h - the front door: one thread's listener, and the way of a webhook through it: collect, verify, parse, check,
 * map, trigger, store, answer. The answer follows the commit. */
#ifndef HTTP_INGEST_H
#define HTTP_INGEST_H

#include "http/health.h"
#include "http/server.h"
#include "plan/plan.h"
#include "store/writer.h"

struct ingest_options {
    struct plan *plan;            /* takes a reference */
    struct tls *tls;              /* or NULL; takes a reference */
    struct writer *writer;
    const unsigned char *hash_secret;
    struct server_budget *budget; /* of the process */
    struct health *health;
};

struct ingest;
/* One thread: makes its loop and listener. It listens as soon as the kernel has it, and answers from ingest_start on. */
struct ingest *ingest_new(const struct ingest_options *o, struct err *e);
int ingest_port(const struct ingest *in);
int ingest_start(struct ingest *in, struct err *e) MUST_CHECK;
/* Requests that begin from now on are judged by this plan. Any thread. tls may be NULL (unchanged). */
void ingest_set_plan(struct ingest *in, struct plan *plan, struct tls *tls);
/* Stops accepting; the thread ends when all that was accepted is answered, at the latest after timeout_s. Any thread. */
void ingest_drain(struct ingest *in, int timeout_s);
/* Waits for that end. Not on a loop. */
void ingest_join(struct ingest *in);
void ingest_free(struct ingest *in); /* after the writer stopped */

#endif
