#include "base/metric.h"

void histogram_init(struct histogram *h, uint64_t first)
{
    *h = (struct histogram){ .first = first };
}

void histogram_add(struct histogram *h, uint64_t value)
{
    unsigned i = 0;

    if (value > h->first) {
        uint64_t times = (value - 1) / h->first;
        i = 64 - (unsigned)__builtin_clzll(times);
    }
    counter_add(&h->bucket[i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1], 1);
    counter_add(&h->sum, value);
}
