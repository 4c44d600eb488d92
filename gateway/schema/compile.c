#include "schema/compile.h"

#include <stdio.h>

#include "json/pointer.h"
#include "schema/message.h"
#include "schema/meta.h"
#include "schema/uri.h"

#define PROGRAM_TEXT_MAX (256u << 20)
#define PROGRAM_NODES_MAX 1000000u
#define PROGRAM_BYTES_MAX (512u << 20)
#define WARNINGS_MAX 20u
#define WARN_NAME_LEAST 3u

int compile_fail(struct compile *c, const struct item *it, enum keyword kw, const char *fmt, ...)
{
    char text[sizeof c->e->text];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(c->e, ERR_INPUT, "%.*s#%.*s%s%s: %s", SLICE_FMT(it->place.doc->name), SLICE_FMT(it->place.pointer),
                   kw == KW_COUNT ? "" : "/", kw == KW_COUNT ? "" : keywords[kw].name, text);
}

struct slice compile_string(struct compile *c, const struct item *it, uint32_t value)
{
    return set_string(&c->arena, it->place.doc, value);
}

struct name program_name(struct program *p, struct slice s)
{
    struct name n = { json_hash(s), (uint32_t)p->text.len, (uint32_t)s.len };

    buf_put(&p->text, s);
    if (p->text.failed) /* the program is refused in the end; until then nobody reads past the text */
        n.at = n.len = 0;
    return n;
}

uint32_t compile_const(struct compile *c, const struct item *it, uint32_t value)
{
    const struct json_doc *d = &it->place.doc->json;
    struct program *p = &c->program;
    struct slice raw = json_raw(d, value);
    uint32_t first = p->const_nodes.n;
    size_t base = (size_t)(raw.ptr - d->text.ptr), to = p->const_text.len;

    buf_put(&p->const_text, raw);
    for (uint32_t i = value; i < json_next(d, value); i++) {
        struct json_node *n = VEC_ADD(&p->const_nodes);
        enum json_kind type = json_type_of(d, i);

        *n = d->nodes[i];
        n->at = (uint32_t)(n->at - base + to);
        if (type == JSON_ARRAY || type == JSON_OBJECT)
            n->link = n->link - value + first;
    }
    return first;
}

int compile_count(struct compile *c, const struct item *it, enum keyword kw, uint64_t *out)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t value = it->keywords[kw];
    struct number n;
    int64_t count;

    if (value == JSON_NONE)
        return 0;
    if (json_type_of(d, value) == JSON_NUMBER) {
        number_read(json_inner(d, value), &n);
        if (number_is_integer(&n) && !n.negative) {
            *out = json_int64(d, value, &count) ? UINT64_MAX : (uint64_t)count;
            return 0;
        }
    }
    return compile_fail(c, it, kw, "must be a whole number from 0, found %.60s",
                        json_type_of(d, value) == JSON_NUMBER
                            ? arena_printf(&c->arena, "%.*s", SLICE_FMT(json_inner(d, value)))
                            : "another type");
}

int compile_regex(struct compile *c, const struct item *it, enum keyword kw, struct slice pattern, uint32_t *regex)
{
    struct regex *r = regex_new(pattern, c->e);

    if (!r) {
        const char *why = arena_printf(&c->arena, "%s", c->e->text);

        return compile_fail(c, it, kw, "\"%.*s\": %s", (int)(pattern.len < 120 ? pattern.len : 120), pattern.ptr, why);
    }
    *regex = c->program.regexes.n;
    *VEC_ADD(&c->program.regexes) = r;
    return 0;
}

static uint32_t origin_hash(const struct place *place, uint32_t scope)
{
    uint64_t h = ((uint64_t)(uintptr_t)place->doc >> 4) * 0x9e3779b97f4a7c15ull + place->node;

    h = (h ^ scope) * 0xff51afd7ed558ccdull;
    return (uint32_t)(h >> 32);
}

static uint32_t *origin_bucket(struct compile *c, const struct place *place, uint32_t scope)
{
    uint32_t i = origin_hash(place, scope) & (c->n_buckets - 1);

    for (; c->buckets[i]; i = (i + 1) & (c->n_buckets - 1)) {
        const struct origin *o = &c->origins.at[c->buckets[i] - 1];

        if (o->place.doc == place->doc && o->place.node == place->node && o->scope == scope)
            break;
    }
    return &c->buckets[i];
}

static void buckets_grow(struct compile *c)
{
    c->n_buckets = c->n_buckets ? c->n_buckets * 2 : 256;
    free(c->buckets);
    c->buckets = mem_zalloc(c->n_buckets * sizeof *c->buckets);
    for (uint32_t i = 0; i < c->origins.n; i++)
        *origin_bucket(c, &c->origins.at[i].place, c->origins.at[i].scope) = i + 1;
}

struct node *program_add_node(struct program *p)
{
    struct node *n = VEC_ADD(&p->nodes);

    n->types = TYPE_ANY;
    n->string = n->number = n->array = n->object = n->values = n->constant = n->unevaluated = NONE;
    return n;
}

uint32_t compile_node(struct compile *c, const struct place *place, uint32_t scope)
{
    uint32_t inside = scope_enter(&c->scopes, scope, place), *bucket;
    struct node *n;

    if (inside == SCOPE_NONE) {
        c->too_large = true;
        inside = scope;
    }
    if ((c->origins.n + 1) * 2 > c->n_buckets)
        buckets_grow(c);
    bucket = origin_bucket(c, place, inside);
    if (*bucket)
        return *bucket - 1;
    n = program_add_node(&c->program);
    n->place.at = (uint32_t)c->program.text.len;
    buf_put(&c->program.text, place->doc->name);
    buf_putc(&c->program.text, '#');
    buf_put(&c->program.text, place->pointer);
    n->place.len = (uint32_t)(c->program.text.len - n->place.at);
    if (c->options->keep_annotations)
        compile_absolute(c, place);
    *VEC_ADD(&c->origins) = (struct origin){ *place, inside };
    *bucket = c->origins.n;
    return *bucket - 1;
}

uint32_t compile_edge(struct compile *c, const struct item *it, uint32_t value, struct slice path)
{
    struct place place = it->place;
    struct edge *edge;
    uint32_t to;

    place.node = value;
    c->pointer_bytes += it->place.pointer.len + path.len;
    c->too_large |= c->pointer_bytes > SET_POINTERS_MAX;
    if (!c->too_large)
        place.pointer = set_join(&c->arena, it->place.pointer, path);
    to = compile_node(c, &place, it->scope);
    edge = VEC_ADD(&c->program.edges);
    edge->to = edge->run = to;
    return c->program.edges.n - 1;
}

uint32_t compile_keyword_edge(struct compile *c, const struct item *it, enum keyword kw)
{
    char path[64];

    if (it->keywords[kw] == JSON_NONE)
        return NONE;
    snprintf(path, sizeof path, "/%s", keywords[kw].name);
    return compile_edge(c, it, it->keywords[kw], slice_z(path));
}

uint32_t compile_member_edge(struct compile *c, const struct item *it, enum keyword kw, uint32_t key)
{
    struct slice name = compile_string(c, it, key);
    struct buf path;
    uint32_t edge;

    buf_init(&path, 2 * name.len + 64);
    buf_printf(&path, "/%s", keywords[kw].name);
    pointer_put_token(&path, name);
    edge = compile_edge(c, it, key + 1, buf_slice(&path));
    buf_clear(&path);
    return edge;
}

int compile_list(struct compile *c, const struct item *it, enum keyword kw, uint32_t *first, uint32_t *n)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t list = it->keywords[kw];

    if (json_type_of(d, list) != JSON_ARRAY || json_count(d, list) == 0)
        return compile_fail(c, it, kw, "must be a list of at least one schema");
    *first = c->program.edges.n;
    *n = 0;
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        char path[64];

        snprintf(path, sizeof path, "/%s/%u", keywords[kw].name, (*n)++);
        compile_edge(c, it, i, slice_z(path));
    }
    return 0;
}

static int refuse_dialect(struct compile *c, const struct item *it, struct slice uri)
{
    static const char *known = "http://json-schema.org/draft-07/schema#, https://json-schema.org/draft/2019-09/schema "
                               "or https://json-schema.org/draft/2020-12/schema";
    struct slice older = dialect_older_draft(uri);

    if (older.len > 0)
        return compile_fail(c, it, KW_SCHEMA, "%.*s is not supported: write the schema in %s", SLICE_FMT(older), known);
    return compile_fail(c, it, KW_SCHEMA,
                        "unknown dialect \"%.*s\": use %s, or put its meta-schema, whose \"$schema\" says which of them "
                        "it builds on, into a schema folder",
                        SLICE_FMT(uri), known);
}

/* A $schema where no resource begins may only repeat what holds there. */
static int check_dialect(struct compile *c, const struct item *it, const struct resource *r)
{
    const struct document *doc = it->place.doc;
    uint32_t value = json_member(&doc->json, it->place.node, SLICE("$schema"));
    struct slice uri;

    if (r->unknown_dialect.len > 0)
        return refuse_dialect(c, it, r->unknown_dialect);
    if (r->dialect->unknown.len > 0)
        return compile_fail(c, it, KW_SCHEMA, "the dialect %.*s requires the vocabulary %.*s, which is not known here",
                            SLICE_FMT(r->dialect->uri), SLICE_FMT(r->dialect->unknown));
    if (value == JSON_NONE || it->place.node == r->node)
        return 0;
    if (json_type_of(&doc->json, value) != JSON_STRING)
        return compile_fail(c, it, KW_SCHEMA, "must be a string");
    uri = compile_string(c, it, value);
    if (slice_eq(uri_without_fragment(uri), r->dialect->uri) || dialect_find(uri) == r->dialect)
        return 0;
    if (!dialect_find(uri))
        return refuse_dialect(c, it, uri);
    return compile_fail(c, it, KW_SCHEMA, "a part of a %s schema cannot be %s: give it an \"$id\" of its own",
                        dialect_draft_name(r->dialect->draft), dialect_draft_name(dialect_find(uri)->draft));
}

static void gather_keywords(struct item *it)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t node = it->place.node, ref;

    for (int i = 0; i < KW_COUNT; i++)
        it->keywords[i] = JSON_NONE;
    ref = json_member(d, node, SLICE("$ref"));
    if (ref != JSON_NONE && it->dialect->draft == SCHEMA_DRAFT_7) {
        it->keywords[KW_REF] = ref; /* and nothing beside it counts */
        return;
    }
    for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1)) {
        enum keyword kw = keyword_find(d, k, it->dialect->keywords);

        if (kw != KW_COUNT)
            it->keywords[kw] = k + 1;
    }
}

/* A member that is no keyword here, and differs from one by a letter or its case. */
static void warn_of_member(struct compile *c, const struct item *it, uint32_t key)
{
    struct near near = near_to(json_inner(&it->place.doc->json, key));

    near.distance = 2;
    for (int i = 0; i < KW_COUNT; i++)
        if (dialect_has(it->dialect, (enum keyword)i))
            near_try(&near, slice_z(keywords[i].name));
    if (near.best.len == 0 || near.name.len < WARN_NAME_LEAST)
        return;
    c->warnings++;
    c->options->warn(arena_printf(&c->arena, "%.*s#%.*s: \"%.*s\" is no keyword and has no effect; did you mean \"%.*s\"?",
                                  SLICE_FMT(it->place.doc->name), SLICE_FMT(it->place.pointer), SLICE_FMT(near.name),
                                  SLICE_FMT(near.best)),
                     c->options->warn_arg);
}

static void warn_of_members(struct compile *c, const struct item *it)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t node = it->place.node;

    if (!c->options->warn || it->place.doc->builtin)
        return;
    for (uint32_t k = node + 1; k < json_end(d, node) && c->warnings < WARNINGS_MAX; k = json_next(d, k + 1))
        if (keyword_find(d, k, UINT64_MAX) == KW_COUNT)
            warn_of_member(c, it, k);
}

/* Also where the draft ignores what stands beside a "$ref": to keep a secret is no assertion. */
static bool is_write_only(const struct item *it)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t value = json_member(d, it->place.node, slice_z(keywords[KW_WRITE_ONLY].name));

    return value != JSON_NONE && json_type_of(d, value) == JSON_TRUE;
}

static int compile_object_schema(struct compile *c, struct item *it)
{
    const struct resource *r = set_resource(it->place.doc, it->place.node);

    it->dialect = r->dialect;
    if (check_dialect(c, it, r))
        return -1;
    gather_keywords(it);
    warn_of_members(c, it);
    c->program.nodes.at[it->node].write_only = is_write_only(it);
    if (c->options->keep_annotations)
        compile_annotations(c, it);
    if (compile_type(c, it) || compile_values(c, it) || compile_numbers(c, it) || compile_strings(c, it))
        return -1;
    return compile_arrays(c, it) || compile_objects(c, it) || compile_logic(c, it) ? -1 : 0;
}

static int compile_item(struct compile *c, uint32_t node)
{
    struct item it = { .place = c->origins.at[node].place, .scope = c->origins.at[node].scope, .node = node };

    switch (json_type_of(&it.place.doc->json, it.place.node)) {
    case JSON_TRUE:
        return 0;
    case JSON_FALSE:
        c->program.nodes.at[node].types = 0;
        return 0;
    case JSON_OBJECT:
        return compile_object_schema(c, &it);
    default:
        return compile_fail(c, &it, KW_COUNT, "a schema must be an object, true or false");
    }
}

static size_t program_bytes(const struct program *p)
{
    size_t bytes = p->text.len + p->const_text.len;

#define X(type, field) bytes += p->field.n * sizeof(type);
    PROGRAM_ARRAYS(X)
#undef X
    return bytes;
}

static bool is_too_large(const struct compile *c)
{
    return c->too_large || c->set->too_large || c->program.text.failed || c->program.const_text.failed ||
           c->origins.n > PROGRAM_NODES_MAX || program_bytes(&c->program) > PROGRAM_BYTES_MAX;
}

static int refuse_size(struct compile *c, const struct document *doc)
{
    return err_set(c->e, ERR_LIMIT,
                   "%.*s: the compiled schema is too large (at most %u sub-schemas, %u MiB, and %u MiB of JSON Pointers; a "
                   "sub-schema counts once for each set of $dynamicAnchors it is reached with)",
                   SLICE_FMT(doc->name), PROGRAM_NODES_MAX, PROGRAM_BYTES_MAX >> 20, SET_POINTERS_MAX >> 20);
}

/* Breadth first: nodes that were asked for wait in a row, so that nothing here recurses. */
static int compile_all(struct compile *c, struct slice uri)
{
    struct slice base, fragment;
    struct place root;
    struct edge *edge;

    slice_cut(uri, '#', &base, &fragment);
    if (set_find(c->set, &c->arena, base, fragment, &root, c->e))
        return -1;
    edge = VEC_ADD(&c->program.edges);
    edge->to = edge->run = compile_node(c, &root, 0);
    for (uint32_t i = 0; i < c->origins.n; i++) {
        if (compile_item(c, i))
            return -1;
        if (is_too_large(c))
            return refuse_size(c, root.doc);
    }
    if (program_link(&c->program, c->e))
        return -1;
    return is_too_large(c) ? refuse_size(c, root.doc) : 0;
}

static void program_clear(struct program *p)
{
    for (uint32_t i = 0; i < p->regexes.n; i++)
        regex_free(p->regexes.at[i]);
#define X(type, field) VEC_FREE(&p->field);
    PROGRAM_ARRAYS(X)
#undef X
    buf_clear(&p->text);
    buf_clear(&p->const_text);
}

static void compile_clear(struct compile *c)
{
    program_clear(&c->program);
    VEC_FREE(&c->origins);
    scopes_clear(&c->scopes);
    free(c->buckets);
    arena_clear(&c->arena);
}

struct schema *schema_compile(struct schema_set *s, struct slice uri, const struct schema_options *o, struct err *e)
{
    struct compile c = { .set = s, .options = o, .e = e };
    struct schema *schema = NULL;

    set_scan(s, o->draft);
    arena_init(&c.arena);
    buf_init(&c.program.text, PROGRAM_TEXT_MAX);
    buf_init(&c.program.const_text, PROGRAM_TEXT_MAX);
    if (compile_all(&c, uri) == 0 && meta_check_origins(&c) == 0)
        schema = program_freeze(&c.program);
    compile_clear(&c);
    return schema;
}
