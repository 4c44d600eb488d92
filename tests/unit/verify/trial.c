/* What verify_explain finds out by trying: a request that is signed in one way and judged in another. */
#include "explained.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#define URL "https://example.com/h"

/* One side of a story. What is NULL is the same as the other's. */
struct side {
    const char *yaml, *secret, *url, *body;
};

static void put_url(struct fixture *f, const char *url)
{
    const char *path = strchr(strstr(url, "://") + 3, '/');
    f->delivery.url = slice_z(url);
    slice_cut(slice_z(path ? path : "/"), '?', &f->delivery.path, &f->delivery.query);
}

static void start(struct fixture *f, const struct side *s, const struct side *other)
{
    char *why = NULL;
    const char *yaml = s->yaml ? s->yaml : other->yaml;
    struct provider *p = strchr(yaml, '\n') ? provider_of(yaml, &why) : preset(yaml);
    if (!p)
        print_error("%s", why);
    free(why);
    fixture_init(f, p, s->secret ? s->secret : other->secret);
    put_url(f, s->url ? s->url : other->url ? other->url : URL);
    f->delivery.body = slice_z(s->body ? s->body : other->body ? other->body : "{}");
}

/* Signs as the first says, judges as the second says; in out: the explanation. */
static void explain(struct side from, struct side to)
{
    struct fixture signer, f;
    start(&signer, &from, &to);
    start(&f, &to, &from);
    sign_with(&signer, &arena, NOW_US);
    memcpy(f.headers, signer.headers, sizeof f.headers);
    f.delivery.n_headers = signer.delivery.n_headers;
    const struct verdict *v = judge(&f);
    assert_int_equal(v->result, VERIFY_REJECT);
    buf_reset(&out);
    verify_explain(f.verifier, &f.reading, NOW_US, f.scratch, v, false, &out);
    assert_null(strstr(out.ptr, to.secret ? to.secret : from.secret));
    fixture_clear(&f);
    fixture_clear(&signer);
}

static void assert_said(const char *words)
{
    if (!strstr(out.ptr, words))
        print_error("no \"%s\" in:\n%s", words, out.ptr);
    assert_non_null(strstr(out.ptr, words));
}

#define HMAC "scheme: hmac\nhash: sha256\nencoding: hex\nsignature: {name: X-Sig}\n"
#define OVER(content) HMAC "signed_content: ['" content "']\n"

/* The sender printed the body like `was`; it came as {"a":"…", …}. */
static void assert_printed(const char *was, const char *came, const char *words)
{
    explain((struct side){ OVER("{body}"), "sEcret", NULL, was }, (struct side){ .body = came });
    assert_said("parsed and printed again");
    assert_said(words);
}

static void json_as_libraries_print_it(void **state)
{
    const char *plain = "{\"b\":\"\xc3\xa4/<\",\"a\":[1.0,{}]}";
    (void)state;
    assert_printed(plain, "{ \"b\" : \"\\u00e4\\/<\", \"a\" : [1.0, { }]}", "as compact JSON:");
    assert_printed("{\"b\": \"\\u00e4/<\", \"a\": [1.0, {}]}", plain, "as Python prints it");
    assert_printed("{\"b\": \"\xc3\xa4/<\", \"a\": [1.0, {}]}", plain, "letters as they are");
    assert_printed("{\"b\":\"\\u00e4/<\",\"a\":[1.0,{}]}", plain, "compact JSON with \\u escapes:");
    assert_printed("{\"b\":\"\\u00e4\\/<\",\"a\":[1.0,{}]}", plain, "as PHP prints it");
    assert_printed("{\"b\":\"\xc3\xa4\\/<\",\"a\":[1.0,{}]}", plain, "compact JSON with \\/:");
    assert_printed("{\"b\":\"\xc3\xa4/\\u003c\",\"a\":[1.0,{}]}", plain, "as Go prints it");
    assert_printed("{\"b\":\"\\u00E4/\\u003C\",\"a\":[1.0,{}]}", plain, "as .NET prints it");
    assert_printed("{\n  \"b\": \"\xc3\xa4/<\",\n  \"a\": [\n    1.0,\n    {}\n  ]\n}", plain, "indented by 2");
    assert_printed("{\n    \"b\": \"\xc3\xa4/<\",\n    \"a\": [\n        1.0,\n        {}\n    ]\n}", plain, "indented by 4");
    assert_printed("{\"a\":[1.0,{}],\"b\":\"\xc3\xa4/<\"}", plain, "members sorted by name");
    assert_printed("{\"a\": [1.0, {}], \"b\": \"\\u00e4/<\"}", plain, "as Python prints it, members sorted");
    assert_printed("{\"e\":\"\\ud83d\\ude00\\n\"}", "{\"e\": \"\xf0\x9f\x98\x80\\u000a\"}", "with \\u escapes:");
}

static void bodies_as_tools_change_them(void **state)
{
    struct side judged = { OVER("{body}"), "sEcret", NULL, "\xef\xbb\xbf{}" };
    (void)state;
    explain((struct side){ .body = "{}" }, judged);
    assert_said("without the byte order mark");
    judged.body = "payload=%7B%22a%22%3A1%7D";
    explain((struct side){ .body = "{\"a\":1}" }, judged);
    assert_said("decoded form field");
    judged.body = "a=1&b=%20";
    explain((struct side){ .body = "a=1&b= " }, judged);
    assert_said("form-decoded");
    judged.body = "{\"a\":2}";
    explain((struct side){ .body = "{\"a\":1}" }, judged);
    assert_said("secret is another one, or the body was changed on the way (it has 7 bytes here");
    explain((struct side){ OVER("{url}{form_sorted}"), "another", NULL, "a=1" }, (struct side){ .secret = "sEcret" });
    assert_said("read as a form only with the header Content-Type");
}

static void assert_url_found(const char *content, const char *registered, const char *given)
{
    char words[200];
    explain((struct side){ content, "sEcret", registered, NULL }, (struct side){ .url = given });
    snprintf(words, sizeof words, "with the URL %s: give it exactly", registered);
    assert_said(words);
}

static void urls_as_people_register_them(void **state)
{
    (void)state;
    assert_url_found(OVER("{url}{body}"), "https://example.com/h", "http://example.com/h");
    assert_url_found(OVER("{url}{body}"), "https://example.com/h", "https://example.com/h/");
    assert_url_found(OVER("{url}{body}"), "https://example.com/h/", "https://example.com/h");
    assert_url_found(OVER("{url}{body}"), "https://example.com:443/h", "https://example.com/h");
    assert_url_found(OVER("{url}{body}"), "https://example.com/h", "https://example.com:443/h");
    assert_url_found(OVER("{url}{body}"), "https://example.com/h", "http://example.com/h/?a=1");
    assert_url_found(OVER("{method} {url}"), "https://example.com/", "https://example.com");
    assert_url_found(OVER("{path_query}"), "https://example.com/h/?a=1", "https://example.com/h?a=1");
    explain((struct side){ OVER("{url}"), "sEcret", "https://example.org/h", NULL }, (struct side){ .url = URL });
    assert_said("The URL is signed");
}

static void secrets_and_params_are_left_out(void **state)
{
    (void)state;
    explain((struct side){ "scheme: digest\nhash: sha256\nencoding: hex\nsignature: {name: X-Sig}\n"
                           "signed_content: ['{secret}{body}']\n", "another", NULL, NULL },
            (struct side){ .secret = "topsecret" });
    assert_said("Signed is: <secret><body, 2 bytes>");
    explain((struct side){ "scheme: digest\nhash: sha256\nencoding: hex\nsignature: {name: X-Sig}\n"
                           "signed_content: ['{secret}{body}']\n", "topsecret", NULL, NULL },
            (struct side){ .secret = "topsecret\n" });
    assert_said("without the white space around the secret");
    explain((struct side){ OVER("{body}"), "whsec_c2VjcmV0", NULL, NULL }, (struct side){ .secret = "c2VjcmV0" });
    assert_said("with whsec_ before the secret");
    explain((struct side){ OVER("{body}"), "sEcret\n", NULL, NULL }, (struct side){ .secret = "sEcret" });
    assert_said("newline at the secret's end");
}

static char *new_key(const char *type, const char *curve_or_bits)
{
    EVP_PKEY *k = strcmp(type, "RSA") == 0  ? EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)2048)
                  : strcmp(type, "EC") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, type, curve_or_bits)
                                            : EVP_PKEY_Q_keygen(NULL, NULL, type);
    BIO *b = BIO_new(BIO_s_mem());
    char *text;
    assert_int_equal(PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL, NULL), 1);
    long n = BIO_get_mem_data(b, &text);
    char *copy = arena_printf(&arena, "%.*s", (int)n, text);
    BIO_free(b);
    EVP_PKEY_free(k);
    return copy;
}

#define PUBLIC(scheme, hash, encoding)                                                                                 \
    "scheme: " scheme "\n" hash "encoding: " encoding "\nsecret: {decode: pem}\nsignature: {name: X-Sig}\n"           \
    "signed_content: ['{body}']\n"

static void public_keys(void **state)
{
    char *ed25519 = new_key("ED25519", NULL), *ec = new_key("EC", "P-256"), *rsa = new_key("RSA", NULL);
    (void)state;
    explain((struct side){ PUBLIC("ed25519", "", "base64"), ed25519, NULL, NULL },
            (struct side){ .yaml = PUBLIC("ed25519", "", "hex") });
    assert_said("is not hex, which is expected; it can be read as base64");
    assert_said("written in base64; lower-case hex is expected");
    explain((struct side){ PUBLIC("ed25519", "", "hex"), ed25519, NULL, "{}\n" }, (struct side){ .body = "{}" });
    assert_said("with a newline at the body's end");
    explain((struct side){ PUBLIC("ed25519", "", "hex"), ed25519, NULL, NULL },
            (struct side){ .secret = new_key("ED25519", NULL) });
    assert_said("the key is another one");
    explain((struct side){ PUBLIC("ecdsa-p256", "hash: sha512\n", "base64"), ec, NULL, NULL },
            (struct side){ .yaml = PUBLIC("ecdsa-p256", "hash: sha256\n", "base64") });
    assert_said("with the hash sha512");
    explain((struct side){ PUBLIC("rsa", "hash: sha1\n", "base64"), rsa, NULL, NULL },
            (struct side){ .yaml = PUBLIC("rsa", "hash: sha256\n", "hex") });
    assert_said("with the hash sha1");
}

static void another_preset(void **state)
{
    (void)state;
    explain((struct side){ "stripe", "whsec_topsecret", NULL, NULL }, (struct side){ .yaml = "github" });
    assert_said("accepted as a webhook of another preset: ");
    assert_said("stripe");
    explain((struct side){ "stripe", "whsec_another", NULL, NULL },
            (struct side){ .yaml = "github", .secret = "topsecret" });
    assert_said("header in which other presets have their signature: stripe (Stripe-Signature)");
}

static void digests_of_the_body(void **state)
{
    const char *yaml = HMAC "signed_content: ['{timestamp}.{header:X-Digest}']\n"
                            "timestamp: {in: header, name: X-Time, format: unix}\n"
                            "body_digest: {in: header, name: X-Digest, hash: sha256, encoding: base64, prefix: 'sha-256='}\n";
    (void)state;
    explain((struct side){ yaml, "sEcret", NULL, "{\"a\": 1}" }, (struct side){ .body = "{\"a\":1}" });
    assert_said("bad-body-digest");
    assert_said("as Python prints it");
    explain((struct side){ yaml, "sEcret", NULL, "{\"a\":1}" }, (struct side){ .body = "{\"a\":2}" });
    assert_said("The body was changed on the way");
}

static void values_that_are_signed_one_by_one(void **state)
{
    const char *yaml = "scheme: hmac\nhash: sha256\nencoding: base64\nsplit: /list/*\n"
                       "signature: {in: item, name: /sig}\nsigned_content: ['{item:/id}:{item:/paid}']\n";
    struct fixture f;
    (void)state;
    fixture_init(&f, provider_of(yaml, NULL), "secret");
    f.delivery.body = SLICE("{\"list\":[{\"id\":1,\"paid\":5},{\"id\":2,\"paid\":6},{\"id\":3,\"paid\":7}]}");
    sign_with(&f, &arena, NOW_US);
    assert_accepted(judge(&f));
    char *paid = strstr((char *)f.delivery.body.ptr, "\"paid\":6");
    paid[7] = '9';
    const struct verdict *v = judge(&f);
    assert_refused(v, VERIFY_BAD_SIGNATURE);
    buf_reset(&out);
    verify_explain(f.verifier, &f.reading, NOW_US, f.scratch, v, false, &out);
    assert_said("value 2 of the 3 in the body");
    assert_said("Signed is: 2:9");
    fixture_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_as_libraries_print_it, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_as_tools_change_them, setup, teardown),
        cmocka_unit_test_setup_teardown(urls_as_people_register_them, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_and_params_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(public_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(another_preset, setup, teardown),
        cmocka_unit_test_setup_teardown(digests_of_the_body, setup, teardown),
        cmocka_unit_test_setup_teardown(values_that_are_signed_one_by_one, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
