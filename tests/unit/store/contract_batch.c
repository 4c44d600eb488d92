/* The contract of store.h: events of one body. See cases.h. */
#include "unit/store/cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define N 3

/* [{"n":0,"pad":"xx…"},{"n":1,…},{"n":2,…}] as JSON, or in a form's field. */
struct batch {
    struct whole *whole;
    struct append appends[N];
    struct slice data[N];
    char text[8000], body[16000];
};

static void write_items(struct batch *b)
{
    char *at = b->text;

    *at++ = '[';
    for (int i = 0; i < N; i++) {
        char *start = at;
        at += snprintf(at, 30, "{\"n\":%d,\"pad\":\"", i);
        memset(at, 'x', 2000);
        at += 2000;
        at += snprintf(at, 3, "\"}");
        b->data[i] = slice_of(start, (size_t)(at - start));
        *at++ = i < N - 1 ? ',' : ']';
    }
    *at = '\0';
}

/* keys: one a letter; '-' is none. */
static void make_batch(struct batch *b, const char *keys, bool is_form)
{
    static struct event_packer *packer;

    if (!packer)
        packer = event_packer_new();
    write_items(b);
    snprintf(b->body, sizeof b->body, "%s%s", is_form ? "a=1&payload=" : "", b->text);
    struct whole from = { .id = id_new(), .headers = SLICE("X-Many: yes\n"), .body = slice_z(b->body) };
    b->whole = whole_make(&from, packer);
    assert_true(b->whole->packed.len > 0);
    for (int i = 0; i < N; i++) {
        char key[2] = { keys[i], '\0' };
        struct event ev = {
            .id = id_new(), .source = SLICE("many"), .type = SLICE("many.one"), .time_us = clock_wall_us(),
            .happened_us = i ? 1700000000000000 + i : 0,
            .content_type = is_form ? SLICE("application/x-www-form-urlencoded") : SLICE("application/json"),
            .form = is_form ? EVENT_DATA_IN_FORM : EVENT_DATA_IS_BODY,
            .form_field = is_form ? SLICE("payload") : SLICE_NONE,
            .status = i == 1 ? EVENT_HELD : EVENT_ACCEPTED,
            .data = b->data[i], .item = { from.id, (uint32_t)i, N, (size_t)(b->data[i].ptr - b->text) },
        };
        b->appends[i] = test_append(event_make(&ev, packer), keys[i] == '-' ? NULL : key, NULL, 0);
    }
}

static void clear_batch(struct batch *b)
{
    for (int i = 0; i < N; i++)
        event_unref(b->appends[i].event);
    free(b->whole);
}

static void do_append_batch(struct fixture *x, void *batch)
{
    struct batch *b = batch;
    struct err e;

    if (store_append_all(x->store, b->appends, N, b->whole, fixture_room, x, &x->leases, &e))
        fail_msg("append: %s", e.text);
}

static void check_item(struct fixture *x, const struct batch *b, int i)
{
    struct event_row row = get_event(x, b->appends[i].event->id);

    assert_true(slice_eq(row.event.data, b->data[i]));
    assert_true(slice_eq_z(row.event.body, b->body));
    assert_int_equal(row.body_bytes, strlen(b->body));
    assert_slice(row.event.headers, "X-Many: yes\n");
    assert_true(id_eq(row.event.item.batch, b->whole->id));
    assert_int_equal(row.event.item.index, i);
    assert_int_equal(row.event.item.count, N);
    assert_int_equal(row.event.happened_us, i ? 1700000000000000 + i : 0);
    assert_int_equal(row.event.status, i == 1 ? EVENT_HELD : EVENT_ACCEPTED);
}

static void all_come_back(struct fixture *x, bool is_form)
{
    struct list_filter f = { .status = -1, .limit = 10 };
    struct event_row *rows;
    struct list_page p;
    struct batch b;
    struct err e;

    make_batch(&b, "---", is_form);
    transact(x, do_append_batch, &b);
    fixture_reopen(x);
    for (int i = 0; i < N; i++)
        check_item(x, &b, i);
    assert_int_equal(read_events(x->reader, &f, &x->arena, &rows, &p, &e), 0);
    assert_int_equal(p.count, N);
    assert_int_equal(rows[0].event.item.index, 2);
    assert_int_equal(rows[0].body_bytes, strlen(b.body));
    assert_int_equal(rows[2].event.item.index, 0);
    clear_batch(&b);
}

static void items_come_back(struct fixture *x)
{
    all_come_back(x, false);
}

static void items_of_a_form_come_back(struct fixture *x)
{
    all_come_back(x, true);
}

/* Equal ones of one body are duplicates too; what is new is stored with its own company. */
static void each_is_a_duplicate_for_itself(struct fixture *x)
{
    struct batch first, again, none;
    struct event_row row;
    struct err e;

    make_batch(&first, "aba", false);
    transact(x, do_append_batch, &first);
    assert_int_equal(first.appends[0].outcome, APPEND_STORED);
    assert_int_equal(first.appends[1].outcome, APPEND_STORED);
    assert_int_equal(first.appends[2].outcome, APPEND_DUPLICATE);
    assert_true(id_eq(first.appends[2].first, first.appends[0].event->id));
    make_batch(&again, "bca", false);
    transact(x, do_append_batch, &again);
    assert_int_equal(again.appends[0].outcome, APPEND_DUPLICATE);
    assert_true(id_eq(again.appends[0].first, first.appends[1].event->id));
    assert_int_equal(again.appends[1].outcome, APPEND_STORED);
    assert_int_equal(again.appends[2].outcome, APPEND_DUPLICATE);
    check_item(x, &again, 1);
    make_batch(&none, "cba", false);
    transact(x, do_append_batch, &none);
    for (int i = 0; i < N; i++) {
        assert_int_equal(none.appends[i].outcome, APPEND_DUPLICATE);
        assert_int_equal(read_event(x->reader, none.appends[i].event->id, &x->arena, &row, &e), -1);
    }
    clear_batch(&first);
    clear_batch(&again);
    clear_batch(&none);
}

static void do_release_item(struct fixture *x, void *batch)
{
    struct batch *b = batch;
    struct new_run run = test_run(test_workflow("released", 1));
    struct err e;

    if (store_release(x->store, b->appends[1].event->id, &run, 1, SLICE("[]"), &e))
        fail_msg("release: %s", e.text);
}

static void do_claim_all(struct fixture *x, void *arg)
{
    int64_t next;
    struct err e;

    (void)arg;
    if (store_claim(x->store, SLICE("billing"), 10, clock_wall_us() + 1, &x->leases, &next, &e))
        fail_msg("claim: %s", e.text);
}

/* A step is given its event's data, leased at once or claimed; a held one is released alone. */
static void steps_get_their_item(struct fixture *x)
{
    struct new_run runs[2] = { test_run(test_workflow("many", 1)), test_run(test_workflow("many", 1)) };
    struct batch b;
    bool seen[N] = { false };

    make_batch(&b, "---", false);
    for (int i = 0; i < 2; i++) {
        b.appends[2 * i].runs = &runs[i];
        b.appends[2 * i].n_runs = 1;
    }
    x->room = 1;
    transact(x, do_append_batch, &b);
    assert_non_null(x->leases);
    assert_null(x->leases->mail.next);
    assert_true(slice_eq(x->leases->event->data, b.data[0]));
    transact(x, do_release_item, &b);
    transact(x, do_claim_all, NULL);
    size_t n = 0;
    for (struct lease *l = x->leases; l; l = (struct lease *)(void *)l->mail.next, n++) {
        const struct event *ev = l->event;
        assert_true(ev->item.index < N && slice_eq(ev->data, b.data[ev->item.index]));
        assert_false(seen[ev->item.index]);
        seen[ev->item.index] = true;
        if (x->sqlite)
            assert_true(event_bytes(ev) < strlen(b.body) / 2 + sizeof *ev);
    }
    assert_int_equal(n, 2);
    assert_true(seen[1] && seen[2]);
    clear_batch(&b);
}

/* Two bodies whose steps became due in turn: SQLite unpacks each body once, so each one's come together. */
static void steps_of_a_body_come_together(struct fixture *x)
{
    struct new_run runs[2][N];
    struct batch b[2];
    char seen[2 * N + 1] = "";
    int64_t now = clock_wall_us() - 1000;

    for (int k = 0; k < 2; k++) {
        make_batch(&b[k], "---", false);
        for (int i = 0; i < N; i++) {
            runs[k][i] = test_run(test_workflow("many", 1));
            b[k].appends[i].runs = &runs[k][i];
            b[k].appends[i].n_runs = 1;
            b[k].appends[i].event->time_us = now + 2 * i + k;
        }
        transact(x, do_append_batch, &b[k]);
    }
    transact(x, do_claim_all, NULL);
    size_t n = 2 * N;
    for (struct lease *l = x->leases; l && n > 0; l = (struct lease *)(void *)l->mail.next) /* newest first */
        seen[--n] = id_eq(l->event->item.batch, b[0].whole->id) ? 'a' : 'b';
    assert_int_equal(n, 0);
    if (x->sqlite)
        assert_string_equal(seen, "aaabbb");
    for (int k = 0; k < 2; k++)
        clear_batch(&b[k]);
}

static void do_append_one(struct fixture *x, void *append)
{
    do_append(x, append);
}

/* A body with one item is a row like any other; text and bytes are made into JSON when they are read. */
static void one_event_of_any_form(struct fixture *x)
{
    static const struct { enum event_form form; const char *body, *data; size_t at; uint32_t count; } cases[] = {
        { EVENT_DATA_IS_BODY, "[{\"a\":1}]", "{\"a\":1}", 1, 1 },
        { EVENT_DATA_TEXT, "<a b=\"c\">\xc3\xbc\n</a>", "\"<a b=\\\"c\\\">\xc3\xbc\\u000a</a>\"", 0, 0 },
        { EVENT_DATA_BINARY, "\xff\x01", "\"/wE=\"", 0, 0 },
        { EVENT_DATA_BINARY, "", "\"\"", 0, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event from = { .id = id_new(), .source = SLICE("s"), .type = SLICE("t"), .time_us = clock_wall_us(),
                              .happened_us = 1600000000000000, .form = cases[i].form, .body = slice_z(cases[i].body),
                              .data = slice_z(cases[i].data), .item = { .count = cases[i].count, .at = cases[i].at } };
        struct append a = test_append(event_make(&from, NULL), NULL, NULL, 0);
        transact(x, do_append_one, &a);
        struct event_row row = get_event(x, from.id);
        if (!slice_eq_z(row.event.data, cases[i].data))
            fail_msg("%zu: %.*s", i, SLICE_FMT(row.event.data));
        assert_slice(row.event.body, cases[i].body);
        assert_int_equal(row.event.happened_us, 1600000000000000);
        assert_int_equal(row.event.form, cases[i].form);
        event_unref(a.event);
    }
}

#define CASES(X)                                                                                                       \
    X(items_come_back) X(items_of_a_form_come_back) X(each_is_a_duplicate_for_itself) X(steps_get_their_item)          \
    X(steps_of_a_body_come_together) X(one_event_of_any_form)
CASES(CASE)

int main(void)
{
    const struct CMUnitTest tests[] = { CASES(ENTRY) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
