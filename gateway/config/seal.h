/* config/seal.h - secrets that lie in the store: sealed with AES-256-GCM under `secrets_key`. A seal is bound to what it is
 * for (a kind, and whose it is): moved to another row it does not open. It names its key by a fingerprint, so that a key that
 * was changed is told from damage:
 *
 *     version 1 | fingerprint of the key, 8 | nonce, 12 | the secret, encrypted | tag, 16
 *
 * Version, fingerprint, kind and name are authenticated with it. The nonce is random: at 96 bits 2^32 seals under one key
 * are safe (NIST SP 800-38D, 8.3), and a source is sealed a few times in its life. */
#ifndef CONFIG_SEAL_H
#define CONFIG_SEAL_H

#include "config/secret.h"

#define SEAL_KEY_BYTES 32
#define SEAL_FINGERPRINT_BYTES 8
#define SEAL_EXTRA_BYTES (1 + SEAL_FINGERPRINT_BYTES + 12 + 16) /* a seal is longer than its secret by so much */

struct seal_key {
    bool present;
    unsigned char bytes[SEAL_KEY_BYTES];
    unsigned char fingerprint[SEAL_FINGERPRINT_BYTES]; /* the first of the key's SHA-256 */
};
#define SEAL_KEY_HINT "make one with: openssl rand -hex 32"
/* 32 bytes in hex or base64 (of either alphabet). e says what is wrong with it, never what it is. */
int seal_key_read(struct seal_key *k, const struct secret *s, struct err *e) MUST_CHECK;
void seal_key_wipe(struct seal_key *k);

/* Appends the sealed secret to out. kind: "handed"; name: of the source. */
int seal_close(const struct seal_key *k, const char *kind, struct slice name, struct slice secret, struct buf *out,
               struct err *e) MUST_CHECK;
/* Appends the secret; the caller wipes it. ERR_CONFLICT: sealed under another key; ERR_SYSTEM: not what was sealed for this
 * kind and name. */
int seal_open(const struct seal_key *k, const char *kind, struct slice name, struct slice sealed, struct buf *out,
              struct err *e) MUST_CHECK;

#endif
