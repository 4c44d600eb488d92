/* Seals: what was sealed opens; whatever was changed, and wherever it was moved, does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/codec.h"
#include "config/seal.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct seal_key read_key(const char *text)
{
    struct secret s = { (char *)(uintptr_t)text, strlen(text), (char *)(uintptr_t)"file:key" };
    struct seal_key k;
    struct err e;

    if (seal_key_read(&k, &s, &e))
        fail_msg("%s: %s", text, e.text);
    return k;
}

static void assert_no_key(const char *text, const char *why)
{
    struct secret s = { (char *)(uintptr_t)text, strlen(text), (char *)(uintptr_t)"file:key" };
    struct seal_key k;
    struct err e;

    assert_int_equal(seal_key_read(&k, &s, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_non_null(strstr(e.text, why));
    assert_non_null(strstr(e.text, "file:key"));
    if (*text)
        assert_null(strstr(e.text, text));
    assert_false(k.present);
}

static void test_keys(void **state)
{
    struct seal_key a = read_key(HEX), b = read_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    struct seal_key c = read_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    struct seal_key d = read_key("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
    struct seal_key url = read_key("-_ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    struct seal_key std = read_key("+/ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");

    (void)state;
    assert_true(a.present);
    assert_memory_equal(a.bytes, b.bytes, sizeof a.bytes);
    assert_memory_equal(a.bytes, c.bytes, sizeof a.bytes);
    assert_memory_equal(a.bytes, d.bytes, sizeof a.bytes);
    assert_memory_equal(url.bytes, std.bytes, sizeof url.bytes);
    /* printf %s HEX | xxd -r -p | sha256sum */
    char hex[2 * SEAL_FINGERPRINT_BYTES];
    hex_encode(slice_of(a.fingerprint, sizeof a.fingerprint), hex);
    assert_memory_equal(hex, "630dcd2966c43366", sizeof hex);
    seal_key_wipe(&a);
    assert_false(a.present);
}

static void test_no_keys(void **state)
{
    (void)state;
    assert_no_key("", "is not 32 bytes");
    assert_no_key("a secret of my own, 32 bytes lon", "is not 32 bytes");
    assert_no_key("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1", "is not 32 bytes");
    assert_no_key("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g", "is not 32 bytes");
    assert_no_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", "is not 32 bytes");
    assert_no_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", "is not 32 bytes");
    assert_no_key("0000000000000000000000000000000000000000000000000000000000000000", "anybody can guess");
    assert_no_key("abababababababababababababababababababababababababababababababab", "anybody can guess");
}

struct sealed {
    struct seal_key key;
    struct buf text;
};

static struct sealed seal(const char *secret)
{
    struct sealed s = { .key = read_key(HEX) };
    struct err e;

    buf_init(&s.text, 1 << 20);
    assert_int_equal(seal_close(&s.key, "handed", SLICE("asana"), slice_z(secret), &s.text, &e), 0);
    assert_int_equal(s.text.len, strlen(secret) + SEAL_EXTRA_BYTES);
    return s;
}

static int opens(const struct seal_key *k, const char *kind, const char *name, struct slice sealed, const char *secret)
{
    struct buf out;
    struct err e = { 0 };

    buf_init(&out, 1 << 20);
    buf_puts(&out, "before ");
    int result = seal_open(k, kind, slice_z(name), sealed, &out, &e);
    struct slice text = slice_from(buf_slice(&out), 7);
    if (result == 0)
        assert_true(slice_eq_z(text, secret));
    else
        assert_int_equal(text.len, 0);
    buf_clear(&out);
    return result == 0 ? 0 : (int)e.code;
}

static void test_round_trip(void **state)
{
    static const char *const secrets[] = { "", "x", "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sealed a = seal(secrets[i]), b = seal(secrets[i]);
        assert_int_equal(opens(&a.key, "handed", "asana", buf_slice(&a.text), secrets[i]), 0);
        assert_false(slice_eq(buf_slice(&a.text), buf_slice(&b.text)));
        buf_clear(&a.text);
        buf_clear(&b.text);
    }
}

/* Made by node:crypto from the form in seal.h. */
static void test_known_seal(void **state)
{
    static const char hex[] = "01630dcd2966c43366cafebabefacedbaddecaf888e8969311984a782977"
                              "3269ec4a78ec0e31b4e84c99ab978a63dbd7a8efd12060";
    struct seal_key k = read_key(HEX);
    unsigned char sealed[(sizeof hex - 1) / 2];

    (void)state;
    assert_int_equal(hex_decode(slice_z(hex), sealed), 0);
    assert_int_equal(opens(&k, "handed", "asana", slice_of(sealed, sizeof sealed), "b537207219411ee1"), 0);
}

static void test_bound_to_its_place(void **state)
{
    struct sealed s = seal("a secret");
    struct seal_key other = read_key("100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");

    (void)state;
    assert_int_equal(opens(&s.key, "handed", "notion", buf_slice(&s.text), ""), ERR_SYSTEM);
    assert_int_equal(opens(&s.key, "handed", "asan", buf_slice(&s.text), ""), ERR_SYSTEM);
    assert_int_equal(opens(&s.key, "other", "asana", buf_slice(&s.text), ""), ERR_SYSTEM);
    assert_int_equal(opens(&other, "handed", "asana", buf_slice(&s.text), ""), ERR_CONFLICT);
    /* Another key that claims to be this one. */
    memcpy(other.fingerprint, s.key.fingerprint, sizeof other.fingerprint);
    assert_int_equal(opens(&other, "handed", "asana", buf_slice(&s.text), ""), ERR_SYSTEM);
    buf_clear(&s.text);
}

static void test_every_bit(void **state)
{
    struct sealed s = seal("a secret");

    (void)state;
    for (size_t i = 0; i < s.text.len * 8; i++) {
        s.text.ptr[i / 8] ^= (char)(1 << i % 8);
        assert_int_not_equal(opens(&s.key, "handed", "asana", buf_slice(&s.text), ""), 0);
        s.text.ptr[i / 8] ^= (char)(1 << i % 8);
    }
    for (size_t n = 0; n < s.text.len; n++)
        assert_int_equal(opens(&s.key, "handed", "asana", slice_first(buf_slice(&s.text), n), ""), ERR_SYSTEM);
    buf_putc(&s.text, 'x');
    assert_int_equal(opens(&s.key, "handed", "asana", buf_slice(&s.text), ""), ERR_SYSTEM);
    buf_clear(&s.text);
}

static void test_bounds(void **state)
{
    struct seal_key k = read_key(HEX);
    char *large = mem_zalloc(65537);
    struct buf out;
    struct err e;

    (void)state;
    buf_init(&out, 1 << 20);
    assert_int_equal(seal_close(&k, "handed", SLICE("x"), slice_of(large, 65537), &out, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    assert_int_equal(seal_close(&k, "handed", SLICE("x"), slice_of(large, 65536), &out, &e), 0);
    buf_clear(&out);
    buf_init(&out, 20);
    assert_int_equal(seal_close(&k, "handed", SLICE("x"), SLICE("y"), &out, &e), -1);
    buf_clear(&out);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),     cmocka_unit_test(test_no_keys),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_known_seal), cmocka_unit_test(test_bound_to_its_place), cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
