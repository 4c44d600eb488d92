/* base/timer.h - one moment to come on a loop. On the loop's thread only (or before it runs, or after it ended). */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <stdint.h>

#include "base/loop.h"

struct timer;
typedef void (*timer_run)(void *arg);
struct timer *timer_new(struct loop *l, timer_run run, void *arg);
void timer_free(struct timer *t); /* NULL ok */
/* Runs once, after that time (now when it is not positive); replaces a time that was set before. */
void timer_set(struct timer *t, int64_t after_us);
void timer_off(struct timer *t);
bool timer_is_set(const struct timer *t);

#endif
