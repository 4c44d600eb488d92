/* verify/content.h - templates over a delivery: the signed content, and the answers to handshakes.
 *
 *     {body} {timestamp} {method} {secret}
 *     {url}, {url_port} / {url_noport} with the port written out / without one, {url_decoded} with %3A %2F %3F %40 %21
 *     %24 %27 %28 %29 %2A %2C %3B decoded, {path_query}
 *     {header:N} {query:N} {form:N} {param:N} {json:/p} {item:/p}
 *     {line:N} "N LF value LF" when the JSON member N exists, else nothing
 *     {form_sorted} the form's distinct fields by name and value in byte order: name, value, name, value
 *     {signed_headers:N} the headers that header N lists: lower case, sorted, name:value joined by ';'
 *     {crc32_dec:body}
 *     {hmac_hex:X} {hmac_base64:X} of another placeholder X, with the provider's hash and the first secret: in answers */
#ifndef VERIFY_CONTENT_H
#define VERIFY_CONTENT_H

#include "verify/hmac.h"
#include "verify/verifier.h"

enum content_kind {
    CONTENT_BODY, CONTENT_TIMESTAMP, CONTENT_METHOD, CONTENT_SECRET, CONTENT_URL, CONTENT_URL_PORT, CONTENT_URL_NOPORT,
    CONTENT_URL_DECODED, CONTENT_PATH_QUERY, CONTENT_HEADER, CONTENT_QUERY, CONTENT_FORM, CONTENT_PARAM, CONTENT_JSON,
    CONTENT_ITEM, CONTENT_LINE, CONTENT_FORM_SORTED, CONTENT_SIGNED_HEADERS, CONTENT_CRC32, CONTENT_HMAC_HEX,
    CONTENT_HMAC_BASE64,
};
extern const struct template_kind content_kinds[]; /* by enum content_kind */

struct content {
    struct reading *reading;
    struct slice body;           /* that of the delivery, or another that verify_explain tries */
    struct slice url;            /* likewise */
    struct slice timestamp;      /* as received */
    struct slice secret;         /* the one that is tried */
    const struct hmac_key *hmac_key; /* of the first secret; NULL: not an HMAC */
    struct hmac *hmac;           /* the thread's */
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
#define CHALLENGE_MAX 64 /* bytes of a challenge whose HMAC anybody may ask for, unless the handshake says less */
/* Is everything that the answer's {hmac_…} are of a challenge: a short word? Whoever may have an HMAC of any text signs any
 * webhook with it. */
bool content_signs_challenges_only(const struct content *c, const struct template *t, size_t max);
bool content_is_hmac(const struct template_part *part);
bool content_uses(const struct template *t, enum content_kind kind);
bool content_uses_url(const struct template *t);
/* Is what a placeholder has after its name sensible? NULL, or why not. in_answer: hmac is possible. */
const char *content_fault(const struct template_part *part, bool in_answer);

#endif
