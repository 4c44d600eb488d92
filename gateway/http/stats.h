/* http/stats.h - what the front door counts: deliveries by source and outcome, and how long their answers took. Names of sources are kept
 * across reloads; any thread may raise a counter. */
#ifndef HTTP_STATS_H
#define HTTP_STATS_H

#include "base/metric.h"
#include "base/slice.h"
#include "http/rate.h"
#include "verify/verifier.h"

enum outcome {
    OUTCOME_ACCEPTED,
    OUTCOME_DUPLICATE,
    OUTCOME_HELD,
    OUTCOME_IGNORED,
    OUTCOME_HANDSHAKE,
    OUTCOME_BAD_SIGNATURE, /* 401 */
    OUTCOME_MALFORMED,     /* 400: JSON, event type, coding */
    OUTCOME_FRAMING,       /* 400 and the like by the parser */
    OUTCOME_SCHEMA,        /* 422 */
    OUTCOME_CERTIFICATE,   /* 401, for want of the right client certificate */
    OUTCOME_ADDRESS,       /* 403 */
    OUTCOME_UNKNOWN,       /* 404 */
    OUTCOME_PATH_TOKEN,    /* 404, of a source that is there */
    OUTCOME_METHOD,        /* 405 */
    OUTCOME_TIMEOUT,       /* 408 */
    OUTCOME_TOO_LARGE,     /* 413, 414, 431 */
    OUTCOME_MEDIA_TYPE,    /* 415 */
    OUTCOME_RATE,          /* 429 */
    OUTCOME_OVERLOAD,      /* 503: full mailbox, byte budget, connections */
    OUTCOME_STORE,         /* 503: not stored, or no word in time */
    OUTCOME_N,
};
const char *outcome_name(enum outcome o); /* "accepted", … as in the metrics */

struct source_stats {
    struct source_stats *next;
    char *name; /* "" for deliveries to no known source, and for internal events */
    struct counter outcomes[OUTCOME_N];
    struct counter batch_events[OUTCOME_HANDSHAKE]; /* of bodies that are several, by what became of each */
    struct counter signatures[VERIFY_NREASONS]; /* why: the sender of a 401 is not told */
    struct rate rate; /* of deliveries with a good signature, where the source has a bound */
    struct histogram answer_us; /* request's first byte to answer */
};

/* The counters of that name, made on first use and never freed. Names come from configurations, so their number is bounded. Any thread. */
struct source_stats *stats_of(struct slice name);
/* All of them, newest first; the list only grows at its head. */
struct source_stats *stats_first(void);

#endif
