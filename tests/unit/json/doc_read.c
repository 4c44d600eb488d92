/* What is asked of a parsed document. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "json/doc.h"
#include "tape.h"

static struct json_doc doc;

static void parse_limited(struct slice text, const struct json_limits *limits)
{
    struct json_fault fault;

    if (json_parse(&doc, text, limits, &fault) < 0)
        fail_msg("%.*s: %s", SLICE_FMT(text), fault.text);
    assert_true(tape_holds(&doc));
}

static void parse(struct slice text)
{
    parse_limited(text, &JSON_LIMITS_DEFAULT);
}

static void test_walk(void **state)
{
    static const char *const raws[] = { "[ ]", "{ \"b\" : [ 1 ] }", "\"x\"", "-1.5e3" };
    uint32_t i, n = 0;

    (void)state;
    parse(SLICE("[[ ], { \"b\" : [ 1 ] } ,\"x\",-1.5e3 ]"));
    assert_int_equal(json_count(&doc, 0), 4);
    for (i = 1; i < json_end(&doc, 0); i = json_next(&doc, i))
        assert_true(slice_eq_z(json_raw(&doc, i), raws[n++]));
    assert_int_equal(n, 4);
    assert_true(slice_eq_z(json_raw(&doc, 3), "\"b\""));
    assert_true(slice_eq_z(json_inner(&doc, 3), "b"));
}

static const struct {
    struct slice json, plain;
    size_t length;
} strings[] = {
    { { "\"\"", 2 }, { "", 0 }, 0 },
    { { "\"abc\"", 5 }, { "abc", 3 }, 3 },
    { { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 18 }, { "\"\\/\b\f\n\r\t", 8 }, 8 },
    { { "\"a\\u0000b\"", 10 }, { "a\0b", 3 }, 3 },
    { { "\"\\u0041\\u00e9\\u20AC\"", 20 }, { "A\xc3\xa9\xe2\x82\xac", 6 }, 3 },
    { { "\"\\ud83d\\uDE00!\"", 15 }, { "\xf0\x9f\x98\x80!", 5 }, 2 },
    { { "\"\\uDBFF\\uDFFF\"", 14 }, { "\xf4\x8f\xbf\xbf", 4 }, 1 },
    { { "\"\xc3\xa9\\n\xf0\x9f\x98\x80\"", 10 }, { "\xc3\xa9\n\xf0\x9f\x98\x80", 7 }, 3 },
    { { "\"\xc3\xa9\xf0\x9f\x98\x80\"", 8 }, { "\xc3\xa9\xf0\x9f\x98\x80", 6 }, 2 },
    { { "\"\\\\u0041\"", 9 }, { "\\u0041", 6 }, 6 },
};

static void test_strings(void **state)
{
    struct buf tmp;

    (void)state;
    buf_init(&tmp, 1000);
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        parse(strings[i].json);
        buf_reset(&tmp);
        buf_puts(&tmp, "before");
        assert_true(slice_eq(json_string(&doc, 0, &tmp), strings[i].plain));
        assert_true(slice_starts(buf_slice(&tmp), SLICE("before")));
        assert_true(json_string_eq(&doc, 0, strings[i].plain));
        assert_false(json_string_eq(&doc, 0, SLICE("another text altogether")));
        assert_int_equal(json_string_length(&doc, 0), strings[i].length);
        assert_true(slice_eq(json_raw(&doc, 0), strings[i].json));
    }
    buf_clear(&tmp);
}

static void test_string_without_escapes_copies_nothing(void **state)
{
    struct buf tmp;
    struct slice text = SLICE("\"plain\"");

    (void)state;
    buf_init(&tmp, 0);
    parse(text);
    assert_ptr_equal(json_string(&doc, 0, &tmp).ptr, text.ptr + 1);
    assert_false(tmp.failed);
    parse(SLICE("\"\\n\""));
    assert_int_equal(json_string(&doc, 0, &tmp).len, 0);
    assert_true(tmp.failed);
}

static void test_members(void **state)
{
    (void)state;
    parse(SLICE("{\"a\":{\"b\":1},\"b\":2,\"\":3,\"x\\u0000y\":4,\"\\u00e9\":5}"));
    assert_true(slice_eq_z(json_raw(&doc, json_member(&doc, 0, SLICE("b"))), "2"));
    assert_true(slice_eq_z(json_raw(&doc, json_member(&doc, 0, SLICE("")))  , "3"));
    assert_true(slice_eq_z(json_raw(&doc, json_member(&doc, 0, SLICE("x\0y"))), "4"));
    assert_true(slice_eq_z(json_raw(&doc, json_member(&doc, 0, SLICE("\xc3\xa9"))), "5"));
    assert_int_equal(json_member(&doc, 0, SLICE("x")), JSON_NONE);
    assert_int_equal(json_member(&doc, 0, SLICE("c")), JSON_NONE);
    assert_int_equal(json_member(&doc, json_member(&doc, 0, SLICE("b")), SLICE("b")), JSON_NONE);
    assert_int_equal(json_member_hashed(&doc, 0, SLICE("b"), json_hash(SLICE("b"))), json_member(&doc, 0, SLICE("b")));
}

static void test_last_duplicate_wins(void **state)
{
    const struct json_limits allow = { .max_depth = 9, .max_nodes = 99, .allow_duplicate_keys = true };

    (void)state;
    parse_limited(SLICE("{\"a\":1,\"b\":{\"a\":2},\"\\u0061\":3,\"b\":4}"), &allow);
    assert_true(slice_eq_z(json_raw(&doc, json_member(&doc, 0, SLICE("a"))), "3"));
    assert_true(slice_eq_z(json_raw(&doc, json_member(&doc, 0, SLICE("b"))), "4"));
    assert_false(doc.nodes[0].meta & JSON_UNIQUE);
}

static const struct {
    const char *text;
    int result;
    int64_t value;
} integers[] = {
    { "0", 0, 0 }, { "-0", 0, 0 }, { "-0.0e5", 0, 0 }, { "7", 0, 7 }, { "-7", 0, -7 }, { "1.0", 0, 1 },
    { "1e2", 0, 100 },
    { "120e-1", 0, 12 }, { "0.5e1", 0, 5 }, { "0.0012e4", 0, 12 }, { "9223372036854775807", 0, INT64_MAX },
    { "-9223372036854775808", 0, INT64_MIN }, { "9223372036854775808", -1, 0 }, { "-9223372036854775809", -1, 0 },
    { "9223372036854775807.0", 0, INT64_MAX }, { "18446744073709551616", -1, 0 }, { "1e19", -1, 0 },
    { "1e18", 0, INT64_C(1000000000000000000) },
    { "1e99999999999999999999", -1, 0 }, { "1.5", -1, 0 }, { "1e-1", -1, 0 }, { "0e99999999999999999999", 0, 0 },
    { "10000000000000000000000e-4", 0, INT64_C(1000000000000000000) }, { "\"1\"", -1, 0 }, { "null", -1, 0 },
    { "[]", -1, 0 },
};

static void test_int64(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        int64_t value = 0;

        parse(slice_z(integers[i].text));
        assert_int_equal(json_int64(&doc, 0, &value), integers[i].result);
        assert_int_equal(value, integers[i].value);
    }
}

static void test_position(void **state)
{
    struct slice text = SLICE("a\xc3\xa9z\r\n\nq");
    uint32_t line, column;
    static const uint32_t want[][2] = { { 1, 1 }, { 1, 2 }, { 1, 3 }, { 1, 3 }, { 1, 4 }, { 1, 5 }, { 2, 1 },
    { 3, 1 }, { 3, 2 }, { 3, 2 } };

    (void)state;
    for (size_t at = 0; at < sizeof want / sizeof *want; at++) {
        json_position(text, at, &line, &column);
        assert_int_equal(line, want[at][0]);
        assert_int_equal(column, want[at][1]);
    }
}

static void test_quote(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    json_quote(&b, SLICE("a\"\\\n\x01\x7f/\xc3\xa9\xff\xe2\x82\xf0\x9f\x98\x80\0."));
    assert_string_equal(b.ptr, "\"a\\\"\\\\\\u000a\\u0001\\u007f/\xc3\xa9"
                               "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\\u0000.\"");
    buf_clear(&b);
    json_quote(&b, SLICE_NONE);
    assert_string_equal(b.ptr, "\"\"");
    buf_clear(&b);
}

/* The parser reads 16 bytes where it may, json_hash never more than the key: the same hash for every length. */
static void test_hash_does_not_depend_on_surroundings(void **state)
{
    struct guarded g = guarded_new(100);
    char text[128];

    (void)state;
    for (size_t len = 0; len < 60; len++) {
        char key[64];

        for (size_t i = 0; i < len; i++)
            key[i] = (char)('a' + (i * 7 + len) % 26);
        snprintf(text, sizeof text, "{\"%.*s\":1%40s}", (int)len, key, "");
        parse(slice_z(text));
        assert_int_equal(doc.nodes[1].link, json_hash(guarded_copy(&g, key, len)));
        snprintf(text, sizeof text, "{\"%.*s\":1}", (int)len, key);
        parse(guarded_copy(&g, text, strlen(text)));
        assert_int_equal(doc.nodes[1].link, json_hash(slice_of(key, len)));
    }
    guarded_free(&g);
    assert_int_not_equal(json_hash(SLICE("a")), json_hash(SLICE("a\0")));
    assert_int_not_equal(json_hash(SLICE("")), json_hash(SLICE("\0")));
}

static int clear(void **state)
{
    (void)state;
    json_doc_clear(&doc);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_string_without_escapes_copies_nothing),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_last_duplicate_wins),
        cmocka_unit_test(test_int64),
        cmocka_unit_test(test_position),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_hash_does_not_depend_on_surroundings),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
