/* Arrays, and the combinations: $ref, allOf, anyOf, oneOf, not, if. */
#include "schema/compile.h"

#include <stdio.h>

#include "schema/uri.h"

/* prefixItems and items since 2020-12; before, items as a list with additionalItems, or as one schema. */
static int compile_items(struct compile *c, const struct item *it, struct array_part *p)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t items = it->keywords[KW_ITEMS];
    bool list = items != JSON_NONE && json_type_of(d, items) == JSON_ARRAY;

    p->prefix_keyword = KW_PREFIX_ITEMS;
    p->items_keyword = KW_ITEMS;
    if (list && it->dialect->draft == SCHEMA_DRAFT_2020_12)
        return compile_fail(c, it, KW_ITEMS, "must be one schema in 2020-12: a list is called \"prefixItems\"");
    if (list) {
        p->prefix_keyword = KW_ITEMS;
        p->items_keyword = KW_ADDITIONAL_ITEMS;
        if (compile_list(c, it, KW_ITEMS, &p->prefix, &p->n_prefix))
            return -1;
    } else if (it->keywords[KW_PREFIX_ITEMS] != JSON_NONE) {
        if (compile_list(c, it, KW_PREFIX_ITEMS, &p->prefix, &p->n_prefix))
            return -1;
    }
    p->items = compile_keyword_edge(c, it, (enum keyword)p->items_keyword);
    return 0;
}

int compile_arrays(struct compile *c, const struct item *it)
{
    static const enum keyword kws[] = { KW_PREFIX_ITEMS, KW_ITEMS,        KW_MAX_ITEMS,
                                        KW_MIN_ITEMS,    KW_UNIQUE_ITEMS, KW_CONTAINS };
    const struct json_doc *d = &it->place.doc->json;
    struct array_part p = { .max = UINT64_MAX, .items = NONE, .min_contains = 1, .max_contains = UINT64_MAX };
    uint32_t unique = it->keywords[KW_UNIQUE_ITEMS];
    bool any = false;

    for (size_t i = 0; i < sizeof kws / sizeof kws[0]; i++)
        any |= it->keywords[kws[i]] != JSON_NONE;
    if (!any)
        return 0;
    if (compile_items(c, it, &p) || compile_count(c, it, KW_MIN_ITEMS, &p.min) ||
        compile_count(c, it, KW_MAX_ITEMS, &p.max) || compile_count(c, it, KW_MIN_CONTAINS, &p.min_contains) ||
        compile_count(c, it, KW_MAX_CONTAINS, &p.max_contains))
        return -1;
    if (unique != JSON_NONE && json_type_of(d, unique) != JSON_TRUE && json_type_of(d, unique) != JSON_FALSE)
        return compile_fail(c, it, KW_UNIQUE_ITEMS, "must be true or false");
    p.unique = unique != JSON_NONE && json_type_of(d, unique) == JSON_TRUE;
    p.contains = compile_keyword_edge(c, it, KW_CONTAINS);
    p.contains_evaluates = it->dialect->draft >= SCHEMA_DRAFT_2020_12;
    c->program.nodes.at[it->node].array = c->program.arrays.n;
    *VEC_ADD(&c->program.arrays) = p;
    return 0;
}

/* What the reference means as far as its text tells. *name: the anchor in it, or empty. */
static int resolve_ref(struct compile *c, const struct item *it, enum keyword kw, struct place *place,
                       struct slice *name)
{
    uint32_t value = it->keywords[kw];
    struct slice uri, fragment;

    if (json_type_of(&it->place.doc->json, value) != JSON_STRING)
        return compile_fail(c, it, kw, "must be a string");
    uri = uri_resolve(&c->arena, set_resource(it->place.doc, it->place.node)->base, compile_string(c, it, value),
                      &fragment);
    if (set_find(c->set, &c->arena, uri, fragment, place, c->e)) {
        const struct resource *r = set_resource(it->place.doc, it->place.node);
        const char *why = arena_printf(&c->arena, "%s", c->e->text);

        if (uri_is_absolute(compile_string(c, it, value)) || slice_eq(r->base, it->place.doc->uri))
            return compile_fail(c, it, kw, "%s", why);
        return compile_fail(c, it, kw, "%s (a relative reference counts from the \"$id\" %.*s, not from the file)", why,
                            SLICE_FMT(r->base));
    }
    *name = uri_decode(&c->arena, fragment);
    return 0;
}

/* The edge that a $ref, $dynamicRef or $recursiveRef means. The latter two look for the outermost anchor of the name
 * when what they seem to mean bears it itself. */
static int compile_ref(struct compile *c, const struct item *it, enum keyword kw, uint32_t *edge)
{
    struct place place, outermost;
    struct slice name;
    struct edge *added;
    uint32_t to;

    if (resolve_ref(c, it, kw, &place, &name))
        return -1;
    if (kw == KW_RECURSIVE_REF && name.len > 0)
        return compile_fail(c, it, kw, "must be \"#\"");
    if (kw != KW_REF && (kw == KW_RECURSIVE_REF || (name.len > 0 && name.ptr[0] != '/')) && scope_bears(&place, name) &&
        scope_find(&c->scopes, it->scope, name, &outermost))
        place = outermost;
    to = compile_node(c, &place, it->scope);
    added = VEC_ADD(&c->program.edges);
    added->to = added->run = to;
    *edge = c->program.edges.n - 1;
    return 0;
}

/* Three edges in a row: if, then, else. */
static uint32_t compile_condition(struct compile *c, const struct item *it)
{
    static const enum keyword kws[] = { KW_IF, KW_THEN, KW_ELSE };
    uint32_t first = c->program.edges.n;

    for (size_t i = 0; i < sizeof kws / sizeof kws[0]; i++) {
        if (compile_keyword_edge(c, it, kws[i]) == NONE) {
            struct edge *nowhere = VEC_ADD(&c->program.edges);

            nowhere->to = nowhere->run = NONE;
        }
    }
    return first;
}

static int compile_combination(struct compile *c, const struct item *it, enum keyword kw)
{
    struct logic l = { .keyword = (uint8_t)kw, .n = 1 };
    int rc = 0;

    switch (kw) {
    case KW_REF:
    case KW_DYNAMIC_REF:
    case KW_RECURSIVE_REF:
        rc = compile_ref(c, it, kw, &l.edges);
        break;
    case KW_NOT:
        l.edges = compile_keyword_edge(c, it, kw);
        break;
    case KW_IF:
        l.edges = compile_condition(c, it);
        l.n = 3;
        break;
    default:
        rc = compile_list(c, it, kw, &l.edges, &l.n);
        break;
    }
    if (rc == 0) {
        *VEC_ADD(&c->program.logic) = l;
        c->program.nodes.at[it->node].n_logic++;
    }
    return rc;
}

int compile_logic(struct compile *c, const struct item *it)
{
    static const enum keyword kws[] = { KW_REF,    KW_DYNAMIC_REF, KW_RECURSIVE_REF, KW_ALL_OF,
                                        KW_ANY_OF, KW_ONE_OF,      KW_NOT,           KW_IF };

    c->program.nodes.at[it->node].logic = c->program.logic.n;
    for (size_t i = 0; i < sizeof kws / sizeof kws[0]; i++)
        if (it->keywords[kws[i]] != JSON_NONE && compile_combination(c, it, kws[i]))
            return -1;
    if (it->keywords[KW_UNEVALUATED_ITEMS] != JSON_NONE || it->keywords[KW_UNEVALUATED_PROPERTIES] != JSON_NONE) {
        struct unevaluated u = { compile_keyword_edge(c, it, KW_UNEVALUATED_ITEMS),
                                 compile_keyword_edge(c, it, KW_UNEVALUATED_PROPERTIES) };

        c->program.nodes.at[it->node].unevaluated = c->program.unevaluated.n;
        *VEC_ADD(&c->program.unevaluated) = u;
    }
    return 0;
}
