#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "schema/ecma.h"
#include "schema/regex.h"

static struct regex_scratch *scratch;

static enum regex_result search(struct slice pattern, struct slice subject)
{
    struct err e;
    struct regex *r = regex_new(pattern, &e);
    enum regex_result found;

    if (!r)
        fail_msg("%.*s: %s", SLICE_FMT(pattern), e.text);
    found = regex_search(r, subject, scratch);
    regex_free(r);
    return found;
}

struct row {
    const char *pattern, *yes[6], *no[6];
};

static void check(const struct row *row)
{
    for (int i = 0; row->yes[i]; i++)
        if (search(slice_z(row->pattern), slice_z(row->yes[i])) != REGEX_YES)
            fail_msg("%s should match \"%s\"", row->pattern, row->yes[i]);
    for (int i = 0; row->no[i]; i++)
        if (search(slice_z(row->pattern), slice_z(row->no[i])) != REGEX_NO)
            fail_msg("%s should not match \"%s\"", row->pattern, row->no[i]);
}

static void test_meaning(void **state)
{
    static const struct row rows[] = {
        { "", { "", "x" }, { NULL } },
        { "^abc$", { "abc" }, { "abc\n", "xabc", "abcd" } },
        { "^a\\.b", { "a.bc" }, { "axb", "xa.b" } },
        { "b\\$$", { "ab$" }, { "b$x" } },
        { "ü", { "für" }, { "fur" } },
        { "^\\d+$", { "0123" }, { "٣", "", "1a" } },
        { "^\\D$", { "٣", "x" }, { "3" } },
        { "^\\w$", { "a", "_", "9" }, { "ä", "-" } },
        { "^\\W$", { "ä", "-" }, { "a" } },
        { "^\\s$", { "\t", "\v", "\xc2\xa0", "\xe2\x80\xa8", "\xef\xbb\xbf" }, { "\xc2\x85", "a", "\xe2\x80\x8b" } },
        { "^\\S$", { "a", "\xe2\x80\x8b" }, { " ", "\xef\xbb\xbf" } },
        { "^[\\s\\d]$", { " ", "7" }, { "a" } },
        { "^[^\\s\\w]$", { "-", "é" }, { "a", " " } },
        { "^[\\S]$", { "é", "a" }, { " " } },
        { "^.$", { "a", "ä", "😀", "\xc2\x85" }, { "\n", "\r", "\xe2\x80\xa8", "\xe2\x80\xa9", "" } },
        { "^[^]$", { "\n", "x" }, { "" } },
        { "[]", { NULL }, { "", "x" } },
        { "^\\cA\\x41\\u0042\\u{43}\\ud83d\\ude00$", { "\001ABC😀" }, { "\001ABC" } },
        { "^[\\b\\-\\]]+$", { "\b-]" }, { "b" } },
        { "^[a-c-]+$", { "a-c" }, { "d" } },
        { "^[\\w-x]+$", { "a-" }, { "+" } },
        { "^[[:a]+$", { "[:a" }, { "b" } },
        { "\\bcat\\b", { "a cat." }, { "cats" } },
        { "^\\p{Letter}+\\p{Nd}$", { "äb٣" }, { "1", "a" } },
        { "^\\P{Lu}$", { "a" }, { "A" } },
        { "^[\\p{Script=Greek}\\p{Emoji_Presentation}]+$", { "αβ😀" }, { "a" } },
        { "^(?<y>\\d)-\\k<y>$", { "1-1" }, { "1-2" } },
        { "^(a)?b\\1c$", { "bc", "abac" }, { "abc" } },
        { "^(?:a|b){2,3}?$", { "ab", "bab" }, { "a", "abab" } },
        { "(?<=x)y(?!z)", { "xy" }, { "xyz", "y" } },
        { "^a{,2}$", { "a{,2}" }, { "aa", "" } },
        { "^x{$", { "x{" }, { "x" } },
        { "^\\/a\\-b\\#$", { "/a-b#" }, { NULL } },
        { "^\\0$", { NULL }, { "0" } },
        { "^a # b$", { "a # b" }, { "a" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i]);
    assert_int_equal(search(SLICE("^\\0a$"), SLICE("\0a")), REGEX_YES);
    assert_int_equal(search(SLICE("^\0a"), SLICE("\0ab")), REGEX_YES);
}

static void test_refused(void **state)
{
    static const char *const patterns[] = {
        "\\a",
        "\\Z",
        "\\A",
        "\\Qx\\E",
        "\\K",
        "\\X",
        "\\R",
        "\\h",
        "\\C",
        "\\",
        "(",
        ")",
        "[a",
        "*a",
        "a**",
        "a++",
        "a{2}+",
        "(*UTF)a",
        "(*LIMIT_MATCH=1)a",
        "(?i)a",
        "(?>a)",
        "(?P<n>a)",
        "(?#x)a",
        "(?R)",
        "[b-a]",
        "[a-\\d]",
        "\\p{Nonsense}",
        "\\p{L",
        "\\p",
        "\\u12",
        "\\u{110000}",
        "\\ud800",
        "\\xg1",
        "\\c1",
        "\\2(a)(",
        "a\\01",
        "^*",
        "(?<n>a)(?<n>b)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct err e = { 0 };
        struct regex *r = regex_new(slice_z(patterns[i]), &e);

        if (r)
            fail_msg("%s should be refused", patterns[i]);
        assert_int_equal(e.code, ERR_INPUT);
    }
}

static void test_literals(void **state)
{
    struct ecma_literal l;
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    assert_true(ecma_literal(SLICE("^x-\\.$"), &b, &l));
    assert_true(l.at_start && l.at_end && slice_eq_z(l.text, "x-."));
    buf_reset(&b);
    assert_true(ecma_literal(SLICE("_id"), &b, &l));
    assert_false(l.at_start || l.at_end);
    buf_reset(&b);
    assert_false(ecma_literal(SLICE("a|b"), &b, &l));
    assert_false(ecma_literal(SLICE("a\\d"), &b, &l));
    assert_false(ecma_literal(SLICE("a^b"), &b, &l));
    assert_int_equal(b.len, 0);
    buf_clear(&b);
}

static void test_limits(void **state)
{
    enum { LEN = 300000 };
    char *long_text = malloc(LEN);
    uint64_t cost;
    struct err e;

    (void)state;
    memset(long_text, 'a', LEN);
    regex_scratch_take_cost(scratch);
    /* sane patterns run through long texts */
    assert_int_equal(search(SLICE("^[a-z]+$"), slice_of(long_text, LEN)), REGEX_YES);
    assert_int_equal(search(SLICE("^(?:a|b)*$"), slice_of(long_text, 5000)), REGEX_YES);
    assert_true(regex_scratch_take_cost(scratch) < 5000000);
    assert_int_equal(search(SLICE("^(a+)+$"), SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")), REGEX_LIMIT);
    cost = regex_scratch_take_cost(scratch);
    assert_true(cost > 100000);
    assert_int_equal(regex_scratch_take_cost(scratch), 0);
    /* many frames on the stack, and still an answer */
    assert_int_equal(search(SLICE("^(?:(a)(?=(a|$)))*?b?(a*)$"), slice_of(long_text, 6000)), REGEX_YES);
    assert_null(regex_new(slice_of(long_text, 100000), &e));
    assert_int_equal(e.code, ERR_LIMIT);
    free(long_text);
}

/* What PCRE2 counts may each run through the whole subject: the time is what counts. */
static void test_time(void **state)
{
    enum { LEN = 120000 };
    char *text = malloc(LEN);

    (void)state;
    memset(text, 'a', LEN / 2);
    memset(text + LEN / 2, 'b', LEN / 2);
    regex_scratch_take_cost(scratch);
    assert_int_equal(search(SLICE("a.*b(.*c|.*d)"), slice_of(text, LEN)), REGEX_LIMIT);
    assert_true(regex_scratch_take_cost(scratch) > 1000000);
    free(text);
}

static int setup(void **state)
{
    (void)state;
    scratch = regex_scratch_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    regex_scratch_free(scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_time),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
