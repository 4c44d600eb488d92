#include "base/clock.h"
#include "store/machine.h"
#include "store/sqlite_db.h"

struct step_now {
    enum step_state state;
    int64_t owner, last_attempt;
    uint32_t generation, attempts;
};

/* 1, 0: no such step, -1. */
static int get_step(struct sqlite_store *st, int64_t run, uint16_t step, struct step_now *out, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_STEP_GET];

    put_int(s, 1, run);
    put_int(s, 2, step);
    int found = sqlite_row(st, Q_STEP_GET, "cannot read the step", e);
    if (found > 0) {
        *out = (struct step_now){ (enum step_state)get_int(s, 0), get_int(s, 1), get_int(s, 4), (uint32_t)get_int(s, 2),
                                  (uint32_t)get_int(s, 3) };
        sqlite3_reset(s);
    }
    return found;
}

static int move_step(struct sqlite_store *st, int64_t run, uint16_t step, enum step_state state, int64_t due_us,
                     struct err *e)
{
    sqlite3_stmt *s = st->q[Q_STEP_MOVE];

    put_int(s, 1, run);
    put_int(s, 2, step);
    put_int(s, 3, state);
    put_int(s, 4, due_us);
    put_int(s, 5, state == STEP_LEASED ? st->owner : 0);
    return sqlite_run(st, Q_STEP_MOVE, "cannot store the step", e);
}

static int add_attempt(struct sqlite_store *st, const struct step_result *r, const struct step_now *now, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_ATTEMPT_ADD];

    put_int(s, 1, id_key(r->lease->run));
    put_int(s, 2, r->lease->step);
    put_int(s, 3, now->generation);
    put_int(s, 4, now->attempts + 1);
    put_int(s, 5, r->started_us);
    put_int(s, 6, r->ended_us);
    put_int(s, 7, r->outcome);
    put_int(s, 8, r->status);
    put_int(s, 9, now->last_attempt);
    put_text(s, 10, r->error);
    put_blob(s, 11, r->output.ptr, r->output.len);
    put_text(s, 12, r->log);
    return sqlite_run(st, Q_ATTEMPT_ADD, "cannot store the attempt", e);
}

static int set_step(struct sqlite_store *st, const struct step_result *r, const struct step_now *now,
                    enum step_state next, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_STEP_SET];

    put_int(s, 1, id_key(r->lease->run));
    put_int(s, 2, r->lease->step);
    put_int(s, 3, next);
    put_int(s, 4, r->outcome == ATTEMPT_RETRY ? r->due_us : r->ended_us);
    put_int(s, 5, now->attempts + 1);
    put_int(s, 6, sqlite3_last_insert_rowid(st->db));
    return sqlite_run(st, Q_STEP_SET, "cannot store the step", e);
}

/* The states of all steps in order, twice: as they are, and to work on. The number of steps, or -1. */
static int read_states(struct sqlite_store *st, int64_t run, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_STEPS_OF_RUN];
    int n = 0, rc;

    put_int(s, 1, run);
    while ((rc = sqlite_row(st, Q_STEPS_OF_RUN, "cannot read the run", e)) > 0) {
        enum step_state *states = sqlite_states(st, (size_t)n + 1);
        states[n++] = (enum step_state)get_int(s, 0);
    }
    if (rc < 0)
        return -1;
    enum step_state *states = sqlite_states(st, (size_t)n * 2);
    memcpy(states + n, states, (size_t)n * sizeof *states);
    return n;
}

struct successors {
    struct step_result *result;
    lease_room room;
    void *room_arg;
    struct lease **leases;
};

static int lease_successor(struct sqlite_store *st, const struct successors *x, uint16_t step, struct err *e)
{
    const struct lease *from = x->result->lease;
    struct lease *l = lease_new(from->event, x->result->workflow, from->workflow_def, from->run, step);
    struct step_now now = { 0 };

    l->mail.next = *x->leases ? &(*x->leases)->mail : NULL;
    *x->leases = l;
    if (get_step(st, id_key(from->run), step, &now, e) < 0)
        return -1;
    l->generation = now.generation;
    l->attempts = now.attempts;
    l->lease_until_us = clock_wall_us() + STORE_LEASE_US;
    if (step_move(STEP_READY, STEP_EV_CLAIMED, &now.state, e) ||
        move_step(st, id_key(from->run), step, now.state, l->lease_until_us, e))
        return -1;
    return sqlite_put_outputs(st, l, e);
}

static int change_step(struct sqlite_store *st, const struct successors *x, uint16_t step, enum step_state to,
                       struct err *e)
{
    const struct step_result *r = x->result;

    if (to == STEP_READY && x->room && x->room(x->room_arg, &r->workflow->steps[step]))
        return lease_successor(st, x, step, e);
    return move_step(st, id_key(r->lease->run), step, to, r->ended_us, e);
}

/* The step ended: what that makes of the others, and of the run. */
static int settle_run(struct sqlite_store *st, const struct successors *x, struct err *e)
{
    struct step_result *r = x->result;
    int64_t run = id_key(r->lease->run);
    int n = read_states(st, run, e);
    bool ended = true;

    if (n < 0)
        return -1;
    run_advance(r->workflow, st->states + n, (size_t)n);
    for (int i = 0; i < n; i++) {
        enum step_state to = st->states[n + i];
        if (to != st->states[i] && change_step(st, x, (uint16_t)i, to, e))
            return -1;
        ended &= step_state_final(to);
    }
    if (!ended)
        return 0;
    r->run_ended = true;
    put_int(st->q[Q_RUN_END], 1, run);
    put_int(st->q[Q_RUN_END], 2, r->ended_us);
    return sqlite_run(st, Q_RUN_END, "cannot store the end of the run", e);
}

enum step_state *sqlite_states(struct sqlite_store *st, size_t n)
{
    if (n > st->states_capacity) {
        st->states_capacity = 2 * n;
        st->states = mem_grow(st->states, st->states_capacity, sizeof *st->states);
    }
    return st->states;
}

int sqlite_put_outputs(struct sqlite_store *st, struct lease *l, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_OUTPUTS];
    int rc;

    put_int(s, 1, id_key(l->run));
    while ((rc = sqlite_row(st, Q_OUTPUTS, "cannot read the outputs of earlier steps", e)) > 0)
        lease_add_output(l, (uint16_t)get_int(s, 0), get_int(s, 2) == STEP_FAILED, get_slice(s, 1), get_slice(s, 3));
    return rc;
}

int sqlite_finish(struct store *base, struct step_result *r, lease_room room, void *room_arg, struct lease **leases,
                  struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);
    const struct lease *l = r->lease;
    enum step_state next;
    struct step_now now = { 0 };
    int found = get_step(st, id_key(l->run), l->step, &now, e);

    if (found < 0)
        return -1;
    r->run_ended = false;
    /* The attempts tell two leases of this process apart: one that expired, and the one that was claimed after it. */
    r->stale = !found || now.state != STEP_LEASED || now.owner != st->owner || now.generation != l->generation ||
               now.attempts != l->attempts;
    if (r->stale)
        return 0;
    if (step_move(now.state, step_event_of(r->outcome), &next, e))
        return -1;
    if (r->outcome == ATTEMPT_RETURNED)
        return move_step(st, id_key(l->run), l->step, next, r->ended_us, e);
    if (add_attempt(st, r, &now, e) || set_step(st, r, &now, next, e))
        return -1;
    if (r->outcome == ATTEMPT_RETRY)
        return 0;
    struct successors x = { r, room, room_arg, leases };
    return settle_run(st, &x, e);
}
