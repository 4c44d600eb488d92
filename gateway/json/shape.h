/* json/shape.h - a JSON value with placeholders in its strings, compiled once, filled from a document:
 *     {"total": "{/input/total}", "text": "order {/input/id} of {/event/source}", "kind": "paid"}
 * A string that is one lone placeholder becomes the value itself, with its type and its digits, or null when it is
 * absent; inside of a longer string a text is put in as it is, anything else as its JSON, what is absent as nothing.
 * "{{" and "}}" are braces. Keys are left alone. */
#ifndef JSON_SHAPE_H
#define JSON_SHAPE_H

#include "json/template.h"

struct shape;
/* The node's text is copied. What is wrong in a template: NULL, ERR_INPUT; *at is the node of that string. */
struct shape *shape_new(const struct json_doc *d, uint32_t node, uint32_t *at, struct err *e);
void shape_free(struct shape *s); /* NULL ok */
/* Calls see for each placeholder, with the node that it stands in (of the document given to shape_new), until it returns
 * other than 0; returns that. */
int shape_each_pointer(const struct shape *s, int (*see)(void *arg, const struct pointer *p, uint32_t node), void *arg);
/* Appends the filled value as JSON text. Pointers begin at `root`. text: scratch for strings. Threads may share s. */
void shape_put(const struct shape *s, const struct json_doc *d, uint32_t root, struct buf *text, struct buf *out);

#endif
