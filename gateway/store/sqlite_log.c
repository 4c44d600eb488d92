#include "base/clock.h"
#include "store/sqlite_db.h"

int sqlite_refused_load(struct sqlite_store *st, struct err *e)
{
    if (sqlite_number(st->db, "SELECT count(*) FROM refused", &st->refused.rows, e) ||
        sqlite_number(st->db, "SELECT sum(bytes) FROM refused", &st->refused.bytes, e))
        return -1;
    st->refused_committed = st->refused;
    return 0;
}

static int drop_oldest(struct sqlite_store *st, struct err *e)
{
    sqlite3_stmt *oldest = st->q[Q_REFUSED_OLDEST];
    int found = sqlite_row(st, Q_REFUSED_OLDEST, "cannot read the refused log", e);

    if (found <= 0) {
        st->refused = (struct refused_size){ 0 };
        return found;
    }
    put_int(st->q[Q_REFUSED_DROP], 1, get_int(oldest, 0));
    st->refused.rows--;
    st->refused.bytes -= get_int(oldest, 1);
    sqlite3_reset(oldest);
    return sqlite_run(st, Q_REFUSED_DROP, "cannot shorten the refused log", e);
}

int sqlite_refuse(struct store *base, const struct refused_row *r, struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);
    sqlite3_stmt *s = st->q[Q_REFUSED_ADD];
    struct slice body = slice_first(r->body, REFUSED_BODY_MAX);
    const struct slice texts[] = { r->reason, r->detail, r->method, r->path, r->remote, r->headers };
    size_t bytes = body.len;

    for (int i = 0; i < 6; i++) {
        bytes += texts[i].len;
        put_text(s, 8 + i, texts[i]);
    }
    put_int(s, 1, id_key(r->id));
    put_blob(s, 2, r->id.b, sizeof r->id.b);
    put_int(s, 3, r->time_us);
    put_text(s, 4, r->source);
    put_int(s, 5, r->status);
    put_int(s, 6, (int64_t)bytes);
    put_int(s, 7, (int64_t)r->body_bytes);
    put_blob(s, 14, body.ptr, body.len);
    if (sqlite_run(st, Q_REFUSED_ADD, "cannot store the refusal", e))
        return -1;
    st->refused.rows++;
    st->refused.bytes += (int64_t)bytes;
    while (st->refused.rows > st->refused_rows_max || st->refused.bytes > st->refused_bytes_max) {
        if (drop_oldest(st, e))
            return -1;
        if (!st->refused.rows)
            break;
    }
    return 0;
}

int sqlite_define(struct store *base, struct definition *d, struct slice origin, struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);
    sqlite3_stmt *find = st->q[Q_DEFINITION_FIND], *add = st->q[Q_DEFINITION_ADD];

    put_text(find, 1, slice_z(d->kind));
    put_text(find, 2, d->name);
    put_blob(find, 3, d->sha256, sizeof d->sha256);
    int found = sqlite_row(st, Q_DEFINITION_FIND, "cannot read the definitions", e);
    if (found < 0)
        return -1;
    if (found) {
        d->row = get_int(find, 0);
        sqlite3_reset(find);
        return 0;
    }
    put_text(add, 1, slice_z(d->kind));
    put_text(add, 2, d->name);
    put_blob(add, 3, d->sha256, sizeof d->sha256);
    put_text(add, 4, origin);
    put_text(add, 5, d->text);
    put_int(add, 6, clock_wall_us());
    if (sqlite_run(st, Q_DEFINITION_ADD, "cannot store the definition", e))
        return -1;
    d->row = sqlite3_last_insert_rowid(st->db);
    return 0;
}

int sqlite_definition(struct store *base, int64_t row, struct arena *a, struct definition_row *out, struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);
    sqlite3_stmt *s = st->q[Q_DEFINITION_GET];

    put_int(s, 1, row);
    return sqlite_get_definition(s, sqlite_row(st, Q_DEFINITION_GET, "cannot read the definitions", e), a, out, e);
}
