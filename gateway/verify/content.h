/* verify/content.h - templates over a delivery: the signed content, and the answers to handshakes.
 * {body} {timestamp} {method} {url} {path_query} {header:N} {query:N} {form:N} {param:N} {json:/p} */
#ifndef VERIFY_CONTENT_H
#define VERIFY_CONTENT_H

#include "verify/verifier.h"

enum content_kind {
    CONTENT_BODY, CONTENT_TIMESTAMP, CONTENT_METHOD, CONTENT_URL, CONTENT_PATH_QUERY, CONTENT_HEADER, CONTENT_QUERY,
    CONTENT_FORM, CONTENT_PARAM, CONTENT_JSON,
};
extern const struct template_kind content_kinds[]; /* by enum content_kind */

struct content {
    struct reading *reading;
    struct slice body;           /* that of the delivery, or another that verify_explain tries */
    struct slice timestamp;      /* as received */
    const struct header *extra;  /* headers that come before those of the delivery */
    size_t n_extra;
    const struct param *params;
    size_t n_params;
    struct buf *tmp;             /* for values that need decoding; reset for each */
};

/* A part is absent or ambiguous: the reason; *name says which. */
enum verify_reason content_value(const struct content *c, const struct template_part *part, struct slice *value);
typedef void (*content_sink)(void *arg, struct slice piece);
/* Gives the content piece by piece: the body is never copied. On failure *bad is the part that was to blame. */
enum verify_reason content_feed(const struct content *c, const struct template *t, content_sink sink, void *arg,
                                const struct template_part **bad);
bool content_uses(const struct template *t, enum content_kind kind);

#endif
