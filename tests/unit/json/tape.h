/* What must hold for every parsed document, however it came about; shared by the unit tests and the fuzz target. */
#ifndef TESTS_UNIT_JSON_TAPE_H
#define TESTS_UNIT_JSON_TAPE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "json/doc.h"

#define TAPE_CHECK(cond)                                                                                               \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            fprintf(stderr, "%s:%d: node %u: %s\n", __FILE__, __LINE__, n, #cond);                                     \
            return false;                                                                                              \
        }                                                                                                              \
    } while (0)

static inline bool tape_string_holds(const struct json_doc *d, uint32_t n)
{
    struct buf tmp, quoted;
    struct slice s, raw = json_raw(d, n);
    size_t code_points = 0;

    buf_init(&tmp, d->nodes[n].len + 1);
    buf_init(&quoted, 8 * (size_t)d->nodes[n].len + 16);
    s = json_string(d, n, &tmp);
    TAPE_CHECK(raw.len == d->nodes[n].len + 2 && raw.ptr[0] == '"' && raw.ptr[raw.len - 1] == '"');
    TAPE_CHECK(!(d->nodes[n].meta & JSON_ESCAPED) == !memchr(raw.ptr, '\\', raw.len));
    TAPE_CHECK(json_string_eq(d, n, s));
    TAPE_CHECK(s.len == 0 || !json_string_eq(d, n, slice_first(s, s.len - 1)));
    for (size_t i = 0; i < s.len; i++)
        code_points += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    TAPE_CHECK(json_string_length(d, n) == code_points);
    if (json_type_of(d, n) == JSON_KEY)
        TAPE_CHECK(d->nodes[n].link == json_hash(s));

    struct json_doc again;
    struct json_fault fault;
    json_doc_init(&again);
    json_quote(&quoted, s);
    TAPE_CHECK(json_parse(&again, buf_slice(&quoted), &JSON_LIMITS_DEFAULT, &fault) == 0);
    TAPE_CHECK(json_type_of(&again, 0) == JSON_STRING && json_string_eq(&again, 0, s));
    json_doc_clear(&again);
    buf_clear(&quoted);
    buf_clear(&tmp);
    return true;
}

static inline bool tape_scalar_holds(const struct json_doc *d, uint32_t n)
{
    struct slice raw = json_raw(d, n);

    switch (json_type_of(d, n)) {
    case JSON_NULL:
        TAPE_CHECK(slice_eq_z(raw, "null"));
        break;
    case JSON_FALSE:
        TAPE_CHECK(slice_eq_z(raw, "false"));
        break;
    case JSON_TRUE:
        TAPE_CHECK(slice_eq_z(raw, "true"));
        break;
    case JSON_NUMBER:
        TAPE_CHECK(!(d->nodes[n].meta & JSON_NEGATIVE) == (raw.ptr[0] != '-'));
        TAPE_CHECK(!(d->nodes[n].meta & JSON_INTEGER) ==
                   (memchr(raw.ptr, '.', raw.len) || memchr(raw.ptr, 'e', raw.len) || memchr(raw.ptr, 'E', raw.len)));
        if (memchr(raw.ptr, 'e', raw.len) || memchr(raw.ptr, 'E', raw.len))
            break;
        raw = slice_from(raw, raw.ptr[0] == '-');
        TAPE_CHECK(d->nodes[n].link == slice_find(raw, '.'));
        return true;
    default:
        return tape_string_holds(d, n);
    }
    TAPE_CHECK(d->nodes[n].link == 0);
    return true;
}

/* Every node in the text, in order; every link where the sub-tree ends; every count right. */
static inline bool tape_holds(const struct json_doc *d)
{
    uint32_t n = 0;

    TAPE_CHECK(d->count > 0 && d->count <= d->capacity);
    for (n = 0; n < d->count; n++) {
        const struct json_node *node = &d->nodes[n];
        enum json_kind type = json_type_of(d, n);
        uint32_t members = 0, at = n + 1;

        TAPE_CHECK((size_t)node->at + node->len <= d->text.len);
        TAPE_CHECK(n == 0 || node->at > d->nodes[n - 1].at);
        if (type != JSON_ARRAY && type != JSON_OBJECT) {
            if (!tape_scalar_holds(d, n))
                return false;
            continue;
        }
        for (; at < node->link; at = json_next(d, at), members++) {
            TAPE_CHECK((json_type_of(d, at) == JSON_KEY) == (type == JSON_OBJECT));
            if (type == JSON_OBJECT)
                TAPE_CHECK(++at < node->link && json_type_of(d, at) != JSON_KEY);
            TAPE_CHECK(d->nodes[at].at + d->nodes[at].len < node->at + node->len);
        }
        TAPE_CHECK(at == node->link && node->link <= d->count);
        TAPE_CHECK(json_count(d, n) == members);
        TAPE_CHECK(d->text.ptr[node->at] == (type == JSON_OBJECT ? '{' : '['));
        TAPE_CHECK(d->text.ptr[node->at + node->len - 1] == (type == JSON_OBJECT ? '}' : ']'));
    }
    n = 0;
    TAPE_CHECK(json_next(d, 0) == d->count);
    return true;
}

/* The raw text of n's sub-tree, parsed by itself, has the same shape. */
static inline bool tape_reparses(const struct json_doc *d, uint32_t n, const struct json_limits *limits)
{
    struct json_doc again;
    struct json_fault fault;
    uint32_t count = json_next(d, n) - n;

    json_doc_init(&again);
    TAPE_CHECK(json_parse(&again, json_raw(d, n), limits, &fault) == 0);
    TAPE_CHECK(again.count == count);
    for (uint32_t i = 0; i < count; i++) {
        const struct json_node *a = &d->nodes[n + i], *b = &again.nodes[i];
        bool container = json_type_of(d, n + i) == JSON_ARRAY || json_type_of(d, n + i) == JSON_OBJECT;

        TAPE_CHECK(a->meta == b->meta && a->len == b->len);
        TAPE_CHECK(a->link == b->link + (container ? n : 0));
        TAPE_CHECK(slice_eq(json_inner(d, n + i), json_inner(&again, i)));
    }
    json_doc_clear(&again);
    return true;
}

/* Memory whose last byte is followed by a page that must not be touched. */
struct guarded {
    char *base;
    size_t bytes;
};

static inline struct guarded guarded_new(size_t at_least)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = (at_least + page) / page * page;
    char *base = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED || mprotect(base + bytes, page, PROT_NONE) != 0)
        abort();
    return (struct guarded){ base, bytes };
}

static inline void guarded_free(struct guarded *g)
{
    munmap(g->base, g->bytes + (size_t)sysconf(_SC_PAGESIZE));
}

/* A copy that ends where the memory does. */
static inline struct slice guarded_copy(struct guarded *g, const void *text, size_t len)
{
    if (len > g->bytes)
        abort();
    memcpy(g->base + g->bytes - len, text, len);
    return slice_of(g->base + g->bytes - len, len);
}

#endif
