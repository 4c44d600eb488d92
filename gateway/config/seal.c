#include "config/seal.h"

#include <openssl/evp.h>

#include "base/codec.h"
#include "base/id.h"
#include "base/mem.h"

#define VERSION 1
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define HEAD_BYTES (1 + SEAL_FINGERPRINT_BYTES)
#define SECRET_MAX 65536

/* Texts of other lengths decode to other lengths: what is no 32 bytes is told apart by its length alone. */
static bool decode(struct slice text, unsigned char out[SEAL_KEY_BYTES])
{
    unsigned char bytes[SEAL_KEY_BYTES + 6];
    size_t len = 0;
    bool good;

    if (text.len == 2 * SEAL_KEY_BYTES) {
        good = hex_decode(text, bytes) == 0;
        len = SEAL_KEY_BYTES;
    } else if (text.len == BASE64_LEN(SEAL_KEY_BYTES)) {
        struct slice bare = slice_ends(text, SLICE("=")) ? slice_first(text, text.len - 1) : text;
        good = base64_decode(text, bytes, &len) == 0 || base64url_decode(bare, bytes, &len) == 0;
    } else {
        good = text.len == BASE64_LEN(SEAL_KEY_BYTES) - 1 && base64url_decode(text, bytes, &len) == 0;
    }
    good = good && len == SEAL_KEY_BYTES;
    if (good)
        memcpy(out, bytes, SEAL_KEY_BYTES);
    mem_wipe(bytes, sizeof bytes);
    return good;
}

int seal_key_read(struct seal_key *k, const struct secret *s, struct err *e)
{
    unsigned char digest[EVP_MAX_MD_SIZE], differ = 0;
    unsigned int len;

    *k = (struct seal_key){ 0 };
    if (!decode(slice_of(s->bytes, s->len), k->bytes))
        return err_set(e, ERR_INPUT, "the key %s is not 32 bytes in hex (64 digits) or base64 (44 characters)", s->label);
    for (size_t i = 1; i < SEAL_KEY_BYTES; i++)
        differ |= k->bytes[i] ^ k->bytes[0];
    if (!differ) {
        seal_key_wipe(k);
        return err_set(e, ERR_INPUT, "the key %s is one byte, again and again: anybody can guess it", s->label);
    }
    if (!EVP_Digest(k->bytes, sizeof k->bytes, digest, &len, EVP_sha256(), NULL)) {
        seal_key_wipe(k);
        return err_set(e, ERR_SYSTEM, "OpenSSL has no SHA-256");
    }
    memcpy(k->fingerprint, digest, sizeof k->fingerprint);
    mem_wipe(digest, sizeof digest);
    k->present = true;
    return 0;
}

void seal_key_wipe(struct seal_key *k)
{
    mem_wipe(k, sizeof *k);
}

/* head | kind NUL name, which is not ambiguous: no kind holds a NUL. */
static int feed_bound(EVP_CIPHER_CTX *c, const unsigned char head[HEAD_BYTES], const char *kind, struct slice name)
{
    int n;

    return EVP_CipherUpdate(c, NULL, &n, head, HEAD_BYTES) &&
           EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)kind, (int)strlen(kind) + 1) &&
           (name.len == 0 || EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)name.ptr, (int)name.len));
}

static EVP_CIPHER_CTX *start(const struct seal_key *k, const unsigned char *nonce, bool closing)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

    if (c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, nonce, closing))
        return c;
    EVP_CIPHER_CTX_free(c);
    return NULL;
}

int seal_close(const struct seal_key *k, const char *kind, struct slice name, struct slice secret, struct buf *out,
               struct err *e)
{
    unsigned char head[HEAD_BYTES] = { VERSION }, nonce[NONCE_BYTES];
    size_t total = secret.len + SEAL_EXTRA_BYTES;
    int n = 0, end = 0;

    bool fits = secret.len <= SECRET_MAX && name.len <= SECRET_MAX;
    unsigned char *room = fits ? (unsigned char *)buf_room(out, total) : NULL;
    if (!room)
        return err_set(e, ERR_LIMIT, "the secret is too large to be sealed");
    memcpy(head + 1, k->fingerprint, sizeof k->fingerprint);
    random_bytes(nonce, sizeof nonce);
    memcpy(room, head, sizeof head);
    memcpy(room + HEAD_BYTES, nonce, sizeof nonce);
    unsigned char *body = room + HEAD_BYTES + NONCE_BYTES;
    EVP_CIPHER_CTX *c = start(k, nonce, true);
    bool good = c && feed_bound(c, head, kind, name) &&
                EVP_CipherUpdate(c, body, &n, (const unsigned char *)secret.ptr, (int)secret.len) &&
                EVP_CipherFinal_ex(c, body + n, &end) && (size_t)(n + end) == secret.len &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, body + secret.len);
    EVP_CIPHER_CTX_free(c);
    if (!good)
        return err_set(e, ERR_SYSTEM, "OpenSSL cannot seal with AES-256-GCM");
    out->len += total;
    out->ptr[out->len] = '\0';
    return 0;
}

static int check_head(const struct seal_key *k, struct slice sealed, struct err *e)
{
    if (sealed.len < SEAL_EXTRA_BYTES || sealed.len > SECRET_MAX + SEAL_EXTRA_BYTES)
        return err_set(e, ERR_SYSTEM, "the sealed secret is damaged");
    if ((unsigned char)sealed.ptr[0] != VERSION)
        return err_set(e, ERR_SYSTEM, "the sealed secret is damaged, or of a newer hooklatch");
    if (memcmp(sealed.ptr + 1, k->fingerprint, sizeof k->fingerprint) != 0)
        return err_set(e, ERR_CONFLICT, "it was sealed under another secrets_key");
    return 0;
}

int seal_open(const struct seal_key *k, const char *kind, struct slice name, struct slice sealed, struct buf *out,
              struct err *e)
{
    int n = 0, end = 0;

    if (check_head(k, sealed, e))
        return -1;
    size_t len = sealed.len - SEAL_EXTRA_BYTES;
    const unsigned char *head = (const unsigned char *)sealed.ptr, *nonce = head + HEAD_BYTES, *body = nonce + NONCE_BYTES;
    unsigned char *room = (unsigned char *)buf_room(out, len + 1), tag[TAG_BYTES];
    if (!room)
        return err_set(e, ERR_LIMIT, "the sealed secret is too large");
    memcpy(tag, body + len, sizeof tag);
    EVP_CIPHER_CTX *c = start(k, nonce, false);
    bool good = c && feed_bound(c, head, kind, name) && EVP_CipherUpdate(c, room, &n, body, (int)len) &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) && EVP_CipherFinal_ex(c, room + n, &end) &&
                (size_t)(n + end) == len;
    EVP_CIPHER_CTX_free(c);
    if (!good) {
        mem_wipe(room, len);
        return err_set(e, ERR_SYSTEM, "the sealed secret is damaged, or another source's");
    }
    out->len += len;
    out->ptr[out->len] = '\0';
    return 0;
}
