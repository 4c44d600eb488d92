/* verify_explain on JSON Web Tokens, tokens and passwords: what is said, and what never is. */
#include "explained.h"

#define JWT(algs, more) "scheme: jwt\nsignature: {name: Authorization, prefix: 'Bearer '}\njwt:\n  algs: [" algs "]\n" more
#define SECRET "a secret of tokens"

static void say(struct fixture *f, int64_t now_us)
{
    const struct verdict *v = judge_at(f, now_us);
    assert_int_equal(v->result, VERIFY_REJECT);
    buf_reset(&out);
    verify_explain(f->verifier, &f->reading, now_us, f->scratch, v, false, &out);
    assert_null(strstr(out.ptr, SECRET));
    for (size_t i = 0; i < f->delivery.n_headers; i++) { /* nor any long part of a token */
        struct slice value = f->headers[i].value;
        for (size_t at = 7; at + 12 < value.len; at += 6)
            assert_null(memmem(out.ptr, out.len, value.ptr + at, 12));
    }
}

static void assert_said(const char *words)
{
    if (!strstr(out.ptr, words))
        print_error("no \"%s\" in:\n%s", words, out.ptr);
    assert_non_null(strstr(out.ptr, words));
}

static void start(struct fixture *f, const char *yaml, const char *secret)
{
    char *why = NULL;
    struct provider *p = provider_of(yaml, &why);
    if (!p)
        print_error("%s", why);
    free(why);
    fixture_init(f, p, secret);
    f->delivery.body = SLICE("{\"a\": 1}");
}

/* A token made by one provider's rules, judged by another's. */
static void start_signed(struct fixture *f, const char *signer_yaml, const char *signing, const char *yaml,
                         const char *secret)
{
    struct fixture signer;
    start(&signer, signer_yaml, signing);
    sign_with(&signer, &arena, NOW_US);
    start(f, yaml, secret);
    add_header(f, signer.headers[0].name, signer.headers[0].value);
    fixture_clear(&signer);
}

static void algorithms(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, JWT("HS512", ""), SECRET, JWT("HS256, HS384", ""), SECRET);
    say(&f, NOW_US);
    assert_said("The token is signed with HS512; accepted are HS256, HS384.");
    assert_said("match if its algorithm were accepted");
    fixture_clear(&f);
    start_signed(&f, JWT("HS512", ""), "another", JWT("HS256", ""), SECRET);
    say(&f, NOW_US);
    assert_null(strstr(out.ptr, "match if"));
    fixture_clear(&f);
}

static void secrets_of_tokens(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, JWT("HS256", "secret: {decode: base64}\n"), "c2VjcmV0IQ==", JWT("HS256", ""), "c2VjcmV0IQ==");
    say(&f, NOW_US);
    assert_said("with the secret base64-decoded");
    fixture_clear(&f);
    start_signed(&f, JWT("HS256", ""), "another", JWT("HS256", ""), SECRET);
    say(&f, NOW_US);
    assert_said("So it is another secret");
    fixture_clear(&f);
}

static void clocks_of_tokens(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, JWT("HS256", "  require: [exp]\n"), SECRET, JWT("HS256", "  leeway_s: 5\n  max_age_s: 60\n"), SECRET);
    say(&f, NOW_US + 7200 * US_PER_S);
    assert_said("stale");
    assert_said("iat is 2023-11-14T22:13:20");
    assert_said("2 h 0 min ago");
    assert_said("Allowed is a clock that is 5 s off, and an iat of up to 60 s ago");
    fixture_clear(&f);
}

static void claims_of_tokens(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, JWT("HS256", "  claims: {iss: shop}\n"), SECRET, JWT("HS256", "  claims: {iss: bank}\n"), SECRET);
    say(&f, NOW_US);
    assert_said("claim iss has another value");
    assert_said("The token has the claims ");
    assert_said("Expected is iss = bank.");
    fixture_clear(&f);
    start_signed(&f, JWT("HS256", ""), SECRET, JWT("HS256", "  require: [jti]\n"), SECRET);
    say(&f, NOW_US);
    assert_said("claim jti is absent");
    fixture_clear(&f);
}

#define BODY "  body_claim: body\n  body_hash: sha256\n  body_encoding: hex\n"
#define URL_CLAIM "  url_claim: sub\n  url_hash: plain\n"

static void bodies_and_urls_of_tokens(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, JWT("HS256", BODY), SECRET, JWT("HS256", BODY), SECRET);
    f.delivery.body = SLICE("{\"a\":1}");
    say(&f, NOW_US);
    assert_said("as Python prints it");
    f.delivery.body = SLICE("{\"a\":2}");
    say(&f, NOW_US);
    assert_said("The body was changed on the way");
    fixture_clear(&f);
    start_signed(&f, JWT("HS256", ""), SECRET, JWT("HS256", BODY), SECRET);
    say(&f, NOW_US);
    assert_said("The claim body has to hold the digest of the body.");
    fixture_clear(&f);
    start_signed(&f, JWT("HS256", URL_CLAIM), SECRET, JWT("HS256", URL_CLAIM), SECRET);
    f.delivery.url = SLICE("http://example.com/h/");
    say(&f, NOW_US);
    assert_said("with the URL https://example.com/h: give it exactly");
    f.delivery.url = SLICE("https://example.org/h");
    say(&f, NOW_US);
    assert_said("has to be the URL as the sender has it");
    fixture_clear(&f);
}

static void a_word_before_the_token(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, JWT("HS256", ""), SECRET, "scheme: jwt\nsignature: {name: Authorization}\njwt: {algs: [HS256]}\n",
                 SECRET);
    say(&f, NOW_US);
    assert_said("There is a word such as Bearer before the token");
    fixture_clear(&f);
}

static void assert_token(const char *value, const char *words)
{
    struct fixture f;
    start(&f, "scheme: token\nsignature: {name: X-Token}\n", SECRET);
    add_header_z(&f, "X-Token", value);
    say(&f, NOW_US);
    assert_said(words);
    fixture_clear(&f);
}

static void tokens_that_are_nearly_right(void **state)
{
    struct fixture f;
    (void)state;
    assert_token("Bearer " SECRET, "without the Bearer");
    assert_token("A SECRET of tokens", "in upper and lower case only");
    assert_token("YSBzZWNyZXQgb2YgdG9rZW5z", "It is the secret in base64");
    assert_token("a secret of tokenz!", "The value has 19 characters; the secret has 18");
    start(&f, "scheme: token\nsignature: {name: X-Token}\n", " " SECRET "\n");
    add_header_z(&f, "X-Token", SECRET);
    say(&f, NOW_US);
    assert_said("without the white space around the secret");
    fixture_clear(&f);
}

static void assert_basic(const char *value, const char *words)
{
    struct fixture f;
    start(&f, "scheme: basic\nsignature: {name: Authorization, prefix: 'Basic '}\n", "user:password");
    add_header_z(&f, "Authorization", value);
    say(&f, NOW_US);
    assert_said(words);
    fixture_clear(&f);
}

static void passwords(void **state)
{
    (void)state;
    assert_basic("Basic dXNlcjpwYXNz", "The user is right; the password has 4 characters, that of the secret 8");
    assert_basic("Basic bWU6cGFzc3dvcmQ=", "The password is right; the user is another one");
    assert_basic("Basic bWU6cGFzcw==", "User and password are not those");
    assert_basic("Basic bWU=", "have no ':'");
    assert_basic("Basic user:password", "has to be user:password in base64");
    assert_basic("Basic dXNlcjpwYXNzd29yZAo=", "without the white space around");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(algorithms, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_of_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(clocks_of_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(claims_of_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_and_urls_of_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(a_word_before_the_token, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_that_are_nearly_right, setup, teardown),
        cmocka_unit_test_setup_teardown(passwords, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
