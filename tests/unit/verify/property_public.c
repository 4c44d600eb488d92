/* Whatever is signed with a private key: after it was signed no bit of it can change, nor one of the signature. */
#include "arena.h"
#include "flip.h"
#include "pkey.h"

#define TIMED                                                                                                          \
    "signature: {in: header, name: X-Sig, %s}\n"                                                                       \
    "timestamp: {in: header, name: X-Time, format: unix, tolerance_s: 300}\n"                                          \
    "signed_content: ['{timestamp}.{header:X-Id}.{method}.{url}.{body}']\n"

static EVP_PKEY *ed25519, *p256, *rsa;

static int make_keys(void **state)
{
    (void)state;
    ed25519 = new_ed25519();
    p256 = new_p256();
    rsa = new_rsa(2048);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(ed25519);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(rsa);
    return 0;
}

static void flip_all(const char *yaml, EVP_PKEY *key, const struct leniency *l)
{
    struct fixture f;

    start_flips(&f, &arena, yaml, private_pem(&arena, key), public_pem(&arena, key), SLICE("{\"a\":1}"), false);
    assert_headers_count(&f, l);
    assert_every_bit_counts(&f, &f.delivery.body, NULL);
    assert_every_bit_counts(&f, &f.delivery.url, NULL);
    fixture_clear(&f);
}

static void every_scheme(void **state)
{
    static const struct {
        const char *scheme;
        EVP_PKEY **key;
    } schemes[] = {
        { "ed25519", &ed25519 }, { "ecdsa-p256\nhash: sha256", &p256 }, { "ecdsa-p256\nhash: sha512", &p256 },
        { "rsa\nhash: sha1", &rsa }, { "rsa\nhash: sha256", &rsa }, { "rsa\nhash: sha512", &rsa },
    };
    static const char *const encodings[] = { "base64", "hex", "base64url" };
    (void)state;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        /* Bytes are compared here, not text: hexadecimal digits of the signature are in any case. */
        size_t encoding = i % 3;
        struct leniency l = { .hex = encoding == 1 };
        flip_all(arena_printf(&arena, "scheme: %s\nencoding: %s\n" TIMED, schemes[i].scheme, encodings[encoding],
                              "prefix: '='"), *schemes[i].key, &l);
    }
}

/* Signatures that come with a name, and others beside them that mean nothing. */
static void the_right_one_among_several(void **state)
{
    struct fixture f;
    char *old;
    (void)state;
    start_flips(&f, &arena,
                arena_printf(&arena, "scheme: ed25519\nencoding: base64\n" TIMED,
                             "format: pairs, separator: ' ', kv: ',', key: v1a"),
                private_pem(&arena, ed25519), public_pem(&arena, ed25519), SLICE("{}"), false);
    assert_headers_count(&f, NULL);
    for (size_t i = 0; i < f.delivery.n_headers; i++) {
        struct slice right = f.headers[i].value;
        if (!slice_eq_z(f.headers[i].name, "X-Sig"))
            continue;
        old = arena_printf(&arena, "v1,c2lnbmF0dXJl %.*s", SLICE_FMT(right));
        f.headers[i].value = slice_z(old);
        assert_accepted(judge(&f));
        old[strlen(old) - 4] = old[strlen(old) - 4] == 'A' ? 'B' : 'A';
        assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
        /* more of them than are tried */
        f.headers[i].value = slice_z(arena_printf(&arena, "%.*s %.*s %.*s %.*s %.*s %.*s %.*s %.*s %.*s",
                                                  SLICE_FMT(right), SLICE_FMT(right), SLICE_FMT(right),
                                                  SLICE_FMT(right), SLICE_FMT(right), SLICE_FMT(right),
                                                  SLICE_FMT(right), SLICE_FMT(right), SLICE_FMT(right)));
        assert_refused(judge(&f), VERIFY_MALFORMED_SIGNATURE);
    }
    fixture_clear(&f);
}

#define TOKEN                                                                                                          \
    "scheme: jwt\nsignature: {in: header, name: Authorization, prefix: 'Bearer '}\n"                                   \
    "jwt: {algs: [%s], body_claim: body, body_hash: sha256, body_encoding: base64url, url_claim: url%s}\n"

static void every_algorithm_of_tokens(void **state)
{
    static const struct {
        const char *alg;
        EVP_PKEY **key; /* NULL: a shared secret */
    } algs[] = {
        { "HS256", NULL }, { "HS384", NULL }, { "HS512", NULL },    { "RS256", &rsa },
        { "PS256", &rsa }, { "ES256", &p256 }, { "EdDSA", &ed25519 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        struct fixture f;
        EVP_PKEY *k = algs[i].key ? *algs[i].key : NULL;
        start_flips(&f, &arena, arena_printf(&arena, TOKEN, algs[i].alg, i % 2 ? ", url_hash: sha256-hex" : ""),
                    k ? private_pem(&arena, k) : "a shared secret", k ? public_pem(&arena, k) : NULL,
                    SLICE("{\"a\":1}"), false);
        assert_headers_count(&f, NULL);
        assert_every_bit_counts(&f, &f.delivery.body, NULL);
        assert_every_bit_counts(&f, &f.delivery.url, NULL);
        fixture_clear(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_scheme, setup, teardown),
        cmocka_unit_test_setup_teardown(the_right_one_among_several, setup, teardown),
        cmocka_unit_test_setup_teardown(every_algorithm_of_tokens, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
