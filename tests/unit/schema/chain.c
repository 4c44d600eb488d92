#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "schema/chain.h"
#include "schema/regex.h"

static void test_patterns(void **state)
{
    static const struct {
        const char *pattern;
        bool is_chain;
        const char *yes, *no; /* NULL: none such */
    } rows[] = {
        { "^[0-9a-f]{4}$", true, "00ff", "00fg" },
        { "^[0-9a-f]{4}$", true, "abcd", "abcde" },
        { "^[A-Z]{2}-\\d{6}$", true, "NL-346860", "NL-34686" },
        { "^x-", true, "x-y", "y-x-" },
        { "^$", true, "", "a" },
        { "^", true, "", NULL },
        { "^a*b?c+$", true, "aac", "ab" },
        { "^\\w+@\\w+\\.com$", true, "a_1@b.com", "a@b,com" },
        { "^[a-z][a-z0-9_-]{0,3}$", true, "a-1_", "a-1_b" },
        { "^[\\-a\\]]{2,}", true, "a]-!", "a!" },
        { "^[a-]$", true, "-", "b" },
        { "^[]$", true, NULL, "a" },
        { "^\\/v1\\/", true, "/v1/x", "v1/" },
        /* a choice is open: where does the first link end? */
        { "^a*a$", false, "aaa", "b" },
        { "^[a-z]+[a-f]?$", false, "xyz", "9" },
        { "^a*b*[ab]$", false, "aab", "" },
        /* what only the engine knows */
        { "a$", false, "ba", "ab" },
        { "^a|b", false, "xb", "x" },
        { "^[^a]$", false, "b", "a" },
        { "^.$", false, "b", "\n" },
        { "^a+?b", false, "aab", "b" },
        { "^(ab)+$", false, "abab", "aba" },
        { "^\\s", false, " ", "a" },
        { "^é", false, "é", "e" },
        { "^a{,2}$", false, "a{,2}", "a" },
    };
    struct regex_scratch *scratch = regex_scratch_new();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice pattern = slice_z(rows[i].pattern);
        struct regex *r;
        struct chain c;
        struct err e;

        if (chain_parse(pattern, &c) != rows[i].is_chain)
            fail_msg("%s: %s", rows[i].pattern, rows[i].is_chain ? "should be a chain" : "is no chain");
        r = regex_new(pattern, &e);
        if (!r)
            fail_msg("%s: %s", rows[i].pattern, e.text);
        if (rows[i].yes && regex_search(r, slice_z(rows[i].yes), scratch) != REGEX_YES)
            fail_msg("%s should match %s", rows[i].pattern, rows[i].yes);
        if (rows[i].no && regex_search(r, slice_z(rows[i].no), scratch) != REGEX_NO)
            fail_msg("%s should not match %s", rows[i].pattern, rows[i].no);
        regex_free(r);
    }
    regex_scratch_free(scratch);
}

static void test_words(void **state)
{
    struct slice words;

    (void)state;
    assert_true(chain_words(SLICE("^(open|paid|)$"), &words));
    assert_true(chain_is_word(words, SLICE("open")));
    assert_true(chain_is_word(words, SLICE("paid")));
    assert_true(chain_is_word(words, SLICE("")));
    assert_false(chain_is_word(words, SLICE("ope")));
    assert_false(chain_is_word(words, SLICE("open|paid")));
    assert_true(chain_words(SLICE("^(?:a)$"), &words));
    assert_true(chain_is_word(words, SLICE("a")));
    assert_true(chain_words(SLICE("^()$"), &words));
    assert_true(chain_is_word(words, SLICE("")));
    assert_false(chain_words(SLICE("^(a+)$"), &words));
    assert_false(chain_words(SLICE("^(?=a)$"), &words));
    assert_false(chain_words(SLICE("^(a)|(b)$"), &words));
    assert_false(chain_words(SLICE("^(a|b)"), &words));
}

static unsigned random_below(uint32_t *seed, unsigned n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static void put_random(char *out, size_t room, uint32_t *seed, const char *const *atoms, unsigned n_atoms, unsigned most)
{
    for (unsigned i = random_below(seed, most + 1); i > 0; i--) {
        const char *atom = atoms[random_below(seed, n_atoms)];

        if (strlen(out) + strlen(atom) < room)
            strcat(out, atom);
    }
}

/* Chains against PCRE2: the same pattern in a group is none. */
static void test_against_engine(void **state)
{
    static const char *const atoms[] = { "a",  "b",  "[ab]", "[a-c]", "\\d",  "[\\d-]", "\\w", "1", "-", "\\.",
                                         "a*", "b+", "1?",   "[0-9]{2}", "[bc]{1,2}", "\\d*", "[a-b]{0}" };
    static const char *const letters[] = { "a", "b", "c", "1", "2", "-", ".", "_", "é", "\n" };
    struct regex_scratch *scratch = regex_scratch_new();
    unsigned chains = 0, matches = 0;
    uint32_t seed = 20261128;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        char pattern[120] = "^", grouped[140];
        struct regex *plain, *engine;
        struct chain c;
        struct err e;

        put_random(pattern, 100, &seed, atoms, sizeof atoms / sizeof atoms[0], 5);
        if (random_below(&seed, 2))
            strcat(pattern, "$");
        if (!chain_parse(slice_z(pattern), &c))
            continue;
        chains++;
        snprintf(grouped, sizeof grouped, "(%s)", pattern);
        plain = regex_new(slice_z(pattern), &e);
        engine = regex_new(slice_z(grouped), &e);
        assert_non_null(plain);
        assert_non_null(engine);
        for (int j = 0; j < 40; j++) {
            char subject[60] = "";
            enum regex_result want;

            put_random(subject, 50, &seed, letters, sizeof letters / sizeof letters[0], 7);
            want = regex_search(engine, slice_z(subject), scratch);
            matches += want == REGEX_YES;
            if (regex_search(plain, slice_z(subject), scratch) != want)
                fail_msg("%s on \"%s\" should be %d", pattern, subject, (int)want);
        }
        regex_free(plain);
        regex_free(engine);
    }
    regex_scratch_free(scratch);
    print_message("%u chains, %u matches\n", chains, matches);
    assert_true(chains > 1000 && matches > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_against_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
