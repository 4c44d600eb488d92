/* unevaluatedProperties and unevaluatedItems at link time. What a schema evaluates is the same for every value unless it
 * comes from a branch (anyOf, oneOf, if, dependentSchemas) or from `contains`: then the keyword is the same as
 * additionalProperties or items over all names, patterns and prefixes. */
#include "schema/compile.h"

#define WORK_MAX 3000000u

/* What the nodes behind in-place edges evaluate. */
struct sources {
    const struct program *p;
    bool properties;         /* which of the two is asked */
    VEC(uint32_t) todo;      /* surely run on the value */
    VEC(uint32_t) parts;     /* their object or array parts; the owner's own is not among them */
    VEC(uint32_t) branches;  /* perhaps run */
    uint32_t *seen;          /* by node: the last round it was seen in */
    uint32_t round;
    bool all;     /* everything is evaluated */
    bool depends; /* on the value */
    uint64_t work; /* left for the whole program: nodes visited and names merged */
};

static bool is_source(const struct sources *s, const struct node *n)
{
    return (s->properties ? n->object : n->array) != NONE || n->unevaluated != NONE;
}

/* False when it is too much. */
static bool spend(struct sources *s, uint64_t work)
{
    if (s->work <= work) {
        s->work = 0;
        return false;
    }
    s->work -= work;
    return true;
}

/* True the first time in a round. */
static bool see(struct sources *s, uint32_t node)
{
    bool is_new = s->seen[node] != s->round && spend(s, 1);

    s->seen[node] = s->round;
    return is_new;
}

static void add_edge(uint32_t to, bool sure, void *arg)
{
    struct sources *s = arg;

    if (sure)
        *VEC_ADD(&s->todo) = to;
    else
        *VEC_ADD(&s->branches) = to;
}

static void add_branch(uint32_t to, bool sure, void *arg)
{
    struct sources *s = arg;

    (void)sure;
    *VEC_ADD(&s->branches) = to;
}

static void take_array(struct sources *s, uint32_t part)
{
    const struct array_part *a = &s->p->arrays.at[part];

    s->all |= a->items != NONE;
    s->depends |= a->contains != NONE && a->contains_evaluates;
}

/* A node that surely runs. The owner itself is the first. */
static void take_node(struct sources *s, uint32_t node, bool owner)
{
    const struct node *n = &s->p->nodes.at[node];
    uint32_t part = s->properties ? n->object : n->array;

    if (!owner && n->unevaluated != NONE) {
        const struct unevaluated *u = &s->p->unevaluated.at[n->unevaluated];

        s->all |= (s->properties ? u->properties : u->items) != NONE;
    }
    if (part == NONE)
        return;
    if (s->properties)
        s->all |= s->p->objects.at[part].additional != NONE;
    else
        take_array(s, part);
    if (!owner)
        *VEC_ADD(&s->parts) = part;
}

static void gather(struct sources *s, uint32_t owner)
{
    s->round++;
    s->parts.n = s->branches.n = 0;
    s->all = s->depends = false;
    s->todo.n = 0;
    *VEC_ADD(&s->todo) = owner;
    while (s->todo.n > 0) {
        uint32_t node = s->todo.at[--s->todo.n];

        if (!see(s, node))
            continue;
        take_node(s, node, node == owner);
        program_each_inplace(s->p, node, add_edge, s);
    }
    while (s->branches.n > 0 && !s->depends) {
        uint32_t node = s->branches.at[--s->branches.n];

        if (!see(s, node))
            continue;
        s->depends |= is_source(s, &s->p->nodes.at[node]);
        program_each_inplace(s->p, node, add_branch, s);
    }
}

/* An edge to a node that takes everything. */
static uint32_t edge_to_anything(struct program *p)
{
    struct node *n = program_add_node(p);
    struct edge *e = VEC_ADD(&p->edges);

    n->accepts = n->settles = TYPE_ANY;
    e->to = e->run = p->nodes.n - 1;
    return p->edges.n - 1;
}

static void fix_properties(struct program *p, struct sources *s, uint32_t owner, uint32_t edge, uint32_t anything)
{
    uint32_t part = object_part_merge(p, p->nodes.at[owner].object, s->parts.at, s->parts.n, anything);

    p->objects.at[part].additional = edge;
    p->objects.at[part].additional_keyword = KW_UNEVALUATED_PROPERTIES;
    p->nodes.at[owner].object = part;
}

static void fix_items(struct program *p, struct sources *s, uint32_t owner, uint32_t edge, uint32_t anything)
{
    struct array_part a = { .max = UINT64_MAX, .contains = NONE, .min_contains = 1, .max_contains = UINT64_MAX };
    uint32_t own = p->nodes.at[owner].array, prefix = p->edges.n, n = 0;

    if (own != NONE)
        a = p->arrays.at[own];
    for (; own != NONE && n < a.n_prefix; n++) {
        struct edge copy = p->edges.at[a.prefix + n];

        *VEC_ADD(&p->edges) = copy;
    }
    for (uint32_t i = 0; i < s->parts.n; i++) {
        for (; n < p->arrays.at[s->parts.at[i]].n_prefix; n++) {
            struct edge copy = p->edges.at[anything];

            *VEC_ADD(&p->edges) = copy;
        }
    }
    a.prefix = prefix;
    a.n_prefix = n;
    a.items = edge;
    a.items_keyword = KW_UNEVALUATED_ITEMS;
    if (own == NONE)
        a.prefix_keyword = KW_PREFIX_ITEMS;
    p->nodes.at[owner].array = p->arrays.n;
    *VEC_ADD(&p->arrays) = a;
}

/* Books are kept in the owner and everything that may run in its place. */
static void mark_inplace(struct program *p, struct sources *s, uint32_t owner)
{
    s->round++;
    s->branches.n = 0;
    *VEC_ADD(&s->branches) = owner;
    while (s->branches.n > 0) {
        uint32_t node = s->branches.at[--s->branches.n];

        if (!see(s, node))
            continue;
        p->nodes.at[node].marked = true;
        program_each_inplace(p, node, add_branch, s);
    }
}

/* How many names, or elements, the owner's part would have with those of the others. */
static uint64_t merged_size(const struct sources *s, uint32_t owner)
{
    const struct node *n = &s->p->nodes.at[owner];
    uint32_t own = s->properties ? n->object : n->array;
    uint64_t size = 1;

    for (uint32_t i = 0; i <= s->parts.n; i++) {
        uint32_t part = i < s->parts.n ? s->parts.at[i] : own;

        if (part != NONE)
            size += s->properties ? s->p->objects.at[part].n_slots + s->p->objects.at[part].n_patterns
                                  : s->p->arrays.at[part].n_prefix;
    }
    return size;
}

/* One of the two keywords of a node; *edge becomes NONE when it is settled. */
static void resolve(struct program *p, struct sources *s, uint32_t owner, bool properties, uint32_t *edge,
                    uint32_t anything)
{
    if (*edge == NONE)
        return;
    s->p = p;
    s->properties = properties;
    gather(s, owner);
    if (!spend(s, merged_size(s, owner)))
        return;
    if (s->all) {
        *edge = NONE;
    } else if (s->depends) {
        p->nodes.at[owner].tracks |= TYPE_BIT(properties ? JSON_OBJECT : JSON_ARRAY);
        mark_inplace(p, s, owner);
    } else {
        (properties ? fix_properties : fix_items)(p, s, owner, *edge, anything);
        *edge = NONE;
    }
}

int program_resolve_unevaluated(struct program *p, struct err *e)
{
    struct sources s = { .work = WORK_MAX };
    uint32_t n_nodes = p->nodes.n, anything;

    if (p->unevaluated.n == 0)
        return 0;
    anything = edge_to_anything(p);
    s.seen = mem_zalloc(p->nodes.n * sizeof *s.seen);
    for (uint32_t i = 0; i < n_nodes; i++) {
        struct unevaluated u;

        if (p->nodes.at[i].unevaluated == NONE)
            continue;
        u = p->unevaluated.at[p->nodes.at[i].unevaluated];
        resolve(p, &s, i, true, &u.properties, anything);
        resolve(p, &s, i, false, &u.items, anything);
        p->unevaluated.at[p->nodes.at[i].unevaluated] = u;
        if (u.properties == NONE && u.items == NONE)
            p->nodes.at[i].unevaluated = NONE;
    }
    VEC_FREE(&s.todo);
    VEC_FREE(&s.parts);
    VEC_FREE(&s.branches);
    free(s.seen);
    return s.work > 0 ? 0
                      : err_set(e, ERR_LIMIT, "the schema has too many unevaluatedProperties and unevaluatedItems over too "
                                              "large schemas: say additionalProperties or items where that will do");
}
