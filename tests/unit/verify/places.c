/* Places to look: numbered and repeated headers, items of a split body, names of several parts, times. */
#include "arena.h"

static void start(struct fixture *f, const char *yaml)
{
    char *why;
    struct provider *p = provider_of(yaml, &why);

    if (!p)
        fail_msg("%s", why);
    free(why);
    fixture_init(f, p, "tok");
}

static void numbered_headers(void **state)
{
    static const struct {
        const char *names[3], *values[3];
        enum verify_reason reason;
    } cases[] = {
        { { "X-Sig-1" }, { "tok" }, VERIFY_OK },
        { { "x-sig-3" }, { "tok" }, VERIFY_OK },
        { { "X-Sig-1", "X-Sig-2" }, { "no", "tok" }, VERIFY_OK },
        { { "X-Sig-1", "X-Sig-2" }, { "no", "tok2" }, VERIFY_BAD_SIGNATURE },
        { { "X-Sig-0" }, { "tok" }, VERIFY_MISSING_SIGNATURE },
        { { "X-Sig-4" }, { "tok" }, VERIFY_MISSING_SIGNATURE },
        { { "X-Sig-" }, { "tok" }, VERIFY_MISSING_SIGNATURE },
        { { "X-Sig-{n}" }, { "tok" }, VERIFY_MISSING_SIGNATURE },
        { { "X-Sig--1" }, { "tok" }, VERIFY_MISSING_SIGNATURE },
        { { "X-Sig-1x" }, { "tok" }, VERIFY_MISSING_SIGNATURE },
        { { "X-Sig-99999999999999999999" }, { "tok" }, VERIFY_MISSING_SIGNATURE },
        { { "X-Sig-1" }, { "" }, VERIFY_MISSING_SIGNATURE },
        { { "X-Sig-1", "X-Sig-1" }, { "tok", "tok" }, VERIFY_DUPLICATE_HEADER },
        { { "X-Sig-1", "x-sig-2", "X-SIG-2" }, { "tok", "a", "b" }, VERIFY_DUPLICATE_HEADER },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        start(&f, "scheme: token\nsignature: {name: 'X-Sig-{n}', numbered_max: 3}\n");
        for (size_t h = 0; h < 3 && cases[i].names[h]; h++)
            add_header_z(&f, cases[i].names[h], cases[i].values[h]);
        if (judge(&f)->reason != cases[i].reason)
            fail_msg("case %zu: %s", i, verify_reason_name(f.verdict.reason));
        fixture_clear(&f);
    }
}

static void lines_of_one_name(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, "scheme: token\nsignature: {name: X-Sig, prefix: 's=', repeat: true}\n");
    add_header_z(&f, "X-Sig", "s=no");
    add_header_z(&f, "x-sig", "s=tok");
    assert_accepted(judge(&f));
    add_header_z(&f, "X-Sig", ""); /* an empty line is none */
    assert_accepted(judge(&f));
    add_header_z(&f, "X-Sig", "tok"); /* a malformed one is not passed over */
    assert_refused(judge(&f), VERIFY_MALFORMED_SIGNATURE);
    f.delivery.n_headers = 0;
    add_header_z(&f, "X-Sig", "");
    assert_refused(judge(&f), VERIFY_MISSING_SIGNATURE);
    fixture_clear(&f);
}

/* No more than 64 are read, whatever the lines hold. */
static void signatures_are_counted(void **state)
{
    char value[400] = "";
    struct fixture f;
    (void)state;
    start(&f, "scheme: token\nsignature: {name: X-Sig, format: list, separator: ',', repeat: true}\n");
    for (size_t i = 0; i < 63; i++)
        strcat(value, "no,");
    strcat(value, "tok");
    add_header_z(&f, "X-Sig", value);
    assert_accepted(judge(&f));
    add_header_z(&f, "X-Sig", "tok");
    assert_refused(judge(&f), VERIFY_MALFORMED_SIGNATURE);
    fixture_clear(&f);
}

/* Of every item: the signature, and what it is over. */
static void items_are_signed_one_by_one(void **state)
{
    static const struct {
        const char *body;
        enum verify_reason reason;
    } cases[] = {
        { "{\"items\":[{\"sig\":\"tok\"}]}", VERIFY_OK },
        { "{\"items\":[{\"sig\":\"tok\"},{\"sig\":\"tok\"}]}", VERIFY_OK },
        { "{\"items\":[{\"sig\":\"tok\"},{\"sig\":\"no\"}]}", VERIFY_BAD_SIGNATURE },
        { "{\"items\":[{\"sig\":\"no\"},{\"sig\":\"tok\"}]}", VERIFY_BAD_SIGNATURE },
        { "{\"items\":[{\"sig\":\"tok\"},{}]}", VERIFY_MISSING_SIGNATURE },
        { "{\"items\":[{\"sig\":\"tok\"},null]}", VERIFY_MISSING_SIGNATURE },
        { "{\"items\":[{\"sig\":\"tok\"},{\"sig\":null}]}", VERIFY_MISSING_SIGNATURE },
        { "{\"items\":[{\"sig\":\"tok\"},{\"sig\":[\"tok\"]}]}", VERIFY_MISSING_SIGNATURE },
        { "{\"items\":[]}", VERIFY_MISSING_SIGNATURE },
        { "{\"items\":{\"sig\":\"tok\"}}", VERIFY_MISSING_SIGNATURE },
        { "{\"sig\":\"tok\"}", VERIFY_MISSING_SIGNATURE },
        { "[{\"sig\":\"tok\"}]", VERIFY_MISSING_SIGNATURE },
        { "{\"items\":[{\"sig\":\"tok\"}],\"items\":[]}", VERIFY_MALFORMED_BODY },
        { "{\"items\":[", VERIFY_MALFORMED_BODY },
        { "", VERIFY_MALFORMED_BODY },
    };
    static const char *const places[] = { "split: /items/*\nsignature: {in: item, name: /sig}\n",
                                          "signature: {in: json, name: '/items/*/sig'}\n" };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        start(&f, arena_printf(&arena, "scheme: token\n%s", places[i % 2]));
        f.delivery.body = slice_z(cases[i / 2].body);
        if (judge(&f)->reason != cases[i / 2].reason)
            fail_msg("%s: %s", cases[i / 2].body, verify_reason_name(f.verdict.reason));
        assert_int_equal(f.reading.item, 0); /* as it was */
        fixture_clear(&f);
    }
}

static void items_beside_a_digest_of_the_body(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, "scheme: token\nsplit: /items/*\nsignature: {in: item, name: /sig}\n"
              "body_digest: {in: header, name: X-Digest, hash: sha256, encoding: hex}\n");
    f.delivery.body = SLICE("{\"items\":[{\"sig\":\"tok\"},{\"sig\":\"tok\"}]}");
    assert_refused(judge(&f), VERIFY_BAD_BODY_DIGEST);
    sign_with(&f, &arena, NOW_US);
    assert_accepted(judge(&f));
    f.delivery.body = SLICE("{\"items\":[{\"sig\":\"tok\"},{\"sig\":\"tok\"} ]}");
    assert_refused(judge(&f), VERIFY_BAD_BODY_DIGEST);
    fixture_clear(&f);
}

static void items_are_bounded(void **state)
{
    struct buf body;
    struct fixture f;
    (void)state;
    buf_init(&body, 1 << 20);
    start(&f, "scheme: token\nsplit: /items/*\nsignature: {in: item, name: /s}\n");
    buf_puts(&body, "{\"items\":[");
    for (int i = 0; i < 9999; i++)
        buf_puts(&body, "{\"s\":\"tok\"},");
    size_t len = body.len;
    buf_puts(&body, "{\"s\":\"tok\"}]}");
    f.delivery.body = buf_slice(&body);
    assert_accepted(judge(&f));
    body.len = len;
    buf_puts(&body, "{\"s\":\"tok\"},{\"s\":\"tok\"}]}");
    f.delivery.body = buf_slice(&body);
    assert_refused(judge(&f), VERIFY_MALFORMED_BODY);
    buf_clear(&body);
    fixture_clear(&f);
}

static void star(const char *text, const char *yaml, const char *why_not)
{
    char *why;
    struct provider *p = provider_of(yaml, &why);

    if (!p != !!why_not || (why_not && !strstr(why, why_not)))
        fail_msg("%s: %s", text, why);
    free(why);
    provider_free(p);
}

static void stars_where_they_mean_something(void **state)
{
    (void)state;
    star("split", "scheme: none\nsplit: '/a/*/b/*'\n", NULL);
    star("item without split", "scheme: token\nsignature: {in: item, name: /s}\n", "needs split");
    star("id", "scheme: none\ndelivery_id: [{in: json, name: '/a/*'}]\n", "not possible");
    star("time", "scheme: none\ntime: {in: json, name: '/a/*'}\n", "not possible");
    star("condition", "scheme: token\nsignature: {name: X}\nvariants:\n  - {when: {json_present: ['/a/*']}, set: "
                      "{signature: {name: Y}}}\n", "not possible");
}

#define NAMED                                                                                                          \
    "scheme: none\nsplit: /items/*\n"                                                                                  \
    "event_type: [{in: item, name: /type}, {in: json, name: /type}]\nevent_map: {old: new}\n"                          \
    "delivery_id: [{all: [{in: item, name: /id}, {in: json, name: /batch}, {in: header, name: X-Try}]}, {in: query, name: id}]\n" \
    "subject: [{in: item, name: /about}]\ntime: {in: item, name: /at, format: unix-ms}\n"

static void names_of_items(void **state)
{
    static const char body[] = "{\"type\":\"all\",\"batch\":7,\"items\":[{\"type\":\"old\",\"id\":\"a\",\"at\":1700000000123,"
                               "\"about\":\"x\"},{\"id\":\"\",\"at\":\"1700000001000\"},{\"id\":\"c\\u0064\",\"at\":1.5,\"about\":null}]}";
    static const struct {
        const char *type, *id, *subject;
        int64_t us; /* 0: none */
    } right[] = { { "new", "a:7:1", "x", 1700000000123000 },
                  { "all", "q", "", 1700000001000000 },
                  { "all", "cd:7:1", "", 0 } };
    struct provider *p = provider_of(NAMED, NULL);
    struct header headers[] = { { SLICE("X-Try"), SLICE("1") } };
    struct delivery d = { .method = SLICE("POST"), .query = SLICE("id=q"), .body = slice_z(body), .headers = headers,
                          .n_headers = 1 };
    struct reading r;
    struct buf tmp;
    uint32_t nodes[4];
    (void)state;
    assert_non_null(p);
    reading_init(&r);
    reading_start(&r, &d, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    buf_init(&tmp, 1000);
    assert_int_equal(reading_json(&r), 0);
    assert_int_equal(pointer_all(provider_split(p), &r.doc, 0, nodes, 4), 3);
    for (size_t i = 0; i < 3; i++) {
        int64_t us = 0;
        r.item = nodes[i];
        assert_text(provider_event_type(p, &r, &tmp), right[i].type);
        assert_text(provider_delivery_id(p, &r, &tmp), right[i].id);
        assert_text(provider_subject(p, &r, &tmp), right[i].subject);
        assert_int_equal(provider_time(p, &r, &tmp, &us), right[i].us != 0);
        assert_int_equal(us, right[i].us);
    }
    buf_clear(&tmp);
    reading_clear(&r);
    provider_free(p);
}

/* A part that is too long for the buffer: no half of a name. */
static void names_are_whole_or_none(void **state)
{
    struct provider *p = provider_of("scheme: none\ndelivery_id: [{all: [{in: json, name: /a}, {in: json, name: /b}]}]\n", NULL);
    struct delivery d = { .method = SLICE("POST"), .body = SLICE("{\"a\":\"1\",\"b\":\"0123456789\"}") };
    struct reading r;
    struct buf tmp;
    (void)state;
    reading_init(&r);
    for (size_t max = 1; max < 14; max++) {
        struct slice id;
        reading_start(&r, &d, SLICE_NONE, &JSON_LIMITS_DEFAULT);
        buf_init(&tmp, max);
        id = provider_delivery_id(p, &r, &tmp);
        assert_text(id, max < 12 ? "" : "1:0123456789");
        buf_clear(&tmp);
    }
    reading_clear(&r);
    provider_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbered_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_of_one_name, setup, teardown),
        cmocka_unit_test_setup_teardown(signatures_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(items_are_signed_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(items_beside_a_digest_of_the_body, setup, teardown),
        cmocka_unit_test_setup_teardown(items_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(stars_where_they_mean_something, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_items, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_whole_or_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
