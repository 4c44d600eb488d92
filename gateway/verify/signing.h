/* verify/signing.h - a request while it is being signed: what is put into it, wherever it stands. Private to verify/. */
#ifndef VERIFY_SIGNING_H
#define VERIFY_SIGNING_H

#include "verify/verifier_fields.h"

#define SIGNING_HEADERS_MAX 64
struct signing {
    struct check check;        /* over the request as it is by now */
    const struct provider *p;
    struct delivery delivery;  /* changed as it goes */
    struct reading reading;    /* of it */
    struct header headers[SIGNING_HEADERS_MAX]; /* that are added */
    size_t n_headers;
    bool body_changed, query_changed;
};

/* Puts the value where the place says: a header, a field of the query or form, a JSON member (of the reading's item). What
 * stands there is replaced. ERR_INPUT: the body is no JSON, or holds something else there. */
int signing_put(struct signing *g, const struct place *place, struct slice value, struct err *e) MUST_CHECK;
/* A token for the content as it is by now; into out. */
int signing_put_token(struct signing *g, struct buf *out, struct err *e) MUST_CHECK;

#endif
