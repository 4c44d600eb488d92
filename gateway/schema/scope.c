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

static uint32_t *find_entrance(struct scopes *s, uint32_t from, const struct document *doc, uint32_t resource)
{
    uint64_t hash = (((uint64_t)(uintptr_t)doc >> 4) + ((uint64_t)from << 32 | resource)) * 0x9e3779b97f4a7c15ull;
    uint32_t i = (uint32_t)(hash >> 32) & (s->n_buckets - 1);

    for (; s->buckets[i]; i = (i + 1) & (s->n_buckets - 1)) {
        const struct entrance *e = &s->entrances.at[s->buckets[i] - 1];

        if (e->from == from && e->doc == doc && e->resource == resource)
            break;
    }
    return &s->buckets[i];
}

static void grow(struct scopes *s)
{
    s->n_buckets = s->n_buckets ? s->n_buckets * 2 : 64;
    free(s->buckets);
    s->buckets = mem_zalloc(s->n_buckets * sizeof *s->buckets);
    for (uint32_t i = 0; i < s->entrances.n; i++) {
        const struct entrance *e = &s->entrances.at[i];

        *find_entrance(s, e->from, e->doc, e->resource) = i + 1;
    }
}

/* The scope that entering makes: the same, or a new one. */
static uint32_t enter(struct scopes *s, uint32_t from, const struct document *doc, uint32_t resource)
{
    if (!brings_new(s, from, doc, resource))
        return from;
    if (s->all.n == SCOPES_MAX)
        return SCOPE_NONE;
    *VEC_ADD(&s->all) = (struct scope){ from, doc, resource };
    return s->all.n - 1;
}

uint32_t scope_enter(struct scopes *s, uint32_t from, const struct place *place)
{
    uint32_t resource, *bucket;
    struct entrance *e;

    if (s->all.n == 0)
        VEC_ADD(&s->all);
    if (place->doc->dynamic_anchors.n == 0)
        return from;
    resource = resource_index(place);
    if ((s->entrances.n + 1) * 2 > s->n_buckets)
        grow(s);
    bucket = find_entrance(s, from, place->doc, resource);
    if (*bucket)
        return s->entrances.at[*bucket - 1].to;
    e = VEC_ADD(&s->entrances);
    *e = (struct entrance){ from, resource, place->doc, enter(s, from, place->doc, resource) };
    *bucket = s->entrances.n;
    return e->to;
}

void scopes_clear(struct scopes *s)
{
    VEC_FREE(&s->all);
    VEC_FREE(&s->entrances);
    free(s->buckets);
}
