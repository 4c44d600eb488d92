/* Gathered writes: fewer of them, and nobody can tell. The files lie on a VFS that counts and fails. */
#include "store/sqlite_gather.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/store/fault_vfs.h"

static char folder[] = "/tmp/hooklatch-gather-XXXXXX";
static char path[64];
static sqlite3 *db, *reader;

static void run(sqlite3 *on, const char *sql)
{
    if (sqlite3_exec(on, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(on));
}

static int number(sqlite3 *on, const char *sql)
{
    sqlite3_stmt *s = NULL;

    assert_int_equal(sqlite3_prepare_v2(on, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int n = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return n;
}

static void put_rows(int n)
{
    for (int i = 0; i < n; i++)
        run(db, "INSERT INTO t (bytes) VALUES (randomblob(3000))");
}

static int set_up(void **state)
{
    (void)state;
    fault_vfs_install();
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.db", folder);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, sqlite_gather_vfs()), SQLITE_OK);
    run(db, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
            "CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB)");
    assert_int_equal(sqlite3_open(path, &reader), SQLITE_OK);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    sqlite3_close(reader);
    sqlite3_close(db);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    return 0;
}

static void a_commit_is_few_writes(void **state)
{
    (void)state;
    run(db, "BEGIN");
    put_rows(100); /* some 50 pages */
    long before = fault_vfs.writes;
    run(db, "COMMIT");
    assert_in_range(fault_vfs.writes - before, 1, 6);
    assert_int_equal(number(reader, "SELECT count(*) FROM t"), 100);
}

static void assert_sound(sqlite3 *on)
{
    sqlite3_stmt *s = NULL;

    assert_int_equal(sqlite3_prepare_v2(on, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
    sqlite3_finalize(s);
}

/* A reader holds a checkpoint back: part of the log is in the database, and those who come now read it there. Nor may a
 * disk that is full for a while leave anything of it out. */
static void what_a_checkpoint_did_in_part_is_there(void **state)
{
    (void)state;
    for (int full = 0; full < 2; full++) {
        sqlite3 *fresh;
        int log = 0, done = 0;
        run(db, "BEGIN");
        put_rows(80);
        run(db, "COMMIT");
        int before = number(reader, "SELECT count(*) FROM t");
        run(reader, "BEGIN");
        number(reader, "SELECT count(*) FROM t");
        put_rows(1);
        if (full) {
            atomic_store(&fault_vfs.full, true);
            sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
            atomic_store(&fault_vfs.full, false);
        }
        assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done), SQLITE_OK);
        assert_true(done > 0 && done < log);
        assert_int_equal(sqlite3_open(path, &fresh), SQLITE_OK);
        assert_int_equal(number(fresh, "SELECT count(*) FROM t"), before + 1);
        assert_int_equal(number(fresh, "SELECT sum(length(bytes)) FROM t"), 3000 * (before + 1));
        assert_sound(fresh);
        sqlite3_close(fresh);
        assert_int_equal(number(reader, "SELECT count(*) FROM t"), before);
        run(reader, "COMMIT");
        assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL), SQLITE_OK);
        assert_sound(reader);
        assert_int_equal(number(reader, "SELECT count(*) FROM t"), before + 1);
    }
}

/* Without a sync nothing says when the log must be there for others. */
static void unsynced_commits_are_seen_by_readers(void **state)
{
    (void)state;
    for (int i = 1; i <= 20; i++) {
        run(db, i % 2 ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
        assert_int_equal(sqlite_gather_log(db, i % 2 == 0), SQLITE_OK);
        put_rows(1);
        assert_int_equal(number(reader, "SELECT count(*) FROM t"), i);
        assert_int_equal(number(reader, "SELECT sum(length(bytes)) FROM t"), 3000 * i);
    }
}

/* Pages that do not fit into SQLite's memory go to the log before the commit, and are read from there. */
static void spilled_pages_are_read_back(void **state)
{
    (void)state;
    run(db, "PRAGMA cache_size = 10; BEGIN");
    put_rows(200);
    assert_int_equal(number(db, "SELECT sum(length(bytes)) FROM t"), 600000);
    run(db, "UPDATE t SET bytes = randomblob(2000)");
    assert_int_equal(number(reader, "SELECT count(*) FROM t"), 0);
    run(db, "COMMIT");
    assert_int_equal(number(reader, "SELECT sum(length(bytes)) FROM t"), 400000);
    run(db, "BEGIN; DELETE FROM t");
    put_rows(200);
    run(db, "ROLLBACK");
    assert_int_equal(number(db, "SELECT sum(length(bytes)) FROM t"), 400000);
}

static void a_full_disk_is_told_by_the_commit(void **state)
{
    (void)state;
    put_rows(3);
    run(db, "BEGIN");
    put_rows(20);
    atomic_store(&fault_vfs.full, true);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_FULL);
    atomic_store(&fault_vfs.full, false);
    if (!sqlite3_get_autocommit(db))
        run(db, "ROLLBACK");
    assert_int_equal(number(db, "SELECT count(*) FROM t"), 3);
    put_rows(4);
    assert_int_equal(number(reader, "SELECT count(*) FROM t"), 7);
    assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL), SQLITE_OK);
    assert_int_equal(number(reader, "SELECT sum(length(bytes)) FROM t"), 21000);
}

static void a_failed_sync_is_told(void **state)
{
    (void)state;
    run(db, "BEGIN");
    put_rows(2);
    atomic_store(&fault_vfs.fail_syncs, 1);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_IOERR);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_commit_is_few_writes),          CASE(what_a_checkpoint_did_in_part_is_there),
        CASE(unsynced_commits_are_seen_by_readers), CASE(spilled_pages_are_read_back),
        CASE(a_full_disk_is_told_by_the_commit),    CASE(a_failed_sync_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
