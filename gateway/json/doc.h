/* json/doc.h - a strict, exact reader of JSON text (RFC 8259) into a frozen, read-only document.
 *
 * The text is read once, into an array of 16-byte nodes in document order (a "tape"): a container is followed by its
 * children; `link` of a container says where its sub-tree ends, so that it can be skipped. Nothing is converted:
 * numbers stay their digits, strings stay slices of the text and are unescaped only on demand. After json_parse the
 * document never changes: threads may share it as long as text and document live.
 *
 *     {"a": [1, "x"]}      0 OBJECT count=1 link=5 | 1 KEY "a" | 2 ARRAY count=2 link=5 | 3 NUMBER 1 link=1 | 4 STRING "x"
 *
 * Refused: anything RFC 8259 does not allow, invalid UTF-8 (overlong forms, surrogates, above U+10FFFF), lone
 * surrogate escapes, a byte order mark, text after the value, duplicate keys (compared unescaped; unless allowed),
 * too deep, too many nodes. */
#ifndef JSON_DOC_H
#define JSON_DOC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum json_kind {
    JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT,
    JSON_KEY, /* precedes every member's value */
};

/* meta: bits 0-2 the type, 3 ESCAPED, 4 INTEGER, 5 NEGATIVE, 6 UNIQUE, 8-31 the count of members or elements
 * (saturating) */
#define JSON_ESCAPED 0x08u  /* KEY, STRING: the text holds backslashes */
#define JSON_INTEGER 0x10u  /* NUMBER: neither fraction nor exponent */
#define JSON_NEGATIVE 0x20u /* NUMBER: has a minus sign */
#define JSON_UNIQUE 0x40u   /* OBJECT: no key occurs twice (where duplicates are allowed nobody looked) */
#define JSON_COUNT_MAX 0xffffffu

struct json_node {
    uint32_t at;   /* offset of the value's text; KEY, STRING: of the first byte after the quote */
    uint32_t len;  /* bytes of that text; KEY, STRING: without quotes, escapes as written; containers: with brackets */
    uint32_t link; /* containers: index after the sub-tree; KEY: json_hash of the unescaped key; NUMBER without exponent:
                    * its digits before the point, 0 with one; else 0 */
    uint32_t meta;
};

struct json_doc {
    struct slice text; /* borrowed: the caller keeps it alive */
    struct json_node *nodes;
    uint32_t count, capacity;
    void *scratch;        /* of the parser, kept for the next parse */
    size_t scratch_bytes;
};

struct json_limits {
    uint32_t max_depth;   /* containers within containers; [] is 1 */
    uint32_t max_nodes;   /* keys count too */
    bool allow_duplicate_keys; /* then the last one wins in json_member */
};
/* depth 256, 10^6 nodes, duplicate keys refused */
extern const struct json_limits JSON_LIMITS_DEFAULT;

enum json_error {
    JSON_OK, JSON_ERR_SYNTAX, JSON_ERR_UTF8, JSON_ERR_DEPTH, JSON_ERR_NODES, JSON_ERR_DUPLICATE_KEY, JSON_ERR_SIZE,
};
struct json_fault {
    enum json_error code;
    size_t offset;         /* of the first byte at fault */
    uint32_t line, column; /* from 1; the column counts code points */
    char text[160];        /* "duplicate key \"id\"", …: no position in it; foreign bytes escaped */
};

void json_doc_init(struct json_doc *doc);
void json_doc_clear(struct json_doc *doc);
/* Replaces what the document held, reusing its memory. text below 4 GiB. 0, or -1 with *fault (line and column are
 * computed only then). The document of a failed parse is empty. */
int json_parse(struct json_doc *doc, struct slice text, const struct json_limits *limits,
               struct json_fault *fault) MUST_CHECK;
/* As json_parse, with the fault as words: "line 3, column 7: …". */
int json_parse_err(struct json_doc *doc, struct slice text, const struct json_limits *limits, struct err *e) MUST_CHECK;

/* Nodes are named by index; 0 is the root. */
#define JSON_NONE UINT32_MAX
static inline enum json_kind json_type_of(const struct json_doc *d, uint32_t n)
{
    return (enum json_kind)(d->nodes[n].meta & 7);
}
static inline uint32_t json_count(const struct json_doc *d, uint32_t n) { return d->nodes[n].meta >> 8; }
/* The node after n's sub-tree: the next element, or (in an object) the next KEY, or the container's end. */
static inline uint32_t json_next(const struct json_doc *d, uint32_t n)
{
    return (d->nodes[n].meta & 7) == JSON_ARRAY || (d->nodes[n].meta & 7) == JSON_OBJECT ? d->nodes[n].link : n + 1;
}
/* Elements: for (i = n + 1; i < json_end(d, n); i = json_next(d, i)).
 * Members:  for (k = n + 1; k < json_end(d, n); k = json_next(d, k + 1)): KEY at k, its value at k + 1. */
static inline uint32_t json_end(const struct json_doc *d, uint32_t n) { return d->nodes[n].link; }
/* The text as written: "…" with quotes for strings, brackets for containers. */
struct slice json_raw(const struct json_doc *d, uint32_t n);
/* STRING, KEY: the bytes between the quotes, escapes as written. NUMBER: its digits. */
static inline struct slice json_inner(const struct json_doc *d, uint32_t n)
{
    return slice_of(d->text.ptr + d->nodes[n].at, d->nodes[n].len);
}
/* STRING, KEY unescaped. Without escapes a slice of the text (nothing is written); else appended to *tmp and a slice
 * of that, good until tmp changes. tmp needs a ceiling of at least the node's len. */
struct slice json_string(const struct json_doc *d, uint32_t n, struct buf *tmp);
/* Equal to s when unescaped? Works for KEY and STRING; allocates nothing. */
bool json_string_eq(const struct json_doc *d, uint32_t n, struct slice s);
/* Code points of the unescaped STRING or KEY. */
size_t json_string_length(const struct json_doc *d, uint32_t n);
/* The value of the member, or JSON_NONE (also when obj is no object). The last one where duplicates were allowed. */
uint32_t json_member(const struct json_doc *d, uint32_t obj, struct slice key);
/* hash: json_hash(key) */
uint32_t json_member_hashed(const struct json_doc *d, uint32_t obj, struct slice key, uint32_t hash);
/* The hash that KEY nodes carry. */
uint32_t json_hash(struct slice unescaped);
/* An integer that fits: 0, else -1 (not a NUMBER, a fraction, too large). 1.0 and 1e2 are integers. */
int json_int64(const struct json_doc *d, uint32_t n, int64_t *out);
/* Line and column (from 1) of an offset in the text. */
void json_position(struct slice text, size_t offset, uint32_t *line, uint32_t *column);
/* Appends s as a JSON string with quotes. s must be UTF-8 (bytes that are not become U+FFFD). */
void json_quote(struct buf *b, struct slice s);

#endif
