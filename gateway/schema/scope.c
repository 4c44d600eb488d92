#include "schema/scope.h"

#define SCOPES_MAX 1000u /* each may compile every place anew */

static uint32_t resource_index(const struct place *place)
{
    return (uint32_t)(set_resource(place->doc, place->node) - place->doc->resources.at);
}

static const struct dynamic_anchor *find_anchor(const struct document *doc, uint32_t resource, struct slice name)
{
    for (uint32_t i = 0; i < doc->dynamic_anchors.n; i++) {
        const struct dynamic_anchor *a = &doc->dynamic_anchors.at[i];

        if (a->resource == resource && slice_eq(a->name, name))
            return a;
    }
    return NULL;
}

bool scope_bears(const struct place *place, struct slice name)
{
    const struct dynamic_anchor *a = find_anchor(place->doc, resource_index(place), name);

    return a && a->node == place->node;
}

bool scope_find(const struct scopes *s, uint32_t scope, struct slice name, struct place *out)
{
    bool found = false;

    for (uint32_t i = scope; i != 0; i = s->all.at[i].outer) {
        const struct scope *at = &s->all.at[i];
        const struct dynamic_anchor *a = find_anchor(at->doc, at->resource, name);

        if (!a)
            continue;
        *out = (struct place){ (struct document *)at->doc, a->node, a->pointer };
        found = true; /* one further out would win */
    }
    return found;
}

static bool brings_new(const struct scopes *s, uint32_t scope, const struct document *doc, uint32_t resource)
{
    struct place place;

    for (uint32_t i = 0; i < doc->dynamic_anchors.n; i++)
        if (doc->dynamic_anchors.at[i].resource == resource &&
            !scope_find(s, scope, doc->dynamic_anchors.at[i].name, &place))
            return true;
    return false;
}

uint32_t scope_enter(struct scopes *s, uint32_t from, const struct place *place)
{
    uint32_t resource;

    if (s->all.n == 0)
        VEC_ADD(&s->all);
    if (place->doc->dynamic_anchors.n == 0)
        return from;
    resource = resource_index(place);
    if (!brings_new(s, from, place->doc, resource))
        return from;
    for (uint32_t i = 1; i < s->all.n; i++)
        if (s->all.at[i].outer == from && s->all.at[i].doc == place->doc && s->all.at[i].resource == resource)
            return i;
    if (s->all.n == SCOPES_MAX)
        return SCOPE_NONE;
    *VEC_ADD(&s->all) = (struct scope){ from, place->doc, resource };
    return s->all.n - 1;
}
