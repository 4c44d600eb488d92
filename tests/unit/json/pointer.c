#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include "json/pointer.h"

static struct json_doc doc;

static void parse(struct slice text)
{
    struct err e;

    if (json_parse_err(&doc, text, &JSON_LIMITS_DEFAULT, &e) < 0)
        fail_msg("%s", e.text);
}

/* The raw text that the pointer finds, or NULL. */
static const char *get(const char *pointer, uint32_t from)
{
    static char raw[200];
    struct pointer p;
    struct err e;
    uint32_t n;

    assert_int_equal(pointer_init(&p, slice_z(pointer), &e), 0);
    n = pointer_get(&p, &doc, from);
    pointer_clear(&p);
    if (n == JSON_NONE)
        return NULL;
    snprintf(raw, sizeof raw, "%.*s", SLICE_FMT(json_raw(&doc, n)));
    return raw;
}

/* RFC 6901 section 5 */
static void test_examples_of_the_rfc(void **state)
{
    static const char *const cases[][2] = {
        { "/foo", "[\"bar\", \"baz\"]" }, { "/foo/0", "\"bar\"" }, { "/", "0" }, { "/a~1b", "1" }, { "/c%d", "2" },
        { "/e^f", "3" },
        { "/g|h", "4" }, { "/i\\j", "5" }, { "/k\"l", "6" }, { "/ ", "7" }, { "/m~0n", "8" },
    };
    struct slice text = SLICE("{\"foo\":[\"bar\", \"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
                              "\"k\\\"l\":6,\" \":7,\"m~n\":8}");

    (void)state;
    parse(text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(get(cases[i][0], 0), cases[i][1]);
    assert_int_equal(strlen(get("", 0)), text.len);
}

static void test_found_and_not_found(void **state)
{
    static const char *const missing[] = {
        "/b", "/a/3", "/a/-", "/a/00", "/a/01", "/a/+1", "/a/1e0", "/a/ 1", "/a/", "/a/0/x", "/a/4294967295",
        "/a/99999999999999999999",
        "/a/x", "/o/a/b", "/s/0", "/o/", "/a//",
    };

    (void)state;
    parse(SLICE("{\"a\":[1,[2,{\"x\":3}],4],"
                "\"o\":{\"0\":5,\"01\":6,\"~1\":7,\"-\":8,\"\\u00e9\":{\"\":{\"\":9}}},\"s\":\"text\"}"));
    assert_string_equal(get("/a/0", 0), "1");
    assert_string_equal(get("/a/1/1/x", 0), "3");
    assert_string_equal(get("/a/2", 0), "4");
    assert_string_equal(get("/o/0", 0), "5");
    assert_string_equal(get("/o/01", 0), "6");
    assert_string_equal(get("/o/~01", 0), "7");
    assert_string_equal(get("/o/-", 0), "8");
    assert_string_equal(get("/o/\xc3\xa9//", 0), "9");
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        assert_null(get(missing[i], 0));
    assert_string_equal(get("/1/x", json_member(&doc, 0, SLICE("a")) + 2), "3");
}

/* The raw texts of all that the pointer finds, each followed by ';'. *count: what it says. */
static const char *all(const char *pointer, size_t max, size_t *count)
{
    static char text[400];
    struct pointer p;
    struct err e;
    uint32_t nodes[20];

    assert_true(max <= 20);
    assert_int_equal(pointer_init(&p, slice_z(pointer), &e), 0);
    *count = pointer_all(&p, &doc, 0, nodes, max);
    pointer_clear(&p);
    text[0] = '\0';
    for (size_t i = 0; i < *count && i < max; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s;", SLICE_FMT(json_raw(&doc, nodes[i])));
    return text;
}

static void test_stars(void **state)
{
    static const struct {
        const char *pointer, *right;
        size_t count;
    } cases[] = {
        { "", "whole", 1 },
        { "/a/*", "1;[2,3];{\"x\":[4,5]};", 3 },
        { "/a/*/*", "2;3;", 2 },
        { "/a/*/x", "[4,5];", 1 },
        { "/a/*/x/*", "4;5;", 2 },
        { "/a/1/*", "2;3;", 2 },
        { "/a/*/1", "3;", 1 },
        { "/e/*", "", 0 },
        { "/n/*", "", 0 },
        { "/o/*", "", 0 }, /* a star is never the name of a member */
        { "/o/**", "8;", 1 },
        { "/none/*", "", 0 },
        { "/n", "6;", 1 },
        { "/a/*/y", "", 0 },
    };
    struct slice text = SLICE("{\"a\":[1,[2,3],{\"x\":[4,5]}],\"e\":[],\"n\":6,\"o\":{\"*\":7,\"**\":8}}");
    size_t count;

    (void)state;
    parse(text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = all(cases[i].pointer, 20, &count);
        if (i > 0)
            assert_string_equal(got, cases[i].right);
        assert_int_equal(count, cases[i].count);
    }
    /* As many as there is room for; all are counted. */
    for (size_t max = 0; max < 5; max++) {
        assert_int_equal(strlen(all("/a/*/x/*", max, &count)), 2 * (max < 2 ? max : 2));
        assert_int_equal(count, 2);
        all("/a/*", max, &count);
        assert_int_equal(count, 3);
    }
    parse(SLICE("[[1,[2]],[[3],4],5]"));
    assert_string_equal(all("/*/*", 20, &count), "1;[2];[3];4;");
    assert_string_equal(all("/*/*/*", 20, &count), "2;3;");
    assert_string_equal(all("/*/*", 3, &count), "1;[2];[3];");
    assert_int_equal(count, 4);
}

static void test_bad_pointers(void **state)
{
    static const char *const bad[] = { "a", "a/b", " /a", "#/a", "/~", "/a~", "/a~2", "/~/", "/a/b~x" };
    struct pointer p;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pointer_init(&p, slice_z(bad[i]), &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        assert_non_null(strstr(e.text, bad[i]));
    }
}

static void test_put_token(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100);
    pointer_put_token(&b, SLICE("a/b~c"));
    pointer_put_token(&b, SLICE(""));
    pointer_put_token(&b, SLICE("~~//"));
    pointer_put_token(&b, SLICE("plain"));
    assert_string_equal(b.ptr, "/a~1b~0c//~0~0~1~1/plain");
    buf_clear(&b);
}

/* What put_token writes finds its member again. */
static void test_round_trip(void **state)
{
    struct buf b;

    (void)state;
    parse(SLICE("{\"~\":1,\"/\":2,\"~1\":3,\"~0/\":4,\"\":5}"));
    buf_init(&b, 100);
    for (uint32_t k = 1; k < json_end(&doc, 0); k = json_next(&doc, k + 1)) {
        buf_reset(&b);
        pointer_put_token(&b, json_inner(&doc, k));
        assert_int_equal(get(b.ptr, 0)[0], json_raw(&doc, k + 1).ptr[0]);
    }
    buf_clear(&b);
}

static int clear(void **state)
{
    (void)state;
    json_doc_clear(&doc);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_rfc),
        cmocka_unit_test(test_found_and_not_found),
        cmocka_unit_test(test_stars),
        cmocka_unit_test(test_bad_pointers),
        cmocka_unit_test(test_put_token),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, clear);
}
