/* The last passes over a program: its order, its shortcuts, what a value's type alone decides, and the frozen block. */
#include "schema/compile.h"

#define SECRETS_MAX 1000u /* names */

void program_each_inplace(const struct program *p, uint32_t node, void (*visit)(uint32_t to, bool sure, void *arg),
                          void *arg)
{
    const struct node *n = &p->nodes.at[node];

    for (uint32_t i = 0; i < n->n_logic; i++) {
        const struct logic *l = &p->logic.at[n->logic + i];
        bool sure = logic_is_conjunction(l);

        for (uint32_t j = 0; j < l->n; j++)
            if (p->edges.at[l->edges + j].to != NONE)
                visit(p->edges.at[l->edges + j].to, sure, arg);
    }
    if (n->object == NONE)
        return;
    for (uint32_t i = 0; i < p->objects.at[n->object].n_dependencies; i++) {
        uint32_t edge = p->dependencies.at[p->objects.at[n->object].dependencies + i].edge;

        if (edge != NONE)
            visit(p->edges.at[edge].to, false, arg);
    }
}

struct sort {
    uint32_t *pending; /* in-place edges that lead to a node and are not yet passed */
    uint32_t *order;
    uint32_t n;
};

static void count_edge(uint32_t to, bool sure, void *arg)
{
    (void)sure;
    ((struct sort *)arg)->pending[to]++;
}

static void pass_edge(uint32_t to, bool sure, void *arg)
{
    struct sort *s = arg;

    (void)sure;
    if (--s->pending[to] == 0)
        s->order[s->n++] = to;
}

/* Puts the nodes in an order in which in-place edges lead forward only. */
static int sort_nodes(const struct program *p, struct sort *s, struct err *e)
{
    for (uint32_t i = 0; i < p->nodes.n; i++)
        program_each_inplace(p, i, count_edge, s);
    for (uint32_t i = 0; i < p->nodes.n; i++)
        if (s->pending[i] == 0)
            s->order[s->n++] = i;
    for (uint32_t i = 0; i < s->n; i++)
        program_each_inplace(p, s->order[i], pass_edge, s);
    for (uint32_t i = 0; i < p->nodes.n; i++) {
        const struct node *n = &p->nodes.at[i];

        if (s->pending[i] > 0)
            return err_set(e, ERR_INPUT,
                           "%.*s: references lead back here without going down into the value: no value "
                           "could ever be checked",
                           (int)n->place.len, p->text.ptr + n->place.at);
    }
    return 0;
}

/* What is known of a sub-schema from a value's type alone. */
struct verdict {
    unsigned no, yes; /* type bits */
};

static struct verdict verdict_of(const struct program *p, uint32_t edge)
{
    uint32_t to = p->edges.at[edge].to;

    if (to == NONE)
        return (struct verdict){ 0, TYPE_ANY };
    return (struct verdict){ TYPE_ANY & ~p->nodes.at[to].accepts, p->nodes.at[to].settles };
}

static struct verdict fold_branches(const struct program *p, const struct logic *l)
{
    unsigned all_yes = TYPE_ANY, any_yes = 0, twice_yes = 0, all_no = TYPE_ANY, any_no = 0, open = 0;

    for (uint32_t i = 0; i < l->n; i++) {
        struct verdict v = verdict_of(p, l->edges + i);

        twice_yes |= any_yes & v.yes;
        any_yes |= v.yes;
        all_yes &= v.yes;
        any_no |= v.no;
        all_no &= v.no;
        open |= TYPE_ANY & ~(v.yes | v.no);
    }
    if (l->keyword == KW_ANY_OF)
        return (struct verdict){ all_no, any_yes };
    if (l->keyword == KW_ONE_OF)
        return (struct verdict){ all_no | twice_yes, any_yes & ~twice_yes & ~open };
    return (struct verdict){ any_no, all_yes };
}

static struct verdict fold(const struct program *p, const struct logic *l)
{
    struct verdict v = verdict_of(p, l->edges), then, otherwise;

    if (l->keyword == KW_NOT)
        return (struct verdict){ v.yes, v.no };
    if (l->keyword != KW_IF)
        return fold_branches(p, l);
    then = verdict_of(p, l->edges + 1);
    otherwise = verdict_of(p, l->edges + 2);
    return (struct verdict){ (v.yes & then.no) | (v.no & otherwise.no) | (then.no & otherwise.no),
                             (v.yes & then.yes) | (v.no & otherwise.yes) | (then.yes & otherwise.yes) };
}

/* Does the node say nothing beside its combinations? */
static bool is_bare(const struct node *n)
{
    return n->types == TYPE_ANY && n->string == NONE && n->number == NONE && n->array == NONE && n->object == NONE &&
           n->values == NONE && n->constant == NONE && n->unevaluated == NONE;
}

static bool is_anything(const struct program *p, uint32_t edge)
{
    const struct node *n = edge == NONE ? NULL : &p->nodes.at[p->edges.at[edge].to];

    return !n || (is_bare(n) && n->n_logic == 0);
}

/* No object fails at it: it only says what is evaluated. */
static bool object_is_idle(const struct program *p, const struct object_part *o)
{
    bool idle = !o->counts && o->n_required == 0 && o->n_dependencies == 0 && is_anything(p, o->names) &&
                is_anything(p, o->additional);

    for (uint32_t i = 0; idle && i < o->n_slots; i++)
        idle = is_anything(p, p->slots.at[o->slots + i].edge);
    for (uint32_t i = 0; idle && i < o->n_patterns; i++)
        idle = is_anything(p, p->patterns.at[o->patterns + i].edge);
    return idle;
}

/* additionalProperties: false, and nothing else that could take a name. */
static bool object_is_closed(const struct program *p, const struct object_part *o)
{
    return o->additional != NONE && o->n_patterns == 0 && p->nodes.at[p->edges.at[o->additional].to].types == 0;
}

static void settle(struct program *p, struct node *n)
{
    static const unsigned by_type_alone = TYPE_BIT(JSON_NULL) | TYPE_BIT(JSON_FALSE) | TYPE_BIT(JSON_TRUE);
    unsigned accepts = n->types, settles = TYPE_ANY;
    uint32_t lists[] = { n->values, n->constant };

    for (int i = 0; i < 2; i++) {
        if (lists[i] == NONE)
            continue;
        accepts &= p->lists.at[lists[i]].types;
        settles &= by_type_alone;
    }
    if (n->string != NONE)
        settles &= ~TYPE_BIT(JSON_STRING);
    if (n->number != NONE)
        settles &= ~(TYPE_INTEGER | TYPE_FRACTION);
    if (n->integer_only)
        settles &= ~TYPE_FRACTION;
    if (n->array != NONE || n->marked)
        settles &= ~TYPE_BIT(JSON_ARRAY);
    if ((n->object != NONE && !object_is_idle(p, &p->objects.at[n->object])) || n->marked)
        settles &= ~TYPE_BIT(JSON_OBJECT);
    for (uint32_t i = 0; i < n->n_logic; i++) {
        const struct logic *l = &p->logic.at[n->logic + i];
        struct verdict v = fold(p, l);

        for (uint32_t j = 0; logic_is_conjunction(l) && j < l->n; j++)
            n->write_only |= p->nodes.at[p->edges.at[l->edges + j].to].write_only;

        accepts &= ~v.no;
        settles &= v.yes;
    }
    n->accepts = (uint8_t)accepts;
    n->settles = (uint8_t)(settles & accepts);
}

/* The node behind one that is nothing but a reference (or an allOf of one); itself when it is more. */
static uint32_t next_of(const struct program *p, uint32_t node)
{
    const struct node *n = &p->nodes.at[node];
    const struct logic *l;

    if (!is_bare(n) || n->n_logic != 1)
        return node;
    l = &p->logic.at[n->logic];
    return l->n == 1 && logic_is_conjunction(l) ? p->edges.at[l->edges].to : node;
}

/* In-place edges lead forward in the order: from its end, each node knows where the next one ends up. */
static void take_shortcuts(struct program *p, const struct sort *s)
{
    uint32_t *ends = mem_alloc(p->nodes.n * sizeof *ends);

    for (uint32_t i = 0; i < p->nodes.n; i++)
        ends[i] = i;
    for (uint32_t i = s->n; i-- > 0;)
        ends[s->order[i]] = ends[next_of(p, s->order[i])];
    for (uint32_t i = 0; i < p->edges.n; i++)
        if (p->edges.at[i].to != NONE)
            p->edges.at[i].run = ends[p->edges.at[i].to];
    for (uint32_t i = 0; i < p->slots.n; i++)
        p->slots.at[i].run = p->slots.at[i].edge == NONE ? NONE : p->edges.at[p->slots.at[i].edge].run;
    free(ends);
}

/* A name that is write-only in one part of the schema is a secret in all of them. */
static void gather_secrets(struct program *p)
{
    for (uint32_t i = 0; i < p->slots.n && p->secret_names.n < SECRETS_MAX; i++) {
        const struct slot *slot = &p->slots.at[i];

        if (slot->edge != NONE && p->nodes.at[p->edges.at[slot->edge].to].write_only)
            *VEC_ADD(&p->secret_names) = slot->name;
    }
}

int program_link(struct program *p, struct err *e)
{
    struct sort s = { .pending = mem_zalloc(p->nodes.n * sizeof(uint32_t)),
                      .order = mem_zalloc(p->nodes.n * sizeof(uint32_t)) };
    int rc = sort_nodes(p, &s, e);

    if (rc == 0)
        rc = program_resolve_unevaluated(p, e);
    if (rc == 0) {
        for (uint32_t i = s.n; i-- > 0;)
            settle(p, &p->nodes.at[s.order[i]]);
        take_shortcuts(p, &s);
        for (uint32_t i = 0; i < p->objects.n; i++)
            p->objects.at[i].closed = object_is_closed(p, &p->objects.at[i]);
        program_build_selectors(p);
        gather_secrets(p);
    }
    free(s.pending);
    free(s.order);
    return rc;
}

static size_t padded(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

static void *lay(char **at, const void *from, size_t bytes)
{
    void *to = *at;

    if (bytes > 0)
        memcpy(to, from, bytes);
    *at += padded(bytes);
    return to;
}

static void read_bounds(struct schema *s, uint32_t n_numbers)
{
    for (uint32_t i = 0; i < n_numbers; i++)
        for (int b = 0; b < BOUND_COUNT; b++)
            if (s->numbers[i].bounds[b] != NONE)
                number_read(json_inner(&s->consts, s->numbers[i].bounds[b]), &s->numbers[i].values[b]);
}

struct schema *program_freeze(struct program *p)
{
    size_t bytes = padded(sizeof(struct schema)) + padded(p->text.len) + padded(p->const_text.len);
    struct schema *s;
    char *at;

#define X(type, field) bytes += padded(p->field.n * sizeof(type));
    PROGRAM_ARRAYS(X)
#undef X
    s = mem_alloc(bytes);
    memset(s, 0, sizeof *s);
    at = (char *)s + padded(sizeof *s);
#define X(type, field) s->field = lay(&at, p->field.at, p->field.n * sizeof(type));
    PROGRAM_ARRAYS(X)
#undef X
    s->text = lay(&at, p->text.ptr, p->text.len);
    s->consts.text = slice_of(at, p->const_text.len);
    lay(&at, p->const_text.ptr, p->const_text.len);
    s->consts.nodes = s->const_nodes;
    s->consts.count = s->consts.capacity = p->const_nodes.n;
    ref_init(&s->ref);
    s->n_nodes = p->nodes.n;
    s->n_regexes = p->regexes.n;
    s->n_secret_names = p->secret_names.n;
    s->keeps_annotations = p->outputs.n > 0;
    s->root = 0;
    s->bytes = bytes;
    for (uint32_t i = 0; i < p->regexes.n; i++)
        s->bytes += regex_bytes(p->regexes.at[i]);
    read_bounds(s, p->numbers.n);
    p->regexes.n = 0; /* they are the schema's now */
    return s;
}

struct schema *schema_ref(struct schema *s)
{
    ref_get(&s->ref);
    return s;
}

void schema_unref(struct schema *s)
{
    if (!s || !ref_put(&s->ref))
        return;
    for (uint32_t i = 0; i < s->n_regexes; i++)
        regex_free(s->regexes[i]);
    free(s);
}

size_t schema_bytes(const struct schema *s)
{
    return s->bytes;
}
