#include "fixture.h"

#include "verify/provider_files.h"
#include "verify/sample.h"

static const char *const ids[] = { "github", "shopify", "slack", "standard-webhooks", "stripe" };
#define N_IDS (sizeof ids / sizeof ids[0])

static void presets_load(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_IDS; i++) {
        struct provider *p = preset(ids[i]);
        assert_text(provider_id(p), ids[i]);
        assert_true(provider_name(p).len > 0 && provider_secret_what(p).len > 0);
        assert_int_equal(provider_scheme(p), SCHEME_HMAC);
        assert_text(provider_allow(p), "POST");
        assert_false(provider_uses_url(p));
        provider_free(p);
    }
}

/* Each sample is what the provider says of itself: its event's type, readable, accepted once signed. */
static void check_sample(struct fixture *f, struct slice event)
{
    struct sample s;
    struct arena a;
    struct err e;
    struct buf tmp;
    arena_init(&a);
    buf_init(&tmp, 65536);
    if (sample_find(&s, f->provider, event, NOW_US, &e))
        fail_msg("%s", e.text);
    f->delivery.n_headers = 0;
    f->delivery.body = s.body;
    add_header(f, SLICE("Content-Type"), s.content_type);
    for (size_t i = 0; i < s.n_headers; i++)
        add_header(f, s.headers[i].name, s.headers[i].value);
    sign_with(f, &a, NOW_US);
    const struct verdict *v = judge(f);
    if (slice_eq(event, SLICE("url_verification"))) {
        assert_int_equal(v->result, VERIFY_HANDSHAKE);
    } else {
        assert_accepted(v);
        struct slice type = provider_event_type(f->provider, &f->reading, &tmp);
        assert_true(slice_eq(type, event) || slice_eq(event, SLICE("block_actions")));
    }
    assert_int_equal(reading_json(&f->reading), 0);
    assert_true(provider_content_type_ok(f->provider, &f->delivery));
    buf_clear(&tmp);
    arena_clear(&a);
    sample_clear(&s);
}

static void samples_are_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_IDS; i++) {
        struct fixture f;
        size_t n = 0;
        fixture_init(&f, preset(ids[i]), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        for (; sample_event(f.provider, n).len; n++)
            check_sample(&f, sample_event(f.provider, n));
        assert_true(n >= 3);
        fixture_clear(&f);
    }
}

static void dedupe_key(const struct provider *p, struct sample *s, char out[100])
{
    struct reading r;
    struct buf tmp;
    struct delivery d = { .headers = s->headers, .n_headers = s->n_headers, .body = s->body };
    reading_init(&r);
    buf_init(&tmp, 65536);
    reading_start(&r, &d, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    snprintf(out, 100, "%.*s", SLICE_FMT(provider_delivery_id(p, &r, &tmp)));
    assert_true(out[0]);
    buf_clear(&tmp);
    reading_clear(&r);
}

static void samples_are_fresh(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_IDS; i++) {
        struct provider *p = preset(ids[i]);
        struct sample a, b;
        char one[100], two[100];
        struct err e;
        assert_int_equal(sample_find(&a, p, SLICE_NONE, NOW_US, &e), 0);
        assert_int_equal(sample_find(&b, p, SLICE_NONE, NOW_US, &e), 0);
        dedupe_key(p, &a, one);
        dedupe_key(p, &b, two);
        assert_string_not_equal(one, two);
        sample_clear(&a);
        sample_clear(&b);
        assert_int_equal(sample_find(&a, p, SLICE("no.such"), NOW_US, &e), -1);
        assert_int_equal(e.code, ERR_NOT_FOUND);
        assert_non_null(strstr(e.text, sample_event(p, 0).ptr));
        sample_clear(&a);
        provider_free(p);
    }
}

static struct provider *find_in(const char *folder, struct slice id, struct issues *is)
{
    struct provider_file f;
    struct arena a;

    arena_init(&a);
    struct provider *p = provider_file_find(id, folder, &f, &a) ? provider_file_load(&f, is) : NULL;
    arena_clear(&a);
    return p;
}

static void unknown_providers(void **state)
{
    static const char *const none[] = { "gitub", "", "../github", "github.yml", "Github", "conf/providers/github" };
    static const char *const hints[] = { "\"github\"", "hooklatch providers", "hooklatch providers", "hooklatch providers", "\"github\"", "hooklatch providers" };
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct issues is;
        issues_init(&is);
        assert_null(find_in("/", slice_z(none[i]), &is));
        assert_int_equal(is.errors, 0);
        assert_null(provider_open(slice_z(none[i]), &is));
        assert_int_equal(is.errors, 1);
        assert_non_null(strstr(is.list[0].hint.ptr, hints[i]));
        issues_clear(&is);
    }
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void a_folder_overrides(void **state)
{
    char dir[] = "provider-test-XXXXXX", path[100];
    struct issues is;
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/github.yaml", dir);
    put_file(path, "id: github\nname: Mine\nscheme: none\n");
    issues_init(&is);
    struct provider *p = find_in(dir, SLICE("github"), &is);
    assert_non_null(p);
    assert_text(provider_name(p), "Mine");
    provider_free(p);
    p = provider_open(slice_z(path), &is);
    assert_non_null(p);
    provider_free(p);
    assert_null(provider_open(SLICE("github.yaml"), &is)); /* not there, and not the embedded one */
    assert_non_null(strstr(is.list[0].text.ptr, "No such file"));
    issues_clear(&is);
    issues_init(&is);
    p = find_in(dir, SLICE("stripe"), &is);
    assert_text(provider_name(p), "Stripe");
    provider_free(p);
    put_file(path, "id: gitlab\nscheme: none\n");
    assert_null(find_in(dir, SLICE("github"), &is));
    assert_non_null(strstr(is.list[0].text.ptr, "the id must be \"github\""));
    issues_clear(&is);
    remove(path);
    remove(dir);
}

#define HMAC_HEAD "scheme: hmac\nhash: sha256\nencoding: hex\n"
#define HMAC_SIGNATURE "signature: {in: header, name: X-S}\n"

static const struct {
    const char *yaml, *words;
} wrong[] = {
    { "scheme: hmac\nencoding: hex\n" HMAC_SIGNATURE "signed_content: ['{body}']\n", "needs a hash" },
    { "scheme: hmac\nhash: sha256\n" HMAC_SIGNATURE "signed_content: ['{body}']\n", "needs an encoding" },
    { HMAC_HEAD "signed_content: ['{body}']\n", "needs signature" },
    { HMAC_HEAD HMAC_SIGNATURE, "needs signed_content" },
    { HMAC_HEAD HMAC_SIGNATURE "signed_content: ['{bdy}']\n", "unknown placeholder {bdy}" },
    { HMAC_HEAD HMAC_SIGNATURE "signed_content: ['{form_srted}']\n", "unknown placeholder {form_srted}" },
    { HMAC_HEAD HMAC_SIGNATURE "signed_content: ['{timestamp}.{body}']\n", "no timestamp is described" },
    { HMAC_HEAD "signature: {in: header, name: X-S, format: pairs, kv: '=', key: v1}\nsigned_content: ['{body}']\n",
      "needs a separator" },
    { HMAC_HEAD "signature: {in: header, name: X-S, format: pairs, separator: ','}\nsigned_content: ['{body}']\n",
      "needs kv and key" },
    { HMAC_HEAD "signature: {in: query, name: s}\nsigned_content: ['{url}{body}']\n", "nothing can match" },
    { HMAC_HEAD "signature: {in: json, name: no-pointer}\nsigned_content: ['{body}']\n", "test.yaml:4" },
    { HMAC_HEAD HMAC_SIGNATURE "signed_content: ['{json:/a}']\ntimestamp: {in: json, name: /a/*}\n",
      "\"*\" is not possible" },
    { HMAC_HEAD "signature: {in: json, name: /a, names_alt: [/b]}\nsigned_content: ['{body}']\n", "in: header only" },
    { HMAC_HEAD HMAC_SIGNATURE "timestamp: {in: signature}\nsigned_content: ['{body}']\n", "where in the signature" },
    { "scheme: ed25519\n", "scheme" },
    { "scheme: none\nbody_digest: {}\n", "body_digest" },
    { "scheme: none\nhandshakes: [{name: a, when: {json_present: []}, response: {}}]\n", "json_present" },
    { "scheme: none\nhandshakes: [{name: a, when: {method: GET}, response: {body: '{nope}'}}]\n",
      "unknown placeholder" },
};

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *why;
        struct provider *p = provider_of(wrong[i].yaml, &why);
        if (p || !strstr(why, wrong[i].words))
            print_error("%sgave: %s", wrong[i].yaml, why);
        assert_null(p);
        assert_non_null(strstr(why, wrong[i].words));
        free(why);
    }
}

static void none_is_said_aloud(void **state)
{
    struct provider *p = provider_of("none", NULL);
    (void)state;
    assert_non_null(p);
    assert_int_equal(provider_scheme(p), SCHEME_NONE);
    assert_int_equal(provider_id(p).len, 0);
    provider_free(p);
}

static void methods_and_types(void **state)
{
    struct provider *p = provider_of("scheme: none\n"
                                     "methods: [POST, PUT]\n"
                                     "content_types: [text/plain, application/json]\n"
                                     "handshakes: [{name: a, when: {method: GET}, response: {}},\n"
                                     "             {name: b, when: {method: GET, query_present: [x]}, response: {}},\n"
                                     "             {name: c, when: {method: PUT}, response: {}}]\n", NULL);
    struct header h = { SLICE("content-type"), SLICE("TEXT/plain;a=b") };
    struct delivery d = { .headers = &h, .n_headers = 1 };
    (void)state;
    assert_non_null(p);
    assert_text(provider_allow(p), "POST, PUT, GET");
    assert_true(provider_method_ok(p, SLICE("PUT")));
    assert_false(provider_method_ok(p, SLICE("GET")));
    assert_true(provider_method_handshake(p, SLICE("GET")));
    assert_false(provider_method_handshake(p, SLICE("HEAD")));
    assert_true(provider_content_type_ok(p, &d));
    h.value = SLICE("text/html");
    assert_false(provider_content_type_ok(p, &d));
    d.n_headers = 0;
    assert_true(provider_content_type_ok(p, &d));
    provider_free(p);
}

static void types_ids_and_answers(void **state)
{
    struct provider *p = provider_of("scheme: token\n"
                                     "signature: {name: X-Token}\n"
                                     "event_type: [{in: header, name: X-Event}, {in: json, name: /kind}]\n"
                                     "delivery_id: [{in: query, name: id}]\n"
                                     "event_map: {Push Hook: push}\n"
                                     "ack: {status: 202, content_type: text/plain, body: '[ok]'}\n", NULL);
    struct header h = { SLICE("X-Event"), SLICE("") };
    struct delivery d = {
        .headers = &h, .n_headers = 1, .body = SLICE("{\"kind\":\"Push Hook\"}"), .query = SLICE("id=a%2Fb")
    };
    struct reading r;
    struct buf tmp;
    struct slice type, body;
    int status;
    (void)state;
    assert_non_null(p);
    reading_init(&r);
    buf_init(&tmp, 1000);
    reading_start(&r, &d, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    assert_text(provider_event_type(p, &r, &tmp), "push");
    assert_text(provider_delivery_id(p, &r, &tmp), "a/b");
    h.value = SLICE("other");
    assert_text(provider_event_type(p, &r, &tmp), "other");
    assert_true(provider_ack(p, &status, &type, &body));
    assert_int_equal(status, 202);
    assert_text(type, "text/plain");
    assert_text(body, "[ok]");
    assert_true(provider_header_is_secret(p, SLICE("x-token")));
    assert_true(provider_header_is_secret(p, SLICE("COOKIE")));
    assert_false(provider_header_is_secret(p, SLICE("X-Event")));
    assert_true(provider_header_is_secret(p, SLICE("X-Gitlab-Token")));
    /* sent to no source, by a provider that is not known */
    assert_true(provider_header_is_secret(NULL, SLICE("Authorization")));
    assert_true(provider_header_is_secret(NULL, SLICE("X-Gitlab-Token")));
    assert_true(provider_header_is_secret(NULL, SLICE("x-telegram-bot-api-secret-token")));
    assert_true(provider_header_is_secret(NULL, SLICE("X-Hub-Signature-256")));
    assert_false(provider_header_is_secret(NULL, SLICE("X-GitHub-Event")));
    buf_clear(&tmp);
    reading_clear(&r);
    provider_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_load),
        cmocka_unit_test(samples_are_accepted),
        cmocka_unit_test(samples_are_fresh),
        cmocka_unit_test(unknown_providers),
        cmocka_unit_test(a_folder_overrides),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(none_is_said_aloud),
        cmocka_unit_test(methods_and_types),
        cmocka_unit_test(types_ids_and_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
