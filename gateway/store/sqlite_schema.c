#include "base/log.h"
#include "store/sqlite_db.h"

/* "HkLt": tells our files from those of other programs (PRAGMA application_id). */
#define APPLICATION_ID 1214991476

/* How a row is found, and why so:
 * - The key of events, runs and refused is id_key(id), a number that only grows: rows are appended at the right end
 *   of their table, and the id needs no second index.
 * - What lists look at stands before what is large: SQLite reads a row from the left and leaves overflow pages alone
 *   that it does not need. The body is last.
 * - A body that is several events lies in bodies, once, under the key of its batch's id; their own body is empty.
 * - dedupe is appended to and cut off at its head; which hash is where is in memory (dedupe_index.h).
 * - steps are small and change often; outputs lie in attempts. A leased step's due_us is when its lease ends: so one
 *   index and one query find what is due, new or abandoned. attempts need no index: a step knows its last attempt and
 *   each attempt the one before.
 * - The partial indexes hold only what waits, is held, or failed. */
static const char layout_1[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE definitions (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, sha256 BLOB NOT NULL,"
    "  origin TEXT NOT NULL, text TEXT NOT NULL, loaded_us INTEGER NOT NULL, UNIQUE (kind, name, sha256));"
    "CREATE TABLE events (key INTEGER PRIMARY KEY, id BLOB NOT NULL, time_us INTEGER NOT NULL, source TEXT NOT NULL,"
    "  type TEXT NOT NULL, status INTEGER NOT NULL, verdict INTEGER NOT NULL, form INTEGER NOT NULL, plan_def INTEGER "
    "NOT NULL,"
    "  source_def INTEGER NOT NULL, schema_def INTEGER NOT NULL, body_bytes INTEGER NOT NULL, packed INTEGER NOT NULL,"
    "  subject TEXT NOT NULL, delivery_key TEXT NOT NULL, content_type TEXT NOT NULL, form_field TEXT NOT NULL,"
    "  headers TEXT NOT NULL, errors TEXT NOT NULL, decisions TEXT NOT NULL, body BLOB NOT NULL);"
    "CREATE INDEX events_held ON events (status) WHERE status = 1;"
    "CREATE TABLE dedupe (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, event BLOB NOT NULL, until_us INTEGER NOT NULL);"
    "CREATE TABLE runs (key INTEGER PRIMARY KEY, id BLOB NOT NULL, event INTEGER NOT NULL, source TEXT NOT NULL,"
    "  type TEXT NOT NULL, workflow TEXT NOT NULL, workflow_def INTEGER NOT NULL, plan_def INTEGER NOT NULL,"
    "  started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL);"
    "CREATE INDEX runs_event ON runs (event);"
    "CREATE TABLE steps (run INTEGER NOT NULL, idx INTEGER NOT NULL, state INTEGER NOT NULL, due_us INTEGER NOT NULL,"
    "  owner INTEGER NOT NULL, generation INTEGER NOT NULL, attempts INTEGER NOT NULL, last_attempt INTEGER NOT NULL,"
    "  queue TEXT NOT NULL, id TEXT NOT NULL, token_hash BLOB, PRIMARY KEY (run, idx)) WITHOUT ROWID;"
    "CREATE INDEX steps_due ON steps (queue, due_us) WHERE state IN (1, 2);"
    "CREATE INDEX steps_failed ON steps (run) WHERE state = 5;"
    "CREATE TABLE attempts (key INTEGER PRIMARY KEY, run INTEGER NOT NULL, idx INTEGER NOT NULL, generation INTEGER "
    "NOT NULL,"
    "  attempt INTEGER NOT NULL, started_us INTEGER NOT NULL, ended_us INTEGER NOT NULL, outcome INTEGER NOT NULL,"
    "  status INTEGER NOT NULL, previous INTEGER NOT NULL, error TEXT NOT NULL, output BLOB NOT NULL);"
    "CREATE TABLE refused (key INTEGER PRIMARY KEY, id BLOB NOT NULL, time_us INTEGER NOT NULL, source TEXT NOT NULL,"
    "  status INTEGER NOT NULL, bytes INTEGER NOT NULL, body_bytes INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT "
    "NOT NULL,"
    "  method TEXT NOT NULL, path TEXT NOT NULL, remote TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL);"
    "INSERT INTO meta (name, value) VALUES ('hash_secret', randomblob(192));";

/* What a command said on its standard error. */
static const char layout_2[] = "ALTER TABLE attempts ADD COLUMN log TEXT NOT NULL DEFAULT '';";

/* Secrets that senders handed over, sealed; at most one a source. */
static const char layout_3[] =
    "CREATE TABLE handed (source TEXT PRIMARY KEY, sealed BLOB NOT NULL, handshake TEXT NOT NULL, remote TEXT NOT NULL,"
    "  time_us INTEGER NOT NULL) WITHOUT ROWID;";

/* When an event happened, and bodies that are several events: each of these has a slice of the row in bodies. Columns can only be added
 * behind the body; of an event that is its body all but the first are NULL, which costs no byte of the row's content. */
static const char layout_4[] =
    "ALTER TABLE events ADD COLUMN happened_us INTEGER;"
    "ALTER TABLE events ADD COLUMN batch BLOB;"
    "ALTER TABLE events ADD COLUMN batch_index INTEGER;"
    "ALTER TABLE events ADD COLUMN batch_count INTEGER;"
    "ALTER TABLE events ADD COLUMN data_at INTEGER;"
    "ALTER TABLE events ADD COLUMN data_bytes INTEGER;"
    "CREATE TABLE bodies (key INTEGER PRIMARY KEY, body_bytes INTEGER NOT NULL, packed INTEGER NOT NULL,"
    "  headers TEXT NOT NULL, body BLOB NOT NULL);";

static const char *const texts[] = { layout_1, layout_2, layout_3, layout_4 };
const struct sqlite_migrations sqlite_migrations = { texts, sizeof texts / sizeof texts[0] };

_Static_assert(STEP_READY == 1 && STEP_LEASED == 2 && STEP_FAILED == 5 && EVENT_HELD == 1,
               "the partial indexes name them");

/* Before the first table: neither can be changed afterwards. */
static int make_ours(sqlite3 *db, struct err *e)
{
    char *sql = sqlite3_mprintf("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
                                "PRAGMA application_id = %d", APPLICATION_ID);
    int result = sqlite_exec(db, sql, "cannot make the database", e);

    sqlite3_free(sql);
    return result;
}

static int migrate_once(sqlite3 *db, int from, const char *text, struct err *e)
{
    char *sql = sqlite3_mprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT", text, from + 1);
    int result = sqlite_exec(db, sql, "cannot bring the database to this version's layout", e);

    sqlite3_free(sql);
    if (result && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

static int check_ours(sqlite3 *db, const char *path, bool *empty, struct err *e)
{
    int64_t application = 0, tables = 0;

    if (sqlite_number(db, "PRAGMA application_id", &application, e) ||
        sqlite_number(db, "SELECT count(*) FROM sqlite_schema", &tables, e)) {
        if (sqlite3_errcode(db) == SQLITE_NOTADB)
            return err_set(e, ERR_INPUT, "%s is not a SQLite database: give the store another file", path);
        return err_add(e, "%s", path);
    }
    *empty = tables == 0;
    if (application != APPLICATION_ID && (tables || application))
        return err_set(e, ERR_INPUT, "%s is a database of another program: give the store another file", path);
    return 0;
}

int sqlite_migrate(sqlite3 *db, const char *path, const struct sqlite_migrations *m, struct err *e)
{
    int64_t layout = 0;
    bool empty = false;

    if (check_ours(db, path, &empty, e) || (empty && make_ours(db, e)) ||
        sqlite_number(db, "PRAGMA user_version", &layout, e))
        return -1;
    if (layout > m->count)
        return err_set(e, ERR_INPUT,
                       "%s was written by a newer hooklatch (layout %d; this one knows up to %d): start that one, "
                       "or give the store another file",
                       path, (int)layout, m->count);
    for (int from = (int)layout; from < m->count; from++) {
        if (migrate_once(db, from, m->texts[from], e))
            return err_add(e, "%s: layout %d to %d", path, from, from + 1);
        if (!empty)
            LOG_INFO("database brought to a newer layout", LOG_Z("file", path), LOG_I("layout", from + 1));
    }
    return 0;
}
