#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/inside.h"

/* A step whose workflow cannot be had now (its endpoint is gone from the configuration) is tried again: a reload may
 * bring it back. Each try counts as an attempt, or the run would never end: after about two days it fails. */
#define UNKNOWN_WAIT_US (60 * US_PER_S)
#define UNKNOWN_WAIT_MAX_US (3600 * US_PER_S)
#define UNKNOWN_ATTEMPTS_MAX 54

static void set_error(struct held *h, const char *text)
{
    buf_reset(&h->output);
    buf_reset(&h->log);
    snprintf(h->error, sizeof h->error, "%s", text);
}

/* The result goes to the writer; due_us matters for ATTEMPT_RETRY. */
static void conclude(struct flow *f, struct held *h, enum attempt_outcome outcome, int status, int64_t due_us)
{
    h->write.finish = (struct step_result){
        .lease = h->lease,
        .workflow = h->workflow,
        .outcome = outcome,
        .started_us = h->started_us,
        .ended_us = clock_wall_us(),
        .status = status,
        .error = slice_z(h->error),
        .output = buf_slice(&h->output),
        .log = buf_slice(&h->log),
        .due_us = due_us,
    };
    counter_add(&f->stats.attempts[outcome], 1);
    if (outcome == ATTEMPT_FATAL)
        LOG_WARN("step failed for good", LOG_ID("event", h->lease->event->id), LOG_ID("run", h->lease->run),
                 LOG_I("step", h->lease->step), LOG_SL("queue", h->lane->name), LOG_Z("error", h->error));
    results_put(f, h);
}

static void give_back(struct flow *f, struct held *h)
{
    held_move(&h->state, HELD_EV_GIVEN_UP);
    h->started_us = clock_wall_us();
    set_error(h, "");
    conclude(f, h, ATTEMPT_RETURNED, 0, 0);
}

/* When the run that the step belongs to must be over, on the wall clock. What on_failure does is not bound by it. */
static int64_t step_deadline_us(const struct held *h)
{
    const struct workflow *w = h->workflow;

    return w->deadline_us && h->step->index < workflow_n_main(w) ? id_wall_us(h->lease->run) + w->deadline_us : INT64_MAX;
}

static void settle(struct flow *f, struct held *h, const struct step_verdict *v, int status)
{
    int64_t due_us = clock_wall_us() + v->delay_us;
    bool too_late = v->outcome == ATTEMPT_RETRY && due_us >= step_deadline_us(h);

    held_move(&h->state, HELD_EV_ENDED);
    set_error(h, v->error);
    if (too_late)
        snprintf(h->error, sizeof h->error, "%.240s (another attempt would be after the run's deadline)", v->error);
    buf_put(&h->output, v->output);
    buf_put(&h->log, v->log);
    conclude(f, h, too_late ? ATTEMPT_FATAL : v->outcome, status, due_us);
}

/* The attempt is over, whatever kind it was of: the lane has a place again. */
static void note_end(struct flow *f, struct held *h)
{
    h->call = NULL;
    h->lane->calls--;
    atomic_fetch_sub(&f->stats.calls, 1);
}

static void note_begin(struct flow *f, struct held *h)
{
    h->lane->calls++;
    atomic_fetch_add(&f->stats.calls, 1);
    h->started_mono_us = clock_mono_us();
}

static void finish(struct flow *f, struct held *h, struct step_verdict *v, int status)
{
    struct lane *lane = h->lane;

    histogram_add(&f->stats.step_us, (uint64_t)(clock_mono_us() - h->started_mono_us));
    attempt_check_output(h->step, h->lease->attempts + 1, dice_roll(&f->dice), &f->answer, f->schema, v);
    settle(f, h, v, status);
    dispatcher_go(f, lane);
}

static void on_answer(void *arg, const struct answer *a)
{
    struct held *h = arg;
    struct flow *f = h->flow;
    struct step_verdict v;

    note_end(f, h);
    step_http_judge(a, h->step, h->lease->attempts + 1, dice_roll(&f->dice), &f->answer, &v);
    if (v.gone)
        lane_set_gone(h->lane, h->step->path);
    finish(f, h, &v, a->status);
}

static void on_child(void *arg, const struct child_result *r)
{
    struct held *h = arg;
    struct flow *f = h->flow;
    struct step_verdict v;

    note_end(f, h);
    step_exec_judge(r, h->step, h->lease->attempts + 1, dice_roll(&f->dice), &f->answer, &f->text, &v);
    finish(f, h, &v, 0);
}

static void on_plugin(void *arg, const struct plugin_result *r)
{
    struct held *h = arg;
    struct flow *f = h->flow;
    struct step_verdict v;

    note_end(f, h);
    h->started_us += r->begun_us - h->started_mono_us;
    h->started_mono_us = r->begun_us;
    step_plugin_judge(r, h->step, h->lease->attempts + 1, dice_roll(&f->dice), &f->answer, &v);
    finish(f, h, &v, 0);
}

static int start_http(struct flow *f, struct held *h, const struct attempt *a, struct err *e)
{
    const struct endpoint *endpoint = h->step->endpoint;

    if (step_headers_fill(&f->headers, a, buf_slice(&h->document), f->signer, dice_roll(&f->dice), e))
        return -1;
    buf_reset(&f->url);
    buf_put(&f->url, endpoint->url);
    buf_put(&f->url, h->step->path);
    struct call_options o = {
        .method = "POST",
        .url = f->url.ptr,
        .headers = f->headers.lines,
        .body = buf_slice(&h->document),
        .timeout_us = a->timeout_us,
        .answer_max = endpoint->output_max,
        .allow_private = endpoint->allow_private,
    };
    note_begin(f, h);
    h->call = client_call(f->client, &o, on_answer, h);
    return 0;
}

static int start_exec(struct flow *f, struct held *h, const struct attempt *a, struct err *e)
{
    struct child_options o = {
        .input = buf_slice(&h->document),
        .timeout_us = a->timeout_us,
        .output_max = h->step->exec->output_max,
    };

    if (step_command_fill(&f->command, a, &o.process, e))
        return -1;
    struct child *child = child_start(f->loop, f->nursery, &o, on_child, h, e);
    if (!child)
        return -1;
    note_begin(f, h);
    h->child = child;
    return 0;
}

static int start_plugin(struct flow *f, struct held *h, const struct attempt *a, struct err *e)
{
    struct plugin_options o = { h->step->plugin, buf_slice(&h->document), a->timeout_us };
    struct plugin_call *call = plugin_start(f->pools, &o, on_plugin, h, e);

    if (!call)
        return -1;
    note_begin(f, h);
    h->plugin = call;
    return 0;
}

static void cancel_http(struct held *h)
{
    call_cancel(h->call);
}

static void cancel_exec(struct held *h)
{
    child_cancel(h->child);
}

static void cancel_plugin(struct held *h)
{
    plugin_cancel(h->plugin);
}

/* start: 0, it is under way; -1, it cannot be tried now. */
static const struct {
    int (*start)(struct flow *f, struct held *h, const struct attempt *a, struct err *e);
    void (*cancel)(struct held *h);
} kinds[] = {
    [STEP_HTTP] = { start_http, cancel_http },
    [STEP_EXEC] = { start_exec, cancel_exec },
    [STEP_PLUGIN] = { start_plugin, cancel_plugin },
};

/* No attempt: the step ends as it is said in v. */
static void settle_unsent(struct flow *f, struct held *h, enum attempt_outcome outcome, struct step_verdict *v)
{
    v->outcome = outcome;
    settle(f, h, v, 0);
}

/* Nothing, or a reason why this attempt is not made. */
static bool is_over(struct flow *f, struct held *h, struct attempt *a)
{
    struct step_verdict v = { 0 };
    int64_t left_us = step_deadline_us(h) - a->started_us;

    if (left_us <= 0) {
        snprintf(v.error, sizeof v.error, "the run's deadline is over");
        settle_unsent(f, h, ATTEMPT_FATAL, &v);
        return true;
    }
    a->timeout_us = left_us < h->step->timeout_us ? left_us : h->step->timeout_us;
    if (h->step->kind == STEP_HTTP && lane_is_gone(h->lane, h->step->path)) {
        snprintf(v.error, sizeof v.error,
                 "endpoint %.*s answered 410 for path \"%.*s\" before: not called until the next reload or restart",
                 SLICE_FMT(slice_first(h->lane->name, 80)), SLICE_FMT(slice_first(h->step->path, 80)));
        settle_unsent(f, h, ATTEMPT_FATAL, &v);
        return true;
    }
    enum given_result given = given_make(&f->given, a, v.error, sizeof v.error);
    if (given != GIVEN_GO)
        settle_unsent(f, h, given == GIVEN_SKIP ? ATTEMPT_SKIPPED : ATTEMPT_FATAL, &v);
    return given != GIVEN_GO;
}

static void attempt(struct flow *f, struct held *h)
{
    const struct lease *l = h->lease;
    struct err e;

    held_move(&h->state, HELD_EV_STARTED);
    h->started_us = clock_wall_us();
    struct attempt a = { l, h->workflow, h->step, l->attempts + 1, h->started_us, 0, l->event->data };
    if (is_over(f, h, &a))
        return;
    buf_reset(&h->document);
    attempt_put_document(&a, &h->document);
    if (l->attempts == 0 && h->step->n_needs == 0 && h->step->index < workflow_n_main(h->workflow))
        histogram_add(&f->stats.start_us, (uint64_t)(h->started_us - l->event->time_us));
    if (kinds[h->step->kind].start(f, h, &a, &e)) {
        struct step_verdict v = { 0 };
        snprintf(v.error, sizeof v.error, "%.300s", e.text);
        v.outcome = ATTEMPT_FATAL;
        if (e.code != ERR_LIMIT) /* which another attempt would meet again */
            step_verdict_retry(&v, &h->step->retry, true, a.number, dice_roll(&f->dice), -1);
        settle(f, h, &v, 0);
    }
}

/* A lane that the plan does not have any more is bounded as its steps' workflow says. */
static bool may_call(const struct lane *l)
{
    const struct step *step = l->waiting->step;
    int otherwise = step->kind == STEP_HTTP ? step->endpoint->concurrency : PLUGIN_WINDOW;

    return l->calls < (l->concurrency ? l->concurrency : otherwise);
}

void dispatcher_go(struct flow *f, struct lane *l)
{
    while (!f->stopping && l->waiting && may_call(l))
        attempt(f, lane_next(l));
}

void dispatcher_known(struct flow *f, struct held *h, struct workflow *w)
{
    h->workflow = w;
    h->step = &w->steps[h->lease->step];
    if (f->stopping) {
        give_back(f, h);
        return;
    }
    held_move(&h->state, HELD_EV_KNOWN);
    lane_wait(h->lane, h);
    dispatcher_go(f, h->lane);
}

void dispatcher_unknown(struct flow *f, struct held *h, const char *why)
{
    unsigned before = h->lease->attempts;
    int64_t wait_us = UNKNOWN_WAIT_US << (before < 6 ? before : 6);

    if (f->stopping) {
        give_back(f, h);
        return;
    }
    held_move(&h->state, HELD_EV_GIVEN_UP);
    h->started_us = clock_wall_us();
    set_error(h, why);
    LOG_WARN("step cannot run now", LOG_ID("run", h->lease->run), LOG_I("step", h->lease->step), LOG_Z("error", why));
    wait_us = wait_us < UNKNOWN_WAIT_MAX_US ? wait_us : UNKNOWN_WAIT_MAX_US;
    conclude(f, h, before + 1 < UNKNOWN_ATTEMPTS_MAX ? ATTEMPT_RETRY : ATTEMPT_FATAL, 0, h->started_us + wait_us);
}

/* A newborn lease has its workflow, and its place was taken by flow_room; a claimed one has neither. */
void dispatcher_lease(struct flow *f, struct lease *l)
{
    struct workflow *w = l->workflow;
    struct lane *lane = w ? lanes_get(&f->lanes, step_queue(&w->steps[l->step])) : f->claims.lane;

    if (!w)
        lanes_take(&f->lanes, lane, 1);
    if (held_has(&f->held, l)) {
        lanes_give_back(&f->lanes, lane, 1);
        lease_free(l);
        return;
    }
    struct held *h = held_put(&f->held, l);
    h->flow = f;
    h->lane = lane;
    h->state = HELD_ASKING;
    atomic_fetch_add(&f->lanes.bytes, (int64_t)lease_bytes(l));
    atomic_fetch_add(&f->stats.held, 1);
    if (w)
        dispatcher_known(f, h, workflow_ref(w));
    else
        workflows_ask(f, h);
}

void dispatcher_release(struct flow *f, struct held *h)
{
    /* The writer tells flow_on_ready so, but for a step without a workflow, whose queue it cannot know. */
    if (h->write.finish.outcome == ATTEMPT_RETRY)
        lane_due(h->lane, h->write.finish.due_us);
    lanes_give_back(&f->lanes, h->lane, 1);
    atomic_fetch_sub(&f->lanes.bytes, (int64_t)lease_bytes(h->lease));
    atomic_fetch_sub(&f->stats.held, 1);
    held_remove(&f->held, h);
    claims_look(f);
    flow_check_stopped(f);
}

void dispatcher_return_waiting(struct flow *f)
{
    struct held *h;

    for (struct lane *l = atomic_load(&f->lanes.all); l; l = l->next) {
        while ((h = lane_next(l)))
            give_back(f, h);
    }
}

static void cut(struct flow *f, struct held *h)
{
    struct step_verdict v = { .outcome = ATTEMPT_RETURNED };

    kinds[h->step->kind].cancel(h);
    note_end(f, h);
    settle(f, h, &v, 0);
}

void dispatcher_cut(struct flow *f)
{
    for (size_t i = 0; i < HELD_BUCKETS; i++) {
        for (struct held *h = f->held.buckets[i]; h; h = h->same_bucket) {
            if (h->state == HELD_CALLING)
                cut(f, h);
        }
    }
}
