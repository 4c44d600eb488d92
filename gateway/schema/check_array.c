#include "schema/equal.h"
#include "schema/run.h"

#define UNIQUE_SHORT 8u /* up to here each is compared with each */

static enum schema_verdict run_items(struct run *r, const struct array_part *p, uint32_t n)
{
    const struct json_doc *d = r->d;
    uint32_t end = json_end(d, n), i = n + 1, node;

    for (uint32_t j = 0; j < p->n_prefix && i < end; j++, i = json_next(d, i)) {
        enum schema_verdict v = mutated_verdict(MUTANT_PREFIX_ITEMS, run_edge(r, p->prefix + j, i));

        if (v != SCHEMA_VALID)
            return v;
    }
    if (p->items == NONE)
        return SCHEMA_VALID;
    node = r->s->edges[p->items].run;
    for (; i < end; i = json_next(d, i)) {
        enum schema_verdict v = mutated_verdict(MUTANT_ITEMS, run_node(r, node, i));

        if (v != SCHEMA_VALID)
            return v;
    }
    return SCHEMA_VALID;
}

enum schema_verdict run_contains(struct run *r, const struct array_part *p, uint32_t n, uint64_t *found)
{
    const struct json_doc *d = r->d;

    *found = 0;
    for (uint32_t i = n + 1; i < json_end(d, n); i = json_next(d, i)) {
        enum schema_verdict v = run_edge(r, p->contains, i);

        if (v == SCHEMA_LIMIT)
            return v;
        *found += v == SCHEMA_VALID;
        if (*found > p->max_contains || (*found >= p->min_contains && p->max_contains == UINT64_MAX))
            break;
    }
    return *found >= p->min_contains && *found <= p->max_contains ? SCHEMA_VALID : SCHEMA_INVALID;
}

static enum schema_verdict unique_pairwise(struct run *r, uint32_t n, uint32_t *first, uint32_t *second)
{
    const struct json_doc *d = r->d;

    for (uint32_t i = n + 1; i < json_end(d, n); i = json_next(d, i)) {
        for (uint32_t j = json_next(d, i); j < json_end(d, n); j = json_next(d, j)) {
            *first = i;
            *second = j;
            if (equal_values(d, i, d, j, &r->scratch->tmp, &r->steps))
                return SCHEMA_INVALID;
        }
    }
    return r->steps == 0 ? SCHEMA_LIMIT : SCHEMA_VALID;
}

/* An empty table with room for twice as many, in the scratch: it grows now and then, and is kept. */
static uint32_t unique_table(struct schema_scratch *scratch, uint64_t count)
{
    uint32_t size = 64;

    while (size < count * 2)
        size *= 2;
    if (size > scratch->unique_cap) {
        free(scratch->unique);
        scratch->unique = mem_grow(NULL, size, sizeof *scratch->unique);
        scratch->unique_cap = size;
    }
    memset(scratch->unique, 0xff, size * sizeof *scratch->unique);
    return size - 1;
}

enum schema_verdict run_unique(struct run *r, uint32_t n, uint32_t *first, uint32_t *second)
{
    const struct json_doc *d = r->d;
    uint64_t count = run_count(d, n);
    uint32_t mask;

    if (count <= UNIQUE_SHORT)
        return unique_pairwise(r, n, first, second);
    if (!run_charge(r, count + json_end(d, n) - n + d->nodes[n].len / 16))
        return SCHEMA_LIMIT;
    mask = unique_table(r->scratch, count);
    for (uint32_t i = n + 1; i < json_end(d, n); i = json_next(d, i)) {
        uint32_t hash = equal_hash(d, i, &r->scratch->tmp), at = hash & mask;
        struct unique_entry *table = r->scratch->unique;

        for (; table[at].node != NONE; at = (at + 1) & mask) {
            if (!run_charge(r, 1))
                return SCHEMA_LIMIT;
            *first = table[at].node;
            *second = i;
            if (table[at].hash == hash && equal_values(d, *first, d, i, &r->scratch->tmp, &r->steps))
                return SCHEMA_INVALID;
        }
        table[at] = (struct unique_entry){ hash, i };
    }
    return r->steps == 0 ? SCHEMA_LIMIT : SCHEMA_VALID;
}

enum schema_verdict run_array(struct run *r, const struct array_part *p, uint32_t n)
{
    uint64_t count = run_count(r->d, n), found;
    enum schema_verdict v;
    uint32_t first, second;

    if (!run_charge(r, count))
        return SCHEMA_LIMIT;
    if (mutated(MUTANT_MIN_ITEMS, count < p->min) || mutated(MUTANT_MAX_ITEMS, count > p->max))
        return SCHEMA_INVALID;
    v = run_items(r, p, n);
    if (v == SCHEMA_VALID && p->contains != NONE)
        v = mutated_verdict(MUTANT_CONTAINS, run_contains(r, p, n, &found));
    if (v == SCHEMA_VALID && p->unique)
        v = mutated_verdict(MUTANT_UNIQUE_ITEMS, run_unique(r, n, &first, &second));
    if (v == SCHEMA_VALID && r->evaluated == n)
        v = run_mark_elements(r, p, n);
    return v;
}
