#include "json/shape.h"

#include <stdlib.h>

#include "base/mem.h"

/* What is put out one after the other: text of the value as it was written, or a string with placeholders. */
struct part {
    struct slice literal;     /* when `node` is JSON_NONE */
    struct template template;
    uint32_t node;
};

struct shape {
    struct part *parts;
    uint32_t count;
    char *memory; /* the value's text */
};

static const struct template_kind kinds[] = { { "json", TEMPLATE_ARG_POINTER }, { NULL, TEMPLATE_ARG_NONE } };

static bool has_braces(struct slice s)
{
    return slice_find(s, '{') < s.len || slice_find(s, '}') < s.len;
}

static struct part *add_part(struct shape *s)
{
    s->parts = mem_grow(s->parts, s->count + 1, sizeof *s->parts);
    struct part *part = &s->parts[s->count++];
    *part = (struct part){ .node = JSON_NONE };
    return part;
}

static int add_string(struct shape *s, const struct json_doc *d, uint32_t node, struct err *e)
{
    struct part *part = add_part(s);
    struct buf plain;

    buf_init(&plain, json_inner(d, node).len + 1);
    part->node = node;
    int result = template_init(&part->template, json_string(d, node, &plain), kinds, 0, e);
    buf_clear(&plain);
    return result;
}

/* All strings with braces below node (or node itself), in order; what lies between them is literal. */
static int read_parts(struct shape *s, const struct json_doc *d, uint32_t node, uint32_t *at, struct err *e)
{
    struct slice all = json_raw(d, node);
    uint32_t end = json_next(d, node);
    size_t done = 0;

    for (uint32_t n = node; n < end; n++) {
        if (json_type_of(d, n) != JSON_STRING || !has_braces(json_inner(d, n)))
            continue;
        struct slice raw = json_raw(d, n);
        size_t from = (size_t)(raw.ptr - all.ptr);
        if (from > done)
            add_part(s)->literal = slice_of(s->memory + done, from - done);
        done = from + raw.len;
        *at = n;
        if (add_string(s, d, n, e))
            return -1;
    }
    if (done < all.len)
        add_part(s)->literal = slice_of(s->memory + done, all.len - done);
    return 0;
}

struct shape *shape_new(const struct json_doc *d, uint32_t node, uint32_t *at, struct err *e)
{
    struct shape *s = mem_zalloc(sizeof *s);

    s->memory = slice_dup_z(json_raw(d, node));
    if (read_parts(s, d, node, at, e) == 0)
        return s;
    shape_free(s);
    return NULL;
}

void shape_free(struct shape *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        template_clear(&s->parts[i].template);
    free(s->parts);
    free(s->memory);
    free(s);
}

int shape_each_pointer(const struct shape *s, int (*see)(void *arg, const struct pointer *p, uint32_t node), void *arg)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct template *t = &s->parts[i].template;
        for (uint32_t k = 0; k < t->count; k++) {
            int result = t->parts[k].kind.len ? see(arg, &t->parts[k].pointer, s->parts[i].node) : 0;
            if (result)
                return result;
        }
    }
    return 0;
}

struct filling {
    const struct json_doc *d;
    uint32_t root;
};

static int fill_text(const struct template_part *part, struct buf *out, void *arg)
{
    const struct filling *f = arg;
    uint32_t n = pointer_get(&part->pointer, f->d, f->root);
    struct buf plain;

    if (n == JSON_NONE)
        return 1;
    if (json_type_of(f->d, n) != JSON_STRING) {
        buf_put(out, json_raw(f->d, n));
        return 0;
    }
    buf_init(&plain, json_inner(f->d, n).len + 1);
    buf_put(out, json_string(f->d, n, &plain));
    buf_clear(&plain);
    return 0;
}

static void put_string(const struct template *t, const struct json_doc *d, uint32_t root, struct buf *text,
                       struct buf *out)
{
    struct filling f = { d, root };

    if (t->count == 1 && t->parts[0].kind.len) {
        uint32_t n = pointer_get(&t->parts[0].pointer, d, root);
        buf_put(out, n == JSON_NONE ? SLICE("null") : json_raw(d, n));
        return;
    }
    buf_reset(text);
    if (template_render(t, fill_text, &f, text) || text->failed)
        out->failed = true;
    else
        json_quote(out, buf_slice(text));
}

void shape_put(const struct shape *s, const struct json_doc *d, uint32_t root, struct buf *text, struct buf *out)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->parts[i].node == JSON_NONE)
            buf_put(out, s->parts[i].literal);
        else
            put_string(&s->parts[i].template, d, root, text, out);
    }
}
