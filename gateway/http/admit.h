/* http/admit.h - from a checked event to its committed row: triggers, the writer, and word of what came of it. One per loop. */
#ifndef HTTP_ADMIT_H
#define HTTP_ADMIT_H

#include "flow/flow.h"
#include "store/writer.h"

struct admit;
struct admit *admit_new(struct loop *loop, struct writer *w, const unsigned char *hash_secret);
void admit_free(struct admit *a); /* after the writer stopped; tells nobody */

enum admit_outcome {
    ADMIT_STORED,  /* or seen before, each of them */
    ADMIT_FAILED,  /* nothing stored */
    ADMIT_UNKNOWN, /* no word from the disk within 10 s: it may still be stored, and a retry is then a duplicate */
};
struct admitted {
    struct id id;             /* the event's, or of the one that was first */
    enum event_status status; /* of this one: not of the one that was first */
    bool duplicate;
};
/* Exactly once, on the loop. list is good during the call: one, or as many as were added to a batch, in that order. */
typedef void (*admit_done)(void *arg, enum admit_outcome outcome, const struct admitted *list, size_t n);

struct admission {
    struct plan *plan;            /* borrowed for the call */
    struct event event;           /* what event_make copies; id and decisions are filled in here */
    const struct json_doc *doc;   /* that event.data is the text of, for match and when */
    uint32_t node;                /* the value in it: 0, or an item of a batch */
    bool start;                   /* workflows that match start (not for held and ignored ones) */
    enum dedupe_by dedupe_by;
    int64_t dedupe_window_us;
};
/* 0; -1 when the writer is full (503), and done is not called. */
int admit_put(struct admit *a, struct admission *what, admit_done done, void *arg) MUST_CHECK;

/* The events of one body: all of them are committed, or none. */
struct admit_batch;
struct admit_batch *admit_batch_new(struct admit *a, const struct whole *what); /* copies */
void admit_batch_free(struct admit_batch *b); /* before it is put: nothing comes of it; NULL ok */
void admit_batch_add(struct admit_batch *b, struct admission *what);
size_t admit_batch_bytes(const struct admit_batch *b); /* memory it holds */
size_t admit_batch_runs(const struct admit_batch *b);  /* that its events start */
/* Takes b, which is not empty. As admit_put. */
int admit_batch_put(struct admit_batch *b, admit_done done, void *arg) MUST_CHECK;

/* Deliveries that wait for the disk. On the loop. */
size_t admit_waiting(const struct admit *a);
/* Events with the writer, of all loops together: the depth of its queue. Any thread. */
int64_t admit_depth(void);

#endif
