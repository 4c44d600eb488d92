#include "flow/flow.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/net/server.h"

/* The flow thread whole: a plan from a file, the writer, SQLite, and an HTTP server that does as it is told. */
static const struct server_rule rules[] = {
    { "/one", "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"net\":1.10}", THEN_KEEP },
    { "/two", "HTTP/1.1 204 Done\r\n\r\n", THEN_KEEP },
    { "/no", "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops", THEN_KEEP },
    { "/fatal", "HTTP/1.1 422 No\r\nHooklatch-Retry: no\r\nContent-Length: 0\r\n\r\n", THEN_KEEP },
    { "/never", "", THEN_WAIT },
    { NULL, NULL, THEN_KEEP },
};

struct fixture {
    struct test_server *server;
    char dir[128], file[160], url[200];
    struct plan *plan;
    struct store *store;
    struct writer *writer;
    struct flow *flow;
    struct arena arena;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->server = test_server_new(rules);
    snprintf(f->dir, sizeof f->dir, "%s/hooklatch-flow-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->file, sizeof f->file, "%s/test.yaml", f->dir);
    snprintf(f->url, sizeof f->url, "sqlite:%s/test.db", f->dir);
    arena_init(&f->arena);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = { "test.yaml", "test.db", "test.db-wal", "test.db-shm", "test.db.lock" };
    struct fixture *f = *state;
    char path[256];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(f->dir), 0);
    clock_test_set(INT64_MIN);
    test_server_free(f->server);
    arena_clear(&f->arena);
    free(f);
    return 0;
}

/* steps: the YAML of the list. */
static void load_plan(struct fixture *f, const char *steps)
{
    FILE *out = fopen(f->file, "w");
    struct issues is;
    struct buf text;

    fprintf(out,
            "listen: {ingest: \"127.0.0.1:0\", admin: \"127.0.0.1:0\"}\nstore: \"sqlite:test.db\"\n"
            "endpoints:\n  billing: {url: \"http://127.0.0.1:%d\"}\n"
            "workflows:\n  - id: invoice\n    on: shop.paid\n    steps:\n%s",
            test_server_port(f->server), steps);
    fclose(out);
    issues_init(&is);
    f->plan = plan_load(f->file, &is);
    if (!f->plan) {
        buf_init(&text, 65536);
        issues_put_text(&is, &text);
        fail_msg("%s", text.ptr);
    }
    issues_clear(&is);
}

static void define(struct fixture *f)
{
    struct write w = { .kind = WRITE_DEFINE };
    struct err e;

    w.define.list = f->plan->defs;
    w.define.n = f->plan->n_defs;
    w.define.origin = SLICE("test");
    assert_int_equal(writer_wait(f->writer, &w, &e), 0);
}

static void start(struct fixture *f, const char *steps, const struct flow_options *o)
{
    struct store_settings ss = { .url = f->url, .refused_rows = 10, .refused_bytes = 10000 };
    struct err e = { 0 };

    load_plan(f, steps);
    f->store = store_open(&ss, &e);
    if (!f->store)
        fail_msg("%s", e.text);
    f->flow = flow_new(o, &e);
    struct writer_options wo = {
        .mailbox_bytes = 1 << 20,
        .flow = flow_loop(f->flow),
        .on_lease = flow_on_lease,
        .room = flow_room,
        .room_back = flow_room_back,
        .room_arg = f->flow,
        .on_ready = flow_on_ready,
        .on_ready_arg = f->flow,
    };
    f->writer = writer_start(f->store, &wo, &e);
    define(f);
    if (flow_start(f->flow, f->writer, f->plan, &e))
        fail_msg("%s", e.text);
}

/* As serve ends. What is under way is awaited for shutdown_s: that is how these tests wait, too. */
static void stop(struct fixture *f)
{
    flow_stop(f->flow);
    writer_stop(f->writer);
    assert_int_equal(atomic_load(&flow_stats(f->flow)->held), 0);
    assert_int_equal(atomic_load(&flow_stats(f->flow)->calls), 0);
    flow_free(f->flow);
    store_close(f->store);
    plan_unref(f->plan);
}

static struct id append(struct fixture *f)
{
    struct event from = { .id = id_new(),
                          .source = SLICE("shop"),
                          .type = SLICE("shop.paid"),
                          .time_us = clock_wall_us(),
                          .body = SLICE("{\"id\": 1}"),
                          .data = SLICE("{\"id\": 1}"),
                          .content_type = SLICE("application/json") };
    struct event *ev = event_make(&from, NULL);
    struct new_run run = { .id = id_new(), .workflow = f->plan->workflows[0] };
    struct write w = { .kind = WRITE_APPEND };
    struct err e;

    w.append.event = ev;
    w.append.runs = &run;
    w.append.n_runs = 1;
    assert_int_equal(writer_wait(f->writer, &w, &e), 0);
    event_unref(ev);
    return run.id;
}

static struct run_row read_back(struct fixture *f, struct id run)
{
    struct store_settings ss = { .url = f->url, .refused_rows = 10, .refused_bytes = 10000 };
    struct err e;
    struct run_row row = { 0 };
    struct store_reader *r = store_reader_open(&ss, &e);

    assert_non_null(r);
    if (read_run(r, run, &f->arena, &row, &e))
        fail_msg("%s", e.text);
    store_reader_close(r);
    return row;
}

static const char *field(const char *request, const char *name)
{
    static char value[2][256];
    static int turn;
    const char *at = strstr(request, name);

    assert_non_null(at);
    turn = !turn;
    snprintf(value[turn], sizeof value[turn], "%.*s", (int)strcspn(at, "\r"), at);
    return value[turn];
}

#define TWO_STEPS                                                                                                      \
    "      - {id: price, http: {endpoint: billing, path: /one}}\n      - {id: bill, http: {endpoint: billing, path: "  \
    "/two}}\n"
#define STEP(path) "      - {id: bill, http: {endpoint: billing, path: " path "}}\n"

static void a_run_goes_from_step_to_step(void **state)
{
    struct fixture *f = *state;

    start(f, TWO_STEPS, &(struct flow_options){ .shutdown_s = 30 });
    struct id run = append(f);
    test_server_wait(f->server, 2);
    stop(f);
    assert_non_null(strstr(test_server_request(f->server, 0), "\"input\":{\"id\": 1},\"steps\":{},"));
    assert_non_null(strstr(test_server_request(f->server, 1), "\"steps\":{\"price\":{\"net\":1.10}}"));
    assert_memory_equal(strstr(field(test_server_request(f->server, 0), "traceparent"), "-") + 1,
                        strstr(field(test_server_request(f->server, 1), "traceparent"), "-") + 1, 32);
    struct run_row row = read_back(f, run);
    assert_int_equal(row.state, RUN_DONE);
    assert_int_equal(row.n_attempts, 2);
    assert_int_equal(row.attempts[0].status, 200);
    assert_int_equal(row.attempts[1].status, 204);
    assert_true(slice_eq_z(row.attempts[1].output, "null"));
}

static void many_runs_find_little_room(void **state)
{
    struct fixture *f = *state;
    struct id runs[40];

    start(f, TWO_STEPS, &(struct flow_options){ .shutdown_s = 30, .room = 6, .room_per_queue = 4 });
    for (int i = 0; i < 40; i++)
        runs[i] = append(f);
    test_server_wait(f->server, 80);
    stop(f);
    for (int i = 0; i < 40; i++)
        assert_int_equal(read_back(f, runs[i]).state, RUN_DONE);
    assert_null(test_server_request(f->server, 80));
}

static void a_retry_survives_a_restart(void **state)
{
    struct fixture *f = *state;
    struct flow_options o = { .shutdown_s = 30 };

    start(f, STEP("/no"), &o);
    struct id run = append(f);
    test_server_wait(f->server, 1);
    stop(f);
    struct run_row row = read_back(f, run);
    assert_int_equal(row.state, RUN_RUNNING);
    assert_int_equal(row.steps[0].state, STEP_READY);
    assert_int_equal(row.steps[0].attempts, 1);
    clock_test_set(clock_wall_us() + 3600 * US_PER_S);
    start(f, STEP("/no"), &o);
    test_server_wait(f->server, 2);
    stop(f);
    assert_int_equal(read_back(f, run).steps[0].attempts, 2);
    assert_string_equal(field(test_server_request(f->server, 0), "Idempotency-Key"),
                        field(test_server_request(f->server, 1), "Idempotency-Key"));
    assert_non_null(strstr(test_server_request(f->server, 1), "\"attempt\":2,"));
}

static void a_step_cut_at_shutdown_is_done_again(void **state)
{
    struct fixture *f = *state;

    start(f, STEP("/never"), &(struct flow_options){ .shutdown_s = 0 });
    struct id run = append(f);
    test_server_wait(f->server, 1);
    stop(f);
    struct run_row row = read_back(f, run);
    assert_int_equal(row.steps[0].state, STEP_READY);
    assert_int_equal(row.steps[0].attempts, 0); /* given back: it costs no attempt */
    start(f, STEP("/never"), &(struct flow_options){ .shutdown_s = 0 });
    test_server_wait(f->server, 2);
    stop(f);
    assert_string_equal(field(test_server_request(f->server, 0), "Idempotency-Key"),
                        field(test_server_request(f->server, 1), "Idempotency-Key"));
}

static void a_run_keeps_the_workflow_it_began_with(void **state)
{
    struct fixture *f = *state;

    start(f, TWO_STEPS "      - {id: last, http: {endpoint: billing, path: /never}}\n",
          &(struct flow_options){ .shutdown_s = 0 });
    struct id run = append(f);
    test_server_wait(f->server, 3);
    stop(f);
    start(f, STEP("/two"), &(struct flow_options){ .shutdown_s = 0 }); /* the file was changed meanwhile */
    test_server_wait(f->server, 4);
    stop(f);
    assert_memory_equal(test_server_request(f->server, 3), "POST /never ", 12);
    assert_non_null(strstr(test_server_request(f->server, 3), "\"steps\":{\"price\":{\"net\":1.10},\"bill\":null}"));
    assert_int_equal(read_back(f, run).n_steps, 3);
}

static void a_failure_for_good_ends_the_run(void **state)
{
    struct fixture *f = *state;

    start(f, STEP("/fatal") "      - {id: next, http: {endpoint: billing, path: /two}}\n",
          &(struct flow_options){ .shutdown_s = 30 });
    struct id run = append(f);
    test_server_wait(f->server, 1);
    stop(f);
    struct run_row row = read_back(f, run);
    assert_int_equal(row.state, RUN_FAILED);
    assert_true(slice_eq_z(row.attempts[0].error, "answered 422 with Hooklatch-Retry: no"));
    assert_null(test_server_request(f->server, 1));
}

static void a_new_plan_is_taken(void **state)
{
    struct fixture *f = *state;

    start(f, STEP("/one"), &(struct flow_options){ .shutdown_s = 30 });
    append(f);
    test_server_wait(f->server, 1);
    struct plan *old = f->plan;
    load_plan(f, STEP("/two"));
    define(f);
    flow_set_plan(f->flow, f->plan);
    plan_unref(old);
    append(f);
    test_server_wait(f->server, 2);
    stop(f);
    assert_memory_equal(test_server_request(f->server, 1), "POST /two ", 10);
}

static void it_ends_with_nothing_begun(void **state)
{
    struct fixture *f = *state;
    struct err e;

    start(f, STEP("/one"), &(struct flow_options){ .shutdown_s = 30 });
    stop(f);
    flow_free(flow_new(&(struct flow_options){ 0 }, &e)); /* never started */
    flow_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_goes_from_step_to_step),
        TEST(many_runs_find_little_room),
        TEST(a_retry_survives_a_restart),
        TEST(a_step_cut_at_shutdown_is_done_again),
        TEST(a_run_keeps_the_workflow_it_began_with),
        TEST(a_failure_for_good_ends_the_run),
        TEST(a_new_plan_is_taken),
        TEST(it_ends_with_nothing_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
