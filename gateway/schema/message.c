#include "schema/message.h"

#include "schema/secret_name.h"

#define VALUE_MAX 60u
#define LIST_MAX 200u
#define HINT_NAME_MAX 40u
#define HINT_NAMES_MAX 500u

void message_cut(struct buf *b, struct slice text, size_t max)
{
    size_t len = text.len;

    if (len > max)
        for (len = max; len > 0 && (text.ptr[len] & 0xc0) == 0x80;)
            len--;
    buf_put(b, slice_first(text, len));
    if (len < text.len)
        buf_puts(b, "…");
}

static void put_count(struct buf *b, const char *what, uint32_t n, const char *one, const char *many)
{
    buf_printf(b, "%s of %u %s", what, n, n == 1 ? one : many);
}

void message_value(struct buf *b, const struct json_doc *d, uint32_t n)
{
    switch (json_type_of(d, n)) {
    case JSON_ARRAY:
        put_count(b, "array", json_count(d, n), "item", "items");
        return;
    case JSON_OBJECT:
        put_count(b, "object", json_count(d, n), "member", "members");
        return;
    case JSON_STRING:
        buf_puts(b, "string ");
        break;
    case JSON_NUMBER:
        buf_puts(b, "number ");
        break;
    default:
        break;
    }
    message_cut(b, json_raw(d, n), VALUE_MAX);
}

void message_kind(struct buf *b, const struct json_doc *d, uint32_t n)
{
    enum json_kind type = json_type_of(d, n);

    if (type == JSON_STRING)
        buf_printf(b, "string of %zu characters (not shown)", json_string_length(d, n));
    else if (type == JSON_NUMBER)
        buf_puts(b, "number (not shown)");
    else
        message_value(b, d, n);
}

static const struct {
    unsigned bits;
    const char *name;
} names[] = {
    { TYPE_BIT(JSON_STRING), "string" }, { TYPE_INTEGER, "number" },          { TYPE_BIT(JSON_TRUE), "boolean" },
    { TYPE_BIT(JSON_ARRAY), "array" },   { TYPE_BIT(JSON_OBJECT), "object" }, { TYPE_BIT(JSON_NULL), "null" },
};

void message_types(struct buf *b, unsigned types, bool integer_only)
{
    unsigned left = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        left += (types & names[i].bits) != 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(types & names[i].bits))
            continue;
        buf_puts(b, names[i].bits == TYPE_INTEGER && integer_only ? "integer" : names[i].name);
        left--;
        if (left > 0)
            buf_puts(b, left == 1 ? " or " : ", ");
    }
}

/* A container may hold a secret. */
static void put_const(struct buf *b, const struct json_doc *d, uint32_t n)
{
    struct slice raw = json_raw(d, n);

    if ((json_type_of(d, n) == JSON_OBJECT || json_type_of(d, n) == JSON_ARRAY) && secret_name_in(raw))
        message_value(b, d, n);
    else
        message_cut(b, raw, VALUE_MAX);
}

void message_values(struct buf *b, const struct schema *s, const struct value_list *list)
{
    size_t start = b->len;

    if (list->n == 0)
        buf_puts(b, "nothing (an empty list)");
    if (list->n > 1)
        buf_puts(b, "one of ");
    for (uint32_t order = 0; order < list->n; order++) {
        const struct value *v = s->values + list->values;

        if (b->len - start > LIST_MAX) {
            buf_printf(b, " … (%u in all)", list->n);
            return;
        }
        while (v->order != order)
            v++;
        if (order > 0)
            buf_puts(b, ", ");
        put_const(b, &s->consts, v->node);
    }
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;

    return m < c ? m : c;
}

/* Letters to insert, drop or change; case does not count. Both names are short. */
static unsigned distance(struct slice a, struct slice b)
{
    unsigned row[HINT_NAME_MAX + 1];

    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned above = row[j];
            bool same = slice_eq_nocase(slice_of(a.ptr + i - 1, 1), slice_of(b.ptr + j - 1, 1));

            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + !same);
            diagonal = above;
        }
    }
    return row[b.len];
}

struct near near_to(struct slice name)
{
    return (struct near){ .name = name, .distance = name.len < 4 ? 2 : 3 }; /* further away is no likeness */
}

void near_try(struct near *n, struct slice known)
{
    unsigned far;

    size_t longer = n->name.len > known.len ? n->name.len : known.len;

    if (longer > HINT_NAME_MAX || longer - (n->name.len + known.len - longer) >= n->distance)
        return;
    far = distance(n->name, known);
    if (far < n->distance && far < known.len) {
        n->distance = far;
        n->best = known;
    }
}

void message_hint(struct buf *b, const struct schema *s, const struct object_part *p, const struct json_doc *d,
                  uint32_t k)
{
    struct near near = near_to(json_inner(d, k));

    for (uint32_t i = 0; i < p->n_slots && i < HINT_NAMES_MAX; i++)
        if (s->slots[p->slots + i].edge != NONE)
            near_try(&near, schema_text(s, s->slots[p->slots + i].name));
    if (near.best.len > 0) {
        buf_puts(b, "; did you mean ");
        json_quote(b, near.best);
        buf_putc(b, '?');
    }
}
