/* Tokens whose form or algorithm is not what the configuration says: refused, whoever signed them. */
#include "arena.h"
#include "pkey.h"
#include "token.h"

#include "verify/jwt.h"

#define CLAIMS "{\"sub\":\"x\"}"

static void the_configuration_says_the_algorithm(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":\"NONE\"}", "{\"alg\":\"nOnE\"}", "{\"alg\":\"\"}",
        "{}", "{\"alg\":null}", "{\"alg\":[\"HS256\"]}", "{\"alg\":{\"HS256\":1}}", "{\"alg\":256}", "{\"alg\":true}",
        "{\"alg\":\"hs256\"}", "{\"alg\":\"HS256 \"}", "{\"alg\":\"HS25\"}", "{\"alg\":\"HS2566\"}",
        "{\"alg\":\"HS256\\u0000\"}", "{\"alg\":\"HS384\"}", "{\"alg\":\"HS512\"}", "{\"alg\":\"RS256\"}",
        "{\"alg\":\"ES256\"}", "{\"alg\":\"EdDSA\"}", "{\"Alg\":\"HS256\"}", "{\"typ\":\"JWT\"}",
        "{\"x\":{\"alg\":\"HS256\"}}",
    };
    struct fixture f;
    (void)state;
    token_fixture(&f, "algs: [HS256]", TOKEN_SECRET);
    assert_accepted(judge_token(&f, &arena, token_of(&arena, SLICE("{\"alg\":\"HS256\"}"), SLICE(CLAIMS))));
    assert_accepted(judge_token(&f, &arena, token_of(&arena, SLICE("{\"\\u0061lg\":\"HS25\\u0036\"}"), SLICE(CLAIMS))));
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char *part = signed_part(&arena, slice_z(headers[i]), SLICE(CLAIMS));
        const char *const hashes[] = { "sha256", "sha384", "sha512" };
        assert_refused(judge_token(&f, &arena, arena_printf(&arena, "%s.", part)), VERIFY_BAD_SIGNATURE);
        for (size_t h = 0; h < 3; h++)
            assert_refused(judge_token(&f, &arena,
                                       arena_printf(&arena, "%s.%s", part,
                                                    hs_of(&arena, hashes[h], SLICE(TOKEN_SECRET), part))),
                           VERIFY_BAD_SIGNATURE);
    }
    fixture_clear(&f);
}

/* The public key is known to everybody: it must not become a shared secret because the token says so. */
static void a_public_key_is_no_shared_secret(void **state)
{
    static const char *const algs[] = { "RS256", "PS256", "ES256", "EdDSA" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        EVP_PKEY *k = i < 2 ? new_rsa(2048) : i == 2 ? new_p256() : new_ed25519();
        struct slice pem = slice_z(public_pem(&arena, k)), der = public_der(&arena, k);
        struct slice secrets[] = { pem, slice_first(pem, pem.len - 1), der, SLICE("") };
        struct fixture f;
        token_fixture(&f, arena_printf(&arena, "algs: [%s]", algs[i]), pem.ptr);
        for (size_t s = 0; s < 4; s++) {
            for (size_t h = 0; h < 2; h++) { /* the header names the one or the other algorithm */
                char *part = signed_part(&arena, slice_z(h ? HS256_HEADER
                                                           : arena_printf(&arena, "{\"alg\":\"%s\"}", algs[i])),
                                         SLICE(CLAIMS));
                char *token = arena_printf(&arena, "%s.%s", part, hs_of(&arena, "sha256", secrets[s], part));
                assert_refused(judge_token(&f, &arena, token), VERIFY_BAD_SIGNATURE);
            }
        }
        EVP_PKEY_free(k);
        fixture_clear(&f);
    }
}

/* Nor does the configuration make it one, where an algorithm of the wrong family was written down. */
static void a_key_in_pem_is_no_shared_secret(void **state)
{
    static const char *const yamls[] = {
        "scheme: jwt\nsignature: {name: T}\njwt: {algs: [HS256]}\n",
        "scheme: hmac\nhash: sha256\nencoding: hex\nsignature: {name: T}\nsigned_content: ['{body}']\n",
    };
    EVP_PKEY *k = new_rsa(1024);
    char *keys[] = { public_pem(&arena, k), private_pem(&arena, k) };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct provider *p = provider_of(yamls[i / 2], NULL);
        struct secret s = { keys[i % 2], strlen(keys[i % 2]), (char *)"value" };
        struct err e = { 0 };
        assert_null(verifier_new(p, &s, 1, NULL, 0, &e));
        assert_int_equal(e.code, ERR_INPUT);
        assert_non_null(strstr(e.text, "signs with a shared secret"));
        provider_free(p);
    }
    EVP_PKEY_free(k);
}

static char *why_not(const char *yaml)
{
    char *why;
    struct provider *p = provider_of(yaml, &why);

    assert_null(p);
    return why;
}

static void algorithms_of_one_kind_of_key(void **state)
{
    static const char *const wrong[] = { "HS256, RS256", "HS512, EdDSA", "RS256, ES256", "ES256, EdDSA", "HS256, PS256" };
    static const char *const right[] = { "HS256, HS384, HS512", "RS256, PS256", "ES256" };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *why = why_not(arena_printf(
            &arena, "scheme: jwt\nsignature: {name: Authorization}\njwt: {algs: [%s]}\n", wrong[i]));
        assert_non_null(strstr(why, "a token must not choose"));
        free(why);
    }
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct provider *p = provider_of(arena_printf(&arena, "scheme: jwt\nsignature: {name: Authorization}\n"
                                                              "jwt: {algs: [%s]}\n", right[i]), NULL);
        assert_non_null(p);
        provider_free(p);
    }
}

static void any_of_the_allowed_ones(void **state)
{
    static const char *const algs[][2] = { { "HS256", "sha256" }, { "HS384", "sha384" }, { "HS512", "sha512" } };
    struct fixture f;
    (void)state;
    token_fixture(&f, "algs: [HS256, HS512]", TOKEN_SECRET);
    for (size_t said = 0; said < 3; said++) {
        char *part = signed_part(&arena, slice_z(arena_printf(&arena, "{\"alg\":\"%s\"}", algs[said][0])), SLICE(CLAIMS));
        for (size_t used = 0; used < 3; used++) {
            char *mac = hs_of(&arena, algs[used][1], SLICE(TOKEN_SECRET), part);
            const struct verdict *v = judge_token(&f, &arena, arena_printf(&arena, "%s.%s", part, mac));
            assert_int_equal(v->result, used == said && said != 1 ? VERIFY_ACCEPT : VERIFY_REJECT);
        }
    }
    fixture_clear(&f);
}

static void forms_that_are_no_token(void **state)
{
    struct fixture f;
    struct slice h = SLICE(HS256_HEADER), c = SLICE(CLAIMS);
    char *good = token_of(&arena, h, c), *part = signed_part(&arena, h, c), *mac = strrchr(good, '.') + 1;
    char *head = base64url_of(&arena, h), *body = base64url_of(&arena, c);
    (void)state;
    token_fixture(&f, "algs: [HS256]", TOKEN_SECRET);
    assert_accepted(judge_token(&f, &arena, good));
    const char *const wrong[] = {
        ".", "..", "...", "a.b.c", part, head, arena_printf(&arena, "%s.", part), arena_printf(&arena, "%s.", good),
        arena_printf(&arena, "%s.%s", good, mac), arena_printf(&arena, ".%s", good), arena_printf(&arena, ".%s.%s", body, mac),
        arena_printf(&arena, "%s..%s", head, mac), arena_printf(&arena, "..%s", mac),
        arena_printf(&arena, "%s=", good), arena_printf(&arena, "%s==", good), arena_printf(&arena, "%s ", good),
        arena_printf(&arena, " %s", good), arena_printf(&arena, "%s\n", good), arena_printf(&arena, "%s=.%s.%s", head, body, mac),
        arena_printf(&arena, "%s.%s=.%s", head, body, mac), arena_printf(&arena, "%s. %s.%s", head, body, mac),
        arena_printf(&arena, "%sA", good), arena_printf(&arena, "%.*s", (int)strlen(good) - 1, good),
        arena_printf(&arena, "%s,%s", good, good), arena_printf(&arena, "%s.%s.%s+", head, body, mac),
        token_of(&arena, SLICE("[]"), c), token_of(&arena, SLICE("\"HS256\""), c), token_of(&arena, SLICE(""), c),
        token_of(&arena, h, SLICE("[]")), token_of(&arena, h, SLICE("null")), token_of(&arena, h, SLICE("{")),
        token_of(&arena, h, SLICE("{}{}")), token_of(&arena, h, SLICE("{\"a\":1,}")), token_of(&arena, h, SLICE("{\"a\":\"\xff\"}")),
        token_of(&arena, h, SLICE("{\"a\":NaN}")), token_of(&arena, h, SLICE("\xef\xbb\xbf{}")),
        token_of(&arena, SLICE("{\"alg\":\"HS256\",\"crit\":[]}"), c),
        token_of(&arena, SLICE("{\"alg\":\"HS256\",\"crit\":[\"exp\"]}"), c),
        token_of(&arena, SLICE("{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}"), c),
        token_of(&arena, SLICE("{\"alg\":\"HS256\",\"alg\":\"HS256\"}"), c),
        token_of(&arena, SLICE("{\"alg\":\"none\",\"alg\":\"HS256\"}"), c),
        token_of(&arena, SLICE("{\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\"}"), c),
        token_of(&arena, h, SLICE("{\"exp\":1,\"exp\":9999999999}")),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (judge_token(&f, &arena, wrong[i])->result != VERIFY_REJECT)
            fail_msg("case %zu: %s", i, wrong[i]);
    fixture_clear(&f);
}

/* Base64url of 32 bytes ends with a character of which two bits do not count: they have to be zero. */
static void one_spelling_of_the_signature(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct fixture f;
    char *token = token_of(&arena, SLICE(HS256_HEADER), SLICE(CLAIMS)), *last = token + strlen(token) - 1, right = *last;
    (void)state;
    token_fixture(&f, "algs: [HS256]", TOKEN_SECRET);
    for (size_t i = 0; i < 64; i++) {
        *last = alphabet[i];
        assert_int_equal(judge_token(&f, &arena, token)->result, *last == right ? VERIFY_ACCEPT : VERIFY_REJECT);
    }
    fixture_clear(&f);
}

static void sizes_and_depths_are_bounded(void **state)
{
    struct fixture f;
    size_t n = 60000;
    char *claims = arena_alloc(&arena, n + 1), *huge = arena_alloc(&arena, 100001);
    (void)state;
    token_fixture(&f, "algs: [HS256]", TOKEN_SECRET);
    memset(claims, ' ', n);
    claims[n] = '\0';
    memcpy(claims, "{\"a\":1", 6);
    claims[40000] = '}';
    assert_accepted(judge_token(&f, &arena, token_of(&arena, SLICE(HS256_HEADER), slice_first(slice_z(claims), 40001))));
    claims[40000] = ' ';
    claims[n - 1] = '}';
    assert_refused(judge_token(&f, &arena, token_of(&arena, SLICE(HS256_HEADER), slice_z(claims))),
                   VERIFY_MALFORMED_SIGNATURE);
    memset(huge, 'A', 100000);
    huge[100000] = '\0';
    assert_refused(judge_token(&f, &arena, huge), VERIFY_MALFORMED_SIGNATURE);
    huge[10] = huge[20] = '.';
    assert_refused(judge_token(&f, &arena, huge), VERIFY_MALFORMED_SIGNATURE);
    memset(huge, '.', 60000);
    assert_refused(judge_token(&f, &arena, huge), VERIFY_MALFORMED_SIGNATURE);
    for (size_t deep = 15; deep <= 16; deep++) { /* as deep as 16 with the object around it */
        char *text = arena_printf(&arena, "{\"a\":%.*s%.*s}", (int)deep, "[[[[[[[[[[[[[[[[", (int)deep, "]]]]]]]]]]]]]]]]");
        const struct verdict *v = judge_token(&f, &arena, token_of(&arena, SLICE(HS256_HEADER), slice_z(text)));
        assert_int_equal(v->result, deep == 15 ? VERIFY_ACCEPT : VERIFY_REJECT);
    }
    fixture_clear(&f);
}

/* Read in one place, for several tokens after each other: nothing of one is left for the next. */
static void nothing_of_a_token_is_left(void **state)
{
    struct jwt t;
    char *good = token_of(&arena, SLICE(HS256_HEADER), SLICE(CLAIMS));
    (void)state;
    jwt_init(&t);
    for (int i = 0; i < 3; i++) {
        assert_null(jwt_read(&t, slice_z(good)));
        assert_int_equal(t.alg, JWT_HS256);
        assert_int_equal(t.signature.len, 32);
        assert_true(json_string_eq(&t.claims, json_member(&t.claims, 0, SLICE("sub")), SLICE("x")));
        assert_null(jwt_read(&t, slice_z(token_of(&arena, SLICE("{}"), SLICE("{}")))));
        assert_int_equal(t.alg, JWT_NALGS);
        assert_int_equal(json_member(&t.claims, 0, SLICE("sub")), JSON_NONE);
        assert_non_null(jwt_read(&t, SLICE("..")));
    }
    jwt_clear(&t);
}

static void one_token_at_a_time(void **state)
{
    struct fixture f;
    char *good = token_of(&arena, SLICE(HS256_HEADER), SLICE(CLAIMS));
    (void)state;
    token_fixture(&f, "algs: [HS256]", TOKEN_SECRET);
    assert_accepted(judge_token(&f, &arena, good));
    add_header(&f, SLICE("authorization"), f.headers[0].value);
    assert_refused(judge(&f), VERIFY_DUPLICATE_HEADER);
    f.delivery.n_headers = 1;
    f.headers[0].value = slice_z(arena_printf(&arena, "bearer %s", good)); /* the prefix as it is given */
    assert_refused(judge(&f), VERIFY_MALFORMED_SIGNATURE);
    f.headers[0].value = SLICE("Bearer ");
    assert_refused(judge(&f), VERIFY_MALFORMED_SIGNATURE);
    f.headers[0].value = SLICE("");
    assert_refused(judge(&f), VERIFY_MISSING_SIGNATURE);
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_configuration_says_the_algorithm, setup, teardown),
        cmocka_unit_test_setup_teardown(a_public_key_is_no_shared_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_in_pem_is_no_shared_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(algorithms_of_one_kind_of_key, setup, teardown),
        cmocka_unit_test_setup_teardown(any_of_the_allowed_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_that_are_no_token, setup, teardown),
        cmocka_unit_test_setup_teardown(one_spelling_of_the_signature, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_and_depths_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_of_a_token_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(one_token_at_a_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
