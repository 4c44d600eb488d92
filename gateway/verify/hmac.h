/* verify/hmac.h - hashes, and HMAC (RFC 2104) with the key's schedule done beforehand: a key is the two hash states
 * after the padded key's block, so that a request costs its bytes and one block more. Keys are frozen; threads share
 * them. */
#ifndef VERIFY_HMAC_H
#define VERIFY_HMAC_H

#include "base/slice.h"

#define HASH_MAX_BYTES 64

struct hash {
    const char *name; /* "sha256" */
    size_t len, block; /* bytes of a digest, of a block */
};
enum { HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_N };
extern const struct hash hash_all[HASH_N];
const struct hash *hash_find(struct slice name); /* NULL for others */

struct hmac_key;
struct hmac_key *hmac_key_new(const struct hash *h, struct slice key);
void hmac_key_free(struct hmac_key *k); /* wipes; NULL ok */

/* One computation at a time; of one thread; reused. */
struct hmac;
struct hmac *hmac_new(void);
void hmac_free(struct hmac *h);
void hmac_start(struct hmac *h, const struct hmac_key *key);
/* The plain hash, without a key. */
void hmac_start_hash(struct hmac *h, const struct hash *hash);
void hmac_update(struct hmac *h, struct slice piece);
/* The digest's bytes; 0 when OpenSSL failed: then nothing may match. */
size_t hmac_end(struct hmac *h, unsigned char out[HASH_MAX_BYTES]);
/* The hash of one piece; 0 when OpenSSL failed. */
size_t hash_of(const struct hash *h, struct slice piece, unsigned char out[HASH_MAX_BYTES]);

#endif
