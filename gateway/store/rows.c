#include "store/rows.h"

#include <stdlib.h>

#include "store/machine.h"

static const char *const step_names[STEP_NSTATES] = {
    "blocked", "ready", "leased", "open", "done", "failed", "skipped", "cancelled",
};
static const char *const run_names[] = { "running", "done", "failed", "cancelled" };
static const char *const outcome_names[ATTEMPT_NOUTCOMES] = { "ok", "retry", "fatal", "returned", "skipped" };

const char *step_state_name(enum step_state s)
{
    return step_names[s];
}

const char *run_state_name(enum run_state s)
{
    return run_names[s];
}

const char *attempt_outcome_name(enum attempt_outcome o)
{
    return outcome_names[o];
}

enum run_state run_state_of(const enum step_state *steps, size_t n)
{
    size_t count[STEP_NSTATES] = { 0 };

    for (size_t i = 0; i < n; i++)
        count[steps[i]]++;
    if (count[STEP_READY] + count[STEP_LEASED] + count[STEP_OPEN])
        return RUN_RUNNING;
    if (count[STEP_FAILED])
        return RUN_FAILED;
    if (count[STEP_BLOCKED])
        return RUN_RUNNING;
    return count[STEP_CANCELLED] ? RUN_CANCELLED : RUN_DONE;
}

/* What happens to a blocked step by the states of what it needs; STEP_NEVENTS: nothing yet. */
static enum step_event event_by_needs(const struct step *step, const enum step_state *states)
{
    enum step_event ev = STEP_EV_UNBLOCKED;

    for (size_t i = 0; i < step->n_needs; i++) {
        enum step_state need = states[step->needs[i]];
        if (need == STEP_FAILED || need == STEP_CANCELLED)
            return STEP_EV_CANCELLED;
        if (!step_state_final(need))
            ev = STEP_NEVENTS;
    }
    return ev;
}

/* What that is for steps of on_failure before their own needs count: STEP_EV_UNBLOCKED, let these decide. */
static enum step_event event_by_main(const struct workflow *w, const enum step_state *states)
{
    enum step_event ev = STEP_EV_SKIPPED;

    for (size_t i = 0; i < workflow_n_main(w); i++) {
        if (!step_state_final(states[i]))
            return STEP_NEVENTS;
        if (states[i] == STEP_FAILED)
            ev = STEP_EV_UNBLOCKED;
    }
    return ev;
}

static enum step_event event_of_blocked(const struct workflow *w, size_t i, const enum step_state *states)
{
    enum step_event ev = STEP_EV_UNBLOCKED;

    if (!w || i >= w->n_steps)
        return STEP_EV_CANCELLED;
    if (i >= workflow_n_main(w))
        ev = event_by_main(w, states);
    return ev == STEP_EV_UNBLOCKED ? event_by_needs(&w->steps[i], states) : ev;
}

/* Again and again, since what is cancelled or skipped here may be what another one waits for. */
void run_advance(const struct workflow *w, enum step_state *states, size_t n)
{
    bool changed = true;
    struct err e;

    if (w && w->n_steps != n)
        w = NULL; /* a damaged store: its graph is not this one */
    while (changed) {
        changed = false;
        for (size_t i = 0; i < n; i++) {
            enum step_event ev = states[i] == STEP_BLOCKED ? event_of_blocked(w, i, states) : STEP_NEVENTS;
            if (ev != STEP_NEVENTS && step_move(STEP_BLOCKED, ev, &states[i], &e) == 0)
                changed |= step_state_final(states[i]);
        }
    }
}

struct slice step_queue(const struct step *step)
{
    switch (step->kind) {
    case STEP_EXEC:
        return SLICE("exec:");
    case STEP_PLUGIN:
        return step->plugin->queue;
    case STEP_HTTP:
        break;
    }
    return step->endpoint->name;
}

struct lease *lease_new(struct event *ev, struct workflow *w, int64_t workflow_def, struct id run, uint16_t step)
{
    struct lease *l = mem_zalloc(sizeof *l);

    l->event = ev ? event_ref(ev) : NULL;
    l->workflow = w ? workflow_ref(w) : NULL;
    l->workflow_def = workflow_def;
    l->run = run;
    l->step = step;
    return l;
}

void lease_add_output(struct lease *l, uint16_t step, bool failed, struct slice step_id, struct slice text)
{
    char *copy = mem_alloc(step_id.len + text.len);

    if (step_id.len)
        memcpy(copy, step_id.ptr, step_id.len);
    if (text.len)
        memcpy(copy + step_id.len, text.ptr, text.len);
    l->outputs = mem_grow(l->outputs, l->n_outputs + 1, sizeof *l->outputs);
    l->outputs[l->n_outputs++] = (struct lease_output){
        .step = step,
        .failed = failed,
        .step_id = slice_of(copy, step_id.len),
        .text = slice_of(copy + step_id.len, text.len),
    };
}

size_t lease_bytes(const struct lease *l)
{
    size_t bytes = event_bytes(l->event);

    for (size_t i = 0; i < l->n_outputs; i++)
        bytes += l->outputs[i].step_id.len + l->outputs[i].text.len;
    return bytes;
}

void lease_free(struct lease *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n_outputs; i++)
        free((char *)l->outputs[i].step_id.ptr);
    free(l->outputs);
    if (l->workflow)
        workflow_unref(l->workflow);
    event_unref(l->event);
    free(l);
}
