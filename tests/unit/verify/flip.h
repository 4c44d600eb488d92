/* What the property tests share: a signed request that is accepted, and every bit of it turned over, one at a time. */
#ifndef TESTS_VERIFY_FLIP_H
#define TESTS_VERIFY_FLIP_H

#include "fixture.h"

/* Spellings that mean the same: the flip of a letter's case may pass. */
struct leniency {
    bool hex;      /* of hexadecimal digits */
    bool percent;  /* of the digits of a %-escape */
    size_t prefix; /* of the first bytes: a scheme's name */
};

static inline bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool is_hex_letter(char c)
{
    return is_letter(c) && (c & ~0x20) <= 'F';
}

static inline bool may_pass(const struct leniency *l, struct slice right, size_t byte, unsigned bit)
{
    char c = right.ptr[byte];

    if (!l || bit != 5 || !is_letter(c))
        return false;
    if (l->percent && is_hex_letter(c) &&
        ((byte >= 1 && right.ptr[byte - 1] == '%') || (byte >= 2 && right.ptr[byte - 2] == '%')))
        return true;
    return (l->hex && is_hex_letter(c)) || byte < l->prefix;
}

/* Each bit of *s turned over: refused, all of them. *s is one of the slices of the fixture's delivery. */
static inline void assert_every_bit_counts(struct fixture *f, struct slice *s, const struct leniency *l)
{
    struct slice right = *s;
    char *copy = mem_dup(right.ptr, right.len);

    assert_true(right.len > 0);
    *s = slice_of(copy, right.len);
    for (size_t i = 0; i < 8 * right.len; i++) {
        if (may_pass(l, right, i / 8, i % 8))
            continue;
        copy[i / 8] ^= (char)(1 << i % 8);
        if (judge(f)->result != VERIFY_REJECT)
            fail_msg("bit %zu of byte %zu of \"%.*s\" does not count", i % 8, i / 8, SLICE_FMT(right));
        copy[i / 8] ^= (char)(1 << i % 8);
    }
    assert_accepted(judge(f));
    *s = right;
    free(copy);
}

static inline bool is_cut_accepted(struct fixture *f, struct slice *s)
{
    struct slice right = *s;
    bool accepted = false;

    for (size_t n = 0; n < right.len && !accepted; n++) {
        *s = slice_first(right, n);
        accepted = judge(f)->result == VERIFY_ACCEPT;
        *s = slice_from(right, right.len - n);
        accepted = accepted || judge(f)->result == VERIFY_ACCEPT;
    }
    *s = right;
    return accepted;
}

/* All headers that the request has but Content-Type: each bit, and whatever is cut off at either end. */
static inline void assert_headers_count(struct fixture *f, const struct leniency *l)
{
    for (size_t i = 0; i < f->delivery.n_headers; i++) {
        if (slice_eq_z(f->headers[i].name, "Content-Type"))
            continue;
        assert_every_bit_counts(f, &f->headers[i].value, l);
        assert_false(is_cut_accepted(f, &f->headers[i].value));
    }
}

/* Signs with one secret and checks with another (a public key), or with the same where it is NULL. yaml: the provider. */
static inline void start_flips(struct fixture *f, struct arena *a, const char *yaml, const char *secret,
                               const char *checked_with, struct slice body, bool form)
{
    char *why;
    struct provider *p = provider_of(yaml, &why);

    if (!p)
        fail_msg("%s%s", yaml, why);
    free(why);
    fixture_init(f, p, secret);
    f->delivery.body = body;
    f->delivery.query = SLICE("q=1");
    f->delivery.url = SLICE("https://example.com/h?q=1");
    if (form)
        add_header_z(f, "Content-Type", "application/x-www-form-urlencoded");
    sign_with(f, a, NOW_US);
    if (checked_with) {
        verifier_free(f->verifier);
        f->verifier = verifier_of(p, &checked_with, 1);
    }
    assert_accepted(judge(f));
}

#endif
