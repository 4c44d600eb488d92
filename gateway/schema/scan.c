/* Walks the registered documents for what names a place in them: $id, $anchor and $dynamicAnchor, at the places where
 * the draft expects a schema, and only there. */
#include "schema/set.h"

#include "json/pointer.h"
#include "schema/keyword.h"
#include "schema/uri.h"

#define POINTER_MAX (16u << 20)

struct scan {
    struct schema_set *set;
    struct document *doc;
    struct buf pointer; /* of the node at hand */
};

static void scan_schema(struct scan *s, uint32_t node, uint32_t resource);

static struct slice string_at(struct scan *s, uint32_t node)
{
    struct buf tmp;
    struct slice text;

    if (node == JSON_NONE || json_type_of(&s->doc->json, node) != JSON_STRING)
        return SLICE_NONE;
    buf_init(&tmp, (size_t)s->doc->json.nodes[node].len + 1);
    text = arena_slice(&s->set->arena, json_string(&s->doc->json, node, &tmp));
    buf_clear(&tmp);
    return text;
}

static struct slice here(struct scan *s)
{
    return arena_slice(&s->set->arena, buf_slice(&s->pointer));
}

static void claim(struct scan *s, struct slice base, struct slice anchor, uint32_t node)
{
    struct place place = { s->doc, node, here(s) };
    struct slice key = base;

    if (anchor.len > 0)
        key = slice_z(arena_printf(&s->set->arena, "%.*s#%.*s", SLICE_FMT(base), SLICE_FMT(anchor)));
    set_claim(s->set, key, &place);
}

/* The draft of a resource: its own $schema, else that of what is around it. */
static void set_dialect(struct scan *s, struct resource *r)
{
    struct slice uri = string_at(s, json_member(&s->doc->json, r->node, SLICE("$schema")));

    r->unknown_dialect = SLICE_NONE;
    if (uri.len > 0 && keyword_draft(uri, &r->draft))
        r->unknown_dialect = uri;
}

static uint32_t add_resource(struct scan *s, uint32_t node, uint32_t parent, struct slice base, enum schema_draft draft)
{
    struct resource *r = VEC_ADD(&s->doc->resources);

    r->node = node;
    r->end = json_next(&s->doc->json, node);
    r->parent = parent;
    r->base = base;
    r->draft = draft;
    r->pointer = here(s);
    set_dialect(s, r);
    return s->doc->resources.n - 1;
}

/* What $id makes of the node: the resource its content belongs to. Before 2019-09 an $id of a lone fragment is an
 * anchor. */
static uint32_t scan_id(struct scan *s, uint32_t node, uint32_t resource)
{
    const struct resource *r = &s->doc->resources.at[resource];
    struct slice id = string_at(s, json_member(&s->doc->json, node, SLICE("$id"))), base, fragment;
    struct slice outer = r->base;
    enum schema_draft draft = r->draft;

    if (id.len == 0)
        return resource;
    base = uri_resolve(&s->set->arena, outer, id, &fragment);
    if (id.ptr[0] != '#' && node != r->node) {
        resource = add_resource(s, node, resource, base, draft);
        claim(s, base, SLICE_NONE, node);
    }
    if (fragment.len > 0 && draft == SCHEMA_DRAFT_7)
        claim(s, base, fragment, node);
    return resource;
}

static void scan_anchors(struct scan *s, uint32_t node, uint32_t resource)
{
    const struct resource *r = &s->doc->resources.at[resource];
    static const enum keyword kinds[] = { KW_ANCHOR, KW_DYNAMIC_ANCHOR };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct keyword_info *k = &keywords[kinds[i]];
        struct slice name = SLICE_NONE;

        if (k->drafts & (1u << r->draft))
            name = string_at(s, json_member(&s->doc->json, node, slice_z(k->name)));
        if (name.len > 0)
            claim(s, r->base, name, node);
    }
}

static void push_name(struct scan *s, uint32_t key)
{
    struct buf tmp;

    buf_init(&tmp, (size_t)s->doc->json.nodes[key].len + 1);
    pointer_put_token(&s->pointer, json_string(&s->doc->json, key, &tmp));
    buf_clear(&tmp);
}

/* The elements of an array or the members of an object, each a schema. */
static void scan_each(struct scan *s, uint32_t node, uint32_t resource)
{
    const struct json_doc *d = &s->doc->json;
    bool object = json_type_of(d, node) == JSON_OBJECT;
    size_t len = s->pointer.len;
    unsigned index = 0;

    for (uint32_t i = node + 1; i < json_end(d, node); i = json_next(d, i)) {
        if (object)
            push_name(s, i++);
        else
            buf_printf(&s->pointer, "/%u", index++);
        scan_schema(s, i, resource);
        s->pointer.len = len;
    }
}

static void scan_keyword(struct scan *s, enum keyword kw, uint32_t value, uint32_t resource)
{
    enum json_kind type = json_type_of(&s->doc->json, value);

    switch (keywords[kw].form) {
    case FORM_VALUE:
        break;
    case FORM_SCHEMA:
        scan_schema(s, value, resource);
        break;
    case FORM_LIST:
        if (type == JSON_ARRAY)
            scan_each(s, value, resource);
        break;
    case FORM_MAP:
    case FORM_MIXED_MAP:
        if (type == JSON_OBJECT)
            scan_each(s, value, resource);
        break;
    case FORM_SCHEMA_OR_LIST:
        if (type == JSON_ARRAY)
            scan_each(s, value, resource);
        else
            scan_schema(s, value, resource);
        break;
    }
}

/* Recursion is bounded by the reader's depth limit. */
static void scan_schema(struct scan *s, uint32_t node, uint32_t resource)
{
    const struct json_doc *d = &s->doc->json;
    size_t len = s->pointer.len;
    enum schema_draft draft = s->doc->resources.at[resource].draft;

    if (json_type_of(d, node) != JSON_OBJECT)
        return;
    if (draft == SCHEMA_DRAFT_7 && json_member(d, node, SLICE("$ref")) != JSON_NONE)
        return; /* whatever stands beside it is ignored */
    resource = scan_id(s, node, resource);
    scan_anchors(s, node, resource);
    draft = s->doc->resources.at[resource].draft;
    for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1)) {
        enum keyword kw = keyword_find(d, k, draft);

        if (kw == KW_COUNT || keywords[kw].form == FORM_VALUE)
            continue;
        push_name(s, k);
        scan_keyword(s, kw, k + 1, resource);
        s->pointer.len = len;
    }
}

static void scan_document(struct scan *s, struct document *doc, enum schema_draft draft)
{
    struct slice id, base = doc->uri, fragment;

    s->doc = doc;
    buf_reset(&s->pointer);
    doc->resources.n = 0;
    id = string_at(s, json_member(&doc->json, 0, SLICE("$id")));
    if (id.len > 0)
        base = uri_resolve(&s->set->arena, doc->uri, id, &fragment);
    add_resource(s, 0, 0, base, draft);
    scan_schema(s, 0, 0);
}

void set_scan(struct schema_set *set, enum schema_draft draft)
{
    struct scan s = { .set = set };

    if (draft != set->scanned_draft)
        set_forget(set);
    set->scanned_draft = draft;
    buf_init(&s.pointer, POINTER_MAX);
    for (; set->scanned < set->documents.n; set->scanned++)
        scan_document(&s, set->documents.at[set->scanned], draft);
    buf_clear(&s.pointer);
}
