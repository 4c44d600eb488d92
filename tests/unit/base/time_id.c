/* clock, id, metric */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/metric.h"

static void id_layout(void **state)
{
    char text[ID_TEXT_LEN + 1];
    struct id id, back;

    (void)state;
    clock_test_set(INT64_C(1700000000123000));
    id = id_new();
    id_text(id, text);
    assert_memory_equal(text, "018bcfe5-687b-7", 15);
    assert_true(strchr("89ab", text[19]) != NULL);
    assert_int_equal(id_parse(slice_z(text), &back), 0);
    assert_true(id_eq(id, back));
    assert_true(id_wall_us(id) == INT64_C(1700000000123000));
    clock_test_set(INT64_MIN);
    assert_int_equal(id_parse(SLICE("018bcfe5687b7000800000000000000000000000"), &back), -1);
    assert_int_equal(id_parse(SLICE("018bcfe5-687b-7000-8000-00000000000g"), &back), -1);
    assert_int_equal(id_parse(SLICE("018bcfe5-687b-7000-8000-0000000000"), &back), -1);
}

#define EACH 20000

static void *make_ids(void *arg)
{
    int64_t *keys = arg;

    for (int i = 0; i < EACH; i++)
        keys[i] = id_key(id_new());
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void keys_grow_and_never_repeat(void **state)
{
    static int64_t keys[4 * EACH];
    pthread_t threads[4];

    (void)state;
    for (int t = 0; t < 4; t++)
        pthread_create(&threads[t], NULL, make_ids, keys + t * EACH);
    for (int t = 0; t < 4; t++)
        pthread_join(threads[t], NULL);
    for (int t = 0; t < 4; t++) {
        for (int i = 1; i < EACH; i++)
            assert_true(keys[t * EACH + i] > keys[t * EACH + i - 1]);
    }
    qsort(keys, 4 * EACH, sizeof keys[0], by_value);
    for (int i = 1; i < 4 * EACH; i++)
        assert_true(keys[i] != keys[i - 1]);
}

static void keys_grow_when_the_clock_goes_back(void **state)
{
    (void)state;
    int64_t before = id_key(id_new());
    clock_test_set(clock_wall_us() - 3600 * US_PER_S);
    assert_true(id_key(id_new()) > before);
    clock_test_set(INT64_MIN);
    id_floor(before + 1000000000);
    assert_true(id_key(id_new()) > before + 1000000000);
}

static void clock_words(void **state)
{
    char text[CLOCK_TEXT_LEN];

    (void)state;
    clock_text(INT64_C(1700000000000042), text);
    assert_string_equal(text, "2023-11-14T22:13:20.000042Z");
    clock_text(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
}

static void histogram_buckets(void **state)
{
    struct histogram h;

    (void)state;
    histogram_init(&h, 64);
    histogram_add(&h, 0);
    histogram_add(&h, 64);
    histogram_add(&h, 65);
    histogram_add(&h, 128);
    histogram_add(&h, 129);
    histogram_add(&h, UINT32_MAX);
    assert_int_equal(counter_get(&h.bucket[0]), 2);
    assert_int_equal(counter_get(&h.bucket[1]), 2);
    assert_int_equal(counter_get(&h.bucket[2]), 1);
    assert_int_equal(counter_get(&h.bucket[HISTOGRAM_BUCKETS - 1]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_layout),   cmocka_unit_test(keys_grow_and_never_repeat),
        cmocka_unit_test(keys_grow_when_the_clock_goes_back),
        cmocka_unit_test(clock_words), cmocka_unit_test(histogram_buckets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
