/* Decimal arithmetic: by hand-written cases, against 128-bit integers, and against schoolbook multiplication of long
 * numbers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "json/number.h"

static struct number number(const char *text)
{
    struct number n;

    number_read(slice_z(text), &n);
    return n;
}

static void test_read(void **state)
{
    static const struct {
        const char *text;
        bool negative;
        uint32_t n_digits;
        int64_t exponent;
        char first;
    } cases[] = {
        { "0", false, 0, 0, 0 }, { "-0", false, 0, 0, 0 }, { "-0.000e-5", false, 0, 0, 0 }, { "7", false, 1, 1, '7' },
        { "-7", true, 1, 1, '7' }, { "100", false, 1, 3, '1' }, { "120.0", false, 2, 3, '1' },
        { "0.001", false, 1, -2, '1' },
        { "10.01", false, 4, 2, '1' }, { "1e5", false, 1, 6, '1' }, { "0.25E-3", false, 2, -3, '2' },
        { "1.5e+2", false, 2, 3, '1' },
        { "1e4611686018427387904", false, 1, NUMBER_EXPONENT_MAX, '1' },
        { "1e-99999999999999999999999", false, 1, -NUMBER_EXPONENT_MAX, '1' },
        { "12e1000000000000000000000000", false, 2, NUMBER_EXPONENT_MAX, '1' },
        { "1e000000000000000000000000000007", false, 1, 8, '1' },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct number n = number(cases[i].text);

        assert_int_equal(n.negative, cases[i].negative);
        assert_int_equal(n.n_digits, cases[i].n_digits);
        assert_int_equal(n.exponent, cases[i].exponent);
        if (cases[i].first)
            assert_int_equal(n.digits[0], cases[i].first);
    }
}

/* Each list ascends; within a list neighbours joined by '=' are equal. */
static void test_cmp(void **state)
{
    static const char *const ascending[] = {
        "-1e401", "-1e400", "-9007199254740993", "-9007199254740992", "-1.5", "-1.25", "-1", "-1e-400", "0",
        "1e-401", "1e-400",
        "0.09999999999999999999999", "0.1", "0.10000000000000000000001", "0.9", "0.99", "1",
        "1.0000000000000000000000000000001", "1.5",
        "9.99", "10", "99", "100", "9007199254740992", "9007199254740993", "18446744073709551615",
        "18446744073709551616",
        "1e308", "1e309", "1e400", "1e401", "9e401", "1e402", "1e999999999", "1e999999999999",
    };
    static const char *const equal[][2] = {
        { "1", "1.0" }, { "1", "10e-1" }, { "1", "0.1e1" }, { "0", "-0" }, { "0", "0e99999999999999999999" },
        { "-0.0", "0e-5" },
        { "1e400", "10e399" }, { "123.45", "12345e-2" }, { "1000000", "1E+6" }, { "-1.50", "-15e-1" },
        { "1e5", "1e00005" },
        { "0.00012", "1.2E-4" },
    };
    const int count = sizeof ascending / sizeof *ascending;

    (void)state;
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            struct number a = number(ascending[i]), b = number(ascending[j]);
            assert_int_equal(number_cmp(&a, &b), (i > j) - (i < j));
        }
    }
    for (size_t i = 0; i < sizeof equal / sizeof *equal; i++) {
        struct number a = number(equal[i][0]), b = number(equal[i][1]);
        assert_int_equal(number_cmp(&a, &b), 0);
        assert_int_equal(number_cmp(&b, &a), 0);
    }
}

static void test_is_integer(void **state)
{
    static const char *const yes[] = { "0", "-0", "1", "-1", "1.0", "1e300", "1.5e1", "120e-1", "0e-9",
    "1e99999999999999999999" };
    static const char *const no[] = { "0.5", "1.5", "1e-1", "15e-2", "-0.1", "1e-99999999999999999999",
    "1.00000000000000000000001" };

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        struct number n = number(yes[i]);
        assert_true(number_is_integer(&n));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        struct number n = number(no[i]);
        assert_false(number_is_integer(&n));
    }
}

static void test_u64(void **state)
{
    static const struct {
        const char *text;
        int result;
        uint64_t value;
    } cases[] = {
        { "0", 0, 0 }, { "-12", 0, 12 }, { "1.20e2", 0, 120 }, { "18446744073709551615", 0, UINT64_MAX },
        { "18446744073709551616", -1, 0 },
        { "1e19", 0, UINT64_C(10000000000000000000) }, { "2e19", -1, 0 }, { "1e20", -1, 0 }, { "0.5", -1, 0 },
        { "1e999999999999", -1, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct number n = number(cases[i].text);
        uint64_t value = 0;

        assert_int_equal(number_u64(&n, &value), cases[i].result);
        assert_int_equal(value, cases[i].value);
    }
}

static bool is_multiple(const char *a, const char *b)
{
    struct number na = number(a), nb = number(b);
    bool limit = false, result = number_is_multiple(&na, &nb, &limit);

    assert_false(limit);
    return result;
}

static void test_multiples(void **state)
{
    static const struct {
        const char *a, *b;
        bool multiple;
    } cases[] = {
        { "0", "7", true }, { "-0.0", "0.1", true }, { "14", "7", true }, { "-14", "7", true }, { "15", "7", false },
        { "0.0075", "0.0001", true }, { "0.00751", "0.0001", false }, { "4.5", "1.5", true }, { "35", "1.5", false },
        { "1e308", "0.5", true }, { "1e308", "0.123456789", false }, { "0.3", "0.1", true }, { "19.99", "0.01", true },
        { "9007199254740993", "2", false }, { "9007199254740993", "3", true }, { "1e400", "1e399", true },
        { "1e399", "1e400", false },
        { "1e999999999", "2", true }, { "1e999999999", "3", false }, { "3e999999999", "3", true },
        { "1e-999999999", "1", false },
        { "1", "1e-999999999", true }, { "1e999999999999999999", "7", false }, { "21e999999999999999999", "7", true },
        { "1", "3e-999999999999", false }, { "5", "10", false }, { "50", "10", true },
        { "1e99999999999999999999", "7", false },
        { "1e99999999999999999999", "8", true }, { "3", "1e99999999999999999999", false },
        { "7e99999999999999999999", "1e-99999999999999999999", true },
        { "1e99999999999999999999", "3e-99999999999999999999", false },
        { "123456789012345678901234567890", "12345678901234567890123456788", false },
        { "123456789012345678901234567890", "1234567890123456789012345678.9", true },
        { "1e100", "1267650600228229401496703205376", true }, { "1e99", "1267650600228229401496703205376", false },
        { "1e29", "1267650600228229401496703205376", false }, { "1e30", "1267650600228229401496703205376", false },
        { "2e99", "1267650600228229401496703205376", true },
        { "1e9999999999", "1267650600228229401496703205376", true },
        { "1e9999999999", "1267650600228229401496703205377", false },
        /* here the estimate of a quotient's limb is one too large: step D6 of the long division */
        { "1500000000000000000000000002499999999999999999999999999",
          "500000000000000000000000001", true },
        { "1500000000000000000000000002500000000000000000000000000",
          "500000000000000000000000001", false },
        { "1267650600228229401496703205377e9999999999", "1267650600228229401496703205377", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (is_multiple(cases[i].a, cases[i].b) != cases[i].multiple)
            fail_msg("%s of %s", cases[i].a, cases[i].b);
    }
}

static uint64_t next_random(void)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

/* v / 10^places, in one of several notations. */
static void print_scaled(char out[80], uint64_t v, unsigned places)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%0*llu", (int)places + 1, (unsigned long long)v);

    if (next_random() % 2)
        snprintf(out, 80, "%llue-%u", (unsigned long long)v, places);
    else if (places)
        snprintf(out, 80, "%.*s.%s", len - (int)places, digits, digits + len - (int)places);
    else
        snprintf(out, 80, "%s", digits);
}

static void test_against_integers(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t va = next_random() >> next_random() % 64, vb = (next_random() >> (20 + next_random() % 44)) + 1;
        unsigned pa = next_random() % 10, pb = next_random() % 10;
        unsigned __int128 a, b;
        char ta[80], tb[80];

        if (i % 2)
            va = va / vb * vb; /* chance alone makes few multiples */
        a = va;
        b = vb;
        print_scaled(ta, va, pa);
        print_scaled(tb, vb, pb);
        for (unsigned p = pa; p < 10; p++)
            a *= 10;
        for (unsigned p = pb; p < 10; p++)
            b *= 10;
        struct number na = number(ta), nb = number(tb);
        if (number_cmp(&na, &nb) != (a > b) - (a < b))
            fail_msg("compare %s and %s", ta, tb);
        if (is_multiple(ta, tb) != (a % b == 0))
            fail_msg("%s a multiple of %s?", ta, tb);
    }
}

static void random_digits(char *out, size_t len)
{
    static const char pattern[] = "0123456789000999";

    for (size_t i = 0; i < len; i++)
        out[i] = pattern[next_random() % 16];
    out[0] = (char)('1' + next_random() % 9);
    out[len] = '\0';
}

/* out = a * b + add, in decimal; out holds the lengths of both and a NUL. */
static void multiply(char *out, const char *a, const char *b, unsigned add)
{
    size_t na = strlen(a), nb = strlen(b);

    memset(out, '0', na + nb);
    out[na + nb] = '\0';
    for (size_t i = na; i-- > 0;) {
        unsigned carry = i == na - 1 ? add : 0;

        for (size_t j = nb; j-- > 0;) {
            carry += (unsigned)(out[i + j + 1] - '0') + (unsigned)(a[i] - '0') * (unsigned)(b[j] - '0');
            out[i + j + 1] = (char)('0' + carry % 10);
            carry /= 10;
        }
        out[i] = (char)('0' + carry);
    }
    while (out[0] == '0' && out[1])
        memmove(out, out + 1, strlen(out));
}

static void test_long_division(void **state)
{
    char a[400], b[400], product[820];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        random_digits(a, 1 + next_random() % 120);
        random_digits(b, 2 + next_random() % 120);
        multiply(product, a, b, 0);
        if (!is_multiple(product, b))
            fail_msg("%s is a multiple of %s", product, b);
        multiply(product, a, b, 1 + next_random() % 9);
        if (strcmp(b, "9") > 0 && strlen(b) > 1 && is_multiple(product, b))
            fail_msg("%s is no multiple of %s", product, b);
    }
}

/* Time and memory follow the digits, and too many of them in both numbers are said to be too many. */
static void test_work_is_bounded(void **state)
{
    size_t len = 300000;
    char *a = malloc(len + 1), *b = malloc(len + 1);
    struct number na, nb;
    bool limit = false;

    (void)state;
    random_digits(a, len);
    random_digits(b, len);
    a[len - 1] = b[len - 1] = '7';
    na = number(a);
    nb = number(b);
    assert_false(number_is_multiple(&na, &nb, &limit));
    assert_true(limit);
    assert_false(is_multiple(a, "0.70000000000000000000000000000000000003"));
    assert_true(is_multiple(a, "0.0000001"));
    limit = false;
    na = number("3e99999999999999999999");
    nb = number("2e99999999999999999998");
    assert_false(number_is_multiple(&na, &nb, &limit));
    assert_true(limit);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_cmp),
        cmocka_unit_test(test_is_integer),
        cmocka_unit_test(test_u64),
        cmocka_unit_test(test_multiples),
        cmocka_unit_test(test_against_integers),
        cmocka_unit_test(test_long_division),
        cmocka_unit_test(test_work_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
