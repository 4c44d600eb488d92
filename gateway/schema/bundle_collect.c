/* Which documents a bundle holds, and what is written otherwise in them: follows references from the root on, through
 * every place where a schema stands, used or not, so that validators that look at all of them find their targets. */
#include "schema/bundle_part.h"
#include "schema/uri.h"

static const struct dialect *dialect_of(const struct document *doc)
{
    return doc->resources.at[0].dialect;
}

static void add_edit(struct part *p, size_t from, size_t to, struct slice text)
{
    *VEC_ADD(&p->edits) = (struct edit){ from, to - from, text };
}

static struct slice quoted(struct bundle *b, struct slice s)
{
    struct slice text;
    struct buf tmp;

    buf_init(&tmp, 6 * s.len + 3);
    json_quote(&tmp, s);
    text = arena_slice(&b->arena, buf_slice(&tmp));
    buf_clear(&tmp);
    return text;
}

/* Another string for the one at the node. */
static void replace(struct bundle *b, struct part *p, uint32_t node, struct slice s)
{
    size_t at = p->doc->json.nodes[node].at;

    add_edit(p, at - 1, at + p->doc->json.nodes[node].len + 1, quoted(b, s));
}

/* May all that draft-07 ignores beside the root's $ref count as well? */
static bool is_harmless(const struct document *doc)
{
    static const uint64_t harmless = KEYWORD_BIT(KW_REF) | KEYWORD_BIT(KW_ID) | KEYWORD_BIT(KW_SCHEMA) |
                                     KEYWORD_BIT(KW_COMMENT) | KEYWORD_BIT(KW_DEFINITIONS) | KEYWORD_BIT(KW_TITLE) |
                                     KEYWORD_BIT(KW_DESCRIPTION) | KEYWORD_BIT(KW_DEFAULT) |
                                     KEYWORD_BIT(KW_READ_ONLY) | KEYWORD_BIT(KW_WRITE_ONLY) | KEYWORD_BIT(KW_EXAMPLES);
    const struct json_doc *d = &doc->json;
    uint32_t id = json_member(d, 0, SLICE("$id"));

    for (uint32_t k = 1; k < json_end(d, 0); k = json_next(d, k + 1)) {
        enum keyword kw = keyword_find(d, k, dialect_of(doc)->keywords);

        if (kw != KW_COUNT && !(harmless & KEYWORD_BIT(kw)))
            return false;
    }
    for (uint32_t k = 1; k < d->count; k++)
        if (json_type_of(d, k) == JSON_KEY && k + 1 != id && json_string_eq(d, k, SLICE("$id")))
            return false;
    return true;
}

/* A keyword that the root has not, and that means of one schema just what $ref means. */
static const char *free_keyword(const struct document *doc)
{
    static const enum keyword kws[] = { KW_ALL_OF, KW_ANY_OF, KW_ONE_OF };

    for (size_t i = 0; i < sizeof kws / sizeof kws[0]; i++)
        if (json_member(&doc->json, 0, slice_z(keywords[kws[i]].name)) == JSON_NONE)
            return keywords[kws[i]].name;
    return NULL;
}

static void choose_form(struct bundle *b, struct part *p)
{
    const struct json_doc *d = &p->doc->json;
    bool is_7 = dialect_of(p->doc)->draft == SCHEMA_DRAFT_7;
    bool in_7 = is_7 || dialect_of(b->parts.at[0]->doc)->draft == SCHEMA_DRAFT_7;
    struct slice id = set_string(&b->arena, p->doc, json_member(d, 0, SLICE("$id"))), anchor;

    p->form = PART_WRAPPED;
    if (json_type_of(d, 0) != JSON_OBJECT || (slice_cut(id, '#', &id, &anchor) && anchor.len > 0))
        return;
    if (json_member(d, 0, SLICE("$ref")) == JSON_NONE || !in_7) {
        p->form = PART_PLAIN;
        return;
    }
    p->moved_to = free_keyword(p->doc);
    if (p->moved_to && (!is_7 || is_harmless(p->doc)))
        p->form = PART_REF_MOVED;
}

/* What the $id of a resource must become; a wrapped root's is only an anchor, or goes with the wrapper. */
static void edit_id(struct bundle *b, struct part *p, const struct resource *r)
{
    const struct resource *around = &p->doc->resources.at[r->parent];
    uint32_t node = json_member(&p->doc->json, r->node, SLICE("$id"));
    struct slice id = set_string(&b->arena, p->doc, node), want = bundle_uri(b, r->base), fragment, is;

    if (node == JSON_NONE)
        return;
    is = uri_resolve(&b->arena, bundle_uri(b, around->base), id, &fragment);
    if (around == r)
        is = uri_is_absolute(id) ? uri_without_fragment(id) : SLICE_NONE;
    if (around == r && p->form == PART_WRAPPED)
        want = SLICE("");
    if (slice_eq(is, want))
        return;
    if (fragment.len > 0)
        want = slice_z(arena_printf(&b->arena, "%.*s#%.*s", SLICE_FMT(want), SLICE_FMT(fragment)));
    replace(b, p, node, want);
}

static struct slice meta_uri(struct bundle *b, struct slice schema);

/* Its $schema as it is written in the bundle. */
static struct slice schema_of(struct bundle *b, const struct document *doc)
{
    struct slice own = set_string(&b->arena, doc, json_member(&doc->json, 0, SLICE("$schema")));
    const struct dialect *dialect = dialect_of(doc);

    if (own.len > 0)
        return meta_uri(b, own);
    return slice_z(arena_printf(&b->arena, "%.*s%s", SLICE_FMT(dialect->uri),
                                dialect->draft == SCHEMA_DRAFT_7 ? "#" : ""));
}

/* The part that the document is; another copy of it counts as the same. */
static struct part *part_of(struct bundle *b, const struct document *doc)
{
    struct slice uri = bundle_uri(b, doc->resources.at[0].base);
    struct part *p;

    for (uint32_t i = 0; i < b->parts.n; i++) {
        p = b->parts.at[i];
        if (p->doc == doc || (slice_eq(p->uri, uri) && slice_eq(p->doc->json.text, doc->json.text)))
            return p;
    }
    p = arena_zalloc(&b->arena, sizeof *p);
    p->doc = doc;
    p->uri = uri;
    p->seen = arena_zalloc(&b->arena, doc->json.count * sizeof *p->seen);
    *VEC_ADD(&b->parts) = p;
    choose_form(b, p);
    p->schema = schema_of(b, doc);
    for (uint32_t i = 0; i < doc->resources.n; i++)
        edit_id(b, p, &doc->resources.at[i]);
    *VEC_ADD(&b->spots) = (struct visit){ p, 0 };
    return p;
}

/* Validators have the standard meta-schemas themselves. */
static bool is_standard(const struct document *doc)
{
    return doc->builtin || set_place(set_builtin(), doc->resources.at[0].base);
}

/* What a $schema is to say. Its meta-schema becomes a part. */
static struct slice meta_uri(struct bundle *b, struct slice schema)
{
    const struct place *place = set_place(b->set, uri_without_fragment(schema));
    struct slice uri;

    if (dialect_find(schema) || !place || is_standard(place->doc))
        return schema;
    part_of(b, place->doc);
    uri = bundle_uri(b, set_resource(place->doc, place->node)->base);
    return slice_eq(uri, uri_without_fragment(schema)) ? schema : uri;
}

static void visit_dialect(struct bundle *b, struct part *p, uint32_t node)
{
    uint32_t value = json_member(&p->doc->json, node, SLICE("$schema"));
    struct slice is = set_string(&b->arena, p->doc, value), want;

    if (is.len == 0)
        return;
    want = meta_uri(b, is);
    if (!slice_eq(is, want))
        replace(b, p, value, want);
}

/* What a reference means. *named: the root of the resource that its URI names. */
static bool find_target(struct bundle *b, struct slice uri, struct slice fragment, struct place *named,
                        struct place *target)
{
    struct err why; /* the compiler was content: nobody comes this way */

    return set_find(b->set, &b->arena, uri, fragment, target, &why) == 0 &&
           set_find(b->set, &b->arena, uri, SLICE_NONE, named, &why) == 0 && named->doc == target->doc;
}

/* What a reference to that resource is to say. base: of the text, in the bundle. */
static struct slice reference_to(struct bundle *b, const struct part *to, const struct place *named, struct slice base,
                                 struct slice text)
{
    struct slice uri = bundle_uri(b, set_resource(named->doc, named->node)->base), fragment, is;
    bool inner;

    is = uri_resolve(&b->arena, base, text, &fragment);
    inner = to && to->form == PART_WRAPPED && named->node == 0 &&
            slice_starts(uri_decode(&b->arena, fragment), SLICE("/"));
    if (slice_eq(is, uri) && !inner)
        return text;
    return slice_z(arena_printf(&b->arena, "%.*s%s%s%.*s", SLICE_FMT(text.ptr[0] == '#' ? SLICE_NONE : uri),
                                fragment.len > 0 ? "#" : "", inner ? PART_INNER : "", SLICE_FMT(fragment)));
}

/* "$ref": "x" becomes "allOf": [{"$ref": "x"}], with what stands between as it is. */
static void move_reference(struct bundle *b, struct part *p, uint32_t key, struct slice text)
{
    const struct json_node *k = &p->doc->json.nodes[key], *value = k + 1;
    size_t colon = (size_t)k->at + k->len + 1, end = (size_t)value->at + value->len + 1;
    struct slice between = slice_of(p->doc->json.text.ptr + colon, value->at - 1 - colon);

    text = quoted(b, text);
    add_edit(p, k->at - 1, end,
             slice_z(arena_printf(&b->arena, "\"%s\"%.*s[{\"$ref\"%.*s%.*s}]", p->moved_to, SLICE_FMT(between),
                                  SLICE_FMT(between), SLICE_FMT(text))));
}

static void visit_reference(struct bundle *b, struct part *p, uint32_t key)
{
    struct slice base = set_resource(p->doc, key)->base, text = set_string(&b->arena, p->doc, key + 1), uri, fragment, want;
    bool moved = p->form == PART_REF_MOVED && key + 1 == json_member(&p->doc->json, 0, SLICE("$ref"));
    struct place named, target;
    struct part *to = NULL;

    want = text;
    uri = uri_resolve(&b->arena, base, text, &fragment);
    if (text.len > 0 && find_target(b, uri, fragment, &named, &target)) {
        if (!is_standard(named.doc)) {
            to = part_of(b, named.doc);
            *VEC_ADD(&b->spots) = (struct visit){ to, target.node };
        }
        want = reference_to(b, to, &named, bundle_uri(b, base), text);
    }
    if (moved)
        move_reference(b, p, key, want);
    else if (!slice_eq(want, text))
        replace(b, p, key + 1, want);
}

static void visit(struct bundle *b, struct part *p, uint32_t node);

static void visit_keyword(struct bundle *b, struct part *p, enum keyword kw, uint32_t value)
{
    const struct json_doc *d = &p->doc->json;
    enum json_kind type = json_type_of(d, value);

    if (keywords[kw].form == FORM_SCHEMA || (keywords[kw].form == FORM_SCHEMA_OR_LIST && type != JSON_ARRAY)) {
        visit(b, p, value);
    } else if (type == JSON_ARRAY) {
        for (uint32_t i = value + 1; i < json_end(d, value); i = json_next(d, i))
            visit(b, p, i);
    } else if (type == JSON_OBJECT) {
        for (uint32_t k = value + 1; k < json_end(d, value); k = json_next(d, k + 1))
            visit(b, p, k + 1);
    }
}

static bool is_reference(enum keyword kw)
{
    return kw == KW_REF || kw == KW_DYNAMIC_REF || kw == KW_RECURSIVE_REF;
}

/* Recursion is bounded by the reader's depth limit. */
static void visit(struct bundle *b, struct part *p, uint32_t node)
{
    const struct json_doc *d = &p->doc->json;
    const struct dialect *dialect;
    uint32_t ref;

    if (json_type_of(d, node) != JSON_OBJECT || p->seen[node])
        return;
    p->seen[node] = true;
    dialect = set_resource(p->doc, node)->dialect;
    visit_dialect(b, p, node);
    ref = json_member(d, node, SLICE("$ref"));
    if (ref != JSON_NONE && dialect->draft == SCHEMA_DRAFT_7 && !(node == 0 && p->form == PART_REF_MOVED)) {
        visit_reference(b, p, ref - 1);
        return; /* whatever stands beside it is ignored */
    }
    for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1)) {
        enum keyword kw = keyword_find(d, k, dialect->keywords);

        if (kw == KW_COUNT)
            continue;
        if (is_reference(kw))
            visit_reference(b, p, k);
        else if (keywords[kw].form != FORM_VALUE)
            visit_keyword(b, p, kw, k + 1);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct edit *x = a, *y = b;

    return (x->at > y->at) - (x->at < y->at);
}

void bundle_collect(struct bundle *b, const struct document *root)
{
    part_of(b, root);
    for (uint32_t i = 0; i < b->spots.n; i++) {
        struct visit spot = b->spots.at[i];

        visit(b, spot.part, spot.node);
    }
    for (uint32_t i = 0; i < b->parts.n; i++)
        if (b->parts.at[i]->edits.n > 0)
            qsort(b->parts.at[i]->edits.at, b->parts.at[i]->edits.n, sizeof(struct edit), by_place);
}
