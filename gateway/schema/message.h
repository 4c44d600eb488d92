/* schema/message.h - inside schema/: pieces of messages for people. */
#ifndef SCHEMA_MESSAGE_H
#define SCHEMA_MESSAGE_H

#include "schema/program.h"

/* "string \"abc…\"", "number 5", "array of 3 items": the value at n, shortened. */
void message_value(struct buf *b, const struct json_doc *d, uint32_t n);
/* The same without the value, for secrets: "string of 12 characters (not shown)". */
void message_kind(struct buf *b, const struct json_doc *d, uint32_t n);
/* "string, integer or null" */
void message_types(struct buf *b, unsigned types, bool integer_only);
/* "one of \"a\", \"b\", …"; a single value without "one of". */
void message_values(struct buf *b, const struct schema *s, const struct value_list *list);
/* The nearest of several names to one that is unknown; best stays empty when none is like it. Slices are borrowed. */
struct near {
    struct slice name, best;
    unsigned distance;
};
struct near near_to(struct slice name);
void near_try(struct near *n, struct slice known);
/* "; did you mean \"name\"?" when the KEY at k is nearly a known name. */
void message_hint(struct buf *b, const struct schema *s, const struct object_part *p, const struct json_doc *d,
                  uint32_t k);
/* The text, cut to about max bytes at the end of a character. */
void message_cut(struct buf *b, struct slice text, size_t max);

#endif
