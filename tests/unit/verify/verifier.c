#include "arena.h"

#define SECRET "a secret of the test, which is longer than a block of SHA-256 (64 bytes)"
#define TIMED                                                                                                          \
    "signature: {in: header, name: X-Sig, format: plain, prefix: 's='}\n"                                              \
    "timestamp: {in: header, name: X-Time, format: unix, tolerance_s: 300}\n"                                          \
    "signed_content: ['{timestamp}.{header:X-Id}.{method}.{path_query}.{url}.{query:q}.{json:/a}.{body}']\n"

static void start(struct fixture *f, const char *yaml, const char *secret)
{
    char *why;
    struct provider *p = provider_of(yaml, &why);
    if (!p)
        print_error("%s", why);
    free(why);
    fixture_init(f, p, secret);
    f->delivery.body = SLICE("{\"a\":\"x\",\"n\":1}");
    f->delivery.query = SLICE("q=1");
    f->delivery.url = SLICE("https://example.com/h?q=1");
}

static void start_signed(struct fixture *f, const char *yaml, const char *secret)
{
    start(f, yaml, secret);
    sign_with(f, &arena, NOW_US);
    assert_accepted(judge(f));
}

/* Each bit of *s flipped, one at a time: never accepted. */
static void assert_no_flip_passes(struct fixture *f, struct slice *s)
{
    struct slice right = *s;
    char *copy = mem_dup(right.ptr, right.len);
    *s = slice_of(copy, right.len);
    assert_true(right.len > 0);
    for (size_t i = 0; i < 8 * right.len; i++) {
        copy[i / 8] ^= (char)(1 << i % 8);
        if (judge(f)->result != VERIFY_REJECT)
            print_error("bit %zu of \"%.*s\"\n", i, SLICE_FMT(right));
        assert_int_equal(f->verdict.result, VERIFY_REJECT);
        copy[i / 8] ^= (char)(1 << i % 8);
    }
    assert_accepted(judge(f));
    *s = right;
    free(copy);
}

static void every_signed_bit_counts(void **state)
{
    static const char *const hashes[] = { "sha1", "sha256", "sha512" };
    static const char *const encodings[] = { "hex", "base64", "base64url" };
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        struct fixture f;
        char *yaml =
            arena_printf(&arena, "scheme: hmac\nhash: %s\nencoding: %s\n" TIMED, hashes[i / 3], encodings[i % 3]);
        start_signed(&f, yaml, SECRET);
        for (size_t h = 0; h < f.delivery.n_headers; h++)
            assert_no_flip_passes(&f, &f.headers[h].value);
        assert_no_flip_passes(&f, &f.delivery.body);
        assert_no_flip_passes(&f, &f.delivery.method);
        assert_no_flip_passes(&f, &f.delivery.query);
        assert_no_flip_passes(&f, &f.delivery.url);
        fixture_clear(&f);
    }
}

#define PLAIN_HEX "scheme: hmac\nhash: sha256\nencoding: hex\nsigned_content: ['{body}']\nsignature: {name: X-Sig}\n"

static struct slice *value_of(struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->delivery.n_headers; i++)
        if (slice_eq_nocase(f->headers[i].name, slice_z(name)))
            return &f->headers[i].value;
    fail_msg("no header %s", name);
    return NULL;
}

static struct slice upper(struct slice s)
{
    struct slice copy = arena_slice(&arena, s);
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= 'a' && s.ptr[i] <= 'f')
            ((char *)copy.ptr)[i] -= 32;
    return copy;
}

static void only_canonical_text_matches(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, PLAIN_HEX, SECRET);
    *value_of(&f, "X-Sig") = upper(*value_of(&f, "X-Sig"));
    assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    fixture_clear(&f);
    start_signed(&f, PLAIN_HEX "hex_case: any\n", SECRET);
    assert_no_flip_passes(&f, &f.delivery.body);
    *value_of(&f, "X-Sig") = upper(*value_of(&f, "X-Sig"));
    assert_accepted(judge(&f));
    fixture_clear(&f);
}

static void base64_is_padded_or_not(void **state)
{
    struct fixture f;
    struct slice *sig;
    (void)state;
    start_signed(&f,
                 "scheme: hmac\nhash: sha256\nencoding: base64\nsigned_content: ['{body}']\nsignature: {name: X-Sig}\n",
                 SECRET);
    sig = value_of(&f, "X-Sig");
    assert_int_equal(sig->ptr[sig->len - 1], '=');
    sig->len--;
    assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    fixture_clear(&f);
    start_signed(
        &f, "scheme: hmac\nhash: sha256\nencoding: base64url\nsigned_content: ['{body}']\nsignature: {name: X-Sig}\n",
        SECRET);
    sig = value_of(&f, "X-Sig");
    assert_int_equal(sig->len, 43);
    *sig = slice_z(arena_printf(&arena, "%.*s=", SLICE_FMT(*sig)));
    assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    fixture_clear(&f);
}

static void the_window_is_open_both_ways(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, "scheme: hmac\nhash: sha256\nencoding: hex\n" TIMED, SECRET);
    assert_accepted(judge_at(&f, NOW_US + 300 * US_PER_S));
    assert_accepted(judge_at(&f, NOW_US - 300 * US_PER_S));
    assert_refused(judge_at(&f, NOW_US + 301 * US_PER_S), VERIFY_STALE);
    assert_accepted(judge_at(&f, NOW_US + 301 * US_PER_S - 1)); /* whole seconds count */
    assert_refused(judge_at(&f, NOW_US - 300 * US_PER_S - 1), VERIFY_FUTURE);
    assert_refused(judge_at(&f, INT64_MAX), VERIFY_STALE);
    *value_of(&f, "X-Time") = SLICE("18446744073709551615");
    assert_refused(judge(&f), VERIFY_FUTURE);
    *value_of(&f, "X-Time") = SLICE("1700000000.0");
    assert_refused(judge(&f), VERIFY_MALFORMED_TIMESTAMP);
    *value_of(&f, "X-Time") = SLICE("");
    assert_refused(judge(&f), VERIFY_MISSING_TIMESTAMP);
    fixture_clear(&f);
}

static void remove_header(struct fixture *f, const char *name)
{
    value_of(f, name)->ptr = NULL;
    for (size_t i = 0; i < f->delivery.n_headers; i++)
        if (!f->headers[i].value.ptr)
            memmove(&f->headers[i], &f->headers[i + 1], (--f->delivery.n_headers - i) * sizeof f->headers[0]);
}

static void what_is_missing_or_twice(void **state)
{
    static const struct { const char *name; enum verify_reason missing; } parts[] = {
        { "X-Sig", VERIFY_MISSING_SIGNATURE }, { "X-Time", VERIFY_MISSING_TIMESTAMP }, { "X-Id", VERIFY_MISSING_HEADER }
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fixture f;
        start_signed(&f, "scheme: hmac\nhash: sha256\nencoding: hex\n" TIMED, SECRET);
        add_header(&f, slice_z(parts[i].name), *value_of(&f, parts[i].name));
        assert_refused(judge(&f), VERIFY_DUPLICATE_HEADER);
        remove_header(&f, parts[i].name);
        remove_header(&f, parts[i].name);
        assert_refused(judge(&f), parts[i].missing);
        assert_non_null(strstr(f.verdict.detail, parts[i].name));
        fixture_clear(&f);
    }
}

static void fields_of_query_form_and_body(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, "scheme: hmac\nhash: sha256\nencoding: hex\n" TIMED, SECRET);
    f.delivery.query = SLICE("p=2");
    assert_refused(judge(&f), VERIFY_MISSING_FIELD);
    f.delivery.query = SLICE("q=1&q=1");
    assert_refused(judge(&f), VERIFY_DUPLICATE_HEADER);
    f.delivery.query = SLICE("q=1&p=2");
    f.delivery.body = SLICE("{");
    assert_refused(judge(&f), VERIFY_MALFORMED_BODY);
    f.delivery.body = SLICE("{\"a\":\"x\",\"n\":2}");
    assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    fixture_clear(&f);
}

static void an_unreadable_body_matters_only_where_it_is_read(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, PLAIN_HEX, SECRET);
    f.delivery.body = SLICE("\xff\0{");
    sign_with(&f, &arena, NOW_US);
    assert_accepted(judge(&f));
    fixture_clear(&f);
    start(&f, "scheme: token\nsignature: {in: json, name: /token}\n", "tok");
    f.delivery.body = SLICE("{\"token\":\"tok\"}");
    assert_accepted(judge(&f));
    f.delivery.body = SLICE("{\"token\":\"tok\"");
    assert_refused(judge(&f), VERIFY_MALFORMED_BODY);
    f.delivery.body = SLICE("{\"token\":[\"tok\"]}");
    assert_refused(judge(&f), VERIFY_MISSING_SIGNATURE);
    fixture_clear(&f);
}

static void any_secret_any_signature(void **state)
{
    static const char *const secrets[] = { "first", "second", "third" };
    struct fixture f;
    (void)state;
    start_signed(&f, "scheme: hmac\nhash: sha256\nencoding: hex\nsigned_content: ['{body}']\n"
                     "signature: {name: X-Sig, format: pairs, separator: ',', kv: '=', key: v1}\n", "second");
    verifier_free(f.verifier);
    f.verifier = verifier_of(f.provider, secrets, 3);
    assert_accepted(judge(&f));
    assert_int_equal(f.verdict.secret, 1);
    struct slice *sig = value_of(&f, "X-Sig");
    *sig = slice_z(arena_printf(&arena, "v1=00,v0=%.*s,%.*s", SLICE_FMT(slice_from(*sig, 3)), SLICE_FMT(*sig)));
    assert_accepted(judge(&f));
    *sig = slice_first(*sig, sig->len - 1);
    assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    fixture_clear(&f);
}

static void header_lines_may_repeat_where_allowed(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, "scheme: hmac\nhash: sha256\nencoding: hex\nsigned_content: ['{body}']\n"
                     "signature: {name: X-Sig, repeat: true, names_alt: [X-Old]}\n", SECRET);
    struct slice right = *value_of(&f, "X-Sig");
    *value_of(&f, "X-Sig") = SLICE("00");
    assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    add_header(&f, SLICE("x-sig"), right);
    assert_accepted(judge(&f));
    f.headers[1].name = SLICE("X-Old");
    assert_accepted(judge(&f));
    fixture_clear(&f);
}

static void tokens(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, "scheme: token\nsignature: {name: Authorization, prefix: 'Bearer '}\n", "s3cret");
    assert_text(f.headers[0].value, "Bearer s3cret");
    f.headers[0].value = SLICE("bearer s3cret");
    assert_accepted(judge(&f));
    static const char *const bad[] = { "Bearer s3creT", "Bearer s3cre", "Bearer s3crets", "Bearer  s3cret" };
    for (size_t i = 0; i < 4; i++) {
        f.headers[0].value = slice_z(bad[i]);
        assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    }
    f.headers[0].value = SLICE("s3cret");
    assert_refused(judge(&f), VERIFY_MALFORMED_SIGNATURE);
    fixture_clear(&f);
}

static void basic(void **state)
{
    struct fixture f;
    struct secret secret = { (char *)"nocolon", 7, (char *)"value" };
    struct err e;
    (void)state;
    start_signed(&f, "scheme: basic\nsignature: {name: Authorization, prefix: 'Basic '}\n", "Aladdin:open sesame");
    assert_text(f.headers[0].value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    f.headers[0].value = SLICE("bAsIc QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_accepted(judge(&f));
    f.headers[0].value = SLICE("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ");
    assert_refused(judge(&f), VERIFY_MALFORMED_SIGNATURE);
    f.headers[0].value = SLICE("Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==");
    assert_refused(judge(&f), VERIFY_MALFORMED_SIGNATURE);
    f.headers[0].value = SLICE("Basic QWxhZGRpbjpvcGVuIHNlc2FtZTE=");
    assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    assert_null(verifier_new(f.provider, &secret, 1, NULL, 0, &e));
    assert_non_null(strstr(e.text, "user:password"));
    fixture_clear(&f);
}

static void assert_no_verifier(const struct provider *p, const char *text, const char *words)
{
    struct secret secret = { (char *)text, text ? strlen(text) : 0, (char *)"env:HOOK" };
    struct err e;
    assert_null(verifier_new(p, &secret, text ? 1 : 0, NULL, 0, &e));
    if (!strstr(e.text, words))
        print_error("%s\n", e.text);
    assert_non_null(strstr(e.text, words));
    assert_null(strstr(e.text, "!!"));
}

static void secrets_are_checked(void **state)
{
    struct provider *text = preset("github"), *base64 = preset("standard-webhooks");
    (void)state;
    assert_no_verifier(text, "", "env:HOOK is empty");
    assert_no_verifier(text, NULL, "at least one secret");
    assert_no_verifier(base64, "whsec_", "env:HOOK is empty");
    assert_no_verifier(base64, "whsec_!!!!", "env:HOOK is not base64");
    provider_free(text);
    provider_free(base64);
}

static void params_are_needed(void **state)
{
    struct provider *p = provider_of("scheme: hmac\nhash: sha256\nencoding: hex\nsignature: {name: X-Sig}\n"
                                     "signed_content: ['{param:webhook_id}.{body}']\n", NULL);
    struct secret secret = { (char *)"s", 1, (char *)"value" };
    struct param param = { SLICE("webhook_id"), SLICE("w1") };
    struct err e;
    (void)state;
    assert_null(verifier_new(p, &secret, 1, NULL, 0, &e));
    assert_non_null(strstr(e.text, "webhook_id"));
    struct verifier *v = verifier_new(p, &secret, 1, &param, 1, &e);
    assert_non_null(v);
    verifier_free(v);
    provider_free(p);
}

#define SHAKING                                                                                                        \
    PLAIN_HEX "handshakes:\n"                                                                                          \
              "  - {name: probe, when: {method: HEAD}, signed: 'no', response: {status: 204}}\n"                       \
              "  - {name: echo, when: {method: GET, query_present: [c], header_equals: {X-Kind: a}}, signed: 'no',\n"  \
              "     response: {content_type: application/json, headers: {X-Echo: '{query:c}'}, body: "                 \
              "'{{\"c\":\"{query:c}\"}}'}}\n"                                                                          \
              "  - {name: number, when: {json_equals: {/t: 1}, json_present: [/u]}, signed: 'yes', response: {body: "  \
              "'{/u}'}}\n"

static void unsigned_handshakes(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, SHAKING, SECRET);
    f.delivery.method = SLICE("HEAD");
    assert_int_equal(judge(&f)->result, VERIFY_HANDSHAKE);
    assert_int_equal(f.verdict.status, 204);
    assert_int_equal(f.verdict.body.len, 0);
    f.delivery.method = SLICE("GET");
    f.delivery.query = SLICE("c=%22%0d%0aX");
    assert_refused(judge(&f), VERIFY_MISSING_SIGNATURE);
    add_header_z(&f, "x-kind", "a");
    assert_int_equal(judge(&f)->result, VERIFY_HANDSHAKE);
    assert_string_equal(f.verdict.handshake, "echo");
    assert_text(f.verdict.content_type, "application/json");
    assert_text(f.verdict.body, "{\"c\":\"\\\"\\u000d\\u000aX\"}");
    assert_int_equal(f.verdict.n_headers, 1);
    assert_text(f.verdict.headers[0].name, "X-Echo");
    assert_text(f.verdict.headers[0].value, "\"X"); /* no line of its own */
    fixture_clear(&f);
}

static void shake(struct fixture *f, const char *body)
{
    f->delivery.n_headers = 0;
    f->delivery.body = slice_z(body);
    sign_with(f, &arena, NOW_US);
    judge(f);
}

static void signed_handshakes(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, SHAKING, SECRET);
    shake(&f, "{\"t\":1,\"u\":\"x\"}");
    assert_int_equal(f.verdict.result, VERIFY_HANDSHAKE);
    assert_text(f.verdict.body, "x");
    f.headers[0].value = SLICE("00");
    assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    shake(&f, "{\"t\":\"1\",\"u\":\"x\"}");
    assert_accepted(&f.verdict);
    shake(&f, "{\"t\":1}");
    assert_accepted(&f.verdict);
    shake(&f, "{\"t\":1,");
    assert_accepted(&f.verdict); /* an unreadable body is no handshake */
    fixture_clear(&f);
}

static void scheme_none_accepts(void **state)
{
    struct provider *p = provider_of("scheme: none\n", NULL);
    struct err e;
    struct fixture f = { .provider = p, .delivery = { .method = SLICE("POST") } };
    (void)state;
    f.verifier = verifier_new(p, NULL, 0, NULL, 0, &e);
    assert_non_null(f.verifier);
    f.scratch = verify_scratch_new();
    reading_init(&f.reading);
    assert_accepted(judge(&f));
    assert_int_equal(f.verdict.secret, -1);
    fixture_clear(&f);
}

static void signing_keeps_what_is_there(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, "scheme: hmac\nhash: sha256\nencoding: hex\n" TIMED, SECRET);
    add_header_z(&f, "x-time", "1700000123");
    add_header_z(&f, "x-id", "mine");
    sign_with(&f, &arena, NOW_US);
    assert_int_equal(f.delivery.n_headers, 3);
    assert_accepted(judge(&f));
    fixture_clear(&f);
}

static void lists_are_signed_and_read(void **state)
{
    struct fixture f;
    (void)state;
    start_signed(&f, "scheme: hmac\nhash: sha512\nencoding: base64\nsigned_content: ['{timestamp}.{body}']\n"
                     "signature: {name: X-Sig, format: list, separator: ',', timestamp_index: 0}\n"
                     "timestamp: {in: signature, format: unix-ms, tolerance_s: 10}\n", SECRET);
    assert_true(slice_starts(f.headers[0].value, SLICE("1700000000000,")));
    assert_refused(judge_at(&f, NOW_US + 11 * US_PER_S), VERIFY_STALE);
    fixture_clear(&f);
}

static void a_signature_in_the_query_is_put_there(void **state)
{
    struct fixture f;
    struct signed_request right;
    struct err e;
    (void)state;
    start(&f, "scheme: token\nsignature: {in: query, name: key}\n", "tok");
    reading_start(&f.reading, &f.delivery, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    assert_int_equal(verify_sign(f.verifier, &f.reading, NOW_US, f.scratch, &right, &e), 0);
    assert_true(slice_ends(right.query, SLICE("key=tok")));
    f.delivery.query = right.query;
    assert_accepted(judge(&f));
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_signed_bit_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(only_canonical_text_matches, setup, teardown),
        cmocka_unit_test_setup_teardown(base64_is_padded_or_not, setup, teardown),
        cmocka_unit_test_setup_teardown(the_window_is_open_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_missing_or_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_of_query_form_and_body, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unreadable_body_matters_only_where_it_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(any_secret_any_signature, setup, teardown),
        cmocka_unit_test_setup_teardown(header_lines_may_repeat_where_allowed, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(basic, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(params_are_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(unsigned_handshakes, setup, teardown),
        cmocka_unit_test_setup_teardown(signed_handshakes, setup, teardown),
        cmocka_unit_test_setup_teardown(scheme_none_accepts, setup, teardown),
        cmocka_unit_test_setup_teardown(signing_keeps_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_are_signed_and_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signature_in_the_query_is_put_there, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
