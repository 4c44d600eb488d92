/* Where ajv 8.20 (2020-12) or JavaScript's numbers say something else than the specification: what random schemas found
 * (tests/system/differential.test.mjs, whose list of ajv's ways is tests/system/lib/deviations.mjs), in the fewest
 * words, with the verdict and the section that decides. C: JSON Schema core 2020-12; V: validation. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cases.h"

struct row {
    const char *schema, *instance;
    bool valid;
    const char *why;
};

static void check_rows(const struct row *rows, size_t n)
{
    struct schema_scratch *scratch = schema_scratch_new();

    for (size_t i = 0; i < n; i++) {
        struct schema *s = case_schema(rows[i].schema, SCHEMA_DRAFT_2020_12);
        enum schema_verdict want = rows[i].valid ? SCHEMA_VALID : SCHEMA_INVALID;
        struct schema_report r;
        struct json_doc d;

        case_parse(&d, rows[i].instance);
        if (schema_check(s, &d, 0, scratch) != want)
            fail_msg("%s: %s should be %s: %s", rows[i].schema, rows[i].instance, rows[i].valid ? "valid" : "invalid",
                     rows[i].why);
        schema_report_make(&r, s, &d, 0, scratch, 10);
        assert_int_equal(r.verdict, want);
        assert_int_equal(r.count == 0, rows[i].valid);
        schema_report_clear(&r);
        json_doc_clear(&d);
        schema_unref(s);
    }
    schema_scratch_free(scratch);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof rows[0])

static void test_numbers(void **state)
{
    static const struct row rows[] = {
        { "{\"multipleOf\":0.01}", "19.99", true, "V 6.2.1: 1999 times; as doubles 1998.9999999999998" },
        { "{\"multipleOf\":0.1}", "87.8", true, "V 6.2.1: 878 times" },
        { "{\"multipleOf\":0.2}", "1e22", true, "V 6.2.1" },
        { "{\"multipleOf\":1e-8}", "1e300", true, "V 6.2.1: a whole number however large" },
        { "{\"multipleOf\":1e-8}", "0.00000231", true, "V 6.2.1: 231 times" },
        { "{\"multipleOf\":0.01}", "12.345", false, "V 6.2.1" },
        { "{\"const\":9007199254740993}", "9007199254740992", false, "C 4.2.2: the mathematical value, not a double" },
        { "{\"uniqueItems\":true}", "[9007199254740993,9007199254740992]", true, "C 4.2.2" },
        { "{\"enum\":[0.1]}", "0.1000000000000000055511151231257827", false, "C 4.2.2" },
        { "{\"exclusiveMaximum\":1e400}", "9e399", true, "V 6.2.3: both are infinite to a double" },
        { "{\"type\":\"integer\"}", "1e400", true, "V 6.1.1: no fraction" },
        { "{\"type\":\"integer\"}", "0.99999999999999999999", false, "V 6.1.1" },
        { "{\"minimum\":0}", "-1e-400", false, "V 6.2.4: less than 0, though by less than doubles can tell" },
        { "{\"const\":0}", "-0.0e5", true, "C 4.2.2" },
        { "{\"uniqueItems\":true}", "[1,1.0]", false, "C 4.2.2" },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_names(void **state)
{
    static const struct row rows[] = {
        { "{\"properties\":{\"__proto__\":false}}", "{\"__proto__\":1}", false, "C 10.3.2.1: a name as any other" },
        { "{\"properties\":{\"__proto__\":true},\"additionalProperties\":false}", "{\"__proto__\":1}", true,
          "C 10.3.2.3" },
        { "{\"properties\":{\"a\":{\"properties\":{\"__proto__\":{\"type\":\"null\"}}}}}", "{\"a\":{\"__proto__\":0}}",
          false, "C 10.3.2.1" },
        { "{\"required\":[\"toString\",\"constructor\"]}", "{}", false, "V 6.5.3: nothing is there from birth" },
        { "{\"required\":[\"length\"]}", "{\"\":1}", false, "V 6.5.3" },
        { "{\"dependentRequired\":{\"a\":[\"\"]}}", "{\"a\":1}", false, "V 6.5.4: the empty name is a name" },
        { "{\"not\":{\"required\":[\"\"]}}", "{}", true, "V 6.5.3: the empty name is missing" },
        { "{\"const\":{\"toString\":1}}", "{\"toString\":1.0}", true, "C 4.2.2: ajv calls it" },
        { "{\"uniqueItems\":true}", "[{\"constructor\":{}},{\"constructor\":{}}]", false,
          "C 4.2.2: ajv takes them for objects of two classes" },
        { "{\"propertyNames\":{\"maxLength\":1}}", "{\"\\ud83d\\ude00\":1}", true, "V 6.3.1: of characters" },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_contains(void **state)
{
    static const struct row rows[] = {
        { "{\"prefixItems\":[{\"type\":\"null\"}],\"contains\":true}", "[]", false, "C 10.3.1.3: none fits" },
        { "{\"not\":{\"prefixItems\":[false],\"contains\":true}}", "[]", true, "C 10.3.1.3" },
        { "{\"oneOf\":[{\"prefixItems\":[{\"pattern\":\"x\"}],\"contains\":true}]}", "[]", false, "C 10.3.1.3" },
        { "{\"contains\":{\"type\":\"integer\"},\"unevaluatedItems\":false}", "[1,\"a\"]", false,
          "C 11.2: only what fits \"contains\" is evaluated by it" },
        { "{\"contains\":{\"type\":\"integer\"},\"unevaluatedItems\":false}", "[1,2]", true, "C 11.2" },
        { "{\"contains\":{\"type\":\"integer\"},\"minContains\":0,\"unevaluatedItems\":{\"type\":\"string\"}}",
          "[1,\"a\"]", true, "C 11.2: also where none has to" },
    };

    (void)state;
    CHECK_ROWS(rows);
}

#define NONE_ELSE "\"unevaluatedProperties\":false"
#define NO_ITEM_ELSE "\"unevaluatedItems\":false"

static void test_unevaluated(void **state)
{
    static const struct row rows[] = {
        { "{" NO_ITEM_ELSE ",\"oneOf\":[{\"items\":true}]}", "[1,2]", true, "C 10.3.1.2: \"items\" evaluates all" },
        { "{" NO_ITEM_ELSE ",\"anyOf\":[{\"items\":{\"type\":\"integer\"}}]}", "[1,2]", true, "C 10.3.1.2" },
        { "{" NO_ITEM_ELSE ",\"oneOf\":[{\"unevaluatedItems\":true}]}", "[1,2]", true, "C 11.2" },
        { "{\"properties\":{\"a\":true},\"dependentSchemas\":{\"b\":{" NONE_ELSE "}}," NONE_ELSE "}", "{\"a\":1}", true,
          "C 10.2.2.4: b is not there; C 11.3: a is evaluated" },
        { "{\"properties\":{\"a\":true},\"dependentSchemas\":{\"b\":{\"properties\":{\"c\":true}}}," NONE_ELSE "}",
          "{\"a\":1}", true, "C 11.3" },
        { "{\"if\":{\"properties\":{\"a\":true}}," NONE_ELSE "}", "{\"a\":1}", true,
          "C 10.2.2.1: annotations come from \"if\" also where neither \"then\" nor \"else\" is there" },
        { "{\"if\":{\"properties\":{\"a\":true},\"required\":[\"b\"]},\"else\":{\"maxProperties\":3}," NONE_ELSE "}",
          "{\"a\":1}", false, "C 7.7.1.1: what failed leaves no annotations" },
        { "{\"if\":{" NONE_ELSE "},\"else\":{\"anyOf\":[true]}," NONE_ELSE "}", "{\"a\":1}", false, "C 7.7.1.1" },
        { "{" NO_ITEM_ELSE ",\"if\":true,\"then\":{\"items\":true}}", "[1,2]", true, "C 10.2.2.2" },
        { "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"unevaluatedProperties\":{\"$ref\":\"#/$defs/a\"," NO_ITEM_ELSE
          "}}}}",
          "{\"b\":[1]}", false, "C 11.2: a reference to where one is already" },
        { "{\"patternProperties\":{\"^b\":true},\"anyOf\":[{" NONE_ELSE "},true]}", "{\"b\":1}", true,
          "C 10.2.1.2: one of two is enough (ajv throws)" },
        { "{\"allOf\":[{\"properties\":{\"a\":true}}],\"anyOf\":[{" NONE_ELSE "},{\"required\":[\"b\"]}]}", "{\"a\":1}",
          false, "C 11.3: cousins do not see each other's annotations" },
    };

    (void)state;
    CHECK_ROWS(rows);
}

/* A tree whose leaves are what the outermost resource calls "n". */
#define TREE(root_mark, own)                                                                                           \
    "{\"$id\":\"https://x.example/root\"," root_mark "\"type\":\"array\",\"items\":{\"$ref\":\"t\"},"                  \
    "\"$defs\":{\"t\":{\"$id\":\"t\",\"items\":{\"$dynamicRef\":\"#n\"},"                                             \
    "\"$defs\":{\"x\":{" own ",\"type\":\"null\"}}}}}"

static void test_dynamic_references(void **state)
{
    static const struct row rows[] = {
        { TREE("\"$dynamicAnchor\":\"n\",", "\"$dynamicAnchor\":\"n\""), "[[[]]]", true,
          "C 8.2.3.2: the outermost, which is the root" },
        { TREE("\"$dynamicAnchor\":\"n\",", "\"$dynamicAnchor\":\"n\""), "[[null]]", false, "C 8.2.3.2" },
        { TREE("\"$dynamicAnchor\":\"n\",", "\"$anchor\":\"n\""), "[[null]]", true,
          "C 8.2.3.2: where it leads at first is no dynamic anchor, so it stays there" },
        { TREE("\"$dynamicAnchor\":\"n\",", "\"$anchor\":\"n\""), "[[[]]]", false, "C 8.2.3.2" },
        { TREE("\"$anchor\":\"n\",", "\"$dynamicAnchor\":\"n\""), "[[null]]", true,
          "C 8.2.3.2: the root's anchor is not dynamic" },
        { TREE("", "\"$dynamicAnchor\":\"n\""), "[[null]]", true, "C 8.2.3.2" },
        { "{\"$id\":\"https://x.example/root\",\"$dynamicAnchor\":\"n\",\"type\":\"array\",\"items\":{\"$ref\":\"t\"},"
          "\"$defs\":{\"t\":{\"$id\":\"t\",\"items\":{\"$dynamicRef\":\"u#n\"}},"
          "\"u\":{\"$id\":\"u\",\"$dynamicAnchor\":\"n\",\"type\":\"null\"}}}",
          "[[[]]]", true, "C 8.2.3.2: a reference may name another resource (ajv throws)" },
        { "{\"$dynamicAnchor\":\"n\",\"properties\":{\"b\":{\"if\":{\"$dynamicRef\":\"#n\",\"oneOf\":[true,true]},"
          "\"else\":{\"type\":\"number\"}}}}",
          "{\"b\":[]}", false, "C 10.2.2.1: the \"if\" fails for its oneOf, whatever the reference says" },
        { "{\"patternProperties\":{\"^.$\":{\"const\":6,\"$dynamicRef\":\"#n\"}},\"$anchor\":\"n\"}",
          "{\"\\ud83d\\ude00\":9}", false, "V 6.1.3" },
    };

    (void)state;
    CHECK_ROWS(rows);
}

/* Words that are ajv's own. */
static void test_foreign_words(void **state)
{
    static const struct row rows[] = {
        { "{\"type\":\"string\",\"nullable\":true}", "null", false, "C 4.3.1: \"nullable\" is OpenAPI's, not ours" },
        { "{\"enum\":[]}", "1", false, "V 6.1.2: SHOULD have an element, and nothing equals one of none" },
        { "{\"then\":false,\"else\":false}", "1", true, "C 10.2.2.2: without \"if\"" },
        { "{\"additionalItems\":false,\"items\":true}", "[1]", true, "C 10.3.1.2: it left the standard" },
        { "{\"$recursiveRef\":\"#/nowhere\"}", "1", true, "C 8.2.4.2 of 2019-09 only" },
        { "{\"minContains\":5}", "[]", true, "V 6.4.5: without \"contains\"" },
    };

    (void)state;
    CHECK_ROWS(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),       cmocka_unit_test(test_names),
        cmocka_unit_test(test_contains),      cmocka_unit_test(test_unevaluated),
        cmocka_unit_test(test_dynamic_references), cmocka_unit_test(test_foreign_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
