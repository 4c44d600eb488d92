#include "base/timer.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

struct timer {
    struct event *event;
    timer_run run;
    void *arg;
};

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    struct timer *t = arg;

    (void)fd;
    (void)what;
    t->run(t->arg);
}

struct timer *timer_new(struct loop *l, timer_run run, void *arg)
{
    struct timer *t = mem_alloc(sizeof *t);

    *t = (struct timer){ evtimer_new(loop_base(l), on_time, t), run, arg };
    return t;
}

void timer_free(struct timer *t)
{
    if (!t)
        return;
    event_free(t->event);
    free(t);
}

void timer_set(struct timer *t, int64_t after_us)
{
    int64_t us = after_us > 0 ? after_us : 0;
    struct timeval tv = { us / US_PER_S, us % US_PER_S };

    evtimer_add(t->event, &tv);
}

void timer_off(struct timer *t)
{
    evtimer_del(t->event);
}

bool timer_is_set(const struct timer *t)
{
    return evtimer_pending(t->event, NULL);
}
