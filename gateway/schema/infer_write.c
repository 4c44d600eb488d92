/* What was seen, in the words of JSON Schema: here it is decided which strings are an enum and which keys are ids. */
#include "schema/infer_spot.h"
#include "schema/secret_name.h"

#define WIDTH 100u /* of lists in one line */
#define IDS_LEAST 3u
#define RARE_NAMES 50u /* more than these, each in at most a quarter of the objects */
#define RARE_PART 4u
#define HEX_ID_LEAST 16u
#define ENUM_LEAST 2u
#define SEEN_PER_VALUE 3u
#define ADDRESSES_LEAST 3u /* "1.2.3.4" may be a version, "a::b" a name */
#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define BREAK '\1' /* between elements of a list; JSON text never holds it */

const char *const infer_annotations[] = { "$schema",  "$id",        "$comment", "title",     "description", "default",
                                          "examples", "deprecated", "readOnly", "writeOnly", NULL };

struct writer {
    struct infer *i;
    bool secret; /* inside a member whose name says so */
    struct buf *out;
    unsigned depth;
    bool first; /* in the innermost container */
};

static void put_line(struct writer *w)
{
    buf_printf(w->out, "\n%*s", (int)(2 * w->depth), "");
}

static void open_container(struct writer *w, char bracket)
{
    buf_putc(w->out, bracket);
    w->depth++;
    w->first = true;
}

static void close_container(struct writer *w, char bracket)
{
    w->depth--;
    if (!w->first)
        put_line(w);
    buf_putc(w->out, bracket);
    w->first = false;
}

static void put_item(struct writer *w)
{
    if (!w->first)
        buf_putc(w->out, ',');
    put_line(w);
    w->first = false;
}

static void put_name(struct writer *w, struct slice name)
{
    put_item(w);
    json_quote(w->out, name);
    buf_puts(w->out, ": ");
}

static void put_text(struct writer *w, const char *name, struct slice text)
{
    put_name(w, slice_z(name));
    json_quote(w->out, text);
}

/* elements: JSON texts, each with BREAK behind it. On one line where they fit. */
static void put_list(struct writer *w, struct slice elements)
{
    bool fits = 2 * w->depth + elements.len <= WIDTH, first = true;
    struct slice one;

    if (!fits)
        open_container(w, '[');
    else
        buf_putc(w->out, '[');
    for (; slice_cut(elements, BREAK, &one, &elements); first = false) {
        if (!fits)
            put_item(w);
        else if (!first)
            buf_puts(w->out, ", ");
        buf_put(w->out, one);
    }
    if (!fits)
        close_container(w, ']');
    else
        buf_putc(w->out, ']');
}

/* A value of the schema merged with, in our layout. */
static void put_value(struct writer *w, const struct json_doc *d, uint32_t n)
{
    bool object = json_type_of(d, n) == JSON_OBJECT;

    if (!object && json_type_of(d, n) != JSON_ARRAY) {
        buf_put(w->out, json_raw(d, n));
        return;
    }
    open_container(w, object ? '{' : '[');
    for (uint32_t k = n + 1; k < json_end(d, n); k = json_next(d, k)) {
        put_item(w);
        if (object) {
            buf_put(w->out, json_raw(d, k++));
            buf_puts(w->out, ": ");
        }
        put_value(w, d, k);
    }
    close_container(w, object ? '}' : ']');
}

static void put_annotations(struct writer *w, const struct spot *p)
{
    bool root = p == w->i->root;

    for (const char *const *name = infer_annotations; *name; name++) {
        uint32_t value = p->base == JSON_NONE ? JSON_NONE : json_member(w->i->base, p->base, slice_z(*name));

        if (root && slice_eq_z(slice_z(*name), "title") && w->i->options.title.len) {
            put_text(w, *name, w->i->options.title);
        } else if (value != JSON_NONE) {
            put_name(w, slice_z(*name));
            put_value(w, w->i->base, value);
        } else if (root && name == infer_annotations) {
            put_text(w, *name, SLICE(DIALECT));
        }
    }
}

static void put_type(struct writer *w, unsigned kinds)
{
    struct buf *list = &w->i->tmp;

    if (kinds & INFER_NUMBER)
        kinds &= ~INFER_INTEGER;
    put_name(w, SLICE("type"));
    if ((kinds & (kinds - 1)) == 0) {
        for (int k = 0; k < INFER_KINDS; k++)
            if (kinds >> k & 1)
                json_quote(w->out, slice_z(infer_kind_names[k]));
        return;
    }
    buf_reset(list);
    for (int k = 0; k < INFER_KINDS; k++)
        if (kinds >> k & 1)
            buf_printf(list, "\"%s\"%c", infer_kind_names[k], BREAK);
    put_list(w, buf_slice(list));
}

static const char *format_of(const struct strings *s)
{
    const unsigned addresses = 1u << FORMAT_IPV4 | 1u << FORMAT_IPV6;

    for (int f = 0; s->seen > 0 && s->formats >> f; f++)
        if (s->formats >> f & 1 && (s->kept || s->seen >= ADDRESSES_LEAST || !(addresses >> f & 1)))
            return format_name((enum format)f);
    return NULL;
}

/* Few words, each of them more than once: a word that was seen once says that there are more. Secrets are no words. */
static bool is_enum(const struct writer *w, const struct spot *p)
{
    const struct strings *s = &p->strings;

    if (s->many || s->values.n == 0 || p->untyped || p->kinds & ~(INFER_STRING | INFER_NULL))
        return false;
    if (s->kept)
        return true;
    if (w->secret || format_of(s) || s->values.n < ENUM_LEAST || s->seen < (uint64_t)s->values.n * SEEN_PER_VALUE)
        return false;
    for (uint32_t n = 0; n < s->values.n; n++)
        if (s->values.at[n].seen < 2)
            return false;
    return true;
}

static void put_strings(struct writer *w, const struct spot *p)
{
    const struct strings *s = &p->strings;
    const char *format = format_of(s);
    struct buf *list = &w->i->tmp;

    if (is_enum(w, p) && s->values.n == 1 && !(p->kinds & INFER_NULL)) {
        put_text(w, "const", s->values.at[0].text);
    } else if (is_enum(w, p)) {
        buf_reset(list);
        for (uint32_t n = 0; n < s->values.n; n++) {
            json_quote(list, s->values.at[n].text);
            buf_putc(list, BREAK);
        }
        if (p->kinds & INFER_NULL)
            buf_printf(list, "null%c", BREAK);
        put_name(w, SLICE("enum"));
        put_list(w, buf_slice(list));
    }
    if (format)
        put_text(w, "format", slice_z(format));
}

static void put_ranges(struct writer *w, const struct spot *p)
{
    for (int r = 0; p->bounds && r < INFER_RANGES; r++) {
        const struct bound *b = &p->bounds[r];

        /* At least nothing is what any length is. */
        if (slice_eq(b->text, SLICE("0")) && r != INFER_MINIMUM && r % 2 == 0)
            continue;
        if (b->text.len && !b->open && (b->kept || w->i->options.ranges)) {
            put_name(w, slice_z(infer_ranges[r].name));
            buf_put(w->out, b->text);
        }
    }
}

static bool is_id(struct slice name)
{
    size_t digits = 0, hex = 0;

    for (size_t n = 0; n < name.len; n++) {
        bool digit = name.ptr[n] >= '0' && name.ptr[n] <= '9';

        digits += digit;
        hex += digit || ((name.ptr[n] | 0x20) >= 'a' && (name.ptr[n] | 0x20) <= 'f');
    }
    return name.len > 0 && (digits == name.len || (hex == name.len && digits > 0 && hex >= HEX_ID_LEAST) ||
                            format_valid(FORMAT_UUID, name));
}

/* Are the names of members data, not words of the format? */
static bool has_ids(const struct spot *p)
{
    uint32_t ids = 0;
    uint64_t most = 0;

    if (p->rest || p->closed)
        return false;
    for (uint32_t n = 0; n < p->properties.n; n++) {
        const struct property *q = &p->properties.at[n];

        ids += is_id(q->name);
        most = q->seen > most ? q->seen : most;
    }
    return (ids >= IDS_LEAST && ids == p->properties.n) ||
           (p->properties.n > RARE_NAMES && most <= p->objects / RARE_PART);
}

static void put_spot(struct writer *w, struct spot *p);

static void put_properties(struct writer *w, const struct spot *p)
{
    bool any = false, secret = w->secret;

    for (uint32_t n = 0; n < p->properties.n; n++) {
        if (!p->properties.at[n].value)
            continue;
        if (!any) {
            put_name(w, SLICE("properties"));
            open_container(w, '{');
        }
        any = true;
        put_name(w, p->properties.at[n].name);
        w->secret = secret || secret_name_in(p->properties.at[n].name);
        put_spot(w, p->properties.at[n].value);
        w->secret = secret;
    }
    if (any)
        close_container(w, '}');
}

static void put_required(struct writer *w, const struct spot *p)
{
    struct buf *list = &w->i->tmp;

    buf_reset(list);
    for (uint32_t n = 0; n < p->properties.n; n++) {
        if (p->properties.at[n].seen == p->objects) {
            json_quote(list, p->properties.at[n].name);
            buf_putc(list, BREAK);
        }
    }
    if (list->len == 0)
        return;
    put_name(w, SLICE("required"));
    put_list(w, buf_slice(list));
}

static void put_object(struct writer *w, struct spot *p)
{
    if (has_ids(p))
        infer_collapse(w->i, p);
    put_properties(w, p);
    put_required(w, p);
    if (p->rest) {
        put_name(w, SLICE("additionalProperties"));
        put_spot(w, p->rest);
    } else if (p->closed || (w->i->options.closed && !p->untyped)) {
        put_name(w, SLICE("additionalProperties"));
        buf_puts(w->out, "false");
    }
}

static void put_spot(struct writer *w, struct spot *p)
{
    open_container(w, '{');
    put_annotations(w, p);
    if (!p->open) {
        if (p->kinds && !p->untyped)
            put_type(w, p->kinds);
        put_strings(w, p);
        put_ranges(w, p);
        if (p->objects > 0)
            put_object(w, p);
        if (p->items) {
            put_name(w, SLICE("items"));
            put_spot(w, p->items);
        }
    }
    close_container(w, '}');
}

void infer_write(struct infer *i, struct buf *out)
{
    struct writer w = { .i = i, .out = out };

    put_spot(&w, i->root);
    buf_putc(out, '\n');
}
