/* Schemas and values that were once found to take minutes or gigabytes, or to be answered wrongly on purpose: each has an
 * answer now, and soon. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#include "cases.h"

#define D20 SCHEMA_DRAFT_2020_12
#define TEXT_MAX (64u << 20)

static struct buf text_new(void)
{
    struct buf b;

    buf_init(&b, TEXT_MAX);
    return b;
}

static enum schema_verdict verdict(const char *schema, const char *instance)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema *s = case_schema(schema, D20);
    enum schema_verdict v;
    struct schema_report r;
    struct json_doc d;

    case_parse(&d, instance);
    schema_report_make(&r, s, &d, 0, scratch, 20);
    v = r.verdict;
    assert_true(r.count <= 20);
    assert_int_equal(r.count > 0, v != SCHEMA_VALID);
    schema_report_clear(&r);
    json_doc_clear(&d);
    schema_unref(s);
    schema_scratch_free(scratch);
    return v;
}

/* Two names of one hash among those that tell branches apart: neither may hide the other. */
static void test_collision(void **state)
{
    static const char *schema = "{\"anyOf\":[{\"required\":[\"k197178\"],\"minProperties\":1},"
                                "{\"required\":[\"k382008\"],\"minProperties\":1},{\"required\":[\"z\"]}]}";

    (void)state;
    if (json_hash(SLICE("k197178")) != json_hash(SLICE("k382008")))
        skip(); /* on a machine of another byte order */
    assert_int_equal(verdict(schema, "{\"k197178\":1}"), SCHEMA_VALID);
    assert_int_equal(verdict(schema, "{\"k382008\":1}"), SCHEMA_VALID);
    assert_int_equal(verdict(schema, "{\"y\":1}"), SCHEMA_INVALID);
}

static void refused(struct buf *schema)
{
    struct err e = { 0 };
    struct schema *s = case_compile(schema->ptr, D20, &e);

    assert_null(s);
    assert_int_equal(e.code, ERR_LIMIT);
    buf_clear(schema);
}

static void accepted(struct buf *schema)
{
    schema_unref(case_schema(schema->ptr, D20));
    buf_clear(schema);
}

static void test_load(void **state)
{
    struct buf b = text_new();

    (void)state;
    buf_puts(&b, "{\"allOf\":[true");
    for (int i = 0; i < 3000; i++)
        buf_printf(&b, ",{\"$dynamicAnchor\":\"a%d\"}", i);
    buf_puts(&b, "]}");
    accepted(&b);

    b = text_new(); /* a resource for each part */
    buf_puts(&b, "{\"$defs\":{\"x\":true");
    for (int i = 0; i < 20000; i++)
        buf_printf(&b, ",\"%d\":{\"$id\":\"x%d\"}", i, i);
    buf_puts(&b, "}}");
    accepted(&b);

    b = text_new(); /* a long pointer, many times */
    buf_puts(&b, "{\"properties\":{\"");
    for (int i = 0; i < 100000; i++)
        buf_putc(&b, 'k');
    buf_puts(&b, "\":{\"allOf\":[true");
    for (int i = 0; i < 30000; i++)
        buf_puts(&b, ",true");
    buf_puts(&b, "]}}}");
    refused(&b);

    b = text_new(); /* many owners over many names */
    buf_puts(&b, "{\"$defs\":{\"n\":{\"properties\":{\"x\":true");
    for (int i = 0; i < 3000; i++)
        buf_printf(&b, ",\"p%d\":true", i);
    buf_puts(&b, "}}},\"prefixItems\":[true");
    for (int i = 0; i < 3000; i++)
        buf_puts(&b, ",{\"$ref\":\"#/$defs/n\",\"unevaluatedProperties\":false}");
    buf_puts(&b, "]}");
    refused(&b);

    b = text_new(); /* many branches that require many names */
    buf_puts(&b, "{\"$defs\":{\"n\":{\"required\":[\"x\"");
    for (int i = 0; i < 5000; i++)
        buf_printf(&b, ",\"p%d\"", i);
    buf_puts(&b, "]}},\"anyOf\":[true");
    for (int i = 0; i < 5000; i++)
        buf_puts(&b, ",{\"$ref\":\"#/$defs/n\"}");
    buf_puts(&b, "]}");
    accepted(&b);
}

static void put_members(struct buf *b, int n)
{
    buf_puts(b, "{\"a\":1,\"b\":1");
    for (int i = 0; i < n; i++)
        buf_printf(b, ",\"q%d\":1", i);
    buf_putc(b, '}');
}

static void test_check(void **state)
{
    struct buf schema = text_new(), value = text_new();

    (void)state;
    put_members(&value, 300000);
    buf_puts(&schema, "{\"properties\":{\"a\":{\"type\":\"string\"}},\"dependentRequired\":{\"b\":[\"x\"");
    for (int i = 0; i < 20000; i++)
        buf_printf(&schema, ",\"m%d\"", i);
    buf_puts(&schema, "]}}");
    assert_int_equal(verdict(schema.ptr, value.ptr), SCHEMA_INVALID); /* the report, too */

    buf_reset(&schema); /* a look at all members, for each of many unions */
    buf_puts(&schema, "{\"allOf\":[true");
    for (int i = 0; i < 3000; i++)
        buf_puts(&schema, ",{\"anyOf\":[{\"required\":[\"x\"]},{\"required\":[\"y\"]},{\"not\":{\"const\":{}}}]}");
    buf_puts(&schema, "]}");
    assert_int_equal(verdict(schema.ptr, value.ptr), SCHEMA_LIMIT);

    buf_reset(&schema); /* long division, many times */
    buf_reset(&value);
    buf_puts(&schema, "{\"items\":{\"multipleOf\":1");
    for (int i = 0; i < 18000; i++)
        buf_putc(&schema, '7');
    buf_puts(&schema, "}}");
    buf_puts(&value, "[1");
    for (int i = 0; i < 1000; i++)
        buf_puts(&value, ",1e99999");
    buf_putc(&value, ']');
    assert_int_not_equal(verdict(schema.ptr, value.ptr), SCHEMA_VALID);
    buf_clear(&schema);
    buf_clear(&value);
}

/* Hints for names in branches that are not shown; explanations in spite of many branches. */
static void test_report(void **state)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct buf schema = text_new();
    struct schema_report r;
    struct json_doc d;
    struct schema *s;
    bool names = false;

    (void)state;
    buf_puts(&schema, "{\"$defs\":{\"o\":{\"additionalProperties\":false,\"properties\":{\"x\":true");
    for (int i = 0; i < 500; i++)
        buf_printf(&schema, ",\"an-unlikely-and-rather-long-name-%d\":true", i);
    buf_puts(&schema, "}}},\"oneOf\":[false");
    for (int i = 0; i < 300; i++)
        buf_puts(&schema, ",{\"$ref\":\"#/$defs/o\"}");
    buf_puts(&schema, "]}");
    s = case_schema(schema.ptr, D20);
    case_parse(&d, "{\"an-unlikely-and-rather-long-nam-1\":1,\"an-unlikely-and-rather-long-nam-2\":1}");
    schema_report_make(&r, s, &d, 0, scratch, 20);
    assert_int_equal(r.verdict, SCHEMA_INVALID);
    for (size_t i = 0; i < r.count; i++)
        names |= slice_starts(r.errors[i].message, SLICE("unknown property \"an-unlikely"));
    assert_true(names);
    schema_report_clear(&r);
    json_doc_clear(&d);
    schema_unref(s);
    schema_scratch_free(scratch);
    buf_clear(&schema);
}

/* Every level doubles what there is to say. */
static void test_annotations(void **state)
{
    struct schema_options options = { .draft = D20, .keep_annotations = true };
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema_set *set = schema_set_new();
    struct buf schema = text_new();
    struct schema_annotations a;
    struct json_doc d;
    struct schema *s;
    struct err e;

    (void)state;
    buf_puts(&schema, "{\"$ref\":\"#/$defs/0\",\"$defs\":{");
    for (int i = 0; i < 30; i++)
        buf_printf(&schema, "\"%d\":{\"allOf\":[{\"$ref\":\"#/$defs/%d\"},{\"$ref\":\"#/$defs/%d\"}]},", i, i + 1, i + 1);
    buf_puts(&schema, "\"30\":{\"title\":\"t\"}}}");
    assert_int_equal(schema_set_add(set, CASE_URI, SLICE("case.json"), buf_slice(&schema), &e), 0);
    s = schema_compile(set, CASE_URI, &options, &e);
    assert_non_null(s);
    case_parse(&d, "1");
    schema_annotations_make(&a, s, &d, 0, scratch, 100000);
    assert_true(a.more);
    schema_annotations_clear(&a);
    json_doc_clear(&d);
    schema_unref(s);
    schema_set_free(set);
    schema_scratch_free(scratch);
    buf_clear(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_collision), cmocka_unit_test(test_load),        cmocka_unit_test(test_check),
        cmocka_unit_test(test_report),    cmocka_unit_test(test_annotations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
