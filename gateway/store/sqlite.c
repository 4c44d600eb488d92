/* The writing connection: opening, transactions, and what keeps their promise. See sqlite_schema.c for how rows are
 * kept.
 *
 * Durability: WAL with synchronous=FULL, one fdatasync a commit. The refused lane commits with synchronous=NORMAL: no
 * sync; the next durable commit's sync covers its frames too. No mmap: an I/O error would be a SIGBUS and not an
 * error.
 *
 * After an I/O error nothing the kernel still holds can be believed: a failed fsync marks the pages clean, and the
 * next one succeeds though they never reached the disk. So the connection is closed and opened again, and before
 * anything is acknowledged again the whole log is brought into the database file, synced, and begun anew (checkpoint
 * TRUNCATE): no later commit then rests on frames of which nobody knows. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite_db.h"
#include "store/sqlite_gather.h"

#define PAGE_BYTES 8192
#define WAL_PAGES(mib) ((mib) * 1024 * 1024 / PAGE_BYTES)
/* The log is brought into the database beyond this, while others wait; when idle, beyond that. Above the last one
 * readers are waited for (BUSY_MS), so that none of them can make the log grow without end. Measured with bench/store
 * (batches of 50, events of 7 KB): nearly all pages are new ones, so a larger log saves no writing, it only makes the
 * pause longer: 4 MiB 5 ms a checkpoint (p99 of a batch 6.5 ms), 8 MiB 9 ms, 16 MiB 19 ms, 64 MiB 60 to 90 ms, for
 * the same processor time. */
#define CHECKPOINT_PAGES WAL_PAGES(4)
#define CHECKPOINT_IDLE_PAGES WAL_PAGES(1)
#define CHECKPOINT_FORCE_PAGES WAL_PAGES(256)
#define BUSY_MS 1500
/* Of the events that were brought into the database the kernel keeps the last ones. The older ones are hardly read again,
 * and without a word they would push everything else out of memory; on a virtual machine each page that the kernel takes
 * anew for them may also cost a fault in the hypervisor (measured: up to 15 µs an event of 7 KB). */
#define KEPT_BYTES ((off_t)32 << 20)
#define REOPEN_PAUSE_US (US_PER_S / 5)

static const char pragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF; PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA cache_size = -32768; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = -1;"
    "PRAGMA trusted_schema = OFF";

static void configure_once(void)
{
    /* Counting SQLite's memory takes a lock an allocation. Refused when the library is in use already: then it
     * counts. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_store *st = arg;

    (void)db;
    (void)name;
    if (pages < st->wal_pages)
        st->checkpoint_at = CHECKPOINT_PAGES;
    st->wal_pages = pages;
    return SQLITE_OK;
}

/* SQLite's own locks vanish when any descriptor of the database is closed by this process; a file of our own has no
 * such trap. */
static int take_lock(struct sqlite_store *st, struct err *e)
{
    struct buf name;
    char pid[32] = "";

    buf_init(&name, 8192);
    buf_printf(&name, "%s.lock", st->path);
    st->lock = name.failed ? -1 : open(name.ptr, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    buf_clear(&name);
    if (st->lock < 0 && errno == ENOENT)
        return err_set(e, ERR_SYSTEM, "store %s: its folder does not exist: make it, or change \"store\"", st->path);
    if (st->lock < 0)
        return err_sys(e, "store %s: cannot write in its folder (let this user write there, or change \"store\")",
                       st->path);
    if (flock(st->lock, LOCK_EX | LOCK_NB)) {
        ssize_t n = pread(st->lock, pid, sizeof pid - 1, 0);
        return err_set(e, ERR_CONFLICT,
                       "store %s is in use by another hooklatch process%s%.*s: stop that one, or give this one "
                       "another store",
                       st->path, n > 1 ? ", pid " : "", n > 1 ? (int)strcspn(pid, "\n") : 0, pid);
    }
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(st->lock, 0) || pwrite(st->lock, pid, (size_t)len, 0) != len)
        LOG_WARN("cannot note the pid beside the database", LOG_Z("file", st->path));
    return 0;
}

/* A new file is for our eyes only; SQLite gives its log the same mode. Closed before SQLite has a lock on it. At the
 * start only: a file that vanishes later must not come back empty. */
static void make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
}

static int connect_db(struct sqlite_store *st, struct err *e)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

    if (sqlite3_open_v2(st->path, &st->db, flags, sqlite_gather_vfs()) != SQLITE_OK)
        return sqlite_fail(st->db, st->path, e);
    sqlite3_extended_result_codes(st->db, 1);
    sqlite3_busy_timeout(st->db, BUSY_MS);
    if (sqlite3_db_readonly(st->db, "main") == 1)
        return err_set(e, ERR_SYSTEM, "store %s: the file cannot be written: change its owner or mode", st->path);
    if (sqlite_migrate(st->db, st->path, &sqlite_migrations, e))
        return -1;
    if (sqlite_exec(st->db, pragmas, st->path, e) || sqlite_prepare(st->db, sqlite_query_texts, Q_COUNT, st->q, e))
        return -1;
    sqlite3_wal_hook(st->db, on_wal, st);
    st->relaxed = false;
    /* How long the log is that was found shows only at the first commit: this makes the first idle moment look. */
    st->wal_pages = CHECKPOINT_IDLE_PAGES;
    st->checkpoint_at = CHECKPOINT_PAGES;
    return 0;
}

static void disconnect(struct sqlite_store *st)
{
    sqlite_finalize(st->q, Q_COUNT);
    sqlite3_close(st->db);
    st->db = NULL;
}

static int load_secret(struct sqlite_store *st, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(st->db, "SELECT value FROM meta WHERE name = 'hash_secret'", -1, &s, NULL);

    if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW && get_slice(s, 0).len == STORE_HASH_SECRET_BYTES) {
        memcpy(st->base.hash_secret, get_slice(s, 0).ptr, STORE_HASH_SECRET_BYTES);
        sqlite3_finalize(s);
        return 0;
    }
    sqlite3_finalize(s);
    return err_set(e, ERR_SYSTEM, "store %s: the database is damaged: its hash secret is missing", st->path);
}

/* We hold the lock, so whoever leased a step is gone. */
static int void_leases(struct sqlite_store *st, struct err *e)
{
    int64_t floor = 0;

    if (sqlite_number(st->db,
                      "SELECT max(ifnull((SELECT max(key) FROM events), 0), ifnull((SELECT max(key) FROM runs), 0),"
                      " ifnull((SELECT max(key) FROM refused), 0))",
                      &floor, e))
        return -1;
    id_floor(floor);
    char *sql = sqlite3_mprintf("UPDATE steps INDEXED BY steps_due SET state = 1, owner = 0, due_us = %lld"
                                " WHERE state IN (1, 2) AND state = 2", (long long)clock_wall_us());
    int result = sqlite_exec(st->db, sql, "cannot take over the steps that were under way", e);
    sqlite3_free(sql);
    return result;
}

static int load(struct sqlite_store *st, struct err *e)
{
    return load_secret(st, e) || void_leases(st, e) || sqlite_dedupe_load(st, e) || sqlite_refused_load(st, e) ? -1 : 0;
}

static void sqlite_close(struct store *base)
{
    struct sqlite_store *st = sqlite_of(base);

    disconnect(st);
    if (st->file >= 0)
        close(st->file);
    if (st->lock >= 0)
        close(st->lock);
    sqlite_dedupe_clear(st);
    sqlite_body_forget(st);
    free(st->states);
    free(st->path);
    free(st);
}

/* For let_go. Not closed before the store: closing any descriptor of the database drops all locks of this process on it. */
static int open_file(struct sqlite_store *st, struct err *e)
{
    struct stat file;

    st->file = open(st->path, O_RDONLY | O_CLOEXEC);
    if (st->file < 0 || fstat(st->file, &file))
        return err_sys(e, "store %s", st->path);
    st->let_go_at = file.st_size;
    return 0;
}

static struct store *sqlite_open(const struct store_settings *s, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sqlite_store *st = mem_zalloc(sizeof *st);

    pthread_once(&once, configure_once);
    st->path = mem_strdup(sqlite_path(s->url));
    st->lock = st->file = -1;
    st->refused_rows_max = s->refused_rows;
    st->refused_bytes_max = s->refused_bytes;
    random_bytes(&st->owner, sizeof st->owner);
    sqlite_dedupe_init(st);
    int failed = take_lock(st, e);
    if (!failed)
        make_private(st->path);
    if (failed || connect_db(st, e) || open_file(st, e) || load(st, e)) {
        sqlite_close((struct store *)(void *)st);
        return NULL;
    }
    return (struct store *)(void *)st;
}

/* After an I/O error; see the top. */
static int reopen(struct sqlite_store *st, struct err *e)
{
    int64_t now = clock_mono_us();

    if (now < st->reopen_after_us)
        return err_set(e, ERR_TEMP, "store %s: the disk failed; it is tried again soon", st->path);
    st->reopen_after_us = now + REOPEN_PAUSE_US;
    disconnect(st);
    if (connect_db(st, e))
        return -1;
    if (sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        return sqlite_fail(st->db, "cannot bring the log into the database", e);
    if (sqlite_dedupe_load(st, e) || sqlite_refused_load(st, e))
        return -1;
    LOG_INFO("database opened again after an I/O error", LOG_Z("file", st->path));
    st->suspect = false;
    st->reopen_after_us = 0;
    return 0;
}

/* Takes effect when the pragma is prepared, so it is no statement of ours; it changes about once a second. */
static int set_relaxed(struct sqlite_store *st, bool relaxed, struct err *e)
{
    if (st->relaxed == relaxed)
        return 0;
    if (sqlite_exec(st->db, relaxed ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
                    "cannot change how commits are synced", e))
        return -1;
    st->relaxed = relaxed;
    if (sqlite_gather_log(st->db, !relaxed) == SQLITE_OK)
        return 0;
    return err_set(e, ERR_TEMP, "cannot write the log");
}

static int sqlite_begin(struct store *base, bool durable, struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);

    if ((st->suspect && reopen(st, e)) || set_relaxed(st, !durable, e))
        return -1;
    return sqlite_run(st, Q_BEGIN, "cannot begin a transaction", e);
}

static void end_transaction(struct sqlite_store *st, bool committed)
{
    sqlite_dedupe_end(st, committed);
    if (committed)
        st->refused_committed = st->refused;
    else
        st->refused = st->refused_committed;
}

/* SQLite itself rolls back after some errors (full disk, I/O). */
static void sqlite_rollback(struct store *base)
{
    struct sqlite_store *st = sqlite_of(base);
    struct err e;

    for (size_t i = 0; i < Q_COUNT; i++)
        sqlite3_reset(st->q[i]);
    if (!sqlite3_get_autocommit(st->db) && sqlite_run(st, Q_ROLLBACK, "cannot roll back", &e)) {
        LOG_ERROR("cannot roll back", LOG_Z("error", e.text));
        st->suspect = true;
    }
    end_transaction(st, false);
}

static int sqlite_commit(struct store *base, struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);

    if (sqlite_run(st, Q_COMMIT, "cannot commit", e)) {
        sqlite_rollback(base);
        return -1;
    }
    end_transaction(st, true);
    return 0;
}

static int sqlite_probe(struct store *base, struct err *e)
{
    return sqlite_run(sqlite_of(base), Q_PROBE, "cannot write", e);
}

/* What the database has grown by, but for the last of it. That the kernel does not let go is no error. */
static void let_go(struct sqlite_store *st)
{
    struct stat file;

    if (fstat(st->file, &file) || file.st_size - KEPT_BYTES <= st->let_go_at)
        return;
    posix_fadvise(st->file, st->let_go_at, file.st_size - KEPT_BYTES - st->let_go_at, POSIX_FADV_DONTNEED);
    st->let_go_at = file.st_size - KEPT_BYTES;
}

static bool sqlite_checkpoint(struct store *base, bool idle)
{
    struct sqlite_store *st = sqlite_of(base);
    int at = idle && st->checkpoint_at == CHECKPOINT_PAGES ? CHECKPOINT_IDLE_PAGES : st->checkpoint_at;
    int log = 0, done = 0;
    struct err e;

    if (idle)
        sqlite_body_forget(st);
    if (st->suspect || st->wal_pages < at || set_relaxed(st, false, &e))
        return false;
    int mode = st->wal_pages >= CHECKPOINT_FORCE_PAGES ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    int rc = sqlite3_wal_checkpoint_v2(st->db, NULL, mode, &log, &done);
    if (rc != SQLITE_OK && rc != SQLITE_BUSY) {
        sqlite_fail(st->db, "cannot bring the log into the database", &e);
        LOG_ERROR("checkpoint failed", LOG_Z("error", e.text));
        st->suspect = (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CORRUPT;
    }
    if (rc == SQLITE_OK && log == done) {
        let_go(st);
        st->wal_pages = 0;
        st->checkpoint_at = CHECKPOINT_PAGES;
        return true;
    }
    /* A reader is in the way, or the disk: the rest with the next pages. */
    st->checkpoint_at = st->wal_pages + CHECKPOINT_PAGES;
    return false;
}

const struct store_backend sqlite_backend = {
    .scheme = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .append = sqlite_append,
    .append_all = sqlite_append_all,
    .finish = sqlite_finish,
    .claim = sqlite_claim,
    .queues = sqlite_queues,
    .release = sqlite_release,
    .refuse = sqlite_refuse,
    .define = sqlite_define,
    .definition = sqlite_definition,
    .hand = sqlite_hand,
    .forget = sqlite_forget,
    .handed = sqlite_handed,
    .prune = sqlite_dedupe_prune,
    .probe = sqlite_probe,
    .checkpoint = sqlite_checkpoint,
    .reader_open = sqlite_reader_open,
    .reader_close = sqlite_reader_close,
    .read_events = sqlite_read_events,
    .read_runs = sqlite_read_runs,
    .read_refused = sqlite_read_refused,
    .read_event = sqlite_read_event,
    .read_run = sqlite_read_run,
    .read_refusal = sqlite_read_refusal,
    .read_definition = sqlite_read_definition,
};
