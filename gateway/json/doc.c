/* The parser: one loop, no recursion, no stack of its own. While a container is open its node keeps what the way
 * back needs: link holds the container around it, len the number of members counted before something was opened
 * inside it. The hashes of the keys of all open objects lie in the scratch memory as one stack; when an object
 * closes, its own are on top, side by side. */
#include "json/doc.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "json/escape.h"
#include "json/fault.h"
#include "json/hash.h"
#include "json/keys.h"
#include "json/scan.h"

#define COLD __attribute__((cold, noinline))

const struct json_limits JSON_LIMITS_DEFAULT = { .max_depth = 256, .max_nodes = 1000000 };

struct parser {
    struct json_doc *doc;
    const struct json_limits *limits;
    struct json_fault *fault;
    const char *start, *end;
    struct json_node *nodes; /* the document's, here while they grow */
    uint32_t *hashes;        /* the scratch memory */
    uint32_t used, room;     /* nodes */
    uint32_t n_hashes;
    uint32_t open;  /* the innermost open container, or JSON_NONE */
    uint32_t count; /* its members or elements so far */
    uint32_t depth;
};

/* Everything below returns the place where to go on, or NULL after fail(). */
static COLD const char *fail(struct parser *ps, enum json_error code, const char *at, const char *text)
{
    ps->fault->code = code;
    ps->fault->offset = (size_t)(at - ps->start);
    snprintf(ps->fault->text, sizeof ps->fault->text, "%s", text);
    return NULL;
}

static COLD const char *fail_expected(struct parser *ps, const char *at, const char *expected)
{
    char found[FAULT_FOUND_LEN], text[sizeof ps->fault->text];

    fault_found(slice_of(at, (size_t)(ps->end - at)), found);
    snprintf(text, sizeof text, "expected %s, found %s", expected, found);
    return fail(ps, JSON_ERR_SYNTAX, at, text);
}

/* The stack of hashes needs a place for every key, and every key but the last has a value. */
static size_t hash_room(uint32_t nodes)
{
    return nodes / 2 + 1 + KEYS_PAD;
}

static void scratch_reserve(struct parser *ps, size_t words)
{
    struct json_doc *doc = ps->doc;
    size_t bytes = words * sizeof *ps->hashes;

    if (doc->scratch_bytes < bytes) {
        doc->scratch = mem_realloc(doc->scratch, bytes);
        doc->scratch_bytes = bytes;
    }
    ps->hashes = doc->scratch;
}

/* Memory behind the stack of hashes. */
static void *scratch_behind(struct parser *ps, size_t words)
{
    scratch_reserve(ps, hash_room(ps->room) + words);
    return ps->hashes + hash_room(ps->room);
}

/* Makes room for at least one more node; p is the place that needs it. */
static COLD bool grow(struct parser *ps, const char *p)
{
    struct json_doc *doc = ps->doc;
    uint64_t want = ps->room ? ps->room * UINT64_C(2) : (uint64_t)(ps->end - ps->start) / 16 + 8;
    char text[80];

    if (want > ps->limits->max_nodes)
        want = ps->limits->max_nodes;
    if (want <= ps->used) {
        snprintf(text, sizeof text, "more than %u values and keys in one document", ps->limits->max_nodes);
        fail(ps, JSON_ERR_NODES, p, text);
        return false;
    }
    if (want > doc->capacity) {
        doc->nodes = mem_grow(doc->nodes, want, sizeof *doc->nodes);
        doc->capacity = (uint32_t)want;
    }
    ps->nodes = doc->nodes;
    ps->room = (uint32_t)want;
    scratch_reserve(ps, hash_room(ps->room));
    return true;
}

/* A new node whose text starts at p; NULL when the limit is reached. */
static inline struct json_node *push_node(struct parser *ps, const char *p, uint32_t meta)
{
    struct json_node *n;

    if (ps->used == ps->room && !grow(ps, p))
        return NULL;
    n = &ps->nodes[ps->used++];
    n->at = (uint32_t)(p - ps->start);
    n->link = 0;
    n->meta = meta;
    return n;
}

static COLD const char *fail_surrogate(struct parser *ps, const char *p)
{
    char text[80];

    snprintf(text, sizeof text, "\\u%.4s is one half of a surrogate pair without the other", p + 2);
    return fail(ps, JSON_ERR_SYNTAX, p, text);
}

/* p at a backslash. */
static const char *read_escape(struct parser *ps, const char *p)
{
    int32_t c, low;

    if (ps->end - p < 2)
        return fail_expected(ps, ps->end, "an escape after '\\'");
    if (p[1] != 'u') {
        if (p[1] && strchr("\"\\/bfnrt", p[1]))
            return p + 2;
        return fail_expected(ps, p + 1, "one of \" \\ / b f n r t u after '\\'");
    }
    c = ps->end - p < 6 ? -1 : escape_hex4(p + 2);
    if (c < 0)
        return fail(ps, JSON_ERR_SYNTAX, p, "expected four hexadecimal digits after '\\u'");
    if (c < 0xd800 || c > 0xdfff)
        return p + 6;
    if (c > 0xdbff || ps->end - p < 12 || p[6] != '\\' || p[7] != 'u')
        return fail_surrogate(ps, p);
    low = escape_hex4(p + 8);
    return low < 0xdc00 || low > 0xdfff ? fail_surrogate(ps, p) : p + 12;
}

static COLD const char *fail_utf8(struct parser *ps, const char *p)
{
    char text[80];

    snprintf(text, sizeof text, "byte 0x%02x starts no valid UTF-8 character", (unsigned char)*p);
    return fail(ps, JSON_ERR_UTF8, p, text);
}

/* p at a byte above ASCII. */
static const char *read_utf8(struct parser *ps, const char *p)
{
    do {
        unsigned n = utf8_sequence(p, (size_t)(ps->end - p));

        if (n == 0)
            return fail_utf8(ps, p);
        p += n;
    } while (p < ps->end && (unsigned char)*p > 0x7f);
    return p;
}

static COLD const char *fail_control(struct parser *ps, const char *p)
{
    char text[80];

    snprintf(text, sizeof text, "control character 0x%02x in a string: write it as \\u%04x", (unsigned char)*p,
             (unsigned char)*p);
    return fail(ps, JSON_ERR_SYNTAX, p, text);
}

/* p behind the opening quote; returns the closing one. */
static inline const char *read_string(struct parser *ps, const char *p, uint32_t *meta)
{
    for (;;) {
        p = scan_string(p, ps->end);
        if (p == ps->end)
            return fail_expected(ps, p, "the '\"' that ends the string");
        if (*p == '"')
            return p;
        if (*p == '\\') {
            *meta |= JSON_ESCAPED;
            p = read_escape(ps, p);
        } else {
            p = (unsigned char)*p > 0x7f ? read_utf8(ps, p) : fail_control(ps, p);
        }
        if (!p)
            return NULL;
    }
}

static uint32_t hash_escaped(struct parser *ps, struct slice text)
{
    char *plain = scratch_behind(ps, text.len / sizeof *ps->hashes + 1);
    size_t len = escape_decode(text, plain);

    return hash_key(plain, len, len);
}

/* From before a key to before its value. */
static inline const char *read_key(struct parser *ps, const char *p)
{
    struct json_node *n;
    const char *quote;
    uint32_t meta = JSON_KEY, hash;

    p = scan_space(p, ps->end);
    if (p == ps->end || *p != '"')
        return fail_expected(ps, p, ps->count ? "a key in double quotes after ','" : "a key in double quotes or '}'");
    quote = read_string(ps, ++p, &meta);
    if (!quote)
        return NULL;
    n = push_node(ps, p, meta);
    if (!n)
        return NULL;
    n->len = (uint32_t)(quote - p);
    hash = meta & JSON_ESCAPED ? hash_escaped(ps, slice_of(p, n->len)) : hash_key(p, n->len, (size_t)(ps->end - p));
    n->link = hash;
    ps->hashes[ps->n_hashes++] = hash;
    p = scan_space(quote + 1, ps->end);
    if (p == ps->end || *p != ':')
        return fail_expected(ps, p, "':' after the key");
    return p + 1;
}

static COLD const char *fail_leading_zero(struct parser *ps, const char *p)
{
    return fail(ps, JSON_ERR_SYNTAX, p, "a number does not start with a superfluous 0");
}

/* p at '-' or a digit. */
/* *whole: the digits before the point, or 0 where an exponent moves it. */
static inline const char *read_number(struct parser *ps, const char *p, uint32_t *meta, uint32_t *whole)
{
    const char *end = ps->end, *q;

    *meta |= JSON_INTEGER;
    if (*p == '-') {
        *meta |= JSON_NEGATIVE;
        p++;
    }
    q = scan_digits(p, end);
    if (q == p)
        return fail_expected(ps, q, "a digit after '-'");
    if (*p == '0' && q - p > 1)
        return fail_leading_zero(ps, p);
    *whole = (uint32_t)(q - p);
    p = q;
    if (p < end && *p == '.') {
        *meta &= ~JSON_INTEGER;
        q = scan_digits(++p, end);
        if (q == p)
            return fail_expected(ps, q, "a digit after the decimal point");
        p = q;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        *meta &= ~JSON_INTEGER;
        *whole = 0;
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        q = scan_digits(p, end);
        if (q == p)
            return fail_expected(ps, q, "a digit of the exponent");
        p = q;
    }
    return p;
}

static COLD const char *fail_value(struct parser *ps, const char *p)
{
    const char *expected = ps->open == JSON_NONE ? "a JSON value" : (ps->nodes[ps->open].meta & 7) == JSON_OBJECT
                         ? "a value after ':'" : ps->count ? "a value after ','" : "a value or ']'";

    return fail_expected(ps, p, expected);
}

/* The end of the literal at p. */
static inline const char *read_word(struct parser *ps, const char *p, const char *word, size_t len)
{
    if ((size_t)(ps->end - p) < len || memcmp(p, word, len) != 0)
        return fail_value(ps, p);
    return p + len;
}

/* p at the first byte of a value that is no container. */
static inline const char *read_scalar(struct parser *ps, const char *p)
{
    const char *from = p;
    uint32_t meta, quote = 0, whole = 0;
    struct json_node *n;

    switch (p < ps->end ? *p : '\0') {
    case '"':
        meta = JSON_STRING;
        from = p + 1;
        p = read_string(ps, from, &meta);
        quote = 1;
        break;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        meta = JSON_NUMBER;
        p = read_number(ps, p, &meta, &whole);
        break;
    case 't':
        meta = JSON_TRUE;
        p = read_word(ps, p, "true", 4);
        break;
    case 'f':
        meta = JSON_FALSE;
        p = read_word(ps, p, "false", 5);
        break;
    case 'n':
        meta = JSON_NULL;
        p = read_word(ps, p, "null", 4);
        break;
    default:
        return fail_value(ps, p);
    }
    if (!p)
        return NULL;
    n = push_node(ps, from, meta);
    if (!n)
        return NULL;
    n->len = (uint32_t)(p - from);
    n->link = whole;
    return p + quote;
}

/* p at the bracket; returns the place behind it. */
static inline const char *open_container(struct parser *ps, const char *p)
{
    struct json_node *n;
    char text[80];

    if (ps->depth == ps->limits->max_depth) {
        snprintf(text, sizeof text, "nested deeper than %u levels", ps->limits->max_depth);
        return fail(ps, JSON_ERR_DEPTH, p, text);
    }
    n = push_node(ps, p, *p == '{' ? JSON_OBJECT : JSON_ARRAY);
    if (!n)
        return NULL;
    if (ps->open != JSON_NONE)
        ps->nodes[ps->open].len = ps->count;
    n->link = ps->open;
    ps->open = ps->used - 1;
    ps->count = 0;
    ps->depth++;
    return p + 1;
}

static COLD bool keys_really_distinct(struct parser *ps, uint32_t obj)
{
    uint32_t *order = scratch_behind(ps, ps->count), key;
    char quoted[FAULT_FOUND_LEN], text[sizeof ps->fault->text];

    ps->doc->count = ps->used;
    key = keys_find_duplicate(ps->doc, obj, order);
    if (key == JSON_NONE)
        return true;
    fault_quote(json_inner(ps->doc, key), quoted);
    snprintf(text, sizeof text, "duplicate key %s", quoted);
    fail(ps, JSON_ERR_DUPLICATE_KEY, ps->start + ps->nodes[key].at - 1, text);
    return false;
}

static inline bool check_keys(struct parser *ps, uint32_t obj)
{
    size_t size = keys_table_size(ps->count);
    uint32_t *table = size ? scratch_behind(ps, size) : NULL;

    return keys_distinct(ps->hashes + ps->n_hashes - ps->count, ps->count, table) || keys_really_distinct(ps, obj);
}

/* p at the closing bracket of the open container; returns the place behind it. */
static inline const char *close_container(struct parser *ps, const char *p)
{
    uint32_t self = ps->open, around = ps->nodes[self].link;
    struct json_node *n = &ps->nodes[self];

    n->link = ps->used;
    n->len = (uint32_t)(p + 1 - ps->start) - n->at;
    n->meta |= (ps->count < JSON_COUNT_MAX ? ps->count : JSON_COUNT_MAX) << 8;
    if (*p == '}') {
        if (!ps->limits->allow_duplicate_keys) {
            if (!check_keys(ps, self))
                return NULL;
            n->meta |= JSON_UNIQUE;
        }
        ps->n_hashes -= ps->count;
    }
    ps->open = around;
    if (around != JSON_NONE)
        ps->count = ps->nodes[around].len;
    ps->depth--;
    return p + 1;
}

/* p behind a value: closes what ends there; returns the place of the next value, or that behind the root (open is
 * JSON_NONE then). */
static inline const char *read_after_value(struct parser *ps, const char *p)
{
    while (ps->open != JSON_NONE) {
        bool object = (ps->nodes[ps->open].meta & 7) == JSON_OBJECT;

        ps->count++;
        p = scan_space(p, ps->end);
        if (p < ps->end && *p == ',')
            return object ? read_key(ps, p + 1) : p + 1;
        if (p == ps->end || *p != (object ? '}' : ']'))
            return fail_expected(ps, p, object ? "',' or '}' after a member" : "',' or ']' after an element");
        p = close_container(ps, p);
        if (!p)
            return NULL;
    }
    return p;
}

static const char *read_value(struct parser *ps, const char *p)
{
    for (;;) {
        char c;

        p = scan_space(p, ps->end);
        c = p < ps->end ? *p : '\0';
        if (c != '{' && c != '[')
            return read_scalar(ps, p);
        p = open_container(ps, p);
        if (!p)
            return NULL;
        p = scan_space(p, ps->end);
        if (p < ps->end && *p == (c == '{' ? '}' : ']'))
            return close_container(ps, p);
        if (c == '{')
            p = read_key(ps, p);
        if (!p)
            return NULL;
    }
}

static int read_text(struct parser *ps)
{
    const char *p = ps->start;

    do {
        p = read_value(ps, p);
        if (!p)
            return -1;
        p = read_after_value(ps, p);
        if (!p)
            return -1;
    } while (ps->open != JSON_NONE);
    p = scan_space(p, ps->end);
    if (p == ps->end)
        return 0;
    fail_expected(ps, p, "the end of the text after the value");
    return -1;
}

void json_doc_init(struct json_doc *doc)
{
    *doc = (struct json_doc){ .nodes = NULL };
}

void json_doc_clear(struct json_doc *doc)
{
    free(doc->nodes);
    free(doc->scratch);
    json_doc_init(doc);
}

int json_parse(struct json_doc *doc, struct slice text, const struct json_limits *limits, struct json_fault *fault)
{
    const char *start = text.ptr ? text.ptr : "";
    struct parser ps = { .doc = doc, .limits = limits, .fault = fault, .start = start, .end = start + text.len,
                         .nodes = doc->nodes, .hashes = doc->scratch, .open = JSON_NONE };

    doc->text = slice_of(start, text.len);
    doc->count = 0;
    fault->code = JSON_OK;
    if (text.len > UINT32_MAX) {
        fail(&ps, JSON_ERR_SIZE, ps.end, "a text of 4 GiB or more");
    } else {
        ps.room = doc->capacity < limits->max_nodes ? doc->capacity : limits->max_nodes;
        if (read_text(&ps) == 0) {
            doc->count = ps.used;
            return 0;
        }
    }
    doc->count = 0;
    doc->text = SLICE_NONE;
    fault->line = fault->column = 0;
    if (fault->code != JSON_ERR_SIZE)
        json_position(slice_of(start, text.len), fault->offset, &fault->line, &fault->column);
    return -1;
}

int json_parse_err(struct json_doc *doc, struct slice text, const struct json_limits *limits, struct err *e)
{
    struct json_fault fault;
    bool limit;

    if (json_parse(doc, text, limits, &fault) == 0)
        return 0;
    limit = fault.code == JSON_ERR_DEPTH || fault.code == JSON_ERR_NODES || fault.code == JSON_ERR_SIZE;
    return err_set(e, limit ? ERR_LIMIT : ERR_INPUT, "line %u, column %u: %s", fault.line, fault.column, fault.text);
}
