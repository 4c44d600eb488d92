/* The contract of store.h: events, duplicates, held and refused ones, definitions, lists. See cases.h. */
#include "unit/store/cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

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

struct release { struct id event; struct new_run *runs; size_t n; enum err_code code; };

static void do_release(struct fixture *x, void *arg)
{
    struct release *r = arg;
    struct err e = { .code = ERR_NONE };

    assert_int_equal(store_release(x->store, r->event, r->runs, r->n, SLICE("[]"), &e), r->code == ERR_NONE ? 0 : -1);
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
    assert_slice(get_event(x, ev->id).event.decisions, "[]");
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
    struct refused_row row = { .source = SLICE("github"),
                               .status = 401,
                               .reason = SLICE("bad-signature"),
                               .method = SLICE("POST"),
                               .path = SLICE("/webhooks/github"),
                               .remote = SLICE("192.0.2.1"),
                               .headers = SLICE("A: b\n"),
                               .detail = SLICE("expected 64 hex digits"),
                               .body = SLICE("{}"),
                               .body_bytes = 2 },
                       back;
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
    struct definition d = { .kind = "source", .name = SLICE("github"), .sha256 = { 1, 2, 3 }, .text = SLICE("{}") },
                      same = d, next = d;
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

struct handing {
    struct handed_row row, first;
    int result;
    enum err_code code;
};

static void do_hand(struct fixture *x, void *arg)
{
    struct handing *h = arg;
    struct err e = { 0 };

    h->result = store_hand(x->store, &h->row, &x->arena, &h->first, &e);
    h->code = h->result ? e.code : ERR_NONE;
}

/* Two in one transaction: the first one wins, the second is told so, and the transaction goes on. */
static void do_hand_2(struct fixture *x, void *arg)
{
    struct handing *h = arg;

    do_hand(x, &h[0]);
    do_hand(x, &h[1]);
}

static void do_forget(struct fixture *x, void *arg)
{
    struct handing *h = arg;
    struct err e = { 0 };

    h->result = store_forget(x->store, h->row.source, &e);
    h->code = h->result ? e.code : ERR_NONE;
}

struct handed_list {
    struct handed_row *rows;
    size_t n;
};

static void do_list_handed(struct fixture *x, void *arg)
{
    struct handed_list *l = arg;
    struct err e;

    if (store_handed(x->store, &x->arena, &l->rows, &l->n, &e))
        fail_msg("handed: %s", e.text);
}

static struct handed_list handed(struct fixture *x)
{
    struct handed_list l;

    transact(x, do_list_handed, &l);
    return l;
}

static void first_secret_stays(struct fixture *x)
{
    struct handing h[] = {
        { .row = { SLICE("notion"), SLICE("\1sealed\0one"), SLICE("verification"), SLICE("192.0.2.1"), 1234567 } },
        { .row = { SLICE("notion"), SLICE("\1sealed\0two"), SLICE("verification"), SLICE("192.0.2.2"), 1234568 } },
        { .row = { SLICE("asana"), SLICE("x"), SLICE(""), SLICE(""), 5 } },
    };

    assert_int_equal(handed(x).n, 0);
    transact(x, do_hand_2, h);
    assert_int_equal(h[0].result, 0);
    assert_int_equal(h[1].result, -1);
    assert_int_equal(h[1].code, ERR_CONFLICT);
    transact(x, do_hand, &h[2]);
    assert_int_equal(h[2].result, 0);
    transact(x, do_hand, &h[1]);
    assert_int_equal(h[1].code, ERR_CONFLICT);
    assert_true(slice_eq(h[1].first.sealed, h[0].row.sealed));
    assert_int_equal(h[1].first.time_us, 1234567);
    fixture_reopen(x);
    struct handed_list l = handed(x);
    assert_int_equal(l.n, 2);
    assert_slice(l.rows[0].source, "asana");
    assert_slice(l.rows[1].source, "notion");
    assert_true(slice_eq(l.rows[1].sealed, h[0].row.sealed));
    assert_slice(l.rows[1].handshake, "verification");
    assert_slice(l.rows[1].remote, "192.0.2.1");
    assert_int_equal(l.rows[1].time_us, 1234567);
}

static void forgotten_secret_makes_room(struct fixture *x)
{
    struct handing one = { .row = { SLICE("notion"), SLICE("one"), SLICE("a"), SLICE("b"), 1 } },
                   two = { .row = { SLICE("notion"), SLICE("two"), SLICE("a"), SLICE("b"), 2 } };

    transact(x, do_forget, &one);
    assert_int_equal(one.code, ERR_NOT_FOUND);
    transact(x, do_hand, &one);
    transact(x, do_forget, &one);
    assert_int_equal(one.result, 0);
    assert_int_equal(handed(x).n, 0);
    transact(x, do_hand, &two);
    assert_int_equal(two.result, 0);
    assert_slice(handed(x).rows[0].sealed, "two");
}

#define CASES(X)                                                                                                       \
    X(event_comes_back_whole) X(duplicates_are_found) X(expired_keys_are_free) X(held_waits_for_release)               \
    X(refused_log_is_bounded) X(definitions_are_found_again) X(lists_page_by_id) \
    X(first_secret_stays) X(forgotten_secret_makes_room)
CASES(CASE)

int main(void)
{
    const struct CMUnitTest tests[] = { CASES(ENTRY) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
