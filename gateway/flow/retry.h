/* flow/retry.h - when to try again: exponential back-off with full jitter. Pure: time and chance are given. */
#ifndef FLOW_RETRY_H
#define FLOW_RETRY_H

#include "plan/plan.h"

#define RETRY_AFTER_MAX_US INT64_C(86400000000) /* what an endpoint may ask for at most: a day */
#define RETRY_FLOOR_US INT64_C(100000)         /* no shorter wait, unless the cap is shorter still */

/* How long to wait after that attempt (from 1): a random part of min(cap, base * factor^(attempt-1)), and not less than
 * retry_after_us (-1: none), which is cut to a day. random: any 64 bits, evenly spread. */
int64_t retry_delay_us(const struct retry *r, unsigned attempt, uint64_t random, int64_t retry_after_us);

/* Does retry.on name this status? */
bool retry_names_status(const struct retry *r, int status);

/* Chance for jitter and span ids: splitmix64; nothing secret may hang on it. */
struct dice {
    uint64_t state;
};
void dice_init(struct dice *d); /* seeded by the system's generator */
uint64_t dice_roll(struct dice *d);

#endif
