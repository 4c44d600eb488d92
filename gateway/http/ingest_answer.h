/* http/ingest_answer.h - what a sender is told, and what is counted and kept of it. Private to http/ingest.c and
 * ingest_answer.c, as is what they share: the state of one ingest thread. */
#ifndef HTTP_INGEST_ANSWER_H
#define HTTP_INGEST_ANSWER_H

#include <pthread.h>

#include "base/loop.h"
#include "http/gate.h"
#include "http/ingest.h"
#include "http/judge.h"

struct ingest {
    struct ingest_options o;
    struct loop *loop;
    struct server *server;
    struct admit *admit;
    struct judge *judge;
    struct source_stats **stats; /* by source->index of the plan */
    struct source_stats *nobody; /* deliveries to no known source */
    struct buf inflated, headers, path, url, answer;
    struct visitor visitor; /* of the request that is being judged */
    struct timer *drain;
    struct mail drain_mail;
    int64_t drain_deadline_us;
    pthread_t thread;
    bool started;
};

/* Each answers r, once, and counts it.
 * A refusal is one of the visitor's, kept for the operator. body: as far as it is known, after content coding. */
void ingest_refuse(struct ingest *in, struct request *r, const struct judgement *why, struct slice body);
void ingest_refuse_simply(struct ingest *in, struct request *r, int status, enum outcome o, const char *reason,
                          struct slice detail);
void ingest_refuse_visitor(struct ingest *in, struct request *r, const struct gate_refusal *g);
void ingest_refuse_method(struct ingest *in, struct request *r, const struct source *s);
void ingest_answer_stored(struct ingest *in, struct request *r, const struct source *s, const struct admitted *list,
                          size_t n);
void ingest_answer_handshake(struct ingest *in, struct request *r, const struct source *s, const struct verdict *v);
/* 503s. unknown: the disk has not answered; it may still be stored. */
void ingest_answer_unstored(struct ingest *in, struct request *r, const struct source *s, bool unknown);
void ingest_answer_overload(struct ingest *in, struct request *r, const struct source *s);

/* The server's on_refused; arg: the struct ingest. The listener has answered; this counts and keeps it. */
void ingest_on_refused(void *arg, const struct http_refusal *why, const struct request *headed, struct slice target,
                       struct slice remote);

/* Of the source, which may be one of a plan that was replaced while its request waited for the disk. NULL: of nobody. */
struct source_stats *ingest_stats_of(const struct ingest *in, const struct source *s);

#endif
