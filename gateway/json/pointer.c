#include "json/pointer.h"

#include <stdlib.h>

#include "base/mem.h"

/* "0", or digits without a leading zero: an index. */
static uint32_t array_index(struct slice name)
{
    uint64_t value;

    if (name.len > 10 || (name.len > 1 && name.ptr[0] == '0') || slice_u64(name, &value) < 0 || value >= JSON_NONE)
        return JSON_NONE;
    return (uint32_t)value;
}

/* Copies a token to out without its escapes; its length, or -1. */
static ptrdiff_t token_decode(struct slice token, char *out)
{
    char *to = out;

    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] == '~') {
            if (++i == token.len || (token.ptr[i] != '0' && token.ptr[i] != '1'))
                return -1;
            *to++ = token.ptr[i] == '0' ? '~' : '/';
        } else {
            *to++ = token.ptr[i];
        }
    }
    return to - out;
}

int pointer_init(struct pointer *p, struct slice text, struct err *e)
{
    size_t slashes = 0;
    struct slice rest = text, token;
    char *names;

    *p = (struct pointer){ .count = 0 };
    if (text.len == 0)
        return 0;
    if (text.ptr[0] != '/')
        return err_set(e, ERR_INPUT, "JSON Pointer \"%.*s\" must start with '/' (or be empty)", SLICE_FMT(text));
    for (size_t i = 0; i < text.len; i++)
        slashes += text.ptr[i] == '/';
    p->memory = mem_alloc(slashes * sizeof *p->tokens + text.len);
    p->tokens = (struct pointer_token *)(void *)p->memory;
    names = p->memory + slashes * sizeof *p->tokens;
    rest = slice_from(rest, 1);
    while (p->count < slashes) {
        slice_cut(rest, '/', &token, &rest);
        ptrdiff_t len = token_decode(token, names);

        if (len < 0) {
            pointer_clear(p);
            return err_set(e, ERR_INPUT, "JSON Pointer \"%.*s\": '~' must be written \"~0\", '/' in a name \"~1\"",
                           SLICE_FMT(text));
        }
        struct slice name = slice_of(names, (size_t)len);
        p->tokens[p->count++] = (struct pointer_token){ name, json_hash(name), array_index(name) };
        names += len;
    }
    return 0;
}

void pointer_clear(struct pointer *p)
{
    free(p->memory);
    *p = (struct pointer){ .count = 0 };
}

static uint32_t element(const struct json_doc *d, uint32_t array, uint32_t index)
{
    uint32_t n = array + 1;

    if (index >= json_count(d, array) && json_count(d, array) < JSON_COUNT_MAX)
        return JSON_NONE;
    while (index-- && n < json_end(d, array))
        n = json_next(d, n);
    return n < json_end(d, array) ? n : JSON_NONE;
}

static uint32_t step(const struct pointer_token *t, const struct json_doc *d, uint32_t n)
{
    enum json_kind type = json_type_of(d, n);

    if (type == JSON_OBJECT)
        return json_member_hashed(d, n, t->name, t->hash);
    return type == JSON_ARRAY && t->index != JSON_NONE ? element(d, n, t->index) : JSON_NONE;
}

uint32_t pointer_get(const struct pointer *p, const struct json_doc *d, uint32_t from)
{
    uint32_t n = from;

    for (uint32_t i = 0; i < p->count && n != JSON_NONE; i++)
        n = step(&p->tokens[i], d, n);
    return n;
}

static bool is_star(const struct pointer_token *t)
{
    return slice_eq(t->name, SLICE("*"));
}

bool pointer_has_star(const struct pointer *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (is_star(&p->tokens[i]))
            return true;
    return false;
}

/* From the i-th token on. As deep as the pointer has tokens. */
static size_t all_from(const struct pointer *p, uint32_t i, const struct json_doc *d, uint32_t n, uint32_t *out,
                       size_t max)
{
    size_t found = 0;

    for (; i < p->count && n != JSON_NONE && !is_star(&p->tokens[i]); i++)
        n = step(&p->tokens[i], d, n);
    if (n == JSON_NONE)
        return 0;
    if (i == p->count) {
        if (max > 0)
            out[0] = n;
        return 1;
    }
    if (json_type_of(d, n) != JSON_ARRAY)
        return 0;
    for (uint32_t k = n + 1; k < json_end(d, n); k = json_next(d, k)) {
        size_t done = found < max ? found : max;
        found += all_from(p, i + 1, d, k, max ? out + done : out, max - done);
    }
    return found;
}

size_t pointer_all(const struct pointer *p, const struct json_doc *d, uint32_t from, uint32_t *out, size_t max)
{
    return all_from(p, 0, d, from, out, max);
}

void pointer_put_token(struct buf *b, struct slice name)
{
    buf_putc(b, '/');
    while (name.len) {
        size_t run = 0;

        while (run < name.len && name.ptr[run] != '~' && name.ptr[run] != '/')
            run++;
        buf_put(b, slice_first(name, run));
        name = slice_from(name, run);
        if (name.len) {
            buf_puts(b, name.ptr[0] == '~' ? "~0" : "~1");
            name = slice_from(name, 1);
        }
    }
}
