/* Secrets that senders handed over. Few rows, written once in a source's life; the primary key is what makes the first one
 * win, whatever the others do. */
#include "store/sqlite_db.h"

static struct handed_row get_row(sqlite3_stmt *s, struct arena *a)
{
    return (struct handed_row){
        .source = arena_slice(a, get_slice(s, 0)),
        .sealed = arena_slice(a, get_slice(s, 1)),
        .handshake = arena_slice(a, get_slice(s, 2)),
        .remote = arena_slice(a, get_slice(s, 3)),
        .time_us = get_int(s, 4),
    };
}

static int find_first(struct sqlite_store *st, struct slice source, struct arena *a, struct handed_row *first, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_HANDED_GET];

    put_text(s, 1, source);
    int found = sqlite_row(st, Q_HANDED_GET, "cannot read the secret", e);
    if (found < 0)
        return -1;
    if (!found)
        return err_set(e, ERR_SYSTEM, "the store neither takes a secret nor has one");
    *first = get_row(s, a);
    sqlite3_reset(s);
    return err_set(e, ERR_CONFLICT, "the source has a secret already");
}

int sqlite_hand(struct store *base, const struct handed_row *r, struct arena *a, struct handed_row *first, struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);
    sqlite3_stmt *s = st->q[Q_HANDED_ADD];

    put_text(s, 1, r->source);
    put_blob(s, 2, r->sealed.ptr, r->sealed.len);
    put_text(s, 3, r->handshake);
    put_text(s, 4, r->remote);
    put_int(s, 5, r->time_us);
    if (sqlite_run(st, Q_HANDED_ADD, "cannot store the secret", e))
        return -1;
    return sqlite3_changes(st->db) ? 0 : find_first(st, r->source, a, first, e);
}

int sqlite_forget(struct store *base, struct slice source, struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);

    put_text(st->q[Q_HANDED_DROP], 1, source);
    if (sqlite_run(st, Q_HANDED_DROP, "cannot forget the secret", e))
        return -1;
    return sqlite3_changes(st->db) ? 0 : err_set(e, ERR_NOT_FOUND, "no secret was handed over to this source");
}

int sqlite_handed(struct store *base, struct arena *a, struct handed_row **out, size_t *n, struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);
    sqlite3_stmt *s = st->q[Q_HANDED_ALL];
    size_t capacity = 0;
    int found;

    *out = NULL;
    *n = 0;
    while ((found = sqlite_row(st, Q_HANDED_ALL, "cannot read the secrets", e)) > 0) {
        if (*n == capacity) {
            struct handed_row *list = arena_alloc(a, (capacity = capacity ? 2 * capacity : 16) * sizeof *list);
            if (*n)
                memcpy(list, *out, *n * sizeof *list);
            *out = list;
        }
        (*out)[(*n)++] = get_row(s, a);
    }
    return found;
}
