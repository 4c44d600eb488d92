/* json/fault.h - words for what stands where something else was expected. Cold: only failures come here. */
#ifndef JSON_FAULT_H
#define JSON_FAULT_H

#include "base/slice.h"

#define FAULT_FOUND_LEN 80
/* What a stranger's text goes on with: "'x'", "'undefined'", "the end of the text", "U+00E9", "byte 0xff"; for
 * common mistakes with a hint behind it in brackets. Foreign bytes that do not print are never copied. */
void fault_found(struct slice rest, char out[FAULT_FOUND_LEN]);
/* The key as it is written, escaped and cut. */
void fault_quote(struct slice key, char out[FAULT_FOUND_LEN]);

#endif
