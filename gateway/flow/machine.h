/* flow/machine.h - the life of a step while this process holds it. Its durable states stand in store/rows.h; these are
 * what happens between the lease and the committed result. One table, one door.
 *
 *     (lease comes) → asking ─ known ─→ waiting ─ started ─→ calling ─ ended ─→ writing ─ saved ─→ gone
 *                        └────────────────┴─── given up ──────────────────────────↗  ↘ not saved → unsaved ─ again ↗ */
#ifndef FLOW_MACHINE_H
#define FLOW_MACHINE_H

#include "base/err.h"

enum held_state {
    HELD_ASKING,  /* its workflow is being read from the store */
    HELD_WAITING, /* for its endpoint to have a place */
    HELD_CALLING, /* an attempt is under way */
    HELD_WRITING, /* the result is with the writer */
    HELD_UNSAVED, /* the commit failed: the result will be put again */
    HELD_GONE,
    HELD_NSTATES,
};
enum held_event {
    HELD_EV_KNOWN,    /* its workflow was found */
    HELD_EV_STARTED,  /* its attempt begins */
    HELD_EV_ENDED,    /* the attempt ended, whatever came of it */
    HELD_EV_GIVEN_UP, /* no attempt: shutdown, or its workflow cannot be had */
    HELD_EV_SAVED,
    HELD_EV_NOT_SAVED,
    HELD_EV_AGAIN, /* the result is put again */
    HELD_NEVENTS,
};
const char *held_state_name(enum held_state s);
const char *held_event_name(enum held_event ev);

/* 0 and *to, or -1 with words: the table has no such move. */
int held_next(enum held_state from, enum held_event ev, enum held_state *to, struct err *e) MUST_CHECK;
/* The door: every change of *state goes through it. An illegal move is a bug: logged, then the process ends. */
void held_move(enum held_state *state, enum held_event ev);

#endif
