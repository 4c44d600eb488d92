#include "store/refusals.h"

#include <stdlib.h>

#include "base/clock.h"

/* A slot is looked for in this many places before a source counts as one too many. */
#define PROBES 16
#define TEXT_MAX 1024

void refusals_init(struct refusals *r)
{
    memset(r, 0, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    r->tail = &r->head;
}

void refusals_clear(struct refusals *r)
{
    struct refusal *one = refusals_take(r);

    while (one) {
        struct refusal *next = one->next;
        free(one);
        one = next;
    }
    pthread_mutex_destroy(&r->lock);
}

/* FNV-1a. Names come from the configuration, so nobody chooses them to collide. */
static uint64_t hash_name(struct slice name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.ptr[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Slots of an earlier second are free. */
static bool count_one(struct refusals *r, struct slice source, int64_t second)
{
    uint64_t hash = hash_name(source);

    for (size_t i = 0; i < PROBES; i++) {
        struct refusals_count *c = &r->counts[(hash + i) % REFUSALS_SOURCES];
        if (c->second != second || c->count == 0)
            *c = (struct refusals_count){ hash, second, 0 };
        if (c->source == hash)
            return c->count < REFUSALS_PER_SECOND ? ++c->count, true : false;
    }
    return false;
}

static void copy(struct slice *s, size_t max, char **at)
{
    *s = slice_first(*s, max);
    if (s->len)
        memcpy(*at, s->ptr, s->len);
    s->ptr = *at;
    *at += s->len;
}

struct part {
    struct slice *slice;
    size_t max;
};
#define N_PARTS 8

static void parts_of(struct refused_row *row, struct part out[N_PARTS])
{
    const struct part parts[N_PARTS] = {
        { &row->source, TEXT_MAX }, { &row->reason, TEXT_MAX },         { &row->detail, TEXT_MAX },
        { &row->method, TEXT_MAX }, { &row->path, 8 * TEXT_MAX },       { &row->remote, TEXT_MAX },
        { &row->headers, 64 * TEXT_MAX }, { &row->body, REFUSED_BODY_MAX },
    };

    memcpy(out, parts, sizeof parts);
}

static struct refusal *copy_row(const struct refused_row *row, size_t *bytes)
{
    struct refused_row now = *row;
    struct part parts[N_PARTS];

    *bytes = sizeof(struct refusal);
    parts_of(&now, parts);
    for (int i = 0; i < N_PARTS; i++)
        *bytes += parts[i].slice->len < parts[i].max ? parts[i].slice->len : parts[i].max;
    struct refusal *one = mem_alloc(*bytes);
    char *at = (char *)(one + 1);
    for (int i = 0; i < N_PARTS; i++)
        copy(parts[i].slice, parts[i].max, &at);
    one->row = now;
    one->next = NULL;
    return one;
}

/* Copied before it is known whether all fits: not under the lock. */
bool refusals_put(struct refusals *r, const struct refused_row *row)
{
    int64_t second = clock_mono_us() / US_PER_S;
    size_t bytes;

    pthread_mutex_lock(&r->lock);
    bool fits = r->bytes < REFUSALS_BYTES && count_one(r, row->source, second);
    pthread_mutex_unlock(&r->lock);
    if (!fits)
        return false;
    struct refusal *one = copy_row(row, &bytes);
    pthread_mutex_lock(&r->lock);
    *r->tail = one;
    r->tail = &one->next;
    r->bytes += bytes;
    pthread_mutex_unlock(&r->lock);
    return true;
}

struct refusal *refusals_take(struct refusals *r)
{
    pthread_mutex_lock(&r->lock);
    struct refusal *all = r->head;
    r->head = NULL;
    r->tail = &r->head;
    r->bytes = 0;
    pthread_mutex_unlock(&r->lock);
    return all;
}
