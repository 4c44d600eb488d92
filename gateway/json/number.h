/* json/number.h - exact decimal arithmetic on the digits of JSON numbers: no double anywhere.
 * A number's text is as RFC 8259 wants it (json_inner of a NUMBER node). Exponents may be enormous (1e999999999): no
 * function here takes time or memory in proportion to the exponent's value. */
#ifndef JSON_NUMBER_H
#define JSON_NUMBER_H

#include "base/slice.h"

#define NUMBER_EXPONENT_MAX (INT64_C(1) << 62)

/* sign and significant digits without leading and trailing zeros; value = 0.d1d2d3… * 10^exponent. Borrows the text. */
struct number {
    bool negative;          /* never for zero */
    uint32_t n_digits;      /* 0: the number is zero */
    const char *digits;     /* in the text; may hold one '.' among the digits, to be skipped */
    int64_t exponent;       /* saturates at +-NUMBER_EXPONENT_MAX */
};
void number_read(struct slice text, struct number *out);
/* -1, 0, 1. 1 = 1.0 = 10e-1; -0 = 0. Exact, but for two numbers whose exponents both saturate: their digits decide. */
int number_cmp(const struct number *a, const struct number *b);
bool number_is_integer(const struct number *n); /* 1.0 and 1e300 are */
/* The magnitude of an integer below 2^64: 0, else -1. */
int number_u64(const struct number *n, uint64_t *out);
/* Is a an integer multiple of b (b > 0)? Exact. Where the exact answer would need more than a bounded amount of work
 * (both numbers of tens of thousands of digits) or two saturated exponents meet, *limit is set and the answer is
 * false. */
bool number_is_multiple(const struct number *a, const struct number *b, bool *limit);

#endif
