#include "json/shape.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static const char data[] =
    "{\"event\":{\"source\":\"shop\"},\"input\":{\"id\":9007199254740993,\"total\":42.50,\"huge\":1e400,\"ok\":true,\"none\":null,"
    "\"text\":\"a\\\"b\\u0000\\ud83d\\ude00\",\"list\":[1, {\"x\":2}],\"a/b\":{\"~\":\"deep\"}},\"steps\":{}}";

static struct json_doc parse(const char *text)
{
    struct json_doc d;
    struct json_fault fault;

    json_doc_init(&d);
    if (json_parse(&d, slice_z(text), &JSON_LIMITS_DEFAULT, &fault))
        fail_msg("%s: %s", text, fault.text);
    return d;
}

static void shapes_are_filled(void **state)
{
    static const struct {
        const char *shape, *filled;
    } rows[] = {
        { "1.50", "1.50" },
        { "{\"a\": [1, 2,\"x\"]}", "{\"a\": [1, 2,\"x\"]}" },
        { "\"{/input/id}\"", "9007199254740993" },
        { "\"{/input/total}\"", "42.50" },
        { "\"{/input/huge}\"", "1e400" },
        { "[\"{/input/ok}\",\"{/input/none}\",\"{/input/absent}\"]", "[true,null,null]" },
        { "{\"l\":\"{/input/list}\"}", "{\"l\":[1, {\"x\":2}]}" },
        { "\"{/input/text}\"", "\"a\\\"b\\u0000\\ud83d\\ude00\"" },
        { "\"order {/input/id}: {/input/total} of {/event/source}{/input/absent}!\"", "\"order 9007199254740993: 42.50 of shop!\"" },
        { "\"{/input/list} {/input/ok}\"", "\"[1, {\\\"x\\\":2}] true\"" },
        { "\"<{/input/text}>\"", "\"<a\\\"b\\u0000\xf0\x9f\x98\x80>\"" },
        { "\"{/input/a~1b/~0}\"", "\"deep\"" },
        { "\"{{not}} {{/input/id}}\"", "\"{not} {/input/id}\"" },
        { "{\"{/input/id}\":\"{/input/id}\"}", "{\"{/input/id}\":9007199254740993}" },
        { "\"\\u007b/input/id}\"", "9007199254740993" },
    };
    struct json_doc d = parse(data);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_doc shape = parse(rows[i].shape);
        struct buf text, out;
        uint32_t at;
        struct err e;
        struct shape *s = shape_new(&shape, 0, &at, &e);
        if (!s)
            fail_msg("%s: %s", rows[i].shape, e.text);
        json_doc_clear(&shape); /* it has its own copy */
        buf_init(&text, 4096);
        buf_init(&out, 4096);
        for (int again = 0; again < 2; again++) {
            buf_reset(&out);
            shape_put(s, &d, 0, &text, &out);
            assert_string_equal(out.ptr, rows[i].filled);
        }
        buf_clear(&text);
        buf_clear(&out);
        shape_free(s);
    }
    json_doc_clear(&d);
}

static void faults_name_their_string(void **state)
{
    static const char *const bad[] = { "{\"a\":\"fine\",\"b\":\"{/input\"}", "{\"a\":1,\"b\":\"}\"}", "{\"a\":[],\"b\":\"{header:X}\"}",
                                       "{\"a\":{},\"b\":\"{/a~2}\"}" };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json_doc d = parse(bad[i]);
        uint32_t at = 99;
        struct err e;
        assert_null(shape_new(&d, 0, &at, &e));
        assert_int_equal(e.code, ERR_INPUT);
        assert_int_equal(at, 4);
        json_doc_clear(&d);
    }
}

static int see(void *arg, const struct pointer *p, uint32_t node)
{
    char *seen = arg;

    strncat(seen, p->tokens[0].name.ptr, p->tokens[0].name.len);
    strcat(seen, node == 2 ? "@2 " : "@5 ");
    return p->count == 3 ? 7 : 0;
}

static void pointers_are_shown(void **state)
{
    struct json_doc d = parse("{\"a\":\"{/input/x} {/event/y}\",\"b\":[\"{/steps/z}\",\"{/steps/s/t}\",\"{/never}\"]}");
    char seen[64] = "";
    uint32_t at;
    struct err e;
    struct shape *s = shape_new(&d, 0, &at, &e);

    (void)state;
    assert_int_equal(shape_each_pointer(s, see, seen), 7);
    assert_string_equal(seen, "input@2 event@2 steps@5 steps@5 ");
    shape_free(s);
    json_doc_clear(&d);
}

/* What does not fit is said, not cut. */
static void a_ceiling_is_a_failure(void **state)
{
    struct json_doc d = parse(data), shape = parse("\"<{/input/text}>\"");
    struct buf text, out;
    uint32_t at;
    struct err e;
    struct shape *s = shape_new(&shape, 0, &at, &e);

    (void)state;
    buf_init(&text, 4);
    buf_init(&out, 4096);
    shape_put(s, &d, 0, &text, &out);
    assert_true(out.failed);
    buf_clear(&text);
    buf_clear(&out);
    buf_init(&text, 4096);
    buf_init(&out, 4);
    shape_put(s, &d, 0, &text, &out);
    assert_true(out.failed);
    buf_clear(&text);
    buf_clear(&out);
    shape_free(s);
    json_doc_clear(&d);
    json_doc_clear(&shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_filled),
        cmocka_unit_test(faults_name_their_string),
        cmocka_unit_test(pointers_are_shown),
        cmocka_unit_test(a_ceiling_is_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
