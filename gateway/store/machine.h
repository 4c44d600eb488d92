/* store/machine.h - how the stored state of a step may change: one table, one door, for every back end. */
#ifndef STORE_MACHINE_H
#define STORE_MACHINE_H

#include "store/rows.h"

enum step_event {
    STEP_EV_UNBLOCKED, /* what it needs is done */
    STEP_EV_CLAIMED,   /* a process takes it, or it is born leased */
    STEP_EV_OK,
    STEP_EV_RETRY,
    STEP_EV_FATAL,
    STEP_EV_RETURNED,  /* given back undone */
    STEP_EV_VOID,      /* its lease ran out, or its owner is gone */
    STEP_EV_CANCELLED, /* what it needs failed */
    STEP_EV_SKIPPED,   /* its `if` does not hold; or of on_failure, and the run did not fail */
    STEP_NEVENTS,
};
const char *step_event_name(enum step_event ev);
enum step_event step_event_of(enum attempt_outcome outcome);
/* 0 and *to. ERR_CONFLICT: no such move; the transaction stays usable. */
int step_move(enum step_state from, enum step_event ev, enum step_state *to, struct err *e) MUST_CHECK;

#endif
