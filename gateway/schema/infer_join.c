/* Two spots made one: as if all that was seen at either had been seen at the same. */
#include "schema/infer_spot.h"

static void join_strings(struct strings *to, const struct strings *from)
{
    if (from->seen == 0)
        return;
    to->kept = to->seen == 0 ? from->kept : to->kept && from->kept;
    to->limit = to->limit > from->limit ? to->limit : from->limit;
    to->seen += from->seen;
    to->formats &= from->formats;
    to->many |= from->many;
    for (uint32_t n = 0; n < from->values.n && !to->many; n++)
        infer_note_value(to, from->values.at[n].text, from->values.at[n].seen);
    if (to->many)
        infer_forget_values(to);
}

static void join_bounds(struct spot *to, const struct spot *from)
{
    for (enum infer_range r = 0; r < INFER_RANGES; r++) {
        to->bounds[r].open |= from->bounds[r].open;
        to->bounds[r].kept |= from->bounds[r].kept;
        if (from->bounds[r].text.len)
            infer_note_bound(to, r, from->bounds[r].text);
    }
}

void infer_collapse(struct infer *i, struct spot *p)
{
    if (!p->rest)
        p->rest = infer_spot_new(i);
    for (uint32_t n = 0; n < p->properties.n; n++) {
        free((char *)p->properties.at[n].name.ptr);
        if (p->properties.at[n].value)
            infer_join(i, p->rest, p->properties.at[n].value);
        else
            p->rest->open = true;
    }
    p->properties.n = 0;
}

static uint32_t count_together(const struct spot *a, const struct spot *b)
{
    uint32_t count = a->properties.n, at;

    for (uint32_t n = 0; n < b->properties.n; n++)
        count += !infer_property(a, b->properties.at[n].name, &at);
    return count;
}

static void join_property(struct infer *i, struct spot *to, struct property *from)
{
    uint32_t at;
    struct property *own = infer_property(to, from->name, &at);

    if (!own) {
        own = infer_property_add(to, from->name, at);
        own->value = from->value;
    } else if (own->value && from->value) {
        infer_join(i, own->value, from->value);
    } else {
        if (!own->value)
            own->value = from->value ? from->value : infer_spot_new(i);
        own->value->open = true;
    }
    own->seen += from->seen;
    from->value = NULL;
}

static void join_objects(struct infer *i, struct spot *to, struct spot *from)
{
    if (from->objects == 0)
        return;
    to->closed = to->objects == 0 ? from->closed : to->closed && from->closed;
    to->objects += from->objects;
    if (!to->rest && !from->rest && count_together(to, from) <= INFER_PROPERTIES_MAX) {
        for (uint32_t n = 0; n < from->properties.n; n++)
            join_property(i, to, &from->properties.at[n]);
        return;
    }
    infer_collapse(i, to);
    infer_collapse(i, from);
    infer_join(i, to->rest, from->rest);
    from->rest = NULL;
}

void infer_join(struct infer *i, struct spot *to, struct spot *from)
{
    to->kinds |= from->kinds;
    to->open |= from->open;
    to->untyped |= from->untyped;
    join_strings(&to->strings, &from->strings);
    if (to->bounds)
        join_bounds(to, from);
    if (to->items && from->items)
        infer_join(i, to->items, from->items);
    else if (from->items)
        to->items = from->items;
    from->items = NULL;
    join_objects(i, to, from);
    infer_spot_free(i, from);
}
