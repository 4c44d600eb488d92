/* Builds the selectors of large unions when a program is linked. */
#include "schema/select.h"

#include "schema/compile.h"

#define NAMES_MAX (64u * SELECT_WORDS)
#define VISITS_MAX 300u         /* nodes and names looked at for one branch */
#define BRANCHES_MAX 1000u      /* a larger union has no selector */
#define ALL_BRANCHES_MAX 20000u /* of all unions together */

/* A table of names in work, with a bit for each. */
struct names {
    struct name at[NAMES_MAX];
    uint32_t n;
};

struct building {
    struct program *p;
    const struct logic *l;
    struct names needed, tags;
    struct name tag;
    unsigned visits;
};

static struct slice text_of(const struct program *p, struct name name)
{
    return slice_of(p->text.ptr + name.at, name.len);
}

static bool same(const struct program *p, struct name a, struct name b)
{
    return a.hash == b.hash && slice_eq(text_of(p, a), text_of(p, b));
}

/* The bit of the name, or NAMES_MAX when there is no room for another. */
static uint32_t bit_of(const struct program *p, struct names *names, struct name name)
{
    uint32_t i = 0;

    while (i < names->n && !same(p, names->at[i], name))
        i++;
    if (i == names->n && i < NAMES_MAX)
        names->at[names->n++] = name;
    return i;
}

static bool takes_objects(const struct program *p, uint32_t node)
{
    return p->nodes.at[node].accepts & TYPE_BIT(JSON_OBJECT);
}

static bool is_union(const struct logic *l)
{
    return l->keyword == KW_ANY_OF || l->keyword == KW_ONE_OF;
}

static void needs_of(struct building *b, uint32_t node, uint64_t needs[SELECT_WORDS]);

/* What all branches need that take objects at all. */
static void needs_of_union(struct building *b, const struct logic *l, uint64_t needs[SELECT_WORDS])
{
    uint64_t common[SELECT_WORDS];

    memset(common, 0xff, sizeof common);
    for (uint32_t i = 0; i < l->n; i++) {
        uint64_t one[SELECT_WORDS] = { 0 };

        if (!takes_objects(b->p, b->p->edges.at[l->edges + i].to))
            continue;
        needs_of(b, b->p->edges.at[l->edges + i].to, one);
        for (uint32_t w = 0; w < SELECT_WORDS; w++)
            common[w] &= one[w];
    }
    for (uint32_t w = 0; w < SELECT_WORDS; w++)
        needs[w] |= common[w];
}

/* Adds the names without which no object satisfies the node; to miss some does no harm. */
static void needs_of(struct building *b, uint32_t node, uint64_t needs[SELECT_WORDS])
{
    const struct node *n = &b->p->nodes.at[node];

    if (b->visits >= VISITS_MAX)
        return;
    b->visits++;
    if (n->object != NONE) {
        const struct object_part *o = &b->p->objects.at[n->object];

        for (uint32_t i = 0; i < o->n_required && b->visits++ < VISITS_MAX; i++) {
            uint32_t bit = bit_of(b->p, &b->needed, b->p->slots.at[o->slots + i].name);

            if (bit < NAMES_MAX)
                needs[bit / 64] |= (uint64_t)1 << bit % 64;
        }
    }
    for (uint32_t i = 0; i < n->n_logic; i++) {
        const struct logic *l = &b->p->logic.at[n->logic + i];

        for (uint32_t j = 0; logic_is_conjunction(l) && j < l->n; j++)
            needs_of(b, b->p->edges.at[l->edges + j].to, needs);
        if (is_union(l))
            needs_of_union(b, l, needs);
    }
}

/* The list of values that a member of an object is held to, or NULL. */
static const struct value_list *list_of(const struct program *p, const struct slot *slot)
{
    const struct node *n = slot->run == NONE ? NULL : &p->nodes.at[slot->run];

    if (!n || (n->constant == NONE && n->values == NONE))
        return NULL;
    return &p->lists.at[n->constant != NONE ? n->constant : n->values];
}

static bool tags_of(struct building *b, uint32_t node, uint64_t allowed[SELECT_WORDS]);

/* Adds the strings of the list; false when they cannot all be told apart. */
static bool take_list(struct building *b, const struct value_list *list, uint64_t allowed[SELECT_WORDS])
{
    struct json_doc consts = { .text = slice_of(b->p->const_text.ptr, b->p->const_text.len),
                               .nodes = b->p->const_nodes.at };

    for (uint32_t i = 0; i < list->n; i++) {
        uint32_t node = b->p->values.at[list->values + i].node, bit, known;
        size_t text_len = b->p->text.len;

        if (json_type_of(&consts, node) != JSON_STRING)
            continue; /* such a value is not judged by its tag */
        if (consts.nodes[node].meta & JSON_ESCAPED)
            return false;
        known = b->tags.n;
        bit = bit_of(b->p, &b->tags, program_name(b->p, json_inner(&consts, node)));
        if (b->tags.n == known)
            b->p->text.len = text_len; /* it is there already */
        if (bit == NAMES_MAX)
            return false;
        allowed[bit / 64] |= (uint64_t)1 << bit % 64;
    }
    return true;
}

static bool tags_of_union(struct building *b, const struct logic *l, uint64_t allowed[SELECT_WORDS])
{
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t to = b->p->edges.at[l->edges + i].to;

        if (takes_objects(b->p, to) && !tags_of(b, to, allowed))
            return false;
    }
    return true;
}

/* Adds the values of the tag that an object satisfying the node may have; false when that may be any. */
static bool tags_of(struct building *b, uint32_t node, uint64_t allowed[SELECT_WORDS])
{
    const struct node *n = &b->p->nodes.at[node];

    if (b->visits >= VISITS_MAX)
        return false;
    b->visits++;
    if (n->object != NONE) {
        const struct object_part o = b->p->objects.at[n->object];

        for (uint32_t i = 0; i < o.n_slots && b->visits++ < VISITS_MAX; i++) {
            const struct slot *slot = &b->p->slots.at[o.slots + i];

            if (same(b->p, slot->name, b->tag) && list_of(b->p, slot))
                return take_list(b, list_of(b->p, slot), allowed);
        }
    }
    for (uint32_t i = 0; i < n->n_logic; i++) {
        const struct logic *l = &b->p->logic.at[n->logic + i];

        for (uint32_t j = 0; logic_is_conjunction(l) && j < l->n; j++)
            if (tags_of(b, b->p->edges.at[l->edges + j].to, allowed))
                return true;
        if (is_union(l) && tags_of_union(b, l, allowed))
            return true;
    }
    return false;
}

/* The names by which a branch could be told, from the parts that surely run; of a union within, from its first branch. */
static void count_tags(struct building *b, uint32_t node, struct names *found, uint32_t *counts)
{
    const struct node *n = &b->p->nodes.at[node];

    if (b->visits >= VISITS_MAX)
        return;
    b->visits++;
    if (n->object != NONE) {
        const struct object_part *o = &b->p->objects.at[n->object];

        for (uint32_t i = 0; i < o->n_slots && b->visits++ < VISITS_MAX; i++) {
            uint32_t bit;

            if (!list_of(b->p, &b->p->slots.at[o->slots + i]))
                continue;
            bit = bit_of(b->p, found, b->p->slots.at[o->slots + i].name);
            if (bit < NAMES_MAX)
                counts[bit]++;
        }
    }
    for (uint32_t i = 0; i < n->n_logic; i++) {
        const struct logic *l = &b->p->logic.at[n->logic + i];

        for (uint32_t j = 0; (logic_is_conjunction(l) && j < l->n) || (is_union(l) && j < 1); j++)
            count_tags(b, b->p->edges.at[l->edges + j].to, found, counts);
    }
}

/* The name that tells the most branches; false when none tells two. */
static bool choose_tag(struct building *b)
{
    struct names found = { .n = 0 };
    uint32_t counts[NAMES_MAX] = { 0 }, best = 0;

    for (uint32_t i = 0; i < b->l->n; i++) {
        b->visits = 0;
        count_tags(b, b->p->edges.at[b->l->edges + i].to, &found, counts);
    }
    for (uint32_t i = 1; i < found.n; i++)
        if (counts[i] > counts[best])
            best = i;
    if (found.n == 0 || counts[best] < 2)
        return false;
    b->tag = found.at[best];
    return true;
}

static uint64_t *add_masks(struct program *p, uint32_t n)
{
    uint32_t first = p->masks.n;

    for (uint32_t i = 0; i < n; i++)
        VEC_ADD(&p->masks);
    return p->masks.at + first;
}

static void build_needs(struct building *b, struct selector *s)
{
    s->needs = b->p->masks.n;
    for (uint32_t i = 0; i < b->l->n; i++) {
        uint64_t needs[SELECT_WORDS] = { 0 };

        b->visits = 0;
        needs_of(b, b->p->edges.at[b->l->edges + i].to, needs);
        memcpy(add_masks(b->p, SELECT_WORDS), needs, sizeof needs);
    }
}

static void build_tags(struct building *b, struct selector *s)
{
    s->tag_masks = b->p->masks.n;
    for (uint32_t i = 0; i < b->l->n; i++) {
        uint64_t allowed[SELECT_WORDS + 1] = { 0 };

        b->visits = 0;
        allowed[SELECT_WORDS] = tags_of(b, b->p->edges.at[b->l->edges + i].to, allowed);
        memcpy(add_masks(b->p, SELECT_WORDS + 1), allowed, sizeof allowed);
    }
}

static struct lookup lay_lookup(struct program *p, const struct names *names)
{
    struct lookup l = { .buckets = p->buckets.n, .mask = 3 };

    while (l.mask + 1 < names->n * 2)
        l.mask = l.mask * 2 + 1;
    for (uint32_t i = 0; i <= l.mask; i++)
        VEC_ADD(&p->buckets)->slot = NONE;
    for (uint32_t i = 0; i < names->n; i++) {
        struct bucket *buckets = p->buckets.at + l.buckets;
        uint32_t at = names->at[i].hash & l.mask;

        while (buckets[at].slot != NONE)
            at = (at + 1) & l.mask;
        buckets[at] = (struct bucket){ names->at[i].hash, i };
    }
    return l;
}

static void build(struct program *p, struct logic *l)
{
    struct building b = { .p = p, .l = l };
    struct selector s = { .tag_bit = NONE };

    build_needs(&b, &s);
    if (choose_tag(&b)) {
        uint32_t bit = bit_of(p, &b.needed, b.tag);

        build_tags(&b, &s);
        s.tag_name = b.tag;
        s.tag_bit = bit < NAMES_MAX ? bit : NONE;
    }
    if (b.needed.n == 0)
        return;
    s.names = lay_lookup(p, &b.needed);
    s.tags = lay_lookup(p, &b.tags);
    s.tag_names = p->names.n;
    for (uint32_t i = 0; i < b.tags.n; i++)
        *VEC_ADD(&p->names) = b.tags.at[i];
    l->selector = p->selectors.n;
    *VEC_ADD(&p->selectors) = s;
}

void program_build_selectors(struct program *p)
{
    uint32_t branches = 0;

    for (uint32_t i = 0; i < p->logic.n; i++) {
        struct logic *l = &p->logic.at[i];

        l->selector = NONE;
        if (!is_union(l) || l->n < SELECT_LEAST || l->n > BRANCHES_MAX || branches > ALL_BRANCHES_MAX)
            continue;
        branches += l->n;
        build(p, l);
    }
}
