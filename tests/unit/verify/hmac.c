/* Test cases of RFC 2202 (SHA-1) and RFC 4231 (SHA-2). */
#include "fixture.h"

#include "base/codec.h"
#include "verify/hmac.h"

static void assert_hmac(const char *hash, struct slice key, struct slice text, const char *wanted)
{
    const struct hash *h = hash_find(slice_z(hash));
    struct hmac_key *k = hmac_key_new(h, key);
    struct hmac *m = hmac_new();
    unsigned char digest[HASH_MAX_BYTES];
    char hex[2 * HASH_MAX_BYTES];
    /* twice, whole and in pieces: the key is not used up */
    for (size_t piece = text.len + 1; piece > 0; piece = piece > 7 ? 7 : 0) {
        hmac_start(m, k);
        for (size_t at = 0; at < text.len; at += piece)
            hmac_update(m, slice_first(slice_from(text, at), piece));
        assert_int_equal(hmac_end(m, digest), h->len);
        hex_encode(slice_of(digest, h->len), hex);
        assert_text(slice_of(hex, 2 * h->len), wanted);
    }
    hmac_free(m);
    hmac_key_free(k);
}

static void short_keys(void **state)
{
    (void)state;
    assert_hmac("sha1", SLICE("Jefe"), SLICE("what do ya want for nothing?"),
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_hmac("sha256", SLICE("Jefe"), SLICE("what do ya want for nothing?"),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_hmac("sha512", SLICE("Jefe"), SLICE("what do ya want for nothing?"),
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1"
                "a34d4a6b4b"
                "636e070a38bce737");
}

static void keys_longer_than_a_block(void **state)
{
    char key[131];
    struct slice text = SLICE("Test Using Larger Than Block-Size Key - Hash Key First");
    (void)state;
    memset(key, 0xaa, sizeof key);
    assert_hmac("sha1", slice_of(key, 80), text, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    assert_hmac("sha256", slice_of(key, sizeof key), text,
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_hmac("sha512", slice_of(key, sizeof key), text,
                "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f"
                "73f63f0aec"
                "8b915a985d786598");
}

static void unknown_hashes(void **state)
{
    (void)state;
    assert_null(hash_find(SLICE("md5")));
    assert_null(hash_find(SLICE("SHA256")));
    assert_null(hash_find(SLICE_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_keys),
        cmocka_unit_test(keys_longer_than_a_block),
        cmocka_unit_test(unknown_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
