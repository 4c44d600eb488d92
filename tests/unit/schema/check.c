#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

#define VALIDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define D7 SCHEMA_DRAFT_7
#define D19 SCHEMA_DRAFT_2019_09
#define D20 SCHEMA_DRAFT_2020_12

struct row {
    const char *schema;
    const char *const *valid, *const *invalid;
    enum schema_draft draft;
};

static const char *const NOTHING[] = { NULL };

static void check_each(const struct row *row, const char *const *texts, enum schema_verdict want)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema *schema = case_schema(row->schema, row->draft);

    for (; *texts; texts++) {
        struct json_doc d;

        case_parse(&d, *texts);
        if (schema_check(schema, &d, 0, scratch) != want)
            fail_msg("%s: %s should be %s", row->schema, *texts, want == SCHEMA_VALID ? "valid" : "invalid");
        json_doc_clear(&d);
    }
    schema_unref(schema);
    schema_scratch_free(scratch);
}

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check_each(&rows[i], rows[i].valid, SCHEMA_VALID);
        check_each(&rows[i], rows[i].invalid, SCHEMA_INVALID);
    }
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof rows[0])

static void test_types(void **state)
{
    const struct row rows[] = {
        { "{\"type\":\"integer\"}", VALIDS("1", "-0", "1.0", "1e3", "10e-1", "1e400"),
          VALIDS("1.5", "\"1\"", "1e-1", "null"), D20 },
        { "{\"type\":\"number\"}", VALIDS("1", "1.5"), VALIDS("true", "\"1\""), D20 },
        { "{\"type\":[\"integer\",\"number\"]}", VALIDS("1", "1.5"), VALIDS("[]"), D20 },
        { "{\"type\":[\"integer\",\"null\"]}", VALIDS("2", "null", "2.0"), VALIDS("1.5", "false"), D20 },
        { "{\"type\":\"boolean\"}", VALIDS("true", "false"), VALIDS("0", "null"), D20 },
        { "true", VALIDS("1", "{}"), NOTHING, D20 },
        { "false", NOTHING, VALIDS("1", "{}", "null"), D20 },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_numbers(void **state)
{
    const struct row rows[] = {
        { "{\"minimum\":5,\"exclusiveMaximum\":10}", VALIDS("5", "9", "5.0", "9.99", "\"x\""),
          VALIDS("4", "10", "4.999", "1e1", "-7"), D20 },
        { "{\"exclusiveMinimum\":5,\"maximum\":10}", VALIDS("6", "10", "5.001", "10.0"),
          VALIDS("5", "11", "5.0", "1e2"), D20 },
        { "{\"minimum\":0.5}", VALIDS("1", "0.5", "5e-1"), VALIDS("0", "0.49999999999999999999999999", "-1"), D20 },
        { "{\"maximum\":9007199254740992}", VALIDS("9007199254740992"),
          VALIDS("9007199254740993", "9007199254740992.5"), D20 },
        { "{\"maximum\":1e400}", VALIDS("1e400", "9e399"), VALIDS("1.0001e400"), D20 },
        { "{\"minimum\":-9223372036854775808}", VALIDS("-9223372036854775808"), VALIDS("-9223372036854775809"), D20 },
        { "{\"multipleOf\":3}", VALIDS("9", "0", "-3", "9.0", "3e3"), VALIDS("10", "9.5"), D20 },
        { "{\"multipleOf\":0.01}", VALIDS("12.34", "0.07", "19.99", "4"), VALIDS("12.345"), D20 },
        { "{\"multipleOf\":1e-8}", VALIDS("12391239123"), NOTHING, D20 },
        { "{\"minimum\":5,\"exclusiveMinimum\":7}", VALIDS("8"), VALIDS("6", "7"), D20 },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_strings(void **state)
{
    const struct row rows[] = {
        { "{\"minLength\":2,\"maxLength\":3}", VALIDS("\"ab\"", "\"äöü\"", "\"\\u00e4b\"", "\"\\ud83d\\ude00x\"", "5"),
          VALIDS("\"a\"", "\"abcd\"", "\"\\ud83d\\ude00\"", "\"\""), D20 },
        { "{\"maxLength\":2.0}", VALIDS("\"😀😀\""), VALIDS("\"😀😀😀\""), D20 },
        { "{\"minLength\":1}", VALIDS("\"\\n\"", "\"é\""), VALIDS("\"\""), D20 },
        { "{\"maxLength\":1e400}", VALIDS("\"abc\""), NOTHING, D20 },
        { "{\"pattern\":\"^a.c$\"}", VALIDS("\"abc\"", "\"a\\u0062c\"", "1"),
          VALIDS("\"ab\"", "\"a\\nc\"", "\"abc\\n\""), D20 },
        { "{\"pattern\":\"b\"}", VALIDS("\"abc\"", "\"\\u0062\""), VALIDS("\"ac\"", "\"\""), D20 },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_values(void **state)
{
    const struct row rows[] = {
        { "{\"const\":1}", VALIDS("1", "1.0", "10e-1"), VALIDS("2", "true", "\"1\""), D20 },
        { "{\"const\":9007199254740993}", VALIDS("9007199254740993"), VALIDS("9007199254740992"), D20 },
        { "{\"const\":{\"a\":1,\"b\":[true,\"x\"]}}", VALIDS("{\"b\":[true,\"\\u0078\"],\"\\u0061\":1.0}"),
          VALIDS("{\"a\":1}", "{\"a\":1,\"b\":[\"x\",true]}", "{\"a\":1,\"b\":[true,\"x\"],\"c\":0}"), D20 },
        { "{\"enum\":[\"a\",null,false,[1]]}", VALIDS("\"a\"", "null", "false", "[1.0]"),
          VALIDS("\"b\"", "true", "0", "[1,1]", "[]"), D20 },
        { "{\"enum\":[]}", NOTHING, VALIDS("1", "null"), D20 },
        { "{\"enum\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",10,1.5,{\"x\":[0]}]}",
          VALIDS("\"a\"", "\"i\"", "\"\\u0061\"", "1e1", "10.0", "15e-1", "{\"x\":[0.0]}"),
          VALIDS("\"j\"", "\"\"", "11", "{\"x\":[1]}", "[]", "null"), D20 },
        { "{\"const\":1,\"enum\":[1,2]}", VALIDS("1"), VALIDS("2"), D20 },
        { "{\"const\":\"\\\"\"}", VALIDS("\"\\u0022\""), VALIDS("\"'\""), D20 },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_arrays(void **state)
{
    const struct row rows[] = {
        { "{\"prefixItems\":[{\"type\":\"string\"}],\"items\":{\"type\":\"integer\"}}",
          VALIDS("[]", "[\"a\"]", "[\"a\",1,2]", "{}"), VALIDS("[1]", "[\"a\",\"b\"]", "[\"a\",1,1.5]"), D20 },
        { "{\"items\":[{\"type\":\"string\"}],\"additionalItems\":false}", VALIDS("[\"a\"]", "[]"),
          VALIDS("[1]", "[\"a\",1]"), D7 },
        { "{\"items\":{\"type\":\"string\"},\"additionalItems\":false}", VALIDS("[\"a\",\"b\"]"), VALIDS("[1]"), D19 },
        { "{\"minItems\":1,\"maxItems\":2}", VALIDS("[1]", "[1,2]"), VALIDS("[]", "[1,2,3]"), D20 },
        { "{\"contains\":{\"type\":\"integer\"}}", VALIDS("[1]", "[\"a\",1]", "1"), VALIDS("[]", "[\"a\"]"), D20 },
        { "{\"contains\":{\"const\":1},\"minContains\":2,\"maxContains\":3}", VALIDS("[1,1]", "[1,2,1,1]"),
          VALIDS("[1]", "[1,1,1,1]"), D20 },
        { "{\"contains\":{\"const\":1},\"minContains\":0}", VALIDS("[]", "[2]"), NOTHING, D20 },
        { "{\"contains\":{\"const\":1},\"minContains\":2}", VALIDS("[1]"), VALIDS("[]"), D7 },
        { "{\"uniqueItems\":true}", VALIDS("[1,2,\"1\",true,null,{\"a\":1},{\"a\":2}]", "[]"),
          VALIDS("[1,2,1.0]", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", "[\"a\",\"\\u0061\"]"), D20 },
        { "{\"uniqueItems\":true}",
          VALIDS("[1,2,3,4,5,6,7,8,9,10,\"1\",[1],[2]]", "[0,1,false,true,null,\"\",[],{},\"0\",[0]]"),
          VALIDS("[1,2,3,4,5,6,7,8,9,10,1e0]", "[[],1,2,3,4,5,6,7,8,9,[]]", "[\"x\",1,2,3,4,5,6,7,8,\"\\u0078\"]"),
          D20 },
        { "{\"uniqueItems\":false}", VALIDS("[1,1]"), NOTHING, D20 },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_objects(void **state)
{
    const struct row rows[] = {
        { "{\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{}},\"required\":[\"a\",\"c\"]}",
          VALIDS("{\"a\":1,\"c\":2}", "{\"c\":0,\"\\u0061\":1,\"x\":0}", "[]"),
          VALIDS("{\"a\":1}", "{\"a\":\"\",\"c\":1}", "{}"), D20 },
        { "{\"properties\":{\"a\":{}},\"required\":[\"b\"],\"additionalProperties\":false}", NOTHING,
          VALIDS("{\"b\":1}", "{\"a\":1}", "{\"a\":1,\"b\":1}"), D20 },
        { "{\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"null\"}}", VALIDS("{\"a\":1,\"b\":null}"),
          VALIDS("{\"b\":1}"), D20 },
        { "{\"properties\":{\"a1\":{\"minimum\":5}},\"patternProperties\":{\"^a\":{\"type\":\"integer\"},\"1$\":{"
          "\"maximum\":9}},"
          "\"additionalProperties\":false}",
          VALIDS("{\"a1\":5}", "{\"a\":1}", "{\"z1\":9}"),
          VALIDS("{\"a1\":4}", "{\"a1\":10}", "{\"a\":1.5}", "{\"b\":1}"), D20 },
        { "{\"minProperties\":1,\"maxProperties\":2}", VALIDS("{\"a\":1}", "[]"),
          VALIDS("{}", "{\"a\":1,\"b\":1,\"c\":1}"), D20 },
        { "{\"propertyNames\":{\"pattern\":\"^[a-z]+$\",\"maxLength\":3}}", VALIDS("{\"abc\":1}", "{}"),
          VALIDS("{\"aBc\":1}", "{\"abcd\":1}", "{\"\\u0041\":1}"), D20 },
        { "{\"dependentRequired\":{\"a\":[\"b\"]},\"dependentSchemas\":{\"c\":{\"required\":[\"d\"]}}}",
          VALIDS("{\"a\":1,\"b\":1}", "{\"b\":1}", "{\"c\":1,\"d\":1}"), VALIDS("{\"a\":1}", "{\"c\":1}"), D20 },
        { "{\"dependencies\":{\"a\":[\"b\"],\"c\":{\"required\":[\"d\"]}}}",
          VALIDS("{\"a\":1,\"b\":1}", "{\"c\":1,\"d\":1}"), VALIDS("{\"a\":1}", "{\"c\":1}"), D7 },
        { "{\"dependentRequired\":{\"a\":[\"b\"]}}", VALIDS("{\"a\":1}"), NOTHING, D7 },
        { "{\"properties\":{\"a\\u0000b\":false,\"ab\":{}}}", VALIDS("{\"ab\":1,\"a\":1}"), VALIDS("{\"a\\u0000b\":1}"),
          D20 },
        { "{\"properties\":{\"\":{\"type\":\"null\"}},\"required\":[\"\"]}", VALIDS("{\"\":null}"),
          VALIDS("{\"\":1}", "{}"), D20 },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_combinations(void **state)
{
    const struct row rows[] = {
        { "{\"allOf\":[{\"type\":\"integer\"},{\"minimum\":3}]}", VALIDS("3"), VALIDS("2", "3.5"), D20 },
        { "{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":3}]}", VALIDS("\"x\"", "3", "null"), VALIDS("2"), D20 },
        { "{\"oneOf\":[{\"multipleOf\":2},{\"multipleOf\":3}]}", VALIDS("2", "3"), VALIDS("6", "5", "\"x\""), D20 },
        { "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", VALIDS("\"\"", "null"), VALIDS("1", "{}"), D20 },
        { "{\"oneOf\":[{\"type\":[\"string\",\"null\"]},{\"type\":\"null\"}]}", VALIDS("\"\""), VALIDS("null", "1"),
          D20 },
        { "{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", VALIDS("1.5"), VALIDS("1", "1.0", "\"\""),
          D20 },
        { "{\"not\":{\"type\":\"integer\"}}", VALIDS("1.5", "\"1\""), VALIDS("1", "1.0"), D20 },
        { "{\"not\":{\"enum\":[\"a\",null]}}", VALIDS("\"b\"", "1"), VALIDS("\"a\"", "null"), D20 },
        { "{\"if\":{\"type\":\"integer\"},\"then\":{\"minimum\":3},\"else\":{\"type\":\"string\"}}",
          VALIDS("3", "\"\""), VALIDS("2", "1.5", "null"), D20 },
        { "{\"if\":{\"const\":1},\"then\":false}", VALIDS("2", "{}"), VALIDS("1"), D20 },
        { "{\"if\":{\"const\":1},\"else\":false}", VALIDS("1"), VALIDS("2"), D20 },
        { "{\"if\":false}", VALIDS("2"), NOTHING, D20 },
        { "{\"then\":false,\"else\":false}", VALIDS("2"), NOTHING, D20 },
        /* many alternatives of objects: each is looked at before it is checked */
        { "{\"oneOf\":[{\"properties\":{\"k\":{\"const\":\"a\"},\"v\":{\"type\":\"integer\"}},\"required\":[\"k\"]},"
          "{\"properties\":{\"k\":{\"const\":\"b\"},\"v\":{\"type\":\"string\"}},\"required\":[\"k\"]},"
          "{\"properties\":{\"k\":{\"enum\":[\"c\",\"d\"]}},\"required\":[\"k\",\"w\"],\"additionalProperties\":false,"
          "\"patternProperties\":{\"^w\":{\"type\":\"array\"}}}]}",
          VALIDS("{\"k\":\"a\",\"v\":1}", "{\"k\":\"b\",\"v\":\"\"}", "{\"k\":\"d\",\"w\":[]}",
                 "{\"w2\":[],\"k\":\"c\",\"w\":[]}"),
          VALIDS("{\"k\":\"a\",\"v\":\"\"}", "{\"k\":\"b\",\"v\":1}", "{\"k\":\"d\"}", "{\"v\":1}",
                 "{\"k\":\"c\",\"w\":[],\"x\":1}", "{\"k\":\"c\",\"w\":1}"),
          D20 },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_references(void **state)
{
    const struct row rows[] = {
        { "{\"$defs\":{\"n\":{\"type\":\"integer\"}},\"$ref\":\"#/$defs/n\",\"minimum\":3}", VALIDS("3"),
          VALIDS("2", "\"\""), D20 },
        { "{\"definitions\":{\"n\":{\"type\":\"integer\"}},\"$ref\":\"#/definitions/n\",\"minimum\":3}", VALIDS("2"),
          VALIDS("\"\""), D7 },
        { "{\"properties\":{\"next\":{\"$ref\":\"#\"}},\"required\":[\"v\"]}", VALIDS("{\"v\":1,\"next\":{\"v\":2}}"),
          VALIDS("{\"v\":1,\"next\":{}}"), D20 },
        { "{\"$defs\":{\"a\":{\"$anchor\":\"n\",\"type\":\"null\"}},\"$ref\":\"#n\"}", VALIDS("null"), VALIDS("1"),
          D19 },
        { "{\"definitions\":{\"a\":{\"$id\":\"#n\",\"type\":\"null\"}},\"allOf\":[{\"$ref\":\"#n\"}]}", VALIDS("null"),
          VALIDS("1"), D7 },
        { "{\"$defs\":{\"a\":{\"$id\":\"sub/a.json\",\"$defs\":{\"t\":{\"type\":\"null\"}},\"$ref\":\"#/$defs/t\"}},"
          "\"$ref\":\"sub/a.json\"}",
          VALIDS("null"), VALIDS("1"), D20 },
        { "{\"x~y/z%\":{\"type\":\"null\"},\"$ref\":\"#/x~0y~1z%25\"}", VALIDS("null"), VALIDS("1"), D20 },
    };

    (void)state;
    CHECK_ROWS(rows);
}

/* Members of `required` past the bit set, with known and unknown ones around. */
static void test_many_required(void **state)
{
    struct schema_scratch *scratch = schema_scratch_new();
    char *schema = calloc(1, 20000), *all = calloc(1, 20000), *at = schema, *to = all;
    struct schema *s;
    struct json_doc d;

    (void)state;
    at += sprintf(at, "{\"required\":[");
    to += sprintf(to, "{\"extra\":0");
    for (int i = 0; i < 300; i++) {
        at += sprintf(at, "%s\"name%d\"", i ? "," : "", i);
        to += sprintf(to, ",\"name%d\":0", 299 - i);
    }
    strcpy(at, "]}");
    strcpy(to, "}");
    s = case_schema(schema, D20);
    case_parse(&d, all);
    assert_int_equal(schema_check(s, &d, 0, scratch), SCHEMA_VALID);
    json_doc_clear(&d);
    for (int i = 0; i < 300; i += 23) {
        char name[24], *found;

        snprintf(name, sizeof name, "\"name%d\"", i);
        found = strstr(all, name) + 1;
        *found = 'N';
        case_parse(&d, all);
        assert_int_equal(schema_check(s, &d, 0, scratch), SCHEMA_INVALID);
        json_doc_clear(&d);
        *found = 'n';
    }
    schema_unref(s);
    schema_scratch_free(scratch);
    free(schema);
    free(all);
}

static enum schema_verdict verdict(const char *schema, const char *text, uint32_t depth)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema *s = case_schema(schema, D20);
    enum schema_verdict v;
    struct json_doc d;

    if (depth)
        schema_scratch_set_depth(scratch, depth);
    case_parse(&d, text);
    v = schema_check(s, &d, 0, scratch);
    json_doc_clear(&d);
    schema_unref(s);
    schema_scratch_free(scratch);
    return v;
}

static char *nested(size_t depth)
{
    char *text = malloc(2 * depth + 1);

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

static void test_limits(void **state)
{
    static const char *deep = "{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}";
    static const char *wide =
        "{\"anyOf\":[{\"items\":{\"$ref\":\"#\"},\"minItems\":1},{\"items\":{\"$ref\":\"#\"},\"minItems\":1}],"
        "\"type\":\"array\"}";
    char *text = nested(1000), *letters = malloc(60);

    (void)state;
    assert_int_equal(verdict(deep, text, 0), SCHEMA_VALID);
    assert_int_equal(verdict(deep, text, 100), SCHEMA_LIMIT);
    /* twice the work a level, but for the memory of what was asked before */
    assert_int_equal(verdict(wide, text, 0), SCHEMA_INVALID);
    memset(letters, 'a', 58);
    letters[0] = letters[57] = '"';
    letters[56] = 'b';
    letters[58] = '\0';
    assert_int_equal(verdict("{\"pattern\":\"^(a+)+$\"}", letters, 0), SCHEMA_LIMIT);
    /* a limit is passed on by everything that could turn it round */
    assert_int_equal(verdict("{\"not\":{\"pattern\":\"^(a+)+$\"}}", letters, 0), SCHEMA_LIMIT);
    assert_int_equal(verdict("{\"anyOf\":[{\"pattern\":\"^(a+)+$\"},{\"minLength\":1}]}", letters, 0), SCHEMA_LIMIT);
    assert_int_equal(verdict("{\"oneOf\":[{\"pattern\":\"^(a+)+$\"},{\"minLength\":1}]}", letters, 0), SCHEMA_LIMIT);
    assert_int_equal(verdict("{\"if\":{\"pattern\":\"^(a+)+$\"},\"else\":{\"minLength\":1}}", letters, 0),
                     SCHEMA_LIMIT);
    free(text);
    free(letters);
}

/* Sixty-four digits and the same with 1 and 2 exchanged have one hash (Thue and Morse's sequence under a polynomial):
 * 2^16 numbers of one hash, each as long as is wanted. */
static void put_digits(char *out, bool other)
{
    for (unsigned i = 0; i < 64; i++)
        out[i] = (__builtin_popcount(i) & 1) == other ? '1' : '2';
}

static char *numbers_of_one_hash(unsigned n, unsigned blocks)
{
    size_t each = 64 * (size_t)blocks + 3;
    char *text = malloc(n * each + 2), *at = text;

    *at++ = '[';
    for (unsigned i = 0; i < n; i++) {
        *at++ = '1';
        for (unsigned b = 0; b < blocks; b++, at += 64)
            put_digits(at, b + 16 >= blocks && i >> (blocks - 1 - b) & 1);
        *at++ = '1';
        *at++ = i + 1 < n ? ',' : ']';
    }
    *at = '\0';
    return text;
}

static void test_one_hash(void **state)
{
    char *text = numbers_of_one_hash(2000, 16);

    (void)state;
    assert_int_equal(verdict("{\"uniqueItems\":true}", text, 0), SCHEMA_LIMIT);
    free(text);
    text = numbers_of_one_hash(30, 16);
    assert_int_equal(verdict("{\"uniqueItems\":true}", text, 0), SCHEMA_VALID);
    free(text);
}

static void test_parts_of_documents(void **state)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema *s = case_schema("{\"type\":\"object\",\"required\":[\"x\"]}", D20), *again = schema_ref(s);
    struct json_doc d;

    (void)state;
    case_parse(&d, "{\"a\":{\"x\":1},\"b\":{}}");
    assert_int_equal(schema_check(s, &d, json_member(&d, 0, SLICE("a")), scratch), SCHEMA_VALID);
    assert_int_equal(schema_check(s, &d, json_member(&d, 0, SLICE("b")), scratch), SCHEMA_INVALID);
    schema_unref(s);
    assert_int_equal(schema_check(again, &d, 0, scratch), SCHEMA_INVALID);
    assert_true(schema_bytes(again) > 0);
    schema_unref(again);
    json_doc_clear(&d);
    schema_scratch_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_combinations),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_many_required),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_one_hash),
        cmocka_unit_test(test_parts_of_documents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
