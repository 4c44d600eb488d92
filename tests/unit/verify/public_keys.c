/* Keys as users give them: what is read, what is refused, and nobody is asked for a passphrase. */
#include "arena.h"
#include "pkey.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "base/mem.h"
#include "verify/public_key.h"

static const enum public_kind all[] = { PUBLIC_ED25519, PUBLIC_ECDSA, PUBLIC_ECDSA_RAW, PUBLIC_RSA, PUBLIC_RSA_PSS };
#define KINDS 5

/* Is it read as a key of those kinds (a bit each), and of no other? Nothing stays in the queue of errors. */
static void assert_kinds(struct slice text, unsigned kinds, bool can_sign)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct err e = { 0 };
        struct public_key *k = public_key_new(all[i], text, &e);
        if ((k != NULL) != (kinds >> i & 1))
            fail_msg("%.60s as a%s %s", text.len ? text.ptr : "", k ? "" : "(refused)", public_kind_words(all[i]));
        if (k)
            assert_int_equal(public_key_can_sign(k), can_sign);
        else
            assert_int_equal(e.code, ERR_INPUT);
        public_key_free(k);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

#define ED 1u
#define EC 6u
#define RSA 24u
#define NONE 0u

static void assert_key(EVP_PKEY *k, unsigned kinds)
{
    assert_non_null(k);
    assert_kinds(slice_z(public_pem(&arena, k)), kinds, false);
    assert_kinds(public_der(&arena, k), kinds, false);
    assert_kinds(slice_z(private_pem(&arena, k)), kinds, true);
    EVP_PKEY_free(k);
}

static void of_each_kind(void **state)
{
    (void)state;
    assert_key(new_ed25519(), ED);
    assert_key(new_p256(), EC);
    assert_key(new_rsa(2048), RSA);
    assert_key(new_rsa(1024), RSA);
}

static void of_no_kind_that_is_safe(void **state)
{
    (void)state;
    assert_key(EVP_EC_gen("P-384"), NONE);
    assert_key(EVP_EC_gen("P-521"), NONE);
    assert_key(EVP_EC_gen("secp256k1"), NONE);
    assert_key(EVP_EC_gen("P-224"), NONE);
    assert_key(EVP_EC_gen("brainpoolP256r1"), NONE);
    assert_key(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), NONE);
    assert_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), NONE);
    assert_key(new_rsa(512), NONE);
    assert_key(new_rsa(1016), NONE);
}

static EVP_PKEY *new_rsa_pss(void)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *k = NULL;

    assert_true(EVP_PKEY_keygen_init(c) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(c, 1024) == 1);
    assert_int_equal(EVP_PKEY_generate(c, &k), 1);
    EVP_PKEY_CTX_free(c);
    return k;
}

static void keys_for_pss_alone_are_another_kind(void **state)
{
    (void)state;
    assert_key(new_rsa_pss(), NONE);
}

static void encrypted_keys_are_unreadable(void **state)
{
    EVP_PKEY *k = new_p256();
    BIO *pkcs8 = BIO_new(BIO_s_mem()), *old = BIO_new(BIO_s_mem());
    (void)state;
    assert_true(PEM_write_bio_PrivateKey(pkcs8, k, EVP_aes_256_cbc(), (const unsigned char *)"pass", 4, NULL, NULL));
    assert_true(PEM_write_bio_PrivateKey_traditional(old, k, EVP_aes_256_cbc(), (const unsigned char *)"pass", 4, NULL,
                                                     NULL));
    assert_kinds(slice_z(text_of(&arena, pkcs8)), NONE, false);
    assert_kinds(slice_z(text_of(&arena, old)), NONE, false);
    EVP_PKEY_free(k);
}

static char *certificate(EVP_PKEY *k, const EVP_MD *md)
{
    X509 *x = X509_new();
    BIO *out = BIO_new(BIO_s_mem());
    char *text;

    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    assert_true(X509_set_pubkey(x, k) && X509_sign(x, k, md) > 0 && PEM_write_bio_X509(out, x));
    text = text_of(&arena, out);
    X509_free(x);
    return text;
}

static void certificates_hold_a_key(void **state)
{
    EVP_PKEY *keys[] = { new_ed25519(), new_p256(), new_rsa(1024), EVP_EC_gen("P-384") };
    static const unsigned kinds[] = { ED, EC, RSA, NONE };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_kinds(slice_z(certificate(keys[i], i ? EVP_sha256() : NULL)), kinds[i], false);
        EVP_PKEY_free(keys[i]);
    }
}

static void der_ends_where_the_key_ends(void **state)
{
    EVP_PKEY *keys[] = { new_ed25519(), new_p256(), new_rsa(1024) };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct slice der = public_der(&arena, keys[i]);
        char *longer = arena_alloc(&arena, der.len + 1);
        memcpy(longer, der.ptr, der.len);
        longer[der.len] = 0;
        assert_kinds(slice_of(longer, der.len + 1), NONE, false);
        for (size_t n = 0; n < der.len; n += n < 40 ? 1 : 17)
            if (n != 32) /* any 32 bytes may be of Ed25519 */
                assert_kinds(slice_first(der, n), NONE, false);
        assert_kinds(slice_first(der, der.len - 1), NONE, false);
        EVP_PKEY_free(keys[i]);
    }
}

static void points_that_are_not_on_the_curve(void **state)
{
    EVP_PKEY *k = new_p256();
    struct slice der = public_der(&arena, k);
    char *wrong = (char *)arena_slice(&arena, der).ptr;
    (void)state;
    wrong[der.len - 1] ^= 1;
    assert_kinds(slice_of(wrong, der.len), NONE, false);
    wrong[der.len - 1] ^= 1;
    wrong[der.len - 65] = 0; /* the point at infinity would be one byte long */
    assert_kinds(slice_of(wrong, der.len), NONE, false);
    EVP_PKEY_free(k);
}

static void garbage(void **state)
{
    static const char *const texts[] = {
        "", "x", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "-----BEGIN ",
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ", "{\"kty\":\"OKP\"}",
    };
    char *large = arena_alloc(&arena, 70000);
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_kinds(slice_z(texts[i]), NONE, false);
    memset(large, 'A', 70000);
    assert_kinds(slice_of(large, 70000), NONE, false);
    memcpy(large, "-----BEGIN PUBLIC KEY-----\n", 27);
    assert_kinds(slice_of(large, 70000), NONE, false);
    assert_kinds(slice_of(large, 65536), NONE, false);
    memset(large, 0x42, 33);
    assert_kinds(slice_of(large, 31), NONE, false);
    assert_kinds(slice_of(large, 33), NONE, false);
    assert_kinds(slice_of(large, 32), ED, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_each_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(of_no_kind_that_is_safe, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_for_pss_alone_are_another_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(encrypted_keys_are_unreadable, setup, teardown),
        cmocka_unit_test_setup_teardown(certificates_hold_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(der_ends_where_the_key_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(points_that_are_not_on_the_curve, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
