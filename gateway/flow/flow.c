#include "flow/flow.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/inside.h"

#define ROOM 2048
#define ROOM_PER_QUEUE 512
#define SAVE_WAIT_US (10 * US_PER_S) /* at the end: how long results that cannot be stored are put again */

/* The flow of this thread: leases come as bare mail. */
static _Thread_local struct flow *here;

static void on_ready(struct mail *m);
static void on_stop_timer(void *arg);

struct flow *flow_new(const struct flow_options *o, struct err *e)
{
    struct flow *f = mem_zalloc(sizeof *f);

    f->options = *o;
    lanes_init(&f->lanes, o->room ? (int)o->room : ROOM, o->room_per_queue ? (int)o->room_per_queue : ROOM_PER_QUEUE);
    histogram_init(&f->stats.step_us, 64);
    histogram_init(&f->stats.start_us, 64);
    histogram_init(&f->stats.run_us, 64);
    step_headers_init(&f->headers);
    buf_init(&f->url, 64 * 1024);
    json_doc_init(&f->answer);
    given_init(&f->given);
    step_command_init(&f->command);
    buf_init(&f->text, SIZE_MAX / 2);
    f->schema = schema_scratch_new();
    dice_init(&f->dice);
    f->ready.run = on_ready;
    f->signer = signer_new(e);
    /* Not the change list: curl closes descriptors by itself. */
    f->loop = f->signer ? loop_new(false, e) : NULL;
    f->client = f->loop ? client_new(f->loop, e) : NULL;
    if (!f->client) {
        flow_free(f);
        return NULL;
    }
    f->nursery = nursery_new();
    f->pools = pools_new(f->loop, f->nursery, &f->stats.plugin_workers_lost);
    claims_init(f);
    results_init(f);
    f->stop_timer = timer_new(f->loop, on_stop_timer, f);
    return f;
}

struct loop *flow_loop(struct flow *f)
{
    return f->loop;
}

bool flow_room(void *flow, const struct step *step)
{
    struct flow *f = flow;

    return lanes_room(&f->lanes, lanes_get(&f->lanes, step_queue(step)), clock_wall_us());
}

static void look_soon(struct flow *f)
{
    if (!atomic_exchange(&f->ready_posted, true))
        loop_post(f->loop, &f->ready);
}

/* No result follows that would make the loop look: steps that are due may have found no room because of this one. */
void flow_room_back(void *flow, const struct step *step)
{
    struct flow *f = flow;

    lanes_give_back(&f->lanes, lanes_get(&f->lanes, step_queue(step)), 1);
    look_soon(f);
}

void flow_on_lease(struct mail *m)
{
    struct lease *l = (struct lease *)((char *)m - offsetof(struct lease, mail));

    if (here->ended) /* it stays leased in the store until the next start */
        lease_free(l);
    else
        dispatcher_lease(here, l);
}

static void on_ready(struct mail *m)
{
    struct flow *f = (struct flow *)((char *)m - offsetof(struct flow, ready));

    atomic_store(&f->ready_posted, false);
    claims_look(f);
}

void flow_on_ready(void *flow, struct slice queue, int64_t due_us)
{
    struct flow *f = flow;

    if (lane_due(lanes_get(&f->lanes, queue), due_us))
        look_soon(f);
}

static void use_plan(struct flow *f, struct plan *plan)
{
    struct plan *old = f->plan;

    f->plan = plan;
    for (struct lane *l = atomic_load(&f->lanes.all); l; l = l->next) {
        l->concurrency = 0;
        lane_forget_gone(l);
    }
    for (size_t i = 0; i < plan->n_endpoints; i++)
        lanes_get(&f->lanes, plan->endpoints[i]->name)->concurrency = plan->endpoints[i]->concurrency;
    lanes_get(&f->lanes, SLICE("exec:"))->concurrency = plan->settings.commands;
    for (const struct plugin *p = plan->plugins; p; p = p->next)
        lanes_get(&f->lanes, p->queue)->concurrency = p->workers * PLUGIN_WINDOW;
    pools_use(f->pools, plan);
    workflows_forget(f);
    plan_unref(old);
}

struct new_plan {
    struct mail mail;
    struct flow *flow;
    struct plan *plan;
};

static void on_plan(struct mail *m)
{
    struct new_plan *n = (struct new_plan *)((char *)m - offsetof(struct new_plan, mail));
    struct flow *f = n->flow;

    use_plan(f, n->plan);
    free(n);
    for (struct lane *l = atomic_load(&f->lanes.all); l; l = l->next)
        dispatcher_go(f, l); /* the concurrency may have grown */
}

void flow_set_plan(struct flow *f, struct plan *plan)
{
    struct new_plan *n = mem_alloc(sizeof *n);

    *n = (struct new_plan){ { .run = on_plan }, f, plan_ref(plan) };
    loop_post(f->loop, &n->mail);
}

static int ask_queues(struct flow *f, struct err *e)
{
    struct arena arena;
    struct write w = { .kind = WRITE_QUEUES, .err = e };

    arena_init(&arena);
    w.queues.arena = &arena;
    int result = writer_wait(f->writer, &w, e);
    for (size_t i = 0; result == 0 && i < w.queues.n; i++)
        lane_due(lanes_get(&f->lanes, w.queues.list[i].queue), w.queues.list[i].due_us);
    arena_clear(&arena);
    return result;
}

static void *run(void *arg)
{
    here = arg;
    claims_look(here);
    loop_run(here->loop);
    return NULL;
}

int flow_start(struct flow *f, struct writer *w, struct plan *plan, struct err *e)
{
    f->writer = w;
    use_plan(f, plan_ref(plan));
    if (ask_queues(f, e))
        return err_add(e, "cannot ask the store what there is to do");
    if (pthread_create(&f->thread, NULL, run, f))
        return err_sys(e, "cannot start the thread for steps");
    pthread_setname_np(f->thread, "flow");
    f->running = true;
    return 0;
}

static void end_loop(struct flow *f)
{
    if (!f->stopped)
        loop_stop(f->loop);
    f->stopped = true;
}

void flow_check_stopped(struct flow *f)
{
    if (f->stopping && f->held.n == 0 && !f->claims.asking && f->workflows.n_asking == 0)
        end_loop(f);
}

/* First time: those under way are cut. Second time: what could not be stored by now is left; those steps are done again
 * after the next start. */
static void on_stop_timer(void *arg)
{
    struct flow *f = arg;

    if (!f->cut) {
        f->cut = true;
        timer_set(f->stop_timer, SAVE_WAIT_US);
        dispatcher_cut(f);
        return;
    }
    LOG_ERROR("results of steps could not be stored; the steps will be done again", LOG_I("steps", f->held.n));
    end_loop(f);
}

static void on_stop(struct mail *m)
{
    struct flow *f = (struct flow *)((char *)m - offsetof(struct flow, stop));

    f->stopping = true;
    timer_set(f->stop_timer, f->options.shutdown_s * US_PER_S);
    dispatcher_return_waiting(f);
    flow_check_stopped(f);
}

void flow_stop(struct flow *f)
{
    if (!f->running)
        return;
    atomic_store(&f->lanes.closed, true);
    f->stop.run = on_stop;
    loop_post(f->loop, &f->stop);
    pthread_join(f->thread, NULL);
    f->running = false;
}

/* Mail that came after the thread ended holds memory: it is run here, with nothing left that could make more of it. */
static void drain(struct flow *f)
{
    f->ended = f->stopped = f->stopping = true;
    here = f;
    loop_stop(f->loop);
    loop_run(f->loop);
    here = NULL;
}

void flow_free(struct flow *f)
{
    if (!f)
        return;
    timer_free(f->stop_timer);
    if (f->results.timer) {
        claims_clear(f);
        results_clear(f);
    }
    client_free(f->client);
    pools_free(f->pools);
    nursery_free(f->nursery);
    if (f->loop)
        drain(f);
    held_table_clear(&f->held);
    workflows_clear(f);
    lanes_clear(&f->lanes);
    loop_free(f->loop);
    signer_free(f->signer);
    step_headers_clear(&f->headers);
    buf_clear(&f->url);
    json_doc_clear(&f->answer);
    given_clear(&f->given);
    step_command_clear(&f->command);
    buf_clear(&f->text);
    schema_scratch_free(f->schema);
    plan_unref(f->plan);
    free(f);
}

const struct flow_stats *flow_stats(const struct flow *f)
{
    return &f->stats;
}
