#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "schema/folder.h"

static char folder[] = "/tmp/hooklatch-schema-XXXXXX";

static void path_to(char *path, size_t size, const char *name)
{
    assert_true(snprintf(path, size, "%s/%s", folder, name) < (int)size);
}

static void put(const char *name, const char *text)
{
    char path[200];
    FILE *f;

    path_to(path, sizeof path, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void make(const char *name)
{
    char path[200];

    path_to(path, sizeof path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static void test_tree(void **state)
{
    struct schema_set *set = schema_set_new();
    struct schema_options options = { .draft = SCHEMA_DRAFT_2020_12 };
    struct slice uri;
    struct schema *s;
    struct err e;

    (void)state;
    make("git hub");
    make(".hidden");
    put("git hub/push.schema.json", "{\"$ref\":\"../common.json#/$defs/n\"}");
    put("common.json", "{\"$defs\":{\"n\":{\"type\":\"null\"}}}");
    put(".hidden/broken.json", "{");
    put("readme.txt", "{");
    put("git hub/push.example.json", "{");
    if (schema_set_add_folder(set, folder, &e))
        fail_msg("%s", e.text);
    assert_true(schema_set_uri(set, SLICE("git hub/push.schema.json"), &uri));
    assert_true(slice_starts(uri, SLICE("file:///")) && slice_ends(uri, SLICE("/git%20hub/push.schema.json")));
    s = schema_compile(set, uri, &options, &e);
    if (!s)
        fail_msg("%s", e.text);
    schema_unref(s);
    assert_false(schema_set_uri(set, SLICE("readme.txt"), &uri));
    assert_false(schema_set_uri(set, SLICE("git hub/push.example.json"), &uri));
    /* the same folder again changes nothing */
    assert_int_equal(schema_set_add_folder(set, folder, &e), 0);
    schema_set_free(set);
}

static void refused(const char *says)
{
    struct schema_set *set = schema_set_new();
    struct err e;

    assert_int_equal(schema_set_add_folder(set, folder, &e), -1);
    if (!strstr(e.text, says))
        fail_msg("\"%s\" does not say \"%s\"", e.text, says);
    schema_set_free(set);
}

static void test_broken_file(void **state)
{
    (void)state;
    make("a");
    put("a/b.json", "{\"type\": }");
    refused("a/b.json: line 1, column 10");
}

static void test_link_loop(void **state)
{
    char path[200];

    (void)state;
    path_to(path, sizeof path, "up");
    assert_int_equal(symlink(folder, path), 0);
    refused("levels deep");
}

static void test_large_file(void **state)
{
    char path[200];

    (void)state;
    put("large.json", "{}");
    path_to(path, sizeof path, "large.json");
    assert_int_equal(truncate(path, (17 << 20)), 0);
    refused("large.json is larger than 16 MiB");
}

static void test_missing(void **state)
{
    struct schema_set *set = schema_set_new();
    struct err e;

    (void)state;
    assert_int_equal(schema_set_add_folder(set, "/nonexistent/schemas", &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(schema_set_add_file(set, "/nonexistent/a.json", SLICE("a.json"), &e), -1);
    schema_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_file, setup, teardown),
        cmocka_unit_test(test_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
