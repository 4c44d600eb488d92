/* store/store.h - the durable model, whatever keeps it: SQLite now, PostgreSQL later, an in-memory double in tests.
 *
 * One connection writes (struct store, used by the writer's thread only); readers have their own (struct
 * store_reader, one a thread). A back end is a table of functions, picked by the URL's scheme. Between begin and
 * commit every operation is one transaction: after a failed commit (or rollback) nothing of it exists, on disk or in
 * memory.
 *
 * Every function that can fail returns -1 with e: ERR_TEMP, try again later (disk full, busy); ERR_SYSTEM, the store
 * is broken; ERR_NOT_FOUND, ERR_CONFLICT as said. A failed operation leaves the transaction usable only for rollback,
 * unless it says otherwise. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "event/whole.h"
#include "store/rows.h"

/* May this process do that step now? Raises its books when it says yes. Called on the writer's thread. NULL: never. */
typedef bool (*lease_room)(void *arg, const struct step *step);

struct store_settings {
    const char *url;              /* "sqlite:/abs/path" */
    int64_t refused_rows, refused_bytes; /* bounds of the refused log */
};

struct new_run {                  /* of one workflow; id is made by the caller */
    struct id id;
    struct workflow *workflow;    /* a reference while the write lives; workflow->def->row is set */
};

/* An event, its dedupe row, its runs and their first steps. */
struct append {
    struct event *event;          /* reference held by the caller until done */
    bool dedupe;
    unsigned char dedupe_hash[16]; /* the caller hashed (source, key, body) with store_hash_secret */
    int64_t dedupe_until_us;      /* wall clock */
    struct new_run *runs; size_t n_runs;
    /* out */
    enum { APPEND_STORED, APPEND_DUPLICATE } outcome;
    struct id first;              /* APPEND_DUPLICATE: the event that was stored first */
};

/* What came of an attempt. */
struct step_result {
    const struct lease *lease;
    struct workflow *workflow;    /* of the lease, resolved; NULL (cannot be had any more): not with ATTEMPT_OK */
    enum attempt_outcome outcome;
    int64_t started_us, ended_us; /* wall clock */
    int status;
    struct slice error, output, log;
    int64_t due_us;               /* ATTEMPT_RETRY */
    /* out */
    bool stale;                   /* the step is no longer ours (cancelled, another owner): nothing was written */
    bool run_ended;
};

struct store;
struct store_reader;

/* Opens (creates, migrates) the store. A newer or foreign file, a store in use by another process, a folder that is
 * not writable: refused with words. Afterwards foreign leases are void: what was leased is ready. Ids made from now
 * on are above all stored ones (id_floor). */
struct store *store_open(const struct store_settings *s, struct err *e);
void store_close(struct store *st); /* checkpoints; NULL ok */
/* Drawn per database; for XXH3_128bits_withSecret-like keyed hashing of dedupe keys. 192 bytes, constant after open. */
const unsigned char *store_hash_secret(const struct store *st);
#define STORE_HASH_SECRET_BYTES 192

/* durable: the commit survives power loss. Not durable (refused lane): it costs no fsync, may be lost by a power cut,
 * is never torn. (Said here and not at the commit: SQLite allows no change of it inside a transaction.) After a
 * failure there is nothing to roll back. */
int store_begin(struct store *st, bool durable, struct err *e) MUST_CHECK;
/* 0: it is on the disk. -1: nothing of it exists for anybody; the store looks after itself (opens its file again when
 * it has to) at the next begin. After a failed fsync the system does not say what reached the disk: a restart may
 * still find such a transaction, whole. */
int store_commit(struct store *st, struct err *e) MUST_CHECK;
void store_rollback(struct store *st);

/* In a transaction. Leases made are pushed on *leases (a list through mail.next, newest first), to be given to flow
 * after the commit; after a rollback free them. Keys equal to one earlier in the same transaction are duplicates of
 * it. */
int store_append(struct store *st, struct append *a, lease_room room, void *room_arg, struct lease **leases,
                 struct err *e) MUST_CHECK;
/* The same for the events of one body, whose item.count is above 1: all in this transaction, each a duplicate or stored, as if they came
 * one after the other. The whole is stored once, when the first of them is stored. Borrows w for the call. */
int store_append_all(struct store *st, struct append *list, size_t n, const struct whole *w, lease_room room,
                     void *room_arg, struct lease **leases, struct err *e) MUST_CHECK;
/* The attempt, the step's new state, its successors (ready or leased), the run's end. */
int store_finish(struct store *st, struct step_result *r, lease_room room, void *room_arg, struct lease **leases,
                 struct err *e) MUST_CHECK;
/* Up to max steps of that queue that are due: leased now. The event comes with its data. A lease whose step is in
 * memory already (same run, step, generation, attempts) may come again after it expired: the caller drops the copy.
 * Gives less than max when events and outputs are large (CLAIM_BYTES; one at least). next_due_us: the earliest due time
 * left in the queue (of leases too: when they expire), or INT64_MAX. A step whose stored event is damaged fails for
 * good. */
#define CLAIM_BYTES (16 * 1024 * 1024)
int store_claim(struct store *st, struct slice queue, size_t max, int64_t now_us, struct lease **leases,
                int64_t *next_due_us, struct err *e) MUST_CHECK;
/* Names of the queues that have steps ready or leased, and each one's earliest due time. */
struct queue_due { struct slice queue; int64_t due_us; };
int store_queues(struct store *st, struct arena *a, struct queue_due **out, size_t *n, struct err *e) MUST_CHECK;
/* A held event becomes released and its runs start; decisions replace those that the event has. ERR_NOT_FOUND; ERR_CONFLICT when it is not held. The transaction
 * stays usable after these. */
int store_release(struct store *st, struct id event, struct new_run *runs, size_t n, struct slice decisions,
                   struct err *e) MUST_CHECK;
/* Adds to the refused log and keeps it within its bounds (oldest go). */
int store_refuse(struct store *st, const struct refused_row *r, struct err *e) MUST_CHECK;
/* Finds or adds the row; sets d->row. */
int store_define(struct store *st, struct definition *d, struct slice origin, struct err *e) MUST_CHECK;
int store_definition(struct store *st, int64_t row, struct arena *a, struct definition_row *out,
                     struct err *e) MUST_CHECK;
/* A source's secret, handed over by its sender: the first one stays. ERR_CONFLICT: it has one, which is now *first (in the
 * arena). The transaction stays usable. */
int store_hand(struct store *st, const struct handed_row *r, struct arena *a, struct handed_row *first,
               struct err *e) MUST_CHECK;
/* So that the sender may hand over another one. ERR_NOT_FOUND: there is none. The transaction stays usable. */
int store_forget(struct store *st, struct slice source, struct err *e) MUST_CHECK;
/* All of them, by name of the source. */
int store_handed(struct store *st, struct arena *a, struct handed_row **out, size_t *n, struct err *e) MUST_CHECK;
/* Work that may wait: expired dedupe rows, a bounded amount a call. True: there is more. In a transaction. */
bool store_prune(struct store *st, int64_t now_us);
/* Writes something without a meaning: the commit then shows whether the store works. In a transaction. */
int store_probe(struct store *st, struct err *e) MUST_CHECK;
/* Outside transactions. idle: nothing waits, do it when it is worth while; else only what cannot be put off (the log
 * is large). True when something was done. */
bool store_checkpoint(struct store *st, bool idle);

/* Readers: each on one thread. No read takes longer than about a second: lists that search too long give what they
 * have and a cursor. */
struct store_reader *store_reader_open(const struct store_settings *s, struct err *e);
void store_reader_close(struct store_reader *r);

struct list_filter {
    struct slice source, type;    /* exact; empty: any. For runs: of the event */
    struct slice workflow;        /* runs */
    int status;                   /* enum event_status or enum run_state; -1: any */
    bool has_before; struct id before; /* page: rows older than this id */
    bool has_event; struct id event;   /* runs of this event */
    size_t limit;                 /* at most 1000 */
};
struct list_page { size_t count; bool more; struct id last; /* cursor for the next page when more */ };
int read_events(struct store_reader *r, const struct list_filter *f, struct arena *a, struct event_row **out,
                struct list_page *p, struct err *e) MUST_CHECK;
int read_runs(struct store_reader *r, const struct list_filter *f, struct arena *a, struct run_row **out,
              struct list_page *p, struct err *e) MUST_CHECK;
int read_refused(struct store_reader *r, const struct list_filter *f, struct arena *a, struct refused_row **out,
                 struct list_page *p, struct err *e) MUST_CHECK;
/* One, whole, body included. ERR_NOT_FOUND. */
int read_event(struct store_reader *r, struct id id, struct arena *a, struct event_row *out, struct err *e) MUST_CHECK;
int read_run(struct store_reader *r, struct id id, struct arena *a, struct run_row *out, struct err *e) MUST_CHECK;
int read_refusal(struct store_reader *r, struct id id, struct arena *a, struct refused_row *out,
                 struct err *e) MUST_CHECK;
int read_definition(struct store_reader *r, int64_t row, struct arena *a, struct definition_row *out,
                    struct err *e) MUST_CHECK;

/* The back ends' table: one a scheme; members in the order above. Defined by sqlite.c and, in tests, by the double. */
struct store_backend {
    const char *scheme; /* "sqlite" */
    struct store *(*open)(const struct store_settings *s, struct err *e);
    void (*close)(struct store *st);
    int (*begin)(struct store *st, bool durable, struct err *e);
    int (*commit)(struct store *st, struct err *e);
    void (*rollback)(struct store *st);
    int (*append)(struct store *st, struct append *a, lease_room room, void *room_arg, struct lease **leases,
                  struct err *e);
    int (*append_all)(struct store *st, struct append *list, size_t n, const struct whole *w, lease_room room,
                      void *room_arg, struct lease **leases, struct err *e);
    int (*finish)(struct store *st, struct step_result *r, lease_room room, void *room_arg, struct lease **leases,
                  struct err *e);
    int (*claim)(struct store *st, struct slice queue, size_t max, int64_t now_us, struct lease **leases,
                 int64_t *next_due_us, struct err *e);
    int (*queues)(struct store *st, struct arena *a, struct queue_due **out, size_t *n, struct err *e);
    int (*release)(struct store *st, struct id event, struct new_run *runs, size_t n, struct slice decisions,
                   struct err *e);
    int (*refuse)(struct store *st, const struct refused_row *r, struct err *e);
    int (*define)(struct store *st, struct definition *d, struct slice origin, struct err *e);
    int (*definition)(struct store *st, int64_t row, struct arena *a, struct definition_row *out, struct err *e);
    int (*hand)(struct store *st, const struct handed_row *r, struct arena *a, struct handed_row *first, struct err *e);
    int (*forget)(struct store *st, struct slice source, struct err *e);
    int (*handed)(struct store *st, struct arena *a, struct handed_row **out, size_t *n, struct err *e);
    bool (*prune)(struct store *st, int64_t now_us);
    int (*probe)(struct store *st, struct err *e);
    bool (*checkpoint)(struct store *st, bool idle);
    struct store_reader *(*reader_open)(const struct store_settings *s, struct err *e);
    void (*reader_close)(struct store_reader *r);
    int (*read_events)(struct store_reader *r, const struct list_filter *f, struct arena *a, struct event_row **out,
                       struct list_page *p, struct err *e);
    int (*read_runs)(struct store_reader *r, const struct list_filter *f, struct arena *a, struct run_row **out,
                     struct list_page *p, struct err *e);
    int (*read_refused)(struct store_reader *r, const struct list_filter *f, struct arena *a, struct refused_row **out,
                        struct list_page *p, struct err *e);
    int (*read_event)(struct store_reader *r, struct id id, struct arena *a, struct event_row *out, struct err *e);
    int (*read_run)(struct store_reader *r, struct id id, struct arena *a, struct run_row *out, struct err *e);
    int (*read_refusal)(struct store_reader *r, struct id id, struct arena *a, struct refused_row *out, struct err *e);
    int (*read_definition)(struct store_reader *r, int64_t row, struct arena *a, struct definition_row *out,
                           struct err *e);
};
/* Every struct store and struct store_reader begins with this; store_open and store_reader_open set the backend. */
struct store_base {
    const struct store_backend *backend;
    unsigned char hash_secret[STORE_HASH_SECRET_BYTES]; /* struct store only */
};
/* Tests add the double. b must live for ever. */
void store_register(const struct store_backend *b);

#endif
