/* Files beside the configuration: schemas in folders, providers of the user's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/plan/folder.h"

#define HEAD "{listen: {ingest: \"127.0.0.1:1\"}, store: \"sqlite:x\", "

static void assert_said(const char *config, const char *expected)
{
    struct buf said;

    buf_init(&said, 65536);
    folder_write("c.yaml", slice_z(config));
    plan_unref(folder_load("c.yaml", &said));
    assert_string_equal(text_of(&said), expected);
    buf_clear(&said);
}

static int make_folders(void **state)
{
    if (folder_setup(state) || mkdir("own", 0755) || mkdir("own/sub", 0755) || mkdir("second", 0755))
        return -1;
    folder_write("own/good.json", SLICE("{\"$ref\":\"sub/name.json\"}"));
    folder_write("own/sub/name.json", SLICE("{\"type\":\"string\"}"));
    folder_write("own/loose.json", SLICE("{\"$ref\":\"nope.json\"}"));
    folder_write("own/readme.txt", SLICE("not a schema"));
    folder_write("second/good.json", SLICE("{\"type\":\"array\"}"));
    folder_write("second/only.json", SLICE("{}"));
    return 0;
}

static int remove_folders(void **state)
{
    static const char *const files[] = { "own/good.json",  "own/sub/name.json", "own/loose.json",
                                         "own/readme.txt", "second/good.json",  "second/only.json" };

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (unlink(files[i]))
            return -1;
    }
    return rmdir("own/sub") || rmdir("own") || rmdir("second") ? -1 : folder_teardown(state);
}

#define SOURCE "sources: {a: {provider: github, secrets: [{value: x}], events: {t: {schema: %s}}}}}"

static void assert_schema(const char *name, const char *expected)
{
    char config[512], said[2048], source[256];

    snprintf(source, sizeof source, SOURCE, name);
    snprintf(config, sizeof config, HEAD "schemas: [own, second], %s", source);
    snprintf(said, sizeof said, expected, folder_path);
    assert_said(config, said);
}

static void test_schemas(void **state)
{
    (void)state;
    assert_schema("good.json", "");
    assert_schema("only.json", "");
    assert_schema("sub/name.json", "");
    assert_schema(
        "loose.json",
        "c.yaml:1:154: error: sources.a.events.t.schema: loose.json#/$ref: nothing here has the URI file://%1$s/own/nope.json, "
        "and nothing is fetched: put it into a schema folder\n");
    assert_schema("readme.txt",
                  "c.yaml:1:154: error: sources.a.events.t.schema: no schema folder has a file readme.txt\n"
                  "    hint: the name of a schema file ends with .json\n");
    assert_schema("onyl.json", "c.yaml:1:154: error: sources.a.events.t.schema: no schema folder has a file onyl.json\n"
                               "    hint: did you mean \"only.json\"?\n");
}

static void test_the_first_folder_wins(void **state)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json_fault fault;
    struct json_doc text;
    struct buf said;

    (void)state;
    buf_init(&said, 65536);
    json_doc_init(&text);
    assert_int_equal(json_parse(&text, SLICE("\"x\""), &limits, &fault), 0);
    folder_write("c.yaml", SLICE(HEAD "schemas: [own, second], sources: {a: {provider: github, secrets: [{value: x}],"
                                      " events: {t: {schema: good.json}}}}}"));
    struct plan *p = folder_load("c.yaml", &said);
    assert_int_equal(schema_check(p->sources[0].bindings[0].schema, &text, 0, scratch), SCHEMA_VALID);
    plan_unref(p);
    json_doc_clear(&text);
    schema_scratch_free(scratch);
    buf_clear(&said);
}

static void test_broken_files(void **state)
{
    (void)state;
    folder_write("own/broken.json", SLICE("{\"a\":"));
    assert_said(HEAD "schemas: [own]}",
                "c.yaml:1:63: warning: schemas: broken.json: line 1, column 6: expected a value after ':', found "
                "the end of the text\n"
                "    hint: it is in a schema folder, but no schema can refer to it\n");
    assert_said(
        HEAD
        "schemas: [own], sources: {a: {provider: github, secrets: [{value: x}], events: {t: {schema: broken.json}}}}}",
        "c.yaml:1:146: error: sources.a.events.t.schema: broken.json: line 1, column 6: expected a value after ':', "
        "found the end of the text\n");
    assert_int_equal(unlink("own/broken.json"), 0);
}

#define PROVIDER "id: %s\nname: Mine\nscheme: token\nsignature: {in: header, name: X-Token}\n"

static void write_provider(const char *file, const char *id)
{
    char text[256];
    int len = snprintf(text, sizeof text, PROVIDER, id);

    folder_write(file, slice_of(text, (size_t)len));
}

static void test_providers_of_the_user(void **state)
{
    struct buf said;

    (void)state;
    buf_init(&said, 65536);
    write_provider("own/github.yaml", "github");
    write_provider("own/mine.yaml", "yours");
    folder_write("c.yaml", SLICE(HEAD "providers: own, sources: {a: {provider: github, secrets: [{value: x}]},"
                                      " b: {provider: github, secrets: [{value: y}]}}}"));
    struct plan *p = folder_load("c.yaml", &said);
    assert_string_equal(text_of(&said), "");
    assert_ptr_equal(p->sources[0].provider, p->sources[1].provider);
    assert_int_equal(provider_scheme(p->sources[0].provider), SCHEME_TOKEN);
    plan_unref(p);
    folder_write("c.yaml",
                 SLICE(HEAD
                       "providers: own, sources: {a: {provider: mine, secrets: [{value: x}]},"
                       " b: {provider: mine, secrets: [{value: y}]}, c: {provider: slack, secrets: [{value: z}]}}}"));
    assert_null(folder_load("c.yaml", &said));
    assert_non_null(
        strstr(said.ptr,
               "/own/mine.yaml:1:1: error: the id must be \"mine\"\n    hint: it is the file's name without .yaml\n"));
    assert_null(
        strstr(strstr(said.ptr, "error: the id") + 1, "error: the id")); /* told once, though two sources name it */
    assert_int_equal(unlink("own/github.yaml"), 0);
    assert_int_equal(unlink("own/mine.yaml"), 0);
    buf_clear(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemas),
        cmocka_unit_test(test_the_first_folder_wins),
        cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_providers_of_the_user),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
