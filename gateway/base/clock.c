#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "config.h"

static _Atomic int64_t offset_us;

static int64_t read_clock(clockid_t which)
{
    struct timespec ts;

    clock_gettime(which, &ts);
    return ts.tv_sec * US_PER_S + ts.tv_nsec / 1000 + atomic_load_explicit(&offset_us, memory_order_relaxed);
}

int64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void clock_test_set(int64_t wall_us)
{
    atomic_store(&offset_us, 0);
    if (wall_us != INT64_MIN)
        atomic_store(&offset_us, wall_us - clock_wall_us());
}

void clock_test_reread(void)
{
#ifdef ENABLE_TEST_HOOKS
    const char *path = getenv("HOOKLATCH_TEST_CLOCK");
    FILE *f = path ? fopen(path, "re") : NULL;
    long long seconds = 0;

    if (f && fscanf(f, "%lld", &seconds) == 1)
        atomic_store(&offset_us, seconds * US_PER_S);
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
