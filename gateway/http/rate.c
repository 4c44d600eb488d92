#include "http/rate.h"

#include "base/clock.h"

int64_t rate_take(struct rate *r, int64_t now_us, uint32_t per_second, uint32_t burst)
{
    int64_t each_us = US_PER_S / per_second, due = atomic_load_explicit(&r->due_us, memory_order_relaxed), next;

    do {
        next = (due > now_us ? due : now_us) + each_us;
        if (next - now_us > each_us * burst)
            return next - now_us - each_us * burst;
    } while (!atomic_compare_exchange_weak_explicit(&r->due_us, &due, next, memory_order_relaxed, memory_order_relaxed));
    return 0;
}
