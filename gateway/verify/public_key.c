#include "verify/public_key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/mem.h"

#define RSA_BITS_MIN 1024
#define RSA_BITS_MAX (8 * PUBLIC_SIGNATURE_MAX)
#define P256_BYTES 32
#define ED25519_BYTES 32

struct public_key {
    enum public_kind kind;
    EVP_PKEY *pkey;
    bool is_private;
};

static const struct {
    const char *words, *type; /* OpenSSL's name of the key's type */
} kinds[] = {
    [PUBLIC_ED25519] = { "Ed25519 public key", "ED25519" },
    [PUBLIC_ECDSA] = { "public key of the curve P-256", "EC" },
    [PUBLIC_ECDSA_RAW] = { "public key of the curve P-256", "EC" },
    [PUBLIC_RSA] = { "RSA public key", "RSA" },
    [PUBLIC_RSA_PSS] = { "RSA public key", "RSA" },
};

const char *public_kind_words(enum public_kind kind)
{
    return kinds[kind].words;
}

/* Nobody is to type a passphrase: an encrypted key is unreadable. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out, (void)size, (void)writing, (void)arg;
    return -1;
}

static EVP_PKEY *key_of_certificate(BIO *in)
{
    X509 *x = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
    EVP_PKEY *k = x ? X509_get_pubkey(x) : NULL;
    X509_free(x);
    return k;
}

static EVP_PKEY *read_pem(struct slice text, bool *is_private)
{
    BIO *in = BIO_new_mem_buf(text.ptr, (int)text.len);
    EVP_PKEY *k = in ? PEM_read_bio_PUBKEY(in, NULL, no_passphrase, NULL) : NULL;

    if (in && !k) {
        (void)BIO_reset(in);
        k = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
        *is_private = k != NULL;
    }
    if (in && !k) {
        (void)BIO_reset(in);
        k = key_of_certificate(in);
    }
    BIO_free(in);
    return k;
}

static EVP_PKEY *read_der(struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.ptr;
    EVP_PKEY *k = d2i_PUBKEY(NULL, &at, (long)der.len);

    if (k && at != (const unsigned char *)der.ptr + der.len) { /* something follows it */
        EVP_PKEY_free(k);
        return NULL;
    }
    return k;
}

static EVP_PKEY *read_key(enum public_kind kind, struct slice text, bool *is_private)
{
    if (text.len > 65536)
        return NULL;
    if (memmem(text.ptr, text.len, "-----BEGIN ", 11))
        return read_pem(text, is_private);
    if (kind == PUBLIC_ED25519 && text.len == ED25519_BYTES)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)text.ptr, text.len);
    return read_der(text);
}

static bool is_p256(const EVP_PKEY *k)
{
    char name[64] = "";
    size_t len;
    return EVP_PKEY_get_utf8_string_param(k, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &len) == 1 &&
           strcmp(name, "prime256v1") == 0;
}

/* The y of every point of order 1, 2, 4 or 8, in every spelling, from its lowest byte: anybody can sign for such a key. */
static const unsigned char small_orders[][ED25519_BYTES] = {
    { 0x00 },
    { 0x01 },
    { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    { 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
      0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
    { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
      0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
};

static bool has_small_order(const EVP_PKEY *k)
{
    unsigned char y[ED25519_BYTES];
    size_t len = sizeof y;

    if (EVP_PKEY_get_raw_public_key(k, y, &len) != 1 || len != sizeof y)
        return true;
    y[ED25519_BYTES - 1] &= 0x7f; /* the sign of x */
    for (size_t i = 0; i < sizeof small_orders / sizeof small_orders[0]; i++)
        if (memcmp(y, small_orders[i], sizeof y) == 0)
            return true;
    return false;
}

static bool fits(enum public_kind kind, const EVP_PKEY *k)
{
    int bits = EVP_PKEY_get_bits(k);
    if (!EVP_PKEY_is_a(k, kinds[kind].type))
        return false;
    if (kind == PUBLIC_ECDSA || kind == PUBLIC_ECDSA_RAW)
        return is_p256(k);
    return kind == PUBLIC_ED25519 ? !has_small_order(k) : bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

struct public_key *public_key_new(enum public_kind kind, struct slice text, struct err *e)
{
    bool is_private = false;
    EVP_PKEY *pkey = read_key(kind, text, &is_private);
    bool ok = pkey && fits(kind, pkey);
    struct public_key *k;

    ERR_clear_error();
    if (!ok) {
        err_set(e, ERR_INPUT, pkey ? "it is another kind of key than a%s %s" : "it is no readable key; a%s %s is expected",
                kind == PUBLIC_ED25519 || kind == PUBLIC_RSA || kind == PUBLIC_RSA_PSS ? "n" : "", kinds[kind].words);
        EVP_PKEY_free(pkey);
        return NULL;
    }
    k = mem_zalloc(sizeof *k);
    *k = (struct public_key){ kind, pkey, is_private };
    return k;
}

void public_key_free(struct public_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

bool public_key_can_sign(const struct public_key *k)
{
    return k->is_private;
}

static bool use_pss(EVP_PKEY_CTX *c)
{
    return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* r and s as DER. The caller frees with OPENSSL_free; 0 when the length is wrong. */
static int der_of_raw(struct slice raw, unsigned char **der)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    const unsigned char *at = (const unsigned char *)raw.ptr;
    BIGNUM *r = NULL, *s = NULL;
    int len = 0;

    *der = NULL;
    if (sig && raw.len == (size_t)2 * P256_BYTES) {
        r = BN_bin2bn(at, P256_BYTES, NULL);
        s = BN_bin2bn(at + P256_BYTES, P256_BYTES, NULL);
    }
    if (r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        len = i2d_ECDSA_SIG(sig, der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    return len > 0 ? len : 0;
}

static bool verify(const struct public_key *k, const char *md, struct slice message, const unsigned char *signature,
                   size_t len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    bool ok = ctx && EVP_DigestVerifyInit_ex(ctx, &pctx, md, NULL, NULL, k->pkey, NULL) == 1 &&
              (k->kind != PUBLIC_RSA_PSS || use_pss(pctx)) &&
              EVP_DigestVerify(ctx, signature, len, (const unsigned char *)(message.ptr ? message.ptr : ""),
                               message.len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error(); /* its queue is the thread's: a stranger's signature must not fill it */
    return ok;
}

bool public_key_verify(const struct public_key *k, const struct hash *hash, struct slice message, struct slice signature)
{
    const char *md = k->kind == PUBLIC_ED25519 || !hash ? NULL : hash->name;
    unsigned char *der;
    int len;
    bool ok;

    if (k->kind != PUBLIC_ECDSA_RAW)
        return verify(k, md, message, (const unsigned char *)signature.ptr, signature.len);
    len = der_of_raw(signature, &der);
    ok = len > 0 && verify(k, md, message, der, (size_t)len);
    OPENSSL_free(der);
    return ok;
}

static size_t raw_of_der(unsigned char *inout, size_t len)
{
    const unsigned char *at = inout;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), inout, P256_BYTES) == P256_BYTES &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), inout + P256_BYTES, P256_BYTES) == P256_BYTES;
    ECDSA_SIG_free(sig);
    return ok ? (size_t)2 * P256_BYTES : 0;
}

size_t public_key_sign(const struct public_key *k, const struct hash *hash, struct slice message,
                       unsigned char out[PUBLIC_SIGNATURE_MAX])
{
    const char *md = k->kind == PUBLIC_ED25519 || !hash ? NULL : hash->name;
    EVP_MD_CTX *ctx = k->is_private ? EVP_MD_CTX_new() : NULL;
    EVP_PKEY_CTX *pctx;
    size_t len = PUBLIC_SIGNATURE_MAX;
    bool ok = ctx && EVP_DigestSignInit_ex(ctx, &pctx, md, NULL, NULL, k->pkey, NULL) == 1 &&
              (k->kind != PUBLIC_RSA_PSS || use_pss(pctx)) &&
              EVP_DigestSign(ctx, out, &len, (const unsigned char *)(message.ptr ? message.ptr : ""), message.len) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    if (!ok)
        return 0;
    return k->kind == PUBLIC_ECDSA_RAW ? raw_of_der(out, len) : len;
}
