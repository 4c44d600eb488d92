#include "config/tree.h"

#include <stdlib.h>

struct member {
    struct slice name;
    uint32_t value;
};

static int by_name(const void *left, const void *right)
{
    const struct member *a = left, *b = right;

    return slice_cmp(a->name, b->name);
}

static void put_text(const struct tree *t, uint32_t node, struct buf *out)
{
    struct buf tmp;

    buf_init(&tmp, (size_t)t->doc.nodes[node].len + 1);
    json_quote(out, json_string(&t->doc, node, &tmp));
    buf_clear(&tmp);
}

static void put_object(const struct tree *t, uint32_t node, struct buf *out)
{
    const struct json_doc *d = &t->doc;
    struct member *list = mem_grow(NULL, json_count(d, node) + 1, sizeof *list);
    struct arena names;
    size_t n = 0;

    arena_init(&names);
    for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1))
        list[n++] = (struct member){ tree_string(t, k, &names), k + 1 };
    qsort(list, n, sizeof *list, by_name);
    buf_putc(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_putc(out, ',');
        json_quote(out, list[i].name);
        buf_putc(out, ':');
        tree_put_canonical(t, list[i].value, out);
    }
    buf_putc(out, '}');
    arena_clear(&names);
    free(list);
}

static void put_array(const struct tree *t, uint32_t node, struct buf *out)
{
    const struct json_doc *d = &t->doc;

    buf_putc(out, '[');
    for (uint32_t i = node + 1; i < json_end(d, node); i = json_next(d, i)) {
        if (i > node + 1)
            buf_putc(out, ',');
        tree_put_canonical(t, i, out);
    }
    buf_putc(out, ']');
}

void tree_put_canonical(const struct tree *t, uint32_t node, struct buf *out)
{
    switch (json_type_of(&t->doc, node)) {
    case JSON_OBJECT:
        put_object(t, node, out);
        break;
    case JSON_ARRAY:
        put_array(t, node, out);
        break;
    case JSON_STRING:
        put_text(t, node, out);
        break;
    default:
        buf_put(out, json_raw(&t->doc, node));
    }
}
