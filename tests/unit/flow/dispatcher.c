#include "flow/inside.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "unit/net/server.h"

/* The dispatcher on the test's own thread: the loop and the HTTP client are real, the writer is played by the test. */
#define WRITES_MAX 64

static const struct server_rule rules[] = {
    { "/steps/ok", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}", THEN_KEEP },
    { "/steps/no", "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops", THEN_KEEP },
    { "/steps/gone", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", THEN_KEEP },
    { "/steps/never", "", THEN_WAIT },
    { NULL, NULL, THEN_KEEP },
};

struct fixture {
    struct test_server *server;
    char url[64];
    struct plan plan;
    struct endpoint endpoint, *endpoints[1];
    struct definition def;
    struct step steps[2];
    struct workflow workflow, *workflows[1];
    struct flow *flow;
    struct event *event;
};

/* What the writer was given and has not answered. */
static struct {
    struct write *writes[WRITES_MAX];
    int n, stop_at; /* the loop ends when so many are there */
    struct loop *loop;
    bool full;
} fake;

static void fake_take(struct write *w)
{
    assert_true(fake.n < WRITES_MAX);
    fake.writes[fake.n++] = w;
    if (fake.n == fake.stop_at)
        loop_stop(fake.loop);
}

bool writer_put(struct writer *w, struct write *wr, size_t cost)
{
    assert_non_null(w);
    assert_true(cost > 0);
    if (fake.full) {
        fake.full = false; /* the next try finds room */
        return false;
    }
    fake_take(wr);
    return true;
}

void writer_put_always(struct writer *w, struct write *wr)
{
    assert_non_null(w);
    fake_take(wr);
}

int writer_wait(struct writer *w, struct write *wr, struct err *e)
{
    assert_non_null(w);
    (void)wr;
    return err_set(e, ERR_SYSTEM, "not in this test");
}

static void on_answer(struct mail *m)
{
    struct write *w = (struct write *)(void *)m;

    w->done(w);
}

static void on_end(struct mail *m)
{
    (void)m;
    loop_stop(fake.loop);
}

/* Runs what is posted and what follows from it at once. */
static void settle_loop(void)
{
    struct mail end = { .run = on_end };

    fake.stop_at = -1;
    loop_post(fake.loop, &end);
    loop_run(fake.loop);
}

/* The writer answers the write that was put first. */
static void answer(int result, enum err_code code)
{
    struct write *w = fake.writes[0];

    assert_true(fake.n > 0);
    memmove(fake.writes, fake.writes + 1, (size_t)--fake.n * sizeof *fake.writes);
    w->result = result;
    w->code = code;
    w->mail.run = on_answer;
    loop_post(fake.loop, &w->mail);
    settle_loop();
}

static struct write *next_write(enum write_kind kind)
{
    if (fake.n == 0) {
        fake.stop_at = 1;
        loop_run(fake.loop);
    }
    assert_int_equal(fake.writes[0]->kind, kind);
    return fake.writes[0];
}

static int set_up(void **state)
{
    static struct fixture f;
    struct event ev = {
        .id = id_new(), .source = SLICE("shop"), .type = SLICE("shop.paid"), .data = SLICE("{}"), .body = SLICE("{}")
    };
    struct flow_options o = { .shutdown_s = 3600 };
    struct err e;

    f = (struct fixture){ .server = test_server_new(rules) };
    snprintf(f.url, sizeof f.url, "http://127.0.0.1:%d/steps", test_server_port(f.server));
    f.endpoint = (struct endpoint){
        .name = SLICE("billing"), .url = slice_z(f.url), .concurrency = 2, .output_max = 1000, .allow_private = true
    };
    f.endpoints[0] = &f.endpoint;
    f.def.row = 7;
    for (uint16_t i = 0; i < 2; i++) {
        f.steps[i] =
            (struct step){ .id = SLICE("bill"),
                           .index = i,
                           .endpoint = &f.endpoint,
                           .path = SLICE("/ok"),
                           .timeout_us = 30 * US_PER_S,
                           .retry = { .max = 8, .base_us = US_PER_S, .cap_us = 3600 * US_PER_S, .factor = 2 } };
    }
    f.workflow =
        (struct workflow){ .owner = &f.plan, .id = SLICE("invoice"), .def = &f.def, .steps = f.steps, .n_steps = 2 };
    f.workflows[0] = &f.workflow;
    f.plan = (struct plan){ .workflows = f.workflows, .n_workflows = 1, .endpoints = f.endpoints, .n_endpoints = 1 };
    ref_init(&f.plan.refs);
    ref_init(&f.workflow.refs);
    f.event = event_make(&ev, NULL);
    f.flow = flow_new(&o, &e);
    assert_non_null(f.flow);
    memset(&fake, 0, sizeof fake);
    fake.loop = flow_loop(f.flow);
    f.flow->writer = (struct writer *)&fake; /* only handed on */
    flow_set_plan(f.flow, &f.plan);
    settle_loop();
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    flow_free(f->flow);
    event_unref(f->event);
    test_server_free(f->server);
    assert_int_equal(atomic_load(&f->workflow.refs.count), 1);
    assert_int_equal(atomic_load(&f->plan.refs.count), 1);
    return 0;
}

/* A lease as the writer makes it: a newborn one has its workflow, and its place was asked for. */
static struct lease *newborn(struct fixture *f, const char *path)
{
    struct lease *l = lease_new(f->event, &f->workflow, 7, id_new(), 0);

    f->steps[0].path = slice_z(path);
    assert_true(flow_room(f->flow, &f->steps[0]));
    return l;
}

static struct lease *claimed(struct fixture *f, int64_t row)
{
    return lease_new(f->event, NULL, row, id_new(), 0);
}

static struct lane *lane(struct fixture *f)
{
    return lanes_get(&f->flow->lanes, SLICE("billing"));
}

static void check_empty(struct fixture *f)
{
    assert_int_equal(atomic_load(&lane(f)->taken), 0);
    assert_int_equal(atomic_load(&f->flow->lanes.taken), 0);
    assert_int_equal(atomic_load(&f->flow->lanes.bytes), 0);
    assert_int_equal(f->flow->held.n, 0);
    assert_int_equal(atomic_load(&f->flow->stats.held), 0);
    assert_int_equal(atomic_load(&f->flow->stats.calls), 0);
}

static void a_newborn_step_is_called_and_its_result_written(void **state)
{
    struct fixture *f = *state;

    dispatcher_lease(f->flow, newborn(f, "/ok"));
    struct write *w = next_write(WRITE_FINISH);
    assert_int_equal(w->finish.outcome, ATTEMPT_OK);
    assert_int_equal(w->finish.status, 200);
    assert_true(slice_eq_z(w->finish.output, "{\"a\":1}"));
    assert_ptr_equal(w->finish.workflow, &f->workflow);
    assert_true(w->finish.ended_us >= w->finish.started_us && w->finish.started_us > 0);
    const char *request = test_server_request(f->server, 0);
    assert_memory_equal(request, "POST /steps/ok ", 15);
    assert_non_null(strstr(request, "\r\nIdempotency-Key: "));
    assert_non_null(strstr(request, "\r\n\r\n{\"event\":{\"specversion\":\"1.0\""));
    w->finish.run_ended = true;
    answer(0, ERR_NONE);
    check_empty(f);
    assert_int_equal(counter_get(&flow_stats(f->flow)->attempts[ATTEMPT_OK]), 1);
    assert_int_equal(counter_get(&flow_stats(f->flow)->runs_ended), 1);
}

static void outputs_take_room_as_events_do(void **state)
{
    struct fixture *f = *state;
    struct lease *l = newborn(f, "/ok");
    char *json = calloc(1, 1 << 18);

    lease_add_output(l, 0, false, SLICE("price"), slice_of(json, 1 << 18));
    dispatcher_lease(f->flow, l);
    assert_true(atomic_load(&f->flow->lanes.bytes) > 1 << 18);
    next_write(WRITE_FINISH);
    answer(0, ERR_NONE);
    check_empty(f);
    free(json);
}

static void a_failed_attempt_is_due_later(void **state)
{
    struct fixture *f = *state;
    int64_t before_us = clock_wall_us();

    dispatcher_lease(f->flow, newborn(f, "/no"));
    struct write *w = next_write(WRITE_FINISH);
    assert_int_equal(w->finish.outcome, ATTEMPT_RETRY);
    assert_true(slice_eq_z(w->finish.error, "answered 500"));
    assert_true(slice_eq_z(w->finish.output, "oops"));
    int64_t due_us = w->finish.due_us;
    assert_true(due_us >= before_us + RETRY_FLOOR_US);
    answer(0, ERR_NONE);
    assert_int_equal(atomic_load(&lane(f)->due_us), due_us);
    check_empty(f);
}

static void a_copy_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct lease *first = newborn(f, "/ok"), *copy = claimed(f, 7), *other = claimed(f, 7);

    copy->run = other->run = first->run;
    other->generation = 1;
    f->flow->claims.lane = lane(f);
    dispatcher_lease(f->flow, first);
    dispatcher_lease(f->flow, copy);
    dispatcher_lease(f->flow, other);
    assert_int_equal(f->flow->held.n, 2);
    next_write(WRITE_FINISH);
    answer(0, ERR_NONE);
    next_write(WRITE_FINISH);
    answer(0, ERR_NONE);
    assert_null(test_server_request(f->server, 2));
    check_empty(f);
}

/* The writer took the result and the claim in one batch: the next attempt comes before word of the last one. */
static void the_next_attempt_is_no_copy(void **state)
{
    struct fixture *f = *state;
    struct lease *first = newborn(f, "/no"), *next = claimed(f, 7);

    next->run = first->run;
    next->attempts = 1;
    f->flow->claims.lane = lane(f);
    dispatcher_lease(f->flow, first);
    assert_int_equal(next_write(WRITE_FINISH)->finish.outcome, ATTEMPT_RETRY);
    dispatcher_lease(f->flow, next);
    answer(0, ERR_NONE);
    assert_int_equal(f->flow->held.n, 1);
    assert_int_equal(next_write(WRITE_FINISH)->finish.lease->attempts, 1);
    answer(0, ERR_NONE);
    assert_non_null(strstr(test_server_request(f->server, 1), "\"attempt\":2,"));
    check_empty(f);
}

static void no_more_calls_than_the_endpoint_wants(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 5; i++)
        dispatcher_lease(f->flow, newborn(f, "/ok"));
    assert_int_equal(lane(f)->calls, 2);
    fake.stop_at = 5;
    loop_run(fake.loop);
    assert_int_equal(lane(f)->calls, 0);
    assert_true(test_server_connections(f->server) <= 2);
    for (int i = 0; i < 5; i++)
        answer(0, ERR_NONE);
    check_empty(f);
}

static void a_result_is_kept_until_it_is_stored(void **state)
{
    struct fixture *f = *state;

    dispatcher_lease(f->flow, newborn(f, "/ok"));
    for (int i = 0; i < 3; i++) {
        struct write *w = next_write(WRITE_FINISH);
        assert_true(slice_eq_z(w->finish.output, "{\"a\":1}"));
        answer(-1, ERR_TEMP);
        assert_int_equal(f->flow->held.n, 1);
    }
    next_write(WRITE_FINISH);
    answer(0, ERR_NONE);
    check_empty(f);
    assert_null(test_server_request(f->server, 1)); /* the step was done once */
    dispatcher_lease(f->flow, newborn(f, "/ok"));
    next_write(WRITE_FINISH);
    answer(-1, ERR_NOT_FOUND); /* the run is gone: nothing to keep */
    check_empty(f);
}

static void what_is_due_is_claimed(void **state)
{
    struct fixture *f = *state;

    flow_on_ready(f->flow, SLICE("billing"), clock_wall_us());
    flow_on_ready(f->flow, SLICE("billing"), clock_wall_us() + 1000);
    struct write *w = next_write(WRITE_CLAIM);
    assert_true(slice_eq_z(w->claim.queue, "billing"));
    assert_int_equal(w->claim.max, 256);
    assert_int_equal(atomic_load(&lane(f)->taken), 256);
    dispatcher_lease(f->flow, claimed(f, 7)); /* the plan has that workflow */
    w->claim.next_due_us = clock_wall_us() + 20 * 1000;
    answer(0, ERR_NONE);
    assert_int_equal(atomic_load(&lane(f)->taken), 1);
    fake.stop_at = 2; /* the step's result, and the next claim when its time has come */
    loop_run(fake.loop);
    if (fake.writes[0]->kind == WRITE_CLAIM) {
        struct write *claim = fake.writes[0];
        fake.writes[0] = fake.writes[1];
        fake.writes[1] = claim;
    }
    assert_int_equal(fake.writes[0]->finish.outcome, ATTEMPT_OK);
    answer(0, ERR_NONE);
    w = next_write(WRITE_CLAIM);
    w->claim.next_due_us = INT64_MAX;
    answer(0, ERR_NONE);
    check_empty(f);
    assert_int_equal(fake.n, 0);
}

/* All places were promised to newborn steps of a batch that then failed. */
static void room_given_back_is_used(void **state)
{
    struct fixture *f = *state;
    int n = 0;

    while (flow_room(f->flow, &f->steps[0]))
        n++;
    flow_on_ready(f->flow, SLICE("billing"), clock_wall_us());
    settle_loop();
    assert_int_equal(fake.n, 0);
    while (n--)
        flow_room_back(f->flow, &f->steps[0]);
    settle_loop();
    assert_int_equal(fake.n, 1);
    next_write(WRITE_CLAIM)->claim.next_due_us = INT64_MAX;
    answer(0, ERR_NONE);
    check_empty(f);
}

static void lanes_take_turns(void **state)
{
    struct fixture *f = *state;
    char names[3][8] = { "billing", "mail", "print" };
    bool seen[3] = { false };

    for (int i = 0; i < 3; i++)
        flow_on_ready(f->flow, slice_z(names[i]), 0);
    for (int i = 0; i < 3; i++) {
        struct write *w = next_write(WRITE_CLAIM);
        for (int k = 0; k < 3; k++) {
            if (slice_eq_z(w->claim.queue, names[k])) {
                assert_false(seen[k]);
                seen[k] = true;
            }
        }
        w->claim.next_due_us = 0; /* there is more of it at once */
        answer(0, ERR_NONE);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
}

static void a_claim_that_fails_is_made_again(void **state)
{
    struct fixture *f = *state;

    fake.full = true;
    flow_on_ready(f->flow, SLICE("billing"), 0);
    next_write(WRITE_CLAIM); /* the first try found the writer's mailbox full */
    answer(-1, ERR_TEMP);
    check_empty(f);
    assert_int_equal(fake.n, 0); /* not at once */
    next_write(WRITE_CLAIM)->claim.next_due_us = INT64_MAX;
    answer(0, ERR_NONE);
    check_empty(f);
}

static void an_unknown_workflow_is_asked_for_once(void **state)
{
    struct fixture *f = *state;
    int64_t before_us = clock_wall_us();

    f->flow->claims.lane = lane(f);
    dispatcher_lease(f->flow, claimed(f, 99));
    dispatcher_lease(f->flow, claimed(f, 99));
    struct write *w = next_write(WRITE_DEFINITION);
    assert_int_equal(w->definition.row, 99);
    assert_int_equal(fake.n, 1);
    w->definition.out.text = SLICE("no workflow");
    answer(0, ERR_NONE);
    for (int i = 0; i < 2; i++) {
        w = next_write(WRITE_FINISH);
        assert_null(w->finish.workflow);
        assert_int_equal(w->finish.outcome, ATTEMPT_RETRY);
        assert_true(w->finish.error.len > 0);
        assert_true(w->finish.due_us >= before_us + 60 * US_PER_S);
        answer(0, ERR_NONE);
    }
    assert_true(atomic_load(&lane(f)->due_us) >= before_us + 60 * US_PER_S);
    assert_true(atomic_load(&lane(f)->due_us) < INT64_MAX);
    check_empty(f);
    struct lease *old = claimed(f, 99);
    old->attempts = 60;
    dispatcher_lease(f->flow, old);
    next_write(WRITE_DEFINITION);
    answer(-1, ERR_NOT_FOUND);
    assert_int_equal(next_write(WRITE_FINISH)->finish.outcome, ATTEMPT_FATAL);
    answer(0, ERR_NONE);
    check_empty(f);
}

static void a_gone_path_is_not_called_until_the_next_plan(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        dispatcher_lease(f->flow, newborn(f, "/gone"));
        struct write *w = next_write(WRITE_FINISH);
        assert_int_equal(w->finish.outcome, ATTEMPT_FATAL);
        assert_int_equal(w->finish.status, i ? 0 : 410);
        assert_non_null(memmem(w->finish.error.ptr, w->finish.error.len, "reload", 6));
        answer(0, ERR_NONE);
    }
    assert_null(test_server_request(f->server, 1));
    dispatcher_lease(f->flow, newborn(f, "/ok")); /* another path of the same endpoint */
    assert_int_equal(next_write(WRITE_FINISH)->finish.outcome, ATTEMPT_OK);
    answer(0, ERR_NONE);
    flow_set_plan(f->flow, &f->plan);
    settle_loop();
    dispatcher_lease(f->flow, newborn(f, "/gone"));
    assert_int_equal(next_write(WRITE_FINISH)->finish.status, 410);
    answer(0, ERR_NONE);
    check_empty(f);
}

static void a_bad_secret_is_told(void **state)
{
    struct fixture *f = *state;
    struct secret bad = { (char *)"not base64", 10, (char *)"env:KEY" };

    f->endpoint.secrets = &bad;
    f->endpoint.n_secrets = 1;
    dispatcher_lease(f->flow, newborn(f, "/ok"));
    struct write *w = next_write(WRITE_FINISH);
    assert_int_equal(w->finish.outcome, ATTEMPT_RETRY);
    assert_non_null(memmem(w->finish.error.ptr, w->finish.error.len, "env:KEY", 7));
    answer(0, ERR_NONE);
    assert_null(test_server_request(f->server, 0));
    check_empty(f);
}

static void at_the_end_all_is_given_back(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 4; i++)
        dispatcher_lease(f->flow, newborn(f, "/never"));
    f->flow->stopping = f->flow->stopped = true; /* the loop is the test's to end */
    dispatcher_return_waiting(f->flow);
    assert_int_equal(fake.n, 2);
    f->flow->claims.lane = lane(f);
    dispatcher_lease(f->flow, claimed(f, 7)); /* of a claim that was under way */
    assert_int_equal(fake.n, 3);
    dispatcher_cut(f->flow);
    assert_int_equal(fake.n, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(fake.writes[0]->finish.outcome, ATTEMPT_RETURNED);
        answer(0, ERR_NONE);
    }
    check_empty(f);
}

static void what_is_held_at_the_end_is_freed(void **state)
{
    struct fixture *f = *state;

    f->flow->claims.lane = lane(f);
    dispatcher_lease(f->flow, newborn(f, "/never"));
    dispatcher_lease(f->flow, newborn(f, "/never"));
    dispatcher_lease(f->flow, newborn(f, "/never"));
    dispatcher_lease(f->flow, claimed(f, 99)); /* asks; nobody answers */
    assert_int_equal(fake.n, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_newborn_step_is_called_and_its_result_written),
        TEST(outputs_take_room_as_events_do),
        TEST(a_failed_attempt_is_due_later),
        TEST(a_copy_is_dropped),
        TEST(the_next_attempt_is_no_copy),
        TEST(no_more_calls_than_the_endpoint_wants),
        TEST(a_result_is_kept_until_it_is_stored),
        TEST(what_is_due_is_claimed),
        TEST(room_given_back_is_used),
        TEST(lanes_take_turns),
        TEST(a_claim_that_fails_is_made_again),
        TEST(an_unknown_workflow_is_asked_for_once),
        TEST(a_gone_path_is_not_called_until_the_next_plan),
        TEST(a_bad_secret_is_told),
        TEST(at_the_end_all_is_given_back),
        TEST(what_is_held_at_the_end_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
