/* Who may come in: paths with tokens and suffixes, what is kept of them, and whom proxies speak for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "http/certificate.h"
#include "http/gate.h"
#include "tests/unit/plan/folder.h"

#define TOKEN "a-token.of~16_le"
#define OTHER "another-token-0123456789"

static const char config[] =
    "listen: {ingest: \"0.0.0.0:8080\"}\n"
    "trusted_proxies: [10.0.0.0/8, \"fd00::/8\"]\n"
    "store: \"sqlite:x.db\"\n"
    "sources:\n"
    "  open: {provider: github, secrets: [{value: abc}]}\n"
    "  any: {provider: github, secrets: [{value: abc}], path_suffix: any}\n"
    "  some: {provider: github, secrets: [{value: abc}], path_suffix: [/orders/create, /x]}\n"
    "  shop: {verify: none, event: {type: x}, path_token: [{value: " TOKEN "}, {value: " OTHER "}]}\n"
    "  both: {verify: none, event: {type: x}, path_token: {value: " OTHER "}, path_suffix: any}\n";

static struct plan *plan;

static int set_up(void **state)
{
    struct buf said;

    if (folder_setup(state))
        return -1;
    buf_init(&said, 65536);
    folder_write("c.yaml", slice_z(config));
    plan = folder_load("c.yaml", &said);
    assert_string_equal(text_of(&said), "");
    buf_clear(&said);
    return 0;
}

static int tear_down(void **state)
{
    plan_unref(plan);
    return folder_teardown(state);
}

static const struct {
    const char *path, *source; /* source: NULL where there is none */
    const char *refused;       /* or NULL */
    const char *suffix;
    const char *kept;
} paths[] = {
    { "/webhooks/open", "open", NULL, "", "/webhooks/open" },
    { "/webhooks/open/", "open", "path-suffix", "", "/webhooks/open/" },
    { "/webhooks/open/x", "open", "path-suffix", "x", "/webhooks/open/x" },
    { "/webhooks/", NULL, "unknown-source", "", "/webhooks/" },
    { "/webhooks", NULL, "unknown-source", "", "/webhooks" },
    { "/webhooks//open", NULL, "unknown-source", "", "/webhooks//open" },
    { "/", NULL, "unknown-source", "", "/" },
    { "/webhooks/openx", NULL, "unknown-source", "", "/webhooks/openx" },
    { "/webhooks/any", "any", NULL, "", "/webhooks/any" },
    { "/webhooks/any/", "any", NULL, "", "/webhooks/any/" },
    { "/webhooks/any/a/b", "any", NULL, "a/b", "/webhooks/any/a/b" },
    { "/webhooks/any//b", "any", NULL, "/b", "/webhooks/any//b" },
    { "/webhooks/some", "some", NULL, "", "/webhooks/some" },
    { "/webhooks/some/x", "some", NULL, "x", "/webhooks/some/x" },
    { "/webhooks/some/orders/create", "some", NULL, "orders/create", "/webhooks/some/orders/create" },
    { "/webhooks/some/orders", "some", "path-suffix", "orders", "/webhooks/some/orders" },
    { "/webhooks/some/x/", "some", "path-suffix", "x/", "/webhooks/some/x/" },
    { "/webhooks/shop", "shop", "path-token", "", "/webhooks/shop" },
    { "/webhooks/shop/", "shop", "path-token", "", "/webhooks/shop/<path_token>" },
    { "/webhooks/shop/wrong-token-wrong", "shop", "path-token", "", "/webhooks/shop/<path_token>" },
    { "/webhooks/shop/" TOKEN, "shop", NULL, "", "/webhooks/shop/<path_token>" },
    { "/webhooks/shop/" OTHER, "shop", NULL, "", "/webhooks/shop/<path_token>" },
    { "/webhooks/shop/" TOKEN "x", "shop", "path-token", "", "/webhooks/shop/<path_token>" },
    { "/webhooks/shop/x" TOKEN, "shop", "path-token", "", "/webhooks/shop/<path_token>" },
    { "/webhooks/shop/" TOKEN "/", "shop", "path-suffix", "", "/webhooks/shop/<path_token>/" },
    { "/webhooks/shop/" TOKEN "/x", "shop", "path-suffix", "x", "/webhooks/shop/<path_token>/x" },
    { "/webhooks/shop/x/" TOKEN, "shop", "path-token", "", "/webhooks/shop/<path_token>/<path_token>" },
    { "/webhooks/both/" OTHER "/a", "both", NULL, "a", "/webhooks/both/<path_token>/a" },
    { "/webhooks/both/" OTHER, "both", NULL, "", "/webhooks/both/<path_token>" },
    { "/webhooks/both/" TOKEN, "both", "path-token", "", "/webhooks/both/<path_token>" },
    /* A slip before the token: it is not anybody's to read all the same. */
    { "/webhook/shop/" TOKEN "/a/" OTHER, NULL, "unknown-source", "", "/webhook/shop/<path_token>/a/<path_token>" },
    { "/webhooks/Shop/" OTHER OTHER, NULL, "unknown-source", "", "/webhooks/Shop/<path_token><path_token>" },
    { "/webhooks/any/" TOKEN, "any", NULL, TOKEN, "/webhooks/any/<path_token>" },
};

static void test_paths(void **state)
{
    struct buf kept;

    (void)state;
    buf_init(&kept, 4096);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct visitor v;
        struct slice path = slice_z(paths[i].path);
        const struct gate_refusal *g = gate_look_at_path(plan, path, &v);
        assert_string_equal(g ? g->reason : "in", paths[i].refused ? paths[i].refused : "in");
        assert_true(slice_eq_z(v.source ? v.source->name : SLICE_NONE, paths[i].source ? paths[i].source : ""));
        assert_true(slice_eq_z(v.suffix, paths[i].suffix));
        buf_reset(&kept);
        gate_put_path(plan, &v, path, &kept);
        assert_string_equal(kept.ptr, paths[i].kept);
    }
    buf_clear(&kept);
}

static void test_tokens_in_headers(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 4096);
    gate_hide_tokens(plan, &text);
    buf_puts(&text, "X-Original-Uri: /webhooks/shop/" TOKEN "/x\nA: " OTHER TOKEN "\nB: " TOKEN);
    gate_hide_tokens(plan, &text);
    assert_string_equal(text.ptr, "X-Original-Uri: /webhooks/shop/****************/x\nA: "
                                  "****************************************\nB: ****************");
    buf_clear(&text);
}

/* Whoever guesses learns nothing: not even that there is such a source. */
static void test_wrong_token_looks_like_no_source(void **state)
{
    struct visitor v;
    const struct gate_refusal *none = gate_look_at_path(plan, SLICE("/webhooks/nobody/x"), &v),
                              *token = gate_look_at_path(plan, SLICE("/webhooks/shop/x"), &v),
                              *suffix = gate_look_at_path(plan, SLICE("/webhooks/shop/" TOKEN "/x"), &v);

    (void)state;
    assert_int_equal(none->status, token->status);
    assert_string_equal(none->public_reason, token->public_reason);
    assert_string_equal(none->public_detail, token->public_detail);
    assert_int_equal(none->status, suffix->status);
    assert_string_equal(none->public_detail, suffix->public_detail);
}

static const struct {
    const char *lines[3]; /* of X-Forwarded-For */
    const char *client;   /* NULL: nobody knows */
} forwarded[] = {
    { { NULL }, "10.1.1.1" },
    { { "" }, "10.1.1.1" },
    { { "203.0.113.7" }, "203.0.113.7" },
    { { "1.2.3.4, 203.0.113.7" }, "203.0.113.7" },
    { { "1.2.3.4,203.0.113.7" }, "203.0.113.7" },
    { { "1.2.3.4", "203.0.113.7" }, "203.0.113.7" },
    { { "203.0.113.7", "10.2.2.2" }, "203.0.113.7" },
    { { "1.2.3.4, 203.0.113.7, 10.2.2.2, fd00::1" }, "203.0.113.7" },
    { { "1.2.3.4, 203.0.113.7", "10.2.2.2", "" }, "203.0.113.7" },
    { { "10.3.3.3, 10.2.2.2" }, "10.3.3.3" },
    { { "203.0.113.7:4711" }, "203.0.113.7" },
    { { "[2001:db8::1]:4711, [fd00::1]" }, "2001:db8::1" },
    { { "::ffff:203.0.113.7" }, "203.0.113.7" },
    /* To the right of what cannot be read everything is a proxy's; to the left of the client nobody looks. */
    { { "unknown" }, NULL },
    { { "203.0.113.7, unknown" }, NULL },
    { { "203.0.113.7, unknown, 10.2.2.2" }, NULL },
    { { "unknown, 203.0.113.7" }, "203.0.113.7" },
    { { "203.0.113.7," }, NULL },
    { { ",203.0.113.7" }, "203.0.113.7" },
    { { "," }, NULL },
    { { "203.0.113.7 10.2.2.2" }, NULL },
};

static void test_forwarded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
        struct header headers[5] = { { SLICE("Host"), SLICE("192.0.2.1") } };
        char text[IP_TEXT_MAX];
        struct ip client;
        size_t n = 1;
        for (size_t k = 0; k < 3 && forwarded[i].lines[k]; k++)
            headers[n++] = (struct header){ SLICE("x-forwarded-FOR"), slice_z(forwarded[i].lines[k]) };
        headers[n++] = (struct header){ SLICE("X-Forwarded"), SLICE("192.0.2.1") };
        assert_int_equal(ip_parse(SLICE("10.1.1.1"), &client), 0);
        if (gate_forwarded(&plan->settings, headers, n, &client) != (forwarded[i].client != NULL))
            fail_msg("%s", forwarded[i].lines[0]);
        if (!forwarded[i].client)
            continue;
        ip_text(&client, text);
        assert_string_equal(text, forwarded[i].client);
    }
}

static void test_no_endless_row_of_proxies(void **state)
{
    struct header header = { SLICE("X-Forwarded-For"), SLICE_NONE };
    struct ip client;
    struct buf line;

    (void)state;
    buf_init(&line, 65536);
    buf_puts(&line, "203.0.113.7");
    for (int i = 0; i < 31; i++)
        buf_puts(&line, ", 10.2.2.2");
    header.value = buf_slice(&line);
    assert_true(gate_forwarded(&plan->settings, &header, 1, &client));
    buf_puts(&line, ", 10.2.2.2");
    header.value = buf_slice(&line);
    assert_false(gate_forwarded(&plan->settings, &header, 1, &client));
    buf_clear(&line);
}

static void test_certificates(void **state)
{
    const struct slice list[] = { SLICE("CN=a"), SLICE("DNS:B.example"), SLICE("URI:spiffe://x/y") };
    const struct client_names names = { list, 3 }, none = { NULL, 0 };
    struct slice wanted[] = { SLICE("CN=z"), SLICE("DNS:b.EXAMPLE") };
    struct source s = { .access = { .subjects = wanted, .n_subjects = 2 } };

    (void)state;
    assert_null(gate_look_at_certificate(&s, &names));
    assert_string_equal(gate_look_at_certificate(&s, &none)->reason, "client-certificate");
    assert_int_equal(gate_look_at_certificate(&s, NULL)->status, 401);
    wanted[1] = SLICE("CN=B.example"); /* the name of another kind */
    assert_non_null(gate_look_at_certificate(&s, &names));
    wanted[1] = SLICE("CN=A"); /* only host names have no case */
    assert_non_null(gate_look_at_certificate(&s, &names));
    wanted[1] = SLICE("URI:spiffe://x");
    assert_non_null(gate_look_at_certificate(&s, &names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_tokens_in_headers),
        cmocka_unit_test(test_wrong_token_looks_like_no_source),
        cmocka_unit_test(test_forwarded),
        cmocka_unit_test(test_no_endless_row_of_proxies),
        cmocka_unit_test(test_certificates),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
