#include "store/sqlite_db.h"

#include "event/data.h"

int sqlite_fail(sqlite3 *db, const char *doing, struct err *e)
{
    int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;

    switch (code & 0xff) {
    case SQLITE_FULL:
        return err_set(e, ERR_TEMP, "%s: the disk is full", doing);
    case SQLITE_IOERR:
        return err_set(e, ERR_TEMP, "%s: %s (SQLite %d, errno %d)", doing, sqlite3_errmsg(db), code,
                       sqlite3_system_errno(db));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_INTERRUPT:
        return err_set(e, ERR_TEMP, "%s: %s (SQLite %d)", doing, sqlite3_errmsg(db), code);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return err_set(e, ERR_SYSTEM, "%s: the database is damaged: %s (SQLite %d)", doing, sqlite3_errmsg(db), code);
    default:
        return err_set(e, ERR_SYSTEM, "%s: %s (SQLite %d)", doing, sqlite3_errmsg(db), code);
    }
}

int sqlite_exec(sqlite3 *db, const char *sql, const char *doing, struct err *e)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sqlite_fail(db, doing, e);
}

int sqlite_number(sqlite3 *db, const char *sql, int64_t *out, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

    *out = 0;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *out = get_int(s, 0);
    int result = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : sqlite_fail(db, sql, e);
    sqlite3_finalize(s);
    return result;
}

const char *sqlite_path(const char *url)
{
    return url + sizeof "sqlite:" - 1;
}

int sqlite_prepare(sqlite3 *db, const char *const *texts, size_t n, sqlite3_stmt **out, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        if (sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &out[i], NULL) != SQLITE_OK)
            return sqlite_fail(db, texts[i], e);
    }
    return 0;
}

void sqlite_finalize(sqlite3_stmt **list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sqlite3_finalize(list[i]);
        list[i] = NULL;
    }
}

bool get_id(sqlite3_stmt *s, int at, struct id *out)
{
    struct slice bytes = get_slice(s, at);

    if (bytes.len != sizeof out->b)
        return false;
    memcpy(out->b, bytes.ptr, sizeof out->b);
    return true;
}

/* False: an event that shares its body must say with which others. */
static bool get_item(sqlite3_stmt *s, struct event_item *out)
{
    *out = (struct event_item){ .index = (uint32_t)get_int(s, 21),
                                .count = (uint32_t)get_int(s, 22),
                                .at = (size_t)get_int(s, 23) };
    return out->count <= 1 || get_id(s, 20, &out->batch);
}

bool sqlite_get_event(sqlite3_stmt *s, struct event *out, struct sqlite_packing *p)
{
    *out = (struct event){
        .time_us = get_int(s, 1),
        .source = get_slice(s, 2),
        .type = get_slice(s, 3),
        .status = (enum event_status)get_int(s, 4),
        .verdict = (enum event_verdict)get_int(s, 5),
        .form = (enum event_form)get_int(s, 6),
        .plan_def = get_int(s, 7),
        .source_def = get_int(s, 8),
        .schema_def = get_int(s, 9),
        .subject = get_slice(s, 12),
        .delivery_key = get_slice(s, 13),
        .content_type = get_slice(s, 14),
        .form_field = get_slice(s, 15),
        .headers = get_slice(s, 16),
        .errors = get_slice(s, 17),
        .decisions = get_slice(s, 18),
        .happened_us = get_int(s, 19),
    };
    ref_init(&out->refs);
    *p = (struct sqlite_packing){ (size_t)get_int(s, 10), get_int(s, 11) != 0, (size_t)get_int(s, 24) };
    return get_id(s, 0, &out->id) && out->status <= EVENT_IGNORED && out->verdict <= VERDICT_UNLISTED &&
           out->form <= EVENT_DATA_BINARY && get_item(s, &out->item);
}

int sqlite_unpack(struct slice stored, const struct sqlite_packing *p, struct buf *body, struct slice *out)
{
    if (p->bytes > BODY_BYTES_MAX || (!p->packed && stored.len != p->bytes))
        return -1;
    *out = stored;
    if (!p->packed)
        return 0;
    char *room = buf_room(body, p->bytes);
    if (!room || event_unpack(stored, p->bytes, room))
        return -1;
    body->len += p->bytes;
    *out = buf_slice(body);
    return 0;
}

int sqlite_get_body(struct slice stored, const struct sqlite_packing *p, struct event *ev, struct buf *body,
                    struct buf *data)
{
    struct slice raw;

    buf_init(body, BODY_BYTES_MAX);
    buf_init(data, event_data_max(p->bytes < BODY_BYTES_MAX ? p->bytes : 0));
    if (sqlite_unpack(stored, p, body, &raw))
        return -1;
    return event_derive(ev, raw, p->data_bytes, data);
}

int sqlite_get_definition(sqlite3_stmt *s, int found, struct arena *a, struct definition_row *out, struct err *e)
{
    if (found < 0)
        return -1;
    if (!found)
        return err_set(e, ERR_NOT_FOUND, "no such definition");
    struct slice sha256 = get_slice(s, 3);
    *out = (struct definition_row){
        .row = get_int(s, 0),
        .kind = arena_slice(a, get_slice(s, 1)),
        .name = arena_slice(a, get_slice(s, 2)),
        .origin = arena_slice(a, get_slice(s, 4)),
        .text = arena_slice(a, get_slice(s, 5)),
        .loaded_us = get_int(s, 6),
    };
    if (sha256.len == sizeof out->sha256)
        memcpy(out->sha256, sha256.ptr, sha256.len);
    sqlite3_reset(s);
    return 0;
}

int sqlite_run(struct sqlite_store *st, enum sqlite_query q, const char *doing, struct err *e)
{
    sqlite3_stmt *s = st->q[q];
    int rc = sqlite3_step(s), result = 0;

    if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
        result = sqlite_fail(st->db, doing, e);
        st->suspect |= (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CORRUPT;
    }
    sqlite3_reset(s);
    return result;
}

int sqlite_row(struct sqlite_store *st, enum sqlite_query q, const char *doing, struct err *e)
{
    int rc = sqlite3_step(st->q[q]);

    if (rc == SQLITE_ROW)
        return 1;
    int result = rc == SQLITE_DONE ? 0 : sqlite_fail(st->db, doing, e);
    if (result)
        st->suspect |= (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CORRUPT;
    sqlite3_reset(st->q[q]);
    return result;
}
