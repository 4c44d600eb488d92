#include "schema/equal.h"

#include "json/number.h"

static uint32_t mix(uint32_t a, uint32_t b)
{
    uint64_t m = ((uint64_t)a ^ 0x9e3779b97f4a7c15ull) * ((uint64_t)b + 0xff51afd7ed558ccdull);

    return (uint32_t)(m ^ m >> 32);
}

static uint32_t hash_number(struct slice text)
{
    struct number n;
    uint32_t hash;
    const char *p;

    number_read(text, &n);
    hash = mix(n.negative, (uint32_t)(n.n_digits ? n.exponent : 0));
    p = n.digits;
    for (uint32_t i = 0; i < n.n_digits; p++) {
        if (*p == '.')
            continue;
        hash = hash * 31 + (uint32_t)(*p - '0');
        i++;
    }
    return mix(hash, JSON_NUMBER);
}

static uint32_t hash_string(const struct json_doc *d, uint32_t node, struct buf *tmp)
{
    if (!(d->nodes[node].meta & JSON_ESCAPED))
        return json_hash(json_inner(d, node));
    buf_reset(tmp);
    return json_hash(json_string(d, node, tmp));
}

/* Recursion is bounded by the reader's depth limit. */
uint32_t equal_hash(const struct json_doc *d, uint32_t node, struct buf *tmp)
{
    enum json_kind type = json_type_of(d, node);
    uint32_t hash = (uint32_t)type;

    switch (type) {
    case JSON_NUMBER:
        return hash_number(json_inner(d, node));
    case JSON_STRING:
        return mix(hash_string(d, node, tmp), JSON_STRING);
    case JSON_ARRAY:
        for (uint32_t i = node + 1; i < json_end(d, node); i = json_next(d, i))
            hash = mix(hash, equal_hash(d, i, tmp)) + 1;
        return hash;
    case JSON_OBJECT:
        for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1))
            hash += mix(d->nodes[k].link, equal_hash(d, k + 1, tmp));
        return hash;
    default:
        return mix(hash, hash);
    }
}

/* Long texts cost more than a step: a sender who finds one hash for many of them has each compared with each. */
#define NUMBER_BYTES 8
#define STRING_BYTES 64
static bool take_text(uint32_t cost, uint64_t *steps)
{
    *steps -= *steps < cost ? *steps : cost;
    return *steps > 0;
}

/* Two STRINGs or two KEYs. */
static bool equal_strings(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y, struct buf *tmp)
{
    bool x_plain = !(a->nodes[x].meta & JSON_ESCAPED), y_plain = !(b->nodes[y].meta & JSON_ESCAPED);

    if (x_plain && y_plain)
        return slice_eq(json_inner(a, x), json_inner(b, y));
    if (x_plain)
        return json_string_eq(b, y, json_inner(a, x));
    if (y_plain)
        return json_string_eq(a, x, json_inner(b, y));
    buf_reset(tmp);
    return json_string_eq(b, y, json_string(a, x, tmp));
}

/* The value in object y of the KEY at k of a; members usually come in the same order, so the KEY at guess is asked
 * first. */
static uint32_t find_member(const struct json_doc *a, uint32_t k, const struct json_doc *b, uint32_t y, uint32_t guess,
                            struct buf *tmp, uint64_t *steps)
{
    uint32_t hash = a->nodes[k].link;

    if (guess < json_end(b, y) && b->nodes[guess].link == hash && equal_strings(a, k, b, guess, tmp))
        return guess + 1;
    for (uint32_t i = y + 1; i < json_end(b, y) && *steps > 0; i = json_next(b, i + 1)) {
        --*steps;
        if (b->nodes[i].link == hash && take_text(b->nodes[i].len / STRING_BYTES, steps) &&
            equal_strings(a, k, b, i, tmp))
            return i + 1;
    }
    return JSON_NONE;
}

static bool equal_objects(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y, struct buf *tmp,
                          uint64_t *steps)
{
    uint32_t guess = y + 1;

    for (uint32_t k = x + 1; k < json_end(a, x); k = json_next(a, k + 1)) {
        uint32_t value = find_member(a, k, b, y, guess, tmp, steps);

        if (value == JSON_NONE || !equal_values(a, k + 1, b, value, tmp, steps))
            return false;
        guess = json_next(b, value);
    }
    return true;
}

static bool equal_arrays(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y, struct buf *tmp,
                         uint64_t *steps)
{
    uint32_t j = y + 1;

    for (uint32_t i = x + 1; i < json_end(a, x); i = json_next(a, i), j = json_next(b, j))
        if (j >= json_end(b, y) || !equal_values(a, i, b, j, tmp, steps))
            return false;
    return j >= json_end(b, y);
}

bool equal_values(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y, struct buf *tmp,
                  uint64_t *steps)
{
    enum json_kind type = json_type_of(a, x);
    struct number m, n;

    if (*steps == 0 || type != json_type_of(b, y))
        return false;
    --*steps;
    switch (type) {
    case JSON_NUMBER:
        if (!take_text(a->nodes[x].len / NUMBER_BYTES + b->nodes[y].len / NUMBER_BYTES, steps))
            return false;
        number_read(json_inner(a, x), &m);
        number_read(json_inner(b, y), &n);
        return number_cmp(&m, &n) == 0;
    case JSON_STRING:
        return take_text(a->nodes[x].len / STRING_BYTES, steps) && equal_strings(a, x, b, y, tmp);
    case JSON_ARRAY:
        return json_count(a, x) == json_count(b, y) && equal_arrays(a, x, b, y, tmp, steps);
    case JSON_OBJECT:
        return json_count(a, x) == json_count(b, y) && equal_objects(a, x, b, y, tmp, steps);
    default:
        return true;
    }
}
