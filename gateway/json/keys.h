/* json/keys.h - are the keys of one object distinct? Asked for every object of every payload, so the usual answer is
 * cheap and comes from the hashes alone; only where two hashes are equal (or a stranger crafted them to pile up) the
 * keys themselves are sorted and compared: never quadratic. */
#ifndef JSON_KEYS_H
#define JSON_KEYS_H

#include "json/doc.h"

/* Hashes that the caller must own behind the last one: they are written. */
#define KEYS_PAD 4
/* Up to here no table is needed. */
#define KEYS_SMALL 32

/* Slots of the table that keys_distinct wants for this many keys; 0: none. */
size_t keys_table_size(size_t count);
/* True: the hashes differ, hence the keys. False: they may be equal. */
bool keys_distinct(uint32_t *hashes, size_t count, uint32_t *table);
/* The KEY that repeats an earlier one of the same object, the first such in the text, or JSON_NONE. order: room for
 * as many indexes as the object has members. */
uint32_t keys_find_duplicate(const struct json_doc *doc, uint32_t obj, uint32_t *order);

#endif
