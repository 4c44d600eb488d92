/* What a check says besides yes and no: the official annotation tests in every dialect they are for, and the official
 * output tests of the "basic" format. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "json/doc.h"
#include "schema/equal.h"
#include "schema/schema.h"

#include "files.h"

#define BASE "https://suite.example/case"
#define ANNOTATIONS_MAX 1000u

struct suite {
    enum schema_draft draft;
    long release; /* 7, 2019, 2020 */
    struct schema_scratch *scratch;
    unsigned assertions, tests, wrong;
};

/* "7", "<=2019", "=2020", or several, all of which must hold. */
static bool is_compatible(const struct suite *s, struct slice text)
{
    while (text.len > 0) {
        struct slice one;
        bool most, just;
        long release;

        slice_cut(text, ',', &one, &text);
        most = slice_starts(one, SLICE("<="));
        just = slice_starts(one, SLICE("="));
        release = strtol(one.ptr + (most ? 2 : just ? 1 : 0), NULL, 10);
        if (most ? s->release > release : just ? s->release != release : s->release < release)
            return false;
    }
    return true;
}

static bool same_value(struct slice text, const struct json_doc *d, uint32_t node)
{
    uint64_t steps = 100000;
    struct json_doc value;
    struct buf tmp;
    struct err e;
    bool same;

    json_doc_init(&value);
    if (json_parse_err(&value, text, &JSON_LIMITS_DEFAULT, &e))
        fail_msg("%.*s: %s", SLICE_FMT(text), e.text);
    buf_init(&tmp, 1 << 20);
    same = equal_values(&value, 0, d, node, &tmp, &steps);
    buf_clear(&tmp);
    json_doc_clear(&value);
    return same;
}

/* Is it what `expected` wants of the schema location `at`? at: "#/properties/foo", from the document's top, or a URI. */
static bool is_from(const struct schema_annotation *a, struct slice at)
{
    size_t tail = a->keyword.len + 1;
    struct slice absolute = slice_first(a->absolute, a->absolute.len - tail);
    struct slice place = slice_first(a->schema_place, a->schema_place.len - tail);

    if (slice_starts(at, SLICE("#")) && slice_starts(place, SLICE(BASE)))
        return slice_eq(slice_from(place, strlen(BASE)), at) || slice_eq(slice_from(absolute, strlen(BASE)), at);
    return slice_eq(absolute, at);
}

static bool holds(const struct json_doc *file, uint32_t assertion, const struct schema_annotations *found)
{
    struct slice location = json_inner(file, json_member(file, assertion, SLICE("location")));
    struct slice keyword = json_inner(file, json_member(file, assertion, SLICE("keyword")));
    uint32_t expected = json_member(file, assertion, SLICE("expected")), n = 0;

    for (size_t i = 0; i < found->count; i++)
        n += slice_eq(found->at[i].instance_path, location) && slice_eq(found->at[i].keyword, keyword);
    if (n != json_count(file, expected))
        return false;
    for (uint32_t k = expected + 1; k < json_end(file, expected); k = json_next(file, k + 1)) {
        bool there = false;

        for (size_t i = 0; i < found->count; i++)
            there |= slice_eq(found->at[i].instance_path, location) && slice_eq(found->at[i].keyword, keyword) &&
                     is_from(&found->at[i], json_inner(file, k)) && same_value(found->at[i].value, file, k + 1);
        if (!there)
            return false;
    }
    return true;
}

static struct schema *compile(struct suite *s, struct schema_set *set, struct slice uri, struct slice text)
{
    struct schema_options options = { .draft = s->draft, .keep_annotations = true };
    struct schema *schema = NULL;
    struct err e;

    if (schema_set_add(set, uri, uri, text, &e) == 0)
        schema = schema_compile(set, uri, &options, &e);
    if (!schema)
        fail_msg("%.*s: %s", SLICE_FMT(text), e.text);
    return schema;
}

static void annotation_test(struct suite *s, const struct json_doc *file, uint32_t test, const struct schema *schema)
{
    uint32_t instance = json_member(file, test, SLICE("instance"));
    uint32_t assertions = json_member(file, test, SLICE("assertions"));
    struct schema_annotations found;

    assert_int_equal(schema_check(schema, file, instance, s->scratch), SCHEMA_VALID);
    schema_annotations_make(&found, schema, file, instance, s->scratch, ANNOTATIONS_MAX);
    assert_false(found.more);
    for (uint32_t a = assertions + 1; a < json_end(file, assertions); a = json_next(file, a)) {
        s->assertions++;
        if (holds(file, a, &found))
            continue;
        s->wrong++;
        print_error("%ld: %.*s\n", s->release, SLICE_FMT(json_raw(file, a)));
        for (size_t i = 0; i < found.count; i++)
            print_error("  found %.*s at %.*s: %.*s\n", SLICE_FMT(found.at[i].absolute),
                        SLICE_FMT(found.at[i].instance_path), SLICE_FMT(found.at[i].value));
    }
    schema_annotations_clear(&found);
}

static void annotation_case(struct suite *s, const struct json_doc *file, uint32_t node)
{
    uint32_t compatibility = json_member(file, node, SLICE("compatibility"));
    uint32_t external = json_member(file, node, SLICE("externalSchemas"));
    uint32_t tests = json_member(file, node, SLICE("tests"));
    struct schema_set *set;
    struct schema *schema;
    struct err e;

    if (compatibility != JSON_NONE && !is_compatible(s, json_inner(file, compatibility)))
        return;
    set = schema_set_new();
    for (uint32_t k = external + 1; external != JSON_NONE && k < json_end(file, external); k = json_next(file, k + 1))
        if (schema_set_add(set, json_inner(file, k), json_inner(file, k), json_raw(file, k + 1), &e))
            fail_msg("%s", e.text);
    schema = compile(s, set, SLICE(BASE), json_raw(file, json_member(file, node, SLICE("schema"))));
    for (uint32_t t = tests + 1; t < json_end(file, tests); t = json_next(file, t))
        annotation_test(s, file, t, schema);
    schema_unref(schema);
    schema_set_free(set);
}

static void with_file(const char *path, struct json_doc *file)
{
    struct err e;

    json_doc_init(file);
    if (json_parse_err(file, file_read(path), &JSON_LIMITS_DEFAULT, &e))
        fail_msg("%s: %s", path, e.text);
}

static void done_file(struct json_doc *file)
{
    free((char *)file->text.ptr);
    json_doc_clear(file);
}

static void annotation_file(const char *path, const char *name, void *arg)
{
    struct suite *s = arg;
    struct json_doc file;
    uint32_t cases;

    (void)name;
    with_file(path, &file);
    cases = json_member(&file, 0, SLICE("suite"));
    for (uint32_t c = cases + 1; c < json_end(&file, cases); c = json_next(&file, c))
        annotation_case(s, &file, c);
    done_file(&file);
}

static void run_annotations(enum schema_draft draft, long release)
{
    struct suite s = { .draft = draft, .release = release, .scratch = schema_scratch_new() };
    char *path = shared_path("json-schema-test-suite/annotations/tests");

    folder_each(path, "", false, annotation_file, &s);
    free(path);
    schema_scratch_free(s.scratch);
    if (s.assertions == 0)
        skip();
    print_message("annotations, release %ld: %u assertions\n", release, s.assertions);
    assert_int_equal(s.wrong, 0);
}

static void test_annotations(void **state)
{
    (void)state;
    run_annotations(SCHEMA_DRAFT_7, 7);
    run_annotations(SCHEMA_DRAFT_2019_09, 2019);
    run_annotations(SCHEMA_DRAFT_2020_12, 2020);
}

/* The "basic" output for the data must itself satisfy the schema that the test gives. */
static void output_test(struct suite *s, struct schema_set *set, const struct json_doc *file, uint32_t test,
                        const struct schema *schema)
{
    uint32_t data = json_member(file, test, SLICE("data"));
    uint32_t want = json_member(file, json_member(file, test, SLICE("output")), SLICE("basic"));
    struct schema_annotations annotations = { 0 };
    struct schema_report report, judged;
    struct schema *judge;
    struct json_doc output;
    struct buf text;
    struct err e;
    char uri[64];

    snprintf(uri, sizeof uri, BASE "/output/%u", s->tests++);
    judge = compile(s, set, slice_z(uri), json_raw(file, want));
    schema_report_make(&report, schema, file, data, s->scratch, 10);
    if (report.verdict == SCHEMA_VALID)
        schema_annotations_make(&annotations, schema, file, data, s->scratch, ANNOTATIONS_MAX);
    buf_init(&text, 1 << 20);
    schema_output_basic(&text, &report, &annotations);
    json_doc_init(&output);
    if (json_parse_err(&output, buf_slice(&text), &JSON_LIMITS_DEFAULT, &e))
        fail_msg("%s: %s", text.ptr, e.text);
    schema_report_make(&judged, judge, &output, 0, s->scratch, 1);
    if (judged.verdict != SCHEMA_VALID) {
        s->wrong++;
        print_error("%s: %.*s\n", text.ptr, SLICE_FMT(judged.errors[0].message));
    }
    schema_report_clear(&judged);
    schema_report_clear(&report);
    schema_annotations_clear(&annotations);
    json_doc_clear(&output);
    buf_clear(&text);
    schema_unref(judge);
}

static void output_file(const char *path, const char *name, void *arg)
{
    struct suite *s = arg;
    struct json_doc file;

    (void)name;
    with_file(path, &file);
    for (uint32_t c = 1; c < json_end(&file, 0); c = json_next(&file, c)) {
        uint32_t tests = json_member(&file, c, SLICE("tests"));
        struct schema_set *set = schema_set_new();
        struct schema *schema = compile(s, set, SLICE(BASE), json_raw(&file, json_member(&file, c, SLICE("schema"))));
        char relative[96], *meta;
        struct slice text;
        struct err e;

        snprintf(relative, sizeof relative, "json-schema-test-suite/output-tests/draft%s/output-schema.json",
                 s->release == 2019 ? "2019-09" : "2020-12");
        meta = shared_path(relative);
        text = file_read(meta);
        if (schema_set_add(set, SLICE("https://suite.example/output-schema"), SLICE("output-schema"), text, &e))
            fail_msg("%s", e.text);
        for (uint32_t t = tests + 1; t < json_end(&file, tests); t = json_next(&file, t))
            output_test(s, set, &file, t, schema);
        free((char *)text.ptr);
        free(meta);
        schema_unref(schema);
        schema_set_free(set);
    }
    done_file(&file);
}

static void run_outputs(enum schema_draft draft, long release, const char *folder)
{
    struct suite s = { .draft = draft, .release = release, .scratch = schema_scratch_new() };
    char *path = shared_path(folder);

    folder_each(path, "", false, output_file, &s);
    free(path);
    schema_scratch_free(s.scratch);
    if (s.tests == 0)
        skip();
    print_message("output, release %ld: %u tests\n", release, s.tests);
    assert_int_equal(s.wrong, 0);
}

static void test_output(void **state)
{
    (void)state;
    run_outputs(SCHEMA_DRAFT_2019_09, 2019, "json-schema-test-suite/output-tests/draft2019-09/content");
    run_outputs(SCHEMA_DRAFT_2020_12, 2020, "json-schema-test-suite/output-tests/draft2020-12/content");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_annotations),
        cmocka_unit_test(test_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
