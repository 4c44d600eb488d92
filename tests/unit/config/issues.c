#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "config/issues.h"

static void assert_text(const struct issues *is, const char *expected)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    issues_put_text(is, &out);
    assert_string_equal(out.ptr, expected);
    buf_clear(&out);
}

static void test_order_and_form(void **state)
{
    struct issues is;

    (void)state;
    issues_init(&is);
    issues_add(&is, &(struct issue){ .file = SLICE("b.yaml"), .line = 2, .column = 1, .text = SLICE("fourth") });
    issues_add(&is, &(struct issue){ .file = SLICE("a.yaml"),
                                     .line = 12,
                                     .column = 5,
                                     .path = SLICE("sources.x"),
                                     .text = SLICE("third"),
                                     .hint = SLICE("do this") });
    issues_add(&is, &(struct issue){
                        .warning = true, .file = SLICE("a.yaml"), .line = 12, .column = 4, .text = SLICE("second") });
    issues_add(&is, &(struct issue){ .file = SLICE("a.yaml"), .text = SLICE("first") });
    issues_add(&is, &(struct issue){ .file = SLICE("b.yaml"), .line = 2, .column = 1, .text = SLICE("fifth") });
    assert_int_equal(is.errors, 4);
    assert_text(&is, "a.yaml: error: first\n"
                     "a.yaml:12:4: warning: second\n"
                     "a.yaml:12:5: error: sources.x: third\n    hint: do this\n"
                     "b.yaml:2:1: error: fourth\n"
                     "b.yaml:2:1: error: fifth\n");
    issues_clear(&is);
}

static void test_slices_are_copied(void **state)
{
    struct issues is;
    char text[] = "mine";

    (void)state;
    issues_init(&is);
    issues_add(&is, &(struct issue){ .file = SLICE("a"), .text = slice_of(text, 4) });
    memset(text, 'x', 4);
    assert_text(&is, "a: error: mine\n");
    issues_clear(&is);
}

static void test_no_more_than_a_hundred(void **state)
{
    struct issues is;
    struct buf out;

    (void)state;
    issues_init(&is);
    for (unsigned i = 1; i <= 130; i++)
        issues_add(&is, &(struct issue){ .file = SLICE("a"), .line = i, .column = 1, .text = SLICE("wrong") });
    assert_int_equal(is.count, 100);
    assert_int_equal(is.errors, 130);
    buf_init(&out, 1 << 20);
    issues_put_text(&is, &out);
    assert_true(slice_ends(buf_slice(&out), SLICE("a:100:1: error: wrong\nand 30 more errors\n")));
    buf_clear(&out);
    issues_clear(&is);
}

static void test_control_characters_are_shown(void **state)
{
    struct issues is;

    (void)state;
    issues_init(&is);
    issues_add(&is, &(struct issue){ .file = SLICE("a"), .text = SLICE("x\x1b[2J\ny\xc3\xa9") });
    assert_text(&is, "a: error: x\\x1b[2J\\x0ay\xc3\xa9\n");
    issues_clear(&is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_form),
        cmocka_unit_test(test_slices_are_copied),
        cmocka_unit_test(test_no_more_than_a_hundred),
        cmocka_unit_test(test_control_characters_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
