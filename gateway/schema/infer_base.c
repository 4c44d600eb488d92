/* An older schema as what was seen before: one object of which only the required members are known to be there, strings
 * beyond counting unless it lists them, limits only where it sets some. */
#include "schema/infer_spot.h"

#include <stdio.h>

#include "json/pointer.h"

#define NAMES_MAX 10000u /* of one object: they are kept sorted */
#define KNOWN "type, properties, required, additionalProperties, items, enum, const, format, ranges, and annotations"

struct base {
    struct infer *i;
    const struct json_doc *d;
    uint32_t fault;
    struct err *e;
};

static int read_schema(struct base *b, struct spot *p, uint32_t n);

/* The JSON Pointer of a node. */
static void put_pointer(struct buf *out, const struct json_doc *d, uint32_t node)
{
    struct buf tmp;

    buf_init(&tmp, UINT32_MAX);
    for (uint32_t n = 0; n != node;) {
        bool object = json_type_of(d, n) == JSON_OBJECT;
        uint32_t k = n + 1, index = 0;

        for (; json_next(d, k + object) <= node; index++)
            k = json_next(d, k + object);
        buf_reset(&tmp);
        if (object)
            pointer_put_token(out, json_string(d, k, &tmp));
        else
            buf_printf(out, "/%u", index);
        n = k + object;
    }
    buf_clear(&tmp);
}

static int refuse(struct base *b, uint32_t node, const char *what)
{
    struct buf *pointer = &b->i->tmp;

    b->fault = node;
    buf_reset(pointer);
    buf_putc(pointer, '#');
    put_pointer(pointer, b->d, node);
    return err_set(b->e, ERR_INPUT, "%s cannot be merged with (%.*s): infer knows " KNOWN, what,
                   SLICE_FMT(slice_first(buf_slice(pointer), 500)));
}

/* Does infer know what this keyword says here? */
static bool is_known(const struct base *b, uint32_t key, bool root)
{
    static const char *const names[] = { "type", "properties", "required", "additionalProperties",
                                         "items", "enum", "const", "format" };

    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if (json_string_eq(b->d, key, slice_z(names[k])))
            return true;
    for (int r = 0; r < INFER_RANGES; r++)
        if (json_string_eq(b->d, key, slice_z(infer_ranges[r].name)))
            return true;
    for (int a = root ? 0 : 2; infer_annotations[a]; a++)
        if (json_string_eq(b->d, key, slice_z(infer_annotations[a])))
            return true;
    return false;
}

static bool is_annotation(const struct base *b, uint32_t key)
{
    for (int a = 0; infer_annotations[a]; a++)
        if (json_string_eq(b->d, key, slice_z(infer_annotations[a])))
            return true;
    return false;
}

/* *says: there is more than annotations. */
static int read_keywords(struct base *b, uint32_t n, bool *says)
{
    *says = false;
    for (uint32_t k = n + 1; k < json_end(b->d, n); k = json_next(b->d, k + 1)) {
        char name[80];

        snprintf(name, sizeof name, "\"%.*s\"", SLICE_FMT(slice_first(json_inner(b->d, k), 60)));
        if (!is_known(b, k, n == 0))
            return refuse(b, k + 1, name);
        *says |= !is_annotation(b, k);
    }
    return 0;
}

static unsigned kind_of(const struct base *b, uint32_t n)
{
    for (int k = 0; k < INFER_KINDS; k++)
        if (json_string_eq(b->d, n, slice_z(infer_kind_names[k])))
            return 1u << k;
    return 0;
}

static void read_type(const struct base *b, struct spot *p, uint32_t n)
{
    uint32_t type = json_member(b->d, n, SLICE("type"));

    p->untyped = type == JSON_NONE;
    if (p->untyped)
        p->kinds = INFER_ANY;
    else if (json_type_of(b->d, type) == JSON_STRING)
        p->kinds = kind_of(b, type);
    else
        for (uint32_t k = type + 1; k < json_end(b->d, type); k = json_next(b->d, k))
            p->kinds |= kind_of(b, k);
}

static int read_word(struct base *b, struct spot *p, uint32_t n, unsigned *kinds)
{
    if (json_type_of(b->d, n) == JSON_NULL) {
        *kinds |= INFER_NULL;
        return 0;
    }
    if (json_type_of(b->d, n) != JSON_STRING)
        return refuse(b, n, "an enum of more than strings and null");
    if (p->strings.values.n >= INFER_ENUM_MOST)
        return refuse(b, n, "an enum of more than 1000 strings");
    *kinds |= INFER_STRING;
    p->strings.limit = INFER_ENUM_MOST;
    buf_reset(&b->i->tmp);
    infer_note_value(&p->strings, json_string(b->d, n, &b->i->tmp), 1);
    return 0;
}

/* What an enum lists says more than the type beside it. */
static int read_words(struct base *b, struct spot *p, uint32_t n)
{
    uint32_t one = json_member(b->d, n, SLICE("const")), list = json_member(b->d, n, SLICE("enum"));
    struct strings *s = &p->strings;
    unsigned kinds = 0;

    if (one == JSON_NONE && list == JSON_NONE) {
        s->many = true;
        return 0;
    }
    if (one != JSON_NONE && list != JSON_NONE)
        return refuse(b, one, "a const beside an enum");
    if (one != JSON_NONE && read_word(b, p, one, &kinds))
        return -1;
    for (uint32_t k = list + 1; list != JSON_NONE && k < json_end(b->d, list); k = json_next(b->d, k))
        if (read_word(b, p, k, &kinds))
            return -1;
    if ((p->kinds & kinds) == 0)
        return refuse(b, one != JSON_NONE ? one : list, "an enum that no value of its type is in");
    p->kinds &= kinds;
    p->untyped = false;
    s->limit = b->i->options.enum_max > s->values.n ? b->i->options.enum_max : s->values.n;
    return 0;
}

static int read_strings(struct base *b, struct spot *p, uint32_t n)
{
    uint32_t format = json_member(b->d, n, SLICE("format"));
    struct strings *s = &p->strings;
    enum format known;

    if (read_words(b, p, n))
        return -1;
    if (!(p->kinds & INFER_STRING)) {
        s->many = false;
        infer_forget_values(s);
        return 0;
    }
    s->seen = 1;
    s->kept = true;
    s->formats = 0;
    if (format == JSON_NONE)
        return 0;
    buf_reset(&b->i->tmp);
    known = format_find(json_string(b->d, format, &b->i->tmp), SCHEMA_DRAFT_2020_12);
    if (known == FORMAT_COUNT)
        return refuse(b, format, "an unknown format");
    s->formats = 1u << known;
    return 0;
}

static void read_ranges(const struct base *b, struct spot *p, uint32_t n)
{
    for (int r = 0; p->bounds && r < INFER_RANGES; r++) {
        uint32_t number = json_member(b->d, n, slice_z(infer_ranges[r].name));

        if (!(p->kinds & infer_ranges[r].kinds))
            continue;
        p->bounds[r].open = number == JSON_NONE;
        if (number == JSON_NONE)
            continue;
        p->bounds[r].kept = true;
        infer_note_bound(p, (enum infer_range)r, json_inner(b->d, number));
    }
}

static struct property *read_name(struct base *b, struct spot *p, uint32_t n)
{
    struct property *q;
    struct slice name;
    uint32_t at;

    buf_reset(&b->i->tmp);
    name = json_string(b->d, n, &b->i->tmp);
    q = infer_property(p, name, &at);
    return q ? q : infer_property_add(p, name, at);
}

static int read_object(struct base *b, struct spot *p, uint32_t n)
{
    uint32_t properties = json_member(b->d, n, SLICE("properties")), required = json_member(b->d, n, SLICE("required")),
             rest = json_member(b->d, n, SLICE("additionalProperties"));

    if ((properties != JSON_NONE && json_count(b->d, properties) > NAMES_MAX) ||
        (required != JSON_NONE && json_count(b->d, required) > NAMES_MAX))
        return refuse(b, n, "an object with so many names");
    p->objects = 1;
    for (uint32_t k = properties + 1; properties != JSON_NONE && k < json_end(b->d, properties);
         k = json_next(b->d, k + 1)) {
        struct spot *value = infer_spot_new(b->i);

        read_name(b, p, k)->value = value;
        if (read_schema(b, value, k + 1))
            return -1;
    }
    for (uint32_t k = required + 1; required != JSON_NONE && k < json_end(b->d, required); k = json_next(b->d, k))
        read_name(b, p, k)->seen = 1;
    if (rest == JSON_NONE || json_type_of(b->d, rest) == JSON_TRUE)
        return 0;
    p->closed = json_type_of(b->d, rest) == JSON_FALSE;
    if (p->closed)
        return 0;
    p->rest = infer_spot_new(b->i);
    return read_schema(b, p->rest, rest);
}

static int read_schema(struct base *b, struct spot *p, uint32_t n)
{
    uint32_t items;
    bool says;

    if (json_type_of(b->d, n) == JSON_TRUE) {
        p->open = true;
        return 0;
    }
    if (json_type_of(b->d, n) != JSON_OBJECT)
        return refuse(b, n, json_type_of(b->d, n) == JSON_FALSE ? "false" : "a list of schemas");
    p->base = n;
    if (read_keywords(b, n, &says))
        return -1;
    p->open = !says;
    if (p->open)
        return 0;
    read_type(b, p, n);
    if (read_strings(b, p, n))
        return -1;
    read_ranges(b, p, n);
    if (p->kinds & INFER_OBJECT && read_object(b, p, n))
        return -1;
    items = json_member(b->d, n, SLICE("items"));
    if (items == JSON_NONE || !(p->kinds & INFER_ARRAY))
        return 0;
    p->items = infer_spot_new(b->i);
    return read_schema(b, p->items, items);
}

static bool has_ranges(const struct json_doc *d)
{
    for (uint32_t n = 0; n < d->count; n++)
        for (int r = 0; r < INFER_RANGES && json_type_of(d, n) == JSON_KEY; r++)
            if (json_string_eq(d, n, slice_z(infer_ranges[r].name)))
                return true;
    return false;
}

int infer_merge(struct infer *i, const struct json_doc *schema, uint32_t *at, struct err *e)
{
    struct base b = { i, schema, 0, e };

    i->base = schema;
    i->ranges |= has_ranges(schema);
    infer_spot_free(i, i->root);
    i->root = infer_spot_new(i); /* with bounds, where there are ranges now */
    if (read_schema(&b, i->root, 0) == 0)
        return 0;
    *at = b.fault;
    return -1;
}
