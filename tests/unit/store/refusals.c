#include "store/refusals.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

static struct refusals lane;

static unsigned put(const char *source, unsigned n, struct slice body)
{
    struct refused_row row = { .id = id_new(),
                               .source = slice_z(source),
                               .reason = SLICE("bad-signature"),
                               .body = body,
                               .body_bytes = body.len };
    unsigned taken = 0;

    while (n--)
        taken += refusals_put(&lane, &row);
    return taken;
}

static unsigned take(void)
{
    unsigned n = 0;

    for (struct refusal *r = refusals_take(&lane), *next; r; r = next, n++) {
        next = r->next;
        free(r);
    }
    return n;
}

static int set_up(void **state)
{
    (void)state;
    refusals_init(&lane);
    clock_test_set(INT64_C(2000000000) * US_PER_S);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    refusals_clear(&lane);
    clock_test_set(INT64_MIN);
    return 0;
}

/* The seconds of the lane are those of the monotonic clock: put it at the beginning of one. */
static void next_second(void)
{
    int64_t rest = US_PER_S - clock_mono_us() % US_PER_S;

    clock_test_set(clock_wall_us() + rest);
}

static void a_source_has_50_a_second(void **state)
{
    (void)state;
    next_second();
    assert_int_equal(put("github", 60, SLICE("x")), 50);
    assert_int_equal(put("shop", 60, SLICE("x")), 50);
    assert_int_equal(put("", 10, SLICE("x")), 10);
    assert_int_equal(take(), 110);
    assert_int_equal(put("github", 1, SLICE("x")), 0);
    next_second();
    assert_int_equal(put("github", 60, SLICE("x")), 50);
    assert_int_equal(take(), 50);
}

static void many_sources_are_counted_apart(void **state)
{
    unsigned taken = 0;
    char name[32];

    (void)state;
    next_second();
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "source-%d", i);
        taken += put(name, 51, SLICE("x"));
    }
    assert_int_equal(taken, 300 * 50);
    take();
}

static void bytes_are_bounded(void **state)
{
    static char body[2 * REFUSED_BODY_MAX];
    unsigned taken = 0;
    char name[32];

    (void)state;
    next_second();
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "source-%d", i);
        taken += put(name, 50, slice_of(body, sizeof body));
    }
    assert_in_range(taken, REFUSALS_BYTES / REFUSED_BODY_MAX - 10, REFUSALS_BYTES / REFUSED_BODY_MAX + 1);
    assert_int_equal(take(), taken);
    assert_int_equal(put("again", 1, SLICE("x")), 1);
}

static void rows_are_copied_and_cut(void **state)
{
    static char body[REFUSED_BODY_MAX + 5], path[20000];
    char source[] = "github";

    (void)state;
    memset(body, 'b', sizeof body);
    memset(path, 'p', sizeof path);
    struct refused_row row = { .id = id_new(),
                               .source = slice_z(source),
                               .status = 401,
                               .path = slice_of(path, sizeof path),
                               .body = slice_of(body, sizeof body),
                               .body_bytes = sizeof body };
    assert_true(refusals_put(&lane, &row));
    source[0] = body[0] = '!';
    struct refusal *r = refusals_take(&lane);
    assert_true(slice_eq_z(r->row.source, "github"));
    assert_int_equal(r->row.body.len, REFUSED_BODY_MAX);
    assert_int_equal(r->row.body.ptr[0], 'b');
    assert_int_equal(r->row.body_bytes, sizeof body);
    assert_int_equal(r->row.path.len, 8192);
    assert_int_equal(r->row.status, 401);
    assert_null(r->next);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_source_has_50_a_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_sources_are_counted_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_are_copied_and_cut, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
