/* base/codec.h - hex (RFC 4648 section 8), base64 (4) and base64url (5, without padding), strict: no white space, no missing or
 * superfluous padding, unused bits zero. Decoders return 0, or -1 and leave the output's bytes undefined. */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include "base/buf.h"
#include "base/slice.h"

/* out holds 2 * in.len bytes; lower case; no NUL. */
void hex_encode(struct slice in, char *out);
/* Either case. out holds in.len / 2. */
int hex_decode(struct slice in, unsigned char *out);

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)
/* out holds BASE64_LEN(in.len); returns the number of characters; no NUL. */
size_t base64_encode(struct slice in, char *out);
size_t base64url_encode(struct slice in, char *out);
/* out holds in.len / 4 * 3 + 3 bytes; *len gets the number of bytes. */
int base64_decode(struct slice in, unsigned char *out, size_t *len);
int base64url_decode(struct slice in, unsigned char *out, size_t *len);

/* %XX, and '+' as space when plus is set (forms). Bad escapes: -1. */
int percent_decode(struct slice in, bool plus, struct buf *out);

#endif
