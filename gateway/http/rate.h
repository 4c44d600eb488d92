/* http/rate.h - how many a second: one number that any thread may move. It is the time at which all that was let in
 * would be due if it came evenly spaced (GCRA); what would move it further ahead of now than the burst allows is over. */
#ifndef HTTP_RATE_H
#define HTTP_RATE_H

#include <stdatomic.h>
#include <stdint.h>

struct rate {
    _Atomic int64_t due_us; /* 0: nothing was let in yet */
};
/* 0: let in, and counted. Else not counted: in that many microseconds there is room again. per_second and burst > 0. */
int64_t rate_take(struct rate *r, int64_t now_us, uint32_t per_second, uint32_t burst);

#endif
