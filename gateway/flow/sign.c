#include "flow/sign.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"

#define MAC_BYTES 32
#define SIGNATURE_CHARS BASE64_LEN(MAC_BYTES)

struct signer {
    EVP_MAC *mac;
    EVP_MAC_CTX *ctx; /* its digest is set once; every key starts it anew */
};

int sign_key(struct slice secret, unsigned char key[SIGN_KEY_MAX], size_t *len)
{
    if (slice_starts(secret, SLICE("whsec_")))
        secret = slice_from(secret, 6);
    if (secret.len == 0 || secret.len / 4 * 3 + 3 > SIGN_KEY_MAX)
        return -1;
    return base64_decode(secret, key, len);
}

struct signer *signer_new(struct err *e)
{
    struct signer *s = mem_zalloc(sizeof *s);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                            OSSL_PARAM_construct_end() };

    s->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    s->ctx = s->mac ? EVP_MAC_CTX_new(s->mac) : NULL;
    if (!s->ctx || EVP_MAC_CTX_set_params(s->ctx, params) != 1) {
        err_set(e, ERR_SYSTEM, "OpenSSL has no HMAC with SHA-256: steps cannot be signed");
        signer_free(s);
        return NULL;
    }
    return s;
}

void signer_free(struct signer *s)
{
    if (!s)
        return;
    EVP_MAC_CTX_free(s->ctx);
    EVP_MAC_free(s->mac);
    free(s);
}

static bool update(EVP_MAC_CTX *ctx, struct slice bytes)
{
    return EVP_MAC_update(ctx, (const unsigned char *)bytes.ptr, bytes.len) == 1;
}

static int sign(struct signer *s, const struct secret *secret, const struct signed_content *c,
                char out[SIGNATURE_CHARS], struct err *e)
{
    unsigned char key[SIGN_KEY_MAX], mac[MAC_BYTES];
    size_t key_len = 0, mac_len = 0;

    if (sign_key(slice_of(secret->bytes, secret->len), key, &key_len))
        return err_set(e, ERR_INPUT,
                       "secret %s: a Standard Webhooks secret is base64, with or without \"whsec_\" before it",
                       secret->label);
    bool good = EVP_MAC_init(s->ctx, key, key_len, NULL) == 1 && update(s->ctx, c->id) && update(s->ctx, SLICE(".")) &&
                update(s->ctx, c->timestamp) && update(s->ctx, SLICE(".")) && update(s->ctx, c->body) &&
                EVP_MAC_final(s->ctx, mac, &mac_len, sizeof mac) == 1;
    mem_wipe(key, sizeof key);
    if (!good)
        return err_set(e, ERR_SYSTEM, "OpenSSL cannot sign with secret %s", secret->label);
    base64_encode(slice_of(mac, sizeof mac), out);
    return 0;
}

int signer_put(struct signer *s, const struct secret *secrets, size_t n, const struct signed_content *c,
               struct buf *out, struct err *e)
{
    char text[SIGNATURE_CHARS];

    for (size_t i = 0; i < n; i++) {
        if (sign(s, &secrets[i], c, text, e))
            return -1;
        buf_puts(out, i ? " v1," : "v1,");
        buf_put(out, slice_of(text, sizeof text));
    }
    return 0;
}

bool signer_verify(struct signer *s, const struct secret *secret, const struct signed_content *c, struct slice header)
{
    char text[SIGNATURE_CHARS];
    struct slice one, version, value;
    struct err e;
    bool found = false;

    if (sign(s, secret, c, text, &e))
        return false;
    while (header.len) {
        slice_cut(header, ' ', &one, &header);
        if (slice_cut(one, ',', &version, &value) && slice_eq_z(version, "v1"))
            found |= slice_eq_const_time(value, slice_of(text, sizeof text));
    }
    return found;
}
