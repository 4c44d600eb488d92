/* schema/equal.h - inside schema/: equality of JSON values as JSON Schema means it: numbers by value, objects
 * regardless of order, strings unescaped. */
#ifndef SCHEMA_EQUAL_H
#define SCHEMA_EQUAL_H

#include "json/doc.h"

/* Equal values have equal hashes. tmp: scratch with room for any string of the document. */
uint32_t equal_hash(const struct json_doc *d, uint32_t node, struct buf *tmp);
/* *steps goes down with the work; at 0 the answer is false and means nothing. */
bool equal_values(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y, struct buf *tmp,
                  uint64_t *steps);

#endif
