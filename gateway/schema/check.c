#include <limits.h>

#include "schema/number_at.h"
#include "schema/select.h"

#ifdef ENABLE_TEST_HOOKS
enum mutant schema_mutant;
#endif

#define DEPTH_MAX 4000u /* nested nodes; a frame is some 200 bytes */
#define BRANCHES_CROWDED 3u
#define SCRATCH_KEPT 65536u /* entries */

struct schema_scratch *schema_scratch_new(void)
{
    struct schema_scratch *s = mem_zalloc(sizeof *s);

    s->regex = regex_scratch_new();
    s->max_depth = DEPTH_MAX;
    buf_init(&s->tmp, (size_t)UINT32_MAX + 1);
    return s;
}

void schema_scratch_free(struct schema_scratch *s)
{
    if (!s)
        return;
    regex_scratch_free(s->regex);
    buf_clear(&s->tmp);
    free(s->unique);
    free(s->memo);
    VEC_FREE(&s->marks);
    free(s);
}

void schema_scratch_set_depth(struct schema_scratch *s, uint32_t max_depth)
{
    s->max_depth = max_depth;
}

/* What one large document made the scratch grow to is not kept. */
static void release(struct schema_scratch *s)
{
    if (s->marks.cap > SCRATCH_KEPT) {
        VEC_FREE(&s->marks);
        s->marks.at = NULL;
        s->marks.cap = 0;
    }
    if (s->unique_cap > SCRATCH_KEPT) {
        free(s->unique);
        s->unique = NULL;
        s->unique_cap = 0;
    }
    if (s->memo_cap > SCRATCH_KEPT) {
        free(s->memo);
        s->memo = NULL;
        s->memo_cap = 0;
    }
}

void run_init(struct run *r, const struct schema *s, const struct json_doc *d, struct schema_scratch *scratch)
{
    *r = (struct run){ .s = s, .d = d, .scratch = scratch, .steps = SCHEMA_STEPS_MAX, .evaluated = NONE };
    r->memo_below = SCHEMA_STEPS_MAX - MEMO_AFTER;
    regex_scratch_take_cost(scratch->regex);
    scratch->marks.n = scratch->memo_used = 0;
    release(scratch);
}

enum schema_verdict schema_check(const struct schema *s, const struct json_doc *d, uint32_t node,
                                 struct schema_scratch *scratch)
{
    struct run r;

    run_init(&r, s, d, scratch);
    return run_edge(&r, s->root, node);
}

static enum schema_verdict all_of(struct run *r, const struct logic *l, uint32_t n)
{
    for (uint32_t i = 0; i < l->n; i++) {
        enum schema_verdict v = run_edge(r, l->edges + i, n);

        if (v != SCHEMA_VALID)
            return v;
    }
    return SCHEMA_VALID;
}

static uint32_t next_candidate(const struct run *r, const struct logic *l, const struct choice *c, uint32_t from)
{
    while (c && from < l->n && !mutated(MUTANT_SELECT, select_allows(r, c, from)))
        from++;
    return from;
}

/* One of several branches that the selector lets through. Where several are left, the hopeless ones are told by a
 * glance. */
static enum schema_verdict run_candidate(struct run *r, uint32_t node, uint32_t n, bool crowded)
{
    const struct node *p = &r->s->nodes[node];
    uint32_t meta = r->d->nodes[n].meta;

    if (!(p->accepts & type_bit(meta)))
        return SCHEMA_INVALID;
    if (crowded && (meta & 7) == JSON_OBJECT && p->object != NONE &&
        mutated(MUTANT_UNLIKE, run_object_unlike(r, &r->s->objects[p->object], n)))
        return SCHEMA_INVALID;
    return run_branch(r, node, n);
}

/* anyOf and oneOf: how many branches match, as far as that matters; up to `most`. */
static enum schema_verdict count_matches(struct run *r, const struct logic *l, uint32_t n, unsigned most,
                                         unsigned *matches)
{
    struct choice seen, *choice = NULL;
    bool crowded = false;
    uint32_t next, at;

    *matches = 0;
    if (l->selector != NONE && json_type_of(r->d, n) == JSON_OBJECT) {
        if (!run_charge(r, json_count(r->d, n)))
            return SCHEMA_LIMIT;
        select_look(r, l, n, &seen);
        choice = &seen;
    }
    for (at = next_candidate(r, l, choice, 0); at < l->n && *matches < most; at = next) {
        enum schema_verdict v;

        next = next_candidate(r, l, choice, at + 1);
        crowded |= l->n >= BRANCHES_CROWDED && next < l->n;
        v = run_candidate(r, r->s->edges[l->edges + at].run, n, crowded);
        if (v == SCHEMA_LIMIT)
            return v;
        *matches += v == SCHEMA_VALID;
    }
    return SCHEMA_VALID;
}

static enum schema_verdict run_union(struct run *r, const struct logic *l, uint32_t n)
{
    bool any = l->keyword == KW_ANY_OF;
    /* While books are kept, every branch of an anyOf that matches counts. */
    unsigned most = !any ? 2 : r->evaluated == n ? UINT_MAX : 1, matches;
    enum schema_verdict v = count_matches(r, l, n, most, &matches);

    if (v == SCHEMA_LIMIT)
        return v;
    return matches == 1 || (any && matches > 0) ? SCHEMA_VALID : SCHEMA_INVALID;
}

static enum schema_verdict condition(struct run *r, const struct logic *l, uint32_t n)
{
    const struct edge *edges = &r->s->edges[l->edges];
    enum schema_verdict v;
    uint32_t edge;

    if (edges[1].to == NONE && edges[2].to == NONE && r->evaluated != n)
        return SCHEMA_VALID;
    v = run_branch(r, edges[0].run, n);
    edge = l->edges + (v == SCHEMA_VALID ? 1 : 2);
    if (v == SCHEMA_LIMIT)
        return v;
    return r->s->edges[edge].to == NONE ? SCHEMA_VALID : run_edge(r, edge, n);
}

/* Nothing is booked under `not`. */
static enum schema_verdict run_not(struct run *r, const struct logic *l, uint32_t n)
{
    uint32_t evaluated = r->evaluated;
    enum schema_verdict v;

    r->evaluated = NONE;
    v = run_edge(r, l->edges, n);
    r->evaluated = evaluated;
    return v;
}

enum schema_verdict run_logic(struct run *r, const struct logic *l, uint32_t n)
{
    enum schema_verdict v;

    if (!run_charge(r, l->n))
        return SCHEMA_LIMIT;
    switch (l->keyword) {
    case KW_ANY_OF:
    case KW_ONE_OF:
        return mutated_verdict(MUTANT_UNION, run_union(r, l, n));
    case KW_NOT:
        v = run_not(r, l, n);
        return mutated_verdict(MUTANT_NOT, v == SCHEMA_LIMIT ? v : v == SCHEMA_VALID ? SCHEMA_INVALID : SCHEMA_VALID);
    case KW_IF:
        return mutated_verdict(MUTANT_IF, condition(r, l, n));
    case KW_ALL_OF:
        return mutated_verdict(MUTANT_ALL_OF, all_of(r, l, n));
    default:
        return mutated_verdict(MUTANT_REFERENCE, run_edge(r, l->edges, n));
    }
}

/* What the parts for the value's own type say. */
static inline enum schema_verdict scalar_part(struct run *r, const struct node *p, uint32_t n)
{
    enum keyword kw;
    enum bound bound;

    switch (json_type_of(r->d, n)) {
    case JSON_NUMBER:
        if (p->integer_only && !mutated(MUTANT_INTEGER, r->d->nodes[n].meta & JSON_INTEGER || run_type(r, p, n)))
            return SCHEMA_INVALID;
        if (p->number == NONE || mutated(MUTANT_WITHIN, number_at_within(&r->s->numbers[p->number], r->d, n)))
            return SCHEMA_VALID;
        return run_number(r, &r->s->numbers[p->number], n, &bound);
    case JSON_STRING:
        return p->string == NONE ? SCHEMA_VALID : run_string(r, &r->s->strings[p->string], n, &kw);
    default:
        return SCHEMA_VALID;
    }
}

static inline enum schema_verdict listed(struct run *r, const struct node *p, uint32_t n)
{
    enum schema_verdict v = SCHEMA_VALID;

    if (p->values != NONE)
        v = mutated_verdict(MUTANT_ENUM, run_values(r, &r->s->lists[p->values], n));
    if (v != SCHEMA_VALID || p->constant == NONE)
        return v;
    return mutated_verdict(MUTANT_CONST, run_values(r, &r->s->lists[p->constant], n));
}

static enum schema_verdict run_part(struct run *r, const struct node *p, uint32_t n)
{
    switch (json_type_of(r->d, n)) {
    case JSON_ARRAY:
        return p->array == NONE ? SCHEMA_VALID : run_array(r, &r->s->arrays[p->array], n);
    case JSON_OBJECT:
        return p->object == NONE ? SCHEMA_VALID : run_object(r, &r->s->objects[p->object], n);
    default:
        return scalar_part(r, p, n);
    }
}

enum schema_verdict run_keywords(struct run *r, const struct node *p, uint32_t n)
{
    enum schema_verdict v = run_part(r, p, n);

    if (v == SCHEMA_VALID)
        v = listed(r, p, n);
    for (uint32_t i = 0; v == SCHEMA_VALID && i < p->n_logic; i++)
        v = run_logic(r, &r->s->logic[p->logic + i], n);
    return v;
}

enum schema_verdict run_whole(struct run *r, const struct node *p, uint32_t n)
{
    return p->tracks & type_bit(r->d->nodes[n].meta) ? run_tracked(r, p, n) : run_keywords(r, p, n);
}

enum schema_verdict run_rest(struct run *r, uint32_t node, uint32_t n)
{
    const struct node *p = &r->s->nodes[node];
    enum schema_verdict v;

    if (p->n_logic == 0 && type_bit(r->d->nodes[n].meta) & TYPE_SCALAR) {
        v = scalar_part(r, p, n);
        return v == SCHEMA_VALID ? listed(r, p, n) : v;
    }
    if (r->depth >= r->scratch->max_depth || !run_charge(r, 1))
        return SCHEMA_LIMIT;
    r->depth++;
    v = r->steps < r->memo_below ? run_memoed(r, node, n) : run_whole(r, p, n);
    r->depth--;
    return v;
}
