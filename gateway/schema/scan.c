/* Walks the registered documents for what names a place in them: $id, $anchor and $dynamicAnchor, at the places where
 * the dialect expects a schema, and only there. */
#include "schema/set.h"

#include "json/pointer.h"
#include "schema/uri.h"

#define POINTER_MAX (16u << 20)
#define META_LEVELS_MAX 8u /* a meta-schema has one of its own, and so on */

struct scan {
    struct schema_set *set;
    struct document *doc;
    struct buf pointer;   /* of the node at hand */
    struct slice unknown; /* the last $schema that nobody knows */
};

static void scan_schema(struct scan *s, uint32_t node, uint32_t resource);

static struct slice string_at(struct scan *s, uint32_t node)
{
    return set_string(&s->set->arena, s->doc, node);
}

/* The pointer to the node at hand. Each is a copy, so their sum is bounded: a long name above many places would multiply
 * itself. */
static struct slice here(struct scan *s)
{
    s->set->pointer_bytes += s->pointer.len;
    s->set->too_large |= s->set->pointer_bytes > SET_POINTERS_MAX;
    if (s->set->too_large)
        return SLICE("");
    return arena_slice(&s->set->arena, buf_slice(&s->pointer));
}

static void claim(struct scan *s, struct slice base, struct slice anchor, uint32_t node)
{
    struct place place = { s->doc, node, here(s) };
    struct slice key = base;

    s->set->pointer_bytes += base.len;
    if (s->set->too_large)
        return;
    if (anchor.len > 0)
        key = set_join(&s->set->arena, set_join(&s->set->arena, base, SLICE("#")), anchor);
    set_claim(s->set, key, &place);
}

/* A bundle may carry the meta-schema of its own dialect, which must be known before anything else in it is. */
static bool find_embedded(struct scan *s, struct slice uri, struct place *out)
{
    static const enum keyword lists[] = { KW_DEFS, KW_DEFINITIONS };
    const struct json_doc *d = &s->doc->json;

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        uint32_t list = json_member(d, 0, slice_z(keywords[lists[i]].name));

        if (list == JSON_NONE || json_type_of(d, list) != JSON_OBJECT)
            continue;
        for (uint32_t k = list + 1; k < json_end(d, list); k = json_next(d, k + 1)) {
            struct slice id = string_at(s, json_member(d, k + 1, SLICE("$id")));

            if (!slice_eq(uri_without_fragment(id), uri))
                continue;
            *out = (struct place){ .doc = s->doc, .node = k + 1 };
            return true;
        }
    }
    return false;
}

/* The dialect that a $schema means: a standard one, or that of a registered meta-schema; NULL when it is neither. */
static const struct dialect *find_dialect(struct scan *s, struct slice uri, unsigned depth)
{
    const struct dialect *found = dialect_find(uri), *base = dialect_standard(s->set->scanned_draft);
    const struct place *known;
    struct place meta;
    struct dialect *own;
    struct slice base_uri;
    uint32_t schema;

    if (found || dialect_older_draft(uri).len > 0)
        return found;
    uri = uri_without_fragment(uri);
    for (uint32_t i = 0; i < s->set->dialects.n; i++)
        if (slice_eq(s->set->dialects.at[i]->uri, uri))
            return s->set->dialects.at[i];
    known = set_place(s->set, uri);
    if (known) {
        meta = *known;
    } else if (slice_eq(uri, s->unknown) || !find_embedded(s, uri, &meta)) {
        s->unknown = uri;
        return NULL;
    }
    if (depth == META_LEVELS_MAX)
        return NULL;
    schema = json_member(&meta.doc->json, meta.node, SLICE("$schema"));
    base_uri = set_string(&s->set->arena, meta.doc, schema);
    if (slice_eq(uri_without_fragment(base_uri), uri))
        base = dialect_guess(&meta.doc->json, meta.node);
    else if (base_uri.len > 0)
        base = find_dialect(s, base_uri, depth + 1);
    if (!base)
        return NULL;
    own = arena_alloc(&s->set->arena, sizeof *own);
    *own = dialect_read(&meta.doc->json, meta.node, uri, base);
    *VEC_ADD(&s->set->dialects) = own;
    return own;
}

/* The dialect of a resource: its own $schema's, else that of what is around it. */
static void set_dialect(struct scan *s, struct resource *r)
{
    struct slice uri = string_at(s, json_member(&s->doc->json, r->node, SLICE("$schema")));
    const struct dialect *found = uri.len > 0 ? find_dialect(s, uri, 0) : r->dialect;

    r->unknown_dialect = found ? SLICE_NONE : uri;
    if (found)
        r->dialect = found;
}

static uint32_t add_resource(struct scan *s, uint32_t node, uint32_t parent, struct slice base,
                             const struct dialect *dialect)
{
    struct resource *r = VEC_ADD(&s->doc->resources);

    r->node = node;
    r->end = json_next(&s->doc->json, node);
    r->parent = parent;
    r->base = base;
    r->dialect = dialect;
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
    const struct dialect *dialect = r->dialect;

    if (id.len == 0)
        return resource;
    s->set->pointer_bytes += outer.len;
    base = s->set->too_large ? outer : uri_resolve(&s->set->arena, outer, id, &fragment);
    if (s->set->too_large)
        return resource;
    if (id.ptr[0] != '#' && node != r->node) {
        resource = add_resource(s, node, resource, base, dialect);
        claim(s, base, SLICE_NONE, node);
    }
    if (fragment.len > 0 && dialect->draft == SCHEMA_DRAFT_7)
        claim(s, base, fragment, node);
    return resource;
}

static void add_dynamic_anchor(struct scan *s, uint32_t node, uint32_t resource, struct slice name)
{
    struct dynamic_anchor *a = VEC_ADD(&s->doc->dynamic_anchors);

    *a = (struct dynamic_anchor){ .resource = resource, .name = name, .node = node, .pointer = here(s) };
}

/* The name that the keyword gives the node, if the dialect has it. */
static struct slice anchor_at(struct scan *s, const struct resource *r, enum keyword kw, uint32_t node)
{
    if (!dialect_has(r->dialect, kw))
        return SLICE_NONE;
    return string_at(s, json_member(&s->doc->json, node, slice_z(keywords[kw].name)));
}

static void scan_anchors(struct scan *s, uint32_t node, uint32_t resource)
{
    const struct resource *r = &s->doc->resources.at[resource];
    struct slice plain = anchor_at(s, r, KW_ANCHOR, node), dynamic = anchor_at(s, r, KW_DYNAMIC_ANCHOR, node);

    if (plain.len > 0)
        claim(s, r->base, plain, node);
    if (dynamic.len > 0) {
        claim(s, r->base, dynamic, node);
        add_dynamic_anchor(s, node, resource, dynamic);
    }
    if (node == r->node && dialect_has(r->dialect, KW_RECURSIVE_ANCHOR)) {
        uint32_t value = json_member(&s->doc->json, node, slice_z(keywords[KW_RECURSIVE_ANCHOR].name));

        if (value != JSON_NONE && json_type_of(&s->doc->json, value) == JSON_TRUE)
            add_dynamic_anchor(s, node, resource, SLICE(""));
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
    const struct dialect *dialect = s->doc->resources.at[resource].dialect;

    if (json_type_of(d, node) != JSON_OBJECT)
        return;
    if (dialect->draft == SCHEMA_DRAFT_7 && json_member(d, node, SLICE("$ref")) != JSON_NONE)
        return; /* whatever stands beside it is ignored */
    resource = scan_id(s, node, resource);
    scan_anchors(s, node, resource);
    dialect = s->doc->resources.at[resource].dialect;
    for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1)) {
        enum keyword kw = keyword_find(d, k, dialect->keywords);

        if (kw == KW_COUNT || keywords[kw].form == FORM_VALUE)
            continue;
        push_name(s, k);
        scan_keyword(s, kw, k + 1, resource);
        s->pointer.len = len;
    }
}

static void scan_document(struct scan *s, struct document *doc)
{
    struct slice id, base = doc->uri, fragment;

    s->doc = doc;
    buf_reset(&s->pointer);
    doc->resources.n = 0;
    doc->dynamic_anchors.n = 0;
    id = string_at(s, json_member(&doc->json, 0, SLICE("$id")));
    if (id.len > 0)
        base = uri_resolve(&s->set->arena, doc->uri, id, &fragment);
    add_resource(s, 0, 0, base, dialect_standard(s->set->scanned_draft));
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
        scan_document(&s, set->documents.at[set->scanned]);
    buf_clear(&s.pointer);
}
