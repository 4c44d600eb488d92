#include "unit/store/fixture.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "unit/store/double.h"
#include "unit/store/fault_vfs.h"

void fixture_dir(char out[256])
{
    const char *tmp = getenv("TMPDIR");

    snprintf(out, 256, "%s/hooklatch-store-XXXXXX", tmp && *tmp ? tmp : ".");
    assert_non_null(mkdtemp(out));
}

void fixture_remove_dir(const char *dir)
{
    DIR *d = opendir(dir);
    char path[PATH_MAX];

    for (struct dirent *f; d && (f = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", dir, f->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

static void connect_fixture(struct fixture *x)
{
    struct err e;

    x->store = store_open(&x->settings, &e);
    if (!x->store)
        fail_msg("%s", e.text);
    x->reader = store_reader_open(&x->settings, &e);
    if (!x->reader)
        fail_msg("%s", e.text);
}

void fixture_open(struct fixture *x, bool sqlite)
{
    static int number;

    fault_vfs_install();
    double_register();
    log_setup(LOG_LEVEL_ERROR, false);
    *x = (struct fixture){ .sqlite = sqlite };
    arena_init(&x->arena);
    if (sqlite) {
        fixture_dir(x->dir);
        snprintf(x->url, sizeof x->url, "sqlite:%s/test.db", x->dir);
    } else {
        snprintf(x->url, sizeof x->url, "double:%d", number++);
    }
    x->settings = (struct store_settings){ .url = x->url, .refused_rows = 5, .refused_bytes = 300000 };
    connect_fixture(x);
}

void fixture_free_leases(struct fixture *x)
{
    while (x->leases) {
        struct lease *l = x->leases;
        x->leases = (struct lease *)(void *)l->mail.next;
        lease_free(l);
    }
}

void fixture_close(struct fixture *x)
{
    fixture_free_leases(x);
    store_reader_close(x->reader);
    store_close(x->store);
    if (x->sqlite)
        fixture_remove_dir(x->dir);
    arena_clear(&x->arena);
}

void fixture_reopen(struct fixture *x)
{
    fixture_free_leases(x);
    store_reader_close(x->reader);
    store_close(x->store);
    connect_fixture(x);
}

bool fixture_room(void *fixture, const struct step *step)
{
    struct fixture *x = fixture;

    assert_non_null(step);
    return x->room > 0 && x->room-- > 0;
}

static void begin(struct fixture *x)
{
    struct err e;

    fixture_free_leases(x);
    if (store_begin(x->store, true, &e))
        fail_msg("begin: %s", e.text);
}

/* True: it failed, as it was told. A transaction that writes nothing does not. */
static bool fail_once(struct fixture *x, transaction fn, void *arg)
{
    int room = x->room;
    char *before = fixture_dump(x);
    struct err e;

    begin(x);
    fn(x, arg);
    store_rollback(x->store);
    assert_string_equal(fixture_dump(x), before);
    x->room = room;
    begin(x);
    fn(x, arg);
    if (x->sqlite)
        atomic_store(&fault_vfs.fail_syncs, 1);
    else
        double_fail_commit(1);
    int failed = store_commit(x->store, &e);
    bool wrote = !x->sqlite || atomic_exchange(&fault_vfs.fail_syncs, 0) == 0;
    assert_int_equal(failed, wrote ? -1 : 0);
    if (!failed)
        return false;
    assert_int_equal(e.code, ERR_TEMP);
    assert_string_equal(fixture_dump(x), before);
    x->room = room;
    return true;
}

void transact(struct fixture *x, transaction fn, void *arg)
{
    struct err e;

    if (++x->commits == x->fail_at && !fail_once(x, fn, arg))
        return;
    begin(x);
    fn(x, arg);
    if (store_commit(x->store, &e))
        fail_msg("commit: %s", e.text);
}

static void dump_events(struct fixture *x, struct buf *b)
{
    struct list_filter f = { .status = -1, .limit = 1000 };
    struct event_row *rows, whole;
    struct list_page p;
    struct err e;

    assert_int_equal(read_events(x->reader, &f, &x->arena, &rows, &p, &e), 0);
    for (size_t i = 0; i < p.count; i++) {
        assert_int_equal(read_event(x->reader, rows[i].event.id, &x->arena, &whole, &e), 0);
        buf_printf(b, "event %lld %s %lld %.*s\n", (long long)id_key(rows[i].event.id),
                   event_status_name(rows[i].event.status), (long long)rows[i].runs, SLICE_FMT(whole.event.body));
    }
}

static void dump_runs(struct fixture *x, struct buf *b)
{
    struct list_filter f = { .status = -1, .limit = 1000 };
    struct run_row *rows, run;
    struct list_page p;
    struct err e;

    assert_int_equal(read_runs(x->reader, &f, &x->arena, &rows, &p, &e), 0);
    for (size_t i = 0; i < p.count; i++) {
        assert_int_equal(read_run(x->reader, rows[i].id, &x->arena, &run, &e), 0);
        buf_printf(b, "run %lld %s %lld\n", (long long)id_key(run.id), run_state_name(run.state),
                   (long long)run.ended_us);
        for (size_t k = 0; k < run.n_steps; k++)
            buf_printf(b, " step %.*s %s %u due %lld\n", SLICE_FMT(run.steps[k].id),
                       step_state_name(run.steps[k].state), run.steps[k].attempts, (long long)run.steps[k].due_us);
        for (size_t k = 0; k < run.n_attempts; k++)
            buf_printf(b, " attempt %u %u %s %.*s\n", run.attempts[k].step, run.attempts[k].attempt,
                       attempt_outcome_name(run.attempts[k].outcome), SLICE_FMT(run.attempts[k].output));
    }
}

char *fixture_dump(struct fixture *x)
{
    struct list_filter f = { .status = -1, .limit = 1000 };
    struct definition_row definition;
    struct refused_row *refused;
    struct list_page p;
    struct buf b;
    struct err e;

    buf_init(&b, 16 << 20);
    buf_puts(&b, "");
    dump_events(x, &b);
    dump_runs(x, &b);
    assert_int_equal(read_refused(x->reader, &f, &x->arena, &refused, &p, &e), 0);
    for (size_t i = 0; i < p.count; i++)
        buf_printf(&b, "refused %lld %.*s\n", (long long)id_key(refused[i].id), SLICE_FMT(refused[i].reason));
    for (int64_t row = 1; read_definition(x->reader, row, &x->arena, &definition, &e) == 0; row++)
        buf_printf(&b, "definition %lld %.*s\n", (long long)row, SLICE_FMT(definition.name));
    char *text = (char *)arena_slice(&x->arena, buf_slice(&b)).ptr;
    buf_clear(&b);
    return text;
}

/* Counts that never reach zero: nothing of this is freed. */
static struct plan plan = { .refs = { 1 << 30 }, .def = { .row = 3 } };
static struct endpoint endpoints[] = { { .name = { "billing", 7 } }, { .name = { "mail", 4 } } };

struct workflow *test_workflow(const char *id, size_t n)
{
    static struct definition def = { .kind = "workflow", .row = 7 };
    static const char names[] = "abcdefghijklmnopqrstuvwxyz";
    struct workflow *w = arena_zalloc(&plan.memory, sizeof *w);

    atomic_store(&w->refs.count, 1 << 20);
    *w = (struct workflow){ .refs = w->refs, .owner = &plan, .id = slice_z(id), .def = &def, .n_steps = n };
    w->steps = arena_zalloc(&plan.memory, (n + 1) * sizeof *w->steps);
    for (size_t i = 0; i < n; i++) {
        struct step *s = &w->steps[i];
        *s = (struct step){
            .id = slice_of(names + i, 1), .index = (uint16_t)i, .endpoint = &endpoints[i % 2], .n_needs = i > 0
        };
        s->needs = arena_zalloc(&plan.memory, sizeof *s->needs);
        s->needs[0] = (uint16_t)(i ? i - 1 : 0);
    }
    return w;
}

struct event *test_event(const char *body)
{
    struct slice text = slice_z(body ? body : "{\"ref\":\"main\"}");
    struct event ev = {
        .id = id_new(),
        .source = SLICE("github"),
        .type = SLICE("github.push"),
        .subject = SLICE("octo/repo"),
        .time_us = clock_wall_us(),
        .delivery_key = SLICE("72d3162e"),
        .headers = SLICE("X-GitHub-Event: push\nX-Raw: \xff\xfe\n"),
        .content_type = SLICE("application/json"),
        .body = text,
        .data = text,
        .verdict = VERDICT_VALID,
        .decisions = SLICE("[{\"workflow\":\"w\",\"started\":true}]"),
        .plan_def = 3,
        .source_def = 4,
        .schema_def = 5,
    };

    static struct event_packer *packer;
    if (!packer)
        packer = event_packer_new();
    return event_make(&ev, packer);
}

struct new_run test_run(struct workflow *w)
{
    return (struct new_run){ id_new(), w };
}

struct append test_append(struct event *ev, const char *key, struct new_run *runs, size_t n)
{
    struct append a = {
        .event = ev, .dedupe = key != NULL, .dedupe_until_us = ev->time_us + 3600 * US_PER_S, .runs = runs, .n_runs = n
    };

    uint64_t h[2] = { UINT64_C(0xcbf29ce484222325), 1 };
    for (const char *at = key; at && *at; at++) {
        h[0] = (h[0] ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        h[1] = h[1] * 31 + h[0];
    }
    memcpy(a.dedupe_hash, h, sizeof h);
    return a;
}
