/* verify/verifier.h - is this delivery from who it says? A provider compiled with a source's secrets. Frozen and shared
 * between threads; contexts of OpenSSL are per thread inside verify_scratch. */
#ifndef VERIFY_VERIFIER_H
#define VERIFY_VERIFIER_H

#include "config/secret.h"
#include "verify/provider.h"

struct verifier;
struct param { struct slice name, value; }; /* "webhook_id", … */

/* Borrows the provider (it must outlive the verifier); copies secrets in the decoded form. Schemes none and mtls need no
 * secret; all others need at least one, not empty; but where the sender hands its secret over none is possible: such a
 * verifier waits. e: which secret is bad and why, by label. */
struct verifier *verifier_new(const struct provider *p, const struct secret *secrets, size_t n_secrets,
                              const struct param *params, size_t n_params, struct err *e);
void verifier_free(struct verifier *v);
/* Has it no secret yet? Then it takes nothing but the handshake that brings one, and other unsigned ones. */
bool verifier_waits(const struct verifier *v);

enum verify_reason { /* advice; only the result counts */
    VERIFY_OK, VERIFY_MISSING_SIGNATURE, VERIFY_MALFORMED_SIGNATURE, VERIFY_DUPLICATE_HEADER, VERIFY_MISSING_TIMESTAMP,
    VERIFY_MALFORMED_TIMESTAMP, VERIFY_STALE, VERIFY_FUTURE, VERIFY_MISSING_HEADER, VERIFY_MISSING_FIELD,
    VERIFY_MALFORMED_BODY, VERIFY_BAD_BODY_DIGEST, VERIFY_BAD_CLAIMS, VERIFY_BAD_VERIFY_TOKEN, VERIFY_NO_SECRET,
    VERIFY_BAD_SIGNATURE, VERIFY_NREASONS,
};
const char *verify_reason_name(enum verify_reason r); /* "missing-signature" */

struct verdict {
    enum { VERIFY_ACCEPT, VERIFY_REJECT, VERIFY_HANDSHAKE } result;
    enum verify_reason reason;
    /* VERIFY_REJECT: for the refused log: which header, how far the clock is off. Never a secret or the right
     * signature. */
    char detail[200];
    int secret;             /* VERIFY_ACCEPT: index of the secret that matched, or -1 */
    const char *handshake;  /* its name */
    struct slice handed;    /* VERIFY_HANDSHAKE: the secret that the sender hands over, or empty; in the scratch */
    int status;             /* VERIFY_HANDSHAKE: the answer */
    struct slice content_type;       /* or empty */
    const struct header *headers; size_t n_headers; /* further ones; in the scratch */
    struct slice body;      /* in the scratch */
};
struct verify_scratch;      /* of one thread */
struct verify_scratch *verify_scratch_new(void);
void verify_scratch_free(struct verify_scratch *s);
/* An unreadable body is no handshake; it is a rejection only where signature or time stand in the body. */
void verify_delivery(const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                     struct verdict *out);

/* What has to change so that a delivery is valid; in the scratch. */
struct signed_request {
    const struct header *headers; /* to be added */
    size_t n_headers;
    struct slice body, query; /* instead of the delivery's; ptr NULL: they stay */
};
/* For `sign` and `send`, with the first secret: a shared one, or, where senders sign with a private key, that key (PEM).
 * -1 when it cannot be done, with the reason. */
int verify_sign(const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                struct signed_request *out, struct err *e) MUST_CHECK;
/* For `verify`: says in words why the delivery fails, on several lines. show_signature: also the right one. */
void verify_explain(const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                    const struct verdict *verdict, bool show_signature, struct buf *out);

#endif
