#include "base/clock.h"
#include "base/log.h"
#include "flow/inside.h"

#define CLAIM_MAX 256
#define FAILED_WAIT_US US_PER_S
#define FULL_WAIT_US INT64_C(50000)
#define LOOK_AGAIN_US US_PER_S /* the wall clock may be set meanwhile: due times are looked at anew once a second */

/* The first lane after the last one claimed for that is worth a claim, so that all get their turn. */
static struct lane *pick(struct flow *f, int64_t now_us, int64_t *nearest_us)
{
    struct lane *before = NULL, *after = NULL;
    bool past = false;

    *nearest_us = LANE_NEVER;
    for (struct lane *l = atomic_load(&f->lanes.all); l; l = l->next) {
        int64_t due_us = atomic_load(&l->due_us);
        if (due_us > now_us)
            *nearest_us = due_us < *nearest_us ? due_us : *nearest_us;
        else if (lanes_claimable(&f->lanes, l) && past)
            after = after ? after : l;
        else if (lanes_claimable(&f->lanes, l))
            before = before ? before : l;
        past |= l == f->claims.lane;
    }
    return after ? after : before;
}

static void wait_and_look(struct flow *f, int64_t wait_us)
{
    f->claims.not_before_us = clock_mono_us() + wait_us;
    timer_set(f->claims.timer, wait_us);
}

/* The leases come as mail of their own, before this or after it: the places reserved for them are given back whole,
 * since each lease takes its own when it comes. */
static void on_claimed(struct write *w)
{
    struct claims *c = (struct claims *)((char *)w - offsetof(struct claims, write));
    struct flow *f = (struct flow *)((char *)c - offsetof(struct flow, claims));

    if (f->ended)
        return;
    c->asking = false;
    lanes_give_back(&f->lanes, c->lane, c->reserved);
    if (w->result) {
        LOG_WARN("cannot claim steps now, will try again", LOG_SL("queue", c->lane->name), LOG_I("code", w->code));
        lane_due(c->lane, clock_wall_us());
        wait_and_look(f, FAILED_WAIT_US);
    } else {
        lane_due(c->lane, w->claim.next_due_us);
        claims_look(f);
    }
    flow_check_stopped(f);
}

static void claim(struct flow *f, struct lane *l, int64_t now_us)
{
    struct claims *c = &f->claims;
    int n = lanes_claimable(&f->lanes, l);

    n = n < CLAIM_MAX ? n : CLAIM_MAX;
    lanes_take(&f->lanes, l, n);
    /* What becomes due from here on, the writer says again. */
    atomic_store(&l->due_us, LANE_NEVER);
    c->write = (struct write){ .kind = WRITE_CLAIM, .home = f->loop, .done = on_claimed };
    c->write.claim.queue = l->name;
    c->write.claim.max = (size_t)n;
    c->write.claim.now_us = now_us;
    if (!writer_put(f->writer, &c->write, sizeof c->write)) {
        lanes_give_back(&f->lanes, l, n);
        lane_due(l, now_us);
        wait_and_look(f, FULL_WAIT_US);
        return;
    }
    c->lane = l;
    c->reserved = n;
    c->asking = true;
}

void claims_look(struct flow *f)
{
    struct claims *c = &f->claims;
    int64_t now_us = clock_wall_us(), nearest_us;

    if (c->asking || f->stopping || clock_mono_us() < c->not_before_us)
        return; /* an answer comes, nothing does, or the timer is set */
    struct lane *l = pick(f, now_us, &nearest_us);
    if (l)
        claim(f, l, now_us);
    else if (nearest_us != LANE_NEVER)
        timer_set(c->timer, nearest_us - now_us < LOOK_AGAIN_US ? nearest_us - now_us : LOOK_AGAIN_US);
}

static void on_timer(void *arg)
{
    struct flow *f = arg;

    f->claims.not_before_us = 0;
    claims_look(f);
}

void claims_init(struct flow *f)
{
    f->claims.timer = timer_new(f->loop, on_timer, f);
}

void claims_clear(struct flow *f)
{
    timer_free(f->claims.timer);
    f->claims.timer = NULL;
}
