/* What is SQLite's alone: the file, who may open it, how it is synced, what a failing disk does to it. */
#include "unit/store/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/store/fault_vfs.h"
#include "store/sqlite_db.h"

static struct fixture x;

static int set_up(void **state)
{
    (void)state;
    fixture_open(&x, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    atomic_store(&fault_vfs.fail_syncs, 0);
    atomic_store(&fault_vfs.full, false);
    fixture_close(&x);
    return 0;
}

static const char *path(void) { return sqlite_path(x.url); }

/* Through a connection of its own, as another program would. */
static int64_t ask(const char *file, const char *sql)
{
    sqlite3 *db;
    int64_t out;
    struct err e;

    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    if (sqlite_number(db, sql, &out, &e))
        fail_msg("%s", e.text);
    sqlite3_close(db);
    return out;
}

static int append_one(bool durable, const char *body)
{
    struct event *ev = test_event(body);
    struct append a = test_append(ev, NULL, NULL, 0);
    struct err e;
    int result = store_begin(x.store, durable, &e);

    if (!result) {
        result = store_append(x.store, &a, NULL, NULL, &x.leases, &e);
        if (result)
            store_rollback(x.store);
        else
            result = store_commit(x.store, &e);
    }
    if (result)
        assert_int_equal(e.code, ERR_TEMP);
    event_unref(ev);
    return result;
}

static void a_new_file_is_as_it_should_be(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(path(), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(ask(path(), "PRAGMA page_size"), 8192);
    assert_int_equal(ask(path(), "PRAGMA auto_vacuum"), 2);
    assert_int_equal(ask(path(), "PRAGMA user_version"), 4);
    assert_int_equal(ask(path(), "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(ask(path(), "SELECT length(value) FROM meta WHERE name = 'hash_secret'"), STORE_HASH_SECRET_BYTES);
}

static void refused_with(const char *url, const char *words)
{
    struct store_settings s = { .url = url, .refused_rows = 5, .refused_bytes = 1000 };
    struct err e;

    assert_null(store_open(&s, &e));
    if (!strstr(e.text, words))
        fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static void change_file(const char *file, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void newer_and_foreign_files_are_refused(void **state)
{
    char other[512], url[520];

    (void)state;
    change_file(path(), "PRAGMA user_version = 7");
    store_close(x.store);
    x.store = NULL;
    refused_with(x.url, "newer hooklatch (layout 7; this one knows up to 4)");
    snprintf(other, sizeof other, "%s/other.db", x.dir);
    snprintf(url, sizeof url, "sqlite:%s", other);
    change_file(other, "CREATE TABLE t (a)");
    refused_with(url, "database of another program");
    FILE *f = fopen(other, "w");
    for (int i = 0; i < 1000; i++)
        fprintf(f, "this is no database\n");
    fclose(f);
    refused_with(url, "not a SQLite database");
    assert_int_equal(truncate(other, 0), 0);
    struct store_settings s = { .url = url, .refused_rows = 5, .refused_bytes = 1000 };
    struct err e;
    x.store = store_open(&s, &e); /* an empty file is a new one */
    assert_non_null(x.store);
    assert_int_equal(ask(other, "PRAGMA user_version"), 4);
}

static void places_that_cannot_be_are_refused(void **state)
{
    char url[520], pid[64];

    (void)state;
    snprintf(pid, sizeof pid, "in use by another hooklatch process, pid %d", (int)getpid());
    refused_with(x.url, pid);
    snprintf(url, sizeof url, "sqlite:%s/missing/x.db", x.dir);
    refused_with(url, "folder does not exist");
    refused_with("mongodb://x", "unknown kind");
    if (geteuid() != 0) {
        assert_int_equal(chmod(x.dir, 0500), 0);
        snprintf(url, sizeof url, "sqlite:%s/x.db", x.dir);
        refused_with(url, "cannot write in its folder");
        assert_int_equal(chmod(x.dir, 0700), 0);
    } else {
        refused_with("sqlite:/sys/x.db", "cannot write in its folder"); /* which root cannot either */
    }
}

#define UNDO_LAYOUT_4                                                                                                  \
    "ALTER TABLE events DROP COLUMN happened_us; ALTER TABLE events DROP COLUMN batch;"                                \
    "ALTER TABLE events DROP COLUMN batch_index; ALTER TABLE events DROP COLUMN batch_count;"                          \
    "ALTER TABLE events DROP COLUMN data_at; ALTER TABLE events DROP COLUMN data_bytes; DROP TABLE bodies;"

/* A store of the first layout, with rows in it. */
static void the_first_layout_becomes_this_one(void **state)
{
    struct store_settings s = { .url = x.url, .refused_rows = 5, .refused_bytes = 1000 };
    struct err e;

    (void)state;
    assert_int_equal(append_one(true, NULL), 0);
    store_close(x.store);
    change_file(path(), UNDO_LAYOUT_4 "DROP TABLE handed; ALTER TABLE attempts DROP COLUMN log; PRAGMA user_version = 1");
    x.store = store_open(&s, &e);
    assert_non_null(x.store);
    assert_int_equal(ask(path(), "PRAGMA user_version"), 4);
    assert_int_equal(ask(path(), "SELECT count(*) FROM events"), 1);
    assert_int_equal(ask(path(), "SELECT count(*) FROM pragma_table_info('attempts') WHERE name = 'log'"), 1);
    assert_int_equal(ask(path(), "SELECT count(*) FROM events WHERE happened_us IS NULL AND batch_count IS NULL"), 1);
    assert_int_equal(append_one(true, NULL), 0);
    assert_int_equal(ask(path(), "SELECT count(*) FROM events"), 2);
}

/* Layout 4 with rows in it becomes 6, once, and what fails on the way leaves the layout before it. */
static void old_layouts_are_migrated(void **state)
{
    static const char *const texts[] = { NULL, NULL, NULL, NULL, "ALTER TABLE meta ADD COLUMN two;",
                                         "UPDATE meta SET two = 'new';", "NOT SQL;" };
    struct sqlite_migrations newer = { texts, 6 }, broken = { texts, 7 };
    sqlite3 *db;
    int64_t n;
    struct err e;

    (void)state;
    assert_int_equal(append_one(true, NULL), 0);
    store_close(x.store);
    x.store = NULL;
    assert_int_equal(sqlite3_open(path(), &db), SQLITE_OK);
    assert_int_equal(sqlite_migrate(db, path(), &newer, &e), 0);
    assert_int_equal(sqlite_migrate(db, path(), &newer, &e), 0);
    assert_int_equal(sqlite_number(db, "PRAGMA user_version", &n, &e), 0);
    assert_int_equal(n, 6);
    assert_int_equal(sqlite_number(db, "SELECT count(*) FROM meta WHERE two = 'new'", &n, &e), 0);
    assert_int_equal(n, 1);
    assert_int_equal(sqlite_number(db, "SELECT count(*) FROM events", &n, &e), 0);
    assert_int_equal(n, 1);
    assert_int_equal(sqlite_migrate(db, path(), &broken, &e), -1);
    assert_non_null(strstr(e.text, "layout 6 to 7"));
    assert_int_equal(sqlite_number(db, "PRAGMA user_version", &n, &e), 0);
    assert_int_equal(n, 6);
    sqlite3_close(db);
}

static long syncs(void) { return atomic_load(&fault_vfs.syncs); }

/* The refused lane costs no sync, and the commit after it is durable again. */
static void only_durable_commits_are_synced(void **state)
{
    (void)state;
    assert_int_equal(append_one(true, NULL), 0);
    for (int i = 0; i < 5; i++) {
        long before = syncs();
        assert_int_equal(append_one(false, NULL), 0);
        assert_int_equal(append_one(false, NULL), 0);
        assert_int_equal(syncs(), before);
        assert_int_equal(append_one(true, NULL), 0);
        assert_int_equal(syncs(), before + 1);
        assert_int_equal(append_one(true, NULL), 0);
        assert_int_equal(syncs(), before + 2);
    }
}

static void full_disk_is_survived(void **state)
{
    (void)state;
    assert_int_equal(append_one(true, NULL), 0);
    char *before = fixture_dump(&x);
    atomic_store(&fault_vfs.full, true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(append_one(true, NULL), -1);
    assert_string_equal(fixture_dump(&x), before);
    atomic_store(&fault_vfs.full, false);
    assert_int_equal(append_one(true, NULL), 0);
    assert_int_equal(ask(path(), "SELECT count(*) FROM events"), 2);
}

/* While the disk fails nothing is acknowledged, not even when one sync in between succeeds: the log must come into
 * the database first. */
static void failing_syncs_are_not_believed(void **state)
{
    (void)state;
    assert_int_equal(append_one(true, NULL), 0);
    assert_int_equal(append_one(false, NULL), 0);
    atomic_store(&fault_vfs.fail_syncs, -1);
    assert_int_equal(append_one(true, NULL), -1);
    assert_int_equal(append_one(true, NULL), -1); /* opening again fails */
    assert_int_equal(append_one(true, NULL), -1); /* not tried yet */
    atomic_store(&fault_vfs.fail_syncs, 0);
    clock_test_set(clock_wall_us() + US_PER_S);
    long before = syncs();
    assert_int_equal(append_one(true, NULL), 0);
    assert_true(syncs() >= before + 3); /* the log, the database, the commit */
    clock_test_set(INT64_MIN);
    assert_int_equal(ask(path(), "SELECT count(*) FROM events"), 3);
    assert_int_equal(ask(path(), "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

static off_t log_bytes(void)
{
    char name[600];
    struct stat st;

    snprintf(name, sizeof name, "%s-wal", path());
    return stat(name, &st) ? 0 : st.st_size;
}

#define MIB (1024 * 1024)

static void write_mib(int mib)
{
    static char body[MIB + 1];

    random_bytes(body, MIB);
    for (int i = 0; i < MIB; i++)
        body[i] = (char)('0' + (body[i] & 31));
    for (int i = 0; i < mib; i++) {
        struct event *ev = test_event(body);
        ev->packed = SLICE_NONE;
        struct append a = test_append(ev, NULL, NULL, 0);
        struct err e;
        assert_int_equal(store_begin(x.store, true, &e), 0);
        assert_int_equal(store_append(x.store, &a, NULL, NULL, &x.leases, &e), 0);
        assert_int_equal(store_commit(x.store, &e), 0);
        store_checkpoint(x.store, false);
        event_unref(ev);
    }
}

/* The sync that fails may be a checkpoint's: the kernel tells it to one alone, and what it tells of are the frames that
 * the next commits rest on. */
static void a_failing_sync_of_a_checkpoint_is_not_believed(void **state)
{
    (void)state;
    write_mib(2);
    assert_int_equal(append_one(false, NULL), 0);
    atomic_store(&fault_vfs.fail_syncs, 1);
    assert_false(store_checkpoint(x.store, true));
    long before = syncs();
    assert_int_equal(append_one(true, NULL), 0);
    assert_true(syncs() >= before + 3); /* the log, the database, the commit */
    assert_int_equal(ask(path(), "SELECT count(*) FROM events"), 4);
}

static void log_stays_small(void **state)
{
    sqlite3 *reader;

    (void)state;
    write_mib(80);
    assert_in_range(log_bytes(), 4 * MIB, 8 * MIB);
    /* A reader that never ends holds it up, but when it is gone all is well again. */
    assert_int_equal(sqlite3_open(path(), &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM events", NULL, NULL, NULL), SQLITE_OK);
    write_mib(60);
    off_t held_up = log_bytes();
    assert_true(held_up > 50 * MIB);
    sqlite3_close(reader);
    write_mib(60);
    assert_in_range(log_bytes(), held_up, held_up + 8 * MIB);
    assert_false(store_checkpoint(x.store, false));
    while (store_checkpoint(x.store, true))
        ;
    assert_int_equal(ask(path(), "SELECT count(*) FROM events"), 200);
}

/* A step whose event cannot be read does not stand in its queue's way. */
static void damaged_event_fails_its_step(void **state)
{
    struct new_run runs[2] = { test_run(test_workflow("damaged", 2)), test_run(test_workflow("sound", 1)) };
    struct event *ev[2] = { test_event(NULL), test_event(NULL) };
    struct run_row row;
    int64_t next;
    struct err e;

    (void)state;
    assert_int_equal(store_begin(x.store, true, &e), 0);
    for (int i = 0; i < 2; i++) {
        struct append a = test_append(ev[i], NULL, &runs[i], 1);
        assert_int_equal(store_append(x.store, &a, NULL, NULL, &x.leases, &e), 0);
    }
    assert_int_equal(store_commit(x.store, &e), 0);
    char sql[200];
    snprintf(sql, sizeof sql, "UPDATE events SET packed = 1, body = x'00ff' WHERE key = %lld",
             (long long)id_key(ev[0]->id));
    change_file(path(), sql);
    assert_int_equal(store_begin(x.store, true, &e), 0);
    assert_int_equal(store_claim(x.store, SLICE("billing"), 10, clock_wall_us(), &x.leases, &next, &e), 0);
    assert_int_equal(store_commit(x.store, &e), 0);
    assert_non_null(x.leases);
    assert_null(x.leases->mail.next);
    assert_true(id_eq(x.leases->run, runs[1].id));
    assert_int_equal(read_run(x.reader, runs[0].id, &x.arena, &row, &e), 0);
    assert_int_equal(row.state, RUN_FAILED);
    assert_true(slice_eq_z(row.attempts[0].error, "the stored event is damaged"));
    for (int i = 0; i < 2; i++)
        event_unref(ev[i]);
}

static void check_plan(sqlite3 *db, const char *sql)
{
    char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *s;

    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &s, NULL), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(s, 3);
        if (strstr(line, "TEMP B-TREE") || strstr(line, "AUTOMATIC") || strncmp(line, "SCAN", 4) == 0) {
            /* Nothing is bounded in these but by its LIMIT of 1. */
            if (!strstr(sql, "LIMIT 1"))
                fail_msg("%s: %s", sql, line);
        }
    }
    sqlite3_finalize(s);
    sqlite3_free(text);
}

/* No statement of the writer reads a whole table or sorts. */
static void statements_use_their_indexes(void **state)
{
    sqlite3 *db;

    (void)state;
    assert_int_equal(sqlite3_open(path(), &db), SQLITE_OK);
    for (int i = Q_EVENT_ADD; i < Q_COUNT; i++)
        check_plan(db, sqlite_query_texts[i]);
    sqlite3_close(db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_is_as_it_should_be),     TEST(newer_and_foreign_files_are_refused),
        TEST(places_that_cannot_be_are_refused), TEST(old_layouts_are_migrated),
        TEST(the_first_layout_becomes_this_one),
        TEST(only_durable_commits_are_synced),   TEST(full_disk_is_survived),
        TEST(failing_syncs_are_not_believed),    TEST(a_failing_sync_of_a_checkpoint_is_not_believed),
        TEST(log_stays_small),
        TEST(damaged_event_fails_its_step),      TEST(statements_use_their_indexes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
