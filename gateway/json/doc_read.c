#include "json/doc.h"

#include "base/log.h"
#include "json/escape.h"
#include "json/hash.h"
#include "json/number.h"

struct slice json_raw(const struct json_doc *d, uint32_t n)
{
    struct slice s = json_inner(d, n);
    enum json_kind type = json_type_of(d, n);

    if (type != JSON_STRING && type != JSON_KEY)
        return s;
    return slice_of(s.ptr - 1, s.len + 2);
}

struct slice json_string(const struct json_doc *d, uint32_t n, struct buf *tmp)
{
    struct slice s = json_inner(d, n);
    size_t before = tmp->len;
    char *out;

    if (!(d->nodes[n].meta & JSON_ESCAPED))
        return s;
    out = buf_room(tmp, s.len);
    if (!out)
        return SLICE_NONE;
    tmp->len += escape_decode(s, out);
    tmp->ptr[tmp->len] = '\0';
    return slice_from(buf_slice(tmp), before);
}

bool json_string_eq(const struct json_doc *d, uint32_t n, struct slice s)
{
    struct slice mine = json_inner(d, n);

    return d->nodes[n].meta & JSON_ESCAPED ? escape_eq(mine, s) : slice_eq(mine, s);
}

size_t json_string_length(const struct json_doc *d, uint32_t n)
{
    struct slice s = json_inner(d, n);
    const char *p = s.ptr, *end = p + s.len;
    size_t length = 0;

    if (!(d->nodes[n].meta & JSON_ESCAPED)) {
        for (; p < end; p++)
            length += ((unsigned char)*p & 0xc0) != 0x80; /* all but the tails of sequences */
        return length;
    }
    while (p < end) {
        if (*p == '\\') {
            escape_read(&p);
            length++;
        } else {
            length += ((unsigned char)*p++ & 0xc0) != 0x80;
        }
    }
    return length;
}

uint32_t json_member(const struct json_doc *d, uint32_t obj, struct slice key)
{
    return json_member_hashed(d, obj, key, json_hash(key));
}

uint32_t json_member_hashed(const struct json_doc *d, uint32_t obj, struct slice key, uint32_t hash)
{
    uint32_t found = JSON_NONE;

    if (json_type_of(d, obj) != JSON_OBJECT)
        return JSON_NONE;
    for (uint32_t k = obj + 1; k < json_end(d, obj); k = json_next(d, k + 1)) {
        if (d->nodes[k].link != hash || !json_string_eq(d, k, key))
            continue;
        found = k + 1;
        if (d->nodes[obj].meta & JSON_UNIQUE)
            break;
    }
    return found;
}

uint32_t json_hash(struct slice unescaped)
{
    return hash_key(unescaped.ptr, unescaped.len, unescaped.len);
}

int json_int64(const struct json_doc *d, uint32_t n, int64_t *out)
{
    struct number v;
    uint64_t magnitude = 0;

    if (json_type_of(d, n) != JSON_NUMBER)
        return -1;
    number_read(json_inner(d, n), &v);
    if (!number_is_integer(&v) || (v.n_digits && v.exponent > 19))
        return -1;
    if (number_u64(&v, &magnitude) < 0 || magnitude > (uint64_t)INT64_MAX + v.negative)
        return -1;
    *out = v.negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return 0;
}

void json_position(struct slice text, size_t offset, uint32_t *line, uint32_t *column)
{
    struct slice before = slice_first(text, offset);

    *line = *column = 1;
    for (size_t i = 0; i < before.len; i++) {
        if (before.ptr[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)before.ptr[i] & 0xc0) != 0x80) {
            ++*column;
        }
    }
}

void json_quote(struct buf *b, struct slice s)
{
    log_put_json_string(b, s);
}
