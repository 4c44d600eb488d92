/* json/pointer.h - JSON Pointer (RFC 6901), compiled once. */
#ifndef JSON_POINTER_H
#define JSON_POINTER_H

#include "base/err.h"
#include "json/doc.h"

struct pointer {
    struct pointer_token {
        struct slice name;
        uint32_t hash, index; /* index: JSON_NONE when the name is no array index */
    } *tokens;
    uint32_t count;
    char *memory;
};
/* text: "" or "/a/b~1c"; copied. Bad text: ERR_INPUT. */
int pointer_init(struct pointer *p, struct slice text, struct err *e) MUST_CHECK;
void pointer_clear(struct pointer *p);
/* The node, from `from` downwards, or JSON_NONE. */
uint32_t pointer_get(const struct pointer *p, const struct json_doc *d, uint32_t from);
/* The same where a "*" stands for every element of an array: all nodes there, in document order. How many there are;
 * out gets the first max of them. */
size_t pointer_all(const struct pointer *p, const struct json_doc *d, uint32_t from, uint32_t *out, size_t max);
bool pointer_has_star(const struct pointer *p);
/* Appends one token, escaped, with its leading '/'. */
void pointer_put_token(struct buf *b, struct slice name);

#endif
