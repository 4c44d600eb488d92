#include <stdlib.h>

#include "store/sqlite_db.h"

/* A row is pruned when it has expired and all rows before it have: with windows of different lengths a row may stay
 * as long as the longest one. An expired row that is still there counts as absent. */
#define PRUNE_ROWS 512

static void note(struct dedupe_changes *c, const unsigned char *hash, int64_t seq)
{
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? 2 * c->capacity : 64;
        c->list = mem_grow(c->list, c->capacity, sizeof *c->list);
    }
    memcpy(c->list[c->count].hash, hash, 16);
    c->list[c->count++].seq = seq;
}

void sqlite_dedupe_init(struct sqlite_store *st)
{
    dedupe_index_init(&st->dedupe.index);
    st->dedupe.next = st->dedupe.index.head = 1;
    st->dedupe.head_until_us = INT64_MIN;
}

void sqlite_dedupe_clear(struct sqlite_store *st)
{
    dedupe_index_clear(&st->dedupe.index);
    free(st->dedupe.added.list);
    free(st->dedupe.cut.list);
}

int sqlite_dedupe_load(struct sqlite_store *st, struct err *e)
{
    struct sqlite_dedupe *d = &st->dedupe;
    bool first = d->next == d->index.head;
    sqlite3_stmt *s = st->q[Q_DEDUPE_FROM];
    int rc;

    put_int(s, 1, d->next);
    while ((rc = sqlite_row(st, Q_DEDUPE_FROM, "cannot read the dedupe table", e)) > 0) {
        int64_t seq = get_int(s, 0);
        struct slice hash = get_slice(s, 1);
        if (first)
            d->index.head = seq;
        first = false;
        if (hash.len == 16)
            dedupe_index_add(&d->index, (const unsigned char *)hash.ptr, seq);
        d->next = seq + 1;
    }
    return rc;
}

void sqlite_dedupe_end(struct sqlite_store *st, bool committed)
{
    struct sqlite_dedupe *d = &st->dedupe;
    struct dedupe_changes *gone = committed ? &d->cut : &d->added;

    for (size_t i = 0; i < gone->count; i++)
        dedupe_index_remove(&d->index, gone->list[i].hash, gone->list[i].seq);
    if (committed && d->cut.count)
        d->index.head = d->cut.list[d->cut.count - 1].seq + 1;
    if (!committed) {
        d->next -= (int64_t)d->added.count;
        d->head_until_us = INT64_MIN;
    }
    d->added.count = d->cut.count = 0;
}

int sqlite_dedupe_find(struct sqlite_store *st, const struct append *a, struct id *first, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_DEDUPE_GET];
    struct dedupe_probe probe = { 0 };
    int64_t seq;

    while (dedupe_index_next(&st->dedupe.index, a->dedupe_hash, &probe, &seq)) {
        put_int(s, 1, seq);
        int rc = sqlite_row(st, Q_DEDUPE_GET, "cannot read the dedupe table", e);
        if (rc < 0)
            return -1;
        if (rc == 0)
            continue;
        bool same = slice_eq(get_slice(s, 0), slice_of(a->dedupe_hash, 16)) && get_int(s, 2) > a->event->time_us &&
                    get_id(s, 1, first);
        sqlite3_reset(s);
        if (same)
            return 1;
    }
    return 0;
}

int sqlite_dedupe_add(struct sqlite_store *st, const struct append *a, struct err *e)
{
    struct sqlite_dedupe *d = &st->dedupe;
    sqlite3_stmt *s = st->q[Q_DEDUPE_ADD];

    put_int(s, 1, d->next);
    put_blob(s, 2, a->dedupe_hash, 16);
    put_blob(s, 3, a->event->id.b, 16);
    put_int(s, 4, a->dedupe_until_us);
    if (sqlite_run(st, Q_DEDUPE_ADD, "cannot store a dedupe key", e))
        return -1;
    dedupe_index_add(&d->index, a->dedupe_hash, d->next);
    note(&d->added, a->dedupe_hash, d->next++);
    return 0;
}

/* Fills d->cut. True: there may be more than this call takes. */
static bool collect_expired(struct sqlite_store *st, int64_t now_us)
{
    struct sqlite_dedupe *d = &st->dedupe;
    sqlite3_stmt *s = st->q[Q_DEDUPE_FROM];
    size_t before = d->cut.count;
    struct err e;

    d->head_until_us = INT64_MIN;
    put_int(s, 1, before ? d->cut.list[before - 1].seq + 1 : d->index.head);
    while (d->cut.count - before < PRUNE_ROWS && sqlite_row(st, Q_DEDUPE_FROM, "cannot prune", &e) > 0) {
        if (get_int(s, 2) > now_us) {
            d->head_until_us = get_int(s, 2);
            break;
        }
        struct slice hash = get_slice(s, 1);
        if (hash.len == 16)
            note(&d->cut, (const unsigned char *)hash.ptr, get_int(s, 0));
    }
    sqlite3_reset(s);
    return d->cut.count - before == PRUNE_ROWS;
}

/* An error shows at the commit. */
bool sqlite_dedupe_prune(struct store *base, int64_t now_us)
{
    struct sqlite_store *st = sqlite_of(base);
    struct sqlite_dedupe *d = &st->dedupe;
    size_t before = d->cut.count;
    struct err e;

    if (now_us < d->head_until_us)
        return false;
    bool more = collect_expired(st, now_us);
    if (d->cut.count == before)
        return false;
    put_int(st->q[Q_DEDUPE_CUT], 1, d->cut.list[d->cut.count - 1].seq);
    if (sqlite_run(st, Q_DEDUPE_CUT, "cannot prune", &e)) {
        /* The rows are still there: forget the cut, or their keys would be lost to the index. */
        d->cut.count = before;
        return false;
    }
    return more;
}
