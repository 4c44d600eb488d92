#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/secret.h"

#define ENV_HINT                                                                                                       \
    "    hint: set it where hooklatch is started: set -a; . ./hooklatch.env; or EnvironmentFile= of its unit\n"

static char dir[] = "/tmp/hooklatch-secret-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

/* Reads the secret that this YAML names; what was said about it goes into said. */
static int read_yaml(struct secret *s, const char *yaml, struct buf *said)
{
    struct issues is;
    struct tree t;

    issues_init(&is);
    assert_int_equal(tree_read(&t, "t", dir, slice_z(yaml), &is), 0);
    int result = secret_read(s, &t, 0, &is);
    buf_reset(said);
    buf_puts(said, "");
    issues_put_text(&is, said);
    tree_clear(&t);
    issues_clear(&is);
    return result;
}

static void assert_secret(const char *yaml, const char *bytes, const char *label, const char *expected)
{
    struct secret s;
    struct buf said;

    buf_init(&said, 4096);
    assert_int_equal(read_yaml(&s, yaml, &said), 0);
    assert_int_equal(s.len, strlen(bytes));
    assert_string_equal(s.bytes, bytes);
    assert_string_equal(s.label, label);
    assert_string_equal(said.len ? said.ptr : "", expected);
    secret_clear(&s);
    assert_null(s.bytes);
    buf_clear(&said);
}

static void assert_refused(const char *yaml, const char *expected)
{
    struct secret s;
    struct buf said;

    buf_init(&said, 4096);
    assert_int_equal(read_yaml(&s, yaml, &said), -1);
    assert_string_equal(said.ptr, expected);
    assert_null(s.bytes);
    buf_clear(&said);
}

static void test_env(void **state)
{
    (void)state;
    setenv("HL_TEST_SECRET", "s3cret", 1);
    setenv("HL_TEST_EMPTY", "", 1);
    setenv("HL_TEST_SPACE", "s3cret\n", 1);
    unsetenv("HL_TEST_ABSENT");
    assert_secret("{env: HL_TEST_SECRET}", "s3cret", "env:HL_TEST_SECRET", "");
    assert_secret("{env: HL_TEST_SPACE}", "s3cret\n", "env:HL_TEST_SPACE",
                  "t:1:1: warning: the secret env:HL_TEST_SPACE begins or ends with white space\n"
                  "    hint: remove it unless it belongs to the secret\n");
    assert_refused("{env: HL_TEST_EMPTY}", "t:1:1: error: the environment variable HL_TEST_EMPTY is empty\n"
                   "    hint: write its value where it is set, in hooklatch.env after the =; then again: set -a; "
                   ". ./hooklatch.env\n");
    assert_refused("{env: HL_TEST_ABSENT}",
                   "t:1:1: error: the environment variable HL_TEST_ABSENT is not set\n" ENV_HINT);
}

static void test_value(void **state)
{
    (void)state;
    assert_secret("{value: plain}", "plain", "value", "");
    assert_refused("{value: ''}", "t:1:1: error: the secret value is empty\n");
    assert_refused("{}", "t:1:1: error: a secret is one of {env: NAME}, {file: PATH}, {value: TEXT}\n");
    assert_refused("{value: x, env: HOME}",
                   "t:1:1: error: a secret is one of {env: NAME}, {file: PATH}, {value: TEXT}\n");
}

static void write_file(char *path, size_t size, const char *text, size_t len, mode_t mode)
{
    snprintf(path, size, "%s/secret", dir);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void test_file(void **state)
{
    char path[64], expected[256];

    (void)state;
    write_file(path, sizeof path, "from file\n", 10, 0600);
    assert_secret("{file: secret}", "from file", "file:secret", "");
    write_file(path, sizeof path, "two\n\n", 5, 0600);
    assert_secret("{file: secret}", "two\n", "file:secret",
                  "t:1:1: warning: the secret file:secret begins or ends with white space\n"
                  "    hint: remove it unless it belongs to the secret\n");
    write_file(path, sizeof path, "crlf\r\n", 6, 0640);
    assert_secret("{file: secret}", "crlf", "file:secret", "");
    write_file(path, sizeof path, "x", 1, 0644);
    assert_secret("{file: secret}", "x", "file:secret",
                  "t:1:1: warning: everybody on this machine can read file:secret\n    hint: chmod o-r it\n");
    for (int i = 0; i < 2; i++) {
        write_file(path, sizeof path, "x", 1, i ? 0620 : 0602);
        snprintf(expected, sizeof expected,
                 "t:1:1: error: others may write to the secret file %s (mode %s); chmod go-w it\n", path,
                 i ? "620" : "602");
        assert_refused("{file: secret}", expected);
    }
    write_file(path, sizeof path, "\n", 1, 0600);
    assert_refused("{file: secret}", "t:1:1: error: the secret file:secret is empty\n");
    assert_int_equal(unlink(path), 0);
    snprintf(expected, sizeof expected, "t:1:1: error: the secret file %s: No such file or directory\n", path);
    assert_refused("{file: secret}", expected);
    assert_refused("{file: /dev/null}", "t:1:1: error: the secret /dev/null is not a regular file\n");
}

static void test_large_file(void **state)
{
    char path[64], expected[256];
    char *text = mem_zalloc(65537);

    (void)state;
    memset(text, 'x', 65537);
    write_file(path, sizeof path, text, 65537, 0600);
    snprintf(expected, sizeof expected, "t:1:1: error: the secret file %s is larger than 64 KiB\n", path);
    assert_refused("{file: secret}", expected);
    assert_int_equal(unlink(path), 0);
    free(text);
}

static void test_arguments(void **state)
{
    char path[64], argument[80];
    struct secret s;
    struct err e;

    (void)state;
    setenv("HL_TEST_SECRET", "s3cret", 1);
    assert_int_equal(secret_from_argument(&s, SLICE("env:HL_TEST_SECRET"), &e), 0);
    assert_string_equal(s.bytes, "s3cret");
    secret_clear(&s);
    assert_int_equal(secret_from_argument(&s, SLICE("value:a:b"), &e), 0);
    assert_string_equal(s.bytes, "a:b");
    assert_string_equal(s.label, "value");
    secret_clear(&s);
    write_file(path, sizeof path, "f\n", 2, 0600);
    snprintf(argument, sizeof argument, "file:%s", path);
    assert_int_equal(secret_from_argument(&s, slice_z(argument), &e), 0);
    assert_string_equal(s.bytes, "f");
    secret_clear(&s);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(secret_from_argument(&s, SLICE("s3cret"), &e), -1);
    assert_string_equal(e.text, "a secret is env:NAME, file:PATH or value:TEXT");
    assert_int_equal(secret_from_argument(&s, SLICE("value:"), &e), -1);
    assert_string_equal(e.text, "the secret value is empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_env),        cmocka_unit_test(test_value),     cmocka_unit_test(test_file),
        cmocka_unit_test(test_large_file), cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
