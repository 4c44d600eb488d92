#include "event/data.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static struct buf out;

static int setup(void **state)
{
    (void)state;
    buf_init(&out, 1 << 16);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_clear(&out);
    return 0;
}

static void check(enum event_form form, struct slice body, const char *want)
{
    struct slice data;

    buf_reset(&out);
    out.max = event_data_max(body.len);
    int result = event_data(form, SLICE_NONE, body, &out, &data);
    if (!want) {
        assert_int_equal(result, -1);
        return;
    }
    assert_int_equal(result, 0);
    if (!slice_eq_z(data, want))
        fail_msg("%.*s is not %s", SLICE_FMT(data), want);
}

static void text_is_a_string(void **state)
{
    char controls[300];

    (void)state;
    check(EVENT_DATA_TEXT, SLICE("<a>\"\\</a>"), "\"<a>\\\"\\\\</a>\"");
    check(EVENT_DATA_TEXT, SLICE(""), "\"\"");
    check(EVENT_DATA_TEXT, SLICE("\xf0\x9f\x98\x80\xc3\xbc"), "\"\xf0\x9f\x98\x80\xc3\xbc\"");
    check(EVENT_DATA_TEXT, slice_of("a\0b", 3), "\"a\\u0000b\"");
    memset(controls, 1, sizeof controls); /* the longest that a text can become */
    struct slice data;
    buf_reset(&out);
    out.max = event_data_max(sizeof controls);
    assert_int_equal(event_data(EVENT_DATA_TEXT, SLICE_NONE, slice_of(controls, sizeof controls), &out, &data), 0);
    assert_int_equal(data.len, 6 * sizeof controls + 2);
}

static void text_must_be_utf8(void **state)
{
    static const struct { const char *text; size_t good; } cases[] = {
        { "\xff", 0 }, { "ab\xc0\x80", 2 }, { "\xc3\xbc\xed\xa0\x80", 2 }, { "abc\xe2\x82", 3 }, { "\xf4\x90\x80\x80", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(EVENT_DATA_TEXT, slice_z(cases[i].text), NULL);
        assert_int_equal(event_utf8_prefix(slice_z(cases[i].text)), cases[i].good);
    }
    assert_int_equal(event_utf8_prefix(SLICE("")), 0);
}

static void bytes_are_base64(void **state)
{
    (void)state;
    check(EVENT_DATA_BINARY, SLICE(""), "\"\"");
    check(EVENT_DATA_BINARY, SLICE("f"), "\"Zg==\"");
    check(EVENT_DATA_BINARY, SLICE("\xff\xfe\xfd"), "\"//79\"");
}

static void an_item_is_a_slice(void **state)
{
    struct event ev = { .item = { .count = 2, .at = 1 } };

    (void)state;
    assert_int_equal(event_derive(&ev, SLICE("[1,22]"), 1, &out), 0);
    assert_true(slice_eq_z(ev.data, "1"));
    assert_true(slice_eq_z(ev.body, "[1,22]"));
    ev.item.at = 3;
    assert_int_equal(event_derive(&ev, SLICE("[1,22]"), 3, &out), 0);
    assert_int_equal(event_derive(&ev, SLICE("[1,22]"), 4, &out), -1);
    ev.item.at = 7;
    assert_int_equal(event_derive(&ev, SLICE("[1,22]"), 0, &out), -1);
    ev = (struct event){ .form = EVENT_DATA_IN_FORM, .form_field = SLICE("p"), .item = { .count = 2, .at = 3 } };
    assert_int_equal(event_derive(&ev, SLICE("p=%5B1%2C22%5D"), 2, &out), 0);
    assert_true(slice_eq_z(ev.data, "22"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(text_is_a_string), TEST(text_must_be_utf8), TEST(bytes_are_base64),
                                        TEST(an_item_is_a_slice) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
