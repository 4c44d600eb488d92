/* Tokens that are rightly signed, and what their claims have to say. */
#include "arena.h"
#include "token.h"

struct claims_case {
    const char *claims;
    enum verify_reason reason;
};

static void try_all(const char *rules, const struct claims_case *cases, size_t n)
{
    struct fixture f;

    token_fixture(&f, rules, TOKEN_SECRET);
    for (size_t i = 0; i < n; i++)
        assert_claims(&f, &arena, cases[i].claims, cases[i].reason);
    fixture_clear(&f);
}
#define TRY(rules, cases) try_all(rules, cases, sizeof cases / sizeof cases[0])

/* It is 1700000000. */
static void tokens_live_for_a_time(void **state)
{
    static const struct claims_case cases[] = {
        { "{}", VERIFY_OK },
        { "{\"exp\":1700000001}", VERIFY_OK },
        { "{\"exp\":1700000000}", VERIFY_STALE },
        { "{\"exp\":1699999999}", VERIFY_STALE },
        { "{\"exp\":1700000001.5}", VERIFY_OK },
        { "{\"exp\":1700000000.999}", VERIFY_STALE }, /* fractions do not count */
        { "{\"exp\":0}", VERIFY_STALE },
        { "{\"nbf\":1700000000}", VERIFY_OK },
        { "{\"nbf\":1700000001}", VERIFY_FUTURE },
        { "{\"nbf\":0}", VERIFY_OK },
        { "{\"iat\":1800000000}", VERIFY_OK }, /* no max_age_s, no question */
        { "{\"iat\":\"x\"}", VERIFY_OK },
        { "{\"nbf\":1600000000,\"exp\":1800000000}", VERIFY_OK },
    };
    (void)state;
    TRY("algs: [HS256]", cases);
}

static void times_are_numbers(void **state)
{
    static const char *const values[] = {
        "\"1800000000\"", "null", "true", "[1800000000]", "{}", "-1", "-1800000000", "-0.5", "1e400", "1E9", "1.8e9",
        "1.8E+9", "1.9e400", "18446744073709551616", "9223372036854775808", "99999999999999999999999", "\"\"",
    };
    struct fixture f;
    (void)state;
    token_fixture(&f, "algs: [HS256], max_age_s: 300, leeway_s: 10", TOKEN_SECRET);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        static const char *const names[] = { "exp", "nbf", "iat" };
        for (size_t n = 0; n < 3; n++)
            assert_claims(&f, &arena,
                          arena_printf(&arena, "{%s\"%s\":%s}", n < 2 ? "\"iat\":1700000000," : "", names[n], values[i]),
                          VERIFY_BAD_CLAIMS);
    }
    fixture_clear(&f);
}

static void leeway_has_edges(void **state)
{
    static const struct claims_case cases[] = {
        { "{\"iat\":1700000000}", VERIFY_OK },
        { "{\"iat\":1700000010}", VERIFY_OK },
        { "{\"iat\":1700000011}", VERIFY_FUTURE },
        { "{\"iat\":1699999690}", VERIFY_OK },
        { "{\"iat\":1699999689}", VERIFY_STALE },
        { "{}", VERIFY_BAD_CLAIMS }, /* without iat its age is unknown */
        { "{\"iat\":1700000000,\"exp\":1699999991}", VERIFY_OK },
        { "{\"iat\":1700000000,\"exp\":1699999990}", VERIFY_STALE },
        { "{\"iat\":1700000000,\"nbf\":1700000010}", VERIFY_OK },
        { "{\"iat\":1700000000,\"nbf\":1700000011}", VERIFY_FUTURE },
        { "{\"iat\":0}", VERIFY_STALE },
        { "{\"iat\":1700000000,\"exp\":4611686018427}", VERIFY_OK },
    };
    (void)state;
    TRY("algs: [HS256], max_age_s: 300, leeway_s: 10", cases);
}

static void claims_have_their_values(void **state)
{
    static const struct claims_case cases[] = {
        { "{\"iss\":\"me\",\"aud\":\"you\"}", VERIFY_OK },
        { "{\"iss\":\"me\",\"aud\":[\"you\"]}", VERIFY_OK },
        { "{\"iss\":\"me\",\"aud\":[\"others\",\"you\"]}", VERIFY_OK },
        { "{\"iss\":\"m\\u0065\",\"aud\":\"you\"}", VERIFY_OK },
        { "{\"iss\":\"me\"}", VERIFY_BAD_CLAIMS },
        { "{\"aud\":\"you\"}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"me\",\"aud\":[]}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"me\",\"aud\":[[\"you\"]]}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"me\",\"aud\":{\"you\":1}}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"me\",\"aud\":\"you \"}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"me\",\"aud\":\"yo\"}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"me\",\"aud\":\"you\\u0000\"}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"me\",\"aud\":null}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"me\",\"aud\":1}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"ME\",\"aud\":\"you\"}", VERIFY_BAD_CLAIMS },
        { "{\"iss\":\"\",\"aud\":\"you\"}", VERIFY_BAD_CLAIMS },
    };
    static const struct claims_case others[] = {
        { "{\"n\":1,\"b\":true,\"jti\":\"x\"}", VERIFY_OK },
        { "{\"n\":\"1\",\"b\":\"true\",\"jti\":null}", VERIFY_OK }, /* a string of it does, and whatever is there is there */
        { "{\"n\":1.0,\"b\":true,\"jti\":\"x\"}", VERIFY_BAD_CLAIMS },
        { "{\"n\":2,\"b\":true,\"jti\":\"x\"}", VERIFY_BAD_CLAIMS },
        { "{\"n\":1,\"b\":false,\"jti\":\"x\"}", VERIFY_BAD_CLAIMS },
        { "{\"n\":1,\"b\":true}", VERIFY_BAD_CLAIMS },
    };
    (void)state;
    TRY("algs: [HS256], claims: {iss: me, aud: you}", cases);
    TRY("algs: [HS256], claims: {n: '1', b: 'true'}, require: [jti]", others);
}

/* The digest of {"a":1}, and of nothing. */
static char *with_digest(const char *body, const char *text)
{
    unsigned char digest[HASH_MAX_BYTES];
    size_t n = hash_of(hash_find(SLICE("sha256")), slice_z(body), digest);

    return arena_printf(&arena, text, base64url_of(&arena, slice_of(digest, n)));
}

static void bodies_are_in_a_claim(void **state)
{
    static const struct {
        const char *required;
        enum verify_reason with_body, without;
    } cases[] = {
        { "always", VERIFY_BAD_BODY_DIGEST, VERIFY_BAD_BODY_DIGEST },
        { "if-body", VERIFY_BAD_BODY_DIGEST, VERIFY_OK },
        { "never", VERIFY_OK, VERIFY_OK },
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *of_body = with_digest("{\"a\":1}", "{\"b\":\"%s\"}"), *of_none = with_digest("", "{\"b\":\"%s\"}");
        struct fixture f;
        token_fixture(&f, arena_printf(&arena,
                                       "algs: [HS256], body_claim: b, body_hash: sha256, body_encoding: base64url, "
                                       "body_claim_required: %s", cases[i].required), TOKEN_SECRET);
        assert_claims(&f, &arena, of_body, VERIFY_OK);
        assert_claims(&f, &arena, with_digest("{\"a\":1}", "{\"b\":\"%s=\"}"), VERIFY_OK); /* padded or not */
        assert_claims(&f, &arena, of_none, VERIFY_BAD_BODY_DIGEST); /* where it is there it has to be right */
        assert_claims(&f, &arena, "{\"b\":null}", VERIFY_BAD_BODY_DIGEST);
        assert_claims(&f, &arena, "{\"b\":\"\"}", VERIFY_BAD_BODY_DIGEST);
        assert_claims(&f, &arena, "{\"b\":\"=\"}", VERIFY_BAD_BODY_DIGEST);
        assert_claims(&f, &arena, with_digest("{\"a\":1}", "{\"b\":[\"%s\"]}"), VERIFY_BAD_BODY_DIGEST);
        assert_claims(&f, &arena, "{}", cases[i].with_body);
        f.delivery.body = SLICE_NONE;
        assert_claims(&f, &arena, "{}", cases[i].without);
        assert_claims(&f, &arena, of_none, VERIFY_OK);
        assert_claims(&f, &arena, of_body, VERIFY_BAD_BODY_DIGEST);
        fixture_clear(&f);
    }
}

static void urls_are_in_a_claim(void **state)
{
    static const struct claims_case plain[] = {
        { "{\"u\":\"https://example.com/h\"}", VERIFY_OK },
        { "{\"u\":\"https:\\/\\/example.com/h\"}", VERIFY_OK },
        { "{\"u\":\"https://example.com/h/\"}", VERIFY_BAD_CLAIMS },
        { "{\"u\":\"https://example.com/\"}", VERIFY_BAD_CLAIMS },
        { "{\"u\":\"\"}", VERIFY_BAD_CLAIMS },
        { "{\"u\":null}", VERIFY_BAD_CLAIMS },
        { "{\"u\":[\"https://example.com/h\"]}", VERIFY_BAD_CLAIMS },
        { "{}", VERIFY_BAD_CLAIMS },
    };
    static const struct claims_case hashed[] = {
        { "{\"u\":\"https://example.com/h\"}", VERIFY_BAD_CLAIMS },
        { "{}", VERIFY_BAD_CLAIMS },
    };
    struct fixture f;
    unsigned char digest[HASH_MAX_BYTES];
    char hex[65] = "";
    (void)state;
    TRY("algs: [HS256], url_claim: u", plain);
    TRY("algs: [HS256], url_claim: u, url_hash: sha256-hex", hashed);
    token_fixture(&f, "algs: [HS256], url_claim: u, url_hash: sha256-hex", TOKEN_SECRET);
    hash_of(hash_find(SLICE("sha256")), f.delivery.url, digest);
    hex_encode(slice_of(digest, 32), hex);
    assert_claims(&f, &arena, arena_printf(&arena, "{\"u\":\"%s\"}", hex), VERIFY_OK);
    f.delivery.url = SLICE("https://example.com/other");
    assert_claims(&f, &arena, arena_printf(&arena, "{\"u\":\"%s\"}", hex), VERIFY_BAD_CLAIMS);
    fixture_clear(&f);
}

/* A stranger learns nothing of the claims that are expected: the signature comes first. */
static void claims_are_asked_after_the_signature(void **state)
{
    struct fixture f;
    char *token = token_of(&arena, SLICE(HS256_HEADER), SLICE("{\"exp\":1,\"iss\":\"x\"}"));
    (void)state;
    token_fixture(&f, "algs: [HS256], claims: {iss: me}", TOKEN_SECRET);
    assert_refused(judge_token(&f, &arena, token), VERIFY_STALE);
    token[strlen(token) - 5] ^= 1;
    assert_refused(judge_token(&f, &arena, token), VERIFY_BAD_SIGNATURE);
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens_live_for_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(times_are_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(leeway_has_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(claims_have_their_values, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_are_in_a_claim, setup, teardown),
        cmocka_unit_test_setup_teardown(urls_are_in_a_claim, setup, teardown),
        cmocka_unit_test_setup_teardown(claims_are_asked_after_the_signature, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
