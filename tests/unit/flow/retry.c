#include "flow/retry.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#define S INT64_C(1000000)
#define MOST UINT64_MAX

static const struct retry standard = { .max = 8, .base_us = S, .cap_us = 3600 * S, .factor = 2 };

static void the_ceiling_doubles_up_to_the_cap(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 12; n++) {
        int64_t ceiling = S << (n - 1);
        assert_in_range(retry_delay_us(&standard, n, MOST, -1), ceiling - 1000, ceiling);
    }
    assert_in_range(retry_delay_us(&standard, 13, MOST, -1), 3600 * S - 1000, 3600 * S);
    assert_in_range(retry_delay_us(&standard, UINT32_MAX, MOST, -1), 3600 * S - 1000, 3600 * S);
}

static void the_jitter_is_full(void **state)
{
    (void)state;
    assert_int_equal(retry_delay_us(&standard, 5, 0, -1), RETRY_FLOOR_US);
    assert_in_range(retry_delay_us(&standard, 5, MOST / 2, -1), 8 * S - 10, 8 * S);
    assert_in_range(retry_delay_us(&standard, 5, MOST / 4, -1), 4 * S - 10, 4 * S);
}

static void retry_after_is_a_floor_up_to_a_day(void **state)
{
    (void)state;
    assert_int_equal(retry_delay_us(&standard, 1, 0, 7200 * S), 7200 * S); /* beyond the cap too */
    assert_int_equal(retry_delay_us(&standard, 1, 0, 90000 * S), 86400 * S);
    assert_int_equal(retry_delay_us(&standard, 1, 0, 0), RETRY_FLOOR_US);
    assert_in_range(retry_delay_us(&standard, 8, MOST, S), 128 * S - 1000, 128 * S); /* never shortens */
}

static void odd_settings_hold(void **state)
{
    const struct retry fast = { .max = 3, .base_us = 1000, .cap_us = 2000, .factor = 1 };
    const struct retry steep = { .max = 99, .base_us = 3600 * S, .cap_us = 3600 * S, .factor = 1e300 };

    (void)state;
    assert_int_equal(retry_delay_us(&fast, 3, MOST, -1), 2000); /* a cap below the floor is the floor */
    assert_int_equal(retry_delay_us(&fast, 3, MOST, 5 * S), 5 * S); /* what the endpoint asks for goes beyond it */
    assert_in_range(retry_delay_us(&steep, 99, MOST, -1), 3600 * S - 1000, 3600 * S);
}

static void dice_are_even(void **state)
{
    struct dice d = { 1 };
    int over = 0;

    (void)state;
    for (int i = 0; i < 10000; i++)
        over += dice_roll(&d) > MOST / 2;
    assert_in_range(over, 4800, 5200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ceiling_doubles_up_to_the_cap),
        cmocka_unit_test(the_jitter_is_full),
        cmocka_unit_test(retry_after_is_a_floor_up_to_a_day),
        cmocka_unit_test(odd_settings_hold),
        cmocka_unit_test(dice_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
