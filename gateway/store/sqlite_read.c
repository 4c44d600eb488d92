/* Readers. Lists go from the newest row down and judge each row here, not in SQL: so a search that finds little can
 * stop after about a second with what it has, and say where to go on. No read keeps a transaction longer: the log
 * cannot be begun anew under an old one. */
#include <stdlib.h>

#include "base/clock.h"
#include "store/sqlite_db.h"

#define READ_US (US_PER_S * 8 / 10)
#define LOOK_AT_CLOCK_EVERY 32
#define BUSY_MS 1000

#define REFUSED_COLUMNS "id, time_us, source, status, body_bytes, reason, detail, method, path, remote, headers"
#define RUN_COLUMNS "key, id, event, source, type, workflow, workflow_def, started_us, ended_us"

static const char *const read_texts[R_COUNT] = {
    [R_BEGIN] = "BEGIN",
    [R_END] = "COMMIT",
    [R_EVENTS] = "SELECT " EVENT_COLUMNS " FROM events WHERE key < ?1 ORDER BY key DESC",
    [R_EVENTS_HELD] =
        "SELECT " EVENT_COLUMNS " FROM events INDEXED BY events_held WHERE status = 1 AND key < ?1 ORDER BY key DESC",
    [R_EVENT] = "SELECT " EVENT_COLUMNS ", body FROM events WHERE key = ?1",
    [R_EVENT_RUNS] = "SELECT count(*) FROM runs WHERE event = ?1",
    [R_EVENT_ID] = "SELECT id FROM events WHERE key = ?1",
    [R_BODY] = "SELECT headers, body, packed FROM bodies WHERE key = ?1",
    [R_RUNS] = "SELECT " RUN_COLUMNS " FROM runs WHERE key < ?1 ORDER BY key DESC",
    [R_RUNS_EVENT] =
        "SELECT " RUN_COLUMNS " FROM runs INDEXED BY runs_event WHERE event = ?2 AND key < ?1 ORDER BY key DESC",
    [R_RUNS_FAILED] = "SELECT " RUN_COLUMNS " FROM (SELECT run AS failed FROM steps INDEXED BY steps_failed"
                      " WHERE state = 5 AND run < ?1) CROSS JOIN runs ON key = failed ORDER BY failed DESC",
    [R_RUN] = "SELECT " RUN_COLUMNS " FROM runs WHERE key = ?1",
    [R_STEPS] = "SELECT idx, id, state, due_us, generation, attempts, queue FROM steps WHERE run = ?1 ORDER BY idx",
    [R_STEP_ATTEMPT] = "SELECT last_attempt FROM steps WHERE run = ?1 AND idx = ?2",
    [R_ATTEMPT] = "SELECT previous, idx, generation, attempt, started_us, ended_us, outcome, status, error, output, log"
                  " FROM attempts WHERE key = ?1",
    [R_REFUSED] = "SELECT " REFUSED_COLUMNS " FROM refused WHERE key < ?1 ORDER BY key DESC",
    [R_REFUSAL] = "SELECT " REFUSED_COLUMNS ", body FROM refused WHERE key = ?1",
    [R_DEFINITION] = "SELECT " DEFINITION_COLUMNS " FROM definitions WHERE id = ?1",
};

struct store_reader *sqlite_reader_open(const struct store_settings *s, struct err *e)
{
    struct sqlite_reader *r = mem_zalloc(sizeof *r);
    const char *path = sqlite_path(s->url);

    if (sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        sqlite_fail(r->db, path, e);
    } else {
        sqlite3_extended_result_codes(r->db, 1);
        sqlite3_busy_timeout(r->db, BUSY_MS);
        if (!sqlite_exec(r->db, "PRAGMA cache_size = -8192; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF", path,
                         e) &&
            !sqlite_prepare(r->db, read_texts, R_COUNT, r->q, e))
            return (struct store_reader *)(void *)r;
    }
    sqlite_reader_close((struct store_reader *)(void *)r);
    return NULL;
}

void sqlite_reader_close(struct store_reader *base)
{
    struct sqlite_reader *r = sqlite_reader_of(base);

    sqlite_finalize(r->q, R_COUNT);
    sqlite3_close(r->db);
    free(r);
}

int sqlite_read_begin(struct sqlite_reader *r, struct err *e)
{
    r->deadline_us = clock_mono_us() + READ_US;
    r->steps = 0;
    return sqlite_read_row(r, R_BEGIN, e);
}

void sqlite_read_end(struct sqlite_reader *r)
{
    for (size_t i = 0; i < R_COUNT; i++)
        sqlite3_reset(r->q[i]);
    sqlite3_step(r->q[R_END]);
    sqlite3_reset(r->q[R_END]);
}

int sqlite_read_row(struct sqlite_reader *r, enum sqlite_read_query q, struct err *e)
{
    int rc = sqlite3_step(r->q[q]);

    if (rc == SQLITE_ROW)
        return 1;
    int result = rc == SQLITE_DONE ? 0 : sqlite_fail(r->db, "cannot read the store", e);
    sqlite3_reset(r->q[q]);
    return result;
}

bool sqlite_read_late(struct sqlite_reader *r)
{
    return r->steps++ % LOOK_AT_CLOCK_EVERY == LOOK_AT_CLOCK_EVERY - 1 && clock_mono_us() > r->deadline_us;
}

/* What a list reads: rows of a query, newest first, each judged and kept or passed over. */
struct scan {
    struct sqlite_reader *reader;
    enum sqlite_read_query query;
    int id_column;
    size_t limit;
    /* 1: kept; 0: passed over; -1. */
    int (*take)(struct scan *x, sqlite3_stmt *s, struct err *e);
    const struct list_filter *filter;
    struct arena *arena;
    void *out;                  /* the array to be filled at p->count */
    struct list_page *page;
};

static int scan_rows(struct scan *x, struct err *e)
{
    sqlite3_stmt *s = x->reader->q[x->query];
    struct list_page *p = x->page;
    int rc;

    put_int(s, 1, x->filter->has_before ? id_key(x->filter->before) : INT64_MAX);
    while ((rc = sqlite_read_row(x->reader, x->query, e)) > 0) {
        if (p->count == x->limit || sqlite_read_late(x->reader)) {
            p->more = true;
            break;
        }
        if (!get_id(s, x->id_column, &p->last))
            continue;
        int taken = x->take(x, s, e);
        if (taken < 0)
            return -1;
        p->count += (size_t)taken;
    }
    return rc < 0 ? -1 : 0;
}

static size_t limit_of(const struct list_filter *f)
{
    return f->limit < 1000 ? f->limit : 1000;
}

static bool wanted(struct slice filter, struct slice value)
{
    return !filter.len || slice_eq(filter, value);
}

static int read_list(struct scan *x, size_t row_bytes, struct list_page *p, struct err *e)
{
    *p = (struct list_page){ 0 };
    x->page = p;
    x->limit = limit_of(x->filter);
    x->out = arena_zalloc(x->arena, x->limit * row_bytes);
    int result = sqlite_read_begin(x->reader, e) < 0 ? -1 : scan_rows(x, e);
    sqlite_read_end(x->reader);
    return result;
}

static void copy_event(struct event *ev, struct arena *a)
{
    struct slice *slices[] = { &ev->source,     &ev->type,    &ev->subject, &ev->delivery_key, &ev->content_type,
                               &ev->form_field, &ev->headers, &ev->errors,  &ev->decisions };

    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++)
        *slices[i] = arena_slice(a, *slices[i]);
}

static int count_runs(struct sqlite_reader *r, struct event_row *row, struct err *e)
{
    sqlite3_stmt *s = r->q[R_EVENT_RUNS];

    put_int(s, 1, id_key(row->event.id));
    int found = sqlite_read_row(r, R_EVENT_RUNS, e);
    if (found > 0) {
        row->runs = get_int(s, 0);
        sqlite3_reset(s);
    }
    return found < 0 ? -1 : 0;
}

static int take_event(struct scan *x, sqlite3_stmt *s, struct err *e)
{
    const struct list_filter *f = x->filter;
    struct event_row *row = (struct event_row *)x->out + x->page->count;
    struct sqlite_packing packing;

    if ((f->status >= 0 && get_int(s, 4) != f->status) || !wanted(f->source, get_slice(s, 2)) ||
        !wanted(f->type, get_slice(s, 3)))
        return 0;
    if (!sqlite_get_event(s, &row->event, &packing))
        return 0;
    row->body_bytes = packing.bytes;
    copy_event(&row->event, x->arena);
    return count_runs(x->reader, row, e) ? -1 : 1;
}

int sqlite_read_events(struct store_reader *base, const struct list_filter *f, struct arena *a, struct event_row **out,
                       struct list_page *p, struct err *e)
{
    struct scan x = { .reader = sqlite_reader_of(base), .query = f->status == EVENT_HELD ? R_EVENTS_HELD : R_EVENTS,
                      .take = take_event, .filter = f, .arena = a };
    int result = read_list(&x, sizeof **out, p, e);

    *out = x.out;
    return result;
}

static int copy_body(struct slice stored, const struct sqlite_packing *p, struct arena *a, struct event *ev, struct err *e)
{
    struct buf body, data;
    int result = 0;

    if (sqlite_get_body(stored, p, ev, &body, &data))
        result = err_set(e, ERR_SYSTEM, "the stored event is damaged");
    bool same = ev->data.ptr == ev->body.ptr && ev->data.len == ev->body.len;
    if (!result) {
        ev->body = arena_slice(a, ev->body);
        ev->data = same ? ev->body : arena_slice(a, ev->data);
    }
    buf_clear(&body);
    buf_clear(&data);
    return result;
}

/* Of an event that shares it with others; the headers are there too. */
static int copy_shared_body(struct sqlite_reader *r, struct sqlite_packing p, struct arena *a, struct event *ev,
                            struct err *e)
{
    sqlite3_stmt *s = r->q[R_BODY];

    put_int(s, 1, id_key(ev->item.batch));
    int found = sqlite_read_row(r, R_BODY, e);
    if (found <= 0)
        return found ? -1 : err_set(e, ERR_SYSTEM, "the stored event is damaged: its body is gone");
    ev->headers = arena_slice(a, get_slice(s, 0));
    p.packed = get_int(s, 2) != 0;
    return copy_body(get_slice(s, 1), &p, a, ev, e);
}

static int get_event_row(struct sqlite_reader *r, struct id id, struct arena *a, struct event_row *out, struct err *e)
{
    sqlite3_stmt *s = r->q[R_EVENT];
    struct sqlite_packing packing;

    put_int(s, 1, id_key(id));
    int found = sqlite_read_row(r, R_EVENT, e);
    if (found < 0)
        return -1;
    *out = (struct event_row){ 0 };
    if (!found || !sqlite_get_event(s, &out->event, &packing) || !id_eq(out->event.id, id))
        return err_set(e, ERR_NOT_FOUND, "no such event");
    copy_event(&out->event, a);
    out->body_bytes = packing.bytes;
    int failed = sqlite_is_shared(&out->event)
                     ? copy_shared_body(r, packing, a, &out->event, e)
                     : copy_body(get_slice(s, EVENT_COLUMN_BODY), &packing, a, &out->event, e);
    return failed || count_runs(r, out, e) ? -1 : 0;
}

int sqlite_read_event(struct store_reader *base, struct id id, struct arena *a, struct event_row *out, struct err *e)
{
    struct sqlite_reader *r = sqlite_reader_of(base);
    int result = sqlite_read_begin(r, e) < 0 ? -1 : get_event_row(r, id, a, out, e);

    sqlite_read_end(r);
    return result;
}

static void get_refused(sqlite3_stmt *s, struct arena *a, struct refused_row *out)
{
    *out = (struct refused_row){
        .time_us = get_int(s, 1),
        .source = arena_slice(a, get_slice(s, 2)),
        .status = (int)get_int(s, 3),
        .body_bytes = (size_t)get_int(s, 4),
        .reason = arena_slice(a, get_slice(s, 5)),
        .detail = arena_slice(a, get_slice(s, 6)),
        .method = arena_slice(a, get_slice(s, 7)),
        .path = arena_slice(a, get_slice(s, 8)),
        .remote = arena_slice(a, get_slice(s, 9)),
        .headers = arena_slice(a, get_slice(s, 10)),
    };
    get_id(s, 0, &out->id);
}

static int take_refused(struct scan *x, sqlite3_stmt *s, struct err *e)
{
    struct refused_row *row = (struct refused_row *)x->out + x->page->count;

    (void)e;
    if (!wanted(x->filter->source, get_slice(s, 2)))
        return 0;
    get_refused(s, x->arena, row);
    return 1;
}

int sqlite_read_refused(struct store_reader *base, const struct list_filter *f, struct arena *a,
                        struct refused_row **out, struct list_page *p, struct err *e)
{
    struct scan x = {
        .reader = sqlite_reader_of(base), .query = R_REFUSED, .take = take_refused, .filter = f, .arena = a
    };
    int result = read_list(&x, sizeof **out, p, e);

    *out = x.out;
    return result;
}

int sqlite_read_refusal(struct store_reader *base, struct id id, struct arena *a, struct refused_row *out,
                        struct err *e)
{
    struct sqlite_reader *r = sqlite_reader_of(base);
    sqlite3_stmt *s = r->q[R_REFUSAL];

    put_int(s, 1, id_key(id));
    int found = sqlite_read_row(r, R_REFUSAL, e);
    if (found < 0)
        return -1;
    if (found) {
        get_refused(s, a, out);
        out->body = arena_slice(a, get_slice(s, 11));
        sqlite3_reset(s);
    }
    return found && id_eq(out->id, id) ? 0 : err_set(e, ERR_NOT_FOUND, "no such refusal");
}

int sqlite_read_definition(struct store_reader *base, int64_t row, struct arena *a, struct definition_row *out,
                           struct err *e)
{
    struct sqlite_reader *r = sqlite_reader_of(base);
    sqlite3_stmt *s = r->q[R_DEFINITION];

    put_int(s, 1, row);
    return sqlite_get_definition(s, sqlite_read_row(r, R_DEFINITION, e), a, out, e);
}
