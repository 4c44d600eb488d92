#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "event/trigger.h"

static void patterns(void **state)
{
    static const struct {
        const char *pattern, *type;
        bool matches;
    } cases[] = {
        { "github.push", "github.push", true },      { "github.push", "github.pushed", false },
        { "github.*", "github.push", true },         { "github.*", "github", false },
        { "github.*", "github.issues.opened", false }, { "github.*", "github:push", false },
        { "*.push", "github.push", true },           { "*", "push", true },
        { "*", "a.b", false },                       { "**", "a.b:c/d", true },
        { "github.**", "github.issues.opened", true }, { "github.**", "github", true },
        { "github.**", "githubx", false },           { "github.**", "gitlab.push", false },
        { "a.*.c", "a.b.c", true },                  { "a.*.c", "a.b.d", false },
        { "a.*.c", "a.b", false },                   { "user:*", "user:created", true },
        { "a/*/c:**", "a/b/c:d:e", true },           { "a.*", "a.", false },
    };
    struct pattern p;
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(pattern_init(&p, slice_z(cases[i].pattern), &e), 0);
        if (pattern_matches(&p, slice_z(cases[i].type)) != cases[i].matches)
            fail_msg("%s ~ %s", cases[i].pattern, cases[i].type);
    }
}

static void bad_patterns(void **state)
{
    static const char *const bad[] = { "", "a*", "*a", "a.**.b", "***", "a..b", "a.", ".a", "a b", "a\xc3\xa4" };
    struct pattern p;
    struct err e;
    char longest[300];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(pattern_init(&p, slice_z(bad[i]), &e), -1);
    memset(longest, 'a', sizeof longest);
    assert_int_equal(pattern_init(&p, slice_of(longest, 256), &e), -1);
    assert_int_equal(pattern_init(&p, slice_of(longest, 255), &e), 0);
}

static void the_most_exact_weighs_most(void **state)
{
    static const char *const order[] = { "**", "*", "a.**", "a.*", "a.*.c", "a.b.c.**", "a.b.c" };
    struct err e;
    int last = -1;

    (void)state;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct pattern p;
        assert_int_equal(pattern_init(&p, slice_z(order[i]), &e), 0);
        assert_true(pattern_weight(&p) > last);
        last = pattern_weight(&p);
    }
}

static struct match *compile(const char *json, char *message, size_t size)
{
    struct issues is;
    struct tree t;

    issues_init(&is);
    assert_int_equal(tree_read(&t, "test.yaml", NULL, slice_z(json), &is), 0);
    struct match *m = match_new(&t, 0, &is);
    if (message)
        snprintf(message, size, "%.*s", SLICE_FMT(is.count ? is.list[0].text : SLICE("")));
    tree_clear(&t);
    issues_clear(&is);
    return m;
}

static const char data[] = "{\"total\": 12.50, \"currency\": \"EUR\", \"test\": false, \"none\": null, \"big\": 9007199254740993,"
                           " \"name\": \"Z\\u00fcrich\", \"list\": [1, {\"a\": \"x\"}], \"text\": \"5\"}";

static const struct {
    const char *match;
    const char *why; /* NULL: holds */
} conditions[] = {
    { "{/total: 12.5}", NULL },
    { "{/total: 1250e-2}", NULL },
    { "{/total: {gt: 12, lt: 12.6}}", NULL },
    { "{/total: {gt: 12.5}}", "/total: 12.50 is not > 12.5" },
    { "{/total: {gte: 12.5, lte: 12.5}}", NULL },
    { "{/total: {lt: 12.5}}", "/total: 12.50 is not < 12.5" },
    { "{/big: 9007199254740993}", NULL },
    { "{/big: 9007199254740992}", "/big: 9007199254740993 is not 9007199254740992" },
    { "{/currency: [EUR, CHF]}", NULL },
    { "{/currency: {in: [USD]}}", "/currency: \"EUR\" is not one of [\"USD\"]" },
    { "{/currency: {not: USD}}", NULL },
    { "{/currency: {not: [EUR, USD]}}", "/currency: \"EUR\" must not be [\"EUR\",\"USD\"]" },
    { "{/total: {not: USD}}", "/total: 12.50 must not be \"USD\"" }, /* wrongly typed never matches */
    { "{/currency: {not: null}}", NULL },
    { "{/none: {not: null}}", "/none: null must not be null" },
    { "{/none: null}", NULL },
    { "{/absent: null}", "/absent is absent" },
    { "{/absent: {not: 5}}", "/absent is absent" },
    { "{/absent: {exists: false}}", NULL },
    { "{/none: {exists: true}}", NULL },
    { "{/none: {exists: false}}", "/none: null exists: false" },
    { "{/test: false}", NULL },
    { "{/test: 0}", "/test: false is not 0" },
    { "{/text: 5}", "/text: \"5\" is not 5" },
    { "{/text: {gt: 4}}", "/text: \"5\" is not > 4" },
    { "{/name: Zürich}", NULL },
    { "{/name: {glob: 'Z?rich'}}", NULL },
    { "{/name: {glob: 'Z*ch'}}", NULL },
    { "{/name: {glob: 'z*'}}", "/name: \"Z\\u00fcrich\" does not match \"z*\"" },
    { "{/list/1/a: x}", NULL },
    { "{/list/-: x}", "/list/- is absent" },
    { "{/total: 12.5, /currency: USD}", "/currency: \"EUR\" is not \"USD\"" },
    { "{}", NULL },
};

static void match_conditions(void **state)
{
    struct json_doc d;
    struct json_fault fault;
    struct buf why;

    (void)state;
    json_doc_init(&d);
    buf_init(&why, 1000);
    assert_int_equal(json_parse(&d, slice_z(data), &JSON_LIMITS_DEFAULT, &fault), 0);
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        struct match *m = compile(conditions[i].match, NULL, 0);
        assert_non_null(m);
        buf_reset(&why);
        bool holds = match_holds(m, &d, 0, &why);
        if (holds != !conditions[i].why)
            fail_msg("%s", conditions[i].match);
        if (!holds)
            assert_string_equal(why.ptr, conditions[i].why);
        match_free(m);
    }
    buf_clear(&why);
    json_doc_clear(&d);
}

static void bad_matches(void **state)
{
    static const struct {
        const char *match, *text;
    } cases[] = {
        { "{total: 5}", NULL },
        { "{/a: {gt: x}}", "gt takes a number" },
        { "{/a: {in: x}}", "in takes a list of strings, numbers, true, false or null" },
        { "{/a: {in: []}}", "in takes a list of strings, numbers, true, false or null" },
        { "{/a: {glob: 5}}", "glob takes a string with * and ?" },
        { "{/a: {exists: maybe}}", "exists takes true or false" },
        { "{/a: {near: 5}}", "unknown condition \"near\"" },
        { "{/a: {eq: {b: 1}}}", "eq compares with a string, a number, true, false or null" },
        { "[1]", "match is a map from JSON Pointers to conditions" },
    };
    char message[200];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(compile(cases[i].match, message, sizeof message));
        if (cases[i].text)
            assert_string_equal(message, cases[i].text);
    }
}

/* A star for every character: the time stays pattern × text. */
static void hostile_glob(void **state)
{
    char yaml[500] = "{/a: {glob: '", text[4200] = "{\"a\":\"";
    struct json_doc d;
    struct json_fault fault;

    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(yaml, "*a");
    strcat(yaml, "b'}}");
    memset(text + 6, 'a', 4000);
    strcpy(text + 4006, "\"}");
    struct match *m = compile(yaml, NULL, 0);
    json_doc_init(&d);
    assert_int_equal(json_parse(&d, slice_z(text), &JSON_LIMITS_DEFAULT, &fault), 0);
    assert_false(match_holds(m, &d, 0, NULL));
    json_doc_clear(&d);
    match_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns),         cmocka_unit_test(bad_patterns), cmocka_unit_test(the_most_exact_weighs_most),
        cmocka_unit_test(match_conditions), cmocka_unit_test(bad_matches),  cmocka_unit_test(hostile_glob),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
