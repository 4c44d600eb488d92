#include "schema/run.h"

#define REQUIRED_WORDS 4
#define REQUIRED_FAST (64u * REQUIRED_WORDS)

uint64_t run_count(const struct json_doc *d, uint32_t n)
{
    uint64_t count = json_count(d, n);
    uint32_t step = json_type_of(d, n) == JSON_OBJECT;

    if (count < JSON_COUNT_MAX)
        return count;
    count = 0;
    for (uint32_t i = n + 1; i < json_end(d, n); i = json_next(d, i + step))
        count++;
    return count;
}

bool run_has(struct run *r, uint32_t n, const struct name *name)
{
    return json_member_hashed(r->d, n, schema_text(r->s, *name), name->hash) != JSON_NONE;
}

struct json_doc run_key_doc(const struct json_doc *d, uint32_t k, struct json_node *node)
{
    *node = d->nodes[k];
    node->meta = (node->meta & ~7u) | JSON_STRING;
    node->link = 0;
    return (struct json_doc){ .text = d->text, .nodes = node, .count = 1, .capacity = 1 };
}

enum schema_verdict run_key_schema(struct run *r, uint32_t edge, uint32_t k)
{
    struct json_node node;
    struct json_doc key = run_key_doc(r->d, k, &node);
    const struct json_doc *outer = r->d;
    uint32_t evaluated = r->evaluated;
    enum schema_verdict v;

    r->d = &key;
    r->evaluated = NONE; /* nodes of another document */
    v = run_edge(r, edge, 0);
    r->d = outer;
    r->evaluated = evaluated;
    return v;
}

/* seen: a bit for each of the required slots, which are the first. */
static bool all_seen(const struct object_part *p, const uint64_t *seen)
{
    uint32_t n = p->n_required;

    for (; n >= 64; n -= 64)
        if (*seen++ != UINT64_MAX)
            return false;
    return n == 0 || (~*seen & (((uint64_t)1 << n) - 1)) == 0;
}

/* What was seen of the required names, which are the first slots. */
struct seen {
    uint64_t bits[REQUIRED_WORDS];
    uint32_t beyond; /* members for names that have no bit */
};

static inline void see(struct seen *seen, const struct object_part *p, uint32_t index)
{
    if (index < REQUIRED_FAST)
        seen->bits[index / 64] |= (uint64_t)1 << (index % 64);
    else
        seen->beyond += index < p->n_required;
}

/* More required names than bits: where no name stands twice their number tells; else they are asked for one by one. */
static enum schema_verdict has_rest(struct run *r, const struct object_part *p, uint32_t n, uint32_t beyond)
{
    if (r->d->nodes[n].meta & JSON_UNIQUE)
        return beyond == p->n_required - REQUIRED_FAST ? SCHEMA_VALID : SCHEMA_INVALID;
    for (uint32_t i = REQUIRED_FAST; i < p->n_required; i++) {
        if (!run_charge(r, json_count(r->d, n)))
            return SCHEMA_LIMIT;
        if (!run_has(r, n, &r->s->slots[p->slots + i].name))
            return SCHEMA_INVALID;
    }
    return SCHEMA_VALID;
}

static enum schema_verdict has_required(struct run *r, const struct object_part *p, uint32_t n, const struct seen *seen)
{
    if (p->n_required <= REQUIRED_FAST)
        return all_seen(p, seen->bits) ? SCHEMA_VALID : SCHEMA_INVALID;
    for (int i = 0; i < REQUIRED_WORDS; i++)
        if (seen->bits[i] != UINT64_MAX)
            return SCHEMA_INVALID;
    return has_rest(r, p, n, seen->beyond);
}

/* patternProperties for one member; *matched when one of them was for it. */
static enum schema_verdict run_patterns(struct run *r, const struct object_part *p, uint32_t k, bool *matched)
{
    for (uint32_t i = 0; i < p->n_patterns; i++) {
        const struct pattern *pattern = &r->s->patterns[p->patterns + i];
        enum schema_verdict v = run_key_pattern(r, pattern, k);

        if (v == SCHEMA_INVALID)
            continue;
        *matched = true;
        if (v == SCHEMA_VALID)
            v = mutated_verdict(MUTANT_PATTERN_PROPERTIES, run_edge(r, pattern->edge, k + 1));
        if (v != SCHEMA_VALID)
            return v;
    }
    return SCHEMA_VALID;
}

/* A member that needs more than its slot: no slot, or patterns, or propertyNames. *matched: is it described? */
static enum schema_verdict run_member(struct run *r, const struct object_part *p, uint32_t k, bool *matched)
{
    enum schema_verdict v = SCHEMA_VALID;

    if (p->names != NONE)
        v = mutated_verdict(MUTANT_PROPERTY_NAMES, run_key_schema(r, p->names, k));
    if (v == SCHEMA_VALID && p->n_patterns > 0)
        v = run_patterns(r, p, k, matched);
    if (v == SCHEMA_VALID && !*matched && p->additional != NONE) {
        *matched = true;
        v = mutated_verdict(MUTANT_ADDITIONAL_PROPERTIES, run_edge(r, p->additional, k + 1));
    }
    return v;
}

static enum schema_verdict run_dependencies(struct run *r, const struct object_part *p, uint32_t n)
{
    for (uint32_t i = 0; i < p->n_dependencies; i++) {
        const struct dependency *dep = &r->s->dependencies[p->dependencies + i];
        enum schema_verdict v = SCHEMA_VALID;

        if (!run_charge(r, (uint64_t)json_count(r->d, n) * (1 + dep->n_names)))
            return SCHEMA_LIMIT;
        if (!run_has(r, n, &dep->name))
            continue;
        if (dep->edge != NONE)
            v = mutated_verdict(MUTANT_DEPENDENT_SCHEMAS, run_edge(r, dep->edge, n));
        for (uint32_t j = 0; v == SCHEMA_VALID && j < dep->n_names; j++)
            if (!mutated(MUTANT_DEPENDENT_REQUIRED, run_has(r, n, &r->s->names[dep->names + j])))
                v = SCHEMA_INVALID;
        if (v != SCHEMA_VALID)
            return v;
    }
    return SCHEMA_VALID;
}

static bool counts_fit(struct run *r, const struct object_part *p, uint32_t n)
{
    uint64_t count = p->counts ? run_count(r->d, n) : p->min;

    return mutated(MUTANT_MIN_PROPERTIES, count >= p->min) && mutated(MUTANT_MAX_PROPERTIES, count <= p->max);
}

/* Fewer members than names are required, or more than there are names? */
static bool misfits(const struct run *r, const struct object_part *p, uint32_t n)
{
    uint32_t count = json_count(r->d, n);

    return (count < p->n_required && count < JSON_COUNT_MAX) ||
           (p->closed && count > p->n_slots && r->d->nodes[n].meta & JSON_UNIQUE);
}

enum schema_verdict run_object(struct run *r, const struct object_part *p, uint32_t n)
{
    const struct json_doc *d = r->d;
    uint32_t end = json_end(d, n), rank = 0;
    bool plain = p->n_patterns == 0 && p->names == NONE, booked = r->evaluated == n;
    struct seen seen = { 0 };
    enum schema_verdict v;

    if (!run_charge(r, json_count(d, n)))
        return SCHEMA_LIMIT;
    if (!counts_fit(r, p, n) || mutated(MUTANT_MISFITS, misfits(r, p, n)))
        return SCHEMA_INVALID;
    for (uint32_t k = n + 1; k < end; k = json_next(d, k + 1), rank++) {
        const struct slot *slot = slot_find(r->s, p, d, k);
        bool matched = slot && slot->run != NONE;

        if (slot)
            see(&seen, p, (uint32_t)(slot - r->s->slots) - p->slots);
        v = matched ? mutated_verdict(MUTANT_PROPERTIES, run_node(r, slot->run, k + 1)) : SCHEMA_VALID;
        if (v == SCHEMA_VALID && !(matched && plain))
            v = run_member(r, p, k, &matched);
        if (v != SCHEMA_VALID)
            return v;
        if (booked && matched)
            run_mark(r, rank);
    }
    v = mutated_verdict(MUTANT_REQUIRED, has_required(r, p, n, &seen));
    return v == SCHEMA_VALID ? run_dependencies(r, p, n) : v;
}

/* Would this member alone make the object fail, as far as can be told without going down? */
static bool member_unlike(struct run *r, const struct object_part *p, const struct slot *slot, uint32_t k)
{
    unsigned bit = type_bit(r->d->nodes[k + 1].meta);
    const struct node *child;

    if (!slot || slot->run == NONE)
        return p->n_patterns == 0 && p->additional != NONE &&
               !(r->s->nodes[r->s->edges[p->additional].run].accepts & bit);
    child = &r->s->nodes[slot->run];
    if (!(child->accepts & bit))
        return true;
    if (bit & (TYPE_BIT(JSON_ARRAY) | TYPE_BIT(JSON_OBJECT)))
        return false;
    return (child->constant != NONE && run_values(r, &r->s->lists[child->constant], k + 1) == SCHEMA_INVALID) ||
           (child->values != NONE && run_values(r, &r->s->lists[child->values], k + 1) == SCHEMA_INVALID);
}

bool run_object_unlike(struct run *r, const struct object_part *p, uint32_t n)
{
    const struct json_doc *d = r->d;
    struct seen seen = { 0 };

    if (misfits(r, p, n))
        return true;
    if (!run_charge(r, json_count(d, n)))
        return false;
    for (uint32_t k = n + 1; k < json_end(d, n); k = json_next(d, k + 1)) {
        const struct slot *slot = slot_find(r->s, p, d, k);

        if (member_unlike(r, p, slot, k))
            return true;
        if (slot)
            see(&seen, p, (uint32_t)(slot - r->s->slots) - p->slots);
    }
    return p->n_required <= REQUIRED_FAST && !all_seen(p, seen.bits);
}
