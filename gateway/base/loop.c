#include "base/loop.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"

struct loop {
    struct event_base *base;
    struct event *mail_event;
    struct mailbox mailbox;
    struct mail stop;
    pthread_t thread;
    atomic_bool running, stopping; /* stopping: the mail that says so is on its way */
};

static void on_mail(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    struct mail *m = mailbox_take(&l->mailbox);

    (void)fd;
    (void)what;
    while (m) {
        struct mail *next = m->next;
        m->run(m);
        m = next;
    }
}

struct loop *loop_new(bool changelist, struct err *e)
{
    struct loop *l = mem_zalloc(sizeof *l);
    struct event_config *cfg = event_config_new();

    /* Everything but mail happens on the loop's own thread: libevent's locks would be paid for nothing. */
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
    if (changelist)
        event_config_set_flag(cfg, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    l->base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    if (!l->base || mailbox_init(&l->mailbox, 0, e)) {
        if (!l->base)
            err_set(e, ERR_SYSTEM, "cannot make an event loop");
        else
            event_base_free(l->base);
        free(l);
        return NULL;
    }
    l->mail_event = event_new(l->base, l->mailbox.fd, EV_READ | EV_PERSIST, on_mail, l);
    event_add(l->mail_event, NULL);
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    event_free(l->mail_event);
    event_base_free(l->base);
    mailbox_clear(&l->mailbox);
    free(l);
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

void loop_run(struct loop *l)
{
    l->thread = pthread_self();
    atomic_store(&l->running, true);
    event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
    atomic_store(&l->running, false);
}

static void on_stop(struct mail *m)
{
    struct loop *l = (struct loop *)((char *)m - offsetof(struct loop, stop));

    atomic_store(&l->stopping, false);
    event_base_loopbreak(l->base);
}

/* There is one mail for it: posted twice, it would be its own successor. */
void loop_stop(struct loop *l)
{
    if (atomic_exchange(&l->stopping, true))
        return;
    l->stop.run = on_stop;
    loop_post(l, &l->stop);
}

void loop_post(struct loop *l, struct mail *m)
{
    mailbox_put_list(&l->mailbox, m, m);
}

void loop_post_list(struct loop *l, struct mail *first, struct mail *last)
{
    mailbox_put_list(&l->mailbox, first, last);
}

struct timer {
    struct event *event;
    void (*run)(void *arg);
    void *arg;
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct timer *t = arg;

    (void)fd;
    (void)what;
    t->run(t->arg);
}

static struct timer *make_timer(struct loop *l, short kind, void (*run)(void *arg), void *arg)
{
    struct timer *t = mem_zalloc(sizeof *t);

    t->run = run;
    t->arg = arg;
    t->event = event_new(l->base, -1, kind, on_timer, t);
    return t;
}

struct timer *timer_every(struct loop *l, unsigned ms, void (*run)(void *arg), void *arg)
{
    struct timer *t = make_timer(l, EV_PERSIST, run, arg);
    struct timeval period = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

    event_add(t->event, &period);
    return t;
}

struct timer *timer_new(struct loop *l, void (*run)(void *arg), void *arg)
{
    return make_timer(l, 0, run, arg);
}

void timer_set(struct timer *t, int64_t after_us)
{
    int64_t us = after_us > 0 ? after_us : 0;
    struct timeval tv = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 };

    event_add(t->event, &tv);
}

void timer_turn(struct timer *t)
{
    event_active(t->event, EV_TIMEOUT, 0);
}

void timer_off(struct timer *t)
{
    event_del(t->event);
}

void timer_free(struct timer *t)
{
    if (!t)
        return;
    event_free(t->event);
    free(t);
}

bool loop_here(const struct loop *l)
{
    return !atomic_load(&l->running) || pthread_equal(l->thread, pthread_self());
}
