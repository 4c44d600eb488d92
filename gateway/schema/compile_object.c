/* Objects: known names in a hash table, the required ones first; patterns; dependencies. */
#include "schema/compile.h"

#define MULTIPLIERS_TRIED 64

/* The known names while they are put together. */
struct names {
    VEC(struct slot) slots;
    VEC(bool) required;
    uint32_t *buckets; /* slot + 1 */
    uint32_t mask;
};

static void names_init(struct names *names, uint64_t most)
{
    *names = (struct names){ .mask = 15 };
    while (names->mask < most * 2)
        names->mask = names->mask * 2 + 1;
    names->buckets = mem_zalloc((names->mask + 1) * sizeof *names->buckets);
}

static void names_clear(struct names *names)
{
    VEC_FREE(&names->slots);
    VEC_FREE(&names->required);
    free(names->buckets);
}

static uint32_t *names_find(const struct program *p, struct names *names, uint32_t hash, struct slice text)
{
    uint32_t i = hash & names->mask;

    for (; names->buckets[i]; i = (i + 1) & names->mask) {
        const struct name *n = &names->slots.at[names->buckets[i] - 1].name;

        if (n->hash == hash && slice_eq(slice_of(p->text.ptr + n->at, n->len), text))
            break;
    }
    return &names->buckets[i];
}

/* The slot of that name, made when it is new. */
static uint32_t names_add(struct compile *c, struct names *names, struct slice text)
{
    uint32_t *bucket = names_find(&c->program, names, json_hash(text), text);
    struct slot *slot;

    if (*bucket == 0) {
        slot = VEC_ADD(&names->slots);
        slot->name = program_name(&c->program, text);
        slot->edge = slot->run = NONE;
        *VEC_ADD(&names->required) = false;
        *bucket = names->slots.n;
    }
    return *bucket - 1;
}

static int gather_properties(struct compile *c, const struct item *it, struct names *names)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t map = it->keywords[KW_PROPERTIES];

    if (map == JSON_NONE)
        return 0;
    if (json_type_of(d, map) != JSON_OBJECT)
        return compile_fail(c, it, KW_PROPERTIES, "must be an object of schemas");
    for (uint32_t k = map + 1; k < json_end(d, map); k = json_next(d, k + 1)) {
        uint32_t slot = names_add(c, names, compile_string(c, it, k));

        names->slots.at[slot].edge = compile_member_edge(c, it, KW_PROPERTIES, k);
    }
    return 0;
}

static int gather_required(struct compile *c, const struct item *it, struct names *names)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t list = it->keywords[KW_REQUIRED];

    if (list == JSON_NONE)
        return 0;
    if (json_type_of(d, list) != JSON_ARRAY)
        return compile_fail(c, it, KW_REQUIRED, "must be a list of property names");
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        uint32_t slot;

        if (json_type_of(d, i) != JSON_STRING)
            return compile_fail(c, it, KW_REQUIRED, "must be a list of property names: strings");
        slot = names_add(c, names, compile_string(c, it, i));
        names->required.at[slot] = true;
    }
    return 0;
}

static uint32_t count_collisions(const struct slot *slots, uint32_t n, uint32_t multiplier, uint32_t shift,
                                 uint32_t *used, uint32_t round)
{
    uint32_t collisions = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t *mark = &used[(slots[i].name.hash * multiplier) >> shift];

        collisions += *mark == round;
        *mark = round;
    }
    return collisions;
}

/* A multiplier under which (nearly) every name has a bucket of its own. */
static uint32_t choose_multiplier(const struct slot *slots, uint32_t n, uint32_t shift)
{
    uint32_t *used = mem_zalloc(sizeof *used << (32 - shift));
    uint32_t candidate = 0x9e3779b1u, best = candidate, fewest = UINT32_MAX;

    for (uint32_t round = 1; round <= MULTIPLIERS_TRIED && fewest > 0; round++) {
        uint32_t collisions = count_collisions(slots, n, candidate, shift, used, round);

        if (collisions < fewest) {
            fewest = collisions;
            best = candidate;
        }
        candidate = (candidate * 0x915f77f5u + 0x3c6ef372u) | 1;
    }
    free(used);
    return best;
}

static void build_buckets(struct program *program, struct object_part *p)
{
    const struct slot *slots = p->n_slots ? program->slots.at + p->slots : NULL;
    uint32_t size = 2, bits = 1;

    while (size < p->n_slots * (p->n_slots <= 256 ? 4 : 2)) {
        size *= 2;
        bits++;
    }
    p->shift = 32 - bits;
    p->multiplier = choose_multiplier(slots, p->n_slots, p->shift);
    p->buckets = program->buckets.n;
    for (uint32_t i = 0; i < size; i++)
        VEC_ADD(&program->buckets)->slot = NONE;
    for (uint32_t i = 0; i < p->n_slots; i++) {
        struct bucket *b = program->buckets.at + p->buckets;
        uint32_t at = (slots[i].name.hash * p->multiplier) >> p->shift;

        while (b[at].slot != NONE)
            at = (at + 1) & (size - 1);
        b[at] = (struct bucket){ slots[i].name.hash, i };
    }
}

static void lay_slots(struct program *program, const struct names *names, struct object_part *p)
{
    p->slots = program->slots.n;
    p->n_slots = names->slots.n;
    for (int required = 1; required >= 0; required--) {
        for (uint32_t i = 0; i < names->slots.n; i++) {
            if (names->required.at[i] != (required == 1))
                continue;
            *VEC_ADD(&program->slots) = names->slots.at[i];
            p->n_required += (uint32_t)required;
        }
    }
    build_buckets(program, p);
}

static int compile_slots(struct compile *c, const struct item *it, struct object_part *p)
{
    const struct json_doc *d = &it->place.doc->json;
    struct names names;
    uint64_t most = 1;
    int rc;

    if (it->keywords[KW_PROPERTIES] != JSON_NONE)
        most += d->nodes[it->keywords[KW_PROPERTIES]].len;
    if (it->keywords[KW_REQUIRED] != JSON_NONE)
        most += d->nodes[it->keywords[KW_REQUIRED]].len;
    names_init(&names, most / 4); /* a name takes at least four bytes of text */
    rc = gather_properties(c, it, &names) || gather_required(c, it, &names) ? -1 : 0;
    if (rc == 0)
        lay_slots(&c->program, &names, p);
    names_clear(&names);
    return rc;
}

static int compile_patterns(struct compile *c, const struct item *it, struct object_part *p)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t map = it->keywords[KW_PATTERN_PROPERTIES];

    p->patterns = c->program.patterns.n;
    if (map == JSON_NONE)
        return 0;
    if (json_type_of(d, map) != JSON_OBJECT)
        return compile_fail(c, it, KW_PATTERN_PROPERTIES, "must be an object of schemas");
    for (uint32_t k = map + 1; k < json_end(d, map); k = json_next(d, k + 1)) {
        struct slice text = compile_string(c, it, k);
        struct pattern pattern = { .text = program_name(&c->program, text) };

        if (compile_regex(c, it, KW_PATTERN_PROPERTIES, text, &pattern.regex))
            return -1;
        pattern.edge = compile_member_edge(c, it, KW_PATTERN_PROPERTIES, k);
        *VEC_ADD(&c->program.patterns) = pattern;
        p->n_patterns++;
    }
    return 0;
}

/* One member of dependentRequired, or of "dependencies" when its value is a list. */
static int compile_name_list(struct compile *c, const struct item *it, enum keyword kw, uint32_t list,
                             struct dependency *dep)
{
    const struct json_doc *d = &it->place.doc->json;

    if (json_type_of(d, list) != JSON_ARRAY)
        return compile_fail(c, it, kw, "must hold lists of property names");
    dep->names = c->program.names.n;
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        if (json_type_of(d, i) != JSON_STRING)
            return compile_fail(c, it, kw, "must hold lists of property names: strings");
        *VEC_ADD(&c->program.names) = program_name(&c->program, compile_string(c, it, i));
        dep->n_names++;
    }
    return 0;
}

static int compile_dependencies(struct compile *c, const struct item *it, enum keyword kw, struct object_part *p)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t map = it->keywords[kw];

    if (map == JSON_NONE)
        return 0;
    if (json_type_of(d, map) != JSON_OBJECT)
        return compile_fail(c, it, kw, "must be an object");
    for (uint32_t k = map + 1; k < json_end(d, map); k = json_next(d, k + 1)) {
        bool list = json_type_of(d, k + 1) == JSON_ARRAY;
        struct dependency dep = { .edge = NONE, .keyword = (uint8_t)kw };

        dep.name = program_name(&c->program, compile_string(c, it, k));
        if (kw == KW_DEPENDENT_REQUIRED || (kw == KW_DEPENDENCIES && list)) {
            if (compile_name_list(c, it, kw, k + 1, &dep))
                return -1;
        } else {
            dep.edge = compile_member_edge(c, it, kw, k);
        }
        *VEC_ADD(&c->program.dependencies) = dep;
        p->n_dependencies++;
    }
    return 0;
}

int compile_objects(struct compile *c, const struct item *it)
{
    static const enum keyword kws[] = { KW_MAX_PROPERTIES,   KW_MIN_PROPERTIES,     KW_REQUIRED,
                                        KW_PROPERTIES,       KW_PATTERN_PROPERTIES, KW_ADDITIONAL_PROPERTIES,
                                        KW_PROPERTY_NAMES,   KW_DEPENDENCIES,       KW_DEPENDENT_REQUIRED,
                                        KW_DEPENDENT_SCHEMAS };
    struct object_part p = { .max = UINT64_MAX, .additional_keyword = KW_ADDITIONAL_PROPERTIES };
    bool any = false;

    for (size_t i = 0; i < sizeof kws / sizeof kws[0]; i++)
        any |= it->keywords[kws[i]] != JSON_NONE;
    if (!any)
        return 0;
    p.dependencies = c->program.dependencies.n;
    if (compile_count(c, it, KW_MIN_PROPERTIES, &p.min) || compile_count(c, it, KW_MAX_PROPERTIES, &p.max) ||
        compile_slots(c, it, &p) || compile_patterns(c, it, &p) || compile_dependencies(c, it, KW_DEPENDENCIES, &p) ||
        compile_dependencies(c, it, KW_DEPENDENT_REQUIRED, &p) || compile_dependencies(c, it, KW_DEPENDENT_SCHEMAS, &p))
        return -1;
    p.additional = compile_keyword_edge(c, it, KW_ADDITIONAL_PROPERTIES);
    p.names = compile_keyword_edge(c, it, KW_PROPERTY_NAMES);
    p.counts = p.min > 0 || p.max < UINT64_MAX;
    c->program.nodes.at[it->node].object = c->program.objects.n;
    *VEC_ADD(&c->program.objects) = p;
    return 0;
}

/* Takes over the slot; of one that is there already, what is missing. */
static void names_merge(const struct program *p, struct names *names, struct slot slot, bool required)
{
    struct slice text = slice_of(p->text.ptr + slot.name.at, slot.name.len);
    uint32_t *bucket = names_find(p, names, slot.name.hash, text);

    if (*bucket == 0) {
        *VEC_ADD(&names->slots) = slot;
        *VEC_ADD(&names->required) = required;
        *bucket = names->slots.n;
    } else if (names->slots.at[*bucket - 1].edge == NONE) {
        names->slots.at[*bucket - 1].edge = slot.edge;
    }
}

static void merge_part(const struct program *p, struct names *names, uint32_t part, uint32_t anything)
{
    const struct object_part *from = &p->objects.at[part];

    for (uint32_t i = 0; i < from->n_slots; i++) {
        struct slot slot = p->slots.at[from->slots + i];

        if (anything != NONE && slot.edge == NONE)
            continue; /* required there, not described */
        if (anything != NONE)
            slot.edge = anything;
        names_merge(p, names, slot, anything == NONE && i < from->n_required);
    }
}

static void merge_patterns(struct program *p, struct object_part *to, uint32_t part, uint32_t anything)
{
    uint32_t first = p->objects.at[part].patterns, n = p->objects.at[part].n_patterns;

    for (uint32_t i = 0; i < n; i++) {
        struct pattern pattern = p->patterns.at[first + i];

        if (anything != NONE)
            pattern.edge = anything;
        *VEC_ADD(&p->patterns) = pattern;
        to->n_patterns++;
    }
}

uint32_t object_part_merge(struct program *p, uint32_t own, const uint32_t *others, uint32_t n, uint32_t anything)
{
    struct object_part to = { .max = UINT64_MAX, .additional = NONE, .names = NONE };
    struct names names;
    uint64_t most = 0;

    if (own != NONE) {
        to = p->objects.at[own];
        most = to.n_slots;
    }
    for (uint32_t i = 0; i < n; i++)
        most += p->objects.at[others[i]].n_slots;
    names_init(&names, most);
    to.n_required = to.n_patterns = 0;
    to.patterns = p->patterns.n;
    if (own != NONE) {
        merge_part(p, &names, own, NONE);
        merge_patterns(p, &to, own, NONE);
    }
    for (uint32_t i = 0; i < n; i++) {
        merge_part(p, &names, others[i], anything);
        merge_patterns(p, &to, others[i], anything);
    }
    lay_slots(p, &names, &to);
    names_clear(&names);
    *VEC_ADD(&p->objects) = to;
    return p->objects.n - 1;
}
