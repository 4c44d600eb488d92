#include "json/number.h"

#include <stdlib.h>

#include "base/mem.h"

#define LIMB UINT32_C(1000000000) /* nine decimal digits */
#define LIMB_DIGITS 9
#define CHUNK_DIGITS 18
/* Products of limbs in one long division: some tens of milliseconds. */
#define WORK_MAX (UINT64_C(1) << 24)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The digits of an exponent, saturated. */
static int64_t read_exponent(const char *p, const char *end)
{
    bool negative = *p == '-';
    int64_t value = 0;

    if (*p == '-' || *p == '+')
        p++;
    for (; p < end; p++) {
        value = value * 10 + (*p - '0');
        if (value > NUMBER_EXPONENT_MAX / 16) {
            value = NUMBER_EXPONENT_MAX;
            break;
        }
    }
    return negative ? -value : value;
}

void number_read(struct slice text, struct number *out)
{
    const char *p = text.ptr, *end = p + text.len, *first = NULL, *stop;
    int64_t before = 0, zeros = 0, exponent = 0; /* digits before the point; zeros behind the last other digit */
    bool point = false;

    *out = (struct number){ .negative = *p == '-' };
    if (*p == '-')
        p++;
    for (stop = p; stop < end && (is_digit(*stop) || *stop == '.'); stop++) {
        if (*stop == '.') {
            point = true;
            continue;
        }
        if (!first && *stop != '0')
            first = stop;
        before += !point && first;
        before -= point && !first; /* 0.001 = 0.1 * 10^-2 */
        if (!first)
            continue;
        zeros = *stop == '0' ? zeros + 1 : 0;
        out->n_digits++;
    }
    if (!first) {
        out->negative = false;
        return;
    }
    out->digits = first;
    out->n_digits -= (uint32_t)zeros;
    if (stop < end)
        exponent = read_exponent(stop + 1, end);
    exponent += exponent > -NUMBER_EXPONENT_MAX && exponent < NUMBER_EXPONENT_MAX ? before : 0;
    out->exponent = exponent;
}

static int digits_cmp(const struct number *a, const struct number *b)
{
    const char *pa = a->digits, *pb = b->digits;
    uint32_t common = a->n_digits < b->n_digits ? a->n_digits : b->n_digits;

    for (uint32_t i = 0; i < common; i++, pa++, pb++) {
        pa += *pa == '.';
        pb += *pb == '.';
        if (*pa != *pb)
            return *pa < *pb ? -1 : 1;
    }
    return (a->n_digits > b->n_digits) - (a->n_digits < b->n_digits);
}

static int magnitude_cmp(const struct number *a, const struct number *b)
{
    if (a->n_digits == 0 || b->n_digits == 0)
        return (a->n_digits != 0) - (b->n_digits != 0);
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    return digits_cmp(a, b);
}

int number_cmp(const struct number *a, const struct number *b)
{
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    return a->negative ? magnitude_cmp(b, a) : magnitude_cmp(a, b);
}

bool number_is_integer(const struct number *n)
{
    return n->n_digits == 0 || n->exponent >= n->n_digits;
}

/* The next digit of *p, which moves behind it. */
static unsigned next_digit(const char **p)
{
    *p += **p == '.';
    return (unsigned)(*(*p)++ - '0');
}

int number_u64(const struct number *n, uint64_t *out)
{
    const char *p = n->digits;
    uint64_t value = 0;

    if (!number_is_integer(n) || (n->n_digits && n->exponent > 20))
        return -1;
    for (int64_t i = 0; n->n_digits && i < n->exponent; i++) {
        unsigned digit = i < n->n_digits ? next_digit(&p) : 0;

        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
            return -1;
    }
    *out = value;
    return 0;
}

static uint64_t mul_mod(uint64_t a, uint64_t b, uint64_t m)
{
    return (uint64_t)((unsigned __int128)a * b % m);
}

static uint64_t pow10_mod(uint64_t e, uint64_t m)
{
    uint64_t result = 1 % m, base = 10 % m;

    for (; e; e >>= 1) {
        if (e & 1)
            result = mul_mod(result, base, m);
        base = mul_mod(base, base, m);
    }
    return result;
}

/* Does b, of at most 18 digits, divide the digits of a followed by `zeros` zeros? */
static bool divides_short(const struct number *a, const struct number *b, uint64_t zeros)
{
    const char *p = b->digits;
    uint64_t divisor = 0, rest = 0;

    for (uint32_t i = 0; i < b->n_digits; i++)
        divisor = divisor * 10 + next_digit(&p);
    p = a->digits;
    for (uint32_t left = a->n_digits; left;) {
        uint64_t chunk = 0, scale = 1;

        for (unsigned i = 0; i < CHUNK_DIGITS && left; i++, left--) {
            chunk = chunk * 10 + next_digit(&p);
            scale *= 10;
        }
        rest = (uint64_t)(((unsigned __int128)rest * scale + chunk) % divisor);
    }
    return mul_mod(rest, pow10_mod(zeros, divisor), divisor) == 0;
}

/* Writes the digits and then zeros as limbs, most significant first; `total` digits fill them exactly from the
 * right. */
static void to_limbs(const struct number *n, uint64_t total, uint32_t *limbs)
{
    const char *p = n->digits;
    uint64_t column = (LIMB_DIGITS - total % LIMB_DIGITS) % LIMB_DIGITS;
    uint32_t limb = 0;

    for (uint64_t i = 0; i < total; i++) {
        limb = limb * 10 + (i < n->n_digits ? next_digit(&p) : 0);
        if (++column == LIMB_DIGITS) {
            *limbs++ = limb;
            limb = 0;
            column = 0;
        }
    }
}

static void scale_limbs(uint32_t *limbs, uint64_t count, uint32_t factor)
{
    uint64_t carry = 0;

    for (uint64_t i = count; i-- > 0;) {
        carry += (uint64_t)limbs[i] * factor;
        limbs[i] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
}

/* u[0..n] -= q * v[0..n-1]; true when that went below zero. */
static bool subtract_multiple(uint32_t *u, const uint32_t *v, uint64_t n, uint64_t q)
{
    int64_t borrow = 0;

    for (uint64_t i = n; i-- > 0;) {
        int64_t d = (int64_t)u[i + 1] - (int64_t)(q * v[i] % LIMB) + borrow;

        borrow = -(int64_t)(q * v[i] / LIMB);
        if (d < 0) {
            int64_t steps = (-d + LIMB - 1) / LIMB;

            d += steps * LIMB;
            borrow -= steps;
        }
        u[i + 1] = (uint32_t)d;
    }
    borrow += u[0];
    u[0] = (uint32_t)(borrow < 0 ? borrow + LIMB : borrow);
    return borrow < 0;
}

static void add_back(uint32_t *u, const uint32_t *v, uint64_t n)
{
    uint32_t carry = 0;

    for (uint64_t i = n; i-- > 0;) {
        uint32_t sum = u[i + 1] + v[i] + carry;

        carry = sum >= LIMB;
        u[i + 1] = carry ? sum - LIMB : sum;
    }
    u[0] = (u[0] + carry) % LIMB;
}

/* Knuth, The Art of Computer Programming 4.3.1, algorithm D in base 10^9, without the quotient: u of m limbs, led by
 * a zero one, becomes its remainder by v of n >= 2 limbs (v[0] not 0). True when that is zero. */
static bool divide_long(uint32_t *u, uint64_t m, uint32_t *v, uint64_t n)
{
    uint32_t factor = LIMB / (v[0] + 1);

    scale_limbs(u, m, factor);
    scale_limbs(v, n, factor);
    for (uint64_t j = 0; j + n < m; j++) {
        uint64_t top = (uint64_t)u[j] * LIMB + u[j + 1], q = top / v[0], rest = top % v[0];

        while (q >= LIMB || q * v[1] > rest * LIMB + u[j + 2]) {
            q--;
            rest += v[0];
            if (rest >= LIMB)
                break;
        }
        if (subtract_multiple(u + j, v, n, q))
            add_back(u + j, v, n);
    }
    for (uint64_t i = 0; i < m; i++) {
        if (u[i])
            return false;
    }
    return true;
}

static bool divides_long(const struct number *a, const struct number *b, uint64_t zeros, bool *limit)
{
    /* More zeros change nothing: b holds the factors 2 and 5 less than four times for each of its digits. */
    uint64_t most = 4 * (uint64_t)b->n_digits, total = a->n_digits + (zeros < most ? zeros : most);
    uint64_t m = (total + LIMB_DIGITS - 1) / LIMB_DIGITS + 1, n = (b->n_digits + LIMB_DIGITS - 1) / LIMB_DIGITS;
    uint32_t *limbs;
    bool divides;

    if (total < b->n_digits)
        return false;
    if (m * n > WORK_MAX) {
        *limit = true;
        return false;
    }
    limbs = mem_zalloc((m + n) * sizeof *limbs);
    to_limbs(a, total, limbs + 1);
    to_limbs(b, b->n_digits, limbs + m);
    divides = divide_long(limbs, m, limbs + m, n);
    free(limbs);
    return divides;
}

bool number_is_multiple(const struct number *a, const struct number *b, bool *limit)
{
    int64_t zeros;

    if (a->n_digits == 0)
        return true;
    if (a->exponent == b->exponent && llabs(a->exponent) == NUMBER_EXPONENT_MAX) {
        *limit = true;
        return false;
    }
    /* a / b = (digits of a, zeros) / (digits of b): a fraction where there are less than none, as neither ends with
     * a zero */
    if (__builtin_sub_overflow(a->exponent - a->n_digits, b->exponent - b->n_digits, &zeros))
        zeros = a->exponent > b->exponent ? INT64_MAX : -1;
    if (zeros < 0)
        return false;
    return b->n_digits <= CHUNK_DIGITS ? divides_short(a, b, (uint64_t)zeros)
                                       : divides_long(a, b, (uint64_t)zeros, limit);
}
