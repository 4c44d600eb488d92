/* http/admit.h - from a checked event to its committed row: triggers, the writer, and word of what came of it. One per loop. */
#ifndef HTTP_ADMIT_H
#define HTTP_ADMIT_H

#include "flow/flow.h"
#include "store/writer.h"

struct admit;
struct admit *admit_new(struct loop *loop, struct writer *w, const unsigned char *hash_secret);
void admit_free(struct admit *a); /* after the writer stopped; tells nobody */

enum admit_outcome {
    ADMIT_STORED,
    ADMIT_DUPLICATE,
    ADMIT_FAILED,  /* not stored */
    ADMIT_UNKNOWN, /* no word from the disk within 10 s: it may still be stored, and a retry is then a duplicate */
};
/* Exactly once, on the loop. id: the event's, or of the one that was first. */
typedef void (*admit_done)(void *arg, enum admit_outcome outcome, struct id id, enum event_status status);

struct admission {
    struct plan *plan;            /* borrowed for the call */
    struct event event;           /* what event_make copies; id and decisions are filled in here */
    const struct json_doc *doc;   /* of event.data, for match and when */
    bool start;                   /* workflows that match start (not for held and ignored ones) */
    enum dedupe_by dedupe_by;
    int64_t dedupe_window_us;
};
/* 0; -1 when the writer is full (503), and done is not called. */
int admit_put(struct admit *a, struct admission *what, admit_done done, void *arg) MUST_CHECK;
/* Waiting for the disk. On the loop. */
size_t admit_waiting(const struct admit *a);
/* Events with the writer, of all loops together: the depth of its queue. Any thread. */
int64_t admit_depth(void);

#endif
