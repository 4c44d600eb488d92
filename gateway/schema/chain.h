/* schema/chain.h - patterns that need no engine: a row of ASCII character sets with counts, anchored at the start, where
 * no choice is ever open ("^[0-9a-f]{40}$", "^[A-Z]{2}-\d{6}$", "^x-"), and alternatives of plain words ("^(a|b)$"). */
#ifndef SCHEMA_CHAIN_H
#define SCHEMA_CHAIN_H

#include "base/slice.h"

#define CHAIN_LINKS_MAX 16

struct chain {
    unsigned n;
    bool at_end; /* nothing may follow */
    struct chain_link {
        uint64_t set[2]; /* bits by ASCII code */
        uint32_t min, max;
    } links[CHAIN_LINKS_MAX];
};

/* True when the pattern (ECMA-262) is such a row. */
bool chain_parse(struct slice pattern, struct chain *c);
bool chain_match(const struct chain *c, struct slice subject);

/* True when the pattern is "^(word|word…)$"; *words: "word|word…", a part of it. */
bool chain_words(struct slice pattern, struct slice *words);
bool chain_is_word(struct slice words, struct slice subject);

#endif
