#include "flow/retry.h"

#include "base/id.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* In doubles: the power would overflow any integer soon. */
static int64_t ceiling_us(const struct retry *r, unsigned attempt)
{
    double ceiling = (double)r->base_us, cap = (double)r->cap_us;

    for (unsigned i = 1; i < attempt && ceiling < cap; i++)
        ceiling *= r->factor;
    return ceiling < cap ? (int64_t)ceiling : r->cap_us;
}

int64_t retry_delay_us(const struct retry *r, unsigned attempt, uint64_t random, int64_t retry_after_us)
{
    double part = (double)(random >> 11) / (double)(UINT64_C(1) << 53);
    int64_t delay = (int64_t)((double)ceiling_us(r, attempt) * part);
    int64_t floor_us = least(RETRY_FLOOR_US, r->cap_us), asked = least(retry_after_us, RETRY_AFTER_MAX_US);

    delay = delay > floor_us ? delay : floor_us;
    return delay > asked ? delay : asked;
}

bool retry_names_status(const struct retry *r, int status)
{
    const int bits = sizeof r->statuses * 8;

    return status >= 0 && status < bits && r->statuses[status / 64] >> status % 64 & 1;
}

void dice_init(struct dice *d)
{
    random_bytes(&d->state, sizeof d->state);
}

uint64_t dice_roll(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
