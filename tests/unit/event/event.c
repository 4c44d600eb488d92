#include "event/event.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

static void copies_every_slice(void **state)
{
    char text[] = "0123456789";
    struct event from = {
        .source = slice_of(text, 1), .type = slice_of(text + 1, 1), .subject = slice_of(text + 2, 1),
        .delivery_key = slice_of(text + 3, 1), .headers = slice_of(text + 4, 1), .content_type = slice_of(text + 5, 1),
        .form_field = slice_of(text + 6, 1), .errors = slice_of(text + 7, 1), .decisions = slice_of(text + 8, 1),
        .body = slice_of(text, 10), .data = slice_of(text + 2, 3), .packed = SLICE("zz"), .time_us = 5, .schema_def = 6,
    };

    (void)state;
    struct event *ev = event_make(&from, NULL);
    memset(text, '!', 10);
    assert_true(slice_eq_z(ev->source, "0") && slice_eq_z(ev->type, "1") && slice_eq_z(ev->subject, "2"));
    assert_true(slice_eq_z(ev->delivery_key, "3") && slice_eq_z(ev->headers, "4") && slice_eq_z(ev->content_type, "5"));
    assert_true(slice_eq_z(ev->form_field, "6") && slice_eq_z(ev->errors, "7") && slice_eq_z(ev->decisions, "8"));
    assert_true(slice_eq_z(ev->body, "0123456789") && slice_eq_z(ev->data, "234") && slice_eq_z(ev->packed, "zz"));
    assert_int_equal(ev->time_us + ev->schema_def, 11);
    assert_ptr_equal(ev->data.ptr, ev->body.ptr + 2);
    assert_int_equal(event_bytes(ev), sizeof *ev + 9 + 10 + 2);
    event_unref(event_ref(ev));
    event_unref(ev);
    event_unref(NULL);
}

static struct event_packer *packer;

static struct event *make_packed(const struct event *from)
{
    if (!packer)
        packer = event_packer_new();
    return event_make(from, packer);
}

static void data_that_is_the_body_is_kept_once(void **state)
{
    struct event from = { .body = SLICE("{}") }, none = { .type = SLICE("t") };

    (void)state;
    from.data = from.body;
    struct event *ev = make_packed(&from), *empty = make_packed(&none);
    assert_ptr_equal(ev->data.ptr, ev->body.ptr);
    assert_int_equal(ev->packed.len, 0);
    assert_int_equal(empty->body.len, 0);
    event_unref(ev);
    event_unref(empty);
}

static void large_bodies_are_packed(void **state)
{
    char body[5000], back[5000];
    struct event from = { .body = slice_of(body, sizeof body) };

    (void)state;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)('a' + i % 7);
    from.data = from.body;
    struct event *ev = make_packed(&from), *plain = event_make(&from, NULL);
    assert_in_range(ev->packed.len, 1, 200);
    assert_int_equal(plain->packed.len, 0);
    assert_int_equal(event_unpack(ev->packed, sizeof body, back), 0);
    assert_memory_equal(body, back, sizeof body);
    /* Each block stands alone: the next one is the same, whatever was packed in between. */
    struct event *again = make_packed(&from);
    assert_true(slice_eq(again->packed, ev->packed));
    event_unref(again);
    event_unref(ev);
    event_unref(plain);
}

static void what_does_not_shrink_stays(void **state)
{
    char noise[4096];
    struct event from = { .body = slice_of(noise, sizeof noise) };

    (void)state;
    random_bytes(noise, sizeof noise);
    struct event *ev = make_packed(&from);
    assert_int_equal(ev->packed.len, 0);
    assert_memory_equal(ev->body.ptr, noise, sizeof noise);
    event_unref(ev);
}

static void damaged_blocks_are_refused(void **state)
{
    char body[3000], back[3001], cut[3000];
    struct event from = { .body = slice_of(body, sizeof body) };

    (void)state;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * i % 251);
    struct event *ev = make_packed(&from);
    assert_true(ev->packed.len > 0);
    assert_int_equal(event_unpack(slice_first(ev->packed, ev->packed.len - 1), sizeof body, back), -1);
    assert_int_equal(event_unpack(ev->packed, sizeof body - 1, back), -1);
    assert_int_equal(event_unpack(ev->packed, sizeof body + 1, back), -1);
    assert_int_equal(event_unpack(SLICE(""), 10, back), -1);
    memset(cut, 0xff, sizeof cut);
    assert_int_equal(event_unpack(slice_of(cut, sizeof cut), 3000, back), -1);
    event_unref(ev);
}

static void cloudevent_attributes(void **state)
{
    struct event ev = { .source = SLICE("github"), .type = SLICE("github.push"), .subject = SLICE("a\"b"),
                        .time_us = INT64_C(1700000000123456) };
    struct buf out;

    (void)state;
    assert_int_equal(id_parse(SLICE("018bcfe5-687b-7000-8000-000000000001"), &ev.id), 0);
    buf_init(&out, 4096);
    event_put_cloudevent(&ev, &out);
    assert_string_equal(out.ptr,
                        "\"specversion\":\"1.0\",\"id\":\"018bcfe5-687b-7000-8000-000000000001\",\"source\":\"github\","
                        "\"type\":\"github.push\",\"subject\":\"a\\\"b\",\"time\":\"2023-11-14T22:13:20.123456Z\","
                        "\"datacontenttype\":\"application/json\"");
    buf_reset(&out);
    ev.happened_us = INT64_C(1600000000000000);
    event_put_cloudevent(&ev, &out);
    assert_non_null(strstr(out.ptr, "\"time\":\"2020-09-13T12:26:40.000000Z\""));
    assert_non_null(strstr(out.ptr, "\"receivedtime\":\"2023-11-14T22:13:20.123456Z\""));
    buf_reset(&out);
    ev.source = ev.subject = SLICE_NONE;
    event_put_cloudevent(&ev, &out);
    assert_non_null(strstr(out.ptr, "\"source\":\"hooklatch\",\"type\""));
    assert_null(strstr(out.ptr, "subject"));
    buf_clear(&out);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(event_status_name(EVENT_RELEASED), "released");
    assert_string_equal(event_status_name(EVENT_IGNORED), "ignored");
    assert_string_equal(event_verdict_name(VERDICT_UNLISTED), "unlisted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_every_slice),         cmocka_unit_test(data_that_is_the_body_is_kept_once),
        cmocka_unit_test(large_bodies_are_packed),    cmocka_unit_test(what_does_not_shrink_stays),
        cmocka_unit_test(damaged_blocks_are_refused), cmocka_unit_test(cloudevent_attributes),
        cmocka_unit_test(names),
    };

    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    event_packer_free(packer);
    return failed;
}
