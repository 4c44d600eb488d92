#include "explained.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static const char *explain(struct fixture *f, bool show)
{
    const struct verdict *v = judge(f);
    assert_int_equal(v->result, VERIFY_REJECT);
    buf_reset(&out);
    verify_explain(f->verifier, &f->reading, NOW_US, f->scratch, v, show, &out);
    return out.ptr;
}

static void assert_says(struct fixture *f, const char *words)
{
    if (!strstr(explain(f, false), words))
        print_error("no \"%s\" in:\n%s", words, out.ptr);
    assert_non_null(strstr(out.ptr, words));
}

static void start(struct fixture *f, const char *id, const char *secret, const char *body)
{
    fixture_init(f, preset(id), secret);
    f->delivery.body = slice_z(body);
    sign_with(f, &arena, NOW_US);
    assert_accepted(judge(f));
}

static struct slice *signature(struct fixture *f)
{
    return &f->headers[f->delivery.n_headers - 1].value;
}

static void absent_headers(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, "github", SECRET, "{}");
    f.headers[0].name = SLICE("X-Hub-Signature");
    assert_says(&f, "missing-signature");
    assert_says(&f, "expected in header X-Hub-Signature-256");
    assert_says(&f, "similar header: X-Hub-Signature.");
    fixture_clear(&f);
    start(&f, "slack", SECRET, "{}");
    f.headers[0].name = SLICE("X-Request-Time");
    assert_says(&f, "X-Slack-Request-Timestamp");
    assert_says(&f, "similar header: X-Request-Time");
    fixture_clear(&f);
}

static void prefixes_and_items(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, "github", SECRET, "{}");
    *signature(&f) = SLICE("sha1=0123456789");
    assert_says(&f, "Expected is sha256=<signature>");
    assert_says(&f, "begins with \"sha1=0123456…\"");
    fixture_clear(&f);
    start(&f, "stripe", SECRET, "{}");
    *signature(&f) = SLICE("abc");
    assert_says(&f, "v1=<signature>");
    fixture_clear(&f);
}

static void clocks(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, "slack", SECRET, "{}");
    f.headers[0].value = SLICE("1699999099");
    assert_says(&f, "15 min 1 s ago. Allowed are 300 s");
    f.headers[0].value = SLICE("1700009000");
    assert_says(&f, "2 h 30 min ahead");
    f.headers[0].value = SLICE("1700000000000");
    assert_says(&f, "milliseconds");
    f.headers[0].value = SLICE("yester\nday");
    assert_says(&f, "\"yester.day\"");
    fixture_clear(&f);
}

static void lengths(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, "github", SECRET, "{}");
    *signature(&f) = SLICE("sha256=0123456789012345678901234567890123456789");
    assert_says(&f, "has 40 characters; sha256 in hex has 64. sha1 in hex has 40.");
    fixture_clear(&f);
}

/* Signed over one body, delivered with another. */
static void assert_body_guess(const char *signed_body, const char *body, const char *words)
{
    struct fixture f;
    start(&f, "github", SECRET, signed_body);
    f.delivery.body = slice_z(body);
    assert_says(&f, words);
    fixture_clear(&f);
}

static void changed_bodies(void **state)
{
    (void)state;
    assert_body_guess("{\"a\": 1}", "{\"a\": 1}\n", "without the newline");
    assert_body_guess("{\"a\": 1}\n", "{\"a\": 1}", "with a newline");
    assert_body_guess("{\n}\n", "{\r\n}\r\n", "with LF line ends");
    assert_body_guess("{\r\n}\r\n", "{\n}\n", "with CRLF line ends");
    assert_body_guess("{\"a b\":\"\\\" \"}", "{ \"a b\" : \"\\\" \" }", "parsed and printed again");
    assert_body_guess("{\"a\":1}", "payload=%7B%22a%22%3A1%7D", "decoded form field");
    assert_body_guess("{}", "[]", "secret is another one");
}

/* Signed by github's rules with another secret. */
static void assert_secret_guess(const char *id, const char *signer_yaml, const char *signing, const char *secret,
                                const char *words)
{
    struct fixture f, signer;
    fixture_init(&signer, provider_of(signer_yaml, NULL), signing);
    signer.delivery.body = SLICE("{}");
    sign_with(&signer, &arena, NOW_US);
    fixture_init(&f, preset(id), secret);
    f.delivery.body = SLICE("{}");
    add_header(&f, signer.headers[0].name, signer.headers[0].value);
    assert_says(&f, words);
    assert_null(strstr(out.ptr, secret));
    fixture_clear(&f);
    fixture_clear(&signer);
}

#define SIGNER(hash, encoding, decode)                                                                                 \
    "scheme: hmac\nhash: " hash "\nencoding: " encoding "\nsecret: {decode: " decode "}\nsigned_content: ['{body}']\n" \
    "signature: {name: X-Hub-Signature-256, prefix: 'sha256='}\n"

static void misread_secrets(void **state)
{
    (void)state;
    assert_secret_guess("github", SIGNER("sha256", "hex", "base64"), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SECRET,
                        "base64-decoded after its whsec_");
    assert_secret_guess("github", SIGNER("sha256", "hex", "utf8"), "abcdef", "abcdef ",
                        "white space around the secret");
    assert_secret_guess("github", SIGNER("sha256", "hex", "hex"), "abcdef", "abcdef", "hex-decoded");
    assert_secret_guess("github", SIGNER("sha1", "hex", "utf8"), "abcdef", "abcdef", "with the hash sha1");
    assert_secret_guess("github", SIGNER("sha256", "base64", "utf8"), "abcdef", "abcdef",
                        "written in base64; lower-case hex");
    assert_secret_guess("github", SIGNER("sha256", "base64url", "utf8"), "abcdef", "abcdef", "written in base64");
}

static void undecoded_secrets(void **state)
{
    struct fixture f, signer;
    (void)state;
    fixture_init(&signer,
                 provider_of("scheme: hmac\nhash: sha256\nencoding: base64\nsigned_content: ['m.1700000000.{body}']\n"
                             "signature: {name: webhook-signature, prefix: 'v1,'}\n",
                             NULL),
                 SECRET);
    signer.delivery.body = SLICE("{}");
    sign_with(&signer, &arena, NOW_US);
    fixture_init(&f, preset("standard-webhooks"), SECRET);
    f.delivery.body = SLICE("{}");
    add_header_z(&f, "webhook-id", "m");
    add_header_z(&f, "webhook-timestamp", "1700000000");
    add_header(&f, signer.headers[0].name, signer.headers[0].value);
    assert_says(&f, "prefix included, not decoded");
    fixture_clear(&f);
    fixture_clear(&signer);
}

static void the_right_signature_only_when_asked(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, "github", SECRET, "{}");
    const char *right = arena_slice(&arena, *signature(&f)).ptr;
    *signature(&f) = SLICE("sha256=0123456789012345678901234567890123456789012345678901234567890123");
    assert_null(strstr(explain(&f, false), right + strlen("sha256=")));
    assert_non_null(strstr(explain(&f, true), right));
    fixture_clear(&f);
}

static void tokens_are_not_shown(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, provider_of("scheme: token\nsignature: {name: X-Token, prefix: 'Bearer '}\n", NULL), "topsecret");
    add_header_z(&f, "X-Token", "topsecreT");
    assert_says(&f, "malformed-signature");
    assert_null(strstr(out.ptr, "topsecre"));
    f.headers[0].value = SLICE("Bearer topsecre");
    assert_says(&f, "has 8 characters; the secret has 9");
    assert_null(strstr(out.ptr, "topsecre"));
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(absent_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(prefixes_and_items, setup, teardown),
        cmocka_unit_test_setup_teardown(clocks, setup, teardown),
        cmocka_unit_test_setup_teardown(lengths, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_bodies, setup, teardown),
        cmocka_unit_test_setup_teardown(misread_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(undecoded_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(the_right_signature_only_when_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_are_not_shown, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
