#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "config.h"

static _Atomic int64_t wall_offset_us, mono_offset_us;

static int64_t read_clock(clockid_t which)
{
    struct timespec ts;

    clock_gettime(which, &ts);
    return ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME) + atomic_load_explicit(&wall_offset_us, memory_order_relaxed);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC) + atomic_load_explicit(&mono_offset_us, memory_order_relaxed);
}

int64_t clock_cpu_us(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void clock_test_set(int64_t wall_us)
{
    int64_t offset = wall_us == INT64_MIN ? 0 : wall_us - read_clock(CLOCK_REALTIME);

    atomic_store(&wall_offset_us, offset);
    atomic_store(&mono_offset_us, offset);
}

void clock_test_reread(void)
{
#ifdef ENABLE_TEST_HOOKS
    const char *path = getenv("HOOKLATCH_TEST_CLOCK");
    FILE *f = path ? fopen(path, "re") : NULL;
    long long seconds = 0;

    if (f && fscanf(f, "%lld", &seconds) == 1)
        atomic_store(&wall_offset_us, seconds * US_PER_S);
    if (f)
        fclose(f);
#endif
}

void clock_text(int64_t wall_us, char out[CLOCK_TEXT_LEN])
{
    time_t seconds = (time_t)(wall_us / US_PER_S);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    size_t n = strftime(out, CLOCK_TEXT_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, CLOCK_TEXT_LEN - n, ".%06dZ", (int)(wall_us % US_PER_S));
}
