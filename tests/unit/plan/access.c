/* Who may come in, as the configuration says it: what is made of it, and what is said about it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/plan/folder.h"

#define LISTEN "listen: {ingest: \"0.0.0.0:8080\"}\n"
#define LISTEN_TLS \
    "listen: {ingest: {address: \"0.0.0.0:8080\", tls: {cert: c.yaml, key: c.yaml, client_ca: c.yaml, client_auth: ask}}}\n"
#define REST "store: \"sqlite:x.db\"\n"
#define SHOP "sources:\n  shop:\n    provider: github\n    secrets: [{value: abc}]\n"
#define OPEN "sources:\n  shop:\n    verify: none\n    event: {type: x}\n"
#define TOKEN "a-token.of~16_le"

static const struct {
    const char *text, *said;
} words[] = {
    { LISTEN REST SHOP "    allow: [192.0.2.0/24, \"2001:db8::/32\", 203.0.113.7]\n", "" },
    { LISTEN REST SHOP "    allow: [192.0.2.1/24, x.example]\n",
      "c.yaml:7:13: error: sources.shop.allow[0]: \"192.0.2.1/24\" has bits set beyond its length: the network is "
      "192.0.2.0/24\n"
      "    hint: for example 192.0.2.0/24, 2001:db8::/32, or one address: 203.0.113.7\n"
      "c.yaml:7:27: error: sources.shop.allow[1]: \"x.example\" is neither an IP address nor a network\n"
      "    hint: for example 192.0.2.0/24, 2001:db8::/32, or one address: 203.0.113.7\n" },
    { LISTEN REST SHOP "    allow: 192.0.2.0/24\n",
      "c.yaml:7:12: error: sources.shop.allow: expected array, found string \"192.0.2.0/24\"\n"
      "    hint: for example [\"192.0.2.0/24\", \"2001:db8::/32\", \"203.0.113.7\"]\n" },
    { LISTEN REST SHOP "    allow: [1.5]\n",
      "c.yaml:7:13: error: sources.shop.allow[0]: expected string, found number 1.5\n"
      "    hint: a network or an address: 192.0.2.0/24, 2001:db8::/32, 203.0.113.7\n" },
    { "listen: {ingest: \"127.0.0.1:8080\"}\n" REST SHOP "    allow: [192.0.2.0/24]\n",
      "c.yaml:7:12: warning: sources.shop.allow: all deliveries come from this machine, where listen.ingest is, and "
      "will be refused\n"
      "    hint: name the proxy that stands before it in trusted_proxies: [127.0.0.1]\n" },
    { "listen: {ingest: \"127.0.0.1:8080\"}\ntrusted_proxies: [127.0.0.1]\n" REST SHOP "    allow: [192.0.2.0/24]\n",
      "" },
    { "listen: {ingest: \"127.0.0.1:8080\"}\n" REST SHOP "    allow: [127.0.0.0/8]\n", "" },
    { LISTEN "trusted_proxies: [10.0.0.0/8, 0.0.0.0/0]\n" REST,
      "c.yaml:2:18: error: trusted_proxies: everybody is trusted: anybody could write any address into "
      "X-Forwarded-For\n"
      "    hint: name the addresses of your own proxies only\n" },
    { LISTEN "trusted_proxies: [\"::/0\"]\n" REST,
      "c.yaml:2:18: error: trusted_proxies: everybody is trusted: anybody could write any address into "
      "X-Forwarded-For\n"
      "    hint: name the addresses of your own proxies only\n" },
    { LISTEN "trusted_proxies: [10.0.0.0/33]\n" REST,
      "c.yaml:2:19: error: trusted_proxies[0]: \"10.0.0.0/33\": the network's length is a number from 0 to 32\n"
      "    hint: for example 192.0.2.0/24, 2001:db8::/32, or one address: 203.0.113.7\n" },
    /* With a token in its URL nobody is anybody. */
    { LISTEN REST OPEN "    path_token: {value: " TOKEN "}\n", "" },
    { LISTEN REST OPEN "    path_token: [{value: " TOKEN "}, {value: another-" TOKEN "}]\n", "" },
    { LISTEN REST OPEN "    path_token: {value: too-short}\n",
      "c.yaml:7:17: error: sources.shop.path_token: the path token value has not 16 to 256 characters\n"
      "    hint: make one with: openssl rand -hex 24\n" },
    { LISTEN REST OPEN "    path_token: [{value: " TOKEN "}, {value: \"slashes/in/the/middle\"}]\n",
      "c.yaml:7:45: error: sources.shop.path_token[1]: the path token value has other characters than letters, digits "
      "and - . _ ~\n"
      "    hint: make one with: openssl rand -hex 24\n" },
    { LISTEN REST OPEN "    path_token: {env: NOT_SET_X}\n",
      "c.yaml:7:17: error: sources.shop.path_token: the environment variable NOT_SET_X is not set\n"
      "    hint: set it where hooklatch is started: set -a; . ./hooklatch.env; or EnvironmentFile= of its unit\n" },
    { LISTEN REST OPEN "    path_token: " TOKEN "\n",
      "c.yaml:7:17: error: sources.shop.path_token: expected array or object, found string of 16 characters (not "
      "shown)\n"
      "    hint: a secret, {env: NAME} or {file: PATH}, or a list of them\n" },
    { LISTEN REST OPEN "    path_token: {env: A, file: B}\n",
      "c.yaml:7:17: error: sources.shop.path_token: must have at most 1 property, has 2\n"
      "    hint: a secret is one of {env: NAME}, {file: PATH}, {value: TEXT}\n" },
    { LISTEN REST OPEN "    path_token: []\n",
      "c.yaml:7:17: error: sources.shop.path_token: must have at least 1 item, has 0\n" },
    { LISTEN REST SHOP "    path_suffix: any\n", "" },
    { LISTEN REST SHOP "    path_suffix: [/orders/create]\n", "" },
    { LISTEN REST SHOP "    path_suffix: all\n",
      "c.yaml:7:18: error: sources.shop.path_suffix: must match the pattern \"^(any|none)$\", found string \"all\"\n"
      "    hint: write any, or a list of them: [/orders/create]\n" },
    { LISTEN REST SHOP "    path_suffix: [orders]\n",
      "c.yaml:7:19: error: sources.shop.path_suffix[0]: must match the pattern \"^/[!-~]+$\", found string "
      "\"orders\"\n"
      "    hint: for example \"/orders/create\"\n" },
    { LISTEN_TLS REST SHOP "    client_certificate: {subjects: [\"DNS:partner.example\", CN=x]}\n", "" },
    { LISTEN_TLS REST OPEN "    client_certificate: {subjects: [\"DNS:partner.example\"]}\n", "" },
    { LISTEN REST SHOP "    client_certificate: {subjects: [\"DNS:partner.example\"]}\n",
      "c.yaml:7:25: error: sources.shop.client_certificate: listen.ingest asks for no certificates\n"
      "    hint: name the authority that signs them: listen: {ingest: {address: …, tls: {cert: FILE, key: FILE, "
      "client_ca: FILE, client_auth: ask}}}\n" },
    { LISTEN_TLS REST SHOP "    client_certificate: {subjects: [partner.example]}\n",
      "c.yaml:7:37: error: sources.shop.client_certificate.subjects[0]: must match the pattern "
      "\"^(CN=|DNS:|URI:|email:).\", found string \"partner.example\"\n"
      "    hint: what kind of name, and the name: CN=partner.example, DNS:partner.example, URI:spiffe://x/y, "
      "email:ops@partner.example\n" },
    { LISTEN_TLS REST "sources:\n  shop:\n    verify: {scheme: mtls}\n    event: {type: x}\n",
      "c.yaml:5:5: error: sources.shop: nothing says whose certificate proves who sent its webhooks\n"
      "    hint: add client_certificate: {subjects: [\"DNS:partner.example\"]}\n" },
    { LISTEN_TLS REST "sources:\n  shop:\n    verify: {scheme: mtls}\n    event: {type: x}\n    secrets: [{value: a}]\n"
                      "    client_certificate: {subjects: [CN=x]}\n",
      "c.yaml:7:14: error: sources.shop.secrets: secrets are not used: the certificate is what proves it\n"
      "    hint: remove them\n" },
    { LISTEN_TLS REST
      "sources:\n  shop:\n    verify: {scheme: mtls}\n    event: {type: x}\n    client_certificate: {subjects: [CN=x]}\n",
      "" },
    { "listen: {ingest: \"0.0.0.0:1\", admin: {address: \"127.0.0.1:2\", tls: {cert: c.yaml, key: c.yaml, client_ca: "
      "c.yaml, client_auth: ask}}}\n" REST,
      "c.yaml:1:128: error: listen.admin.tls.client_auth: only sources of listen.ingest can ask for certificates one by "
      "one\n"
      "    hint: remove it\n" },
    { "listen: {ingest: {address: \"0.0.0.0:1\", tls: {cert: c.yaml, key: c.yaml, client_auth: ask}}}\n" REST,
      "c.yaml:1:46: error: listen.ingest.tls: property \"client_ca\" is missing, which must stand beside "
      "\"client_auth\"\n"
      "    hint: for example { \"cert\": \"cert.pem\", \"key\": \"key.pem\" }\n" },
};

static void test_words(void **state)
{
    struct buf said;

    (void)state;
    buf_init(&said, 65536);
    unsetenv("NOT_SET_X");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        folder_write("c.yaml", slice_z(words[i].text));
        struct plan *p = folder_load("c.yaml", &said);
        assert_string_equal(text_of(&said), words[i].said);
        plan_unref(p);
    }
    buf_clear(&said);
}

static const char full[] =
    "listen: {ingest: {address: \"0.0.0.0:8080\", tls: {cert: c.yaml, key: c.yaml, client_ca: c.yaml, client_auth: "
    "ask}}}\n"
    "public_url: {ingest: \"https://hooks.example.com\"}\n"
    "trusted_proxies: [10.0.0.0/8, \"fd00::/8\"]\n" REST
    "sources:\n"
    "  plain: {provider: github, secrets: [{value: abc}]}\n"
    "  shop:\n"
    "    provider: github\n"
    "    secrets: [{value: abc}]\n"
    "    allow: [192.0.2.0/24]\n"
    "    path_token: [{value: " TOKEN "}, {value: another-" TOKEN "}]\n"
    "    path_suffix: [/orders/create, /orders/paid]\n"
    "    client_certificate: {subjects: [\"DNS:a.example\", CN=b]}\n";

static void test_what_is_made_of_it(void **state)
{
    struct buf said;
    struct ip inside, outside;

    (void)state;
    buf_init(&said, 65536);
    folder_write("c.yaml", slice_z(full));
    struct plan *p = folder_load("c.yaml", &said);
    assert_string_equal(text_of(&said), "");
    const struct source *plain = plan_source(p, SLICE("plain")), *shop = plan_source(p, SLICE("shop"));
    assert_true(p->settings.ingest.client_ask);
    assert_int_equal(p->settings.n_trusted_proxies, 2);
    assert_int_equal(plain->access.n_allow + plain->access.n_path_tokens + plain->access.n_subjects, 0);
    assert_true(slice_eq(plain->shown_url, SLICE("https://hooks.example.com/webhooks/plain")));
    assert_int_equal(ip_parse(SLICE("192.0.2.9"), &inside), 0);
    assert_int_equal(ip_parse(SLICE("192.0.3.9"), &outside), 0);
    assert_true(cidr_has(shop->access.allow, shop->access.n_allow, &inside));
    assert_false(cidr_has(shop->access.allow, shop->access.n_allow, &outside));
    assert_int_equal(shop->access.n_path_tokens, 2);
    assert_int_equal(shop->access.n_suffixes, 2);
    assert_int_equal(shop->access.n_subjects, 2);
    assert_true(slice_eq(shop->url, SLICE("https://hooks.example.com/webhooks/shop")));
    assert_true(slice_eq(shop->shown_url, SLICE("https://hooks.example.com/webhooks/shop/<path_token>")));
    /* Events record all of it, but no token. */
    const char *text = shop->def->text.ptr;
    assert_non_null(strstr(text, "\"allow\":[\"192.0.2.0/24\"]"));
    assert_non_null(strstr(text, "\"path_token\":[\"value\",\"value\"]"));
    assert_non_null(strstr(text, "\"path_suffix\":[\"/orders/create\",\"/orders/paid\"]"));
    assert_non_null(strstr(text, "\"client_certificate\":{\"subjects\":[\"DNS:a.example\",\"CN=b\"]}"));
    assert_null(strstr(text, TOKEN));
    plan_unref(p);
    buf_clear(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_what_is_made_of_it),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
