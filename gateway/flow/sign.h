/* flow/sign.h - Standard Webhooks signatures (https://www.standardwebhooks.com): HMAC-SHA256 over
 * "<id>.<timestamp>.<body>", one "v1,<base64>" a secret, separated by spaces. The key is the base64 after "whsec_"
 * (which may be left out), decoded: as the reference libraries do it. */
#ifndef FLOW_SIGN_H
#define FLOW_SIGN_H

#include "base/buf.h"
#include "base/err.h"
#include "config/secret.h"

#define SIGN_KEY_MAX 512 /* bytes of a decoded key */

/* -1: empty, not base64, or too long. The caller wipes key. */
int sign_key(struct slice secret, unsigned char key[SIGN_KEY_MAX], size_t *len) MUST_CHECK;

struct signer; /* of one thread */
struct signer *signer_new(struct err *e);
void signer_free(struct signer *s); /* NULL ok */

struct signed_content {
    struct slice id;
    struct slice timestamp; /* seconds, as it stands in the header */
    struct slice body;
};
/* Appends the value of webhook-signature. -1: a secret is no key (e names its label). */
int signer_put(struct signer *s, const struct secret *secrets, size_t n, const struct signed_content *c,
               struct buf *out, struct err *e) MUST_CHECK;
/* Is one of the signatures in the header's value right? The time is the caller's to judge. */
bool signer_verify(struct signer *s, const struct secret *secret, const struct signed_content *c, struct slice header);

#endif
