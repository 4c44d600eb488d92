/* base/loop.h - a thread's event loop (libevent) with a mailbox. Callbacks never block. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mailbox.h"

struct event_base;
struct loop;

/* changelist: EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST; saves system calls, but not safe where descriptors are closed
 * behind libevent's back (curl). */
struct loop *loop_new(bool changelist, struct err *e);
void loop_free(struct loop *l); /* after its thread ended; NULL ok */
struct event_base *loop_base(struct loop *l);
/* Runs until loop_stop. */
void loop_run(struct loop *l);
/* Any thread, any number of times. Mails posted before it are still run. */
void loop_stop(struct loop *l);
/* Any thread; never refused. m->run(m) is called on the loop. */
void loop_post(struct loop *l, struct mail *m);
void loop_post_list(struct loop *l, struct mail *first, struct mail *last);
/* Calls run(arg) every so often until timer_free. On the loop, or before it runs. */
struct timer;
struct timer *timer_every(struct loop *l, unsigned ms, void (*run)(void *arg), void *arg);
/* Calls run(arg) once after each timer_set; not before the first. */
struct timer *timer_new(struct loop *l, void (*run)(void *arg), void *arg);
void timer_set(struct timer *t, int64_t after_us); /* replaces a time set before; <= 0: as soon as the loop comes round */
/* Runs it once all that the loop has at hand in this turn is done; no system call. On the loop. */
void timer_turn(struct timer *t);
void timer_off(struct timer *t);
void timer_free(struct timer *t); /* NULL ok */
/* Is this the loop's own thread? For assertions. */
bool loop_here(const struct loop *l);

#endif
