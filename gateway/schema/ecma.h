/* schema/ecma.h - rewrites an ECMA-262 pattern (u flag's meaning, lenient on needless escapes) into PCRE2's dialect, to
 * be compiled with UTF, DOLLAR_ENDONLY, MATCH_UNSET_BACKREF and ALLOW_EMPTY_CLASS. What ECMA-262 does not have is
 * refused: nothing of PCRE2's own (verbs, possessive quantifiers, \Q, inline options…) gets through.
 *
 * \d \w \b mean ASCII, \s is ECMA's white space, "." stops at ECMA's four line ends. */
#ifndef SCHEMA_ECMA_H
#define SCHEMA_ECMA_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

int ecma_to_pcre(struct slice pattern, struct buf *out, struct err *e) MUST_CHECK;

/* A pattern that is plain text, perhaps anchored, needs no engine. */
struct ecma_literal {
    bool at_start, at_end;
    struct slice text; /* in *out */
};
/* True when the pattern is one; its text, unescaped, is appended to out. */
bool ecma_literal(struct slice pattern, struct buf *out, struct ecma_literal *l);

#endif
