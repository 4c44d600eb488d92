#include "verify/encoding.h"

#include "base/codec.h"

size_t encoding_encode(enum encoding encoding, struct slice bytes, char *text)
{
    switch (encoding) {
    case ENCODING_HEX:
        hex_encode(bytes, text);
        return 2 * bytes.len;
    case ENCODING_BASE64:
        return base64_encode(bytes, text);
    case ENCODING_BASE64URL:
        return base64url_encode(bytes, text);
    }
    return 0;
}

void encoding_put(enum encoding encoding, struct slice bytes, struct buf *out)
{
    char *to = buf_room(out, ENCODING_TEXT_MAX(bytes.len));

    if (to)
        out->len += encoding_encode(encoding, bytes, to);
}

int encoding_decode(enum encoding encoding, struct slice text, struct buf *out)
{
    unsigned char *to = (unsigned char *)buf_room(out, text.len + 4);
    size_t len = text.len / 2;
    int rc = -1;

    if (!to)
        return -1;
    switch (encoding) {
    case ENCODING_HEX:
        rc = hex_decode(text, to);
        break;
    case ENCODING_BASE64:
        rc = base64_decode(text, to, &len);
        break;
    case ENCODING_BASE64URL:
        rc = base64url_decode(text, to, &len);
        break;
    }
    if (rc)
        return -1;
    out->len += len;
    return (int)len;
}

struct slice encoding_unpadded(struct slice text)
{
    while (slice_ends(text, SLICE("=")))
        text.len--;
    return text;
}

size_t encoding_hash(enum encoding encoding, const struct hash *h, struct slice of, char text[DIGEST_TEXT_MAX])
{
    unsigned char digest[HASH_MAX_BYTES];
    size_t n = hash_of(h, of, digest);

    return n ? encoding_encode(encoding, slice_of(digest, n), text) : 0;
}
