/* JSON Merge Patch: the cases of RFC 7396, appendix A, and what they leave out. */
#include "config/tree.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct {
    const char *original, *patch, *result;
} cases[] = {
    { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
    { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
    { "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
    { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
    { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
    { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
    { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
    { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
    { "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
    { "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
    { "{\"a\":\"foo\"}", "null", "null" },
    { "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
    { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
    { "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
    { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
    { "{\"a\":{\"b\":1,\"c\":{\"d\":2}},\"e\":3}", "{}", "{\"a\":{\"b\":1,\"c\":{\"d\":2}},\"e\":3}" },
    { "{\"a\":1}", "{\"a\":{\"b\":null,\"c\":1.50}}", "{\"a\":{\"c\":1.50}}" },
    { "{\"q\\\"\":1}", "{\"q\\\"\":{\"\":\"\\n\"}}", "{\"q\\\"\":{\"\":\"\\u000a\"}}" },
    { "{\"a\":{}}", "{\"a\":{\"b\":[null]},\"z\":[{\"x\":null}]}", "{\"a\":{\"b\":[null]},\"z\":[{\"x\":null}]}" },
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tree original, patch;
        struct issues is;
        struct buf out;
        issues_init(&is);
        buf_init(&out, 4096);
        assert_int_equal(tree_read_json(&original, "o", slice_z(cases[i].original), &is), 0);
        assert_int_equal(tree_read_json(&patch, "p", slice_z(cases[i].patch), &is), 0);
        tree_put_merged(&original, 0, &patch, 0, &out);
        assert_string_equal(out.ptr, cases[i].result);
        buf_clear(&out);
        tree_clear(&original);
        tree_clear(&patch);
        issues_clear(&is);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
