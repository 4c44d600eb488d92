/* verify/explain.h - why a delivery fails, in words for whoever has its secret: what explain.c and its parts share.
 * Never in it: a secret, a token, or the right signature. Private to verify/. */
#ifndef VERIFY_EXPLAIN_H
#define VERIFY_EXPLAIN_H

#include "verify/verifier_fields.h"

struct explanation {
    struct check c; /* signatures and time have been read */
    struct buf *out;
};

/* Foreign text for a terminal. */
void explain_put_shown(struct buf *out, struct slice s, size_t max);
/* "15 min 1 s" */
void explain_put_duration(struct buf *out, int64_t s);

/* The form is right, but no secret fits: what is signed, and what would have matched. */
void explain_contents(struct explanation *x);
/* The signature stands where it should, but cannot be read. */
void explain_form(struct explanation *x);

/* Of JSON Web Tokens. */
void explain_token_clock(struct explanation *x);
void explain_token_body(struct explanation *x);
void explain_claims(struct explanation *x);
void explain_token_signature(struct explanation *x);

#endif
