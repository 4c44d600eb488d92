#include "json/template.h"

#include <stdlib.h>

#include "base/mem.h"

/* at: the offset in the template of what is wrong. */
static int fail(struct err *e, struct slice text, size_t at, const char *why)
{
    return err_set(e, ERR_INPUT, "template \"%.*s\", character %zu: %s", SLICE_FMT(text), at + 1, why);
}

static int fail_kind(struct err *e, struct slice text, size_t at, struct slice kind, const struct template_kind *kinds)
{
    static const char *const ends[] = {
        [TEMPLATE_ARG_NONE] = "}", [TEMPLATE_ARG_NEEDED] = ":value}", [TEMPLATE_ARG_POINTER] = ":/pointer}",
    };
    struct buf known;

    buf_init(&known, 512);
    for (size_t i = 0; kinds[i].name; i++) {
        buf_puts(&known, i ? ", {" : "{");
        buf_puts(&known, kinds[i].name);
        buf_puts(&known, ends[kinds[i].arg]);
    }
    err_set(e, ERR_INPUT, "template \"%.*s\", character %zu: unknown placeholder {%.*s}; known are %.*s",
            SLICE_FMT(text), at + 1, SLICE_FMT(kind), SLICE_FMT(buf_slice(&known)));
    buf_clear(&known);
    return -1;
}

static int find_kind(const struct template_kind *kinds, struct slice name)
{
    for (int i = 0; kinds[i].name; i++) {
        if (slice_eq_z(name, kinds[i].name))
            return i;
    }
    return -1;
}

/* inner: what stands between the braces, at `at` of the template. */
static int read_placeholder(struct template_part *part, struct slice text, size_t at, struct slice inner,
                            const struct template_kind *kinds, struct err *e)
{
    bool has_arg = true, is_pointer = slice_starts(inner, SLICE("/"));

    part->kind = SLICE("json");
    part->arg = inner;
    if (!is_pointer)
        has_arg = slice_cut(inner, ':', &part->kind, &part->arg);
    part->code = find_kind(kinds, part->kind);
    if (part->code < 0)
        return fail_kind(e, text, at, is_pointer ? inner : part->kind, kinds);
    switch (kinds[part->code].arg) {
    case TEMPLATE_ARG_NONE:
        return has_arg ? fail(e, text, at, "this placeholder takes nothing after its name") : 0;
    case TEMPLATE_ARG_NEEDED:
        return has_arg && part->arg.len ? 0 : fail(e, text, at, "this placeholder needs a value: {name:value}");
    case TEMPLATE_ARG_POINTER:
        if (!has_arg)
            return fail(e, text, at, "this placeholder needs a JSON Pointer: {name:/pointer}");
        if (pointer_init(&part->pointer, part->arg, e) < 0)
            return err_add(e, "template \"%.*s\", character %zu", SLICE_FMT(text), at + 1);
        return 0;
    }
    return 0;
}

/* Copies literal text from *at on to out, up to a placeholder or the end; braces are written twice. Its length, or
 * -1. */
static ptrdiff_t read_literal(struct slice text, size_t *at, char *out, struct err *e)
{
    char *to = out;

    while (*at < text.len) {
        char c = text.ptr[*at];
        bool twice = *at + 1 < text.len && text.ptr[*at + 1] == c;

        if (c == '{' && !twice)
            break;
        if (c == '}' && !twice)
            return fail(e, text, *at, "'}' without '{' (a plain brace is written twice: \"}}\")");
        *at += c == '{' || c == '}' ? 2 : 1;
        *to++ = c;
    }
    return to - out;
}

static int read_parts(struct template *t, struct slice text, char *names, const struct template_kind *kinds,
                      struct err *e)
{
    for (size_t at = 0; at < text.len;) {
        struct template_part *part = &t->parts[t->count];
        ptrdiff_t len = read_literal(text, &at, names, e);
        struct slice inner, rest;

        if (len < 0)
            return -1;
        if (len > 0) {
            part->literal = slice_of(names, (size_t)len);
            names += len;
            t->count++;
            continue;
        }
        if (!slice_cut(slice_from(text, at + 1), '}', &inner, &rest))
            return fail(e, text, at, "'{' without '}' (a plain brace is written twice: \"{{\")");
        t->count++; /* before it can fail: template_clear frees its pointer */
        if (read_placeholder(part, text, at, slice_of(memcpy(names, inner.ptr, inner.len), inner.len), kinds, e) < 0)
            return -1;
        names += inner.len;
        at += inner.len + 2;
    }
    return 0;
}

int template_init(struct template *t, struct slice text, const struct template_kind *kinds, unsigned flags,
                  struct err *e)
{
    size_t braces = 0, bytes;

    for (size_t i = 0; i < text.len; i++)
        braces += text.ptr[i] == '{';
    /* each placeholder has at most one literal before it, and one may follow the last */
    bytes = (2 * braces + 1) * sizeof *t->parts;
    *t = (struct template){ .memory = mem_zalloc(bytes + text.len), .drop_separator = flags & TEMPLATE_DROP_SEPARATOR };
    t->parts = (struct template_part *)(void *)t->memory;
    if (read_parts(t, text, t->memory + bytes, kinds, e) == 0)
        return 0;
    template_clear(t);
    return -1;
}

void template_clear(struct template *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        pointer_clear(&t->parts[i].pointer);
    free(t->memory);
    *t = (struct template){ .count = 0 };
}

static bool is_separator(char c)
{
    return c == '.' || c == ':' || c == '/';
}

int template_render(const struct template *t, template_fill fill, void *arg, struct buf *out)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        struct slice before = i ? part[-1].literal : SLICE_NONE;
        int absent;

        if (part->kind.len == 0) {
            buf_put(out, part->literal);
            continue;
        }
        absent = fill(part, out, arg);
        if (absent < 0)
            return -1;
        if (absent && t->drop_separator && !out->failed && before.len && is_separator(before.ptr[before.len - 1]))
            out->ptr[--out->len] = '\0';
    }
    return 0;
}
