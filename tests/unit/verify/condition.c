/* Each condition of a variant or handshake, by the variant that it chooses: X-B instead of X-A has the token then. */
#include "fixture.h"

static struct fixture *start(const char *when)
{
    static struct fixture f;
    char yaml[1000], *why;
    struct provider *p;

    snprintf(yaml, sizeof yaml,
             "scheme: token\nsignature: {name: X-A}\nvariants:\n  - when: %s\n    set: {signature: {name: X-B}}\n", when);
    p = provider_of(yaml, &why);
    if (!p)
        fail_msg("%s: %s", when, why);
    free(why);
    fixture_init(&f, p, "tok");
    add_header_z(&f, "X-Mode", "new");
    add_header_z(&f, "Content-Type", "application/json; charset=utf-8");
    add_header_z(&f, "X-A", "tok");
    f.delivery.query = SLICE("mode=new&empty=");
    f.delivery.body = SLICE("{\"v\":2,\"s\":\"two\",\"b\":true,\"z\":null,\"e\":[],\"l\":[1],\"o\":{\"k\":\"x\"},\"f\":2.0}");
    return &f;
}

/* Does the variant apply? */
static bool holds(struct fixture *f)
{
    bool old = judge(f)->result == VERIFY_ACCEPT, new;

    f->headers[2].name = SLICE("X-B");
    new = judge(f)->result == VERIFY_ACCEPT;
    f->headers[2].name = SLICE("X-A");
    assert_true(old != new);
    return new;
}

static void each_condition(void **state)
{
    static const struct {
        const char *when;
        bool holds;
    } cases[] = {
        { "{method: POST}", true },
        { "{method: PUT}", false },
        { "{content_type: application/json}", true },
        { "{content_type: Application/JSON}", true },
        { "{content_type: text/plain}", false },
        { "{content_type_not: text/plain}", true },
        { "{content_type_not: application/json}", false },
        { "{header_equals: {x-mode: new}}", true },
        { "{header_equals: {X-Mode: New}}", false },
        { "{header_equals: {X-Mode: ''}}", false },
        { "{header_equals: {X-None: ''}}", false },
        { "{header_present: [X-Mode]}", true },
        { "{header_present: [X-Mode, X-None]}", false },
        { "{query_equals: {mode: new}}", true },
        { "{query_equals: {mode: old}}", false },
        { "{query_equals: {empty: ''}}", true },
        { "{query_present: [empty]}", true },
        { "{query_present: [none]}", false },
        { "{form_present: [v]}", false },
        { "{form_equals: {v: '2'}}", false },
        { "{json_equals: {/v: 2}}", true },
        { "{json_equals: {/v: '2'}}", false },
        { "{json_equals: {/v: 2.0}}", false }, /* as written */
        { "{json_equals: {/f: 2.0}}", true },
        { "{json_equals: {/s: two}}", true },
        { "{json_equals: {/s: tw}}", false },
        { "{json_equals: {/b: true}}", true },
        { "{json_equals: {/b: false}}", false },
        { "{json_equals: {/b: 'true'}}", false },
        { "{json_equals: {/e: []}}", true },
        { "{json_equals: {/l: []}}", false },
        { "{json_equals: {/o: []}}", false },
        { "{json_equals: {/o/k: x}}", true },
        { "{json_equals: {/z: ''}}", false },
        { "{json_equals: {/none: []}}", false },
        { "{json_present: [/z]}", true }, /* null is there */
        { "{json_present: [/o/k, /l/0]}", true },
        { "{json_present: [/l/1]}", false },
        { "{method: POST, json_equals: {/v: 2, /s: two}, header_present: [X-Mode], query_present: [mode]}", true },
        { "{method: POST, json_equals: {/v: 2, /s: two}, header_present: [X-Mode], query_present: [none]}", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture *f = start(cases[i].when);
        if (holds(f) != cases[i].holds)
            fail_msg("%s", cases[i].when);
        fixture_clear(f);
    }
}

static void bodies_that_cannot_be_read(void **state)
{
    static const char *const bodies[] = { "", "{", "{\"v\":2", "{\"v\":2}}", "{\"v\":2,\"v\":2}" };
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct fixture *f = start("{json_present: [/v]}");
        f->delivery.body = slice_z(bodies[i]);
        assert_false(holds(f));
        fixture_clear(f);
    }
}

static void fields_of_forms(void **state)
{
    static const struct {
        const char *when;
        bool holds;
    } cases[] = {
        { "{form_equals: {a: 'x y'}}", true }, { "{form_equals: {a: x}}", false }, { "{form_present: [b]}", true },
        { "{form_present: [c]}", false },      { "{json_equals: {/a: 'x y'}}", true },
        { "{form_equals: {two: '1'}}", true }, /* the first of several */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture *f = start(cases[i].when);
        f->headers[1].value = SLICE("application/x-www-form-urlencoded");
        f->delivery.body = SLICE("a=x+y&b=&two=1&two=2");
        if (holds(f) != cases[i].holds)
            fail_msg("%s", cases[i].when);
        fixture_clear(f);
    }
}

/* The first variant whose conditions hold; what it does not set stays. */
static void the_first_that_holds(void **state)
{
    static const char yaml[] = "scheme: token\nsignature: {name: X-A}\nevent_type: [{in: json, name: /t}]\n"
                               "variants:\n"
                               "  - {when: {header_present: [X-One]}, set: {signature: {name: X-B}}}\n"
                               "  - when: {header_present: [X-Two]}\n"
                               "    set: {signature: {name: X-C}, event_type: [{in: header, name: X-Type}]}\n";
    static const struct {
        const char *header, *token, *type;
    } cases[] = { { "X-Nil", "X-A", "j" }, { "X-One", "X-B", "j" }, { "X-Two", "X-C", "h" } };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fixture f;
        struct buf tmp;
        buf_init(&tmp, 1000);
        fixture_init(&f, provider_of(yaml, NULL), "tok");
        f.delivery.body = SLICE("{\"t\":\"j\"}");
        add_header_z(&f, cases[i].header, "1");
        add_header_z(&f, cases[i].token, "tok");
        add_header_z(&f, "X-Type", "h");
        assert_accepted(judge(&f));
        assert_text(provider_event_type(f.provider, &f.reading, &tmp), cases[i].type);
        add_header_z(&f, "X-One", "1"); /* comes before the second */
        if (i == 2)
            assert_refused(judge(&f), VERIFY_MISSING_SIGNATURE);
        buf_clear(&tmp);
        fixture_clear(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_condition),
        cmocka_unit_test(bodies_that_cannot_be_read),
        cmocka_unit_test(fields_of_forms),
        cmocka_unit_test(the_first_that_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
