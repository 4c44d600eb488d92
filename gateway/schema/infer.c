#include "schema/infer_spot.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "json/number.h"

#define IDENTIFIER_BYTES 40u
#define IDENTIFIER_DIGITS 3u
/* What samples can show. Nearly any word is a hostname or a uri-reference, so those are not among them. */
#define FORMATS_SHOWN                                                                                                  \
    (1u << FORMAT_DATE_TIME | 1u << FORMAT_DATE | 1u << FORMAT_UUID | 1u << FORMAT_URI | 1u << FORMAT_EMAIL |          \
     1u << FORMAT_IPV4 | 1u << FORMAT_IPV6)

const char *const infer_kind_names[INFER_KINDS] = { "object",  "array",   "string", "number",
                                                    "integer", "boolean", "null" };
const struct infer_range_info infer_ranges[INFER_RANGES] = {
    [INFER_MINIMUM] = { "minimum", INFER_NUMBER | INFER_INTEGER },
    [INFER_MAXIMUM] = { "maximum", INFER_NUMBER | INFER_INTEGER },
    [INFER_MIN_LENGTH] = { "minLength", INFER_STRING },
    [INFER_MAX_LENGTH] = { "maxLength", INFER_STRING },
    [INFER_MIN_ITEMS] = { "minItems", INFER_ARRAY },
    [INFER_MAX_ITEMS] = { "maxItems", INFER_ARRAY },
};

struct spot *infer_spot_new(struct infer *i)
{
    struct spot *p = mem_zalloc(sizeof *p);

    p->base = JSON_NONE;
    p->strings.formats = FORMATS_SHOWN;
    p->strings.limit = i->options.enum_max;
    if (i->ranges)
        p->bounds = mem_zalloc(INFER_RANGES * sizeof *p->bounds);
    i->n_spots++;
    return p;
}

void infer_spot_free(struct infer *i, struct spot *p)
{
    if (!p)
        return;
    for (int r = 0; p->bounds && r < INFER_RANGES; r++)
        free((char *)p->bounds[r].text.ptr);
    free(p->bounds);
    infer_forget_values(&p->strings);
    VEC_FREE(&p->strings.values);
    infer_spot_free(i, p->items);
    for (uint32_t n = 0; n < p->properties.n; n++) {
        free((char *)p->properties.at[n].name.ptr);
        infer_spot_free(i, p->properties.at[n].value);
    }
    VEC_FREE(&p->properties);
    infer_spot_free(i, p->rest);
    free(p);
    i->n_spots--;
}

struct infer *infer_new(const struct infer_options *o)
{
    struct infer *i = mem_zalloc(sizeof *i);

    i->options = *o;
    i->ranges = o->ranges;
    buf_init(&i->tmp, UINT32_MAX);
    i->root = infer_spot_new(i);
    return i;
}

void infer_free(struct infer *i)
{
    if (!i)
        return;
    infer_spot_free(i, i->root);
    buf_clear(&i->tmp);
    free(i);
}

static struct slice keep(struct slice s)
{
    return slice_of(slice_dup_z(s), s.len);
}

/* Of equal numbers the shortest text counts, then the first in the order of bytes: whoever came first must not show. */
static bool is_further(struct slice a, struct slice b, bool upper)
{
    struct number x, y;
    int cmp;

    number_read(a, &x);
    number_read(b, &y);
    cmp = number_cmp(&x, &y);
    if (cmp != 0)
        return (cmp > 0) == upper;
    return a.len != b.len ? a.len < b.len : slice_cmp(a, b) < 0;
}

void infer_note_bound(struct spot *p, enum infer_range which, struct slice number)
{
    struct bound *b = &p->bounds[which];

    if (b->text.len && !is_further(number, b->text, which % 2 == 1))
        return;
    free((char *)b->text.ptr);
    b->text = keep(number);
}

static void note_number(struct spot *p, enum infer_range lower, struct slice number)
{
    infer_note_bound(p, lower, number);
    infer_note_bound(p, lower + 1, number);
}

static void note_count(struct spot *p, enum infer_range lower, uint64_t count)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)count);

    note_number(p, lower, slice_of(text, (size_t)len));
}

/* A word that a program chose from a list of its own: short, no token, nothing that counts. */
static bool is_identifier(struct slice s)
{
    unsigned digits = 0, upper = 0, lower = 0;

    for (size_t n = 0; n < s.len; n++) {
        char c = s.ptr[n];

        if (c >= '0' && c <= '9')
            digits++;
        else if (c >= 'A' && c <= 'Z')
            upper++;
        else if (c >= 'a' && c <= 'z')
            lower++;
        else if (c != '_' && (n == 0 || (c != '.' && c != ':' && c != '-')))
            return false;
    }
    return s.len > 0 && s.len <= IDENTIFIER_BYTES && !(s.ptr[0] >= '0' && s.ptr[0] <= '9') &&
           digits <= IDENTIFIER_DIGITS && !(digits && upper && lower);
}

void infer_forget_values(struct strings *s)
{
    for (uint32_t n = 0; n < s->values.n; n++)
        free((char *)s->values.at[n].text.ptr);
    s->values.n = 0;
}

void infer_note_value(struct strings *s, struct slice text, uint64_t times)
{
    uint32_t at = 0;
    struct value *v;

    while (at < s->values.n && slice_cmp(s->values.at[at].text, text) < 0)
        at++;
    if (at < s->values.n && slice_eq(s->values.at[at].text, text)) {
        s->values.at[at].seen += times;
        return;
    }
    if (s->values.n >= s->limit) {
        s->many = true;
        infer_forget_values(s);
        return;
    }
    v = VEC_ADD(&s->values);
    for (; v > s->values.at + at; v--)
        *v = v[-1];
    *v = (struct value){ keep(text), times };
}

/* "a:b" is a URI too, and many a word with a colon in it. */
static bool suits(const struct strings *s, enum format f, struct slice text)
{
    if (f == FORMAT_URI && !s->kept && !memmem(text.ptr, text.len, "://", 3))
        return false;
    return format_valid(f, text);
}

static bool has_value(const struct strings *s, struct slice text)
{
    for (uint32_t n = 0; n < s->values.n; n++)
        if (slice_eq(s->values.at[n].text, text))
            return true;
    return false;
}

static void add_string(struct strings *s, struct slice text)
{
    s->seen++;
    for (int f = 0; s->formats >> f; f++)
        if (s->formats >> f & 1 && !suits(s, (enum format)f, text))
            s->formats &= ~(1u << f);
    if (s->many)
        return;
    if (is_identifier(text) || (s->kept && has_value(s, text))) {
        infer_note_value(s, text, 1);
    } else {
        s->many = true;
        infer_forget_values(s);
    }
}

struct property *infer_property(const struct spot *p, struct slice name, uint32_t *at)
{
    uint32_t low = 0, high = p->properties.n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int cmp = slice_cmp(p->properties.at[mid].name, name);

        if (cmp == 0) {
            *at = mid;
            return &p->properties.at[mid];
        }
        low = cmp < 0 ? mid + 1 : low;
        high = cmp < 0 ? high : mid;
    }
    *at = low;
    return NULL;
}

struct property *infer_property_add(struct spot *p, struct slice name, uint32_t at)
{
    struct property *q = VEC_ADD(&p->properties);

    for (; q > p->properties.at + at; q--)
        *q = q[-1];
    *q = (struct property){ .name = keep(name) };
    return q;
}

/* Where the value of that member is noted. */
static struct spot *member_spot(struct infer *i, struct spot *p, struct slice name)
{
    uint32_t at;
    struct property *q = infer_property(p, name, &at);

    if (!q && !p->rest && p->properties.n < INFER_PROPERTIES_MAX)
        q = infer_property_add(p, name, at);
    if (!q && !p->rest)
        infer_collapse(i, p);
    if (q)
        q->seen++;
    if (!q || (!q->value && p->rest))
        return p->rest;
    if (!q->value)
        q->value = infer_spot_new(i);
    return q->value;
}

static int add(struct infer *i, struct spot *p, const struct json_doc *d, uint32_t n);

static int add_object(struct infer *i, struct spot *p, const struct json_doc *d, uint32_t n)
{
    p->objects++;
    for (uint32_t k = n + 1; k < json_end(d, n); k = json_next(d, k + 1)) {
        buf_reset(&i->tmp);
        if (add(i, member_spot(i, p, json_string(d, k, &i->tmp)), d, k + 1))
            return -1;
    }
    return 0;
}

static int add_array(struct infer *i, struct spot *p, const struct json_doc *d, uint32_t n)
{
    uint64_t count = 0;

    for (uint32_t k = n + 1; k < json_end(d, n); k = json_next(d, k), count++) {
        if (!p->items)
            p->items = infer_spot_new(i);
        if (add(i, p->items, d, k))
            return -1;
    }
    if (p->bounds)
        note_count(p, INFER_MIN_ITEMS, count);
    return 0;
}

static void add_number(struct spot *p, struct slice text)
{
    struct number number;

    number_read(text, &number);
    p->kinds |= number_is_integer(&number) ? INFER_INTEGER : INFER_NUMBER;
    if (p->bounds)
        note_number(p, INFER_MINIMUM, text);
}

static int add(struct infer *i, struct spot *p, const struct json_doc *d, uint32_t n)
{
    static const unsigned kinds[] = {
        [JSON_NULL] = INFER_NULL,     [JSON_FALSE] = INFER_BOOLEAN, [JSON_TRUE] = INFER_BOOLEAN,
        [JSON_STRING] = INFER_STRING, [JSON_ARRAY] = INFER_ARRAY,   [JSON_OBJECT] = INFER_OBJECT,
        [JSON_NUMBER] = 0, /* one of two */
    };
    enum json_kind kind = json_type_of(d, n);

    if (p->open)
        return 0;
    if (i->n_spots > INFER_SPOTS_MAX)
        return -1;
    p->kinds |= kinds[kind];
    if (kind == JSON_OBJECT)
        return add_object(i, p, d, n);
    if (kind == JSON_ARRAY)
        return add_array(i, p, d, n);
    if (kind == JSON_NUMBER) {
        add_number(p, json_inner(d, n));
    } else if (kind == JSON_STRING) {
        buf_reset(&i->tmp);
        add_string(&p->strings, json_string(d, n, &i->tmp));
        if (p->bounds)
            note_count(p, INFER_MIN_LENGTH, json_string_length(d, n));
    }
    return 0;
}

int infer_add(struct infer *i, const struct json_doc *d, uint32_t node, struct err *e)
{
    if (add(i, i->root, d, node))
        return err_set(e, ERR_LIMIT, "the samples have more than %u different places", INFER_SPOTS_MAX);
    return 0;
}
