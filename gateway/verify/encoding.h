/* verify/encoding.h - how bytes of signatures and digests are written. Private to verify/. */
#ifndef VERIFY_ENCODING_H
#define VERIFY_ENCODING_H

#include "base/buf.h"
#include "verify/hmac.h"

enum encoding { ENCODING_HEX, ENCODING_BASE64, ENCODING_BASE64URL };

/* The longest text of so many bytes. */
#define ENCODING_TEXT_MAX(bytes) (2 * (bytes) + 4)
/* The longest text of a digest. */
#define DIGEST_TEXT_MAX ENCODING_TEXT_MAX(HASH_MAX_BYTES)

/* text holds ENCODING_TEXT_MAX(bytes.len); returns the number of characters. */
size_t encoding_encode(enum encoding encoding, struct slice bytes, char *text);
/* The same, appended. */
void encoding_put(enum encoding encoding, struct slice bytes, struct buf *out);
/* Strictly, appended; the length, or -1. */
int encoding_decode(enum encoding encoding, struct slice text, struct buf *out);
/* Without the '=' at its end. */
struct slice encoding_unpadded(struct slice text);
/* The hash of it as text: the number of characters; 0 when OpenSSL failed. */
size_t encoding_hash(enum encoding encoding, const struct hash *h, struct slice of, char text[DIGEST_TEXT_MAX]);

#endif
