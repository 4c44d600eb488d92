#include "config/tree.h"

#include <stdlib.h>

#include "base/embedded.h"
#include "config/nearest.h"
#include "json/pointer.h"
#include "schema/schema.h"

#define OWN_SCHEMAS "schemas/hooklatch/"
#define HINT_BYTES 2048
#define KNOWN_MAX 100

/* Of one check: the tree, and the schema file that spoke last, as a document to take hints from. */
struct checker {
    const struct tree *t;
    struct issues *is;
    const struct embedded *file;
    struct json_doc doc;
    struct arena memory;
};

static const struct embedded *find_embedded(struct slice name)
{
    for (const struct embedded *f = embedded_files; f->name; f++) {
        if (slice_eq_z(name, f->name))
            return f;
    }
    return NULL;
}

static struct slice schema_uri(const char *name, struct arena *a)
{
    return slice_z(arena_printf(a, "file:///%s", name));
}

/* All of hooklatch's own schemas: they refer to each other. */
static int add_schemas(struct schema_set *set, struct arena *a, struct err *e)
{
    for (const struct embedded *f = embedded_files; f->name; f++) {
        if (slice_starts(slice_z(f->name), SLICE(OWN_SCHEMAS)) &&
            schema_set_add(set, schema_uri(f->name, a), slice_z(f->name), slice_of(f->bytes, f->len), e) < 0)
            return -1;
    }
    return 0;
}

static struct schema *compile_own(const char *name, struct err *e)
{
    struct schema_options options = { .draft = SCHEMA_DRAFT_2020_12 };
    struct schema_set *set = schema_set_new();
    struct schema *schema = NULL;
    struct arena memory;

    arena_init(&memory);
    if (add_schemas(set, &memory, e) == 0)
        schema = schema_compile(set, schema_uri(name, &memory), &options, e);
    schema_set_free(set);
    arena_clear(&memory);
    return schema;
}

static void open_file(struct checker *c, struct slice name)
{
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json_fault fault;
    const struct embedded *f = find_embedded(name);

    if (!f || f == c->file)
        return;
    c->file = f;
    if (json_parse(&c->doc, slice_of(f->bytes, f->len), &limits, &fault) < 0)
        c->file = NULL;
}

/* "file.json#/a/b/type": the node of /a/b in that file, and the keyword "type". */
static uint32_t find_place(struct checker *c, struct slice place, struct slice *keyword)
{
    struct slice name, path;
    struct pointer pointer;
    struct err e;

    slice_cut(place, '#', &name, &path);
    open_file(c, name);
    size_t end = path.len;
    while (end > 0 && path.ptr[end - 1] != '/')
        end--;
    *keyword = slice_from(path, end);
    if (!c->file || end == 0 || pointer_init(&pointer, slice_first(path, end - 1), &e) < 0)
        return JSON_NONE;
    uint32_t node = pointer_get(&pointer, &c->doc, 0);
    pointer_clear(&pointer);
    return node;
}

static struct slice string_at(struct checker *c, uint32_t node)
{
    struct buf tmp;

    buf_init(&tmp, (size_t)c->doc.nodes[node].len + 1);
    struct slice copy = arena_slice(&c->memory, json_string(&c->doc, node, &tmp));
    buf_clear(&tmp);
    return copy;
}

/* The member names of an object, or the strings of an array. */
static size_t words_of(struct checker *c, uint32_t node, struct slice *words)
{
    size_t n = 0;

    if (node == JSON_NONE)
        return 0;
    bool object = json_type_of(&c->doc, node) == JSON_OBJECT;
    for (uint32_t i = node + 1; i < json_end(&c->doc, node) && n < KNOWN_MAX;
         i = json_next(&c->doc, object ? i + 1 : i))
        words[n++] = string_at(c, i);
    return n;
}

static uint32_t member(const struct checker *c, uint32_t schema, const char *key)
{
    return json_member(&c->doc, schema, slice_z(key));
}

static bool wants_boolean(const struct checker *c, uint32_t schema)
{
    uint32_t type = member(c, schema, "type");

    return type != JSON_NONE && json_type_of(&c->doc, type) == JSON_STRING &&
           json_string_eq(&c->doc, type, SLICE("boolean"));
}

static void put_words_hint(struct checker *c, uint32_t node, struct slice word, struct buf *hint)
{
    struct slice words[KNOWN_MAX];
    size_t n = words_of(c, node, words);

    nearest_put_hint(word, words, n, hint);
}

/* What the schema itself says about a good value, best first. */
static void put_schema_hint(struct checker *c, uint32_t schema, struct buf *hint)
{
    uint32_t own = member(c, schema, "x-hint"), examples = member(c, schema, "examples"),
             description = member(c, schema, "description");

    if (own != JSON_NONE)
        buf_put(hint, string_at(c, own));
    else if (examples != JSON_NONE)
        buf_printf(hint, "for example %.*s", SLICE_FMT(json_raw(&c->doc, examples + 1)));
    else if (description != JSON_NONE)
        buf_put(hint, string_at(c, description));
}

/* node: the KEY that nobody knows. */
static void say_unknown_key(struct checker *c, uint32_t schema, uint32_t node, struct buf *text, struct buf *hint)
{
    struct slice key = tree_string(c->t, node, &c->memory);

    if (member(c, schema, "patternProperties") != JSON_NONE) {
        buf_printf(text, "\"%.*s\" is not a valid name", SLICE_FMT(key));
        put_schema_hint(c, schema, hint);
        return;
    }
    buf_printf(text, "unknown key \"%.*s\"", SLICE_FMT(key));
    put_words_hint(c, member(c, schema, "properties"), key, hint);
}

static void say_violation(struct checker *c, const struct schema_error *error)
{
    struct slice keyword;
    uint32_t schema = find_place(c, error->schema_place, &keyword), node = error->node;
    struct buf text, hint;

    buf_init(&text, HINT_BYTES);
    buf_init(&hint, HINT_BYTES);
    if (schema != JSON_NONE && slice_eq_z(keyword, "additionalProperties")) {
        say_unknown_key(c, schema, node, &text, &hint);
    } else {
        buf_put(&text, error->message);
    }
    if (schema != JSON_NONE && slice_eq_z(keyword, "enum"))
        put_words_hint(c, member(c, schema, "enum"), tree_string(c->t, node, &c->memory), &hint);
    else if (schema != JSON_NONE && slice_eq_z(keyword, "type") && wants_boolean(c, schema))
        buf_puts(&hint, "write true or false");
    else if (schema != JSON_NONE && hint.len == 0)
        put_schema_hint(c, schema, &hint);
    tree_error(c->t, node, c->is, hint.len ? hint.ptr : NULL, "%.*s", SLICE_FMT(buf_slice(&text)));
    buf_clear(&text);
    buf_clear(&hint);
}

static int report(const struct tree *t, uint32_t node, const struct schema *schema, struct schema_scratch *scratch,
                  struct issues *is)
{
    struct checker c = { .t = t, .is = is };
    struct schema_report found;

    arena_init(&c.memory);
    json_doc_init(&c.doc);
    schema_report_make(&found, schema, &t->doc, node, scratch, 100);
    for (size_t i = 0; i < found.count; i++)
        say_violation(&c, &found.errors[i]);
    if (found.count == 0)
        tree_error(t, node, is, NULL, "too large to be checked");
    schema_report_clear(&found);
    json_doc_clear(&c.doc);
    arena_clear(&c.memory);
    return -1;
}

int tree_check(const struct tree *t, uint32_t node, const char *schema_name, struct issues *is)
{
    struct err e;
    struct schema *schema = compile_own(schema_name, &e);

    if (!schema) {
        tree_error(t, node, is, NULL, "hooklatch's own schema does not compile: %s", e.text);
        return -1;
    }
    struct schema_scratch *scratch = schema_scratch_new();
    int result =
        schema_check(schema, &t->doc, node, scratch) == SCHEMA_VALID ? 0 : report(t, node, schema, scratch, is);
    schema_scratch_free(scratch);
    schema_unref(schema);
    return result;
}
