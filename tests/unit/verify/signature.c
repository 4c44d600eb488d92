#include "fixture.h"

#include "verify/signature.h"

static const struct signature_form github = { .prefix = SLICE("sha256="), .timestamp_index = -1 };
static const struct signature_form bearer = { .prefix = SLICE("Bearer "),
                                              .prefix_any_case = true,
                                              .timestamp_index = -1 };
static const struct signature_form stripe = { .format = SIGNATURE_PAIRS,
                                              .separator = ',',
                                              .kv = '=',
                                              .key = SLICE("v1"),
                                              .timestamp_key = SLICE("t"),
                                              .timestamp_index = -1 };
static const struct signature_form standard = {
    .format = SIGNATURE_PAIRS, .separator = ' ', .kv = ',', .key = SLICE("v1"), .timestamp_index = -1
};
static const struct signature_form list = { .format = SIGNATURE_LIST, .separator = ',', .timestamp_index = 0 };

static struct signatures got;

static const char *read_z(const struct signature_form *f, const char *value)
{
    got.count = 0;
    got.timestamp = SLICE_NONE;
    return signature_read(f, slice_z(value), &got);
}

static void assert_got(const struct signature_form *f, const char *value, const char *a, const char *b)
{
    assert_null(read_z(f, value));
    assert_int_equal(got.count, b ? 2 : 1);
    assert_text(got.list[0], a);
    if (b)
        assert_text(got.list[1], b);
}

static void plain(void **state)
{
    (void)state;
    assert_got(&github, "sha256=abc", "abc", NULL);
    assert_got(&bearer, "bEARER abc", "abc", NULL);
    assert_non_null(read_z(&github, "SHA256=abc"));
    assert_non_null(read_z(&github, "sha1=abc"));
    assert_non_null(read_z(&github, "sha256="));
    assert_non_null(read_z(&github, "abc"));
}

static void pairs(void **state)
{
    (void)state;
    assert_got(&stripe, "t=12,v1=abc,v0=zzz,v1=def", "abc", "def");
    assert_text(got.timestamp, "12");
    assert_got(&stripe, " t = 12 , v1=abc ,, ", "abc", NULL);
    assert_got(&standard, "v1,abc= v2,zzz v1a,yyy v1,d,e", "abc=", "d,e");
    assert_null(got.timestamp.ptr);
    assert_non_null(read_z(&stripe, "t=12"));
    assert_non_null(read_z(&stripe, "t=12,v1="));
    assert_non_null(read_z(&stripe, "t=12,t=13,v1=abc"));
    assert_non_null(read_z(&stripe, "abc"));
    assert_non_null(read_z(&stripe, "V1=abc"));
}

static void positions(void **state)
{
    (void)state;
    assert_got(&list, "1700000000000,abc,def", "abc", "def");
    assert_text(got.timestamp, "1700000000000");
    assert_non_null(read_z(&list, "1700000000000"));
    assert_non_null(read_z(&list, "1700000000000,,"));
}

static void several_values_add_up(void **state)
{
    (void)state;
    assert_null(read_z(&github, "sha256=abc"));
    assert_null(signature_read(&github, SLICE("sha256=def"), &got));
    assert_int_equal(got.count, 2);
}

static void their_number_is_bounded(void **state)
{
    struct buf many;
    (void)state;
    buf_init(&many, 65536);
    for (int i = 0; i < SIGNATURES_MAX; i++)
        buf_puts(&many, "v1=a,");
    assert_null(read_z(&stripe, many.ptr));
    assert_int_equal(got.count, SIGNATURES_MAX);
    buf_puts(&many, "v1=a");
    assert_non_null(read_z(&stripe, many.ptr));
    buf_clear(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(pairs),
        cmocka_unit_test(positions),
        cmocka_unit_test(several_values_add_up),
        cmocka_unit_test(their_number_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
