#include "verify/condition.h"

#include "verify/place.h"

static bool json_holds(const struct condition *c, struct reading *r)
{
    const struct json_doc *d = &r->doc;
    uint32_t node;

    if (reading_json(r))
        return false;
    node = pointer_get(&c->place.pointer, d, 0);
    if (node == JSON_NONE)
        return false;
    switch (c->kind) {
    case CONDITION_JSON_STRING:
        return json_type_of(d, node) == JSON_STRING && json_string_eq(d, node, c->value);
    case CONDITION_JSON_RAW:
        return json_type_of(d, node) != JSON_STRING && slice_eq(json_raw(d, node), c->value);
    case CONDITION_JSON_EMPTY:
        return json_type_of(d, node) == JSON_ARRAY && json_count(d, node) == 0;
    default:
        return true;
    }
}

static bool holds(const struct condition *c, struct reading *r, struct buf *tmp)
{
    struct slice value;

    if (c->kind == CONDITION_TYPE || c->kind == CONDITION_NOT_TYPE) {
        struct slice type = delivery_content_type(r->delivery);
        return type.len > 0 && slice_eq_nocase(type, c->value) == (c->kind == CONDITION_TYPE);
    }
    if (c->place.in == PLACE_JSON)
        return json_holds(c, r);
    buf_reset(tmp);
    return place_find(&c->place, r, tmp, &value) != PLACE_ABSENT &&
           (c->kind == CONDITION_PRESENT || slice_eq(value, c->value));
}

bool when_holds(const struct when *w, struct reading *r, struct buf *tmp)
{
    if (w->method.len && !slice_eq(w->method, r->delivery->method))
        return false;
    for (uint32_t i = 0; i < w->count; i++)
        if (!holds(&w->list[i], r, tmp))
            return false;
    return true;
}
