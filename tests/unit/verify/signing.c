/* Where verify_sign puts what it makes, and what of the request stays as it was. */
#include "arena.h"

static void start(struct fixture *f, const char *place, struct slice body, bool form)
{
    char *why;
    struct provider *p =
        provider_of(arena_printf(&arena, "scheme: token\nsplit: /items/*\nsignature: {%s}\n", place), &why);

    if (!p)
        fail_msg("%s", why);
    free(why);
    fixture_init(f, p, "t\"k n");
    f->delivery.body = body;
    if (form)
        add_header_z(f, "Content-Type", "application/x-www-form-urlencoded");
}

static int sign(struct fixture *f, struct signed_request *right, struct err *e)
{
    reading_start(&f->reading, &f->delivery, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    return verify_sign(f->verifier, &f->reading, NOW_US, f->scratch, right, e);
}

struct body_case {
    const char *place, *body, *right; /* right NULL: refused */
};

static void sign_all(const struct body_case *cases, size_t n, bool form)
{
    for (size_t i = 0; i < n; i++) {
        struct signed_request right;
        struct fixture f;
        struct err e = { 0 };
        start(&f, cases[i].place, slice_z(cases[i].body), form);
        assert_int_equal(sign(&f, &right, &e), cases[i].right ? 0 : -1);
        if (cases[i].right) {
            assert_text(right.body, cases[i].right);
            f.delivery.body = arena_slice(&arena, right.body);
            assert_accepted(judge(&f));
            assert_int_equal(sign(&f, &right, &e), 0); /* once more: nothing changes but what is there */
            assert_text(right.body, cases[i].right);
        } else {
            assert_int_equal(e.code, ERR_INPUT);
        }
        fixture_clear(&f);
    }
}
#define SIGN(cases, form) sign_all(cases, sizeof cases / sizeof cases[0], form)

static void members_of_json(void **state)
{
    static const struct body_case cases[] = {
        { "in: json, name: /sig", "{\"a\": 1}", "{\"sig\":\"t\\\"k n\",\"a\": 1}" },
        { "in: json, name: /sig", " {} ", " {\"sig\":\"t\\\"k n\"} " },
        { "in: json, name: /sig", "{\"sig\":\"old\",\"a\":1}", "{\"sig\":\"t\\\"k n\",\"a\":1}" },
        { "in: json, name: /sig", "{\"a\":1,\"sig\" : [1,2] }", "{\"a\":1,\"sig\" : \"t\\\"k n\" }" },
        { "in: json, name: /m/sig", "{\"m\":{\"x\":1}}", "{\"m\":{\"sig\":\"t\\\"k n\",\"x\":1}}" },
        { "in: json, name: /m/sig", "{\"a\":1}", "{\"m\":{\"sig\":\"t\\\"k n\"},\"a\":1}" },
        { "in: json, name: /m/n/s~1ig", "{}", "{\"m\":{\"n\":{\"s/ig\":\"t\\\"k n\"}}}" },
        { "in: json, name: /l/0/sig", "{\"l\":[{}]}", "{\"l\":[{\"sig\":\"t\\\"k n\"}]}" },
        { "in: json, name: /l/1/sig", "{\"l\":[{}]}", NULL },
        { "in: json, name: /m/sig", "{\"m\":1}", NULL },
        { "in: json, name: /sig", "[]", NULL },
        { "in: json, name: /sig", "{", NULL },
        { "in: json, name: /sig", "", NULL },
        { "in: item, name: /sig", "{\"items\":[{\"a\":1},{\"sig\":1},{}]}",
          "{\"items\":[{\"sig\":\"t\\\"k n\",\"a\":1},{\"sig\":\"t\\\"k n\"},{\"sig\":\"t\\\"k n\"}]}" },
        { "in: item, name: /m/sig", "{\"items\":[{}]}", "{\"items\":[{\"m\":{\"sig\":\"t\\\"k n\"}}]}" },
        { "in: item, name: /sig", "{\"items\":[]}", NULL },
        { "in: item, name: /sig", "{}", NULL },
        { "in: json, name: /value/*/sig", "{\"value\":[{\"a\":1},{\"a\":2}]}",
          "{\"value\":[{\"sig\":\"t\\\"k n\",\"a\":1},{\"sig\":\"t\\\"k n\",\"a\":2}]}" },
    };
    (void)state;
    SIGN(cases, false);
}

static void fields_of_forms(void **state)
{
    static const struct body_case cases[] = {
        { "in: form, name: sig", "a=1&b=x+y", "a=1&b=x+y&sig=t%22k%20n" },
        { "in: form, name: sig", "", "sig=t%22k%20n" },
        { "in: form, name: sig", "sig=old&a=1", "a=1&sig=t%22k%20n" },
        { "in: form, name: s ig", "s%20ig=old&a=1", "a=1&s%20ig=t%22k%20n" },
    };
    static const struct body_case no_form[] = { { "in: form, name: sig", "{}", NULL } };
    static const struct body_case no_json[] = { { "in: json, name: /sig", "a=1", NULL } };
    (void)state;
    SIGN(cases, true);
    SIGN(no_form, false);
    SIGN(no_json, true);
}

static void fields_of_the_query(void **state)
{
    struct signed_request right;
    struct fixture f;
    struct err e;
    (void)state;
    start(&f, "in: query, name: sig", SLICE("{}"), false);
    f.delivery.query = SLICE("sig=old&a=%20b&c");
    assert_int_equal(sign(&f, &right, &e), 0);
    assert_text(right.query, "a=%20b&c=&sig=t%22k%20n");
    assert_null(right.body.ptr);
    assert_int_equal(right.n_headers, 0);
    fixture_clear(&f);
}

/* With the URL signed, the field that is put into the query is in it. */
static void the_url_follows_the_query(void **state)
{
    struct fixture f;
    (void)state;
    fixture_init(&f, provider_of("scheme: hmac\nhash: sha256\nencoding: hex\nsignature: {name: X-Sig}\n"
                                 "timestamp: {in: query, name: ts, format: unix, tolerance_s: 10}\n"
                                 "signed_content: ['{url}']\n", NULL), "key");
    f.delivery.query = SLICE("a=1");
    f.delivery.url = SLICE("https://example.com/h?a=1");
    sign_with(&f, &arena, NOW_US);
    assert_text(f.delivery.query, "a=1&ts=1700000000");
    f.delivery.url = SLICE("https://example.com/h?a=1&ts=1700000000");
    assert_accepted(judge(&f));
    fixture_clear(&f);
}

static void what_cannot_be_signed(void **state)
{
    struct signed_request right;
    struct fixture f;
    struct err e = { 0 };
    (void)state;
    fixture_init(&f, provider_of("scheme: hmac\nhash: sha256\nencoding: hex\nsignature: {name: X-Sig}\n"
                                 "signed_content: ['{query:none}']\n", NULL), "key");
    assert_int_equal(sign(&f, &right, &e), -1);
    assert_non_null(strstr(e.text, "query:none"));
    fixture_clear(&f);
    fixture_init(&f, provider_of("scheme: ed25519\nencoding: hex\nsignature: {name: X-Sig}\nsigned_content: ['{body}']\n"
                                 "secret: {decode: hex}\n", NULL),
                 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"); /* RFC 8032, 7.1, test 1 */
    assert_int_equal(sign(&f, &right, &e), -1);
    assert_non_null(strstr(e.text, "private key"));
    add_header_z(&f, "X-Sig", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
                              "f9b46bd25bf5f0595bbe24655141438e7a100b");
    assert_accepted(judge(&f)); /* of the empty text */
    fixture_clear(&f);
}

static void headers_with_numbers_and_names(void **state)
{
    struct signed_request right;
    struct fixture f;
    struct err e = { 0 };
    (void)state;
    start(&f, "name: 'X-Sig-{n}', numbered_max: 3", SLICE("{}"), false);
    assert_int_equal(sign(&f, &right, &e), 0);
    assert_int_equal(right.n_headers, 1);
    assert_text(right.headers[0].name, "X-Sig-1");
    fixture_clear(&f);
    start(&f, "name: X-New, names_alt: [X-Old]", SLICE("{}"), false);
    assert_int_equal(sign(&f, &right, &e), 0);
    assert_text(right.headers[0].name, "X-New");
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_of_json, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_of_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_of_the_query, setup, teardown),
        cmocka_unit_test_setup_teardown(the_url_follows_the_query, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_with_numbers_and_names, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
