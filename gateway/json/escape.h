/* json/escape.h - reading strings that hold escapes. Only for text that the parser has accepted: nothing is checked
 * here. */
#ifndef JSON_ESCAPE_H
#define JSON_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Four hexadecimal digits at p: their value, or -1. */
int32_t escape_hex4(const char *p);
/* *p stands at a backslash: the code point that it and what follows mean; *p moves behind it. */
uint32_t escape_read(const char **p);
/* Writes the unescaped text, at most text.len bytes, to out; returns its length. */
size_t escape_decode(struct slice text, char *out);
/* Is text, unescaped, equal to plain? */
bool escape_eq(struct slice text, struct slice plain);
/* Order of the unescaped texts, by code points: <0, 0, >0. */
int escape_cmp(struct slice a, struct slice b);

#endif
