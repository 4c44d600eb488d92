#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/tree.h"

static const char sample[] = "listen: {ingest: 'a:1'}\n"
                             "sources:\n"
                             "  github:\n"
                             "    secrets: [{env: A}, {env: B}]\n"
                             "    events: {github.push: 1}\n"
                             "n: 5\n"
                             "yes: true\n"
                             "text: \"caf\\u00e9 \\\" x\"\n";

struct fixture {
    struct tree tree;
    struct issues issues;
    struct arena memory;
};

static int setup(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);

    issues_init(&f->issues);
    arena_init(&f->memory);
    *state = f;
    return tree_read(&f->tree, "t.yaml", "/", slice_z(sample), &f->issues);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tree_clear(&f->tree);
    issues_clear(&f->issues);
    arena_clear(&f->memory);
    free(f);
    return 0;
}

static uint32_t at(const struct fixture *f, const char *a, const char *b, const char *c)
{
    uint32_t n = tree_get(&f->tree, 0, a);

    n = b ? tree_get(&f->tree, n, b) : n;
    return c ? tree_get(&f->tree, n, c) : n;
}

static void test_paths(void **state)
{
    struct fixture *f = *state;
    uint32_t secrets = at(f, "sources", "github", "secrets");
    uint32_t second = json_next(&f->tree.doc, secrets + 1);

    assert_string_equal(tree_path(&f->tree, 0, &f->memory).ptr, "");
    assert_string_equal(tree_path(&f->tree, second, &f->memory).ptr, "sources.github.secrets[1]");
    assert_string_equal(tree_path(&f->tree, second + 1, &f->memory).ptr, "sources.github.secrets[1].env");
    assert_string_equal(tree_path(&f->tree, second + 2, &f->memory).ptr, "sources.github.secrets[1].env");
    assert_string_equal(tree_path(&f->tree, at(f, "sources", "github", "events") + 2, &f->memory).ptr,
                        "sources.github.events[\"github.push\"]");
    assert_string_equal(tree_path(&f->tree, at(f, "n", NULL, NULL), &f->memory).ptr, "n");
    assert_string_equal(tree_path(&f->tree, JSON_NONE, &f->memory).ptr, "");
}

static void test_issues_have_places(void **state)
{
    struct fixture *f = *state;
    struct buf out;

    tree_error(&f->tree, at(f, "sources", "github", "secrets") + 1, &f->issues, "try B", "no %s", "A");
    tree_warn(&f->tree, JSON_NONE, &f->issues, NULL, "all of it");
    buf_init(&out, 4096);
    issues_put_text(&f->issues, &out);
    assert_string_equal(out.ptr, "t.yaml: warning: all of it\n"
                                 "t.yaml:4:15: error: sources.github.secrets[0]: no A\n    hint: try B\n");
    buf_clear(&out);
}

static void test_getters(void **state)
{
    struct fixture *f = *state;
    const struct tree *t = &f->tree;

    assert_int_equal(tree_get(t, 0, "absent"), JSON_NONE);
    assert_int_equal(tree_get(t, JSON_NONE, "x"), JSON_NONE);
    assert_int_equal(tree_get(t, at(f, "n", NULL, NULL), "x"), JSON_NONE);
    assert_int_equal(tree_int(t, 0, "n", 9), 5);
    assert_int_equal(tree_int(t, 0, "text", 9), 9);
    assert_int_equal(tree_int(t, 0, "absent", 9), 9);
    assert_true(tree_bool(t, 0, "yes", false));
    assert_true(tree_bool(t, 0, "absent", true));
    assert_false(tree_bool(t, 0, "n", false));
    assert_string_equal(tree_text(t, 0, "text", &f->memory).ptr, "caf\xc3\xa9 \" x");
    assert_null(tree_text(t, 0, "absent", &f->memory).ptr);
    assert_null(tree_text(t, 0, "n", &f->memory).ptr);
}

static void test_measures(void **state)
{
    static const char yaml[] = "{a: 30s, b: 500ms, c: 5m, d: 2h, e: 7d, f: 3, g: 3x, h: 99999999999999999999d, i: -1,\n"
                               " p: 2MiB, q: 64KiB, r: 10MB, s: '512', t: 512, u: 1GiB, v: x, w: 99999999999GiB}";
    struct fixture *f = *state;
    struct tree t;

    assert_int_equal(tree_read(&t, "t", NULL, slice_z(yaml), &f->issues), 0);
    static const struct {
        const char *key;
        int64_t us;
    } times[] = { { "a", 30000000 },
                  { "b", 500000 },
                  { "c", 300000000 },
                  { "d", INT64_C(7200000000) },
                  { "e", INT64_C(604800000000) },
                  { "f", 3000000 },
                  { "g", -7 },
                  { "h", INT64_MAX },
                  { "i", -7 },
                  { "absent", -7 } };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert_true(tree_duration_us(&t, 0, times[i].key, -7) == times[i].us);
    static const struct {
        const char *key;
        int64_t bytes;
    } sizes[] = { { "p", 2097152 }, { "q", 65536 },      { "r", 10000000 }, { "s", 512 },
                  { "t", 512 },     { "u", 1073741824 }, { "v", -7 },       { "w", INT64_MAX } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_true(tree_bytes(&t, 0, sizes[i].key, -7) == sizes[i].bytes);
    tree_clear(&t);
}

static void test_relative_paths(void **state)
{
    struct fixture *f = *state;
    char dir[] = "/tmp/hooklatch-tree-XXXXXX", file[64], expected[64];
    struct tree t;

    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/c.yaml", dir);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_true(fputs("a: 1\n", out) >= 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(tree_load(&t, file, &f->issues), 0);
    assert_string_equal(t.file, file);
    assert_string_equal(t.dir, dir);
    snprintf(expected, sizeof expected, "%s/x/y", dir);
    assert_string_equal(tree_file_path(&t, SLICE("x/y"), &f->memory), expected);
    assert_string_equal(tree_file_path(&t, SLICE("./x/y"), &f->memory), expected);
    assert_string_equal(tree_file_path(&t, SLICE("../var"), &f->memory), "/tmp/var");
    assert_string_equal(tree_file_path(&t, SLICE("../../../var"), &f->memory), "/../var");
    assert_string_equal(tree_file_path(&t, SLICE("/abs/x"), &f->memory), "/abs/x");
    tree_clear(&t);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void test_unreadable_files(void **state)
{
    struct fixture *f = *state;
    struct tree t;
    struct buf out;

    assert_int_equal(tree_load(&t, "/nonexistent/c.yaml", &f->issues), -1);
    assert_int_equal(tree_load(&t, "/", &f->issues), -1);
    buf_init(&out, 4096);
    issues_put_text(&f->issues, &out);
    assert_string_equal(out.ptr, "/: error: is a folder, not a file\n"
                                 "/nonexistent/c.yaml: error: cannot be opened: No such file or directory\n");
    buf_clear(&out);
}

static void test_json_has_the_same_tree(void **state)
{
    struct fixture *f = *state;
    struct tree t;

    assert_int_equal(tree_read_json(&t, "j", SLICE("{\"a\":\n  [1,\n   \"\\ud83d\\ude00\"]}"), &f->issues), 0);
    assert_int_equal(t.doc.count, 5);
    assert_int_equal(t.marks[3].line, 2);
    assert_int_equal(t.marks[4].line, 3);
    assert_string_equal(tree_string(&t, 4, &f->memory).ptr, "\xf0\x9f\x98\x80");
    tree_clear(&t);
    assert_int_equal(tree_read_json(&t, "j", SLICE("{\"a\": 01}"), &f->issues), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_issues_have_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_getters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_measures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_relative_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreadable_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json_has_the_same_tree, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
