/* base/metric.h - counters and histograms that any thread may raise without a lock; http/metrics prints them. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stdatomic.h>
#include <stdint.h>

struct counter {
    _Atomic uint64_t n;
};
static inline void counter_add(struct counter *c, uint64_t n)
{
    atomic_fetch_add_explicit(&c->n, n, memory_order_relaxed);
}
static inline uint64_t counter_get(const struct counter *c)
{
    return atomic_load_explicit(&c->n, memory_order_relaxed);
}

/* Buckets by powers of two from 64 us to 67 s; also used for plain sizes (1 .. 2^20). */
#define HISTOGRAM_BUCKETS 21
struct histogram {
    struct counter bucket[HISTOGRAM_BUCKETS]; /* bucket[i]: value <= first << i; the last takes all above */
    struct counter sum;
    uint64_t first;
};
void histogram_init(struct histogram *h, uint64_t first);
void histogram_add(struct histogram *h, uint64_t value);

#endif
