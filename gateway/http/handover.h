/* http/handover.h - a secret that a sender hands over: sealed, committed, in use by all threads, and only then answered. Of
 * those that come at once the store takes the first; the others hear that there is one. */
#ifndef HTTP_HANDOVER_H
#define HTTP_HANDOVER_H

#include "http/handed.h"
#include "store/writer.h"

enum handover_outcome {
    HANDOVER_TAKEN,
    HANDOVER_LATE,    /* another one was first */
    HANDOVER_FAILED,  /* not stored */
    HANDOVER_UNKNOWN, /* no word from the disk within 10 s: it may still be stored, and a retry is then late */
};
/* Exactly once, on the loop, unless the loop ends before. answer: what the handshake is answered with; good during the call. */
typedef void (*handover_done)(void *arg, enum handover_outcome outcome, const struct verdict *answer);

/* source->handed is set, v->handed is the secret. Copies what it needs of v and remote. 0; -1, and done is not called:
 * ERR_INPUT or ERR_LIMIT: the secret is of no use; ERR_TEMP: the writer is full; else it cannot be sealed. */
int handover_put(struct writer *w, struct loop *loop, struct plan *plan, struct source *source, const struct verdict *v,
                 struct slice remote, handover_done done, void *arg, struct err *e) MUST_CHECK;

#endif
