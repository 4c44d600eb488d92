/* The contract of store.h: runs and their steps. See cases.h. */
#include "unit/store/cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

struct claim { const char *queue; size_t max; int64_t now_us, next_us; };

static void do_claim(struct fixture *x, void *arg)
{
    struct claim *c = arg;
    struct err e;

    if (store_claim(x->store, slice_z(c->queue), c->max, c->now_us, &x->leases, &c->next_us, &e))
        fail_msg("claim: %s", e.text);
}

static struct claim claim_at(const char *queue, int64_t now_us) { return (struct claim){ queue, 10, now_us, 0 }; }

static void do_finish(struct fixture *x, void *arg)
{
    struct err e;

    if (store_finish(x->store, arg, fixture_room, x, &x->leases, &e))
        fail_msg("finish: %s", e.text);
}

static struct step_result result_of(const struct lease *l, struct workflow *w, enum attempt_outcome o)
{
    int64_t now = clock_wall_us();

    return (struct step_result){ .lease = l,
                                 .workflow = w,
                                 .outcome = o,
                                 .started_us = now - 5,
                                 .ended_us = now,
                                 .status = 200,
                                 .output = SLICE("{\"ok\":1}") };
}

/* The one lease that the last transaction made; the caller frees it. */
static struct lease *take_lease(struct fixture *x)
{
    struct lease *l = x->leases;

    assert_non_null(l);
    assert_null(l->mail.next);
    x->leases = NULL;
    return l;
}

static void run_goes_its_way(struct fixture *x)
{
    struct workflow *w = test_workflow("invoice", 3);
    struct new_run run = test_run(w);
    struct event *ev = test_event(NULL);
    struct append a = test_append(ev, NULL, &run, 1);

    x->room = 2;
    transact(x, do_append, &a);
    struct lease *first = take_lease(x);
    assert_ptr_equal(first->workflow, w);
    assert_ptr_equal(first->event, ev);
    assert_true(id_eq(first->run, run.id));
    assert_int_equal(first->workflow_def, 7);
    assert_int_equal(first->n_outputs, 0);
    assert_int_equal(get_run(x, run.id).state, RUN_RUNNING);
    assert_int_equal(get_event(x, ev->id).runs, 1);

    struct step_result r = result_of(first, w, ATTEMPT_OK);
    transact(x, do_finish, &r);
    assert_false(r.stale || r.run_ended);
    struct lease *second = take_lease(x);
    assert_int_equal(second->step, 1);
    assert_int_equal(second->n_outputs, 1);
    assert_slice(second->outputs[0].step_id, "a");
    assert_slice(second->outputs[0].text, "{\"ok\":1}");

    r = result_of(second, w, ATTEMPT_OK);
    r.output = SLICE("2");
    transact(x, do_finish, &r);
    assert_null(x->leases); /* no room: it waits in its queue */
    struct claim c = claim_at("mail", clock_wall_us());
    transact(x, do_claim, &c);
    assert_null(x->leases);
    assert_int_equal(c.next_us, INT64_MAX);
    c = claim_at("billing", clock_wall_us());
    transact(x, do_claim, &c);
    struct lease *third = take_lease(x);
    assert_null(third->workflow);
    assert_int_equal(third->workflow_def, 7);
    assert_int_equal(third->n_outputs, 2);
    assert_slice(third->outputs[1].text, "2");
    assert_true(slice_eq(third->event->data, ev->data));
    assert_true(slice_eq(third->event->headers, ev->headers));

    r = result_of(third, w, ATTEMPT_OK);
    transact(x, do_finish, &r);
    assert_true(r.run_ended);
    struct run_row row = get_run(x, run.id);
    assert_int_equal(row.state, RUN_DONE);
    assert_int_equal(row.ended_us, r.ended_us);
    assert_int_equal(row.n_steps, 3);
    assert_int_equal(row.n_attempts, 3);
    assert_int_equal(row.attempts[0].ended_us - row.attempts[0].started_us, 5);
    assert_slice(row.attempts[1].output, "2");
    assert_slice(row.workflow, "invoice");
    assert_slice(row.steps[1].queue, "mail");
    assert_true(id_eq(row.event, ev->id));
    transact(x, do_finish, &r);
    assert_true(r.stale);
    lease_free(first);
    lease_free(second);
    lease_free(third);
    event_unref(ev);
}

/* One step, leased. The caller frees lease and event. */
static struct lease *start_one(struct fixture *x, struct workflow *w, struct new_run *run, struct event **ev)
{
    *run = test_run(w);
    *ev = test_event(NULL);
    struct append a = test_append(*ev, NULL, run, 1);

    x->room = 1;
    transact(x, do_append, &a);
    return take_lease(x);
}

static void retry_waits_for_its_time(struct fixture *x)
{
    struct workflow *w = test_workflow("retry", 1);
    struct new_run run;
    struct event *ev;
    struct lease *l = start_one(x, w, &run, &ev), *again;
    struct step_result r = result_of(l, w, ATTEMPT_RETRY);

    r.due_us = r.ended_us + 60 * US_PER_S;
    r.error = SLICE("answered 500");
    transact(x, do_finish, &r);
    struct claim c = claim_at("billing", r.due_us - 1);
    transact(x, do_claim, &c);
    assert_null(x->leases);
    assert_int_equal(c.next_us, r.due_us);
    c.now_us = r.due_us;
    transact(x, do_claim, &c);
    again = take_lease(x);
    assert_int_equal(again->attempts, 1);
    assert_int_equal(again->generation, 0);
    assert_int_equal(c.next_us, again->lease_until_us);
    transact(x, do_finish, &r); /* the first lease is over */
    assert_true(r.stale);
    r = result_of(again, w, ATTEMPT_OK);
    transact(x, do_finish, &r);
    struct run_row row = get_run(x, run.id);
    assert_int_equal(row.state, RUN_DONE);
    assert_int_equal(row.n_attempts, 2);
    assert_int_equal(row.attempts[0].outcome, ATTEMPT_RETRY);
    assert_slice(row.attempts[0].error, "answered 500");
    assert_int_equal(row.attempts[1].attempt, 2);
    lease_free(l);
    lease_free(again);
    event_unref(ev);
}

static void failure_ends_the_run(struct fixture *x)
{
    struct workflow *w = test_workflow("fails", 3);
    struct new_run run;
    struct event *ev;
    struct lease *l = start_one(x, w, &run, &ev);
    struct step_result r = result_of(l, w, ATTEMPT_FATAL);

    transact(x, do_finish, &r);
    assert_true(r.run_ended);
    struct run_row row = get_run(x, run.id);
    assert_int_equal(row.state, RUN_FAILED);
    assert_int_equal(row.steps[0].state, STEP_FAILED);
    assert_int_equal(row.steps[1].state, STEP_CANCELLED);
    assert_int_equal(row.steps[2].state, STEP_CANCELLED);
    lease_free(l);
    event_unref(ev);

    l = start_one(x, w, &run, &ev);
    r = result_of(l, NULL, ATTEMPT_FATAL); /* its workflow cannot be had any more */
    transact(x, do_finish, &r);
    assert_true(r.run_ended);
    assert_int_equal(get_run(x, run.id).state, RUN_FAILED);
    lease_free(l);
    event_unref(ev);
}

static void returned_costs_nothing(struct fixture *x)
{
    struct workflow *w = test_workflow("returned", 1);
    struct new_run run;
    struct event *ev;
    struct lease *l = start_one(x, w, &run, &ev);
    struct step_result r = result_of(l, w, ATTEMPT_RETURNED);

    transact(x, do_finish, &r);
    struct run_row row = get_run(x, run.id);
    assert_int_equal(row.steps[0].state, STEP_READY);
    assert_int_equal(row.steps[0].attempts, 0);
    assert_int_equal(row.n_attempts, 0);
    lease_free(l);
    event_unref(ev);
}

static void lease_expires(struct fixture *x)
{
    struct workflow *w = test_workflow("expires", 1);
    struct new_run run;
    struct event *ev;
    struct lease *l = start_one(x, w, &run, &ev), *copy;
    struct claim c = claim_at("billing", l->lease_until_us - 1);
    struct step_result r = result_of(l, w, ATTEMPT_OK);

    transact(x, do_claim, &c);
    assert_null(x->leases);
    assert_int_equal(c.next_us, l->lease_until_us);
    c.now_us = l->lease_until_us;
    transact(x, do_claim, &c);
    copy = take_lease(x);
    assert_true(id_eq(copy->run, run.id));
    transact(x, do_finish, &r); /* still the same step of the same process */
    assert_false(r.stale);
    r = result_of(copy, w, ATTEMPT_OK);
    transact(x, do_finish, &r);
    assert_true(r.stale);
    assert_int_equal(get_run(x, run.id).n_attempts, 1);
    lease_free(l);
    lease_free(copy);
    event_unref(ev);
}

static void restart_frees_leases(struct fixture *x)
{
    struct workflow *w = test_workflow("restart", 1);
    struct new_run run;
    struct event *ev;
    struct lease *l = start_one(x, w, &run, &ev);
    struct step_result r = result_of(l, w, ATTEMPT_OK);
    unsigned char secret[STORE_HASH_SECRET_BYTES];

    memcpy(secret, store_hash_secret(x->store), sizeof secret);
    fixture_reopen(x);
    assert_memory_equal(secret, store_hash_secret(x->store), sizeof secret);
    assert_int_equal(get_run(x, run.id).steps[0].state, STEP_READY);
    transact(x, do_finish, &r);
    assert_true(r.stale);
    struct claim c = claim_at("billing", clock_wall_us());
    transact(x, do_claim, &c);
    assert_non_null(x->leases);
    assert_true(id_key(id_new()) > id_key(run.id));
    lease_free(l);
    event_unref(ev);
}

static void runs_are_listed_by_state(struct fixture *x)
{
    static const enum attempt_outcome outcomes[] = { ATTEMPT_FATAL, ATTEMPT_OK, ATTEMPT_RETRY };
    static const enum run_state states[] = { RUN_FAILED, RUN_DONE, RUN_RUNNING };
    struct workflow *w = test_workflow("states", 1);
    struct new_run runs[3];

    for (int i = 0; i < 3; i++) {
        struct event *ev;
        struct lease *l = start_one(x, w, &runs[i], &ev);
        struct step_result r = result_of(l, w, outcomes[i]);
        transact(x, do_finish, &r);
        lease_free(l);
        event_unref(ev);
    }
    for (int i = 0; i < 3; i++) {
        struct list_filter f = { .status = states[i], .limit = 10 };
        struct run_row *rows;
        struct list_page p;
        struct err e;
        assert_int_equal(read_runs(x->reader, &f, &x->arena, &rows, &p, &e), 0);
        assert_int_equal(p.count, 1);
        assert_false(p.more);
        assert_true(id_eq(rows[0].id, runs[i].id));
        assert_int_equal(rows[0].state, states[i]);
    }
}

static void do_queues(struct fixture *x, void *arg)
{
    struct queue_due *list;
    size_t n, *want = arg;
    struct err e;

    assert_int_equal(store_queues(x->store, &x->arena, &list, &n, &e), 0);
    assert_int_equal(n, *want);
    if (n == 2) {
        assert_slice(list[0].queue, "billing");
        assert_slice(list[1].queue, "mail");
        assert_true(list[0].due_us > 0);
    }
}

static void queues_are_told(struct fixture *x)
{
    struct workflow *w = test_workflow("queues", 2);
    struct new_run run[2] = { test_run(w), test_run(w) };
    struct event *ev = test_event(NULL);
    struct append a = test_append(ev, NULL, run, 2);
    size_t none = 0, one = 1, two = 2;

    transact(x, do_queues, &none);
    x->room = 1;
    transact(x, do_append, &a);
    struct lease *l = take_lease(x);
    transact(x, do_queues, &one);
    struct step_result r = result_of(l, w, ATTEMPT_OK);
    transact(x, do_finish, &r);
    transact(x, do_queues, &two);
    struct claim c = { "billing", 0, INT64_MAX / 2, 0 };
    transact(x, do_claim, &c);
    assert_null(x->leases);
    lease_free(l);
    event_unref(ev);
}

/* A claimed event brings its data, also where that is in a form. */
static void claimed_form_is_decoded(struct fixture *x)
{
    struct slice body = SLICE("payload=%7B%22ref%22%3A%22main%22%7D");
    struct event from = { .id = id_new(),
                          .source = SLICE("github"),
                          .type = SLICE("github.push"),
                          .time_us = clock_wall_us(),
                          .content_type = SLICE("application/x-www-form-urlencoded"),
                          .form = EVENT_DATA_IN_FORM,
                          .form_field = SLICE("payload"),
                          .body = body,
                          .data = SLICE("{\"ref\":\"main\"}") };
    struct event *ev = event_make(&from, NULL);
    struct new_run run = test_run(test_workflow("form", 1));
    struct append a = test_append(ev, NULL, &run, 1);

    transact(x, do_append, &a);
    struct claim c = claim_at("billing", clock_wall_us());
    transact(x, do_claim, &c);
    struct lease *l = take_lease(x);
    assert_true(slice_eq(l->event->body, body));
    assert_slice(l->event->data, "{\"ref\":\"main\"}");
    assert_slice(get_event(x, ev->id).event.data, "{\"ref\":\"main\"}");
    lease_free(l);
    event_unref(ev);
}

static size_t count_leases(struct fixture *x)
{
    size_t n = 0;

    for (struct mail *m = x->leases ? &x->leases->mail : NULL; m; m = m->next)
        n++;
    return n;
}

/* Claims are bounded by the bytes of their events too. */
static void large_events_come_in_portions(struct fixture *x)
{
    size_t bytes = 6 * 1024 * 1024;
    char *body = mem_alloc(bytes + 1);
    struct workflow *w = test_workflow("large", 1);

    memset(body, '1', bytes);
    body[bytes] = '\0';
    for (int i = 0; i < 4; i++) {
        struct new_run run = test_run(w);
        struct event *ev = test_event(body);
        struct append a = test_append(ev, NULL, &run, 1);
        transact(x, do_append, &a);
        event_unref(ev);
    }
    struct claim c = claim_at("billing", clock_wall_us());
    transact(x, do_claim, &c);
    assert_int_equal(count_leases(x), 3);
    assert_true(c.next_us <= c.now_us);
    free(body);
}

/* And by those of what earlier steps answered. */
static void large_outputs_come_in_portions(struct fixture *x)
{
    size_t bytes = 6 * 1024 * 1024;
    char *output = mem_alloc(bytes);
    struct workflow *w = test_workflow("outputs", 2);

    memset(output, '1', bytes);
    for (int i = 0; i < 4; i++) {
        struct new_run run = test_run(w);
        struct event *ev = test_event(NULL);
        struct append a = test_append(ev, NULL, &run, 1);
        transact(x, do_append, &a);
        struct claim first = claim_at("billing", clock_wall_us());
        transact(x, do_claim, &first);
        struct lease *l = take_lease(x);
        struct step_result r = result_of(l, w, ATTEMPT_OK);
        r.output = slice_of(output, bytes);
        transact(x, do_finish, &r);
        lease_free(l);
        event_unref(ev);
    }
    struct claim c = claim_at("mail", clock_wall_us());
    transact(x, do_claim, &c);
    assert_int_equal(count_leases(x), 3);
    assert_true(c.next_us <= c.now_us);
    free(output);
}

#define CASES(X)                                                                                                       \
    X(run_goes_its_way) X(retry_waits_for_its_time) X(failure_ends_the_run) X(returned_costs_nothing)                  \
    X(lease_expires) X(restart_frees_leases) X(runs_are_listed_by_state) X(queues_are_told)                            \
    X(claimed_form_is_decoded) X(large_events_come_in_portions)                                                     \
    X(large_outputs_come_in_portions)
CASES(CASE)

int main(void)
{
    const struct CMUnitTest tests[] = { CASES(ENTRY) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
