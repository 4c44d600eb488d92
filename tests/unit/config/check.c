#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "config/nearest.h"
#include "config/tree.h"

static void assert_said(const char *yaml, const char *schema, const char *expected)
{
    struct issues is;
    struct tree t;
    struct buf said;

    issues_init(&is);
    buf_init(&said, 65536);
    assert_int_equal(tree_read(&t, "t", NULL, slice_z(yaml), &is), 0);
    assert_int_equal(tree_check(&t, 0, schema, &is), *expected ? -1 : 0);
    issues_put_text(&is, &said);
    assert_string_equal(said.len ? said.ptr : "", expected);
    buf_clear(&said);
    tree_clear(&t);
    issues_clear(&is);
}

#define WORKFLOW "schemas/hooklatch/workflow.schema.json"

static void test_violations_and_hints(void **state)
{
    (void)state;
    assert_said("{id: a, on: x, steps: [{id: a, http: {endpoint: e}}]}", WORKFLOW, "");
    assert_said("{id: a, on: x, stepps: []}", WORKFLOW,
                "t:1:1: error: required property \"steps\" is missing\n"
                "    hint: for example { \"id\": \"build\", \"on\": \"github.push\", \"steps\": [{ \"id\": \"build\", "
                "\"http\": "
                "{ \"endpoint\": \"ci\", \"path\": \"/build\" } }] }\n"
                "t:1:16: error: stepps: unknown key \"stepps\"\n    hint: did you mean \"steps\"?\n");
    assert_said("{id: 5, on: {event: x}, steps: [{id: 'a b', http: {endpoint: e}, retry: {max: no}}]}", WORKFLOW,
                "t:1:6: error: id: expected string, found number 5\n"
                "    hint: letters, digits, '_' and '-', at most 64, a letter or digit first\n"
                "t:1:38: error: steps[0].id: must match the pattern \"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$\", found string "
                "\"a b\"\n"
                "    hint: letters, digits, '_' and '-', at most 64, a letter or digit first\n"
                "t:1:79: error: steps[0].retry.max: expected integer, found string \"no\"\n    hint: for example 8\n");
}

static void test_step_requests(void **state)
{
    static const char request[] =
        "{event: {specversion: '1.0', id: 01933b5c-1f7a-7abc-8def-0123456789ab, source: github, type: github.push,"
        " time: '2024-11-17T10:00:00Z'}, input: {a: 1}, steps: {}, run: {id: 01933b5c-1f7a-7abc-8def-0123456789ac, "
        "workflow: w,"
        " step: s, attempt: 1, max_attempts: 8, deadline: '2024-11-17T10:00:30Z'}}";

    (void)state;
    assert_said(request, "schemas/hooklatch/step-request.schema.json", "");
}

static void test_a_schema_that_is_not_there(void **state)
{
    struct issues is;
    struct tree t;

    (void)state;
    issues_init(&is);
    assert_int_equal(tree_read(&t, "t", NULL, SLICE("{}"), &is), 0);
    assert_int_equal(tree_check(&t, 0, "schemas/hooklatch/nothing.schema.json", &is), -1);
    assert_int_equal(is.errors, 1);
    tree_clear(&t);
    issues_clear(&is);
}

static void test_nearest(void **state)
{
    static const struct slice known[] = { SLICE("provider"), SLICE("secrets"), SLICE("url"), SLICE("on_invalid") };
    static const struct {
        const char *word;
        size_t expected;
    } cases[] = {
        { "provder", 0 },   { "porvider", 0 },   { "Provider", 0 }, { "secret", 1 }, { "uri", 2 },  { "ulr", 2 },
        { "oninvalid", 3 }, { "on-invalid", 3 }, { "xyz", 4 },      { "", 4 },       { "prov", 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(nearest(slice_z(cases[i].word), known, 4), cases[i].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_violations_and_hints),
        cmocka_unit_test(test_step_requests),
        cmocka_unit_test(test_a_schema_that_is_not_there),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
