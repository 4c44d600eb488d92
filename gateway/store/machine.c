#include "store/machine.h"

static const char *const event_names[STEP_NEVENTS] = {
    "unblocked", "claimed", "ok", "retry", "fatal", "returned", "void", "cancelled", "skipped",
};

static const struct {
    bool legal;
    enum step_state to;
} moves[STEP_NSTATES][STEP_NEVENTS] = {
    [STEP_BLOCKED] = { [STEP_EV_UNBLOCKED] = { true, STEP_READY },
                       [STEP_EV_CANCELLED] = { true, STEP_CANCELLED },
                       [STEP_EV_SKIPPED] = { true, STEP_SKIPPED } },
    [STEP_READY] = { [STEP_EV_CLAIMED] = { true, STEP_LEASED } },
    [STEP_LEASED] = { [STEP_EV_OK] = { true, STEP_DONE },
                      [STEP_EV_RETRY] = { true, STEP_READY },
                      [STEP_EV_FATAL] = { true, STEP_FAILED },
                      [STEP_EV_RETURNED] = { true, STEP_READY },
                      [STEP_EV_SKIPPED] = { true, STEP_SKIPPED },
                      [STEP_EV_VOID] = { true, STEP_READY },
                      [STEP_EV_CLAIMED] = { true, STEP_LEASED } }, /* after it ran out, without a detour */
};

const char *step_event_name(enum step_event ev)
{
    return event_names[ev];
}

enum step_event step_event_of(enum attempt_outcome outcome)
{
    static const enum step_event events[ATTEMPT_NOUTCOMES] = {
        [ATTEMPT_OK] = STEP_EV_OK,
        [ATTEMPT_RETRY] = STEP_EV_RETRY,
        [ATTEMPT_FATAL] = STEP_EV_FATAL,
        [ATTEMPT_RETURNED] = STEP_EV_RETURNED,
        [ATTEMPT_SKIPPED] = STEP_EV_SKIPPED,
    };
    return events[outcome];
}

int step_move(enum step_state from, enum step_event ev, enum step_state *to, struct err *e)
{
    if (!moves[from][ev].legal)
        return err_set(e, ERR_CONFLICT, "a step that is %s cannot take \"%s\"", step_state_name(from), event_names[ev]);
    *to = moves[from][ev].to;
    return 0;
}
