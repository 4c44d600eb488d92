/* Bodies that are several events. */
#include "event/data.h"
#include "store/sqlite_db.h"

int sqlite_body_add(struct sqlite_store *st, const struct whole *w, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_BODY_ADD];
    bool packed = w->packed.len != 0;
    struct slice body = packed ? w->packed : w->body;

    put_int(s, 1, id_key(w->id));
    put_int(s, 2, (int64_t)w->body.len);
    put_int(s, 3, packed);
    put_text(s, 4, w->headers);
    put_blob(s, 5, body.ptr, body.len);
    return sqlite_run(st, Q_BODY_ADD, "cannot store the body", e);
}

void sqlite_body_forget(struct sqlite_store *st)
{
    buf_clear(&st->kept.body);
    buf_clear(&st->kept.data);
    st->kept = (struct sqlite_kept){ .key = 0 };
}

/* Into st->kept. */
static int unpack(struct sqlite_store *st, sqlite3_stmt *s, const struct event *ev)
{
    struct sqlite_kept *k = &st->kept;
    struct sqlite_packing p = { .bytes = (size_t)get_int(s, 0), .packed = get_int(s, 1) != 0 };
    struct slice stored = get_slice(s, 2), raw;

    buf_init(&k->body, BODY_BYTES_MAX);
    buf_init(&k->data, event_data_max(BODY_BYTES_MAX));
    if (sqlite_unpack(stored, &p, &k->body, &raw))
        return -1;
    if (raw.ptr == stored.ptr) { /* the statement's, and k outlives it */
        buf_put(&k->body, raw);
        raw = buf_slice(&k->body);
    }
    return event_data(ev->form, ev->form_field, raw, &k->data, &k->text);
}

static int keep(struct sqlite_store *st, const struct event *ev, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_BODY_GET];
    int64_t key = id_key(ev->item.batch);

    if (st->kept.key == key)
        return 1;
    sqlite_body_forget(st);
    put_int(s, 1, key);
    int found = sqlite_row(st, Q_BODY_GET, "cannot read the body", e);
    if (found <= 0)
        return found;
    found = unpack(st, s, ev) == 0;
    sqlite3_reset(s);
    if (found)
        st->kept.key = key;
    else
        sqlite_body_forget(st);
    return found;
}

int sqlite_body_slice(struct sqlite_store *st, struct event *ev, size_t data_bytes, struct err *e)
{
    int found = keep(st, ev, e);

    if (found <= 0)
        return found;
    if (ev->item.at > st->kept.text.len || data_bytes > st->kept.text.len - ev->item.at)
        return 0;
    ev->data = slice_of(st->kept.text.ptr + ev->item.at, data_bytes);
    return 1;
}
