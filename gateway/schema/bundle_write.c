/* The text of a bundle: slices of the documents, and little between them. */
#include "schema/bundle_part.h"

/* Members in a row, within one object. */
struct list {
    struct buf *out;
    struct slice space; /* before each */
    bool any;
};

static void put_name(struct list *l, struct slice name)
{
    if (l->any)
        buf_putc(l->out, ',');
    l->any = true;
    buf_put(l->out, l->space);
    json_quote(l->out, name);
    buf_puts(l->out, l->space.len > 0 ? ": " : ":");
}

static void put_string(struct list *l, struct slice name, struct slice value)
{
    put_name(l, name);
    json_quote(l->out, value);
}

/* Bytes of the document, as edited. */
static void put_text(struct buf *out, const struct part *p, size_t from, size_t to)
{
    for (uint32_t i = 0; i < p->edits.n && p->edits.at[i].at < to; i++) {
        const struct edit *edit = &p->edits.at[i];

        if (edit->at < from)
            continue;
        buf_put(out, slice_of(p->doc->json.text.ptr + from, edit->at - from));
        buf_put(out, edit->text);
        from = edit->at + edit->len;
    }
    buf_put(out, slice_of(p->doc->json.text.ptr + from, to - from));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where the object at the node ends for its last member, and what stands before the first. */
static size_t last_end(const struct json_doc *d, uint32_t node)
{
    size_t end = (size_t)d->nodes[node].at + d->nodes[node].len - 1;

    while (is_space(d->text.ptr[end - 1]))
        end--;
    return end;
}

static struct slice space_in(const struct json_doc *d, uint32_t node)
{
    struct slice s = slice_from(d->text, (size_t)d->nodes[node].at + 1);
    size_t n = 0;

    while (is_space(s.ptr[n]))
        n++;
    return slice_first(s, n);
}

/* A part whose dialect is the root's needs no $schema. */
static bool needs_schema(const struct bundle *b, const struct part *p)
{
    const struct part *root = b->parts.at[0];

    return p == root || p->doc->resources.at[0].dialect != root->doc->resources.at[0].dialect;
}

static bool has(const struct part *p, struct slice name)
{
    return json_member(&p->doc->json, 0, name) != JSON_NONE;
}

static void put_part(struct bundle *b, struct buf *out, const struct part *p);

/* A name for the i-th part that is none of the root's own definitions (`own`: that object, or JSON_NONE). */
static void put_key(struct bundle *b, struct list *l, uint32_t own, uint32_t i)
{
    const struct json_doc *d = &b->parts.at[0]->doc->json;
    struct slice uri = b->parts.at[i]->uri;
    struct buf name;

    buf_init(&name, uri.len + 32);
    buf_put(&name, uri);
    for (uint32_t n = 0; own != JSON_NONE && json_member(d, own, buf_slice(&name)) != JSON_NONE; n++) {
        buf_reset(&name);
        buf_printf(&name, "%.*s %u.%u", SLICE_FMT(uri), i, n); /* a URI has no space: never one of the others' */
    }
    put_name(l, buf_slice(&name));
    buf_clear(&name);
}

static void put_embedded(struct bundle *b, struct list *l, uint32_t own)
{
    for (uint32_t i = 1; i < b->parts.n; i++) {
        put_key(b, l, own, i);
        put_part(b, l->out, b->parts.at[i]);
    }
}

static struct slice definitions_name(const struct part *p)
{
    bool is_7 = p->doc->resources.at[0].dialect->draft == SCHEMA_DRAFT_7;

    return slice_z(keywords[is_7 ? KW_DEFINITIONS : KW_DEFS].name);
}

/* What stands before members one level further in, when this stands before the root's. */
static struct slice deeper(struct bundle *b, struct slice space)
{
    size_t line = space.len;

    while (line > 0 && space.ptr[line - 1] != '\n')
        line--;
    if (line == 0)
        return space;
    return slice_z(arena_printf(&b->arena, "%.*s%.*s", SLICE_FMT(space), SLICE_FMT(slice_from(space, line))));
}

/* The definitions as a new member of the root. */
static void put_definitions(struct bundle *b, struct list *l)
{
    struct list inner = { .out = l->out, .space = deeper(b, l->space) };

    put_name(l, definitions_name(b->parts.at[0]));
    buf_putc(l->out, '{');
    put_embedded(b, &inner, JSON_NONE);
    buf_put(l->out, l->space);
    buf_putc(l->out, '}');
}

/* The root's members, with the parts among its own definitions. */
static void put_root_members(struct bundle *b, struct list *l, size_t from, uint32_t own)
{
    const struct part *p = b->parts.at[0];
    const struct json_doc *d = &p->doc->json;
    size_t middle = last_end(d, own);
    struct list inner = { .out = l->out, .space = space_in(d, own), .any = json_count(d, own) > 0 };

    put_text(l->out, p, from, middle);
    put_embedded(b, &inner, own);
    put_text(l->out, p, middle, last_end(d, 0));
}

static void put_plain(struct bundle *b, struct buf *out, const struct part *p)
{
    const struct json_doc *d = &p->doc->json;
    struct list l = { .out = out, .space = space_in(d, 0) };
    size_t open = (size_t)d->nodes[0].at + 1, end = (size_t)d->nodes[0].at + d->nodes[0].len;
    bool embeds = p == b->parts.at[0] && b->parts.n > 1;
    uint32_t own = embeds ? json_member(d, 0, definitions_name(p)) : JSON_NONE;

    buf_putc(out, '{');
    if (needs_schema(b, p) && !has(p, SLICE("$schema")))
        put_string(&l, SLICE("$schema"), p->schema);
    if (!has(p, SLICE("$id")))
        put_string(&l, SLICE("$id"), p->uri);
    if (l.any && json_count(d, 0) > 0)
        buf_putc(out, ',');
    if (own != JSON_NONE && json_type_of(d, own) == JSON_OBJECT)
        put_root_members(b, &l, open, own);
    else
        put_text(out, p, open, last_end(d, 0));
    l.any |= json_count(d, 0) > 0;
    if (embeds && own == JSON_NONE)
        put_definitions(b, &l);
    put_text(out, p, last_end(d, 0), end);
}

/* The document without what its wrapper says for it. */
static void put_inner(struct buf *out, const struct part *p)
{
    const struct json_doc *d = &p->doc->json;
    bool any = false;

    if (json_type_of(d, 0) != JSON_OBJECT) {
        buf_put(out, json_raw(d, 0));
        return;
    }
    buf_putc(out, '{');
    for (uint32_t k = 1; k < json_end(d, 0); k = json_next(d, k + 1)) {
        struct slice value = json_raw(d, k + 1);
        size_t from = d->nodes[k].at - 1, to = (size_t)(value.ptr - d->text.ptr) + value.len;
        bool is_id = json_string_eq(d, k, SLICE("$id"));

        if (json_string_eq(d, k, SLICE("$schema")))
            continue;
        if (is_id && (has(p, SLICE("$ref")) || slice_find(value, '#') + 2 >= value.len))
            continue; /* no anchor */
        if (any)
            buf_puts(out, ", ");
        any = true;
        put_text(out, p, from, to);
    }
    buf_putc(out, '}');
}

static void put_wrapped(struct bundle *b, struct buf *out, const struct part *p)
{
    bool root = p == b->parts.at[0];
    struct list l = { .out = out, .space = root ? SLICE("\n  ") : SLICE(" ") };

    buf_putc(out, '{');
    if (needs_schema(b, p))
        put_string(&l, SLICE("$schema"), p->schema);
    put_string(&l, SLICE("$id"), p->uri);
    put_name(&l, SLICE("allOf"));
    buf_putc(out, '[');
    put_inner(out, p);
    buf_putc(out, ']');
    if (root && b->parts.n > 1)
        put_definitions(b, &l);
    buf_puts(out, root ? "\n}" : " }");
}

static void put_part(struct bundle *b, struct buf *out, const struct part *p)
{
    if (p->form == PART_WRAPPED)
        put_wrapped(b, out, p);
    else
        put_plain(b, out, p);
}

void bundle_write(struct bundle *b, struct buf *out)
{
    put_part(b, out, b->parts.at[0]);
    buf_putc(out, '\n');
}
