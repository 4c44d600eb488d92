/* Keys that the tests make with OpenSSL, as text. Whatever is returned belongs to the arena. */
#ifndef TESTS_VERIFY_PKEY_H
#define TESTS_VERIFY_PKEY_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "fixture.h"

static inline char *text_of(struct arena *a, BIO *out)
{
    char *bytes;
    long len = BIO_get_mem_data(out, &bytes);
    char *text = arena_printf(a, "%.*s", (int)len, bytes);

    BIO_free(out);
    return text;
}

static inline char *private_pem(struct arena *a, EVP_PKEY *k)
{
    BIO *out = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PrivateKey(out, k, NULL, NULL, 0, NULL, NULL), 1);
    return text_of(a, out);
}

static inline char *public_pem(struct arena *a, EVP_PKEY *k)
{
    BIO *out = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PUBKEY(out, k), 1);
    return text_of(a, out);
}

/* The DER of the SubjectPublicKeyInfo. */
static inline struct slice public_der(struct arena *a, EVP_PKEY *k)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(k, &der);
    struct slice s;

    assert_true(len > 0);
    s = arena_slice(a, slice_of(der, (size_t)len));
    OPENSSL_free(der);
    return s;
}

static inline EVP_PKEY *new_p256(void)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");

    assert_non_null(k);
    return k;
}

static inline EVP_PKEY *new_ed25519(void)
{
    EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    assert_non_null(k);
    return k;
}

static inline EVP_PKEY *new_rsa(unsigned bits)
{
    EVP_PKEY *k = EVP_RSA_gen(bits);

    assert_non_null(k);
    return k;
}

#endif
