#include "http/stats.h"

#include <pthread.h>

#include "base/mem.h"

static const char *const names[OUTCOME_N] = {
    [OUTCOME_ACCEPTED] = "accepted",
    [OUTCOME_DUPLICATE] = "duplicate",
    [OUTCOME_HELD] = "held",
    [OUTCOME_IGNORED] = "ignored",
    [OUTCOME_HANDSHAKE] = "handshake",
    [OUTCOME_BAD_SIGNATURE] = "bad-signature",
    [OUTCOME_MALFORMED] = "malformed",
    [OUTCOME_FRAMING] = "framing",
    [OUTCOME_SCHEMA] = "schema",
    [OUTCOME_CERTIFICATE] = "client-certificate",
    [OUTCOME_ADDRESS] = "address-not-allowed",
    [OUTCOME_PATH_TOKEN] = "path-token",
    [OUTCOME_UNKNOWN] = "unknown-source",
    [OUTCOME_METHOD] = "method",
    [OUTCOME_TIMEOUT] = "timeout",
    [OUTCOME_TOO_LARGE] = "too-large",
    [OUTCOME_MEDIA_TYPE] = "media-type",
    [OUTCOME_RATE] = "rate",
    [OUTCOME_OVERLOAD] = "overload",
    [OUTCOME_STORE] = "store-failure",
};

const char *outcome_name(enum outcome o)
{
    return names[o];
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct source_stats *_Atomic first;

struct source_stats *stats_first(void)
{
    return atomic_load_explicit(&first, memory_order_acquire);
}

struct source_stats *stats_of(struct slice name)
{
    struct source_stats *s;

    pthread_mutex_lock(&lock);
    for (s = stats_first(); s && !slice_eq_z(name, s->name); s = s->next)
        ;
    if (!s) {
        s = mem_zalloc(sizeof *s);
        s->name = slice_dup_z(name);
        histogram_init(&s->answer_us, 64);
        s->next = stats_first();
        atomic_store_explicit(&first, s, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
    return s;
}
