/* http/judge.h - is this delivery to be stored, and as what? From the collected request to an admission, without touching
 * the disk: signature, JSON, event type, schema. Pure but for counters of its scratch: the same for every way in. */
#ifndef HTTP_JUDGE_H
#define HTTP_JUDGE_H

#include "http/admit.h"
#include "http/stats.h"
#include "plan/plan.h"

struct judge; /* the scratch of one thread */
struct judge *judge_new(void);
void judge_free(struct judge *j);

struct judgement {
    enum { JUDGE_STORE, JUDGE_STORE_ALL, JUDGE_ANSWER, JUDGE_REFUSE } what;
    struct admission admission;   /* JUDGE_STORE */
    struct whole whole;           /* JUDGE_STORE_ALL: the body of several events, which judge_item judges */
    uint32_t items;               /* how many; 2 at least */
    struct verdict *handshake;    /* JUDGE_ANSWER */
    int status;                   /* JUDGE_REFUSE */
    int retry_after_s;            /* of 429; 0: 1 of a 503, else none */
    enum outcome outcome;         /* JUDGE_ANSWER, JUDGE_REFUSE */
    bool handover;                /* JUDGE_REFUSE: it brings a secret, and there is one; what it brings is not kept */
    enum verify_reason signature; /* OUTCOME_BAD_SIGNATURE: the true reason */
    const char *reason;           /* for the refused log: "missing-signature" */
    const char *public_reason;    /* for the answer's type */
    struct slice public_detail;   /* for the sender */
    struct slice detail;          /* for the refused log only: may say more */
    struct slice extra;           /* members for the problem document */
};
/* All of *out is borrowed from the delivery, the plan and j, good until the next call. d->body: after content coding. */
void judge_delivery(struct judge *j, struct plan *plan, struct source *source, const struct delivery *d, struct judgement *out);
/* The refusal of a secret that comes when there is one already. */
void judge_late_handover(enum verify_reason signature, struct judgement *out);
/* The i-th event of the delivery that was judged last: JUDGE_STORE or JUDGE_REFUSE, whose detail names the item. Borrowed as above, until
 * the next item. In order, each once. */
void judge_item(struct judge *j, struct plan *plan, struct source *source, const struct delivery *d,
                const struct judgement *all, uint32_t i, struct judgement *out);
/* A JSON array of the schema's errors, appended to out; lines and columns are those of the text of `node`. */
void judge_put_errors(const struct schema_report *report, const struct json_doc *doc, uint32_t node, struct buf *out);

/* Headers that may be stored, as "Name: value\n" lines; never secrets. */
void kept_headers(const struct provider *p, const struct header *headers, size_t n, struct buf *out);

#endif
