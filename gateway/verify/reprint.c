#include "verify/reprint.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "json/escape.h"

const struct reprint_style reprint_styles[] = {
    { "compact JSON", ",", ":", 0, false, "", false, false },
    { "JSON with a space after ',' and ':', as Python prints it", ", ", ": ", 0, true, "", false, false },
    { "JSON with a space after ',' and ':' and letters as they are", ", ", ": ", 0, false, "", false, false },
    { "compact JSON with \\u escapes", ",", ":", 0, true, "", false, false },
    { "compact JSON with \\u escapes and \\/, as PHP prints it", ",", ":", 0, true, "", false, true },
    { "compact JSON with \\/", ",", ":", 0, false, "", false, true },
    { "compact JSON with <, > and & escaped, as Go prints it", ",", ":", 0, false, "<>&", false, false },
    { "compact JSON escaped as .NET prints it", ",", ":", 0, true, "\"&'+<>`", true, false },
    { "JSON indented by 2 spaces", ",", ": ", 2, false, "", false, false },
    { "JSON indented by 4 spaces", ",", ": ", 4, false, "", false, false },
    { NULL, NULL, NULL, 0, false, NULL, false, false },
};

struct printer {
    const struct json_doc *d;
    const struct reprint_style *style;
    bool sorted;
    struct buf *out, tmp; /* tmp: a string, unescaped */
};

static void put_escaped(struct printer *p, uint32_t c)
{
    const char *form = p->style->upper ? "\\u%04X" : "\\u%04x";
    if (c > 0xffff) {
        buf_printf(p->out, form, 0xd800 + ((c - 0x10000) >> 10));
        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    buf_printf(p->out, form, c);
}

static void put_character(struct printer *p, uint32_t c)
{
    static const char shorts[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    char text[4];

    if (c > 0 && c < 0x80 && strchr(p->style->escaped, (int)c)) {
        put_escaped(p, c);
    } else if (c == '"' || c == '\\' || (c == '/' && p->style->slashes)) {
        buf_putc(p->out, '\\');
        buf_putc(p->out, (char)c);
    } else if (c < sizeof shorts && shorts[c]) {
        buf_putc(p->out, '\\');
        buf_putc(p->out, shorts[c]);
    } else if (c < 0x20 || (c > 0x7e && p->style->ascii)) {
        put_escaped(p, c);
    } else {
        buf_put(p->out, slice_of(text, utf8_put(c, text)));
    }
}

static void put_string(struct printer *p, uint32_t node)
{
    buf_reset(&p->tmp);
    struct slice s = json_string(p->d, node, &p->tmp);
    buf_putc(p->out, '"');
    for (const char *at = s.ptr, *end = s.ptr + s.len; at < end;)
        put_character(p, utf8_next(&at));
    buf_putc(p->out, '"');
}

static void put_line(struct printer *p, unsigned depth)
{
    if (p->style->indent == 0)
        return;
    buf_putc(p->out, '\n');
    for (unsigned i = 0; i < depth * p->style->indent; i++)
        buf_putc(p->out, ' ');
}

struct named {
    struct slice name; /* escapes as written */
    uint32_t key;
};

static int by_name(const void *a, const void *b)
{
    return escape_cmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* The keys of an object in the order in which they are printed. The caller frees. */
static struct named *keys_of(const struct printer *p, uint32_t node, size_t *n)
{
    struct named *keys = mem_alloc((p->d->nodes[node].link - node + 1) / 2 * sizeof *keys + sizeof *keys);
    *n = 0;
    for (uint32_t k = node + 1; k < json_end(p->d, node); k = json_next(p->d, k + 1))
        keys[(*n)++] = (struct named){ json_inner(p->d, k), k };
    if (p->sorted)
        qsort(keys, *n, sizeof *keys, by_name);
    return keys;
}

static void put_value(struct printer *p, uint32_t node, unsigned depth);

static void put_object(struct printer *p, uint32_t node, unsigned depth)
{
    size_t n;
    struct named *keys = keys_of(p, node, &n);

    buf_putc(p->out, '{');
    for (size_t i = 0; i < n && !p->out->failed; i++) {
        if (i > 0)
            buf_puts(p->out, p->style->comma);
        put_line(p, depth + 1);
        put_string(p, keys[i].key);
        buf_puts(p->out, p->style->colon);
        put_value(p, keys[i].key + 1, depth + 1);
    }
    if (n > 0)
        put_line(p, depth);
    buf_putc(p->out, '}');
    free(keys);
}

static void put_array(struct printer *p, uint32_t node, unsigned depth)
{
    uint32_t end = json_end(p->d, node);

    buf_putc(p->out, '[');
    for (uint32_t i = node + 1; i < end && !p->out->failed; i = json_next(p->d, i)) {
        if (i > node + 1)
            buf_puts(p->out, p->style->comma);
        put_line(p, depth + 1);
        put_value(p, i, depth + 1);
    }
    if (end > node + 1)
        put_line(p, depth);
    buf_putc(p->out, ']');
}

/* Calls itself no deeper than the document was allowed to be. */
static void put_value(struct printer *p, uint32_t node, unsigned depth)
{
    switch (json_type_of(p->d, node)) {
    case JSON_OBJECT:
        put_object(p, node, depth);
        break;
    case JSON_ARRAY:
        put_array(p, node, depth);
        break;
    case JSON_STRING:
        put_string(p, node);
        break;
    default:
        buf_put(p->out, json_raw(p->d, node));
    }
}

void reprint(const struct json_doc *d, const struct reprint_style *style, bool sorted, struct buf *out)
{
    struct printer p = { .d = d, .style = style, .sorted = sorted, .out = out };
    buf_init(&p.tmp, d->text.len + 1);
    put_value(&p, 0, 0);
    buf_clear(&p.tmp);
}
