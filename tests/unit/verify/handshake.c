/* Handshakes: what is answered, what has to be proven first, and what a stranger cannot have. */
#include "arena.h"

#include "base/codec.h"
#include "verify/hmac.h"

#define SIGNED "scheme: hmac\nhash: sha256\nencoding: base64\nsignature: {name: X-Sig, prefix: 'sha256='}\nsigned_content: ['{body}']\n"
#define KEY "the secret of the test"

static const struct param params[] = { { SLICE("verify_token"), SLICE("vt-1") }, { SLICE("key"), SLICE("pk") } };

/* secret NULL: none yet. */
static void start(struct fixture *f, const char *yaml, const char *secret)
{
    struct secret s = { (char *)secret, secret ? strlen(secret) : 0, (char *)"value" };
    struct err e = { 0 };
    char *why;

    memset(f, 0, sizeof *f);
    f->provider = provider_of(yaml, &why);
    if (!f->provider)
        fail_msg("%s", why);
    free(why);
    f->verifier = verifier_new(f->provider, &s, secret ? 1 : 0, params, 2, &e);
    if (!f->verifier)
        fail_msg("%s", e.text);
    f->scratch = verify_scratch_new();
    reading_init(&f->reading);
    f->delivery = (struct delivery){ .method = SLICE("GET"), .path = SLICE("/h"), .headers = f->headers };
}

static char *hmac_base64(struct slice text)
{
    struct hmac_key *k = hmac_key_new(hash_find(SLICE("sha256")), SLICE(KEY));
    struct hmac *h = hmac_new();
    unsigned char digest[HASH_MAX_BYTES];
    char out[100] = "";

    hmac_start(h, k);
    hmac_update(h, text);
    base64_encode(slice_of(digest, hmac_end(h, digest)), out);
    hmac_free(h);
    hmac_key_free(k);
    return arena_printf(&arena, "%s", out);
}

#define CRC                                                                                                            \
    "handshakes:\n  - name: crc\n    when: {method: GET, query_present: [crc]}\n    signed: 'no'\n"                     \
    "    response: {content_type: application/json, body: '{{\"r\":\"sha256={hmac_base64:query:crc}\"}}'}\n"

static void challenges_are_signed(void **state)
{
    struct fixture f;
    const struct verdict *v;
    (void)state;
    start(&f, SIGNED CRC, KEY);
    f.delivery.query = SLICE("crc=NjM0YmU2MGItNGQ5NC00ZmJhLWExMGItNGFkNzNjM2Y0MDRj&nonce=1");
    v = judge(&f);
    assert_int_equal(v->result, VERIFY_HANDSHAKE);
    assert_string_equal(v->handshake, "crc");
    assert_int_equal(v->status, 200);
    assert_text(v->content_type, "application/json");
    assert_text(v->body, arena_printf(&arena, "{\"r\":\"sha256=%s\"}",
                                      hmac_base64(SLICE("NjM0YmU2MGItNGQ5NC00ZmJhLWExMGItNGFkNzNjM2Y0MDRj"))));
    fixture_clear(&f);
}

/* The answer to a challenge is what signs a webhook: a body is no challenge. */
static void nothing_else_is_signed_for_strangers(void **state)
{
    static const char *const challenges[] = {
        "%7B%22type%22%3A%22order.paid%22%7D", "{}", "%5B%5D", "a%20b", "a+b", "%22a%22", "a%0Ab", "%00", "", "a&crc=b",
        "v1%3A1700000000%3A", "%C3%A4", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    struct fixture f;
    (void)state;
    start(&f, SIGNED CRC, KEY);
    for (size_t i = 0; i < sizeof challenges / sizeof challenges[0]; i++) {
        f.delivery.query = slice_z(arena_printf(&arena, "crc=%s", challenges[i]));
        assert_refused(judge(&f), VERIFY_BAD_VERIFY_TOKEN);
        assert_int_equal(f.verdict.body.len, 0);
    }
    fixture_clear(&f);
}

/* What Braintree signs is base64 of XML: 45 bytes of it would be a challenge of 60 characters. */
static void a_handshake_may_sign_less(void **state)
{
    struct provider *p = preset("braintree");
    struct secret secret = { (char *)"private", 7, (char *)"value" };
    struct param key = { SLICE("public_key"), SLICE("pk") };
    struct err e;
    struct fixture f = { .provider = p, .scratch = verify_scratch_new() };

    (void)state;
    reading_init(&f.reading);
    f.verifier = verifier_new(p, &secret, 1, &key, 1, &e);
    assert_non_null(f.verifier);
    f.delivery = (struct delivery){ .method = SLICE("GET"), .headers = f.headers };
    f.delivery.query = SLICE("bt_challenge=154cf9f4898f3c46d24b13a11907c83d");
    assert_int_equal(judge(&f)->result, VERIFY_HANDSHAKE);
    f.delivery.query = SLICE("bt_challenge=PG5vdGlmaWNhdGlvbj48a2luZD5jaGVjazwva2luZD48L25vdGlmaWNhdGlvbj4=");
    assert_refused(judge(&f), VERIFY_BAD_VERIFY_TOKEN);
    fixture_clear(&f);
}

static void what_is_signed_may_be_anything(void **state)
{
    struct fixture f;
    const struct verdict *v;
    (void)state;
    start(&f, SIGNED "handshakes:\n  - {name: url, when: {json_equals: {/e: check}}, response: {content_type: "
                     "application/json, body: '{{\"p\":\"{json:/p}\",\"s\":\"{hmac_base64:json:/p}\"}}'}}\n", KEY);
    f.delivery.method = SLICE("POST");
    f.delivery.body = SLICE("{\"e\":\"check\",\"p\":\"a \\\"b\\\"\"}");
    assert_refused(judge(&f), VERIFY_MISSING_SIGNATURE);
    sign_with(&f, &arena, NOW_US);
    v = judge(&f);
    assert_int_equal(v->result, VERIFY_HANDSHAKE);
    assert_text(v->body, arena_printf(&arena, "{\"p\":\"a \\\"b\\\"\",\"s\":\"%s\"}", hmac_base64(SLICE("a \"b\""))));
    f.delivery.body = SLICE("{\"e\":\"check\",\"p\":\"a \\\"c\\\"\"}");
    assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    fixture_clear(&f);
}

#define CHECKED                                                                                                        \
    "handshakes:\n  - name: sub\n    when: {method: GET, query_equals: {mode: subscribe}}\n    signed: 'no'\n"          \
    "    check: [['{query:token}', '{param:verify_token}']]\n"                                                         \
    "    response: {status: 202, content_type: text/plain, body: '{query:challenge}', headers: {X-Key: '{param:key}:{query:n}'}}\n"

static void pairs_have_to_be_equal(void **state)
{
    static const struct {
        const char *query;
        bool right;
    } cases[] = {
        { "mode=subscribe&token=vt-1&challenge=c", true },
        { "mode=subscribe&token=vt%2D1&challenge=c", true },
        { "mode=subscribe&token=vt-2&challenge=c", false },
        { "mode=subscribe&token=vt-1x&challenge=c", false },
        { "mode=subscribe&token=vt-&challenge=c", false },
        { "mode=subscribe&token=VT-1&challenge=c", false },
        { "mode=subscribe&token=&challenge=c", false },
        { "mode=subscribe&challenge=c", false },
        { "mode=subscribe&token=vt-1&token=vt-2&challenge=c", false },
    };
    struct fixture f;
    (void)state;
    start(&f, SIGNED CHECKED, KEY);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.delivery.query = slice_z(cases[i].query);
        if (cases[i].right) {
            assert_int_equal(judge(&f)->result, VERIFY_HANDSHAKE);
            assert_int_equal(f.verdict.status, 202);
            assert_text(f.verdict.body, "c");
        } else {
            assert_refused(judge(&f), VERIFY_BAD_VERIFY_TOKEN);
            assert_null(strstr(f.verdict.detail, "vt-"));
        }
    }
    f.delivery.query = SLICE("mode=other&token=vt-1"); /* none of its conditions: a delivery without a signature */
    assert_refused(judge(&f), VERIFY_MISSING_SIGNATURE);
    fixture_clear(&f);
}

static void answers_cannot_be_split(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, SIGNED CHECKED, KEY);
    f.delivery.query = SLICE("mode=subscribe&token=vt-1&challenge=a%0D%0Ab&n=1%0D%0AX-Evil%3A+1%00%7F");
    assert_int_equal(judge(&f)->result, VERIFY_HANDSHAKE);
    assert_int_equal(f.verdict.n_headers, 1);
    assert_text(f.verdict.headers[0].name, "X-Key");
    assert_text(f.verdict.headers[0].value, "pk:1X-Evil: 1");
    assert_text(f.verdict.body, "a\r\nb"); /* text/plain, as it was asked */
    fixture_clear(&f);
}

/* What comes from the request is neither markup nor a member of its own. */
static void answers_are_what_they_say(void **state)
{
    static const struct {
        const char *type, *got, *body;
    } cases[] = {
        { "", "text/plain", "<b>\"" },
        { "content_type: text/plain, ", "text/plain", "<b>\"" },
        { "content_type: application/json, ", "application/json", "<b>\\\"" },
        { "content_type: 'Application/JSON; charset=utf-8', ", "Application/JSON; charset=utf-8", "<b>\\\"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        start(&f, arena_printf(&arena, SIGNED "handshakes:\n  - {name: a, when: {method: GET}, signed: 'no', "
                                              "response: {%sbody: '{query:c}'}}\n", cases[i].type), KEY);
        f.delivery.query = SLICE("c=%3Cb%3E%22");
        assert_int_equal(judge(&f)->result, VERIFY_HANDSHAKE);
        assert_text(f.verdict.content_type, cases[i].got);
        assert_text(f.verdict.body, cases[i].body);
        fixture_clear(&f);
    }
}

#define HANDED                                                                                                         \
    "handshakes:\n  - name: hook\n    when: {method: POST, header_present: [X-Hook-Secret]}\n    signed: 'no'\n"        \
    "    secret: {in: header, name: X-Hook-Secret}\n"                                                                  \
    "    response: {headers: {X-Hook-Secret: '{header:X-Hook-Secret}'}}\n"

static void a_secret_is_handed_over_once(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, SIGNED HANDED, NULL);
    f.delivery.method = SLICE("POST");
    assert_true(verifier_waits(f.verifier));
    assert_refused(judge(&f), VERIFY_NO_SECRET); /* it waits, and takes nothing else */
    add_header_z(&f, "X-Sig", "sha256=");
    assert_refused(judge(&f), VERIFY_NO_SECRET);
    add_header_z(&f, "x-hook-secret", KEY);
    assert_int_equal(judge(&f)->result, VERIFY_HANDSHAKE);
    assert_text(f.verdict.handed, KEY);
    assert_text(f.verdict.headers[0].value, KEY);
    f.headers[1].value = SLICE("");
    assert_refused(judge(&f), VERIFY_NO_SECRET);
    f.headers[1].value = SLICE(KEY);
    add_header_z(&f, "X-Hook-Secret", "another"); /* which one? none */
    assert_refused(judge(&f), VERIFY_NO_SECRET);
    assert_int_equal(f.verdict.handed.len, 0);
    fixture_clear(&f);

    start(&f, SIGNED HANDED, KEY); /* it has one: another is no handshake */
    f.delivery.method = SLICE("POST");
    assert_false(verifier_waits(f.verifier));
    add_header_z(&f, "X-Hook-Secret", "another");
    assert_refused(judge(&f), VERIFY_MISSING_SIGNATURE);
    assert_int_equal(f.verdict.handed.len, 0);
    sign_with(&f, &arena, NOW_US);
    assert_accepted(judge(&f));
    fixture_clear(&f);
}

/* What a waiting verifier answers besides: unsigned handshakes, but none with the secret that it has not. */
static void while_it_waits(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, SIGNED HANDED "  - name: crc\n    when: {method: GET}\n    signed: 'no'\n"
                            "    response: {body: 'x{hmac_hex:query:c}'}\n"
                            "  - name: ping\n    when: {method: HEAD}\n    signed: 'no'\n    response: {}\n"
                            "  - name: proven\n    when: {method: PUT}\n    response: {}\n", NULL);
    f.delivery.method = SLICE("HEAD");
    assert_int_equal(judge(&f)->result, VERIFY_HANDSHAKE);
    assert_string_equal(f.verdict.handshake, "ping");
    assert_int_equal(f.verdict.body.len, 0);
    f.delivery.method = SLICE("PUT");
    assert_refused(judge(&f), VERIFY_NO_SECRET);
    f.delivery.method = SLICE("GET");
    f.delivery.query = SLICE("c=abc");
    assert_int_equal(judge(&f)->result, VERIFY_HANDSHAKE);
    assert_text(f.verdict.body, "x"); /* nothing of a secret that is not there */
    fixture_clear(&f);
}

static void files_that_are_refused(void **state)
{
    static const char *const wrong[] = {
        "  - {name: a, when: {method: GET}, signed: 'no', secret: {in: header, name: X}, response: {body: '{secret}'}}\n",
        "  - {name: a, when: {method: GET}, response: {headers: {X: '{secret}'}}}\n",
        "  - {name: a, when: {method: GET}, secret: {in: header, name: X}, response: {}}\n",
        "  - {name: a, when: {}, response: {}}\n",
        "  - {name: a, when: {method: GET}, response: {body: '{hmac_hex:hmac_hex:body}'}}\n",
        "  - {name: a, when: {method: GET}, response: {body: '{crc32_dec:url}'}}\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (provider_of(arena_printf(&arena, SIGNED "handshakes:\n%s", wrong[i]), NULL))
            fail_msg("%s", wrong[i]);
}

static void params_of_handshakes_are_needed(void **state)
{
    struct provider *p = provider_of(SIGNED CHECKED, NULL);
    struct secret s = { (char *)KEY, strlen(KEY), (char *)"value" };
    struct err e = { 0 };
    (void)state;
    assert_null(verifier_new(p, &s, 1, params, 1, &e));
    assert_non_null(strstr(e.text, "key"));
    assert_null(verifier_new(p, &s, 1, params + 1, 1, &e));
    assert_non_null(strstr(e.text, "verify_token"));
    provider_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(challenges_are_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_else_is_signed_for_strangers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_handshake_may_sign_less, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_signed_may_be_anything, setup, teardown),
        cmocka_unit_test_setup_teardown(pairs_have_to_be_equal, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_cannot_be_split, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_are_what_they_say, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_is_handed_over_once, setup, teardown),
        cmocka_unit_test_setup_teardown(while_it_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(files_that_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(params_of_handshakes_are_needed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
