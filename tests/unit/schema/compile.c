#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "cases.h"

#define D7 SCHEMA_DRAFT_7
#define D19 SCHEMA_DRAFT_2019_09
#define D20 SCHEMA_DRAFT_2020_12

struct refusal {
    const char *schema;
    const char *says; /* part of the message, with the place */
    enum schema_draft draft;
};

static void test_refused(void **state)
{
    static const struct refusal rows[] = {
        { "[]", "case.json#: a schema must be an object, true or false", D20 },
        { "{\"properties\":{\"a\":1}}", "case.json#/properties/a: a schema must be", D20 },
        { "{\"type\":\"strnig\"}", "case.json#/type: must be, or list, some of", D20 },
        { "{\"type\":[\"string\",1]}", "case.json#/type: must be", D20 },
        { "{\"properties\":{\"a/b\":{\"minimum\":\"3\"}}}", "case.json#/properties/a~1b/minimum: must be a number",
          D20 },
        { "{\"minLength\":-1}", "case.json#/minLength: must be a whole number from 0, found -1", D20 },
        { "{\"maxItems\":1.5}", "case.json#/maxItems: must be a whole number", D20 },
        { "{\"minProperties\":\"1\"}", "case.json#/minProperties: must be a whole number", D20 },
        { "{\"multipleOf\":0}", "case.json#/multipleOf: must be greater than 0", D20 },
        { "{\"multipleOf\":-2}", "case.json#/multipleOf: must be greater than 0", D20 },
        { "{\"enum\":1}", "case.json#/enum: must be a list", D20 },
        { "{\"required\":\"a\"}", "case.json#/required: must be a list of property names", D20 },
        { "{\"required\":[1]}", "case.json#/required: must be a list of property names: strings", D20 },
        { "{\"properties\":[]}", "case.json#/properties: must be an object", D20 },
        { "{\"patternProperties\":{\"(\":{}}}", "case.json#/patternProperties: \"(\": not a usable pattern", D20 },
        { "{\"pattern\":\"a++\"}", "case.json#/pattern: \"a++\": not an ECMA-262 pattern: nothing to repeat at byte 2",
          D20 },
        { "{\"pattern\":1}", "case.json#/pattern: must be a string", D20 },
        { "{\"uniqueItems\":1}", "case.json#/uniqueItems: must be true or false", D20 },
        { "{\"allOf\":[]}", "case.json#/allOf: must be a list of at least one schema", D20 },
        { "{\"oneOf\":{}}", "case.json#/oneOf: must be a list", D20 },
        { "{\"not\":3}", "case.json#/not: a schema must be", D20 },
        { "{\"items\":[{}]}", "case.json#/items: must be one schema in 2020-12: a list is called \"prefixItems\"",
          D20 },
        { "{\"dependentRequired\":{\"a\":\"b\"}}", "case.json#/dependentRequired: must hold lists", D20 },
        { "{\"dependencies\":{\"a\":\"b\"}}", "case.json#/dependencies/a: a schema must be", D7 },
        { "{\"$ref\":1}", "case.json#/$ref: must be a string", D20 },
        { "{\"$ref\":\"#/nowhere\"}", "case.json#/$ref: case.json has nothing at /nowhere", D20 },
        { "{\"$ref\":\"#nowhere\"}", "there is no anchor \"nowhere\"", D20 },
        { "{\"$ref\":\"other.json\"}", "nothing here has the URI https://example.com/s/other.json", D20 },
        { "{\"$schema\":\"http://json-schema.org/draft-04/schema#\"}", "draft-04 is not supported: write", D20 },
        { "{\"$schema\":\"https://json-schema.org/draft-06/schema\"}", "draft-06 is not supported", D20 },
        { "{\"$schema\":\"https://nobody.example/dialect\"}", "unknown dialect \"https://nobody.example/dialect\"", D20 },
        { "{\"$id\":\"https://x.example/a\",\"$ref\":\"other.json\"}",
          "(a relative reference counts from the \"$id\" https://x.example/a, not from the file)", D20 },
        { "{\"properties\":{\"a\":{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}}}",
          "case.json#/properties/a/$schema: a part of a 2020-12 schema cannot be draft-07", D20 },
        { "{\"$ref\":\"#\"}", "case.json#: references lead back here", D20 },
        { "{\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"not\":{\"$ref\":\"#/$defs/a\"}}},"
          "\"items\":{\"$ref\":\"#/$defs/a\"}}",
          "references lead back here", D20 },
        { "{\"items\":[]}", "case.json#/items: must be a list of at least one schema", D7 },
        { "{\"$recursiveRef\":\"#/a\",\"a\":{}}", "case.json#/$recursiveRef: must be \"#\"", D19 },
        { "{\"$dynamicRef\":\"#x\"}", "case.json#/$dynamicRef: there is no anchor \"x\"", D20 },
        { "{\"$dynamicAnchor\":\"a\",\"not\":{\"$dynamicRef\":\"#a\"}}", "case.json#: references lead back here", D20 },
        { "{\"unevaluatedProperties\":1}", "case.json#/unevaluatedProperties: a schema must be", D20 },
        /* what the meta-schema says and nobody asks for when checking payloads */
        { "{\"title\":1}", "case.json#/title: expected string, found number 1 (the meta-schema asks", D20 },
        { "{\"$defs\":{\"a\":{\"minLength\":-1}}}", "case.json#/$defs/a/minLength: must be at least 0", D20 },
        { "{\"definitions\":{\"a\":{\"type\":\"nonsense\"}}}", "case.json#/definitions/a/type: expected one of", D7 },
        { "{\"$defs\":{\"a\":{\"required\":[\"x\",\"x\"]}}}", "case.json#/$defs/a/required: ", D19 },
        { "{\"$ref\":\"#/definitions/a\",\"type\":\"nonsense\",\"definitions\":{\"a\":{}}}", "#/type: expected one of", D7 },
        { "{\"type\":\"string\",\"type\":\"null\"}", "case.json: line 1, column 18: duplicate key", D20 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err e = { 0 };
        struct schema *s = case_compile(rows[i].schema, rows[i].draft, &e);

        if (s)
            fail_msg("%s should be refused", rows[i].schema);
        assert_int_equal(e.code, ERR_INPUT);
        if (!strstr(e.text, rows[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].schema, e.text, rows[i].says);
    }
}

static void test_ignored(void **state)
{
    static const struct refusal rows[] = {
        { "{\"title\":\"\",\"default\":{},\"examples\":[],\"deprecated\":true,\"readOnly\":true,\"$comment\":\"\","
          "\"format\":\"email\"}",
          NULL, D20 },
        { "{\"contentEncoding\":\"base64\",\"contentMediaType\":\"application/json\",\"contentSchema\":{\"type\":\"null\"}}",
          NULL, D20 },
        { "{\"unevaluatedProperties\":false,\"$dynamicRef\":\"#x\",\"prefixItems\":7,\"minContains\":\"\"}", NULL, D7 },
        { "{\"x-own\":{\"type\":\"nonsense\"},\"tsAdditionalProperties\":false}", NULL, D20 },
        { "{\"$defs\":{\"unused\":{\"unevaluatedItems\":false}}}", NULL, D20 },
        { "{\"enum\":[{\"$ref\":\"#/nowhere\"}],\"const\":{\"$id\":\"x\",\"type\":1}}", NULL, D20 },
        { "{\"$ref\":\"#/definitions/a\",\"type\":\"null\",\"definitions\":{\"a\":{}}}", NULL, D7 },
        { "{\"properties\":{\"a\":{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"}}}", NULL, D20 },
        { "{\"$schema\":\"http://json-schema.org/draft-07/schema\",\"definitions\":{},\"items\":[true]}", NULL, D20 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        schema_unref(case_schema(rows[i].schema, rows[i].draft));
}

static void on_warning(const char *text, void *arg)
{
    char *all = arg;

    strcat(strcat(all, text), "\n");
}

static void test_warnings(void **state)
{
    char said[1000] = "";
    struct schema_options options = { .draft = D20, .warn = on_warning, .warn_arg = said };
    struct schema_set *set = schema_set_new();
    struct schema *s;
    struct err e;

    (void)state;
    assert_int_equal(schema_set_add(set, CASE_URI, SLICE("case.json"),
                                    SLICE("{\"Required\":[],\"x-items\":1,\"tsAdditionalProperties\":1,\"properties\":"
                                          "{\"requird\":{\"minimun\":1}},\"unevaluatedItem\":1}"),
                                    &e),
                     0);
    s = schema_compile(set, CASE_URI, &options, &e);
    assert_non_null(s);
    assert_string_equal(said, "case.json#: \"Required\" is no keyword and has no effect; did you mean \"required\"?\n"
                              "case.json#: \"unevaluatedItem\" is no keyword and has no effect; did you mean "
                              "\"unevaluatedItems\"?\n"
                              "case.json#/properties/requird: \"minimun\" is no keyword and has no effect; did you mean "
                              "\"minimum\"?\n");
    schema_unref(s);
    schema_set_free(set);
}

static void add(struct schema_set *set, const char *uri, const char *name, const char *text)
{
    struct err e;

    if (schema_set_add(set, slice_z(uri), slice_z(name), slice_z(text), &e))
        fail_msg("%s", e.text);
}

static enum schema_verdict verdict(struct schema_set *set, const char *uri, const char *instance)
{
    struct schema_options options = { .draft = D20 };
    struct schema_scratch *scratch = schema_scratch_new();
    enum schema_verdict v;
    struct json_doc d;
    struct err e;
    struct schema *s = schema_compile(set, slice_z(uri), &options, &e);

    if (!s)
        fail_msg("%s: %s", uri, e.text);
    case_parse(&d, instance);
    v = schema_check(s, &d, 0, scratch);
    json_doc_clear(&d);
    schema_unref(s);
    schema_scratch_free(scratch);
    return v;
}

static void test_files(void **state)
{
    struct schema_set *set = schema_set_new();

    (void)state;
    add(set, "file:///s/a/push.json", "a/push.json",
        "{\"properties\":{\"u\":{\"$ref\":\"../common.json#/$defs/user\"}}}");
    add(set, "file:///s/common.json", "common.json",
        "{\"$defs\":{\"user\":{\"type\":\"string\"},\"self\":{\"$ref\":\"#/$defs/user\"}}}");
    add(set, "file:///s/own.json", "own.json", "{\"$id\":\"https://x.example/d/own\",\"items\":{\"$ref\":\"dep\"}}");
    add(set, "file:///s/dep.json", "dep.json", "{\"$id\":\"https://x.example/d/dep\",\"type\":\"null\"}");
    assert_int_equal(verdict(set, "file:///s/a/push.json", "{\"u\":\"x\"}"), SCHEMA_VALID);
    assert_int_equal(verdict(set, "file:///s/a/push.json", "{\"u\":1}"), SCHEMA_INVALID);
    assert_int_equal(verdict(set, "file:///s/common.json#/$defs/self", "1"), SCHEMA_INVALID);
    assert_int_equal(verdict(set, "file:///s/own.json", "[null]"), SCHEMA_VALID);
    assert_int_equal(verdict(set, "https://x.example/d/own", "[1]"), SCHEMA_INVALID);
    /* what is added later counts too */
    add(set, "file:///s/late.json", "late.json", "{\"$ref\":\"common.json#/$defs/user\"}");
    assert_int_equal(verdict(set, "file:///s/late.json", "1"), SCHEMA_INVALID);
    schema_set_free(set);
}

static void test_registering(void **state)
{
    struct schema_set *set = schema_set_new();
    struct slice uri;
    struct err e;

    (void)state;
    add(set, "file:///a.json", "a.json", "{\"$id\":\"https://x.example/a\"}");
    add(set, "file:///a.json", "a.json", "{\"$id\":\"https://x.example/a\"}"); /* the same again */
    add(set, "file:///copy.json", "copy.json", "{\"$id\":\"https://x.example/a\"}");
    assert_int_equal(schema_set_add(set, SLICE("file:///a.json"), SLICE("b"), SLICE("{}"), &e), -1);
    assert_non_null(strstr(e.text, "taken by a.json"));
    assert_int_equal(schema_set_add(set, SLICE("file:///c.json"), SLICE("c"),
                                    SLICE("{\"$id\":\"https://x.example/a\",\"type\":\"null\"}"), &e),
                     -1);
    assert_non_null(strstr(e.text, "\"$id\" https://x.example/a is taken by a.json"));
    assert_int_equal(schema_set_add(set, SLICE("rel.json"), SLICE("r"), SLICE("{}"), &e), -1);
    assert_int_equal(schema_set_add(set, SLICE("file:///x#y"), SLICE("r"), SLICE("{}"), &e), -1);
    assert_int_equal(schema_set_add(set, SLICE("file:///x"), SLICE("broken.json"), SLICE("{,}"), &e), -1);
    assert_non_null(strstr(e.text, "broken.json: line 1, column 2"));
    assert_true(schema_set_uri(set, SLICE("copy.json"), &uri));
    assert_true(slice_eq_z(uri, "file:///copy.json"));
    assert_false(schema_set_uri(set, SLICE("nobody.json"), &uri));
    schema_set_free(set);
}

/* Two documents that claim one nested $id matter only to whom asks for it. */
static void test_dialect_upon_dialect(void **state)
{
    struct schema_set *set = schema_set_new();

    (void)state;
    add(set, "https://x.example/m1", "m1",
        "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$id\":\"https://x.example/m1\",\"$vocabulary\":{"
        "\"https://json-schema.org/draft/2020-12/vocab/core\":true,"
        "\"https://json-schema.org/draft/2020-12/vocab/validation\":true}}");
    add(set, "https://x.example/m2", "m2", "{\"$schema\":\"https://x.example/m1\",\"required\":[\"type\"]}");
    add(set, "file:///a.json", "a.json", "{\"$schema\":\"https://x.example/m1\",\"const\":1}");
    assert_int_equal(verdict(set, "file:///a.json", "1"), SCHEMA_VALID);
    add(set, "file:///b.json", "b.json", "{\"$schema\":\"https://x.example/m2\",\"type\":\"null\"}");
    assert_int_equal(verdict(set, "file:///b.json", "1"), SCHEMA_INVALID);
    add(set, "file:///c.json", "c.json", "{\"$schema\":\"https://x.example/m2\",\"const\":1}");
    {
        struct schema_options options = { .draft = D20 };
        struct err e;

        /* its own meta-schema counts, not that of the dialect it builds on */
        assert_null(schema_compile(set, SLICE("file:///c.json"), &options, &e));
        assert_non_null(strstr(e.text, "required property \"type\" is missing"));
    }
    schema_set_free(set);
}

static void test_rivals(void **state)
{
    struct schema_options options = { .draft = D20 };
    struct schema_set *set = schema_set_new();
    struct err e;

    (void)state;
    add(set, "file:///a.json", "a.json", "{\"$defs\":{\"x\":{\"$id\":\"https://x.example/n\",\"type\":\"null\"}}}");
    add(set, "file:///b.json", "b.json", "{\"$defs\":{\"x\":{\"$id\":\"https://x.example/n\",\"type\":\"string\"}}}");
    add(set, "file:///c.json", "c.json", "{\"$ref\":\"https://x.example/n\"}");
    assert_int_equal(verdict(set, "file:///a.json", "1"), SCHEMA_VALID);
    assert_null(schema_compile(set, SLICE("file:///c.json"), &options, &e));
    assert_non_null(strstr(e.text, "claimed by a.json and b.json"));
    schema_set_free(set);
}

/* The same document without $schema means different things under different drafts. */
static void test_draft_changes(void **state)
{
    struct schema_set *set = schema_set_new();
    struct schema_options d7 = { .draft = D7 }, d20 = { .draft = D20 };
    struct schema *s;
    struct err e;

    (void)state;
    add(set, "file:///a.json", "a.json", "{\"definitions\":{\"x\":{\"$id\":\"#n\"}},\"allOf\":[{\"$ref\":\"#n\"}]}");
    s = schema_compile(set, SLICE("file:///a.json"), &d7, &e);
    assert_non_null(s);
    schema_unref(s);
    assert_null(schema_compile(set, SLICE("file:///a.json"), &d20, &e));
    s = schema_compile(set, SLICE("file:///a.json"), &d7, &e);
    assert_non_null(s);
    schema_unref(s);
    assert_null(schema_compile(set, SLICE("file:///nobody.json"), &d7, &e));
    schema_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_ignored), cmocka_unit_test(test_files),
        cmocka_unit_test(test_warnings), cmocka_unit_test(test_dialect_upon_dialect),
        cmocka_unit_test(test_registering), cmocka_unit_test(test_rivals),  cmocka_unit_test(test_draft_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
