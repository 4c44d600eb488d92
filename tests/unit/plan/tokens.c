/* Path tokens found in texts: of many sources, one behind the other, one the beginning of another, cut off. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/plan/folder.h"

#define SOURCES 300
#define SAME "the-same-beginning-of-many-"

static void put_sources(struct buf *out, bool with_tokens)
{
    buf_puts(out, "listen: {ingest: \"0.0.0.0:8080\"}\nstore: \"sqlite:x.db\"\nsources:\n");
    for (int i = 0; i < SOURCES; i++) {
        buf_printf(out, "  s%d: {verify: none, event: {type: x}", i);
        if (with_tokens)
            buf_printf(out, ", path_token: [{value: " SAME "%03d}, {value: %03d-and-another-one}]", i, i);
        buf_puts(out, "}\n");
    }
    if (with_tokens)
        buf_puts(out, "  longer: {verify: none, event: {type: x}, path_token: {value: " SAME "007-longer}}\n");
}

static struct plan *load(bool with_tokens)
{
    struct buf text, said;

    buf_init(&text, 1 << 20);
    buf_init(&said, 1 << 20);
    put_sources(&text, with_tokens);
    folder_write("c.yaml", buf_slice(&text));
    struct plan *p = folder_load("c.yaml", &said);
    if (!p)
        fail_msg("%s", text_of(&said));
    buf_clear(&text);
    buf_clear(&said);
    return p;
}

static void assert_found(const struct plan *p, const char *text, size_t at, size_t len)
{
    size_t found_len, found = plan_find_token(p, slice_z(text), &found_len);

    assert_int_equal(found, at);
    assert_int_equal(found_len, len);
}

static void test_every_token_is_found(void **state)
{
    struct plan *p = load(true);
    char text[128];

    (void)state;
    for (int i = 0; i < SOURCES; i++) {
        snprintf(text, sizeof text, "/%.*s/" SAME "%03d", i % 20, "webhooks-or-the-like", i);
        assert_found(p, text, 2 + (size_t)(i % 20), sizeof SAME - 1 + 3);
        snprintf(text, sizeof text, "%03d-and-another-one" SAME "%03d", i, i);
        assert_found(p, text, 0, 19);
    }
    plan_unref(p);
}

static void test_the_first_and_the_longest(void **state)
{
    struct plan *p = load(true);

    (void)state;
    assert_found(p, "x" SAME "007-longer", 1, sizeof SAME - 1 + 10);
    assert_found(p, "x" SAME "007-longe", 1, sizeof SAME - 1 + 3);
    assert_found(p, SAME "00", sizeof SAME + 1, 0);
    assert_found(p, SAME "999/011-and-another-one", sizeof SAME + 3, 19);
    assert_found(p, "", 0, 0);
    assert_found(p, "the-same-beginn", 15, 0);
    plan_unref(p);
}

static void test_none(void **state)
{
    struct plan *p = load(false);

    (void)state;
    assert_found(p, "/webhooks/s1/" SAME "001", sizeof "/webhooks/s1/" SAME + 2, 0);
    plan_unref(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_token_is_found),
        cmocka_unit_test(test_the_first_and_the_longest),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
