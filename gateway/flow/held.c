#include "flow/held.h"

#include <stdlib.h>

#define IDLE_MAX 256
#define KEEP_BYTES (64 * 1024) /* memory of a buffer that an idle one keeps */

static uint32_t bucket_of(const struct lease *l)
{
    uint32_t tail;

    memcpy(&tail, l->run.b + 12, sizeof tail); /* random bits of a UUIDv7 */
    return (tail ^ l->step * 0x9e3779b1u ^ l->generation) % HELD_BUCKETS;
}

/* The attempts tell a copy from the next attempt, which may come before word that the last one's result is stored. */
static bool same(const struct lease *a, const struct lease *b)
{
    return id_eq(a->run, b->run) && a->step == b->step && a->generation == b->generation && a->attempts == b->attempts;
}

static void let_go(struct held *h)
{
    if (h->workflow)
        workflow_unref(h->workflow);
    lease_free(h->lease);
    h->workflow = NULL;
    h->lease = NULL;
}

static void held_free(struct held *h)
{
    buf_clear(&h->document);
    buf_clear(&h->output);
    buf_clear(&h->log);
    free(h);
}

void held_table_clear(struct held_table *t)
{
    for (size_t i = 0; i < HELD_BUCKETS; i++) {
        while (t->buckets[i]) {
            struct held *h = t->buckets[i];
            t->buckets[i] = h->same_bucket;
            let_go(h);
            held_free(h);
        }
    }
    while (t->idle) {
        struct held *h = t->idle;
        t->idle = h->next;
        held_free(h);
    }
    t->n = t->n_idle = 0;
}

bool held_has(const struct held_table *t, const struct lease *l)
{
    for (const struct held *h = t->buckets[bucket_of(l)]; h; h = h->same_bucket) {
        if (same(h->lease, l))
            return true;
    }
    return false;
}

struct held *held_put(struct held_table *t, struct lease *l)
{
    struct held *h = t->idle, **bucket = &t->buckets[bucket_of(l)];

    if (h) {
        t->idle = h->next;
        t->n_idle--;
    } else {
        h = mem_zalloc(sizeof *h);
        buf_init(&h->document, SIZE_MAX / 2); /* made of what was bounded before: event, outputs, names */
        buf_init(&h->output, SIZE_MAX / 2);   /* the endpoint's or the command's output_max */
        buf_init(&h->log, SIZE_MAX / 2);      /* KEPT_LOG_BYTES */
    }
    h->lease = l;
    h->same_bucket = *bucket;
    *bucket = h;
    t->n++;
    return h;
}

static void shrink(struct buf *b)
{
    if (b->cap > KEEP_BYTES)
        buf_clear(b);
    buf_reset(b);
}

void held_remove(struct held_table *t, struct held *h)
{
    struct held **at = &t->buckets[bucket_of(h->lease)];

    while (*at != h)
        at = &(*at)->same_bucket;
    *at = h->same_bucket;
    t->n--;
    let_go(h);
    if (t->n_idle == IDLE_MAX) {
        held_free(h);
        return;
    }
    shrink(&h->document);
    shrink(&h->output);
    shrink(&h->log);
    h->next = t->idle;
    t->idle = h;
    t->n_idle++;
}
