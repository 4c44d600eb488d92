#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "http/judge.h"

#include "base/clock.h"
#include "tests/unit/plan/folder.h"

static const char configuration[] =
    "listen: {ingest: \"127.0.0.1:1\", admin: \"127.0.0.1:2\"}\n"
    "store: \"sqlite:x.db\"\n"
    "schemas: [.]\n"
    "limits: {batch_items: 2000}\n"
    "sources:\n"
    "  many: {verify: none, split: \"/list/*\", event: {type: \"t.{/kind}\"}, events: {\"**\": {schema: n.json}}}\n"
    "  strict: {verify: none, split: \"/list/*\", on_invalid: reject, event: {type: t}, events: {t: {schema: n.json}}}\n"
    "  text: {verify: none, data: text, event: {type: t}}\n"
    "  binary: {verify: none, data: binary, event: {type: t}}\n";

static struct plan *plan;
static struct judge *judge;
static struct delivery d;
static struct judgement all, one;
static struct header headers[2] = { { { "Content-Type", 12 }, { "application/json", 16 } }, { { "X-A", 3 }, { "b", 1 } } };

static int setup(void **state)
{
    struct buf said;

    if (folder_setup(state))
        return -1;
    folder_write("c.yaml", slice_z(configuration));
    folder_write("n.json", SLICE("{\"properties\":{\"n\":{\"type\":\"integer\"}}}"));
    buf_init(&said, 1 << 16);
    plan = folder_load("c.yaml", &said);
    if (!plan)
        print_error("%s", text_of(&said));
    buf_clear(&said);
    judge = judge_new();
    return plan ? 0 : -1;
}

static int teardown(void **state)
{
    judge_free(judge);
    plan_unref(plan);
    unlink("n.json");
    return folder_teardown(state);
}

static struct source *judge_it(const char *source, struct slice body)
{
    struct source *s = plan_source(plan, slice_z(source));

    assert_non_null(s);
    d = (struct delivery){ .method = SLICE("POST"), .headers = headers, .n_headers = 2, .body = body, .received_us = 7 };
    judge_delivery(judge, plan, s, &d, &all);
    return s;
}

static void judge_nth(struct source *s, uint32_t i)
{
    judge_item(judge, plan, s, &d, &all, i, &one);
}

static void each_item_is_an_event(void **state)
{
    struct source *s = judge_it("many", SLICE("{\"list\":[{\"kind\":\"a\",\"n\":1.0}, {\"kind\":\"b\",\"n\":\"x\"}]}"));

    (void)state;
    assert_int_equal(all.what, JUDGE_STORE_ALL);
    assert_int_equal(all.items, 2);
    assert_true(slice_eq(all.whole.body, d.body));
    assert_true(slice_eq_z(all.whole.headers, "Content-Type: application/json\nX-A: b\n"));
    judge_nth(s, 0);
    struct event *ev = &one.admission.event;
    assert_int_equal(one.what, JUDGE_STORE);
    assert_true(slice_eq_z(ev->type, "t.a"));
    assert_true(slice_eq_z(ev->data, "{\"kind\":\"a\",\"n\":1.0}"));
    assert_int_equal(ev->body.len + ev->headers.len, 0);
    assert_int_equal(ev->status, EVENT_ACCEPTED);
    assert_true(id_eq(ev->item.batch, all.whole.id));
    assert_int_equal(ev->item.at, 9);
    assert_true(one.admission.start);
    judge_nth(s, 1);
    assert_true(slice_eq_z(ev->type, "t.b"));
    assert_int_equal(ev->status, EVENT_HELD);
    assert_false(one.admission.start);
    assert_non_null(strstr(ev->errors.ptr, "\"instance\":\"/n\""));
    assert_non_null(strstr(ev->errors.ptr, "\"line\":1,\"column\":17"));
}

static void one_item_is_a_slice_of_its_own_body(void **state)
{
    (void)state;
    judge_it("many", SLICE("{\"list\":[ {\"kind\":\"a\"} ]}"));
    struct event *ev = &all.admission.event;
    assert_int_equal(all.what, JUDGE_STORE);
    assert_int_equal(ev->item.count, 1);
    assert_int_equal(ev->item.at, 10);
    assert_true(slice_eq_z(ev->data, "{\"kind\":\"a\"}"));
    assert_true(slice_eq(ev->body, d.body));
    assert_true(ev->headers.len > 0);
    judge_it("many", SLICE("{\"list\":[]}"));
    assert_int_equal(all.what, JUDGE_STORE);
    assert_int_equal(ev->item.count, 0);
    assert_true(slice_eq(ev->data, d.body));
}

static void a_refused_item_is_named(void **state)
{
    struct source *s = judge_it("strict", SLICE("{\"list\":[{},{\"n\":\"x\"}]}"));

    (void)state;
    judge_nth(s, 0);
    assert_int_equal(one.what, JUDGE_STORE);
    judge_nth(s, 1);
    assert_int_equal(one.what, JUDGE_REFUSE);
    assert_int_equal(one.status, 422);
    assert_true(slice_starts(one.public_detail, SLICE("item 1: ")));
    assert_true(slice_starts(one.extra, SLICE("\"item\":1,\"errors\":[")));
}

/* n items with some errors each. */
static struct slice wrong_items(struct buf *out, size_t n)
{
    buf_puts(out, "{\"list\":[");
    for (size_t i = 0; i < n; i++)
        buf_puts(out, i ? ",{\"kind\":\"k\",\"n\":\"x\"}" : "{\"kind\":\"k\",\"n\":\"x\"}");
    buf_puts(out, "]}");
    return buf_slice(out);
}

static void the_number_of_items_is_bounded(void **state)
{
    struct buf body;

    (void)state;
    buf_init(&body, 1 << 20);
    struct source *s = judge_it("many", wrong_items(&body, 2000));
    assert_int_equal(all.items, 2000);
    size_t errors = 0;
    for (uint32_t i = 0; i < all.items; i++) {
        judge_nth(s, i);
        assert_int_equal(one.admission.event.status, EVENT_HELD);
        errors += one.admission.event.errors.len;
    }
    assert_true(errors > 2000);
    buf_reset(&body);
    judge_it("many", wrong_items(&body, 2001));
    assert_int_equal(all.what, JUDGE_REFUSE);
    assert_int_equal(all.status, 413);
    assert_string_equal(all.reason, "too-many-items");
    buf_clear(&body);
}

static void bodies_that_are_no_json(void **state)
{
    struct event *ev = &all.admission.event;

    (void)state;
    judge_it("text", SLICE("<a>\n"));
    assert_int_equal(all.what, JUDGE_STORE);
    assert_int_equal(ev->form, EVENT_DATA_TEXT);
    assert_true(slice_eq_z(ev->data, "\"<a>\\u000a\""));
    assert_int_equal(json_type_of(all.admission.doc, all.admission.node), JSON_STRING);
    judge_it("text", SLICE("ab\xff"));
    assert_int_equal(all.what, JUDGE_REFUSE);
    assert_int_equal(all.status, 400);
    assert_true(slice_eq_z(all.detail, "the body is not UTF-8 from byte 2 on"));
    judge_it("binary", SLICE("ab\xff"));
    assert_int_equal(ev->form, EVENT_DATA_BINARY);
    assert_true(slice_eq_z(ev->data, "\"YWL/\""));
    assert_true(slice_eq(ev->body, d.body));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_an_event),          cmocka_unit_test(one_item_is_a_slice_of_its_own_body),
        cmocka_unit_test(a_refused_item_is_named),        cmocka_unit_test(the_number_of_items_is_bounded),
        cmocka_unit_test(bodies_that_are_no_json),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
