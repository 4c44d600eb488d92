#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "config/yaml.h"

struct outcome {
    struct buf json, problems;
    struct yaml_marks marks;
    int result;
};

static void read_text(struct outcome *o, struct slice text)
{
    struct issues is;

    *o = (struct outcome){ 0 };
    issues_init(&is);
    buf_init(&o->json, YAML_BYTES_MAX);
    buf_init(&o->problems, 1 << 20);
    o->result = yaml_to_json("t.yaml", text, &o->json, &o->marks, &is);
    issues_put_text(&is, &o->problems);
    issues_clear(&is);
}

static void forget(struct outcome *o)
{
    buf_clear(&o->json);
    buf_clear(&o->problems);
    free(o->marks.list);
}

static void assert_json(const char *yaml, const char *json)
{
    struct outcome o;

    read_text(&o, slice_z(yaml));
    assert_string_equal(o.problems.ptr ? o.problems.ptr : "", "");
    assert_int_equal(o.result, 0);
    assert_string_equal(o.json.ptr, json);
    forget(&o);
}

static void assert_problem_in(struct slice yaml, const char *problem)
{
    struct outcome o;

    read_text(&o, yaml);
    assert_int_equal(o.result, -1);
    assert_string_equal(o.problems.ptr, problem);
    forget(&o);
}

static void assert_problem(const char *yaml, const char *problem)
{
    assert_problem_in(slice_z(yaml), problem);
}

static void test_scalars(void **state)
{
    (void)state;
    assert_json("a: 1", "{\"a\":1}");
    assert_json("a:", "{\"a\":null}");
    assert_json("a: ~", "{\"a\":null}");
    assert_json("a: null", "{\"a\":null}");
    assert_json("a: true\nb: false", "{\"a\":true,\"b\":false}");
    assert_json("a: -1.50e+10", "{\"a\":-1.50e+10}");
    assert_json("a: 123456789012345678901234567890", "{\"a\":123456789012345678901234567890}");
    assert_json("a: 'it''s'\nb: \"x\\ty\\u00e9\"", "{\"a\":\"it's\",\"b\":\"x\\u0009y\xc3\xa9\"}");
    assert_json("a: |\n  one\n  two\nb: >-\n  x\n  y\n", "{\"a\":\"one\\u000atwo\\u000a\",\"b\":\"x y\"}");
    assert_json("[a, \"1\", '']", "[\"a\",\"1\",\"\"]");
    assert_json("{\"json\": [1, {\"is\": \"yaml\"}]}", "{\"json\":[1,{\"is\":\"yaml\"}]}");
}

/* YAML 1.1 makes booleans, octal and base 60 of these. */
static void test_traps_are_text(void **state)
{
    static const char *const traps[] = { "no",   "on",   "yes",   "off",   "y",        "N",         "True", "NULL",
                                         "0o17", "0x1F", "1_000", "12:30", "22:22:22", "+1",        ".5",   "1.",
                                         "1e",   ".inf", ".NaN",  "-",     "1e5x",     "2024-01-01" };
    (void)state;
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
        char yaml[64], json[64];
        snprintf(yaml, sizeof yaml, "a: %s", traps[i]);
        snprintf(json, sizeof json, "{\"a\":\"%s\"}", traps[i]);
        if (strcmp(traps[i], "-") != 0)
            assert_json(yaml, json);
    }
}

static void test_leading_zero_is_refused(void **state)
{
    (void)state;
    assert_problem("a: 0123", "t.yaml:1:4: error: a number with a leading zero\n"
                              "    hint: write it without the leading zero, or in quotes where text is meant\n");
    assert_problem("a: -07", "t.yaml:1:4: error: a number with a leading zero\n"
                             "    hint: write it without the leading zero, or in quotes where text is meant\n");
    assert_json("a: '0123'\n0123: x", "{\"a\":\"0123\",\"0123\":\"x\"}");
}

static void test_keys(void **state)
{
    (void)state;
    assert_json("200: ok\non: x\nno: y", "{\"200\":\"ok\",\"on\":\"x\",\"no\":\"y\"}");
    assert_problem("true: x", "t.yaml:1:1: error: a key must be text\n    hint: quote it\n");
    assert_problem("~: x", "t.yaml:1:1: error: a key must be text\n    hint: quote it\n");
    assert_problem("? [a]\n: x", "t.yaml:1:3: error: a key must be text\n    hint: quote it\n");
}

static void test_duplicate_keys_name_both_lines(void **state)
{
    (void)state;
    assert_problem(
        "a: 1\nb:\n  x: 1\n  y: 2\n  x: 3\na: 2\n",
        "t.yaml:5:3: error: key \"x\" is there twice: on line 3 and on line 5\n    hint: remove one of the two\n"
        "t.yaml:6:1: error: key \"a\" is there twice: on line 1 and on line 6\n    hint: remove one of the two\n");
    assert_problem(
        "{\"a\": 1, a: 2}",
        "t.yaml:1:10: error: key \"a\" is there twice: on line 1 and on line 1\n    hint: remove one of the two\n");
    assert_problem(
        "b: {<<: &x {c: 1, c: 2}}",
        "t.yaml:1:19: error: key \"c\" is there twice: on line 1 and on line 1\n    hint: remove one of the two\n");
}

static void test_aliases(void **state)
{
    (void)state;
    assert_json("a: &x {p: 1}\nb: *x\nc: [*x, *x]", "{\"a\":{\"p\":1},\"b\":{\"p\":1},\"c\":[{\"p\":1},{\"p\":1}]}");
    assert_json("a: &x 1\nb: *x\na2: &x 2\nc: *x", "{\"a\":1,\"b\":1,\"a2\":2,\"c\":2}");
    assert_json("a: &k name\n*k : v", "{\"a\":\"name\",\"name\":\"v\"}");
    assert_problem("a: *x", "t.yaml:1:4: error: unknown alias *x\n    hint: define it with & before it is used\n");
    assert_problem("a: &x [1, *x]", "t.yaml:1:4: error: an alias that holds itself\n");
    assert_problem("a: &x {b: {c: *x}}", "t.yaml:1:4: error: an alias that holds itself\n");
}

static void test_merges(void **state)
{
    (void)state;
    assert_json("b: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}", "{\"b\":{\"x\":1,\"y\":2},\"c\":{\"y\":3,\"x\":1}}");
    assert_json("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}",
                "{\"a\":{\"x\":1},\"b\":{\"x\":2,\"y\":2},\"c\":{\"x\":1,\"y\":2}}");
    assert_json("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}",
                "{\"a\":{\"x\":1},\"b\":{\"y\":2,\"x\":1},\"c\":{\"y\":2,\"x\":1}}");
    assert_json("a: &a {x: 1}\nc: {<<: [*a, *a]}", "{\"a\":{\"x\":1},\"c\":{\"x\":1}}");
    assert_json("\"<<\": x", "{\"<<\":\"x\"}");
    assert_problem("a: {<<: 1}",
                   "t.yaml:1:9: error: << merges mappings only\n    hint: write <<: *name, or <<: [*name, *other]\n");
    assert_problem("a: &a {x: 1, <<: *a}", "t.yaml:1:4: error: an alias that holds itself\n");
}

static void put_laughs(struct buf *yaml, const char *first, const char *open, const char *close)
{
    buf_printf(yaml, "a0: &a0 %s\n", first);
    for (int i = 1; i < 20; i++) {
        buf_printf(yaml, "a%d: &a%d %s", i, i, open);
        for (int k = 0; k < 10; k++)
            buf_printf(yaml, "%s*a%d", k ? ", " : "", i - 1);
        buf_printf(yaml, "%s\n", close);
    }
}

static void test_billion_laughs(void **state)
{
    static const char *const forms[][3] = {
        { "lol", "[", "]" },
        { "{}", "{<<: [", "]}" },
        { "{x: y}", "{<<: [", "]}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct buf yaml;
        struct outcome o;
        buf_init(&yaml, 1 << 20);
        put_laughs(&yaml, forms[i][0], forms[i][1], forms[i][2]);
        read_text(&o, buf_slice(&yaml));
        assert_int_equal(o.result, -1);
        assert_non_null(strstr(o.problems.ptr, "more than 100000 values once aliases are expanded\n"
                                               "    hint: the aliases (*name) multiply\n"));
        forget(&o);
        buf_clear(&yaml);
    }
}

static void test_expanded_bytes(void **state)
{
    struct buf yaml;
    struct outcome o;

    (void)state;
    buf_init(&yaml, 1 << 20);
    buf_puts(&yaml, "a: &a ");
    for (int i = 0; i < 100000; i++)
        buf_putc(&yaml, 'x');
    buf_puts(&yaml, "\nb: [*a");
    for (int i = 0; i < 60; i++)
        buf_puts(&yaml, ", *a");
    buf_puts(&yaml, "]");
    read_text(&o, buf_slice(&yaml));
    assert_int_equal(o.result, -1);
    assert_string_equal(o.problems.ptr, "t.yaml:1:4: error: larger than 4 MiB once aliases are expanded\n");
    forget(&o);
    buf_clear(&yaml);
}

static void test_depth(void **state)
{
    struct buf yaml;

    (void)state;
    buf_init(&yaml, 1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_putc(&yaml, '[');
    assert_problem_in(buf_slice(&yaml), "t.yaml:1:65: error: nested deeper than 64 levels\n");
    buf_reset(&yaml);
    buf_puts(&yaml, "a: &x [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n"
                    "b: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*x]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n");
    assert_problem_in(buf_slice(&yaml), "t.yaml:1:40: error: nested deeper than 64 levels once aliases are expanded\n");
    buf_clear(&yaml);
}

static void test_form(void **state)
{
    (void)state;
    assert_problem("", "t.yaml: error: the file is empty\n");
    assert_problem("# only a comment\n", "t.yaml: error: the file is empty\n");
    assert_problem(
        "a: 1\n---\nb: 2\n",
        "t.yaml:2:1: error: a second document begins here\n    hint: keep one document; remove the line ---\n");
    assert_json("---\na: 1\n...\n", "{\"a\":1}");
    assert_problem("a: !!int 5", "t.yaml:1:4: error: tags such as tag:yaml.org,2002:int are not understood\n"
                                 "    hint: remove it; quote the value where text is meant\n");
    assert_problem("a: !ruby/object x", "t.yaml:1:4: error: tags such as !ruby/object are not understood\n"
                                        "    hint: remove it; quote the value where text is meant\n");
    assert_problem("a: \"x\\0y\"", "t.yaml:1:4: error: text with a NUL character\n");
}

static void test_libyaml_errors(void **state)
{
    (void)state;
    assert_problem("a:\n\tb: 1\n",
                   "t.yaml:2:1: error: found character that cannot start any token while scanning for the next token "
                   "that began on line 2\n    hint: indent with spaces: YAML does not allow tabs there\n");
    assert_problem(
        "a: [1, 2\nb: 3\n",
        "t.yaml:2:2: error: did not find expected ',' or ']' while parsing a flow sequence that began on line 1\n");
    assert_problem("a: b: c\n", "t.yaml:1:5: error: mapping values are not allowed in this context\n");
}

static void test_encodings(void **state)
{
    (void)state;
    assert_problem_in(SLICE("a: 1\nb: \xff\n"), "t.yaml:2:4: error: invalid leading UTF-8 octet\n"
                                                "    hint: the file must be UTF-8 text without control characters\n");
    assert_problem_in(SLICE("a: \xc0\x80\n"), "t.yaml:1:4: error: invalid length of a UTF-8 sequence\n"
                                              "    hint: the file must be UTF-8 text without control characters\n");
    assert_problem_in(SLICE("a: x\x01y\n"), "t.yaml:1:5: error: control characters are not allowed\n"
                                            "    hint: the file must be UTF-8 text without control characters\n");
    assert_problem_in(SLICE("\xff\xfe"
                            "a\0:\0"),
                      "t.yaml: error: the file is UTF-16; save it as UTF-8\n");
    assert_json("\xef\xbb\xbf"
                "a: \xc3\xa9",
                "{\"a\":\"\xc3\xa9\"}");
}

static void test_marks_follow_the_document(void **state)
{
    struct outcome o;

    (void)state;
    read_text(&o, SLICE("a:\n  - 1\n  - {b: x}\nc: y\n"));
    static const struct tree_mark expected[] = { { 1, 1 }, { 1, 1 }, { 2, 3 }, { 2, 5 }, { 3, 5 },
                                                 { 3, 6 }, { 3, 9 }, { 4, 1 }, { 4, 4 } };
    assert_int_equal(o.marks.count, sizeof expected / sizeof *expected);
    assert_memory_equal(o.marks.list, expected, sizeof expected);
    forget(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_traps_are_text),
        cmocka_unit_test(test_leading_zero_is_refused),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_duplicate_keys_name_both_lines),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_merges),
        cmocka_unit_test(test_billion_laughs),
        cmocka_unit_test(test_expanded_bytes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_libyaml_errors),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_marks_follow_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
