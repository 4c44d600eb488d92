/* store/sqlite_db.h - private to store/sqlite*.c: a connection with its prepared statements, and the store that
 * writes through one. Statements are prepared once a connection; nothing is formatted per event; values are bound
 * where they lie (SQLITE_STATIC) and must stay there until the statement was run. */
#ifndef STORE_SQLITE_DB_H
#define STORE_SQLITE_DB_H

#include <sqlite3.h>
#include <sys/types.h>

#include "store/dedupe_index.h"
#include "store/store.h"

/* Says what failed, in words, with the code that fits: disk full, busy and I/O are ERR_TEMP, a damaged file is
 * ERR_SYSTEM. -1. */
int sqlite_fail(sqlite3 *db, const char *doing, struct err *e);
/* Several statements without values. */
int sqlite_exec(sqlite3 *db, const char *sql, const char *doing, struct err *e) MUST_CHECK;
/* The one number that `sql` gives; 0 when it gives none. */
int sqlite_number(sqlite3 *db, const char *sql, int64_t *out, struct err *e) MUST_CHECK;
/* The path of "sqlite:PATH". */
const char *sqlite_path(const char *url);
int sqlite_prepare(sqlite3 *db, const char *const *texts, size_t n, sqlite3_stmt **out, struct err *e) MUST_CHECK;
void sqlite_finalize(sqlite3_stmt **list, size_t n);

/* Values in, by number from 1. */
static inline void put_int(sqlite3_stmt *s, int at, int64_t v)
{
    sqlite3_bind_int64(s, at, v);
}
static inline void put_text(sqlite3_stmt *s, int at, struct slice v)
{
    sqlite3_bind_text64(s, at, v.ptr ? v.ptr : "", v.len, SQLITE_STATIC, SQLITE_UTF8);
}
static inline void put_blob(sqlite3_stmt *s, int at, const void *ptr, size_t len)
{
    sqlite3_bind_blob64(s, at, ptr ? ptr : "", len, SQLITE_STATIC);
}

/* Values out, by number from 0; slices are good until the next step or reset. */
static inline int64_t get_int(sqlite3_stmt *s, int at)
{
    return sqlite3_column_int64(s, at);
}
static inline struct slice get_slice(sqlite3_stmt *s, int at)
{
    const void *ptr = sqlite3_column_blob(s, at);
    return slice_of(ptr ? ptr : "", (size_t)sqlite3_column_bytes(s, at));
}
/* False: not 16 bytes (a damaged row). */
bool get_id(sqlite3_stmt *s, int at, struct id *out);

/* sqlite_schema.c: what the file looks like, by numbered migrations. */
struct sqlite_migrations {
    const char *const *texts; /* texts[i] leads from layout i to i + 1 */
    int count;
};
extern const struct sqlite_migrations sqlite_migrations;
/* A new file is made ours; ours is brought up to date; a newer or foreign one is refused with words. path: for them. */
int sqlite_migrate(sqlite3 *db, const char *path, const struct sqlite_migrations *m, struct err *e) MUST_CHECK;

/* Statements of the writing connection. */
enum sqlite_query {
    Q_BEGIN,
    Q_COMMIT,
    Q_ROLLBACK,
    Q_PROBE,
    Q_EVENT_ADD,
    Q_EVENT_ADD_ALL,
    Q_EVENT_GET,
    Q_EVENT_HEAD,
    Q_EVENT_RELEASE,
    Q_BODY_ADD,
    Q_BODY_GET,
    Q_DEDUPE_ADD,
    Q_DEDUPE_GET,
    Q_DEDUPE_FROM,
    Q_DEDUPE_CUT,
    Q_RUN_ADD,
    Q_RUN_GET,
    Q_RUN_END,
    Q_STEP_ADD,
    Q_STEP_GET,
    Q_STEP_SET,
    Q_STEP_MOVE,
    Q_STEPS_OF_RUN,
    Q_STEPS_DUE,
    Q_STEPS_NEXT,
    Q_OUTPUTS,
    Q_QUEUE_AFTER,
    Q_ATTEMPT_ADD,
    Q_REFUSED_ADD,
    Q_REFUSED_OLDEST,
    Q_REFUSED_DROP,
    Q_DEFINITION_FIND,
    Q_DEFINITION_ADD,
    Q_DEFINITION_GET,
    Q_HANDED_ADD,
    Q_HANDED_GET,
    Q_HANDED_DROP,
    Q_HANDED_ALL,
    Q_COUNT,
};
extern const char *const sqlite_query_texts[Q_COUNT];

/* Columns that sqlite_get_event reads, from the first on; the body stands behind them where it is asked for. The later ones are NULL
 * for most events. */
#define EVENT_COLUMNS EVENT_COLUMNS_ALL ", " EVENT_COLUMNS_SOME
#define EVENT_COLUMNS_SOME "happened_us, batch, batch_index, batch_count, data_at, data_bytes"
#define EVENT_COLUMNS_ALL                                                                                                  \
    "id, time_us, source, type, status, verdict, form, plan_def, source_def, schema_def, body_bytes, packed, "         \
    "subject, "                                                                                                        \
    "delivery_key, content_type, form_field, headers, errors, decisions"
#define EVENT_COLUMN_BODY 25
/* How a body was stored. */
struct sqlite_packing {
    size_t bytes;               /* of the body */
    bool packed;                /* as an lz4 block */
    size_t data_bytes;          /* of the slice of it that is the event's data, where item.count is not 0 */
};
/* Slices are the statement's; body and data are left empty. */
bool sqlite_get_event(sqlite3_stmt *s, struct event *out, struct sqlite_packing *p);
/* Of an event that shares its body with others: it lies in bodies. */
static inline bool sqlite_is_shared(const struct event *ev)
{
    return ev->item.count > 1;
}
/* The stored body unpacked into `body`: a slice of that, or `stored` itself. -1: the row is damaged. */
int sqlite_unpack(struct slice stored, const struct sqlite_packing *p, struct buf *body, struct slice *out) MUST_CHECK;
/* Body and data of the event, as slices of `stored` or the two buffers, which the caller clears. 0; -1: damaged. */
int sqlite_get_body(struct slice stored, const struct sqlite_packing *p, struct event *ev, struct buf *body,
                    struct buf *data) MUST_CHECK;
/* A body above this is no body of ours. */
#define BODY_BYTES_MAX (64 * 1024 * 1024)

/* Columns of definitions that sqlite_get_definition reads; slices into the arena. */
#define DEFINITION_COLUMNS "id, kind, name, sha256, origin, text, loaded_us"
/* found: what stepping s gave. 1: reads the row and resets s; 0: ERR_NOT_FOUND; -1: passed on. */
int sqlite_get_definition(sqlite3_stmt *s, int found, struct arena *a, struct definition_row *out, struct err *e) MUST_CHECK;

struct dedupe_change {
    unsigned char hash[16];
    int64_t seq;
};
struct dedupe_changes {
    struct dedupe_change *list;
    size_t count, capacity;
};

/* Dedupe rows: sqlite_dedupe.c. What a transaction did to the index is undone with it. */
struct sqlite_dedupe {
    struct dedupe_index index;
    int64_t next;               /* the next row's seq */
    int64_t head_until_us;      /* when the oldest row may go; INT64_MIN: not known */
    struct dedupe_changes added, cut; /* in this transaction */
};

struct refused_size {
    int64_t rows, bytes;
};

/* The body that the event claimed last has a slice of: the steps of a batch are claimed one after the other, and it is unpacked once. */
struct sqlite_kept {
    int64_t key;                /* of bodies; 0: none */
    struct buf body, data;      /* data: what its form makes of it, where that is not the body */
    struct slice text;          /* of which the events' data are slices */
};

struct sqlite_store {
    struct store_base base;
    char *path;
    int lock;                   /* descriptor of "<path>.lock" under flock */
    int file;                   /* of the database, for the page cache only */
    off_t let_go_at;            /* what it grows by is kept by the kernel from here on */
    sqlite3 *db;                /* NULL: could not be opened again */
    sqlite3_stmt *q[Q_COUNT];
    int64_t owner;              /* of leases: this process */
    bool relaxed;               /* synchronous is NORMAL now */
    bool suspect;               /* an I/O error was seen: open again before the next transaction */
    int64_t reopen_after_us;    /* monotonic: not in a hurry when that fails */
    int wal_pages, checkpoint_at;
    int64_t refused_rows_max, refused_bytes_max;
    struct refused_size refused, refused_committed;
    struct sqlite_dedupe dedupe;
    struct sqlite_kept kept;
    enum step_state *states;    /* of the run at hand */
    size_t states_capacity;
};
static inline struct sqlite_store *sqlite_of(struct store *st)
{
    return (struct sqlite_store *)(void *)st;
}

/* Runs a statement that gives no rows. */
int sqlite_run(struct sqlite_store *st, enum sqlite_query q, const char *doing, struct err *e) MUST_CHECK;
/* 1: a row is there (sqlite3_reset when done with it); 0: none; -1. The statement is reset after 0 and -1. */
int sqlite_row(struct sqlite_store *st, enum sqlite_query q, const char *doing, struct err *e) MUST_CHECK;

/* sqlite_dedupe.c */
void sqlite_dedupe_init(struct sqlite_store *st);
void sqlite_dedupe_clear(struct sqlite_store *st);
/* Reads rows that the index does not know yet: all at the start, those of an unclear commit after opening again. */
int sqlite_dedupe_load(struct sqlite_store *st, struct err *e) MUST_CHECK;
void sqlite_dedupe_end(struct sqlite_store *st, bool committed);
/* 1: stored before, *first says as what; 0: not; -1. */
int sqlite_dedupe_find(struct sqlite_store *st, const struct append *a, struct id *first, struct err *e) MUST_CHECK;
int sqlite_dedupe_add(struct sqlite_store *st, const struct append *a, struct err *e) MUST_CHECK;
bool sqlite_dedupe_prune(struct store *base, int64_t now_us);

/* sqlite_append.c */
int sqlite_append(struct store *base, struct append *a, lease_room room, void *room_arg, struct lease **leases,
                  struct err *e) MUST_CHECK;
int sqlite_append_all(struct store *base, struct append *list, size_t n, const struct whole *w, lease_room room,
                      void *room_arg, struct lease **leases, struct err *e) MUST_CHECK;
int sqlite_release(struct store *base, struct id event, struct new_run *runs, size_t n, struct slice decisions,
                   struct err *e) MUST_CHECK;

/* sqlite_bodies.c */
/* Adds the row of a whole. */
int sqlite_body_add(struct sqlite_store *st, const struct whole *w, struct err *e) MUST_CHECK;
/* The event's data out of the kept body; good until the next call. 1; 0: damaged or gone; -1. */
int sqlite_body_slice(struct sqlite_store *st, struct event *ev, size_t data_bytes, struct err *e) MUST_CHECK;
void sqlite_body_forget(struct sqlite_store *st);

/* sqlite_steps.c, sqlite_claim.c */
enum step_state *sqlite_states(struct sqlite_store *st, size_t n); /* room for n */
int sqlite_finish(struct store *base, struct step_result *r, lease_room room, void *room_arg, struct lease **leases,
                  struct err *e) MUST_CHECK;
int sqlite_put_outputs(struct sqlite_store *st, struct lease *l, struct err *e) MUST_CHECK;
int sqlite_claim(struct store *base, struct slice queue, size_t max, int64_t now_us, struct lease **leases,
                 int64_t *next_due_us, struct err *e) MUST_CHECK;
int sqlite_queues(struct store *base, struct arena *a, struct queue_due **out, size_t *n, struct err *e) MUST_CHECK;

/* sqlite_log.c: the refused log and definitions */
int sqlite_refused_load(struct sqlite_store *st, struct err *e) MUST_CHECK;
int sqlite_refuse(struct store *base, const struct refused_row *r, struct err *e) MUST_CHECK;
int sqlite_define(struct store *base, struct definition *d, struct slice origin, struct err *e) MUST_CHECK;
int sqlite_definition(struct store *base, int64_t row, struct arena *a, struct definition_row *out,
                      struct err *e) MUST_CHECK;

/* sqlite_handed.c */
int sqlite_hand(struct store *base, const struct handed_row *r, struct arena *a, struct handed_row *first,
                struct err *e) MUST_CHECK;
int sqlite_forget(struct store *base, struct slice source, struct err *e) MUST_CHECK;
int sqlite_handed(struct store *base, struct arena *a, struct handed_row **out, size_t *n, struct err *e) MUST_CHECK;

/* sqlite_read.c, sqlite_read_runs.c */
enum sqlite_read_query {
    R_BEGIN, R_END,
    R_EVENTS, R_EVENTS_HELD, R_EVENT, R_EVENT_RUNS, R_EVENT_ID, R_BODY,
    R_RUNS, R_RUNS_EVENT, R_RUNS_FAILED, R_RUN, R_STEPS, R_STEP_ATTEMPT, R_ATTEMPT,
    R_REFUSED, R_REFUSAL, R_DEFINITION,
    R_COUNT,
};
struct sqlite_reader {
    struct store_base base;
    sqlite3 *db;
    sqlite3_stmt *q[R_COUNT];
    int64_t deadline_us;        /* monotonic: the read under way ends then */
    unsigned steps;
};
static inline struct sqlite_reader *sqlite_reader_of(struct store_reader *r)
{
    return (struct sqlite_reader *)(void *)r;
}
/* One transaction, so that all statements of a read see the same; its second begins. */
int sqlite_read_begin(struct sqlite_reader *r, struct err *e) MUST_CHECK;
void sqlite_read_end(struct sqlite_reader *r);
/* As sqlite_row. */
int sqlite_read_row(struct sqlite_reader *r, enum sqlite_read_query q, struct err *e) MUST_CHECK;
/* Is this read's time over? Looks at the clock now and then. */
bool sqlite_read_late(struct sqlite_reader *r);
int sqlite_read_runs(struct store_reader *base, const struct list_filter *f, struct arena *a, struct run_row **out,
                     struct list_page *p, struct err *e) MUST_CHECK;
int sqlite_read_run(struct store_reader *base, struct id id, struct arena *a, struct run_row *out,
                    struct err *e) MUST_CHECK;
struct store_reader *sqlite_reader_open(const struct store_settings *s, struct err *e);
void sqlite_reader_close(struct store_reader *base);
int sqlite_read_events(struct store_reader *base, const struct list_filter *f, struct arena *a, struct event_row **out,
                       struct list_page *p, struct err *e) MUST_CHECK;
int sqlite_read_event(struct store_reader *base, struct id id, struct arena *a, struct event_row *out,
                      struct err *e) MUST_CHECK;
int sqlite_read_refused(struct store_reader *base, const struct list_filter *f, struct arena *a,
                        struct refused_row **out, struct list_page *p, struct err *e) MUST_CHECK;
int sqlite_read_refusal(struct store_reader *base, struct id id, struct arena *a, struct refused_row *out,
                        struct err *e) MUST_CHECK;
int sqlite_read_definition(struct store_reader *base, int64_t row, struct arena *a, struct definition_row *out,
                           struct err *e) MUST_CHECK;

#endif
