/* schema/number_at.h - inside schema/: is a short number within bounds? Asked of every bounded number, so it reads no
 * digit twice and takes no branch on any. */
#ifndef SCHEMA_NUMBER_AT_H
#define SCHEMA_NUMBER_AT_H

#include <endian.h>
#include <string.h>

#include "schema/program.h"

/* The value of up to eight digits that end at `end`; the eight bytes before it must be readable. */
static inline uint64_t eight_digits(const char *end, uint32_t digits)
{
    uint64_t w;

    memcpy(&w, end - 8, sizeof w);
    w = le64toh(w) & UINT64_C(0x0f0f0f0f0f0f0f0f) & UINT64_MAX << (8 - digits) * 8; /* what stands before: zeros */
    w = (w * 10 + (w >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    w = (w * 100 + (w >> 16)) & UINT64_C(0x0000ffff0000ffff);
    return (w * 10000 + (w >> 32)) & UINT32_MAX;
}

/* The whole numbers next to the number at node n, equal when it is one; false for what is long, has an exponent, or
 * stands at the very start of the text. */
static inline bool number_at_short(const struct json_doc *d, uint32_t n, int64_t *floor, int64_t *ceiling)
{
    const struct json_node *node = &d->nodes[n];
    bool negative = node->meta & JSON_NEGATIVE, fraction = !(node->meta & JSON_INTEGER);
    uint32_t digits = node->link;
    const char *end = d->text.ptr + node->at + negative + digits;
    int64_t value;

    if (digits - 1 >= 16 || node->at < 16)
        return false;
    value = (int64_t)eight_digits(end, digits > 8 ? 8 : digits);
    if (digits > 8)
        value += (int64_t)eight_digits(end - 8, digits - 8) * 100000000;
    *floor = negative ? -value - fraction : value;
    *ceiling = negative ? -value : value + fraction;
    return true;
}

/* Can a glance tell that the number is within all bounds? A fraction counts as more than nothing. */
static inline bool number_at_within(const struct number_part *p, const struct json_doc *d, uint32_t n)
{
    int64_t floor, ceiling;

    return p->exact && number_at_short(d, n, &floor, &ceiling) && floor >= p->low && ceiling <= p->high &&
           (p->multiple == 0 || (floor == ceiling && floor % p->multiple == 0));
}

#endif
