/* verify/reprint.h - JSON as common libraries print it, for verify_explain: was the body parsed and printed again on its
 * way? Private to verify/. */
#ifndef VERIFY_REPRINT_H
#define VERIFY_REPRINT_H

#include "json/doc.h"

struct reprint_style {
    const char *words;        /* "compact JSON"; NULL ends the list */
    const char *comma, *colon;
    unsigned indent;          /* spaces a level; 0: one line */
    bool ascii;               /* what is beyond ASCII as \uXXXX */
    const char *escaped;      /* ASCII characters that are \uXXXX too */
    bool upper;               /* upper-case digits in \uXXXX */
    bool slashes;             /* "\/" */
};
extern const struct reprint_style reprint_styles[];

/* Numbers stay as written. sorted: members by their names. */
void reprint(const struct json_doc *d, const struct reprint_style *style, bool sorted, struct buf *out);

#endif
