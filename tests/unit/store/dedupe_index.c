#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "store/dedupe_index.h"

struct key { unsigned char hash[16]; };

/* Deterministic, spread over all partitions. */
static struct key key_of(uint64_t i)
{
    struct key k;
    uint64_t x = i * UINT64_C(0x9e3779b97f4a7c15) + 1;

    for (int b = 0; b < 16; b++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        k.hash[b] = (unsigned char)(x >> 24);
    }
    return k;
}

static bool has(const struct dedupe_index *x, struct key k, int64_t want)
{
    struct dedupe_probe p = { 0 };
    int64_t seq;

    while (dedupe_index_next(x, k.hash, &p, &seq)) {
        if (seq == want)
            return true;
    }
    return false;
}

#define N 40000

static void finds_what_was_added(void **state)
{
    static struct dedupe_index x;
    struct dedupe_probe p = { 0 };
    int64_t seq;

    (void)state;
    dedupe_index_init(&x);
    assert_false(dedupe_index_next(&x, key_of(0).hash, &p, &seq));
    assert_false(dedupe_index_remove(&x, key_of(0).hash, 0));
    x.head = 1;
    for (int i = 1; i <= N; i++)
        dedupe_index_add(&x, key_of((uint64_t)i).hash, i);
    for (int i = 1; i <= N; i++)
        assert_true(has(&x, key_of((uint64_t)i), i));
    size_t maybe = 0;
    for (int i = N + 1; i <= 2 * N; i++) {
        p.steps = 0;
        maybe += dedupe_index_next(&x, key_of((uint64_t)i).hash, &p, &seq);
    }
    assert_true(maybe < 3); /* 32 bits of fingerprint among some 160 */
    dedupe_index_clear(&x);
}

/* Rows come at the end and go at the head, as pruning does: nothing is lost, nothing is left, and no partition grows.
 */
static void removal_leaves_the_others(void **state)
{
    static struct dedupe_index x;
    size_t places = 0, after = 0;

    (void)state;
    dedupe_index_init(&x);
    for (int i = 0; i < N; i++)
        dedupe_index_add(&x, key_of((uint64_t)i).hash, i);
    for (int i = 0; i < DEDUPE_PARTITIONS; i++)
        places += x.parts[i].mask;
    for (int i = 0; i < N; i++) {
        assert_true(dedupe_index_remove(&x, key_of((uint64_t)i).hash, i));
        x.head = i + 1;
        dedupe_index_add(&x, key_of((uint64_t)(i + N)).hash, i + N);
    }
    for (int i = 0; i < N; i++) {
        assert_false(has(&x, key_of((uint64_t)i), i));
        assert_true(has(&x, key_of((uint64_t)(i + N)), i + N));
    }
    for (int i = 0; i < DEDUPE_PARTITIONS; i++)
        after += x.parts[i].mask;
    assert_true(after < places * 2);
    for (int i = 0; i < N; i++)
        assert_true(dedupe_index_remove(&x, key_of((uint64_t)(i + N)).hash, i + N));
    for (int i = 0; i < DEDUPE_PARTITIONS; i++)
        assert_int_equal(x.parts[i].count, 0);
    dedupe_index_clear(&x);
}

/* Equal fingerprints, one of them 0, that wrap around the end of the partition. */
static void equal_fingerprints_are_all_found(void **state)
{
    static struct dedupe_index x;
    struct key same = { { 7 } }, end = { { 7, 0, 0, 0, 0x3f, 0, 0, 0 } };

    (void)state;
    dedupe_index_init(&x);
    for (int i = 0; i < 10; i++) {
        dedupe_index_add(&x, same.hash, i);
        dedupe_index_add(&x, end.hash, 100 + i);
    }
    for (int i = 0; i < 10; i++) {
        assert_true(has(&x, same, i) && has(&x, end, 100 + i));
        assert_false(has(&x, same, 100 + i));
    }
    for (int i = 0; i < 10; i += 2)
        assert_true(dedupe_index_remove(&x, end.hash, 100 + i) && dedupe_index_remove(&x, same.hash, i));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(has(&x, same, i), i % 2);
        assert_int_equal(has(&x, end, 100 + i), i % 2);
    }
    dedupe_index_clear(&x);
}

/* Only 32 bits of seq are kept: the head tells the rest. */
static void seq_goes_beyond_32_bits(void **state)
{
    static struct dedupe_index x;
    int64_t start = (INT64_C(5) << 32) - 3;

    (void)state;
    dedupe_index_init(&x);
    x.head = start;
    for (int i = 0; i < 6; i++)
        dedupe_index_add(&x, key_of((uint64_t)i).hash, start + i);
    for (int i = 0; i < 6; i++)
        assert_true(has(&x, key_of((uint64_t)i), start + i));
    dedupe_index_clear(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_added),
        cmocka_unit_test(removal_leaves_the_others),
        cmocka_unit_test(equal_fingerprints_are_all_found),
        cmocka_unit_test(seq_goes_beyond_32_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
