#include "flow/machine.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"

static const char *const state_names[HELD_NSTATES] = { "asking", "waiting", "calling", "writing", "unsaved", "gone" };
static const char *const event_names[HELD_NEVENTS] = { "known", "started",   "ended", "given up",
                                                       "saved", "not saved", "again" };

static const struct {
    bool legal;
    enum held_state to;
} moves[HELD_NSTATES][HELD_NEVENTS] = {
    [HELD_ASKING] = { [HELD_EV_KNOWN] = { true, HELD_WAITING }, [HELD_EV_GIVEN_UP] = { true, HELD_WRITING } },
    [HELD_WAITING] = { [HELD_EV_STARTED] = { true, HELD_CALLING }, [HELD_EV_GIVEN_UP] = { true, HELD_WRITING } },
    [HELD_CALLING] = { [HELD_EV_ENDED] = { true, HELD_WRITING } },
    [HELD_WRITING] = { [HELD_EV_SAVED] = { true, HELD_GONE }, [HELD_EV_NOT_SAVED] = { true, HELD_UNSAVED } },
    [HELD_UNSAVED] = { [HELD_EV_AGAIN] = { true, HELD_WRITING } },
};

const char *held_state_name(enum held_state s)
{
    return state_names[s];
}

const char *held_event_name(enum held_event ev)
{
    return event_names[ev];
}

int held_next(enum held_state from, enum held_event ev, enum held_state *to, struct err *e)
{
    if (!moves[from][ev].legal)
        return err_set(e, ERR_CONFLICT, "a step that is %s cannot become %s", state_names[from], event_names[ev]);
    *to = moves[from][ev].to;
    return 0;
}

void held_move(enum held_state *state, enum held_event ev)
{
    struct err e;

    if (held_next(*state, ev, state, &e)) {
        LOG_ERROR("a bug in hooklatch, ending", LOG_Z("error", e.text));
        abort();
    }
}
