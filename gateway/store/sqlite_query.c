#include "store/sqlite_db.h"

/* The WHERE of a partial index must stand in the query word for word; INDEXED BY makes a query that cannot use it an
 * error at start. */
const char *const sqlite_query_texts[Q_COUNT] = {
    [Q_BEGIN] = "BEGIN IMMEDIATE",
    [Q_COMMIT] = "COMMIT",
    [Q_ROLLBACK] = "ROLLBACK",
    [Q_PROBE] = "INSERT OR REPLACE INTO meta (name, value) VALUES ('probe', zeroblob(65536))",

    [Q_EVENT_ADD] =
        "INSERT INTO events (key, " EVENT_COLUMNS_ALL ", body)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
    [Q_EVENT_ADD_ALL] =
        "INSERT INTO events (key, " EVENT_COLUMNS_ALL ", body, " EVENT_COLUMNS_SOME ")"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,"
        " ?22, ?23, ?24, ?25, ?26, ?27)",
    [Q_EVENT_GET] = "SELECT " EVENT_COLUMNS ", body FROM events WHERE key = ?1",
    [Q_EVENT_HEAD] = "SELECT id, status, source, type FROM events WHERE key = ?1",
    [Q_BODY_ADD] = "INSERT INTO bodies (key, body_bytes, packed, headers, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    [Q_BODY_GET] = "SELECT body_bytes, packed, body FROM bodies WHERE key = ?1",
    [Q_EVENT_RELEASE] = "UPDATE events SET status = 2, decisions = ?2 WHERE key = ?1",

    [Q_DEDUPE_ADD] = "INSERT INTO dedupe (seq, hash, event, until_us) VALUES (?1, ?2, ?3, ?4)",
    [Q_DEDUPE_GET] = "SELECT hash, event, until_us FROM dedupe WHERE seq = ?1",
    [Q_DEDUPE_FROM] = "SELECT seq, hash, until_us FROM dedupe WHERE seq >= ?1 ORDER BY seq",
    [Q_DEDUPE_CUT] = "DELETE FROM dedupe WHERE seq <= ?1",

    [Q_RUN_ADD] =
        "INSERT INTO runs (key, id, event, source, type, workflow, workflow_def, plan_def, started_us, ended_us)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [Q_RUN_GET] = "SELECT id, event, workflow_def FROM runs WHERE key = ?1",
    [Q_RUN_END] = "UPDATE runs SET ended_us = ?2 WHERE key = ?1",

    [Q_STEP_ADD] = "INSERT INTO steps (run, idx, state, due_us, owner, generation, attempts, last_attempt, queue, id)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, ?6, ?7)",
    [Q_STEP_GET] = "SELECT state, owner, generation, attempts, last_attempt FROM steps WHERE run = ?1 AND idx = ?2",
    [Q_STEP_SET] = "UPDATE steps SET state = ?3, due_us = ?4, owner = 0, attempts = ?5, last_attempt = ?6"
                   " WHERE run = ?1 AND idx = ?2",
    [Q_STEP_MOVE] = "UPDATE steps SET state = ?3, due_us = ?4, owner = ?5 WHERE run = ?1 AND idx = ?2",
    [Q_STEPS_OF_RUN] = "SELECT state FROM steps WHERE run = ?1 ORDER BY idx",
    [Q_STEPS_DUE] =
        "SELECT s.run, s.idx, e.batch FROM steps s INDEXED BY steps_due LEFT JOIN runs r ON r.key = s.run"
        " LEFT JOIN events e ON e.key = r.event WHERE s.queue = ?1 AND s.state IN (1, 2) AND s.due_us <= ?2"
        " ORDER BY s.due_us LIMIT ?3",
    [Q_STEPS_NEXT] =
        "SELECT due_us FROM steps INDEXED BY steps_due WHERE queue = ?1 AND state IN (1, 2) ORDER BY due_us LIMIT 1",
    [Q_OUTPUTS] = "SELECT s.idx, s.id, s.state, CASE s.state WHEN 4 THEN a.output ELSE a.error END FROM steps s"
                  " CROSS JOIN attempts a ON a.key = s.last_attempt WHERE s.run = ?1 AND s.state IN (4, 5) ORDER BY s.idx",
    [Q_QUEUE_AFTER] = "SELECT queue, due_us FROM steps INDEXED BY steps_due WHERE state IN (1, 2) AND queue > ?1"
                      " ORDER BY queue, due_us LIMIT 1",
    [Q_ATTEMPT_ADD] =
        "INSERT INTO attempts (run, idx, generation, attempt, started_us, ended_us, outcome, status, previous, error,"
        " output, log) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",

    [Q_REFUSED_ADD] =
        "INSERT INTO refused (key, id, time_us, source, status, bytes, body_bytes, reason, detail, method, path,"
        " remote, headers, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [Q_REFUSED_OLDEST] = "SELECT key, bytes FROM refused ORDER BY key LIMIT 1",
    [Q_REFUSED_DROP] = "DELETE FROM refused WHERE key = ?1",

    [Q_DEFINITION_FIND] = "SELECT id FROM definitions WHERE kind = ?1 AND name = ?2 AND sha256 = ?3",
    [Q_DEFINITION_ADD] =
        "INSERT INTO definitions (kind, name, sha256, origin, text, loaded_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [Q_HANDED_ADD] = "INSERT INTO handed (source, sealed, handshake, remote, time_us) VALUES (?1, ?2, ?3, ?4, ?5)"
                     " ON CONFLICT (source) DO NOTHING",
    [Q_HANDED_GET] = "SELECT source, sealed, handshake, remote, time_us FROM handed WHERE source = ?1",
    [Q_HANDED_DROP] = "DELETE FROM handed WHERE source = ?1",
    [Q_HANDED_ALL] = "SELECT source, sealed, handshake, remote, time_us FROM handed WHERE source > '' ORDER BY source",

    [Q_DEFINITION_GET] = "SELECT " DEFINITION_COLUMNS " FROM definitions WHERE id = ?1",
};

_Static_assert(STEP_DONE == 4 && STEP_FAILED == 5 && EVENT_RELEASED == 2, "Q_OUTPUTS, Q_EVENT_RELEASE");
