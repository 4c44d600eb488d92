/* Signatures of ECDSA and Ed25519 that are nearly right, and keys that are none: made by code, each refused. */
#include "key_of.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>


static void assert_no_key(enum public_kind kind, struct slice text)
{
    struct err e = { 0 };
    struct public_key *k = public_key_new(kind, text, &e);

    assert_null(k);
    assert_int_equal(e.code, ERR_INPUT);
    assert_int_equal(ERR_peek_error(), 0);
}

static const struct slice message = SLICE("{\"id\":1}");

static struct slice join(struct slice a, struct slice b)
{
    char *to = arena_alloc(&arena, a.len + b.len + 1);

    if (a.len)
        memcpy(to, a.ptr, a.len);
    if (b.len)
        memcpy(to + a.len, b.ptr, b.len);
    return slice_of(to, a.len + b.len);
}

/* Tag, length, content. */
static struct slice tlv(unsigned char tag, struct slice content)
{
    unsigned char head[2] = { tag, (unsigned char)content.len };

    assert_true(content.len < 128);
    return join(slice_of(head, 2), content);
}

/* The same with the length in a form that DER does not allow. */
static struct slice tlv_long(unsigned char tag, struct slice content)
{
    unsigned char head[3] = { tag, 0x81, (unsigned char)content.len };

    return join(slice_of(head, 3), content);
}

static struct slice bytes_of(const BIGNUM *n)
{
    char *to = arena_alloc(&arena, 80);
    int len = BN_bn2bin(n, (unsigned char *)to);

    return slice_of(to, (size_t)len);
}

/* The content of an INTEGER, as short as possible; negative numbers in two's complement. */
static struct slice integer(const BIGNUM *n)
{
    BIGNUM *power = BN_new(), *sum = BN_new();
    struct slice bytes = bytes_of(n);

    if (BN_is_zero(n))
        bytes = slice_of("", 1);
    else if (!BN_is_negative(n) && bytes.ptr[0] & 0x80)
        bytes = join(slice_of("", 1), bytes);
    if (BN_is_negative(n)) {
        assert_true(BN_set_bit(power, 8 * 33) && BN_add(sum, power, n));
        bytes = bytes_of(sum);
    }
    BN_free(power);
    BN_free(sum);
    return bytes;
}

struct ecdsa {
    EVP_PKEY *pkey;
    struct public_key *der, *raw;
    BIGNUM *r, *s, *n;
};

/* A signature whose r and s both need a zero byte in front: one in four. */
static void sign_ecdsa(struct ecdsa *x)
{
    struct public_key *signer = key_of(PUBLIC_ECDSA_RAW, slice_z(private_pem(&arena, x->pkey)));
    unsigned char bytes[PUBLIC_SIGNATURE_MAX];

    do {
        assert_int_equal(public_key_sign(signer, hash_find(SLICE("sha256")), message, bytes), 64);
    } while (!(bytes[0] & bytes[32] & 0x80));
    BN_bin2bn(bytes, 32, x->r);
    BN_bin2bn(bytes + 32, 32, x->s);
    public_key_free(signer);
}

static void ecdsa_init(struct ecdsa *x)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);

    x->pkey = new_p256();
    x->der = key_of(PUBLIC_ECDSA, slice_z(public_pem(&arena, x->pkey)));
    x->raw = key_of(PUBLIC_ECDSA_RAW, slice_z(public_pem(&arena, x->pkey)));
    x->r = BN_new();
    x->s = BN_new();
    x->n = BN_dup(EC_GROUP_get0_order(group));
    EC_GROUP_free(group);
    sign_ecdsa(x);
}

static void ecdsa_clear(struct ecdsa *x)
{
    public_key_free(x->der);
    public_key_free(x->raw);
    EVP_PKEY_free(x->pkey);
    BN_free(x->r);
    BN_free(x->s);
    BN_free(x->n);
}

static bool verifies(const struct public_key *k, struct slice signature)
{
    bool ok = public_key_verify(k, hash_find(SLICE("sha256")), message, signature);

    assert_int_equal(ERR_peek_error(), 0);
    return ok;
}

static struct slice pair(struct slice r, struct slice s)
{
    return tlv(0x30, join(tlv(2, r), tlv(2, s)));
}

static void der_of_ecdsa_is_strict(void **state)
{
    struct ecdsa x;
    struct slice r, s, rs, zero = slice_of("\0", 1), right;
    (void)state;
    ecdsa_init(&x);
    r = integer(x.r), s = integer(x.s), rs = join(tlv(2, r), tlv(2, s));
    right = tlv(0x30, rs);
    assert_true(verifies(x.der, right));
    const struct slice wrong[] = {
        SLICE_NONE,
        slice_of("", 0),
        tlv_long(0x30, rs),
        tlv(0x30, join(tlv_long(2, r), tlv(2, s))),
        tlv(0x30, join(tlv(2, r), tlv_long(2, s))),
        pair(join(zero, r), s),
        pair(r, join(zero, s)),
        pair(slice_from(r, 1), s), /* without its zero byte: negative */
        pair(r, slice_from(s, 1)),
        join(right, zero),
        join(right, right),
        tlv(0x30, join(rs, zero)),
        tlv(0x30, join(rs, tlv(5, SLICE_NONE))),
        tlv(0x30, join(rs, tlv(2, zero))),
        slice_first(right, right.len - 1),
        tlv(0x30, tlv(2, r)),
        tlv(0x30, SLICE_NONE),
        join(join(SLICE("\x30\x80"), rs), slice_of("\0\0", 2)), /* BER, of indefinite length */
        tlv(0x31, rs),
        tlv(0x10, rs),
        tlv(0x30, join(tlv(4, r), tlv(2, s))),
        tlv(0x30, join(tlv(2, r), tlv(3, s))),
        tlv(0x30, join(tlv(10, r), tlv(2, s))),
        tlv(0x30, right),
        pair(SLICE_NONE, SLICE_NONE),
        join(bytes_of(x.r), bytes_of(x.s)), /* raw */
        pair(s, r),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (verifies(x.der, wrong[i]))
            fail_msg("case %zu is accepted", i);
    for (size_t n = 0; n < right.len; n++)
        assert_false(verifies(x.der, slice_first(right, n)));
    ecdsa_clear(&x);
}

/* a * n + b * x, for numbers that are out of range. */
static BIGNUM *mixed(const BIGNUM *n, int a, const BIGNUM *x, int b)
{
    BIGNUM *sum = BN_new(), *term = BN_dup(x);

    for (int i = 0; i < a; i++)
        BN_add(sum, sum, n);
    for (int i = 0; i > a; i--)
        BN_sub(sum, sum, n);
    BN_set_negative(term, b < 0);
    if (b)
        BN_add(sum, sum, term);
    BN_free(term);
    return sum;
}

static void numbers_of_ecdsa_have_a_range(void **state)
{
    static const int factors[][2] = {
        { 0, 0 },  /* 0 */
        { 1, 0 },  /* n */
        { 1, 1 },  /* n + x */
        { 0, -1 }, /* -x */
        { -1, 1 }, /* x - n */
        { 2, 1 },
        { -1, 0 },
    };
    struct ecdsa x;
    unsigned char fixed[64];
    BIGNUM *one = BN_new();
    (void)state;
    ecdsa_init(&x);
    BN_one(one);
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        BIGNUM *r = mixed(x.n, factors[i][0], x.r, factors[i][1]), *s = mixed(x.n, factors[i][0], x.s, factors[i][1]);
        assert_false(verifies(x.der, pair(integer(r), integer(x.s))));
        assert_false(verifies(x.der, pair(integer(x.r), integer(s))));
        assert_false(verifies(x.der, pair(integer(r), integer(s))));
        assert_false(verifies(x.der, pair(integer(one), integer(s))));
        if (!BN_is_negative(r) && BN_bn2binpad(r, fixed, 32) == 32 && BN_bn2binpad(x.s, fixed + 32, 32) == 32)
            assert_false(verifies(x.raw, slice_of(fixed, 64)));
        if (!BN_is_negative(s) && BN_bn2binpad(x.r, fixed, 32) == 32 && BN_bn2binpad(s, fixed + 32, 32) == 32)
            assert_false(verifies(x.raw, slice_of(fixed, 64)));
        BN_free(r);
        BN_free(s);
    }
    assert_false(verifies(x.der, pair(integer(one), integer(one))));
    BN_free(one);
    ecdsa_clear(&x);
    ERR_clear_error(); /* of BN_bn2binpad */
}

static void raw_pairs_of_ecdsa_have_one_length(void **state)
{
    struct ecdsa x;
    struct slice right;
    (void)state;
    ecdsa_init(&x);
    right = join(bytes_of(x.r), bytes_of(x.s));
    assert_int_equal(right.len, 64);
    assert_true(verifies(x.raw, right));
    assert_false(verifies(x.raw, pair(integer(x.r), integer(x.s))));
    assert_false(verifies(x.raw, join(bytes_of(x.s), bytes_of(x.r))));
    assert_false(verifies(x.raw, join(right, slice_of("\0", 1))));
    assert_false(verifies(x.raw, join(slice_of("\0", 1), right)));
    assert_false(verifies(x.raw, join(slice_of("\0", 1), slice_first(right, 63))));
    for (size_t n = 0; n < 64; n++)
        assert_false(verifies(x.raw, slice_first(right, n)));
    assert_false(public_key_verify(x.raw, hash_find(SLICE("sha384")), message, right));
    assert_false(public_key_verify(x.raw, hash_find(SLICE("sha256")), SLICE("{\"id\":2}"), right));
    assert_false(public_key_verify(x.raw, hash_find(SLICE("sha256")), SLICE_NONE, right));
    ecdsa_clear(&x);
}

/* L, the order of the group of Ed25519, from its lowest byte. */
static const unsigned char order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                         0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };

static void add_order(unsigned char s[32])
{
    unsigned carry = 0;

    for (int i = 0; i < 32; i++) {
        carry += s[i] + order[i];
        s[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

static void signatures_of_ed25519(void **state)
{
    EVP_PKEY *pkey = new_ed25519();
    struct public_key *k = key_of(PUBLIC_ED25519, slice_z(public_pem(&arena, pkey)));
    struct public_key *signer = key_of(PUBLIC_ED25519, slice_z(private_pem(&arena, pkey)));
    unsigned char right[PUBLIC_SIGNATURE_MAX], wrong[66] = { 0 };
    (void)state;
    assert_int_equal(public_key_sign(signer, NULL, message, right), 64);
    assert_true(public_key_verify(k, NULL, message, slice_of(right, 64)));
    assert_false(public_key_verify(k, NULL, SLICE("{\"id\":2}"), slice_of(right, 64)));
    assert_false(public_key_verify(k, NULL, SLICE_NONE, slice_of(right, 64)));
    memcpy(wrong, right, 64);
    for (size_t n = 0; n < 66; n++)
        assert_int_equal(public_key_verify(k, NULL, message, slice_of(wrong, n)), n == 64);
    for (size_t i = 0; i < 512; i++) {
        wrong[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_false(public_key_verify(k, NULL, message, slice_of(wrong, 64)));
        wrong[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    for (int i = 0; i < 7; i++) { /* S + L is the same number, and not the same signature */
        add_order(wrong + 32);
        assert_false(public_key_verify(k, NULL, message, slice_of(wrong, 64)));
    }
    memcpy(wrong, right + 32, 32);
    memcpy(wrong + 32, right, 32);
    assert_false(public_key_verify(k, NULL, message, slice_of(wrong, 64)));
    memset(wrong, 0, sizeof wrong);
    assert_false(public_key_verify(k, NULL, message, slice_of(wrong, 64)));
    wrong[0] = 1; /* R is the neutral element, S is 0 */
    assert_false(public_key_verify(k, NULL, message, slice_of(wrong, 64)));
    public_key_free(k);
    public_key_free(signer);
    EVP_PKEY_free(pkey);
}

/* The y of the points of order 1, 2, 4 and 8, in all spellings: from the lowest byte. */
static const unsigned char small_orders[7][32] = {
    { 0 },
    { 1 },
    { [0] = 0xec, [1 ... 30] = 0xff, [31] = 0x7f },
    { [0] = 0xed, [1 ... 30] = 0xff, [31] = 0x7f },
    { [0] = 0xee, [1 ... 30] = 0xff, [31] = 0x7f },
    { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
      0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
    { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
      0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
};

/* Does the neutral element with S = 0 sign something for that key? */
static bool anybody_signs(const unsigned char point[32])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, 32);
    unsigned char signature[64] = { 1 };
    bool ok = false;

    for (unsigned char i = 0; i < 200 && pkey && !ok; i++) {
        EVP_MD_CTX *c = EVP_MD_CTX_new();
        ok = EVP_DigestVerifyInit_ex(c, NULL, NULL, NULL, NULL, pkey, NULL) == 1 &&
             EVP_DigestVerify(c, signature, 64, &i, 1) == 1;
        EVP_MD_CTX_free(c);
    }
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return ok;
}

static void keys_that_anybody_can_sign_for(void **state)
{
    static const unsigned char spki[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
    size_t weak = 0;
    (void)state;
    for (size_t i = 0; i < 14; i++) {
        unsigned char point[32];
        memcpy(point, small_orders[i / 2], 32);
        point[31] |= i % 2 ? 0x80 : 0;
        weak += anybody_signs(point);
        assert_no_key(PUBLIC_ED25519, slice_of(point, 32));
        assert_no_key(PUBLIC_ED25519, join(slice_of(spki, sizeof spki), slice_of(point, 32)));
    }
    assert_true(weak >= 7); /* all that OpenSSL can read */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(der_of_ecdsa_is_strict, setup, teardown_quiet),
        cmocka_unit_test_setup_teardown(numbers_of_ecdsa_have_a_range, setup, teardown_quiet),
        cmocka_unit_test_setup_teardown(raw_pairs_of_ecdsa_have_one_length, setup, teardown_quiet),
        cmocka_unit_test_setup_teardown(signatures_of_ed25519, setup, teardown_quiet),
        cmocka_unit_test_setup_teardown(keys_that_anybody_can_sign_for, setup, teardown_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
