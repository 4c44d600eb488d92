/* A test of the tests: each kind of instruction in turn gives the opposite answer, and some row here, as well as some
 * test of the official suite, must notice. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/mutant.h"
#include "schema/vec.h"

#include "cases.h"
#include "files.h"

#define D20 SCHEMA_DRAFT_2020_12

#ifdef ENABLE_TEST_HOOKS
#define HOOKED true
#else
#define HOOKED false
static enum mutant schema_mutant; /* read by nobody */
#endif

static const struct {
    enum mutant mutant;
    const char *schema, *instance;
    enum schema_verdict verdict;
} rows[] = {
    { MUTANT_ACCEPTS, "{\"type\":\"string\"}", "1", SCHEMA_INVALID },
    { MUTANT_SETTLES, "{\"type\":\"string\",\"minLength\":2}", "\"x\"", SCHEMA_INVALID },
    { MUTANT_INTEGER, "{\"type\":\"integer\"}", "1.5", SCHEMA_INVALID },
    { MUTANT_WITHIN, "{\"minimum\":3}", "          -99999", SCHEMA_INVALID },
    { MUTANT_MINIMUM, "{\"minimum\":3}", "2.5", SCHEMA_INVALID },
    { MUTANT_EXCLUSIVE_MINIMUM, "{\"exclusiveMinimum\":3}", "3", SCHEMA_INVALID },
    { MUTANT_MAXIMUM, "{\"maximum\":3}", "3.5", SCHEMA_INVALID },
    { MUTANT_EXCLUSIVE_MAXIMUM, "{\"exclusiveMaximum\":3}", "3", SCHEMA_INVALID },
    { MUTANT_MULTIPLE_OF, "{\"multipleOf\":0.01}", "0.005", SCHEMA_INVALID },
    { MUTANT_MIN_LENGTH, "{\"minLength\":2}", "\"x\"", SCHEMA_INVALID },
    { MUTANT_MAX_LENGTH, "{\"maxLength\":2}", "\"xyz\"", SCHEMA_INVALID },
    { MUTANT_PATTERN, "{\"pattern\":\"^a.c$\"}", "\"abb\"", SCHEMA_INVALID },
    { MUTANT_FORMAT, "{\"format\":\"date\"}", "\"yesterday\"", SCHEMA_INVALID },
    { MUTANT_ENUM, "{\"enum\":[1,2]}", "3", SCHEMA_INVALID },
    { MUTANT_CONST, "{\"const\":1}", "3", SCHEMA_INVALID },
    { MUTANT_MIN_ITEMS, "{\"minItems\":1}", "[]", SCHEMA_INVALID },
    { MUTANT_MAX_ITEMS, "{\"maxItems\":1}", "[1,2]", SCHEMA_INVALID },
    { MUTANT_PREFIX_ITEMS, "{\"prefixItems\":[{\"type\":\"null\"}]}", "[1]", SCHEMA_INVALID },
    { MUTANT_ITEMS, "{\"items\":{\"type\":\"null\"}}", "[1]", SCHEMA_INVALID },
    { MUTANT_CONTAINS, "{\"contains\":{\"type\":\"null\"}}", "[1]", SCHEMA_INVALID },
    { MUTANT_UNIQUE_ITEMS, "{\"uniqueItems\":true}", "[1,1.0]", SCHEMA_INVALID },
    { MUTANT_MIN_PROPERTIES, "{\"minProperties\":1}", "{}", SCHEMA_INVALID },
    { MUTANT_MAX_PROPERTIES, "{\"maxProperties\":1}", "{\"a\":1,\"b\":2}", SCHEMA_INVALID },
    { MUTANT_MISFITS, "{\"required\":[\"a\"]}", "{\"a\":1}", SCHEMA_VALID },
    { MUTANT_PROPERTIES, "{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"a\":1}", SCHEMA_INVALID },
    { MUTANT_KEY_PATTERN, "{\"patternProperties\":{\"a\":{\"type\":\"null\"}}}", "{\"a\":1}", SCHEMA_INVALID },
    { MUTANT_PATTERN_PROPERTIES, "{\"patternProperties\":{\"a\":{\"type\":\"null\"}}}", "{\"a\":1}", SCHEMA_INVALID },
    { MUTANT_ADDITIONAL_PROPERTIES, "{\"properties\":{\"b\":true},\"additionalProperties\":false}", "{\"a\":1}",
      SCHEMA_INVALID },
    { MUTANT_PROPERTY_NAMES, "{\"propertyNames\":{\"maxLength\":1}}", "{\"ab\":1}", SCHEMA_INVALID },
    { MUTANT_REQUIRED, "{\"required\":[\"a\"]}", "{\"b\":1}", SCHEMA_INVALID },
    { MUTANT_DEPENDENT_REQUIRED, "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}", SCHEMA_INVALID },
    { MUTANT_DEPENDENT_SCHEMAS, "{\"dependentSchemas\":{\"a\":{\"maxProperties\":1}}}", "{\"a\":1,\"b\":1}",
      SCHEMA_INVALID },
    { MUTANT_REFERENCE, "{\"$ref\":\"#/$defs/a\",\"maxLength\":1,\"$defs\":{\"a\":{\"minLength\":1}}}", "\"\"",
      SCHEMA_INVALID },
    { MUTANT_ALL_OF, "{\"allOf\":[{\"minLength\":1},{\"minLength\":2}]}", "\"x\"", SCHEMA_INVALID },
    { MUTANT_UNION, "{\"anyOf\":[{\"minLength\":3},{\"minLength\":2}]}", "\"x\"", SCHEMA_INVALID },
    { MUTANT_UNLIKE,
      "{\"oneOf\":[{\"properties\":{\"a\":{\"const\":1}}},{\"properties\":{\"a\":{\"const\":2}}},"
      "{\"properties\":{\"a\":{\"const\":3}}}]}",
      "{\"a\":1}", SCHEMA_VALID },
    { MUTANT_SELECT, "{\"oneOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]},{\"required\":[\"c\"]}]}", "{\"b\":1}",
      SCHEMA_VALID },
    { MUTANT_NOT, "{\"not\":{\"minLength\":1}}", "\"x\"", SCHEMA_INVALID },
    { MUTANT_IF, "{\"if\":{\"minLength\":1},\"then\":{\"minLength\":2}}", "\"x\"", SCHEMA_INVALID },
    { MUTANT_MARK,
      "{\"anyOf\":[{\"properties\":{\"a\":true}},{\"required\":[\"z\"],\"properties\":{\"b\":true}}],"
      "\"unevaluatedProperties\":false}",
      "{\"a\":1}", SCHEMA_VALID },
    { MUTANT_UNEVALUATED, "{\"anyOf\":[{\"properties\":{\"a\":true}}],\"unevaluatedProperties\":false}", "{\"b\":1}",
      SCHEMA_INVALID },
    { MUTANT_MEMO, NULL, NULL, SCHEMA_INVALID }, /* needs a long check: below */
};
#define N_ROWS (sizeof rows / sizeof rows[0])

static const char *memo_schema =
    "{\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/t\"}},"
    "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/t\"},\"minItems\":1},{\"type\":\"integer\"}]}}}";

static char *memo_instance(void)
{
    enum { DEPTH = 100 };
    char *text = malloc(2 * DEPTH + 4);

    memset(text, '[', DEPTH);
    memcpy(text + DEPTH, "\"\"", 2);
    memset(text + DEPTH + 2, ']', DEPTH);
    text[2 * DEPTH + 2] = '\0';
    return text;
}

static enum schema_verdict verdict_of_row(size_t i, enum mutant mutant)
{
    struct schema_options options = { .draft = D20, .assert_format = true };
    struct slice text = slice_z(rows[i].schema ? rows[i].schema : memo_schema);
    char *memo = rows[i].instance ? NULL : memo_instance();
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema_set *set = schema_set_new();
    struct schema *s = NULL;
    enum schema_verdict v;
    struct json_doc d;
    struct err e;

    if (schema_set_add(set, CASE_URI, SLICE("row"), text, &e) == 0)
        s = schema_compile(set, CASE_URI, &options, &e);
    if (!s)
        fail_msg("%.*s: %s", SLICE_FMT(text), e.text);
    case_parse(&d, memo ? memo : rows[i].instance);
    schema_mutant = mutant;
    v = schema_check(s, &d, 0, scratch);
    schema_mutant = MUTANT_NONE;
    json_doc_clear(&d);
    schema_unref(s);
    schema_set_free(set);
    schema_scratch_free(scratch);
    free(memo);
    return v;
}

static void test_rows(void **state)
{
    (void)state;
    if (!HOOKED)
        skip();
    assert_int_equal(N_ROWS, MUTANT_COUNT - 1);
    for (size_t i = 0; i < N_ROWS; i++) {
        assert_int_equal(rows[i].mutant, i + 1);
        if (verdict_of_row(i, MUTANT_NONE) != rows[i].verdict)
            fail_msg("row %zu is wrong: %s", i, rows[i].schema);
        if (verdict_of_row(i, rows[i].mutant) == rows[i].verdict)
            fail_msg("row %zu does not notice its mutant: %s", i, rows[i].schema);
    }
}

/* The suite, compiled once. */
struct checked {
    struct schema *schema;
    const struct json_doc *file;
    uint32_t data;
    bool valid;
};
struct suite {
    VEC(struct checked) tests;
    VEC(struct json_doc *) files;
    VEC(struct schema *) schemas;
};

static void add_case(struct suite *s, const struct json_doc *file, uint32_t node)
{
    struct slice text = json_raw(file, json_member(file, node, SLICE("schema")));
    uint32_t tests = json_member(file, node, SLICE("tests"));
    struct schema_options options = { .draft = D20 };
    struct schema_set *set = schema_set_new();
    struct schema *schema = NULL;
    struct err e;

    if (schema_set_add(set, CASE_URI, SLICE("case"), text, &e) == 0)
        schema = schema_compile(set, CASE_URI, &options, &e);
    schema_set_free(set);
    if (!schema)
        return; /* it refers to another document */
    *VEC_ADD(&s->schemas) = schema;
    for (uint32_t t = tests + 1; t < json_end(file, tests); t = json_next(file, t)) {
        uint32_t valid = json_member(file, t, SLICE("valid"));

        *VEC_ADD(&s->tests) = (struct checked){ schema, file, json_member(file, t, SLICE("data")),
                                                json_type_of(file, valid) == JSON_TRUE };
    }
}

static void add_file(const char *path, const char *name, void *arg)
{
    struct suite *s = arg;
    struct json_doc *file = malloc(sizeof *file);
    struct err e;

    (void)name;
    json_doc_init(file);
    if (json_parse_err(file, file_read(path), &JSON_LIMITS_DEFAULT, &e))
        fail_msg("%s: %s", path, e.text);
    *VEC_ADD(&s->files) = file;
    for (uint32_t c = 1; c < json_end(file, 0); c = json_next(file, c))
        add_case(s, file, c);
}

static unsigned count_wrong(const struct suite *s, struct schema_scratch *scratch)
{
    unsigned wrong = 0;

    for (uint32_t i = 0; i < s->tests.n; i++) {
        const struct checked *t = &s->tests.at[i];

        wrong += (schema_check(t->schema, t->file, t->data, scratch) == SCHEMA_VALID) != t->valid;
    }
    return wrong;
}

/* What the required tests have no reason to ask: formats, and ways to an answer that only long or crowded schemas take. */
static bool is_beyond_suite(enum mutant m)
{
    return m == MUTANT_FORMAT || m == MUTANT_WITHIN || m == MUTANT_MEMO || m == MUTANT_UNLIKE;
}

static void test_suite(void **state)
{
    struct schema_scratch *scratch;
    struct suite s = { 0 };
    char *path;

    (void)state;
    if (!HOOKED)
        skip();
    scratch = schema_scratch_new();
    path = shared_path("json-schema-test-suite/tests/draft2020-12");
    folder_each(path, "", false, add_file, &s);
    free(path);
    if (s.tests.n > 0)
        assert_int_equal(count_wrong(&s, scratch), 0);
    for (int m = 1; s.tests.n > 0 && m < MUTANT_COUNT; m++) {
        unsigned wrong;

        schema_mutant = (enum mutant)m;
        wrong = count_wrong(&s, scratch);
        schema_mutant = MUTANT_NONE;
        if (wrong == 0 && !is_beyond_suite((enum mutant)m))
            fail_msg("no test of the suite notices mutant %d", m);
    }
    print_message("%u tests of the suite against %d mutants\n", s.tests.n, MUTANT_COUNT - 1);
    for (uint32_t i = 0; i < s.schemas.n; i++)
        schema_unref(s.schemas.at[i]);
    for (uint32_t i = 0; i < s.files.n; i++) {
        free((char *)s.files.at[i]->text.ptr);
        json_doc_clear(s.files.at[i]);
        free(s.files.at[i]);
    }
    schema_scratch_free(scratch);
    if (s.tests.n == 0)
        skip();
    VEC_FREE(&s.tests);
    VEC_FREE(&s.schemas);
    VEC_FREE(&s.files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_suite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
