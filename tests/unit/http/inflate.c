#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "http/inflate.h"

/* Appends a gzip member of n bytes 'a' (after the text) to out. */
static void put_member(struct buf *out, struct slice text, size_t n)
{
    z_stream z = { 0 };
    size_t total = text.len + n;
    unsigned char *plain = mem_alloc(total), *packed = mem_alloc(total + 1000);

    memcpy(plain, text.ptr, text.len);
    memset(plain + text.len, 'a', n);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = plain;
    z.avail_in = (uInt)total;
    z.next_out = packed;
    z.avail_out = (uInt)(total + 1000);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_put(out, slice_of(packed, z.total_out));
    deflateEnd(&z);
    free(plain);
    free(packed);
}

struct fixture {
    struct buf packed, out;
};

static int set_up(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);

    buf_init(&f->packed, 1 << 20);
    buf_init(&f->out, 1 << 20);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    buf_clear(&f->packed);
    buf_clear(&f->out);
    free(f);
    return 0;
}

static void test_one_member(void **state)
{
    struct fixture *f = *state;

    put_member(&f->packed, SLICE("{\"a\":1}"), 0);
    buf_puts(&f->out, "before ");
    assert_int_equal(inflate_gzip(buf_slice(&f->packed), &f->out), INFLATE_OK);
    assert_string_equal(f->out.ptr, "before {\"a\":1}");
}

static void test_empty_content(void **state)
{
    struct fixture *f = *state;

    put_member(&f->packed, SLICE(""), 0);
    assert_int_equal(inflate_gzip(buf_slice(&f->packed), &f->out), INFLATE_OK);
    assert_int_equal(f->out.len, 0);
    assert_string_equal(f->out.ptr, "");
}

static void test_many_members(void **state)
{
    struct fixture *f = *state;

    put_member(&f->packed, SLICE("one "), 0);
    put_member(&f->packed, SLICE("two "), 100000);
    put_member(&f->packed, SLICE("three"), 0);
    assert_int_equal(inflate_gzip(buf_slice(&f->packed), &f->out), INFLATE_OK);
    assert_int_equal(f->out.len, 4 + 4 + 100000 + 5);
    assert_string_equal(f->out.ptr + f->out.len - 6, "athree");
}

/* Exactly the ceiling is fine, one byte more is not, and nothing is written beyond it. */
static void test_ceiling(void **state)
{
    struct fixture *f = *state;

    put_member(&f->packed, SLICE("b"), 99999);
    f->out.max = 100000;
    assert_int_equal(inflate_gzip(buf_slice(&f->packed), &f->out), INFLATE_OK);
    assert_int_equal(f->out.len, 100000);
    buf_clear(&f->out);
    f->out.max = 99999;
    assert_int_equal(inflate_gzip(buf_slice(&f->packed), &f->out), INFLATE_TOO_LARGE);
    assert_true(f->out.len <= 99999);
}

static void test_ceiling_over_members(void **state)
{
    struct fixture *f = *state;

    put_member(&f->packed, SLICE("b"), 50000);
    put_member(&f->packed, SLICE("b"), 50000);
    f->out.max = 100000;
    assert_int_equal(inflate_gzip(buf_slice(&f->packed), &f->out), INFLATE_TOO_LARGE);
}

static void test_every_truncation_is_bad(void **state)
{
    struct fixture *f = *state;

    put_member(&f->packed, SLICE("some text that is packed"), 3000);
    for (size_t n = 0; n < f->packed.len; n++) {
        buf_reset(&f->out);
        assert_int_equal(inflate_gzip(slice_first(buf_slice(&f->packed), n), &f->out), INFLATE_BAD);
    }
}

static void test_damage_is_bad(void **state)
{
    struct fixture *f = *state;

    put_member(&f->packed, SLICE("some text"), 10);
    f->packed.ptr[f->packed.len - 5] ^= 1; /* the checksum */
    assert_int_equal(inflate_gzip(buf_slice(&f->packed), &f->out), INFLATE_BAD);
    assert_int_equal(inflate_gzip(SLICE("plain text"), &f->out), INFLATE_BAD);
}

static void test_bytes_behind_are_bad(void **state)
{
    struct fixture *f = *state;

    put_member(&f->packed, SLICE("some text"), 0);
    buf_putc(&f->packed, '\0');
    assert_int_equal(inflate_gzip(buf_slice(&f->packed), &f->out), INFLATE_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_content, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ceiling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ceiling_over_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_truncation_is_bad, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage_is_bad, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes_behind_are_bad, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
