#include "flow/sign.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

/* The example of the Standard Webhooks libraries, and a second key. */
#define SECRET_1 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SIGNATURE_1 "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define SECRET_2 "b3RoZXIgc2VjcmV0IGtleQ=="
#define SIGNATURE_2 "2DQDMj7GdLZQqhF10U4DXcA6hqLcsid8X6bUkogZKdQ="

static const struct signed_content content = {
    SLICE("msg_p5jXN8AQM9LWM0D4loKWxJek"),
    SLICE("1614265330"),
    SLICE("{\"test\": 2432232314}"),
};

static struct secret secret_of(const char *text)
{
    return (struct secret){ (char *)text, strlen(text), (char *)"env:KEY" };
}

static struct signer *signer(void)
{
    struct err e;
    struct signer *s = signer_new(&e);

    assert_non_null(s);
    return s;
}

static void every_secret_signs(void **state)
{
    struct secret secrets[] = { secret_of(SECRET_1), secret_of(SECRET_2),
                                secret_of("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") };
    struct signer *s = signer();
    struct buf out;
    struct err e;

    (void)state;
    buf_init(&out, 1024);
    assert_int_equal(signer_put(s, secrets, 3, &content, &out, &e), 0);
    assert_string_equal(out.ptr, "v1," SIGNATURE_1 " v1," SIGNATURE_2 " v1," SIGNATURE_1);
    buf_clear(&out);
    signer_free(s);
}

static void any_signature_in_the_list_verifies(void **state)
{
    struct secret one = secret_of(SECRET_1), other = secret_of(SECRET_2);
    struct signed_content changed = content;
    struct signer *s = signer();

    (void)state;
    assert_true(signer_verify(s, &one, &content, SLICE("v1," SIGNATURE_1)));
    assert_true(signer_verify(s, &one, &content, SLICE("v1a,xyz v1," SIGNATURE_2 " v1," SIGNATURE_1)));
    assert_false(signer_verify(s, &other, &content, SLICE("v1," SIGNATURE_1)));
    assert_false(signer_verify(s, &one, &content, SLICE("v2," SIGNATURE_1)));
    assert_false(signer_verify(s, &one, &content, SLICE(SIGNATURE_1)));
    assert_false(signer_verify(s, &one, &content, SLICE("v1,")));
    assert_false(signer_verify(s, &one, &content, SLICE("")));
    changed.id = SLICE("msg_p5jXN8AQM9LWM0D4loKWxJel");
    assert_false(signer_verify(s, &one, &changed, SLICE("v1," SIGNATURE_1)));
    changed = content;
    changed.timestamp = SLICE("1614265331");
    assert_false(signer_verify(s, &one, &changed, SLICE("v1," SIGNATURE_1)));
    changed = content;
    changed.body.len--;
    assert_false(signer_verify(s, &one, &changed, SLICE("v1," SIGNATURE_1)));
    signer_free(s);
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const wrong[] = { "",          "whsec_",         "plain text",
                                         "whsec_abc", "whsec_ab==cd==", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n" };
    struct signer *s = signer();
    unsigned char key[SIGN_KEY_MAX];
    char large[1000];
    struct buf out;
    struct err e;
    size_t len;

    (void)state;
    buf_init(&out, 1024);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct secret secret = secret_of(wrong[i]);
        assert_int_equal(sign_key(slice_z(wrong[i]), key, &len), -1);
        assert_int_equal(signer_put(s, &secret, 1, &content, &out, &e), -1);
        assert_non_null(strstr(e.text, "env:KEY"));
        assert_false(signer_verify(s, &secret, &content, SLICE("v1," SIGNATURE_1)));
    }
    memset(large, 'A', sizeof large);
    assert_int_equal(sign_key(slice_of(large, sizeof large), key, &len), -1);
    assert_int_equal(sign_key(SLICE("whsec_AAAA"), key, &len), 0);
    assert_int_equal(len, 3);
    buf_clear(&out);
    signer_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_secret_signs),
        cmocka_unit_test(any_signature_in_the_list_verifies),
        cmocka_unit_test(what_is_no_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
