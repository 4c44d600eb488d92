#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>

#include "base/clock.h"
#include "http/rate.h"

#define NOW (INT64_C(5000) * US_PER_S)

static void test_burst_then_evenly(void **state)
{
    struct rate r = { 0 };

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(rate_take(&r, NOW, 10, 5), 0);
    assert_int_equal(rate_take(&r, NOW, 10, 5), US_PER_S / 10);
    assert_int_equal(rate_take(&r, NOW + 30000, 10, 5), US_PER_S / 10 - 30000);
    assert_int_equal(rate_take(&r, NOW + 100000, 10, 5), 0);
    assert_int_equal(rate_take(&r, NOW + 100000, 10, 5), US_PER_S / 10);
}

static void test_rest_fills_no_more_than_the_burst(void **state)
{
    struct rate r = { 0 };

    (void)state;
    assert_int_equal(rate_take(&r, NOW, 1, 2), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(rate_take(&r, NOW + 3600 * US_PER_S, 1, 2), 0);
    assert_int_equal(rate_take(&r, NOW + 3600 * US_PER_S, 1, 2), US_PER_S);
}

static struct rate shared;
static _Atomic int let_in;

static void *take_many(void *arg)
{
    for (int i = 0; i < 20000; i++)
        let_in += rate_take(&shared, NOW, 1000, 5000) == 0;
    return arg;
}

static void test_threads_share_it(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(let_in, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_evenly),
        cmocka_unit_test(test_rest_fills_no_more_than_the_burst),
        cmocka_unit_test(test_threads_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
