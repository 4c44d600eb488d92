/* schema/regex.h - ECMA-262 patterns on PCRE2 (its only home), with limits: a limit hit is an answer of its own.
 *
 * A search first runs under a small match limit; what needs more runs again under higher ones, up to a hard limit and as
 * long as it stays within some 50 ms of this thread's time. What that costs is counted in the scratch, so that a caller
 * can bound the sum. */
#ifndef SCHEMA_REGEX_H
#define SCHEMA_REGEX_H

#include "base/err.h"
#include "base/slice.h"

struct regex; /* frozen; shared between threads */
struct regex *regex_new(struct slice pattern,
                        struct err *e); /* pattern: UTF-8, ECMA-262 with the u flag's meaning, lenient */
void regex_free(struct regex *r);
size_t regex_bytes(const struct regex *r);
struct regex_scratch; /* one a thread */
struct regex_scratch *regex_scratch_new(void);
void regex_scratch_free(struct regex_scratch *s);
enum regex_result { REGEX_NO, REGEX_YES, REGEX_LIMIT };
/* Unanchored search. subject: valid UTF-8. */
enum regex_result regex_search(const struct regex *r, struct slice subject, struct regex_scratch *s);
/* Work done since the last call, in units of about one visited node of a JSON document. */
uint64_t regex_scratch_take_cost(struct regex_scratch *s);

#endif
