/* store/refusals.h - the refused lane: refusals on their way to the writer. Any thread puts, without ever waiting for
 * the disk; the writer takes them about once a second. Bounded thrice, since refusals are what strangers make: so
 * many a second and source, so many bytes each, so many bytes in all. */
#ifndef STORE_REFUSALS_H
#define STORE_REFUSALS_H

#include <pthread.h>

#include "store/rows.h"

#define REFUSALS_PER_SECOND 50             /* of one source */
#define REFUSALS_BYTES (16 * 1024 * 1024)  /* waiting, in all */
#define REFUSALS_SOURCES 1024              /* counted apart within a second; a source beyond has to wait for the next */

struct refusal {
    struct refusal *next;
    struct refused_row row;                /* its slices follow */
};

struct refusals {
    pthread_mutex_t lock;
    struct refusal *head, **tail;
    size_t bytes;
    struct refusals_count {
        uint64_t source;                   /* hash of its name */
        int64_t second;                    /* of the monotonic clock */
        unsigned count;
    } counts[REFUSALS_SOURCES];
};

void refusals_init(struct refusals *r);
void refusals_clear(struct refusals *r); /* frees what waits */
/* Copies. False: beyond the bounds, not taken. */
bool refusals_put(struct refusals *r, const struct refused_row *row);
/* All that wait, oldest first; the caller frees each with free(). */
struct refusal *refusals_take(struct refusals *r);

#endif
