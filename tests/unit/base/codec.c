#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/codec.h"

/* RFC 4648 section 10 */
static const struct {
    const char *plain, *base64, *url, *hex;
} vectors[] = {
    { "", "", "", "" },
    { "f", "Zg==", "Zg", "66" },
    { "fo", "Zm8=", "Zm8", "666f" },
    { "foo", "Zm9v", "Zm9v", "666f6f" },
    { "foob", "Zm9vYg==", "Zm9vYg", "666f6f62" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172" },
    { "\xfb\xff\xfe", "+//+", "-__-", "fbfffe" },
};

static void encodes_and_decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct slice plain = slice_z(vectors[i].plain);
        char text[64];
        unsigned char bytes[64];
        size_t n;

        n = base64_encode(plain, text);
        assert_true(slice_eq_z(slice_of(text, n), vectors[i].base64));
        assert_int_equal(base64_decode(slice_of(text, n), bytes, &n), 0);
        assert_true(slice_eq(slice_of(bytes, n), plain));
        n = base64url_encode(plain, text);
        assert_true(slice_eq_z(slice_of(text, n), vectors[i].url));
        assert_int_equal(base64url_decode(slice_of(text, n), bytes, &n), 0);
        assert_true(slice_eq(slice_of(bytes, n), plain));
        hex_encode(plain, text);
        assert_true(slice_eq_z(slice_of(text, plain.len * 2), vectors[i].hex));
        assert_int_equal(hex_decode(slice_z(vectors[i].hex), bytes), 0);
        assert_true(slice_eq(slice_of(bytes, plain.len), plain));
    }
}

static void strict_base64(void **state)
{
    static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Z g=", "=Zg=", "Zg==Zg==",
                                       "Zm9v=", "====", "Zm-_", "Zm9v\0", "Zg=a" };
    unsigned char out[64];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(base64_decode(slice_z(bad[i]), out, &n), strcmp(bad[i], "Zm9v") == 0 ? 0 : -1);
    assert_int_equal(base64url_decode(SLICE("Zg=="), out, &n), -1);
    assert_int_equal(base64url_decode(SLICE("Zh"), out, &n), -1);
    assert_int_equal(base64url_decode(SLICE("+/"), out, &n), -1);
    assert_int_equal(base64_decode(SLICE("Zm\0v"), out, &n), -1);
}

static void strict_hex(void **state)
{
    unsigned char out[8];

    (void)state;
    assert_int_equal(hex_decode(SLICE("0"), out), -1);
    assert_int_equal(hex_decode(SLICE("0g"), out), -1);
    assert_int_equal(hex_decode(SLICE("0x"), out), -1);
    assert_int_equal(hex_decode(SLICE("\x10\x11"), out), -1);
    assert_int_equal(hex_decode(SLICE("aBcD"), out), 0);
    assert_int_equal(out[0], 0xab);
    assert_int_equal(out[1], 0xcd);
}

static void percent(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    assert_int_equal(percent_decode(SLICE("a%20b+c%2B%00"), true, &out), 0);
    assert_true(slice_eq(buf_slice(&out), SLICE("a b c+\0")));
    buf_reset(&out);
    assert_int_equal(percent_decode(SLICE("a+b"), false, &out), 0);
    assert_true(slice_eq(buf_slice(&out), SLICE("a+b")));
    assert_int_equal(percent_decode(SLICE("%2"), true, &out), -1);
    assert_int_equal(percent_decode(SLICE("%zz"), true, &out), -1);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_and_decodes),
        cmocka_unit_test(strict_base64),
        cmocka_unit_test(strict_hex),
        cmocka_unit_test(percent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
