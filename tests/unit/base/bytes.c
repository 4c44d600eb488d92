/* slice, buf, mem, err */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

static void slices(void **state)
{
    struct slice head, rest;
    uint64_t n;

    (void)state;
    assert_true(slice_eq_nocase(SLICE("Content-TYPE"), SLICE("content-type")));
    assert_false(slice_eq_nocase(SLICE("a[b"), SLICE("a{b")));
    assert_true(slice_cut(SLICE("a=b=c"), '=', &head, &rest));
    assert_true(slice_eq(head, SLICE("a")) && slice_eq(rest, SLICE("b=c")));
    assert_false(slice_cut(SLICE("abc"), '=', &head, &rest));
    assert_true(slice_eq(head, SLICE("abc")) && rest.len == 0);
    assert_false(slice_cut(SLICE_NONE, '=', &head, &rest));
    assert_int_equal(rest.len, 0);
    assert_true(slice_eq(slice_trim(SLICE(" \t a b\t ")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE(" \t")).len, 0);
    assert_true(slice_cmp(SLICE("ab"), SLICE("abc")) < 0 && slice_cmp(SLICE("b"), SLICE("abc")) > 0);
    assert_int_equal(slice_u64(SLICE("18446744073709551615"), &n), 0);
    assert_true(n == UINT64_MAX);
    assert_int_equal(slice_u64(SLICE("18446744073709551616"), &n), -1);
    assert_int_equal(slice_u64(SLICE(""), &n), -1);
    assert_int_equal(slice_u64(SLICE("+1"), &n), -1);
    assert_int_equal(slice_u64(SLICE("1 "), &n), -1);
    assert_true(slice_eq_const_time(SLICE("abc"), SLICE("abc")));
    assert_false(slice_eq_const_time(SLICE("abc"), SLICE("abd")));
    assert_false(slice_eq_const_time(SLICE("abc"), SLICE("ab")));
}

static void buf_ceiling(void **state)
{
    struct buf b;
    size_t len;

    (void)state;
    buf_init(&b, 8);
    buf_puts(&b, "12345678");
    assert_false(b.failed);
    buf_putc(&b, '9');
    assert_true(b.failed);
    assert_int_equal(b.len, 8);
    buf_reset(&b);
    buf_printf(&b, "%d-%s", 42, "x");
    assert_string_equal(b.ptr, "42-x");
    buf_printf(&b, "%s", "too long");
    assert_true(b.failed);
    assert_string_equal(b.ptr, "42-x");
    buf_put(&b, SLICE("a")); /* the failure sticks */
    assert_int_equal(b.len, 4);
    char *moved = buf_take(&b, &len);
    assert_int_equal(len, 4);
    assert_null(b.ptr);
    free(moved);
    moved = buf_take(&b, &len);
    assert_string_equal(moved, "");
    free(moved);
}

static void arenas(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a);
    for (size_t i = 1; i < 20000; i = i * 3 + 1) {
        char *block = arena_alloc(&a, i);
        assert_int_equal((uintptr_t)block % 8, 0);
        memset(block, 0xa5, i);
    }
    assert_string_equal(arena_printf(&a, "%s/%d", "x", 7), "x/7");
    struct slice s = arena_slice(&a, SLICE("a\0b"));
    assert_int_equal(s.len, 3);
    assert_int_equal(s.ptr[3], 0);
    arena_clear(&a);
}

static void errors(void **state)
{
    struct err e;
    char text[3000];

    (void)state;
    assert_int_equal(err_set(&e, ERR_INPUT, "bad %s", "thing"), -1);
    err_add(&e, "source %s", "github");
    assert_string_equal(e.text, "source github: bad thing");
    errno = ENOENT;
    err_sys(&e, "cannot open %s", "x");
    assert_string_equal(e.text, "cannot open x: No such file or directory");
    assert_int_equal(e.code, ERR_SYSTEM);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    err_set(&e, ERR_LIMIT, "%s", text);
    err_add(&e, "%s", text);
    assert_true(strnlen(e.text, sizeof e.text) < sizeof e.text);
}

static void references(void **state)
{
    struct ref r;

    (void)state;
    ref_init(&r);
    ref_get(&r);
    assert_false(ref_put(&r));
    assert_true(ref_put(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices),  cmocka_unit_test(buf_ceiling), cmocka_unit_test(arenas),
        cmocka_unit_test(errors), cmocka_unit_test(references),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
