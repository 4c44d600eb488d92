#include "verify/form.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"

bool form_next(struct slice *rest, struct slice *name, struct slice *value)
{
    while (rest->len > 0) {
        struct slice piece;
        slice_cut(*rest, '&', &piece, rest);
        if (piece.len == 0)
            continue;
        slice_cut(piece, '=', name, value);
        return true;
    }
    return false;
}

static bool is_plain(struct slice raw)
{
    return slice_find(raw, '%') == raw.len && slice_find(raw, '+') == raw.len;
}

static bool name_is(struct slice raw, struct slice name, struct buf *tmp)
{
    if (is_plain(raw))
        return slice_eq(raw, name);
    buf_reset(tmp);
    return percent_decode(raw, true, tmp) == 0 && slice_eq(buf_slice(tmp), name);
}

unsigned form_find(struct slice text, struct slice name, struct buf *out)
{
    unsigned count = 0;
    struct buf tmp;
    struct slice raw, value;
    size_t start = out->len;

    buf_init(&tmp, text.len + 1);
    while (count < 2 && form_next(&text, &raw, &value)) {
        if (!name_is(raw, name, &tmp))
            continue;
        buf_reset(&tmp);
        if (percent_decode(value, true, &tmp))
            continue;
        if (count++ == 0)
            buf_put(out, buf_slice(&tmp));
    }
    buf_clear(&tmp);
    if (out->failed) {
        out->len = start;
        return 0;
    }
    return count;
}

struct field {
    size_t name, name_len, value, value_len; /* in the text of all decoded names and values */
    size_t first; /* index of the first field of that name */
    size_t index;
};

struct fields {
    struct field *list;
    size_t count, capacity;
    struct buf text;
};

static struct slice field_name(const struct fields *f, const struct field *x)
{
    return slice_first(slice_from(buf_slice(&f->text), x->name), x->name_len);
}

static int by_name(const void *a, const void *b, void *arg)
{
    const struct field *x = a, *y = b;
    int order = slice_cmp(field_name(arg, x), field_name(arg, y));
    return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

static int by_first(const void *a, const void *b)
{
    const struct field *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int decode_field(struct fields *f, struct slice name, struct slice value)
{
    struct field x = { .name = f->text.len, .index = f->count };
    if (percent_decode(name, true, &f->text))
        return -1;
    x.name_len = f->text.len - x.name;
    x.value = f->text.len;
    if (percent_decode(value, true, &f->text))
        return -1;
    x.value_len = f->text.len - x.value;
    if (f->count == f->capacity) {
        f->capacity = f->capacity ? 2 * f->capacity : 32;
        f->list = mem_grow(f->list, f->capacity, sizeof *f->list);
    }
    f->list[f->count++] = x;
    return 0;
}

static int decode_fields(struct fields *f, struct slice text, size_t *at, const char **why)
{
    struct slice rest = text, name, value;
    while (form_next(&rest, &name, &value)) {
        *at = (size_t)(name.ptr - text.ptr);
        if (f->count == FORM_MAX_FIELDS) {
            *why = "too many form fields";
            return -1;
        }
        if (decode_field(f, name, value)) {
            *why = "a bad %-escape in a form field";
            return -1;
        }
    }
    return 0;
}

/* Fields of one name stand together afterwards, in the order in which they came. */
static void group_fields(struct fields *f)
{
    qsort_r(f->list, f->count, sizeof *f->list, by_name, f);
    for (size_t i = 0; i < f->count; i++) {
        bool again = i > 0 && slice_eq(field_name(f, &f->list[i]), field_name(f, &f->list[i - 1]));
        f->list[i].first = again ? f->list[i - 1].first : f->list[i].index;
    }
    qsort(f->list, f->count, sizeof *f->list, by_first);
}

static struct slice field_value(const struct fields *f, const struct field *x)
{
    return slice_first(slice_from(buf_slice(&f->text), x->value), x->value_len);
}

static int by_name_and_value(const void *a, const void *b, void *arg)
{
    const struct field *x = a, *y = b;
    int order = slice_cmp(field_name(arg, x), field_name(arg, y));
    return order ? order : slice_cmp(field_value(arg, x), field_value(arg, y));
}

int form_put_sorted(struct slice text, struct buf *out)
{
    struct fields f = { 0 };
    size_t at;
    const char *why;

    buf_init(&f.text, text.len + 1);
    int rc = decode_fields(&f, text, &at, &why);
    if (rc == 0 && f.count > 0)
        qsort_r(f.list, f.count, sizeof *f.list, by_name_and_value, &f);
    for (size_t i = 0; rc == 0 && i < f.count; i++) {
        const struct field *x = &f.list[i];
        if (i > 0 && by_name_and_value(x, x - 1, &f) == 0)
            continue;
        buf_put(out, field_name(&f, x));
        buf_put(out, field_value(&f, x));
    }
    free(f.list);
    buf_clear(&f.text);
    return rc;
}

/* json_quote would replace bytes that are not UTF-8; here they stay, for the JSON reader to refuse. */
static void put_string(struct buf *out, struct slice s)
{
    buf_putc(out, '"');
    for (size_t i = 0, from = 0; i <= s.len; i++) {
        unsigned char c = i < s.len ? (unsigned char)s.ptr[i] : 0;
        if (i < s.len && c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(out, slice_first(slice_from(s, from), i - from));
        from = i + 1;
        if (i == s.len)
            break;
        if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_printf(out, "\\%c", c);
    }
    buf_putc(out, '"');
}

static void put_object(const struct fields *f, struct buf *out)
{
    buf_putc(out, '{');
    for (size_t i = 0; i < f->count; i++) {
        const struct field *x = &f->list[i];
        bool first = x->index == x->first;
        bool last = i + 1 == f->count || f->list[i + 1].first != x->first;
        if (i > 0)
            buf_putc(out, ',');
        if (first) {
            put_string(out, field_name(f, x));
            buf_puts(out, last ? ":" : ":[");
        }
        put_string(out, field_value(f, x));
        if (last && !first)
            buf_putc(out, ']');
    }
    buf_putc(out, '}');
}

int form_to_json(struct slice text, struct buf *out, size_t *at, const char **why)
{
    struct fields f = { 0 };
    int rc;

    *at = 0;
    buf_init(&f.text, text.len + 1);
    rc = decode_fields(&f, text, at, why);
    if (rc == 0) {
        if (f.count > 0)
            group_fields(&f);
        put_object(&f, out);
        if (out->failed) {
            *why = "the form is too large";
            rc = -1;
        }
    }
    free(f.list);
    buf_clear(&f.text);
    return rc;
}
