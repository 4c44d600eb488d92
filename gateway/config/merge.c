#include "config/tree.h"

#include "base/mem.h"

/* by: what the patch has for it, or JSON_NONE. */
static void put_value(const struct tree *t, uint32_t node, const struct tree *patch, uint32_t by, struct buf *out)
{
    if (by == JSON_NONE)
        tree_put_canonical(t, node, out);
    else
        tree_put_merged(t, node, patch, by, out);
}

static void put_member(struct buf *out, struct slice name)
{
    if (out->len && out->ptr[out->len - 1] != '{')
        buf_putc(out, ',');
    json_quote(out, name);
    buf_putc(out, ':');
}

static bool is_object(const struct tree *t, uint32_t node)
{
    return node != JSON_NONE && json_type_of(&t->doc, node) == JSON_OBJECT;
}

static void put_old_members(const struct tree *t, uint32_t node, const struct tree *patch, uint32_t by,
                            struct arena *names, struct buf *out)
{
    for (uint32_t k = node + 1; k < json_end(&t->doc, node); k = json_next(&t->doc, k + 1)) {
        struct slice name = tree_string(t, k, names);
        uint32_t change = json_member(&patch->doc, by, name);
        if (change != JSON_NONE && json_type_of(&patch->doc, change) == JSON_NULL)
            continue;
        put_member(out, name);
        put_value(t, k + 1, patch, change, out);
    }
}

static void put_new_members(const struct tree *t, uint32_t node, const struct tree *patch, uint32_t by,
                            struct arena *names, struct buf *out)
{
    for (uint32_t k = by + 1; k < json_end(&patch->doc, by); k = json_next(&patch->doc, k + 1)) {
        struct slice name = tree_string(patch, k, names);
        if (json_type_of(&patch->doc, k + 1) == JSON_NULL ||
            (is_object(t, node) && json_member(&t->doc, node, name) != JSON_NONE))
            continue;
        put_member(out, name);
        tree_put_merged(t, JSON_NONE, patch, k + 1, out);
    }
}

void tree_put_merged(const struct tree *t, uint32_t node, const struct tree *patch, uint32_t by, struct buf *out)
{
    struct arena names;

    if (!is_object(patch, by)) {
        tree_put_canonical(patch, by, out);
        return;
    }
    arena_init(&names);
    buf_putc(out, '{');
    if (is_object(t, node))
        put_old_members(t, node, patch, by, &names, out);
    put_new_members(t, node, patch, by, &names, out);
    buf_putc(out, '}');
    arena_clear(&names);
}
