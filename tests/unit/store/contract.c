/* The contract of store.h: the same cases against SQLite and against the double, and each case again and again with one of its transactions failing
 * first: for SQLite by an fsync that fails, so that opening again is part of it. */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/store.h"

static void append_all(struct fixture *x, struct append *list, size_t n)
{
    struct err e;

    for (size_t i = 0; i < n; i++) {
        if (store_append(x->store, &list[i], fixture_room, x, &x->leases, &e))
            fail_msg("append: %s", e.text);
    }
}

static void do_append(struct fixture *x, void *arg) { append_all(x, arg, 1); }
static void do_append_2(struct fixture *x, void *arg) { append_all(x, arg, 2); }

static struct event_row get_event(struct fixture *x, struct id id)
{
    struct event_row row;
    struct err e;

    assert_int_equal(read_event(x->reader, id, &x->arena, &row, &e), 0);
    return row;
}

static struct run_row get_run(struct fixture *x, struct id id)
{
    struct run_row row;
    struct err e;

    assert_int_equal(read_run(x->reader, id, &x->arena, &row, &e), 0);
    return row;
}

#define assert_slice(s, text) assert_true(slice_eq_z(s, text))

static void event_comes_back_whole(struct fixture *x)
{
    char big[9000] = "{\"a\":\"";
    memset(big + 6, 'x', sizeof big - 9);
    strcpy(big + sizeof big - 3, "\"}");
    struct event *small = test_event(NULL), *large = test_event(big);
    struct append a[2] = { test_append(small, NULL, NULL, 0), test_append(large, NULL, NULL, 0) };
    struct err e;

    assert_int_equal(small->packed.len, 0);
    assert_true(large->packed.len > 0 && large->packed.len < 1000);
    transact(x, do_append_2, a);
    struct event_row row = get_event(x, small->id);
    assert_true(id_eq(row.event.id, small->id));
    assert_slice(row.event.source, "github");
    assert_slice(row.event.type, "github.push");
    assert_slice(row.event.subject, "octo/repo");
    assert_slice(row.event.delivery_key, "72d3162e");
    assert_true(slice_eq(row.event.headers, small->headers));
    assert_slice(row.event.content_type, "application/json");
    assert_slice(row.event.body, "{\"ref\":\"main\"}");
    assert_slice(row.event.data, "{\"ref\":\"main\"}");
    assert_true(slice_eq(row.event.decisions, small->decisions));
    assert_int_equal(row.event.errors.len, 0);
    assert_int_equal(row.event.time_us, small->time_us);
    assert_int_equal(row.event.verdict, VERDICT_VALID);
    assert_int_equal(row.event.plan_def * 100 + row.event.source_def * 10 + row.event.schema_def, 345);
    assert_true(slice_eq(get_event(x, large->id).event.body, large->body));
    assert_int_equal(get_event(x, large->id).body_bytes, sizeof big - 1);
    assert_int_equal(read_event(x->reader, id_new(), &x->arena, &row, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    event_unref(small);
    event_unref(large);
}

static void duplicates_are_found(struct fixture *x)
{
    struct event *ev[3] = { test_event(NULL), test_event(NULL), test_event(NULL) };
    struct append both[2] = { test_append(ev[0], "k", NULL, 0), test_append(ev[1], "k", NULL, 0) };
    struct append again = test_append(ev[2], "k", NULL, 0), other = test_append(ev[2], "other", NULL, 0);
    struct err e;
    struct event_row row;

    transact(x, do_append_2, both);
    assert_int_equal(both[0].outcome, APPEND_STORED);
    assert_int_equal(both[1].outcome, APPEND_DUPLICATE);
    assert_true(id_eq(both[1].first, ev[0]->id));
    assert_int_equal(read_event(x->reader, ev[1]->id, &x->arena, &row, &e), -1);
    transact(x, do_append, &again);
    assert_int_equal(again.outcome, APPEND_DUPLICATE);
    assert_true(id_eq(again.first, ev[0]->id));
    fixture_reopen(x);
    transact(x, do_append, &again);
    assert_int_equal(again.outcome, APPEND_DUPLICATE);
    assert_true(id_eq(again.first, ev[0]->id));
    transact(x, do_append, &other);
    assert_int_equal(other.outcome, APPEND_STORED);
    for (int i = 0; i < 3; i++)
        event_unref(ev[i]);
}

static void do_prune(struct fixture *x, void *arg)
{
    int64_t *now_us = arg;

    while (store_prune(x->store, *now_us))
        ;
}

static void expired_keys_are_free(struct fixture *x)
{
    struct event *ev[4] = { test_event(NULL), test_event(NULL), test_event(NULL), test_event(NULL) };
    struct append first = test_append(ev[0], "k", NULL, 0), keep = test_append(ev[3], "long", NULL, 0), late;

    transact(x, do_append, &first);
    keep.dedupe_until_us += 7200 * US_PER_S;
    transact(x, do_append, &keep);
    int64_t now_us = first.dedupe_until_us + 1;
    ev[1]->time_us = ev[2]->time_us = now_us;
    late = test_append(ev[1], "k", NULL, 0);
    transact(x, do_append, &late);
    assert_int_equal(late.outcome, APPEND_STORED);
    transact(x, do_prune, &now_us);
    late = test_append(ev[2], "k", NULL, 0);
    transact(x, do_append, &late);
    assert_int_equal(late.outcome, APPEND_DUPLICATE);
    assert_true(id_eq(late.first, ev[1]->id));
    now_us = late.dedupe_until_us + 1;
    transact(x, do_prune, &now_us);
    ev[3]->time_us = now_us;
    late = test_append(ev[3], "long", NULL, 0);
    assert_int_equal(late.outcome, APPEND_STORED);
    transact(x, do_append, &late);
    assert_int_equal(late.outcome, APPEND_DUPLICATE);
    for (int i = 0; i < 4; i++)
        event_unref(ev[i]);
}

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

    return (struct step_result){ .lease = l, .workflow = w, .outcome = o, .started_us = now - 5, .ended_us = now, .status = 200,
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
    assert_slice(second->outputs[0].json, "{\"ok\":1}");

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
    assert_slice(third->outputs[1].json, "2");
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

struct release { struct id event; struct new_run *runs; size_t n; enum err_code code; };

static void do_release(struct fixture *x, void *arg)
{
    struct release *r = arg;
    struct err e = { .code = ERR_NONE };

    assert_int_equal(store_release(x->store, r->event, r->runs, r->n, &e), r->code == ERR_NONE ? 0 : -1);
    assert_int_equal(e.code, r->code);
}

static void held_waits_for_release(struct fixture *x)
{
    struct event *ev = test_event(NULL);
    struct new_run run = test_run(test_workflow("held", 2));
    struct list_filter f = { .status = EVENT_HELD, .limit = 10 };
    struct release r = { ev->id, &run, 1, ERR_NONE };
    struct event_row *rows;
    struct list_page p;
    struct err e;

    ev->status = EVENT_HELD;
    struct append a = test_append(ev, NULL, NULL, 0);
    transact(x, do_append, &a);
    assert_int_equal(read_events(x->reader, &f, &x->arena, &rows, &p, &e), 0);
    assert_int_equal(p.count, 1);
    transact(x, do_release, &r);
    assert_int_equal(read_events(x->reader, &f, &x->arena, &rows, &p, &e), 0);
    assert_int_equal(p.count, 0);
    assert_int_equal(get_event(x, ev->id).event.status, EVENT_RELEASED);
    struct run_row row = get_run(x, run.id);
    assert_slice(row.source, "github");
    assert_slice(row.event_type, "github.push");
    assert_int_equal(row.steps[0].state, STEP_READY);
    assert_int_equal(row.steps[1].state, STEP_BLOCKED);
    struct new_run second = test_run(run.workflow);
    r = (struct release){ ev->id, &second, 1, ERR_CONFLICT };
    transact(x, do_release, &r);
    r = (struct release){ id_new(), &second, 1, ERR_NOT_FOUND };
    transact(x, do_release, &r);
    event_unref(ev);
}

static void do_refuse(struct fixture *x, void *arg)
{
    struct err e;

    if (store_refuse(x->store, arg, &e))
        fail_msg("refuse: %s", e.text);
}

static size_t count_refused(struct fixture *x, const char *source)
{
    struct list_filter f = { .status = -1, .limit = 100, .source = slice_z(source) };
    struct refused_row *rows;
    struct list_page p;
    struct err e;

    assert_int_equal(read_refused(x->reader, &f, &x->arena, &rows, &p, &e), 0);
    for (size_t i = 1; i < p.count; i++)
        assert_true(id_key(rows[i - 1].id) > id_key(rows[i].id));
    return p.count;
}

static void refused_log_is_bounded(struct fixture *x)
{
    static char large[REFUSED_BODY_MAX + 1000];
    struct refused_row row = { .source = SLICE("github"), .status = 401, .reason = SLICE("bad-signature"), .method = SLICE("POST"),
                               .path = SLICE("/webhooks/github"), .remote = SLICE("192.0.2.1"), .headers = SLICE("A: b\n"),
                               .detail = SLICE("expected 64 hex digits"), .body = SLICE("{}"), .body_bytes = 2 }, back;
    struct err e;

    for (int i = 0; i < 7; i++) {
        row.id = id_new();
        row.time_us = clock_wall_us();
        transact(x, do_refuse, &row);
    }
    assert_int_equal(count_refused(x, ""), 5); /* rows */
    assert_int_equal(count_refused(x, "shop"), 0);
    assert_int_equal(read_refusal(x->reader, row.id, &x->arena, &back, &e), 0);
    assert_slice(back.reason, "bad-signature");
    assert_slice(back.detail, "expected 64 hex digits");
    assert_slice(back.body, "{}");
    assert_int_equal(back.status, 401);
    row.source = SLICE("shop");
    row.body = slice_of(large, sizeof large);
    row.body_bytes = sizeof large;
    for (int i = 0; i < 5; i++) {
        row.id = id_new();
        transact(x, do_refuse, &row);
    }
    assert_int_equal(count_refused(x, ""), 4); /* bytes: 4 times 64 KiB are less than 300,000 */
    assert_int_equal(read_refusal(x->reader, row.id, &x->arena, &back, &e), 0);
    assert_int_equal(back.body.len, REFUSED_BODY_MAX);
    assert_int_equal(back.body_bytes, sizeof large);
    assert_int_equal(read_refusal(x->reader, id_new(), &x->arena, &back, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
}

static void do_define(struct fixture *x, void *arg)
{
    struct err e;

    if (store_define(x->store, arg, SLICE("hooklatch.yaml"), &e))
        fail_msg("define: %s", e.text);
}

static void do_read_definition(struct fixture *x, void *arg)
{
    struct definition *d = arg;
    struct definition_row row;
    struct err e;

    assert_int_equal(store_definition(x->store, d->row, &x->arena, &row, &e), 0);
    assert_slice(row.text, "{}");
    assert_int_equal(store_definition(x->store, 999, &x->arena, &row, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
}

static void definitions_are_found_again(struct fixture *x)
{
    struct definition d = { .kind = "source", .name = SLICE("github"), .sha256 = { 1, 2, 3 }, .text = SLICE("{}") }, same = d, next = d;
    struct definition_row row;
    struct err e;

    next.sha256[31] = 9;
    transact(x, do_define, &d);
    transact(x, do_define, &same);
    transact(x, do_define, &next);
    assert_true(d.row > 0);
    assert_int_equal(d.row, same.row);
    assert_int_not_equal(d.row, next.row);
    assert_int_equal(read_definition(x->reader, d.row, &x->arena, &row, &e), 0);
    assert_slice(row.kind, "source");
    assert_slice(row.name, "github");
    assert_slice(row.origin, "hooklatch.yaml");
    assert_memory_equal(row.sha256, d.sha256, 32);
    transact(x, do_read_definition, &d);
}

static void lists_page_by_id(struct fixture *x)
{
    struct workflow *w = test_workflow("listed", 1), *other = test_workflow("other", 1);
    struct list_filter f = { .status = -1, .limit = 2 };
    struct event *ev[5];
    struct new_run runs[5][2];
    struct event_row *events;
    struct run_row *rows;
    struct list_page p;
    struct err e;

    for (int i = 0; i < 5; i++) {
        ev[i] = test_event(NULL);
        runs[i][0] = test_run(w);
        runs[i][1] = test_run(other);
        struct append a = test_append(ev[i], NULL, runs[i], 2);
        transact(x, do_append, &a);
    }
    for (int i = 4; i >= 0; i -= 2) {
        assert_int_equal(read_events(x->reader, &f, &x->arena, &events, &p, &e), 0);
        assert_int_equal(p.count, i ? 2 : 1);
        assert_int_equal(p.more, i > 0);
        assert_true(id_eq(events[0].event.id, ev[i]->id));
        assert_int_equal(events[0].runs, 2);
        assert_int_equal(events[0].event.body.len, 0);
        f.has_before = true;
        f.before = p.last;
    }
    f = (struct list_filter){ .status = -1, .limit = 10, .workflow = SLICE("other") };
    assert_int_equal(read_runs(x->reader, &f, &x->arena, &rows, &p, &e), 0);
    assert_int_equal(p.count, 5);
    assert_true(id_eq(rows[0].id, runs[4][1].id));
    assert_true(id_eq(rows[0].event, ev[4]->id));
    f = (struct list_filter){ .status = RUN_RUNNING, .limit = 10, .has_event = true, .event = ev[2]->id };
    assert_int_equal(read_runs(x->reader, &f, &x->arena, &rows, &p, &e), 0);
    assert_int_equal(p.count, 2);
    f.source = SLICE("nobody");
    assert_int_equal(read_runs(x->reader, &f, &x->arena, &rows, &p, &e), 0);
    assert_int_equal(p.count, 0);
    f = (struct list_filter){ .status = -1, .limit = 10, .type = SLICE("github.ping") };
    assert_int_equal(read_events(x->reader, &f, &x->arena, &events, &p, &e), 0);
    assert_int_equal(p.count, 0);
    for (int i = 0; i < 5; i++)
        event_unref(ev[i]);
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
    struct event from = { .id = id_new(), .source = SLICE("github"), .type = SLICE("github.push"), .time_us = clock_wall_us(),
                          .content_type = SLICE("application/x-www-form-urlencoded"), .form = EVENT_DATA_IN_FORM,
                          .form_field = SLICE("payload"), .body = body, .data = SLICE("{\"ref\":\"main\"}") };
    struct event *ev = event_make(&from, true);
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

/* Claims are bounded by the bytes of their events too. */
static void large_events_come_in_portions(struct fixture *x)
{
    size_t bytes = 6 * 1024 * 1024, got = 0;
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
    for (struct mail *m = x->leases ? &x->leases->mail : NULL; m; m = m->next)
        got++;
    assert_int_equal(got, 3);
    assert_true(c.next_us <= c.now_us);
    free(body);
}

static void run_case(void (*fn)(struct fixture *x), bool sqlite)
{
    struct fixture x;
    int commits = 0;

    for (int fail_at = 0; fail_at == 0 || fail_at <= commits; fail_at++) {
        fixture_open(&x, sqlite);
        x.fail_at = fail_at;
        fn(&x);
        commits = x.commits;
        fixture_close(&x);
    }
    assert_true(commits > 0);
}

#define CASE(name)                                                                                                     \
    static void sqlite_##name(void **state) { (void)state; run_case(name, true); }                                     \
    static void double_##name(void **state) { (void)state; run_case(name, false); }
#define CASES(X)                                                                                                       \
    X(event_comes_back_whole) X(duplicates_are_found) X(expired_keys_are_free) X(run_goes_its_way)                     \
    X(retry_waits_for_its_time) X(failure_ends_the_run) X(returned_costs_nothing) X(lease_expires)                     \
    X(restart_frees_leases) X(held_waits_for_release) X(refused_log_is_bounded) X(definitions_are_found_again)         \
    X(lists_page_by_id) X(runs_are_listed_by_state) X(queues_are_told) X(claimed_form_is_decoded)                      \
    X(large_events_come_in_portions)
CASES(CASE)

int main(void)
{
#define ENTRY(name) cmocka_unit_test(sqlite_##name), cmocka_unit_test(double_##name),
    const struct CMUnitTest tests[] = { CASES(ENTRY) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
