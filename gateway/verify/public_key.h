/* verify/public_key.h - signatures that a public key verifies: Ed25519 (RFC 8032), ECDSA on P-256 (FIPS 186), RSA with
 * PKCS #1 v1.5 or PSS (RFC 8017). Keys are frozen; threads share them. Whoever has the private key can also sign. */
#ifndef VERIFY_PUBLIC_KEY_H
#define VERIFY_PUBLIC_KEY_H

#include "base/err.h"
#include "verify/hmac.h"

enum public_kind {
    PUBLIC_ED25519,
    PUBLIC_ECDSA,     /* the signature is DER, strictly; P-256 only */
    PUBLIC_ECDSA_RAW, /* r and s, 32 bytes each (JWS) */
    PUBLIC_RSA,       /* PKCS #1 v1.5 */
    PUBLIC_RSA_PSS,   /* the salt as long as the hash */
};
#define PUBLIC_SIGNATURE_MAX 2048 /* bytes; RSA keys up to 16384 bits */

struct public_key;
/* text: PEM (a public key, a certificate or a private key) or, decoded already, the DER of a SubjectPublicKeyInfo or
 * 32 bytes of Ed25519. ERR_INPUT: not of this kind, too weak (RSA below 1024 bits), or unreadable. */
struct public_key *public_key_new(enum public_kind kind, struct slice text, struct err *e);
void public_key_free(struct public_key *k); /* NULL ok */
bool public_key_can_sign(const struct public_key *k);
/* hash: NULL for Ed25519. What OpenSSL finds malformed is no match. */
bool public_key_verify(const struct public_key *k, const struct hash *hash, struct slice message, struct slice signature);
/* The length, 0 when it cannot sign. */
size_t public_key_sign(const struct public_key *k, const struct hash *hash, struct slice message,
                       unsigned char out[PUBLIC_SIGNATURE_MAX]);
/* "Ed25519 public key" */
const char *public_kind_words(enum public_kind kind);

#endif
