/* Results on their way to the store. One that cannot be committed is kept and put again until it is: what a step did is
 * not forgotten while the process lives. Room bounds how many there can be. */
#include "base/clock.h"
#include "base/log.h"
#include "flow/inside.h"

#define WAIT_MIN_US INT64_C(100000)
#define WAIT_MAX_US (5 * US_PER_S)

static void keep(struct flow *f, struct held *h)
{
    struct results *r = &f->results;

    held_move(&h->state, HELD_EV_NOT_SAVED);
    if (!r->unsaved) {
        LOG_WARN("results of steps cannot be stored now; they are kept and put again",
                 LOG_I("wait_ms", r->wait_us / 1000));
        timer_set(r->timer, r->wait_us);
        r->wait_us = r->wait_us * 2 < WAIT_MAX_US ? r->wait_us * 2 : WAIT_MAX_US;
    }
    h->next = NULL;
    *r->unsaved_tail = h;
    r->unsaved_tail = &h->next;
}

static void on_written(struct write *w)
{
    struct held *h = (struct held *)((char *)w - offsetof(struct held, write));
    struct flow *f = h->flow;
    bool lost = w->result && (w->code == ERR_NOT_FOUND || w->code == ERR_CONFLICT);

    if (f->ended)
        return;
    if (w->result && !lost) {
        keep(f, h);
        return;
    }
    if (lost)
        LOG_WARN("the store does not know this step any more", LOG_ID("run", h->lease->run),
                 LOG_I("step", h->lease->step));
    else if (w->finish.run_ended) {
        counter_add(&f->stats.runs_ended, 1);
        histogram_add(&f->stats.run_us, (uint64_t)(clock_wall_us() - h->lease->event->time_us));
    }
    f->results.wait_us = WAIT_MIN_US;
    held_move(&h->state, HELD_EV_SAVED);
    dispatcher_release(f, h);
}

void results_put(struct flow *f, struct held *h)
{
    h->write.kind = WRITE_FINISH;
    h->write.home = f->loop;
    h->write.done = on_written;
    h->write.err = NULL;
    h->write.result = 0;
    h->write.code = ERR_NONE;
    writer_put_always(f->writer, &h->write);
}

static void put_again(void *arg)
{
    struct flow *f = arg;
    struct held *h = f->results.unsaved;

    f->results.unsaved = NULL;
    f->results.unsaved_tail = &f->results.unsaved;
    while (h) {
        struct held *next = h->next;
        held_move(&h->state, HELD_EV_AGAIN);
        results_put(f, h);
        h = next;
    }
}

void results_init(struct flow *f)
{
    f->results.unsaved_tail = &f->results.unsaved;
    f->results.wait_us = WAIT_MIN_US;
    f->results.timer = timer_new(f->loop, put_again, f);
}

void results_clear(struct flow *f)
{
    timer_free(f->results.timer);
    f->results.timer = NULL;
}
