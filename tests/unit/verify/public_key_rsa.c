/* Signatures of RSA that are nearly right, and keys of every kind that are none: made by code, each refused. */
#include "key_of.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "base/mem.h"

#define BYTES 256 /* of the modulus */

static EVP_PKEY *rsa;
static struct public_key *pkcs1, *pss;
static const struct slice message = SLICE("{\"id\":1}");

/* With the exponent 3, which is the one that careless verifiers fail at. */
static int make_keys(void **state)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *three = BN_new();

    (void)state;
    arena_init(&arena);
    BN_set_word(three, 3);
    assert_true(EVP_PKEY_keygen_init(c) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(c, 8 * BYTES) == 1);
    assert_true(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(c, three) == 1 && EVP_PKEY_generate(c, &rsa) == 1);
    pkcs1 = key_of(PUBLIC_RSA, slice_z(public_pem(&arena, rsa)));
    pss = key_of(PUBLIC_RSA_PSS, slice_z(public_pem(&arena, rsa)));
    BN_free(three);
    EVP_PKEY_CTX_free(c);
    arena_clear(&arena);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    public_key_free(pkcs1);
    public_key_free(pss);
    EVP_PKEY_free(rsa);
    return 0;
}

static bool verifies(const struct public_key *k, const unsigned char *signature, size_t len)
{
    bool ok = public_key_verify(k, hash_find(SLICE("sha256")), message, slice_of(signature, len));

    assert_int_equal(ERR_peek_error(), 0);
    return ok;
}

/* The private key's power of any block. */
static void sign_block(const unsigned char block[BYTES], unsigned char out[BYTES])
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(rsa, NULL);
    size_t len = BYTES;

    assert_true(EVP_PKEY_sign_init(c) == 1 && EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING) == 1);
    assert_true(EVP_PKEY_sign(c, out, &len, block, BYTES) == 1 && len == BYTES);
    EVP_PKEY_CTX_free(c);
}

static const unsigned char sha256_info[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                             0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };

/* 00 01 FF … FF 00, info, digest, then `after` bytes of garbage. */
static void put_block(unsigned char block[BYTES], struct slice info, size_t after)
{
    unsigned char digest[HASH_MAX_BYTES];
    size_t n = hash_of(hash_find(SLICE("sha256")), message, digest), used = 3 + info.len + n + after;

    memset(block, 0xff, BYTES);
    block[0] = 0;
    block[1] = 1;
    block[BYTES - used + 2] = 0;
    memcpy(block + BYTES - used + 3, info.ptr, info.len);
    memcpy(block + BYTES - after - n, digest, n);
    memset(block + BYTES - after, 0x5a, after);
}

static bool block_verifies(const unsigned char block[BYTES])
{
    unsigned char signature[BYTES];

    sign_block(block, signature);
    return verifies(pkcs1, signature, BYTES);
}

static void the_block_of_pkcs1_is_the_only_one(void **state)
{
    static const struct slice infos[] = {
        /* no parameters; NULL and a byte more; an OID of SHA-1, of SHA-512; lengths in long form; no OCTET STRING; nothing */
        SLICE("\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"),
        SLICE("\x30\x32\x30\x0e\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x01\x00\x04\x20"),
        SLICE("\x30\x2d\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x20"),
        SLICE("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x20"),
        SLICE("\x30\x81\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"),
        SLICE("\x30\x32\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x81\x20"),
        SLICE("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x03\x20"),
        SLICE("\x30\x80\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"),
        SLICE(""),
    };
    struct slice info = slice_of(sha256_info, sizeof sha256_info);
    unsigned char block[BYTES];
    (void)state;
    put_block(block, info, 0);
    assert_true(block_verifies(block));
    for (size_t i = 0; i < sizeof infos / sizeof infos[0]; i++) {
        put_block(block, infos[i], 0);
        if (block_verifies(block))
            fail_msg("DigestInfo %zu is accepted", i);
    }
    for (size_t after = 1; after < BYTES - 3 - info.len - 32; after += 37) {
        put_block(block, info, after); /* the digest is not at the end */
        assert_false(block_verifies(block));
    }
    for (size_t at = 0; at < BYTES - 32; at++) { /* no byte before the digest can be another */
        put_block(block, info, 0);
        block[at] ^= at ? 0x41 : 0x01;
        if (at > 0) /* the first stands for the number's size */
            assert_false(block_verifies(block));
    }
    put_block(block, info, 0);
    block[1] = 2;
    assert_false(block_verifies(block));
    block[1] = 0;
    assert_false(block_verifies(block));
    block[1] = 1;
    block[10] = 0; /* the padding ends too early */
    assert_false(block_verifies(block));
}

/* The root of a block with little padding and much garbage: made without the private key (Bleichenbacher 2006). */
static void cube_roots(void **state)
{
    unsigned char head[BYTES] = { 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 }, digest[HASH_MAX_BYTES];
    unsigned char signature[BYTES], block[BYTES];
    BIGNUM *goal = BN_new(), *root = BN_new(), *cube = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    size_t fixed = 11 + sizeof sha256_info + 32;
    (void)state;
    hash_of(hash_find(SLICE("sha256")), message, digest);
    memcpy(head + 11, sha256_info, sizeof sha256_info);
    memcpy(head + 11 + sizeof sha256_info, digest, 32);
    memset(head + fixed, 0xff, BYTES - fixed);
    BN_bin2bn(head, BYTES, goal);
    for (int bit = 8 * BYTES / 3; bit >= 0; bit--) { /* the largest whose cube is no more */
        BN_set_bit(root, bit);
        BN_sqr(cube, root, ctx);
        BN_mul(cube, cube, root, ctx);
        if (BN_cmp(cube, goal) > 0)
            BN_clear_bit(root, bit);
    }
    BN_sqr(cube, root, ctx);
    BN_mul(cube, cube, root, ctx);
    assert_int_equal(BN_bn2binpad(cube, block, BYTES), BYTES);
    assert_memory_equal(block, head, fixed); /* it does what it is famous for */
    assert_int_equal(BN_bn2binpad(root, signature, BYTES), BYTES);
    assert_false(verifies(pkcs1, signature, BYTES));
    assert_false(verifies(pss, signature, BYTES));
    BN_free(goal);
    BN_free(root);
    BN_free(cube);
    BN_CTX_free(ctx);
}

static size_t sign(enum public_kind kind, struct slice text, unsigned char *out)
{
    struct public_key *k = key_of(kind, slice_z(private_pem(&arena, rsa)));
    size_t n = public_key_sign(k, hash_find(SLICE("sha256")), text, out);

    public_key_free(k);
    return n;
}

static void the_length_is_that_of_the_modulus(void **state)
{
    unsigned char right[PUBLIC_SIGNATURE_MAX], wrong[BYTES + 2] = { 0 };
    BIGNUM *n = NULL, *s = BN_new();
    (void)state;
    assert_int_equal(sign(PUBLIC_RSA, message, right), BYTES);
    assert_true(verifies(pkcs1, right, BYTES));
    for (size_t len = 0; len < BYTES; len++)
        assert_false(verifies(pkcs1, right, len));
    memcpy(wrong + 1, right, BYTES);
    assert_false(verifies(pkcs1, wrong, BYTES + 1)); /* a zero byte before or after it */
    assert_false(verifies(pkcs1, wrong + 1, BYTES + 1));
    assert_false(verifies(pkcs1, wrong, BYTES));
    /* the same number and the modulus more: as long where it is small enough */
    assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    BN_bin2bn(right, BYTES, s);
    BN_add(s, s, n);
    assert_int_equal(BN_bn2binpad(s, wrong, BYTES + 1), BYTES + 1);
    assert_false(verifies(pkcs1, wrong, BYTES + 1));
    if (wrong[0] == 0)
        assert_false(verifies(pkcs1, wrong + 1, BYTES));
    BN_sub(s, n, BN_value_one());
    BN_bn2binpad(s, wrong, BYTES);
    assert_false(verifies(pkcs1, wrong, BYTES));
    BN_bn2binpad(n, wrong, BYTES);
    assert_false(verifies(pkcs1, wrong, BYTES));
    memset(wrong, 0, sizeof wrong);
    assert_false(verifies(pkcs1, wrong, BYTES));
    wrong[BYTES - 1] = 1;
    assert_false(verifies(pkcs1, wrong, BYTES));
    BN_free(n);
    BN_free(s);
}

static void other_hashes_texts_and_paddings(void **state)
{
    unsigned char v15[PUBLIC_SIGNATURE_MAX], salted[PUBLIC_SIGNATURE_MAX];
    static const char *const hashes[] = { "sha1", "sha384", "sha512" };
    (void)state;
    assert_int_equal(sign(PUBLIC_RSA, message, v15), BYTES);
    assert_int_equal(sign(PUBLIC_RSA_PSS, message, salted), BYTES);
    assert_true(verifies(pss, salted, BYTES));
    assert_false(verifies(pss, v15, BYTES));
    assert_false(verifies(pkcs1, salted, BYTES));
    for (size_t i = 0; i < 3; i++) {
        assert_false(public_key_verify(pkcs1, hash_find(slice_z(hashes[i])), message, slice_of(v15, BYTES)));
        assert_false(public_key_verify(pss, hash_find(slice_z(hashes[i])), message, slice_of(salted, BYTES)));
    }
    assert_false(public_key_verify(pkcs1, hash_find(SLICE("sha256")), SLICE("{\"id\":2}"), slice_of(v15, BYTES)));
    assert_false(public_key_verify(pkcs1, hash_find(SLICE("sha256")), SLICE_NONE, slice_of(v15, BYTES)));
    for (size_t i = 0; i < 8 * BYTES; i += 3) {
        salted[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_false(verifies(pss, salted, BYTES));
        salted[i / 8] ^= (unsigned char)(1 << i % 8);
    }
}

static void the_salt_of_pss_is_as_long_as_the_hash(void **state)
{
    static const struct {
        int salt;
        const char *mask;
        bool right;
    } cases[] = { { 32, "SHA256", true }, { 0, "SHA256", false }, { 20, "SHA256", false }, { 31, "SHA256", false },
                  { 33, "SHA256", false }, { BYTES - 34, "SHA256", false }, { 32, "SHA1", false } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char signature[BYTES];
        size_t len = BYTES;
        EVP_MD_CTX *c = EVP_MD_CTX_new();
        EVP_PKEY_CTX *p;
        assert_int_equal(EVP_DigestSignInit_ex(c, &p, "SHA256", NULL, NULL, rsa, NULL), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, cases[i].salt), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(p, cases[i].mask, NULL), 1);
        assert_int_equal(EVP_DigestSign(c, signature, &len, (const unsigned char *)message.ptr, message.len), 1);
        EVP_MD_CTX_free(c);
        if (verifies(pss, signature, len) != cases[i].right)
            fail_msg("a salt of %d bytes", cases[i].salt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_block_of_pkcs1_is_the_only_one, setup, teardown_quiet),
        cmocka_unit_test_setup_teardown(cube_roots, setup, teardown_quiet),
        cmocka_unit_test_setup_teardown(the_length_is_that_of_the_modulus, setup, teardown_quiet),
        cmocka_unit_test_setup_teardown(other_hashes_texts_and_paddings, setup, teardown_quiet),
        cmocka_unit_test_setup_teardown(the_salt_of_pss_is_as_long_as_the_hash, setup, teardown_quiet),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
