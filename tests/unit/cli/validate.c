/* hooklatch validate, from its arguments to its output. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

static char folder[] = "/tmp/hooklatch-validate-XXXXXX";
static char output[65536];

static char *path_of(const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        abort();
    return path;
}

static void put(const char *name, const char *text)
{
    char *path = path_of(name);
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    free(path);
}

/* Runs the command in the folder with that standard input; standard output goes to `output`. */
static int run(const char *input, int argc, char **argv)
{
    FILE *out = tmpfile();
    int keep = dup(STDOUT_FILENO), rc;
    size_t n;

    put("stdin", input);
    assert_non_null(freopen("stdin", "r", stdin));
    fflush(stdout);
    dup2(fileno(out), STDOUT_FILENO);
    rc = cli_validate(argc, argv);
    fflush(stdout);
    dup2(keep, STDOUT_FILENO);
    close(keep);
    rewind(out);
    n = fread(output, 1, sizeof output - 1, out);
    output[n] = '\0';
    fclose(out);
    return rc;
}

static void assert_starts(const char *text)
{
    if (strncmp(output, text, strlen(text)) != 0)
        fail_msg("\"%s\" does not start with \"%s\"", output, text);
}

#define RUN(input, ...)                                                                                                \
    run(input, (int)(sizeof((char *[]){ "validate", __VA_ARGS__ }) / sizeof(char *)),                                  \
        (char *[]){ "validate", __VA_ARGS__, NULL })

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    put("s.json", "{\"$ref\":\"common.json#/$defs/n\"}");
    put("common.json", "{\"$defs\":{\"n\":{\"type\":\"integer\",\"minimum\":3}}}");
    put("good.json", "5\n");
    put("bad.json", "\n 1\n");
    put("broken.json", "[1,\n]");
    put("schema7.json", "{\"items\":[{\"type\":\"null\"}],\"additionalItems\":false}");
    put("pair.json", "[null,1]");
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { "s.json",      "common.json",  "good.json", "bad.json",
                                         "broken.json", "schema7.json", "pair.json", "stdin" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove(names[i]);
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void test_files(void **state)
{
    (void)state;
    assert_int_equal(RUN("", "s.json", "good.json"), 0);
    assert_string_equal(output, "good.json: valid\n");
    assert_int_equal(RUN("", "s.json", "good.json", "bad.json"), 1);
    assert_starts("good.json: valid\nbad.json:2:2: the whole: must be at least 3, found number 1 "
                  "(");
    assert_non_null(strstr(output, "/common.json#/$defs/n/minimum)\n"));
    assert_int_equal(RUN("7", "s.json", "-"), 0);
    assert_string_equal(output, "standard input: valid\n");
    assert_int_equal(RUN("", "s.json"), 0);
    assert_string_equal(output, "s.json: a schema\n");
    assert_int_equal(RUN("", "s.json", "broken.json"), 1);
    assert_int_equal(RUN("", "s.json", "nobody.json"), 2);
    assert_int_equal(RUN("", "nobody.json", "good.json"), 2);
    assert_int_equal(RUN("", "schema7.json", "pair.json"), 2);
    assert_int_equal(RUN("", "--draft", "7", "schema7.json", "pair.json"), 1);
}

static void test_output(void **state)
{
    (void)state;
    assert_int_equal(RUN("1", "--output", "flag", "s.json", "-"), 1);
    assert_string_equal(output, "{\"valid\":false}\n");
    assert_int_equal(RUN("3", "--output", "basic", "s.json", "-"), 0);
    assert_string_equal(output, "{\"valid\":true}\n");
    assert_int_equal(RUN("1", "--output", "basic", "s.json", "-"), 1);
    assert_starts("{\"valid\":false,\"errors\":[{\"valid\":false,\"keywordLocation\":\"/$ref/minimum\","
                  "\"absoluteKeywordLocation\":\"file:///");
    assert_non_null(strstr(output, "/common.json#/$defs/n/minimum\",\"instanceLocation\":\"\","
                                   "\"error\":\"must be at least 3, found number 1\"}]}\n"));
}

static void test_bundle(void **state)
{
    (void)state;
    assert_int_equal(RUN("", "--bundle", "s.json"), 0);
    assert_string_equal(output, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
                                "\"$id\":\"https://bundle.invalid/s.json\",\"$ref\":\"common.json#/$defs/n\","
                                "\"$defs\":{\"https://bundle.invalid/common.json\":"
                                "{\"$id\":\"https://bundle.invalid/common.json\","
                                "\"$defs\":{\"n\":{\"type\":\"integer\",\"minimum\":3}}}}}\n");
    assert_int_equal(RUN("", "--bundle", "schema7.json"), 2);
    assert_int_equal(RUN("", "--bundle", "--draft", "7", "schema7.json"), 0);
    assert_int_equal(RUN("", "--bundle", "nobody.json"), 2);
}

static void test_folders(void **state)
{
    (void)state;
    assert_int_equal(mkdir("folder", 0700), 0);
    put("folder/n.json", "{\"$id\":\"https://x.example/n\",\"type\":\"integer\"}");
    put("user.json", "{\"$ref\":\"https://x.example/n\"}");
    assert_int_equal(RUN("", "user.json", "good.json"), 2);
    assert_int_equal(RUN("", "--schemas", "folder", "user.json", "good.json", "pair.json"), 1);
    assert_starts("good.json: valid\npair.json:1:1: the whole: expected integer");
    assert_int_equal(RUN("", "--schemas", "nowhere", "user.json", "good.json"), 2);
    assert_int_equal(RUN("{}", "--schemas", "folder", "--batch"), 2);
    remove("folder/n.json");
    remove("folder");
    remove("user.json");
}

/* A payload does not steer the terminal it is printed on. */
static void test_control_characters(void **state)
{
    (void)state;
    put("closed.json", "{\"additionalProperties\":false}");
    assert_int_equal(RUN("{\"\\u001b[31m\\n\":1}", "closed.json", "-"), 1);
    assert_starts("standard input:1:3: /\\u001b[31m\\u000a: unknown property \"\\u001b[31m\\n\"");
    remove("closed.json");
}

static void test_usage(void **state)
{
    (void)state;
    assert_int_equal(run("", 1, (char *[]){ "validate", NULL }), 2);
    assert_int_equal(RUN("", "--draft", "6", "s.json", "good.json"), 2);
    assert_int_equal(RUN("", "--output", "xml", "s.json", "good.json"), 2);
    assert_int_equal(RUN("", "--max-depth", "0", "s.json", "good.json"), 2);
    assert_int_equal(RUN("", "--max-errors", "0", "s.json", "good.json"), 2);
    assert_int_equal(RUN("", "--max-errors", "x", "s.json", "good.json"), 2);
    assert_int_equal(RUN("", "--nonsense", "s.json", "good.json"), 2);
    assert_int_equal(RUN("", "--draft"), 2);
    assert_int_equal(RUN("", "--batch", "s.json"), 2);
    assert_int_equal(RUN("", "--bundle"), 2);
    assert_int_equal(RUN("", "--bundle", "s.json", "good.json"), 2);
    assert_int_equal(RUN("", "--bundle", "--batch"), 2);
}

static void test_depth(void **state)
{
    enum { DEPTH = 9999 };
    char *text = malloc(2 * DEPTH + 100);
    size_t at;

    (void)state;
    at = (size_t)sprintf(
        text, "{\"schema\":{\"type\":\"array\",\"anyOf\":[false,{\"items\":{\"$ref\":\"#\"}}]},\"instance\":");
    memset(text + at, '[', DEPTH);
    memset(text + at + DEPTH, ']', DEPTH);
    strcpy(text + at + 2 * DEPTH, "}\n");
    assert_int_equal(RUN(text, "--batch"), 0);
    assert_string_equal(output, "true\n");
    assert_int_equal(RUN(text, "--batch", "--max-depth", "100"), 0);
    assert_starts("error line 1");
    free(text);
}

static void test_batch(void **state)
{
    (void)state;
    assert_int_equal(
        RUN("{\"schema\":{\"type\":\"null\"},\"instance\":null}\n"
            "{\"instance\":1,\"schema\":{\"type\":\"null\"}}\n"
            "{\"schema\":{\"items\":[true],\"additionalItems\":false},\"instance\":[1,2],\"draft\":\"7\"}\n"
            "{\"schema\":{\"items\":[true]},\"instance\":[1,2]}\n"
            "{\"schema\":true,\"instance\":1,\"draft\":\"8\"}\n"
            "{\"schema\":{\"pattern\":\"^(a+)+$\"},\"instance\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}\n"
            "\n"
            "{\"schema\":true}\n"
            "{\"schema\":{\"format\":\"date\"},\"instance\":\"x\"}\n"
            "{\"schema\":{\"format\":\"date\"},\"instance\":\"x\",\"assert_format\":true}\n"
            "{\"schema\":{\"format\":\"date\"},\"instance\":\"x\",\"assert_format\":1}\n"
            "{\"schema\":true,\"instance\":1}",
            "--batch"),
        0);
    assert_string_equal(output, "true\nfalse\nfalse\n"
                                "error schema#/items: must be one schema in 2020-12: a list is called \"prefixItems\"\n"
                                "error \"draft\" must be \"7\", \"2019-09\" or \"2020-12\"\n"
                                "error the instance is too deep or too costly for this schema\n"
                                "error line 1, column 1: expected a JSON value, found the end of the text\n"
                                "error a line must be {\"schema\": …, \"instance\": …}\n"
                                "true\nfalse\n"
                                "error \"assert_format\" must be true or false\n"
                                "true\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files), cmocka_unit_test(test_output), cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_folders), cmocka_unit_test(test_control_characters), cmocka_unit_test(test_depth),  cmocka_unit_test(test_batch),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
