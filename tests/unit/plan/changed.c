/* A source that takes a provider and changes some of its fields. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/plan/folder.h"

#define HEAD "listen: {ingest: \"127.0.0.1:8080\"}\nstore: \"sqlite:x.db\"\nsources:\n"
#define SHOP "  shop:\n    provider: github\n    secrets: [{value: abc}]\n"
#define PLAIN "  plain: {provider: github, secrets: [{value: abc}]}\n"

static struct plan *load(const char *text, struct buf *said)
{
    buf_init(said, 65536);
    folder_write("c.yaml", slice_z(text));
    return folder_load("c.yaml", said);
}

/* sha1 over {body} of "abc": the preset wants sha256 in another header. */
static bool verifies(const struct source *s, const char *header, const char *value)
{
    const struct header headers[] = { { slice_z(header), slice_z(value) } };
    const struct delivery d = { .method = SLICE("POST"), .headers = headers, .n_headers = 1, .body = SLICE("abc") };
    struct verify_scratch *scratch = verify_scratch_new();
    struct reading r;
    struct verdict v;

    reading_init(&r);
    reading_start(&r, &d, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    verify_delivery(s->verifier, &r, 0, scratch, &v);
    reading_clear(&r);
    verify_scratch_free(scratch);
    return v.result == VERIFY_ACCEPT;
}

#define SHA256 "sha256=2f02e24ae2e1fe880399f27600afa88364e6062bf9bbe114b32fa8f23d03608a"
#define SHA1 "sha1=5b333a389b4e9a2358ac5392bf2a64dc68e3c943"

static void test_change_applies_to_this_source_only(void **state)
{
    struct buf said;
    struct plan *p = load(HEAD PLAIN SHOP "    verify: {hash: sha1, signature: {name: X-Old, prefix: \"sha1=\"}}\n", &said);

    (void)state;
    assert_string_equal(text_of(&said), "");
    const struct source *plain = plan_source(p, SLICE("plain")), *shop = plan_source(p, SLICE("shop"));
    assert_true(verifies(plain, "X-Hub-Signature-256", SHA256));
    assert_false(verifies(plain, "X-Old", SHA1));
    assert_true(verifies(shop, "X-Old", SHA1));
    assert_false(verifies(shop, "X-Hub-Signature-256", SHA256));
    /* It is still the provider of that name: its events are github.…. */
    assert_true(slice_eq(provider_id(shop->provider), SLICE("github")));
    assert_true(slice_eq(provider_secret_what(shop->provider), provider_secret_what(plain->provider)));
    plan_unref(p);
    buf_clear(&said);
}

static const struct definition *find(const struct plan *p, const char *name)
{
    for (size_t i = 0; i < p->n_defs; i++) {
        if (strcmp(p->defs[i]->kind, "provider") == 0 && slice_eq_z(p->defs[i]->name, name))
            return p->defs[i];
    }
    return NULL;
}

static void test_definition_has_the_change(void **state)
{
    struct buf said;
    struct plan *p = load(HEAD PLAIN SHOP "    verify: {hash: sha512}\n", &said);

    (void)state;
    assert_non_null(strstr(find(p, "github")->text.ptr, "\"hash\":\"sha256\""));
    assert_non_null(strstr(find(p, "github+shop")->text.ptr, "\"hash\":\"sha512\""));
    assert_non_null(strstr(find(p, "github+shop")->text.ptr, "\"id\":\"github\""));
    assert_non_null(strstr(plan_source(p, SLICE("shop"))->def->text.ptr, "\"name\":\"github+shop\""));
    plan_unref(p);
    buf_clear(&said);
}

static const struct {
    const char *changes, *said;
} words[] = {
    { "{}", "" },
    { "{docs: null, event_type: null}", "" }, /* null removes */
    { "{signatrue: null, signature: {prefx: null, prefix: null}}",
      "c.yaml:7:25: warning: sources.shop.verify.signatrue: null takes a field away, and provider github has no such one\n"
      "c.yaml:7:50: warning: sources.shop.verify.signature.prefx: null takes a field away, and provider github has no such "
      "one\n" },
    { "{hash: sha257}",
      "c.yaml:7:20: error: sources.shop.verify.hash: provider github, so changed: expected one of \"sha1\", \"sha256\", "
      "\"sha384\", \"sha512\", found string \"sha257\"\n"
      "    hint: did you mean \"sha256\"?\n" },
    { "{encoding: null}",
      "c.yaml:7:13: error: sources.shop.verify: provider github, so changed: scheme hmac needs an encoding: hex, base64 "
      "or base64url\n"
      "    hint: encoding: hex\n" },
    { "{signature: {nme: X}}",
      "c.yaml:7:31: error: sources.shop.verify.signature.nme: provider github, so changed: unknown key \"nme\"\n"
      "    hint: did you mean \"name\"?\n" },
    { "{methods: [POST, PSOT]}",
      "c.yaml:7:23: error: sources.shop.verify.methods: provider github, so changed: [1]: expected one of \"POST\", "
      "\"PUT\", \"PATCH\", \"GET\", \"HEAD\", \"DELETE\", \"OPTIONS\", found string \"PSOT\"\n"
      "    hint: did you mean \"POST\"?\n" },
    { "{id: other}", "c.yaml:7:18: error: sources.shop.verify.id: the provider keeps its id\n    hint: remove it\n" },
    { "{signed_content: [\"{method}\"]}",
      "c.yaml:7:13: warning: sources.shop.verify: provider github checks that the body is what was signed; so changed, "
      "nothing does\n" },
    { "{scheme: none}", /* said aloud, in another way */
      "c.yaml:6:14: error: sources.shop.secrets: secrets are not used: nothing is verified\n"
      "    hint: remove them\n"
      "c.yaml:7:13: warning: sources.shop.verify: anybody who knows the URL can send webhooks\n"
      "    hint: make the URL one that nobody can guess: path_token: {env: NAME}\n" },
};

static void test_words(void **state)
{
    struct buf said, text;

    (void)state;
    buf_init(&text, 65536);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        buf_reset(&text);
        buf_printf(&text, HEAD SHOP "    verify: %s\n", words[i].changes);
        struct plan *p = load(text.ptr, &said);
        assert_string_equal(text_of(&said), words[i].said);
        plan_unref(p);
        buf_clear(&said);
    }
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_change_applies_to_this_source_only),
        cmocka_unit_test(test_definition_has_the_change),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
