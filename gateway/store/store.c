#include "store/store.h"

#include <stdlib.h>

#include "config.h"
#include "store/sqlite.h"

#define BACKENDS_MAX 4

static const struct store_backend *backends[BACKENDS_MAX] = { &sqlite_backend };

void store_register(const struct store_backend *b)
{
    for (size_t i = 0; i < BACKENDS_MAX; i++) {
        if (!backends[i] || backends[i] == b) {
            backends[i] = b;
            return;
        }
    }
    abort();
}

static const struct store_backend *backend_of(const char *url, struct err *e)
{
    size_t scheme = slice_find(slice_z(url), ':');

    for (size_t i = 0; i < BACKENDS_MAX && backends[i]; i++) {
        if (slice_eq_z(slice_of(url, scheme), backends[i]->scheme))
            return backends[i];
    }
    err_set(e, ERR_INPUT, "store \"%s\": unknown kind; write sqlite:/path/to/file.db", url);
    return NULL;
}

static struct store_base *base_of(struct store *st)
{
    return (struct store_base *)st;
}

static const struct store_backend *of(const struct store *st)
{
    return ((const struct store_base *)st)->backend;
}

static const struct store_backend *of_reader(const struct store_reader *r)
{
    return ((const struct store_base *)r)->backend;
}

struct store *store_open(const struct store_settings *s, struct err *e)
{
    const struct store_backend *b = backend_of(s->url, e);
    struct store *st = b ? b->open(s, e) : NULL;

    if (st)
        base_of(st)->backend = b;
    return st;
}

void store_close(struct store *st)
{
    if (st)
        of(st)->close(st);
}

const unsigned char *store_hash_secret(const struct store *st)
{
    return ((const struct store_base *)st)->hash_secret;
}

#ifdef ENABLE_TEST_HOOKS
/* HOOKLATCH_TEST_FAIL_COMMIT=N: the N-th durable commit of the process fails. */
static long commits_left = -1;

static void arm_failing_commit(bool durable)
{
    static bool armed;
    const char *n = getenv("HOOKLATCH_TEST_FAIL_COMMIT");

    if (!armed && n)
        commits_left = strtol(n, NULL, 10);
    armed = true;
    if (durable && commits_left > 0)
        commits_left--;
}

static bool commit_shall_fail(void)
{
    if (commits_left != 0)
        return false;
    commits_left = -1;
    return true;
}
#endif

int store_begin(struct store *st, bool durable, struct err *e)
{
#ifdef ENABLE_TEST_HOOKS
    arm_failing_commit(durable);
#endif
    return of(st)->begin(st, durable, e);
}

int store_commit(struct store *st, struct err *e)
{
#ifdef ENABLE_TEST_HOOKS
    if (commit_shall_fail()) {
        of(st)->rollback(st);
        return err_set(e, ERR_TEMP, "this commit fails because HOOKLATCH_TEST_FAIL_COMMIT says so");
    }
#endif
    return of(st)->commit(st, e);
}

void store_rollback(struct store *st)
{
    of(st)->rollback(st);
}

int store_append(struct store *st, struct append *a, lease_room room, void *room_arg, struct lease **leases,
                 struct err *e)
{
    return of(st)->append(st, a, room, room_arg, leases, e);
}

int store_append_all(struct store *st, struct append *list, size_t n, const struct whole *w, lease_room room,
                     void *room_arg, struct lease **leases, struct err *e)
{
    return of(st)->append_all(st, list, n, w, room, room_arg, leases, e);
}

int store_finish(struct store *st, struct step_result *r, lease_room room, void *room_arg, struct lease **leases,
                 struct err *e)
{
    return of(st)->finish(st, r, room, room_arg, leases, e);
}

int store_claim(struct store *st, struct slice queue, size_t max, int64_t now_us, struct lease **leases,
                int64_t *next_due_us, struct err *e)
{
    return of(st)->claim(st, queue, max, now_us, leases, next_due_us, e);
}

int store_queues(struct store *st, struct arena *a, struct queue_due **out, size_t *n, struct err *e)
{
    return of(st)->queues(st, a, out, n, e);
}

int store_release(struct store *st, struct id event, struct new_run *runs, size_t n, struct slice decisions,
                   struct err *e)
{
    return of(st)->release(st, event, runs, n, decisions, e);
}

int store_refuse(struct store *st, const struct refused_row *r, struct err *e)
{
    return of(st)->refuse(st, r, e);
}

int store_define(struct store *st, struct definition *d, struct slice origin, struct err *e)
{
    return of(st)->define(st, d, origin, e);
}

int store_definition(struct store *st, int64_t row, struct arena *a, struct definition_row *out, struct err *e)
{
    return of(st)->definition(st, row, a, out, e);
}

int store_hand(struct store *st, const struct handed_row *r, struct arena *a, struct handed_row *first, struct err *e)
{
    return of(st)->hand(st, r, a, first, e);
}

int store_forget(struct store *st, struct slice source, struct err *e)
{
    return of(st)->forget(st, source, e);
}

int store_handed(struct store *st, struct arena *a, struct handed_row **out, size_t *n, struct err *e)
{
    return of(st)->handed(st, a, out, n, e);
}

bool store_prune(struct store *st, int64_t now_us)
{
    return of(st)->prune(st, now_us);
}

int store_probe(struct store *st, struct err *e)
{
    return of(st)->probe(st, e);
}

bool store_checkpoint(struct store *st, bool idle)
{
    return of(st)->checkpoint(st, idle);
}

struct store_reader *store_reader_open(const struct store_settings *s, struct err *e)
{
    const struct store_backend *b = backend_of(s->url, e);
    struct store_reader *r = b ? b->reader_open(s, e) : NULL;

    if (r)
        ((struct store_base *)r)->backend = b;
    return r;
}

void store_reader_close(struct store_reader *r)
{
    if (r)
        of_reader(r)->reader_close(r);
}

int read_events(struct store_reader *r, const struct list_filter *f, struct arena *a, struct event_row **out,
                struct list_page *p, struct err *e)
{
    return of_reader(r)->read_events(r, f, a, out, p, e);
}

int read_runs(struct store_reader *r, const struct list_filter *f, struct arena *a, struct run_row **out,
              struct list_page *p, struct err *e)
{
    return of_reader(r)->read_runs(r, f, a, out, p, e);
}

int read_refused(struct store_reader *r, const struct list_filter *f, struct arena *a, struct refused_row **out,
                 struct list_page *p, struct err *e)
{
    return of_reader(r)->read_refused(r, f, a, out, p, e);
}

int read_event(struct store_reader *r, struct id id, struct arena *a, struct event_row *out, struct err *e)
{
    return of_reader(r)->read_event(r, id, a, out, e);
}

int read_run(struct store_reader *r, struct id id, struct arena *a, struct run_row *out, struct err *e)
{
    return of_reader(r)->read_run(r, id, a, out, e);
}

int read_refusal(struct store_reader *r, struct id id, struct arena *a, struct refused_row *out, struct err *e)
{
    return of_reader(r)->read_refusal(r, id, a, out, e);
}

int read_definition(struct store_reader *r, int64_t row, struct arena *a, struct definition_row *out, struct err *e)
{
    return of_reader(r)->read_definition(r, row, a, out, e);
}
