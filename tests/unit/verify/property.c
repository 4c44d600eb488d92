/* Whatever is signed, and however: after it was signed no bit of it can change. Shared secrets. */
#include "arena.h"
#include "flip.h"

#define SECRET "a secret of the test, which is longer than a block of SHA-256 (64 bytes)"

/* The secret is both user:password and any text. */
static const char *const hashes[] = { "sha1", "sha256", "sha384", "sha512" };
static const char *const encodings[] = { "hex", "base64", "base64url" };
static const char *const hex_cases[] = { "lower", "any" };

static const struct {
    const char *signature, *timestamp;
} formats[] = {
    { "format: plain, prefix: 's='", "timestamp: {in: header, name: X-Time, format: unix, tolerance_s: 300}\n" },
    { "format: pairs, separator: ',', kv: '=', key: v1, timestamp_key: t",
      "timestamp: {in: signature, format: unix, tolerance_s: 300}\n" },
    { "format: list, separator: ',', timestamp_index: 0",
      "timestamp: {in: signature, format: unix-ms, tolerance_s: 300}\n" },
};

/* Where the signature stands, and what is signed: everything else that is flipped. */
static const struct {
    const char *name, *where, *content, *more;
    struct slice body;
    bool form;
} places[] = {
    { "header", "in: header, name: X-Sig", "{timestamp}.{header:X-Id}.{method}.{path_query}.{url}.{body}", "",
      SLICE("{\"a\":\"x\",\"n\":1}"), .form = false },
    { "query", "in: query, name: sig", "{timestamp}.{header:X-Id}.{method}.{query:q}.{body}", "",
      SLICE("{\"a\":\"x\",\"n\":1}"), .form = false },
    { "form", "in: form, name: sig", "{timestamp}.{header:X-Id}.{method}.{url}.{form:a}.{form:n}", "",
      SLICE("a=x&n=1"), .form = true },
    { "json", "in: json, name: /sig", "{timestamp}.{header:X-Id}.{method}.{url}.{json:/a}.{json:/n}", "",
      SLICE("{\"a\":\"x\",\"n\":1}"), .form = false },
    { "item", "in: item, name: /sig", "{timestamp}.{header:X-Id}.{method}.{url}.{item:/a}.{item:/n}",
      "split: /items/*\n", SLICE("{\"items\":[{\"a\":\"x\",\"n\":1},{\"a\":\"y\",\"n\":2}]}"), .form = false },
};
#define N_PLACES (sizeof places / sizeof places[0])

static void flip_all(struct fixture *f, size_t place, const struct leniency *l)
{
    bool in_query = strcmp(places[place].name, "query") == 0;

    assert_headers_count(f, l);
    assert_every_bit_counts(f, &f->delivery.body, l);
    assert_every_bit_counts(f, &f->delivery.method, NULL);
    assert_every_bit_counts(f, in_query ? &f->delivery.query : &f->delivery.url, in_query ? l : NULL);
}

static void hmac_everywhere_in_every_form(void **state)
{
    (void)state;
    for (size_t n = 0; n < 4 * 3 * 2 * 3 * N_PLACES; n++) {
        size_t hash = n % 4, encoding = n / 4 % 3, hex_case = n / 12 % 2, format = n / 24 % 3, place = n / 72;
        struct leniency l = { .hex = hex_case && encoding == 0, .percent = places[place].form || place == 1 };
        struct fixture f;
        char *yaml = arena_printf(
            &arena, "scheme: hmac\nhash: %s\nencoding: %s\nhex_case: %s\nsignature: {%s, %s}\n%s%ssigned_content: ['%s']\n",
            hashes[hash], encodings[encoding], hex_cases[hex_case], places[place].where, formats[format].signature,
            formats[format].timestamp, places[place].more, places[place].content);
        start_flips(&f, &arena, yaml, SECRET, NULL, places[place].body, places[place].form);
        if (hex_case) /* the signature alone: in the rest of the request case does count */
            assert_headers_count(&f, &l);
        else
            flip_all(&f, place, &l);
        fixture_clear(&f);
    }
}

#define TIMED                                                                                                          \
    "signature: {in: header, name: X-Sig, format: plain, prefix: 's='}\n"                                              \
    "timestamp: {in: header, name: X-Time, format: %s, tolerance_s: 300}\n"

static void every_form_of_time(void **state)
{
    static const char *const times[] = { "unix", "unix-ms", "rfc3339", "http-date" };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct fixture f;
        char *yaml = arena_printf(&arena,
                                  "scheme: hmac\nhash: sha256\nencoding: hex\n" TIMED
                                  "signed_content: ['{timestamp}.{body}']\n", times[i]);
        start_flips(&f, &arena, yaml, SECRET, NULL, SLICE("{}"), false);
        assert_headers_count(&f, NULL);
        assert_every_bit_counts(&f, &f.delivery.body, NULL);
        assert_accepted(judge_at(&f, NOW_US + 300 * US_PER_S));
        assert_refused(judge_at(&f, NOW_US + 301 * US_PER_S), VERIFY_STALE);
        assert_refused(judge_at(&f, NOW_US - 301 * US_PER_S), VERIFY_FUTURE);
        fixture_clear(&f);
    }
}

/* The part of the URL that is signed, and no other. */
static void the_path_of_the_url(void **state)
{
    struct fixture f;
    struct slice all = SLICE("https://example.com/h?q=1"), host = SLICE("https://example.com");
    (void)state;
    start_flips(&f, &arena,
                "scheme: hmac\nhash: sha256\nencoding: hex\nsignature: {in: header, name: X-Sig}\n"
                "signed_content: ['{path_query}']\n", SECRET, NULL, SLICE("{}"), false);
    for (size_t i = 8 * host.len; i < 8 * all.len; i++) {
        char *other = arena_printf(&arena, "%.*s", SLICE_FMT(all));
        other[i / 8] ^= (char)(1 << i % 8);
        f.delivery.url = slice_of(other, all.len);
        assert_refused(judge(&f), VERIFY_BAD_SIGNATURE);
    }
    f.delivery.url = SLICE("http://other.example:8080/h?q=1");
    assert_accepted(judge(&f));
    fixture_clear(&f);
}

static void digests_with_the_secret_inside(void **state)
{
    (void)state;
    for (size_t n = 0; n < 12; n++) {
        struct fixture f;
        char *yaml = arena_printf(&arena,
                                  "scheme: digest\nhash: %s\nencoding: %s\n" TIMED
                                  "signed_content: ['{secret}{timestamp}{method}{url}{body}{secret}']\n",
                                  hashes[n % 4], encodings[n / 4], "unix");
        start_flips(&f, &arena, yaml, SECRET, NULL, SLICE("{\"a\":1}"), false);
        assert_headers_count(&f, NULL);
        assert_every_bit_counts(&f, &f.delivery.body, NULL);
        assert_every_bit_counts(&f, &f.delivery.method, NULL);
        assert_every_bit_counts(&f, &f.delivery.url, NULL);
        fixture_clear(&f);
    }
}

/* The headers that are signed are named in one of them. */
static void lists_of_signed_headers(void **state)
{
    struct fixture f;
    (void)state;
    start_flips(&f, &arena,
                "scheme: hmac\nhash: sha256\nencoding: base64\n"
                "signature: {in: header, name: X-Sig}\n"
                "timestamp: {in: header, name: X-Time, format: unix, tolerance_s: 300}\n"
                "signed_content: ['{signed_headers:X-Signed}.{body}']\n",
                SECRET, NULL, SLICE("{}"), false);
    assert_int_equal(f.delivery.n_headers, 3);
    /* A name in the list may be in either case: only its length and letters count. */
    for (size_t i = 0; i < f.delivery.n_headers; i++) {
        struct leniency names = { .prefix = 100 };
        assert_every_bit_counts(&f, &f.headers[i].value,
                                slice_eq_z(f.headers[i].name, "X-Signed") ? &names : NULL);
    }
    assert_every_bit_counts(&f, &f.delivery.body, NULL);
    fixture_clear(&f);
}

/* Only the digest is signed: the body counts all the same. */
static void bodies_by_their_digest(void **state)
{
    (void)state;
    for (size_t n = 0; n < 12; n++) {
        struct fixture f;
        char *yaml = arena_printf(&arena,
                                  "scheme: hmac\nhash: sha256\nencoding: hex\n" TIMED
                                  "body_digest: {in: header, name: X-Digest, prefix: 'd=', hash: %s, encoding: %s}\n"
                                  "signed_content: ['{timestamp}.{header:X-Digest}']\n",
                                  "unix", hashes[n % 4], encodings[n / 4]);
        start_flips(&f, &arena, yaml, SECRET, NULL, SLICE("{\"a\":1}"), false);
        assert_headers_count(&f, NULL);
        assert_every_bit_counts(&f, &f.delivery.body, NULL);
        f.delivery.body = SLICE_NONE;
        assert_refused(judge(&f), VERIFY_BAD_BODY_DIGEST);
        fixture_clear(&f);
    }
}

static void variants_sign_in_their_own_way(void **state)
{
    static const char yaml[] = "scheme: hmac\nhash: sha1\nencoding: hex\nsignature: {in: header, name: X-Old}\n"
                               "signed_content: ['{body}']\n"
                               "variants:\n"
                               "  - when: {json_equals: {/v: 2}}\n"
                               "    set:\n"
                               "      hash: sha256\n"
                               "      signature: {in: header, name: X-New, prefix: 'v2='}\n"
                               "      timestamp: {in: header, name: X-Time, format: unix, tolerance_s: 10}\n"
                               "      signed_content: ['{timestamp}.{body}']\n";
    static const struct slice bodies[] = { SLICE("{\"v\":1}"), SLICE("{\"v\":2}") };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture f;
        start_flips(&f, &arena, yaml, SECRET, NULL, bodies[i], false);
        assert_int_equal(f.delivery.n_headers, 1 + i);
        assert_headers_count(&f, NULL);
        assert_every_bit_counts(&f, &f.delivery.body, NULL);
        if (i == 1) /* what the sender signed in the new way is not to be had in the old one */
            f.delivery.body = bodies[0];
        if (i == 1)
            assert_refused(judge(&f), VERIFY_MISSING_SIGNATURE);
        fixture_clear(&f);
    }
}

static char *upper(struct slice s)
{
    char *text = arena_printf(&arena, "%.*s", SLICE_FMT(s));

    for (char *c = text; *c; c++)
        *c = *c >= 'a' && *c <= 'f' ? (char)(*c - 32) : *c;
    return text;
}

/* The variant's own word, else the provider's. Of base64 the case always counts. */
static void the_case_of_hex_in_variants(void **state)
{
    static const struct {
        const char *own, *set;
        bool own_passes, set_passes;
    } cases[] = {
        { "hex_case: lower", "hex_case: any", false, true },
        { "hex_case: any", "hex_case: lower", true, false },
        { "hex_case: any", "hash: sha256", true, true },
        { "encoding: base64\nhex_case: any", "encoding: hex", false, true },
        { "hex_case: any", "encoding: base64", true, false },
    };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        bool set = i % 2, hex = strstr(cases[i / 2].own, "encoding") == NULL;
        struct fixture f;
        char *yaml = arena_printf(&arena,
                                  "scheme: hmac\nhash: sha256\n%s%s\nsignature: {name: X-Sig}\n"
                                  "signed_content: ['{body}']\nvariants:\n  - {when: {json_present: [/v]}, set: {%s}}\n",
                                  hex ? "encoding: hex\n" : "", cases[i / 2].own, cases[i / 2].set);
        start_flips(&f, &arena, yaml, SECRET, NULL, set ? SLICE("{\"v\":1}") : SLICE("{}"), false);
        f.headers[0].value = slice_z(upper(f.headers[0].value));
        assert_int_equal(judge(&f)->result == VERIFY_ACCEPT, set ? cases[i / 2].set_passes : cases[i / 2].own_passes);
        fixture_clear(&f);
    }
}

static void sorted_forms(void **state)
{
    struct fixture f;
    (void)state;
    start_flips(&f, &arena,
                "scheme: hmac\nhash: sha1\nencoding: base64\nsignature: {in: header, name: X-Sig}\n"
                "signed_content: ['{url}{form_sorted}']\ncontent_types: [application/x-www-form-urlencoded]\n",
                SECRET, NULL, SLICE("To=1&From=2&Body=hello+you&Empty="), true);
    assert_headers_count(&f, NULL);
    assert_every_bit_counts(&f, &f.delivery.url, NULL);
    assert_every_bit_counts(&f, &f.delivery.body, NULL);
    /* Another order of the same fields is the same form. */
    f.delivery.body = SLICE("From=2&Empty=&Body=hello+you&To=1");
    assert_accepted(judge(&f));
    fixture_clear(&f);
}

/* Nothing but the secret: its every bit counts, the scheme's name in any case. */
static void values_that_are_the_secret(void **state)
{
    static const struct {
        const char *yaml;
        size_t prefix;
    } cases[] = {
        { "scheme: token\nsignature: {in: header, name: X-Token}\n", 0 },
        { "scheme: token\nsignature: {in: header, name: Authorization, prefix: 'Bearer '}\n", 6 },
        { "scheme: basic\nsignature: {in: header, name: Authorization, prefix: 'Basic '}\n", 5 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct leniency l = { .prefix = cases[i].prefix };
        struct fixture f;
        for (size_t n = 0; n < 4; n++) { /* every length of base64's end */
            char *secret = arena_printf(&arena, "user:%.*s", (int)n + 1, "pass");
            start_flips(&f, &arena, cases[i].yaml, secret, NULL, SLICE("{}"), false);
            assert_headers_count(&f, &l);
            fixture_clear(&f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hmac_everywhere_in_every_form, setup, teardown),
        cmocka_unit_test_setup_teardown(every_form_of_time, setup, teardown),
        cmocka_unit_test_setup_teardown(the_path_of_the_url, setup, teardown),
        cmocka_unit_test_setup_teardown(digests_with_the_secret_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_of_signed_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_by_their_digest, setup, teardown),
        cmocka_unit_test_setup_teardown(variants_sign_in_their_own_way, setup, teardown),
        cmocka_unit_test_setup_teardown(the_case_of_hex_in_variants, setup, teardown),
        cmocka_unit_test_setup_teardown(sorted_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(values_that_are_the_secret, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
