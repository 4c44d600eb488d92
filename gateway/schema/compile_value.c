/* type, enum, const, the bounds of numbers and strings. */
#include "schema/compile.h"

#include "schema/equal.h"
#include "schema/message.h"

static struct node *program_node(struct compile *c, const struct item *it)
{
    return &c->program.nodes.at[it->node];
}

static const struct {
    const char *name;
    unsigned bits;
} types[] = {
    { "null", TYPE_BIT(JSON_NULL) },
    { "boolean", TYPE_BIT(JSON_FALSE) | TYPE_BIT(JSON_TRUE) },
    { "integer", TYPE_INTEGER | TYPE_FRACTION },
    { "number", TYPE_INTEGER | TYPE_FRACTION },
    { "string", TYPE_BIT(JSON_STRING) },
    { "array", TYPE_BIT(JSON_ARRAY) },
    { "object", TYPE_BIT(JSON_OBJECT) },
};

/* Adds one type name's bits; -1 when it is none. */
static int add_type(const struct json_doc *d, uint32_t value, struct node *n, bool *number)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (json_type_of(d, value) != JSON_STRING || !json_string_eq(d, value, slice_z(types[i].name)))
            continue;
        n->types = (uint8_t)(n->types | types[i].bits);
        if (types[i].name[0] == 'i')
            n->integer_only = 1;
        if (types[i].bits == (TYPE_INTEGER | TYPE_FRACTION) && types[i].name[0] == 'n')
            *number = true;
        return 0;
    }
    return -1;
}

static int refuse_type(struct compile *c, const struct item *it, uint32_t value)
{
    const struct json_doc *d = &it->place.doc->json;
    struct near near = { .best = SLICE_NONE };

    if (json_type_of(d, value) == JSON_STRING) {
        near = near_to(json_inner(d, value));
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            near_try(&near, slice_z(types[i].name));
    }
    return compile_fail(c, it, KW_TYPE,
                        "must be, or list, some of: null, boolean, integer, number, string, array, object; found "
                        "%.*s%s%.*s%s",
                        (int)(json_raw(d, value).len < 40 ? json_raw(d, value).len : 40), json_raw(d, value).ptr,
                        near.best.len ? "; did you mean \"" : "", SLICE_FMT(near.best), near.best.len ? "\"?" : "");
}

int compile_type(struct compile *c, const struct item *it)
{
    const struct json_doc *d = &it->place.doc->json;
    struct node *n = program_node(c, it);
    uint32_t value = it->keywords[KW_TYPE];
    bool number = false;

    if (value == JSON_NONE)
        return 0;
    n->types = 0;
    if (json_type_of(d, value) == JSON_ARRAY) {
        for (uint32_t i = value + 1; i < json_end(d, value); i = json_next(d, i))
            if (add_type(d, i, n, &number))
                return refuse_type(c, it, i);
    } else if (add_type(d, value, n, &number)) {
        return refuse_type(c, it, value);
    }
    if (number)
        n->integer_only = 0;
    return 0;
}

static int by_hash(const void *a, const void *b)
{
    const struct value *x = a, *y = b;

    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash) : (x->node > y->node) - (x->node < y->node);
}

static void add_value(struct compile *c, const struct item *it, uint32_t value, struct value_list *list)
{
    const struct json_doc *d = &it->place.doc->json;
    struct value *v = VEC_ADD(&c->program.values);
    unsigned bit = type_bit(d->nodes[value].meta);
    struct buf tmp;

    /* 1 and 1.0 are the same value. */
    if (bit & (TYPE_INTEGER | TYPE_FRACTION))
        bit = TYPE_INTEGER | TYPE_FRACTION;
    buf_init(&tmp, (size_t)d->nodes[value].len + 1);
    v->hash = equal_hash(d, value, &tmp);
    v->node = compile_const(c, it, value);
    v->order = list->n++;
    list->types = (uint8_t)(list->types | bit);
    buf_clear(&tmp);
}

static uint32_t finish_list(struct compile *c, struct value_list list)
{
    if (list.n > 1)
        qsort(c->program.values.at + list.values, list.n, sizeof(struct value), by_hash);
    *VEC_ADD(&c->program.lists) = list;
    return c->program.lists.n - 1;
}

int compile_values(struct compile *c, const struct item *it)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t values = it->keywords[KW_ENUM], constant = it->keywords[KW_CONST];
    struct value_list list = { .values = c->program.values.n };

    if (values != JSON_NONE) {
        if (json_type_of(d, values) != JSON_ARRAY)
            return compile_fail(c, it, KW_ENUM, "must be a list of values");
        for (uint32_t i = values + 1; i < json_end(d, values); i = json_next(d, i))
            add_value(c, it, i, &list);
        program_node(c, it)->values = finish_list(c, list);
    }
    if (constant != JSON_NONE) {
        list = (struct value_list){ .values = c->program.values.n };
        add_value(c, it, constant, &list);
        program_node(c, it)->constant = finish_list(c, list);
    }
    return 0;
}

/* Folds one bound into the range of integers; false when that cannot say it exactly. */
static bool fold_bound(struct number_part *p, enum bound bound, const struct json_doc *d, uint32_t value)
{
    int64_t v;

    if (json_int64(d, value, &v) || v == INT64_MAX || v == INT64_MIN)
        return false;
    switch (bound) {
    case BOUND_EXCLUSIVE_MINIMUM:
        v++; /* fall through */
    case BOUND_MINIMUM:
        p->low = v > p->low ? v : p->low;
        break;
    case BOUND_EXCLUSIVE_MAXIMUM:
        v--; /* fall through */
    case BOUND_MAXIMUM:
        p->high = v < p->high ? v : p->high;
        break;
    default:
        p->multiple = v;
        break;
    }
    return true;
}

static int compile_bound(struct compile *c, const struct item *it, enum keyword kw, enum bound bound,
                         struct number_part *p)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t value = it->keywords[kw];
    struct number n;

    p->bounds[bound] = NONE;
    if (value == JSON_NONE)
        return 0;
    if (json_type_of(d, value) != JSON_NUMBER)
        return compile_fail(c, it, kw, "must be a number");
    number_read(json_inner(d, value), &n);
    if (bound == BOUND_MULTIPLE_OF && (n.negative || n.n_digits == 0))
        return compile_fail(c, it, kw, "must be greater than 0");
    p->exact = fold_bound(p, bound, d, value) && p->exact;
    p->bounds[bound] = compile_const(c, it, value);
    return 0;
}

int compile_numbers(struct compile *c, const struct item *it)
{
    static const enum keyword kws[BOUND_COUNT] = { KW_MINIMUM, KW_EXCLUSIVE_MINIMUM, KW_MAXIMUM, KW_EXCLUSIVE_MAXIMUM,
                                                   KW_MULTIPLE_OF };
    struct number_part p = { .low = INT64_MIN, .high = INT64_MAX, .exact = true };
    bool any = false;

    for (int i = 0; i < BOUND_COUNT; i++) {
        any |= it->keywords[kws[i]] != JSON_NONE;
        if (compile_bound(c, it, kws[i], (enum bound)i, &p))
            return -1;
    }
    if (any) {
        program_node(c, it)->number = c->program.numbers.n;
        *VEC_ADD(&c->program.numbers) = p;
    }
    return 0;
}

/* A format decides where it is asserted; one that is unknown only where the dialect insists. */
static int compile_format(struct compile *c, const struct item *it, enum format *format)
{
    uint32_t value = it->keywords[KW_FORMAT];
    struct slice name;

    if (value == JSON_NONE || !(c->options->assert_format || it->dialect->assert_format))
        return 0;
    if (json_type_of(&it->place.doc->json, value) != JSON_STRING)
        return compile_fail(c, it, KW_FORMAT, "must be a string");
    name = compile_string(c, it, value);
    *format = format_find(name, it->dialect->draft);
    if (*format == FORMAT_COUNT && it->dialect->assert_format)
        return compile_fail(c, it, KW_FORMAT, "unknown format \"%.*s\", and this dialect asserts every format",
                            (int)(name.len < 60 ? name.len : 60), name.ptr);
    return 0;
}

int compile_strings(struct compile *c, const struct item *it)
{
    const struct json_doc *d = &it->place.doc->json;
    struct string_part p = { 0, UINT64_MAX, NONE, FORMAT_COUNT };
    uint32_t value = it->keywords[KW_PATTERN];

    if (compile_count(c, it, KW_MIN_LENGTH, &p.min) || compile_count(c, it, KW_MAX_LENGTH, &p.max) ||
        compile_format(c, it, &p.format))
        return -1;
    if (value != JSON_NONE) {
        struct pattern pattern = { .edge = NONE };

        if (json_type_of(d, value) != JSON_STRING)
            return compile_fail(c, it, KW_PATTERN, "must be a string");
        if (compile_regex(c, it, KW_PATTERN, compile_string(c, it, value), &pattern.regex))
            return -1;
        pattern.text = program_name(&c->program, compile_string(c, it, value));
        p.pattern = c->program.patterns.n;
        *VEC_ADD(&c->program.patterns) = pattern;
    }
    if (p.min > 0 || p.max < UINT64_MAX || p.pattern != NONE || p.format != FORMAT_COUNT) {
        program_node(c, it)->string = c->program.strings.n;
        *VEC_ADD(&c->program.strings) = p;
    }
    return 0;
}
