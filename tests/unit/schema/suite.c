/* The official JSON-Schema-Test-Suite: every case must compile and give the right answers, without exception; and so must
 * its bundle, alone. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "json/doc.h"
#include "schema/bundle.h"

#include "files.h"

#define REMOTES "http://localhost:1234/"
#define CASE_URI SLICE("file:///suite/case.json")

struct suite {
    const char *folder;
    enum schema_draft draft;
    bool assert_format;
    struct schema_scratch *scratch;
    unsigned files, cases, tests, wrong;
    const char *file;
};

/* Of drafts that nobody here knows. */
static bool is_foreign(struct slice name)
{
    return slice_starts(name, SLICE("draft3/")) || slice_starts(name, SLICE("draft4/")) ||
           slice_starts(name, SLICE("draft6/")) || slice_starts(name, SLICE("v1/"));
}

static void add_remote(const char *path, const char *name, void *arg)
{
    struct schema_set *set = arg;
    struct slice text, file = slice_z(name);
    char uri[512];
    struct err e;

    if (is_foreign(file))
        return;
    text = file_read(path);
    snprintf(uri, sizeof uri, REMOTES "%s", name);
    if (schema_set_add(set, slice_z(uri), file, text, &e))
        fail_msg("%s: %s", name, e.text);
    free((char *)text.ptr);
}

static struct schema_set *new_set(void)
{
    struct schema_set *set = schema_set_new();
    char *path = shared_path("json-schema-test-suite/remotes");

    folder_each(path, "", true, add_remote, set);
    free(path);
    return set;
}

static void run_one(struct suite *s, const struct json_doc *file, uint32_t test, const struct schema *schema,
                    const char *what)
{
    uint32_t data = json_member(file, test, SLICE("data")), valid = json_member(file, test, SLICE("valid"));
    enum schema_verdict want = json_type_of(file, valid) == JSON_TRUE ? SCHEMA_VALID : SCHEMA_INVALID;
    enum schema_verdict got = schema_check(schema, file, data, s->scratch);
    struct schema_report report;

    s->tests++;
    if (got != want) {
        s->wrong++;
        print_error("%s/%s: %s: %.*s: %d instead of %d\n", s->folder, s->file, what,
                    SLICE_FMT(json_inner(file, json_member(file, test, SLICE("description")))), (int)got, (int)want);
    }
    schema_report_make(&report, schema, file, data, s->scratch, 20);
    if (report.verdict != got || (report.count > 0) != (got == SCHEMA_INVALID)) {
        s->wrong++;
        print_error("%s/%s: %s: the report disagrees: %d, %zu errors\n", s->folder, s->file, what, (int)report.verdict,
                    report.count);
    }
    schema_report_clear(&report);
}

static void run_instances(struct suite *s, const struct json_doc *file, uint32_t tests, struct schema_set *set,
                          const char *what)
{
    struct schema_options options = { .draft = s->draft, .assert_format = s->assert_format };
    struct err e;
    struct schema *schema = schema_compile(set, CASE_URI, &options, &e);

    if (!schema) {
        s->wrong++;
        print_error("%s/%s: %s: %s\n", s->folder, s->file, what, e.text);
        return;
    }
    for (uint32_t t = tests + 1; t < json_end(file, tests); t = json_next(file, t))
        run_one(s, file, t, schema, what);
    schema_unref(schema);
}

/* A set of nothing but the bundle. */
static struct schema_set *new_bundle(struct suite *s, struct schema_set *set, const char *what)
{
    struct schema_options options = { .draft = s->draft, .assert_format = s->assert_format };
    struct schema_set *alone = schema_set_new();
    struct buf text;
    struct err e;

    buf_init(&text, 16 << 20);
    if (schema_bundle(set, CASE_URI, &options, &text, &e) ||
        schema_set_add(alone, CASE_URI, CASE_URI, buf_slice(&text), &e))
        fail_msg("%s/%s: %s: the bundle: %s", s->folder, s->file, what, e.text);
    buf_clear(&text);
    return alone;
}

static void run_case(struct suite *s, const struct json_doc *file, uint32_t node)
{
    struct slice what = json_inner(file, json_member(file, node, SLICE("description")));
    uint32_t tests = json_member(file, node, SLICE("tests"));
    struct schema_set *set = new_set(), *alone;
    char name[200], bundled[220];
    struct err e;

    s->cases++;
    snprintf(name, sizeof name, "%.*s", SLICE_FMT(what));
    snprintf(bundled, sizeof bundled, "%s (bundled)", name);
    if (schema_set_add(set, CASE_URI, CASE_URI, json_raw(file, json_member(file, node, SLICE("schema"))), &e))
        fail_msg("%s: %s", name, e.text);
    run_instances(s, file, tests, set, name);
    alone = new_bundle(s, set, name);
    run_instances(s, file, tests, alone, bundled);
    schema_set_free(alone);
    schema_set_free(set);
}

static void run_file(const char *path, const char *name, void *arg)
{
    struct suite *s = arg;
    struct slice text;
    struct json_doc file;
    struct err e;

    if (strcmp(name, "content.json") == 0 && strstr(s->folder, "optional"))
        return; /* contentEncoding and contentMediaType as assertions: annotations here */
    text = file_read(path);
    s->files++;
    s->file = name;
    json_doc_init(&file);
    if (json_parse_err(&file, text, &JSON_LIMITS_DEFAULT, &e))
        fail_msg("%s: %s", path, e.text);
    for (uint32_t c = 1; c < json_end(&file, 0); c = json_next(&file, c))
        run_case(s, &file, c);
    json_doc_clear(&file);
    free((char *)text.ptr);
}

static void run_folder(const char *folder, enum schema_draft draft, bool assert_format)
{
    struct suite s = { .folder = folder, .draft = draft, .assert_format = assert_format };
    char path[128], *full;

    snprintf(path, sizeof path, "json-schema-test-suite/tests/%s", folder);
    full = shared_path(path);
    s.scratch = schema_scratch_new();
    folder_each(full, "", false, run_file, &s);
    schema_scratch_free(s.scratch);
    free(full);
    if (s.files == 0)
        skip();
    print_message("%s: %u files, %u cases, %u tests\n", folder, s.files, s.cases, s.tests);
    assert_int_equal(s.wrong, 0);
}

static void test_draft7(void **state)
{
    (void)state;
    run_folder("draft7", SCHEMA_DRAFT_7, false);
    run_folder("draft7/optional", SCHEMA_DRAFT_7, false);
    run_folder("draft7/optional/format", SCHEMA_DRAFT_7, true);
}

static void test_draft2019_09(void **state)
{
    (void)state;
    run_folder("draft2019-09", SCHEMA_DRAFT_2019_09, false);
    run_folder("draft2019-09/optional", SCHEMA_DRAFT_2019_09, false);
    run_folder("draft2019-09/optional/format", SCHEMA_DRAFT_2019_09, true);
}

static void test_draft2020_12(void **state)
{
    (void)state;
    run_folder("draft2020-12", SCHEMA_DRAFT_2020_12, false);
    run_folder("draft2020-12/optional", SCHEMA_DRAFT_2020_12, false);
    run_folder("draft2020-12/optional/format", SCHEMA_DRAFT_2020_12, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draft7),
        cmocka_unit_test(test_draft2019_09),
        cmocka_unit_test(test_draft2020_12),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
