#include "event/mapping.h"

#include "unit/verify/fixture.h"

static const char by_item[] = "scheme: none\nsplit: /list/*\nevent_type: [{in: item, name: /kind}]\n"
                              "delivery_id: [{in: item, name: /id}]\nsubject: [{in: item, name: /about}]\n"
                              "time: {in: item, name: /at, format: unix}\n";
static const char body[] = "{\"id\":\"whole\",\"at\":5,\"list\":[{\"kind\":\"a\",\"id\":1,\"about\":\"x\",\"at\":1700000000},"
                           "{\"kind\":\"b\",\"at\":\"soon\"}, 7]}";

struct given { const char *type, *dedupe, *subject; };

static struct fixture f;
static struct mapping m;
static struct buf memory;
static struct mapped mapped;

static int teardown(void **state)
{
    (void)state;
    mapping_clear(&m);
    fixture_clear(&f);
    buf_clear(&memory);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){ .provider = provider_of(by_item, NULL) };
    assert_non_null(f.provider);
    reading_init(&f.reading);
    add_header_z(&f, "X-At", "2020-01-02T03:04:05Z");
    f.delivery.headers = f.headers;
    f.delivery.body = slice_z(body);
    buf_init(&memory, 4096);
    return 0;
}

static void map_with(struct given g)
{
    struct err e;

    mapping_clear(&m);
    assert_int_equal(mapping_init(&m, f.provider, slice_z(g.type), slice_z(g.dedupe), slice_z(g.subject), &e), 0);
    reading_start(&f.reading, &f.delivery, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    assert_int_equal(reading_json(&f.reading), 0);
}

static int apply(uint32_t item)
{
    uint32_t nodes[3];
    struct err e;

    assert_int_equal(pointer_all(provider_split(f.provider), &f.reading.doc, 0, nodes, 3), 3);
    f.reading.item = item < 3 ? nodes[item] : 0;
    return mapping_apply(&m, &f.reading, &memory, &mapped, &e);
}

static void the_provider_says_it_of_the_item(void **state)
{
    (void)state;
    map_with((struct given){ "t.{event}", NULL, NULL });
    assert_int_equal(apply(0), 0);
    assert_text(mapped.type, "t.a");
    assert_text(mapped.key, "1");
    assert_text(mapped.subject, "x");
    assert_int_equal(mapped.happened_us, INT64_C(1700000000000000));
    assert_int_equal(apply(1), 0);
    assert_text(mapped.type, "t.b");
    assert_int_equal(mapped.key.len, 0);
    assert_int_equal(mapped.subject.len, 0);
    assert_int_equal(mapped.happened_us, 0); /* unreadable: nobody knows */
    assert_int_equal(apply(2), 0);
    assert_text(mapped.type, "t");
}

static void pointers_start_at_the_item_or_at_the_body(void **state)
{
    (void)state;
    map_with((struct given){ "{/kind}.{json:/kind}", "{body:/id}-{/id}", "{body:/list/1/kind}" });
    assert_int_equal(apply(0), 0);
    assert_text(mapped.type, "a.a");
    assert_text(mapped.key, "whole-1");
    assert_text(mapped.subject, "b");
    assert_int_equal(apply(2), -1); /* a number has no kind */
    map_with((struct given){ "t.{/id}", NULL, NULL });
    assert_int_equal(apply(3), 0); /* the whole body: from the root */
    assert_text(mapped.type, "t.whole");
}

static void a_source_says_when_it_happened(void **state)
{
    struct err e;

    (void)state;
    map_with((struct given){ "t", NULL, NULL });
    assert_false(mapping_needs_json(&m));
    assert_int_equal(mapping_set_time(&m, PLACE_HEADER, SLICE("X-At"), TIMESTAMP_RFC3339, &e), 0);
    assert_int_equal(apply(0), 0);
    assert_int_equal(mapped.happened_us, INT64_C(1577934245000000));
    assert_false(mapping_needs_json(&m));
    map_with((struct given){ "t", NULL, NULL });
    assert_int_equal(mapping_set_time(&m, PLACE_JSON, SLICE("/at"), TIMESTAMP_UNIX, &e), 0);
    assert_int_equal(apply(0), 0);
    assert_int_equal(mapped.happened_us, 5 * US_PER_S);
    assert_true(mapping_needs_json(&m));
    map_with((struct given){ "t", NULL, NULL });
    assert_int_equal(mapping_set_time(&m, PLACE_ITEM, SLICE("at"), TIMESTAMP_UNIX, &e), -1);
}

/* What no RFC 3339 text can say is not kept. */
static void times_out_of_range_are_not_known(void **state)
{
    static const struct { const char *text; int64_t us; } cases[] = {
        { "{\"at\":99999999999999999999}", 0 },
        { "{\"at\":0}", 0 },
        { "{\"at\":253402300799}", INT64_C(253402300799000000) },
        { "{\"at\":253402300800}", 0 },
        { "{\"at\":-1}", 0 },
        { "{\"at\":null}", 0 },
        { "[]", 0 },
    };
    struct err e;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.delivery.body = slice_z(cases[i].text);
        map_with((struct given){ "t", NULL, NULL });
        assert_int_equal(mapping_set_time(&m, PLACE_ITEM, SLICE("/at"), TIMESTAMP_UNIX, &e), 0);
        assert_int_equal(mapping_apply(&m, &f.reading, &memory, &mapped, &e), 0);
        assert_int_equal(mapped.happened_us, cases[i].us);
    }
}

static void a_long_subject_is_none_and_refuses_nothing(void **state)
{
    static char text[8000];
    (void)state;
    snprintf(text, sizeof text, "{\"list\":[{\"kind\":\"a\",\"id\":1,\"about\":\"%0*d\"},2,3]}", 7000, 0);
    f.delivery.body = slice_z(text);
    for (int template = 0; template < 2; template++) {
        map_with((struct given){ .subject = template ? "about {/about}" : NULL });
        assert_int_equal(apply(0), 0);
        assert_int_equal(mapped.subject.len, 0);
        assert_text(mapped.key, "1");
    }
}

static void templates_that_need_json(void **state)
{
    static const struct { const char *type; bool needs; } cases[] = {
        { "t.{header:X}", false }, { "t.{query:x}", false }, { "t.{event}", false },
        { "t.{/x}", true },        { "t.{json:/x}", true },  { "t.{body:/x}", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        map_with((struct given){ cases[i].type, NULL, NULL });
        assert_int_equal(mapping_needs_json(&m), cases[i].needs);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_provider_says_it_of_the_item), TEST(pointers_start_at_the_item_or_at_the_body),
        TEST(a_source_says_when_it_happened),   TEST(times_out_of_range_are_not_known),
        TEST(a_long_subject_is_none_and_refuses_nothing), TEST(templates_that_need_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
