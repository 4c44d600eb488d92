/* Hostile schemas and values, by how they nest and branch: each must have its answer at once, and the right one: valid,
 * invalid, or LIMIT, which never passes. Nothing here looks at a clock; what takes long is a failure to whoever waits. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "hostile.h"

#define LIST "{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}"
#define CHAIN "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"additionalProperties\":false}"
#define OPEN_CHAIN "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"unevaluatedProperties\":false}"
#define DYNAMIC                                                                                                        \
    "{\"$dynamicAnchor\":\"n\",\"type\":\"array\",\"items\":{\"$dynamicRef\":\"#n\"},\"unevaluatedItems\":false}"

static void test_deep(void **state)
{
    char *text = nested("[", "", "]", 10000);

    (void)state;
    assert_int_equal(verdict(LIST, text, DEPTH_DEFAULT), SCHEMA_LIMIT);
    assert_int_equal(verdict(LIST, text, DEPTH_ANY), SCHEMA_VALID);
    assert_int_equal(verdict("{\"uniqueItems\":true}", text, DEPTH_ANY), SCHEMA_VALID);
    free(text);
    check_nested(LIST, "[", "0", "]", 10000, SCHEMA_INVALID);
    check_nested(CHAIN, "{\"a\":", "{}", "}", 9999, SCHEMA_VALID);
    check_nested(CHAIN, "{\"a\":", "{\"b\":0}", "}", 9999, SCHEMA_INVALID);
    check_nested(OPEN_CHAIN, "{\"a\":", "{}", "}", 9999, SCHEMA_VALID);
    check_nested(OPEN_CHAIN, "{\"a\":", "{\"b\":0}", "}", 9999, SCHEMA_INVALID);
    check_nested(DYNAMIC, "[", "[]", "]", 9999, SCHEMA_VALID);
    check_nested(DYNAMIC, "[", "0", "]", 9999, SCHEMA_INVALID);
}

/* Two values, each 9,998 deep, that differ at the bottom or do not. */
static void test_deep_equals(void **state)
{
    char *one = nested("[", "1", "]", 9998), *same = nested("[", "1.0", "]", 9998);
    char *other = nested("[", "2", "]", 9998);
    struct buf b;

    (void)state;
    text_begin(&b, "");
    buf_printf(&b, "[%s,0,1,2,3,4,5,6,7,8,%s]", one, same);
    assert_int_equal(verdict("{\"uniqueItems\":true}", b.ptr, DEPTH_ANY), SCHEMA_INVALID);
    buf_reset(&b);
    buf_printf(&b, "[%s,0,1,2,3,4,5,6,7,8,%s]", one, other);
    assert_int_equal(verdict("{\"uniqueItems\":true}", b.ptr, DEPTH_ANY), SCHEMA_VALID);
    buf_clear(&b);
    free(one);
    free(same);
    free(other);
}

static void test_patterns_of_endless_search(void **state)
{
    char *a = nested("a", "\"", "", 5000), *word = malloc(strlen(a) + 4);
    static const char *const schemas[] = {
        "{\"pattern\":\"^(a+)+$\"}",
        "{\"not\":{\"pattern\":\"^(a+)+$\"}}",
        "{\"pattern\":\"^(a|a)*$\"}",
        "{\"pattern\":\"^(a|aa)+$\"}",
        "{\"pattern\":\"^(.*)*$(?=c)\"}",
        "{\"anyOf\":[{\"pattern\":\"^(a+)+$\"},{\"pattern\":\"^(a*)*$\"}]}",
    };

    (void)state;
    sprintf(word, "\"%s", a);
    assert_valid(schemas[0], word);
    assert_invalid(schemas[0], "\"aaab\"");
    sprintf(word, "\"%.*sb\"", (int)strlen(a) - 1, a);
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        enum schema_verdict right = i == 1 ? SCHEMA_VALID : SCHEMA_INVALID;

        assert_answer_or_limit(schemas[i], word, right);
    }
    free(a);
    a = malloc(strlen(word) + 8);
    sprintf(a, "{%s:1}", word);
    assert_answer_or_limit("{\"patternProperties\":{\"^(a+)+$\":false}}", a, SCHEMA_VALID);
    assert_answer_or_limit("{\"propertyNames\":{\"pattern\":\"^(a+)+$\"}}", a, SCHEMA_INVALID);
    free(a);
    free(word);
}

/* Patterns that would grow without end when they are made ready: refused, or good. */
static void test_patterns_of_endless_size(void **state)
{
    static const char *const patterns[] = {
        "((((((a{1,99}){1,99}){1,99}){1,99}){1,99}){1,99})",
        "(((a{1000}){1000}){1000}){1000}",
        "a{4294967296}",
        "(?=(?=(?=(?=a*)*)*)*)*",
    };
    char *deep = nested("(", "a", ")", 100000), *long_class = nested("[^\\\\d]|", "a", "", 200000);
    struct buf b;

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0] + 2; i++) {
        struct err e = { 0 };
        struct schema *s;

        text_begin(&b, "");
        buf_printf(&b, "{\"pattern\":\"%s\"}", i == 0 ? deep : i == 1 ? long_class : patterns[i - 2]);
        s = case_compile(b.ptr, SCHEMA_DRAFT_2020_12, &e);
        assert_true(s || strstr(e.text, "pattern"));
        schema_unref(s);
        buf_clear(&b);
    }
    free(deep);
    free(long_class);
}

/* {"keyword":[n times piece, last]} */
static char *list_of(const char *keyword, const char *piece, unsigned n, const char *last)
{
    struct buf b;

    text_begin(&b, "");
    buf_printf(&b, "{\"%s\":[", keyword);
    put_times(&b, piece, n);
    buf_printf(&b, "%s]}", last);
    return b.ptr;
}

static void check_list(const char *keyword, const char *piece, const char *last, const char *instance,
                       enum schema_verdict want)
{
    char *schema = list_of(keyword, piece, 9999, last);

    if (verdict(schema, instance, DEPTH_DEFAULT) != want)
        fail_msg("%s of 9,999 times %s, then %s: %s", keyword, piece, last, instance);
    free(schema);
}

static void test_many_branches(void **state)
{
    (void)state;
    check_list("allOf", "{\"minimum\":1},", "{\"minimum\":2}", "2", SCHEMA_VALID);
    check_list("allOf", "{\"minimum\":1},", "{\"minimum\":3}", "2", SCHEMA_INVALID);
    check_list("anyOf", "{\"minimum\":5},", "{\"minimum\":2}", "2", SCHEMA_VALID);
    check_list("anyOf", "{\"minimum\":5},", "{\"minimum\":3}", "2", SCHEMA_INVALID);
    check_list("oneOf", "{\"minimum\":5},", "{\"minimum\":2}", "2", SCHEMA_VALID);
    check_list("oneOf", "{\"minimum\":5},", "{\"minimum\":2}", "5", SCHEMA_INVALID);
    check_list("oneOf", "{\"required\":[\"a\"]},", "{\"required\":[\"b\"]}", "{\"b\":1}", SCHEMA_VALID);
    check_list("allOf", "{\"unevaluatedProperties\":true},", "{\"unevaluatedProperties\":false}", "{\"b\":1}",
               SCHEMA_INVALID);
    check_list("prefixItems", "{\"minimum\":1},", "{\"minimum\":2}", "[1,1,2]", SCHEMA_VALID);
}

/* {"$defs":{"d0":(piece of 1),"d1":(piece of 2),…,"dn":last},"$ref":"#/$defs/d0"}; %u of piece is the next number. */
static char *chain_of(const char *before, const char *after, unsigned n, const char *last)
{
    struct buf b;

    text_begin(&b, "{\"$defs\":{");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "\"d%u\":{%s{\"$ref\":\"#/$defs/d%u\"}%s},", i, before, i + 1, after);
    buf_printf(&b, "\"d%u\":%s},\"$ref\":\"#/$defs/d0\"}", n, last);
    return b.ptr;
}

static void check_chain(const char *before, const char *after, unsigned n, const char *instance,
                        enum schema_verdict want)
{
    char *text = chain_of(before, after, n, "{\"minimum\":2}");
    struct schema *s = case_schema(text, SCHEMA_DRAFT_2020_12);

    if (want == SCHEMA_LIMIT)
        assert_int_equal(judge(s, instance, DEPTH_DEFAULT), SCHEMA_LIMIT);
    else
        assert_int_equal(judge(s, instance, DEPTH_ANY), want);
    schema_unref(s);
    free(text);
}

static void test_chains(void **state)
{
    char *two = nested("{\"a\":", "2", "}", 9999), *one = nested("{\"a\":", "1", "}", 9999);

    (void)state;
    check_chain("\"allOf\":[", "]", 5000, "2", SCHEMA_VALID);
    check_chain("\"allOf\":[", "]", 5000, "1", SCHEMA_INVALID);
    check_chain("\"allOf\":[", "],\"maximum\":9", 5000, "2", SCHEMA_LIMIT);
    check_chain("\"allOf\":[", "],\"maximum\":9", 5000, "2", SCHEMA_VALID);
    check_chain("\"allOf\":[", "],\"maximum\":9", 5000, "1", SCHEMA_INVALID);
    /* down a step each */
    check_chain("\"properties\":{\"a\":", "}", 9999, two, SCHEMA_VALID);
    check_chain("\"properties\":{\"a\":", "}", 9999, one, SCHEMA_INVALID);
    free(two);
    free(one);
}

/* Each definition asks twice for the next: 2^60 ways. */
static void test_laughs(void **state)
{
    static const char *const keywords[] = { "allOf", "anyOf" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct buf b;

        text_begin(&b, "{\"$defs\":{");
        for (unsigned n = 0; n < 60; n++) {
            buf_printf(&b, "\"d%u\":{\"%s\":[{\"$ref\":\"#/$defs/d%u\"},{\"$ref\":\"#/$defs/d%u\"}],", n, keywords[i],
                       n + 1, n + 1);
            buf_puts(&b, "\"maxProperties\":5},");
        }
        buf_puts(&b, "\"d60\":{\"required\":[\"a\"],\"properties\":{\"a\":true}}},\"$ref\":\"#/$defs/d0\"}");
        assert_valid(b.ptr, "{\"a\":1}");
        assert_invalid(b.ptr, "{\"b\":1}");
        /* to know what each way evaluated, each has to be gone */
        b.ptr[b.len - 1] = ',';
        buf_puts(&b, "\"unevaluatedProperties\":false}");
        assert_answer_or_limit(b.ptr, "{\"a\":1}", SCHEMA_VALID);
        assert_answer_or_limit(b.ptr, "{\"a\":1,\"b\":1}", SCHEMA_INVALID);
        buf_clear(&b);
    }
}

static void test_cycles(void **state)
{
    static const char *const cycles[] = {
        "{\"$ref\":\"#\"}",
        "{\"allOf\":[{\"$ref\":\"#\"}]}",
        "{\"anyOf\":[true,{\"$ref\":\"#\"}]}",
        "{\"oneOf\":[{\"type\":\"null\"},{\"not\":{\"$ref\":\"#\"}}]}",
        "{\"if\":{\"$ref\":\"#\"},\"else\":true}",
        "{\"if\":true,\"then\":{\"$ref\":\"#\"}}",
        "{\"if\":true,\"else\":{\"$ref\":\"#\"}}",
        "{\"dependentSchemas\":{\"a\":{\"$ref\":\"#\"}}}",
        "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}},\"$ref\":\"#/$defs/a\"}",
        "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}},\"properties\":{\"x\":{\"$ref\":\"#/$defs/a\"}}}",
        "{\"$dynamicAnchor\":\"n\",\"$dynamicRef\":\"#n\"}",
        "{\"$dynamicAnchor\":\"n\",\"allOf\":[{\"$dynamicRef\":\"#n\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cycles / sizeof cycles[0]; i++)
        assert_refused(cycles[i], SCHEMA_DRAFT_2020_12, "lead back");
    assert_refused("{\"$recursiveAnchor\":true,\"anyOf\":[{\"$recursiveRef\":\"#\"}]}", SCHEMA_DRAFT_2019_09,
                   "lead back");
    assert_refused("{\"dependencies\":{\"a\":{\"$ref\":\"#\"}}}", SCHEMA_DRAFT_7, "lead back");
    /* nobody comes by */
    assert_valid("{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}}}", "1");
}

static void test_cycles_that_go_down(void **state)
{
    static const char *even =
        "{\"$defs\":{\"even\":{\"properties\":{\"n\":{\"$ref\":\"#/$defs/odd\"}}},"
        "\"odd\":{\"properties\":{\"n\":{\"$ref\":\"#/$defs/even\"}},\"required\":[\"n\"]}},\"$ref\":\"#/$defs/even\"}";

    (void)state;
    check_nested(even, "{\"n\":", "{}", "}", 4000, SCHEMA_VALID);
    check_nested(even, "{\"n\":", "{}", "}", 4001, SCHEMA_INVALID);
    check_nested("{\"propertyNames\":{\"$ref\":\"#\"},\"additionalProperties\":{\"$ref\":\"#\"},\"maxLength\":1}",
                 "{\"a\":", "{\"ab\":1}", "}", 100, SCHEMA_INVALID);
    check_nested("{\"contains\":{\"$ref\":\"#\"},\"minContains\":0,\"maxItems\":1}", "[", "[[],[]]", "]", 100,
                 SCHEMA_VALID);
}

#define REF "{\"$ref\":\"#/$defs/t\"}"
#define RECURSIVE(t) "{\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":" t "}}"
#define ARRAYS                                                                                                         \
    "{\"type\":\"array\",\"items\":" REF "},{\"type\":\"array\",\"items\":" REF ",\"minItems\":1}"
#define OBJECTS                                                                                                        \
    "{\"properties\":{\"n\":" REF "},\"required\":[\"n\"]},{\"properties\":{\"n\":" REF "},\"minProperties\":1}"

/* Every level has two ways to ask the next one: each is answered once, not 2^200 times. */
static void test_recursive_branches(void **state)
{
    static const char *any = RECURSIVE("{\"anyOf\":[" ARRAYS ",{\"type\":\"integer\"}]}");
    static const char *one = RECURSIVE("{\"oneOf\":[" ARRAYS ",{\"type\":\"integer\"}]}");
    static const char *not_any = RECURSIVE("{\"not\":{\"anyOf\":[" ARRAYS ",{\"type\":\"integer\"}]}}");
    static const char *conditions = RECURSIVE("{\"if\":{\"items\":" REF "},\"then\":{\"items\":" REF "},"
                                              "\"else\":{\"items\":" REF "},\"type\":[\"array\",\"integer\"]}");
    static const char *objects = RECURSIVE("{\"type\":[\"object\",\"integer\"],\"anyOf\":[" OBJECTS
                                           ",{\"type\":\"integer\"}],\"unevaluatedProperties\":false}");
    static const char *dependent =
        RECURSIVE("{\"type\":\"object\",\"dependentSchemas\":{\"n\":{\"properties\":{\"n\":" REF "}},"
                  "\"m\":{\"properties\":{\"n\":" REF "}}}}");

    (void)state;
    check_nested(any, "[", "\"\"", "]", 200, SCHEMA_INVALID);
    check_nested(any, "[", "1", "]", 200, SCHEMA_VALID);
    check_nested(any, "[1,", "\"\"", "]", 200, SCHEMA_INVALID);
    check_nested(one, "[", "\"\"", "]", 200, SCHEMA_INVALID);
    check_nested(one, "[", "1", "]", 200, SCHEMA_INVALID); /* both arrays fit the innermost */
    check_nested(one, "[", "1", "]", 0, SCHEMA_VALID);
    check_nested(not_any, "[", "\"\"", "]", 200, SCHEMA_VALID);
    check_nested(not_any, "[", "\"\"", "]", 201, SCHEMA_INVALID);
    check_nested(conditions, "[", "\"\"", "]", 200, SCHEMA_INVALID);
    check_nested(conditions, "[", "1", "]", 200, SCHEMA_VALID);
    check_nested(objects, "{\"n\":", "\"\"", "}", 200, SCHEMA_INVALID);
    check_nested(objects, "{\"n\":", "1", "}", 200, SCHEMA_VALID);
    check_nested(objects, "{\"n\":", "{\"n\":1,\"m\":1}", "}", 200, SCHEMA_INVALID);
    check_nested(dependent, "{\"m\":0,\"n\":", "{}", "}", 200, SCHEMA_VALID);
    check_nested(dependent, "{\"m\":0,\"n\":", "0", "}", 200, SCHEMA_INVALID);
}

/* The leaf, four times in an array, that four times in an array, … */
static char *four_times(const char *leaf, int levels)
{
    char *text = strdup(leaf);

    for (int i = 0; i < levels; i++) {
        struct buf b;

        text_begin(&b, "");
        buf_printf(&b, "[%s,%s,%s,%s]", text, text, text, text);
        free(text);
        text = b.ptr;
    }
    return text;
}

static void test_recursive_branches_wide(void **state)
{
    static const char *any = RECURSIVE("{\"anyOf\":[" ARRAYS ",{\"type\":\"integer\"}]}");
    char *good = four_times("1", 8), *bad = strdup(good);

    (void)state;
    assert_valid(any, good);
    memcpy(strrchr(bad, '1') - 2, "1.5", 3); /* "1,1" at the very end */
    assert_invalid(any, bad);
    free(good);
    free(bad);
}

/* Levels of allOf or anyOf around each other, each with a property of its own and perhaps unevaluatedProperties. */
static char *unevaluated_levels(const char *keyword, unsigned levels, const char *each, const char *outermost)
{
    struct buf b;

    text_begin(&b, "");
    for (unsigned i = 0; i < levels; i++)
        buf_printf(&b, "{%s\"%s\":[{\"properties\":{\"p%u\":{\"type\":\"integer\"}}},", i ? each : outermost,
                   keyword, i);
    buf_printf(&b, "{\"properties\":{\"p%u\":{}}}", levels);
    put_times(&b, "]}", levels);
    return b.ptr;
}

static char *level_properties(unsigned n, const char *last)
{
    struct buf b;

    text_begin(&b, "{");
    for (unsigned i = 0; i <= n; i++)
        buf_printf(&b, "\"p%u\":%u,", i, i);
    buf_printf(&b, "%s}", last);
    return b.ptr;
}

#define NONE_ELSE "\"unevaluatedProperties\":false,"
#define INTEGERS "\"unevaluatedProperties\":{\"type\":\"integer\"},"

static void test_unevaluated_levels(void **state)
{
    static const char *const keywords[] = { "allOf", "anyOf" };
    char *good = level_properties(50, "\"p7\\u0037\":1"), *plain = level_properties(50, "\"p0\\u0000\":\"\"");
    char *only = level_properties(49, "\"p\\u00350\":\"\"");

    (void)state;
    for (int i = 0; i < 2; i++) {
        char *strict = unevaluated_levels(keywords[i], 50, "", NONE_ELSE);
        char *loose = unevaluated_levels(keywords[i], 50, INTEGERS, INTEGERS);

        assert_valid(strict, only);
        assert_invalid(strict, good);  /* p77 */
        assert_valid(loose, good);     /* … is evaluated by the innermost */
        assert_invalid(loose, plain); /* a string */
        free(strict);
        free(loose);
    }
    free(good);
    free(plain);
    free(only);
}

static void *run_all(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_deep_equals),
        cmocka_unit_test(test_patterns_of_endless_search),
        cmocka_unit_test(test_patterns_of_endless_size),
        cmocka_unit_test(test_many_branches),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_laughs),
        cmocka_unit_test(test_cycles),
        cmocka_unit_test(test_cycles_that_go_down),
        cmocka_unit_test(test_recursive_branches),
        cmocka_unit_test(test_recursive_branches_wide),
        cmocka_unit_test(test_unevaluated_levels),
    };

    *(int *)failed = cmocka_run_group_tests(tests, NULL, NULL);
    return NULL;
}

int main(void)
{
    return run_with_stack(run_all);
}
