#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "cases.h"

#define D20 SCHEMA_DRAFT_2020_12

struct row {
    const char *schema, *instance;
    /* "instance path | keyword path | message", in order */
    const char *errors[4];
};

static bool is_error(const struct schema_error *error, const char *text)
{
    struct slice path, keyword, message, rest = slice_z(text);

    slice_cut(rest, '|', &path, &rest);
    slice_cut(rest, '|', &keyword, &message);
    return slice_eq(error->instance_path, path) && slice_eq(error->keyword_path, keyword) &&
           slice_eq(error->message, message);
}

static void check(const struct row *row)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema *s = case_schema(row->schema, D20);
    struct schema_report r;
    struct json_doc d;
    size_t n = 0;

    case_parse(&d, row->instance);
    schema_report_make(&r, s, &d, 0, scratch, 20);
    assert_int_equal(r.verdict, SCHEMA_INVALID);
    for (; n < 4 && row->errors[n]; n++) {
        if (n >= r.count)
            fail_msg("%s: \"%s\" is not reported", row->instance, row->errors[n]);
        if (!is_error(&r.errors[n], row->errors[n]))
            fail_msg("%s: expected \"%s\", found \"%.*s|%.*s|%.*s\"", row->instance, row->errors[n],
                     SLICE_FMT(r.errors[n].instance_path), SLICE_FMT(r.errors[n].keyword_path),
                     SLICE_FMT(r.errors[n].message));
    }
    assert_int_equal(r.count, n);
    assert_false(r.more);
    schema_report_clear(&r);
    json_doc_clear(&d);
    schema_unref(s);
    schema_scratch_free(scratch);
}

static void test_messages(void **state)
{
    static const struct row rows[] = {
        { "{\"type\":\"integer\"}", "\"x\"", { "|/type|expected integer, found string \"x\"" } },
        { "{\"type\":[\"string\",\"integer\",\"null\"]}",
          "1.5",
          { "|/type|expected string, integer or null, found number 1.5" } },
        { "{\"properties\":{\"a\":false}}",
          "{\"a\":1}",
          { "/a|/properties/a|no value is allowed here, found number 1" } },
        { "{\"properties\":{\"a\":{\"enum\":[\"x\",2]}}}",
          "{\"a\":[1]}",
          { "/a|/properties/a/enum|expected one of \"x\", 2, found array of 1 item" } },
        { "{\"const\":null}", "{}", { "|/const|expected null, found object of 0 members" } },
        { "{\"minimum\":2,\"multipleOf\":5}", "1", { "|/minimum|must be at least 2, found number 1" } },
        { "{\"exclusiveMaximum\":2}", "2.0", { "|/exclusiveMaximum|must be less than 2, found number 2.0" } },
        { "{\"multipleOf\":0.1}", "0.25", { "|/multipleOf|must be a multiple of 0.1, found number 0.25" } },
        { "{\"minLength\":2}",
          "\"\\u00e4\"",
          { "|/minLength|must have at least 2 characters, has 1, found string \"\\u00e4\"" } },
        { "{\"pattern\":\"^\\\\d$\"}",
          "\"a\"",
          { "|/pattern|must match the pattern \"^\\\\d$\", found string \"a\"" } },
        { "{\"minItems\":2,\"items\":{\"type\":\"null\"}}",
          "[1]",
          { "|/minItems|must have at least 2 items, has 1", "/0|/items/type|expected null, found number 1" } },
        { "{\"prefixItems\":[true,{\"type\":\"null\"}]}",
          "[1,2]",
          { "/1|/prefixItems/1/type|expected null, found number 2" } },
        { "{\"uniqueItems\":true}",
          "[1,\"a\",2,\"a\"]",
          { "|/uniqueItems|items must differ, but 1 and 3 are equal: string \"a\"" } },
        { "{\"contains\":{\"type\":\"null\"}}",
          "[1]",
          { "|/contains|must contain at least 1 item of the kind that \"contains\" describes, has 0" } },
        { "{\"required\":[\"a\",\"b\\\"\"]}", "{\"a\":1}", { "|/required|required property \"b\\\"\" is missing" } },
        { "{\"properties\":{\"listen\":{}},\"additionalProperties\":false}",
          "{\"lisen\":1,\"qqqqqq\":2}",
          { "/lisen|/additionalProperties|unknown property \"lisen\"; did you mean \"listen\"?",
            "/qqqqqq|/additionalProperties|unknown property \"qqqqqq\"" } },
        { "{\"additionalProperties\":{\"type\":\"null\"}}",
          "{\"a~/b\":1}",
          { "/a~0~1b|/additionalProperties/type|expected null, found number 1" } },
        { "{\"patternProperties\":{\"^a/\":{\"type\":\"null\"}}}",
          "{\"a/b\":1}",
          { "/a~1b|/patternProperties/^a~1/type|expected null, found number 1" } },
        { "{\"propertyNames\":{\"maxLength\":1}}",
          "{\"ab\":1}",
          { "/ab|/propertyNames|the property name is not allowed: must have at most 1 character, has 2, found string "
            "\"ab\"" } },
        { "{\"maxProperties\":1}", "{\"a\":1,\"b\":1}", { "|/maxProperties|must have at most 1 property, has 2" } },
        { "{\"dependentRequired\":{\"a\":[\"b\"]}}",
          "{\"a\":1}",
          { "|/dependentRequired|property \"b\" is missing, which must stand beside \"a\"" } },
        { "{\"dependentSchemas\":{\"a\":{\"maxProperties\":1}}}",
          "{\"a\":1,\"b\":1}",
          { "|/dependentSchemas/a/maxProperties|must have at most 1 property, has 2" } },
        { "{\"not\":{\"type\":\"null\"}}",
          "null",
          { "|/not|must not be of the kind that \"not\" describes, found null" } },
        { "{\"if\":{\"minimum\":5},\"then\":{\"multipleOf\":2},\"else\":{\"multipleOf\":3}}",
          "7",
          { "|/then/multipleOf|must be a multiple of 2, found number 7" } },
        { "{\"if\":{\"minimum\":5},\"then\":{\"multipleOf\":2},\"else\":{\"multipleOf\":3}}",
          "4",
          { "|/else/multipleOf|must be a multiple of 3, found number 4" } },
        { "{\"$defs\":{\"n\":{\"type\":\"null\"}},\"properties\":{\"a\":{\"allOf\":[true,{\"$ref\":\"#/$defs/n\"}]}}}",
          "{\"a\":1}",
          { "/a|/properties/a/allOf/1/$ref/type|expected null, found number 1" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i]);
}

/* Whatever fails, wherever the schema says that it is write-only: the value is not in the message, nor is the one that
 * was expected. */
static void test_secrets(void **state)
{
    static const char *const schemas[] = {
        "{\"properties\":{\"a\":{\"writeOnly\":true,\"type\":\"integer\"}}}",
        "{\"properties\":{\"a\":{\"writeOnly\":true,\"$ref\":\"#/$defs/s\"}},\"$defs\":{\"s\":{\"type\":\"integer\"}}}",
        "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/s\",\"type\":\"integer\"}},\"$defs\":{\"s\":{\"writeOnly\":true}}}",
        "{\"properties\":{\"a\":{\"writeOnly\":true,\"allOf\":[{\"type\":\"integer\"}]}}}",
        "{\"properties\":{\"a\":{\"type\":\"integer\"}},\"allOf\":[{\"properties\":{\"a\":{\"writeOnly\":true}}}]}",
        "{\"properties\":{\"b\":{\"writeOnly\":true,\"items\":{\"type\":\"integer\"}}}}",
        "{\"properties\":{\"b\":{\"writeOnly\":true,\"contains\":{\"const\":\"SECRET\"},\"maxItems\":0}}}",
        "{\"properties\":{\"b\":{\"minItems\":2,\"items\":{\"writeOnly\":true}}}}",
        ("{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"properties\":{\"a\":{\"writeOnly\":true,\"$ref\":"
         "\"#/definitions/i\"}},\"definitions\":{\"i\":{\"type\":\"integer\"}}}"),
        "{\"properties\":{\"c\":{\"uniqueItems\":true,\"items\":{\"writeOnly\":true}}}}",
        "{\"properties\":{\"api-Key\":{\"pattern\":\"^x\"}}}",
        "{\"properties\":{\"api-Key\":{\"const\":\"SECRET\"}}}",
        "{\"properties\":{\"api-Key\":{\"enum\":[\"SECRET\",\"SECRET2\"]}}}",
        "{\"const\":{\"password\":\"SECRET\"}}",
        "{\"additionalProperties\":{\"type\":\"null\",\"writeOnly\":true}}",
        "{\"properties\":{\"a\":{\"writeOnly\":true,\"anyOf\":[{\"type\":\"integer\"},{\"minLength\":50}]}}}",
    };
    struct schema_scratch *scratch = schema_scratch_new();
    struct json_doc d;

    (void)state;
    case_parse(&d, "{\"a\":\"hidden\",\"b\":[\"hidden\"],\"api-Key\":\"hidden\",\"c\":[\"hidden\",\"hidden\"]}");
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        struct schema *s = case_schema(schemas[i], D20);
        struct schema_report r;

        schema_report_make(&r, s, &d, 0, scratch, 20);
        assert_int_equal(r.verdict, SCHEMA_INVALID);
        for (size_t n = 0; n < r.count; n++)
            if (memmem(r.errors[n].message.ptr, r.errors[n].message.len, "hidden", 6) ||
                memmem(r.errors[n].message.ptr, r.errors[n].message.len, "SECRET", 6))
                fail_msg("%s: %.*s", schemas[i], SLICE_FMT(r.errors[n].message));
        schema_report_clear(&r);
        schema_unref(s);
    }
    json_doc_clear(&d);
    schema_scratch_free(scratch);
}

static void test_branches(void **state)
{
    static const char *kinds =
        "{\"oneOf\":[{\"type\":\"string\"},"
        "{\"properties\":{\"k\":{\"const\":\"a\"},\"v\":{\"type\":\"integer\"}},\"required\":[\"k\",\"v\"]},"
        "{\"properties\":{\"k\":{\"const\":\"b\"},\"v\":{\"type\":\"null\"}},\"required\":[\"k\",\"v\"]}]}";
    const struct row rows[] = {
        { kinds,
          "{\"k\":\"b\",\"v\":1}",
          { "|/oneOf|matches none of the 3 alternatives; closest is number 3",
            "/v|/oneOf/2/properties/v/type|expected null, found number 1" } },
        { kinds,
          "{\"k\":\"a\"}",
          { "|/oneOf|matches none of the 3 alternatives; closest is number 2",
            "|/oneOf/1/required|required property \"v\" is missing" } },
        { "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\",\"minimum\":2}]}",
          "null",
          { "|/anyOf|expected string or integer, found null" } },
        { "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}",
          "null",
          { "|/anyOf|expected number, found null" } },
        { "{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"null\"},{\"minimum\":2}]}",
          "3",
          { "|/oneOf|must match exactly one of the 3 alternatives, but matches numbers 1 and 3" } },
        { "{\"anyOf\":[{\"minimum\":2}]}", "1", { "|/anyOf/0/minimum|must be at least 2, found number 1" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i]);
}

static void test_places(void **state)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema *s = case_schema(
        "{\"$defs\":{\"n\":{\"items\":{\"type\":\"null\"}}},\"properties\":{\"a\":{\"$ref\":\"#/$defs/n\"}},"
        "\"additionalProperties\":false}",
        D20);
    struct schema_report r;
    struct json_doc d;
    uint32_t line, column;

    (void)state;
    case_parse(&d, "{\n  \"a\": [null,\n    7],\n  \"zz\": 1}");
    schema_report_make(&r, s, &d, 0, scratch, 20);
    assert_int_equal(r.count, 2);
    assert_true(slice_eq_z(r.errors[0].schema_place, "case.json#/$defs/n/items/type"));
    json_position(d.text, d.nodes[r.errors[0].node].at, &line, &column);
    assert_int_equal(line, 3);
    assert_int_equal(column, 5);
    assert_true(slice_eq_z(r.errors[1].schema_place, "case.json#/additionalProperties"));
    json_position(d.text, d.nodes[r.errors[1].node].at, &line, &column);
    assert_int_equal(line, 4);
    schema_report_clear(&r);
    schema_report_make(&r, s, &d, 0, scratch, 1);
    assert_int_equal(r.count, 1);
    assert_true(r.more);
    schema_report_clear(&r);
    json_doc_clear(&d);
    case_parse(&d, "{\"a\":[null]}");
    schema_report_make(&r, s, &d, 0, scratch, 20);
    assert_int_equal(r.verdict, SCHEMA_VALID);
    assert_int_equal(r.count, 0);
    schema_report_clear(&r);
    json_doc_clear(&d);
    schema_unref(s);
    schema_scratch_free(scratch);
}

/* Long values are cut at a character; a limit is reported as one. */
static void test_bounds(void **state)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema *s = case_schema("{\"type\":\"null\"}", D20), *slow = case_schema("{\"pattern\":\"^(a+)+$\"}", D20);
    struct schema_report r;
    struct json_doc d;

    (void)state;
    case_parse(&d, "\"ääääääääääääääääääääääääääääääääääääääääää\"");
    schema_report_make(&r, s, &d, 0, scratch, 20);
    assert_true(slice_eq_z(r.errors[0].message, "expected null, found string \"äääääääääääääääääääääääääääää…"));
    schema_report_clear(&r);
    json_doc_clear(&d);
    case_parse(&d, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"");
    schema_report_make(&r, slow, &d, 0, scratch, 20);
    assert_int_equal(r.verdict, SCHEMA_LIMIT);
    assert_int_equal(r.count, 1);
    assert_non_null(strstr(r.errors[0].message.ptr, "given up"));
    schema_report_clear(&r);
    json_doc_clear(&d);
    schema_unref(s);
    schema_unref(slow);
    schema_scratch_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
