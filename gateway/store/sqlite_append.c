#include "base/clock.h"
#include "store/machine.h"
#include "store/sqlite_db.h"

static void put_or_null(sqlite3_stmt *s, int at, int64_t v, bool there)
{
    if (there)
        put_int(s, at, v);
    else
        sqlite3_bind_null(s, at);
}

/* EVENT_COLUMNS_SOME. */
static void put_some(sqlite3_stmt *s, const struct event *ev)
{
    const struct event_item *i = &ev->item;

    put_or_null(s, 22, ev->happened_us, ev->happened_us != 0);
    if (sqlite_is_shared(ev))
        put_blob(s, 23, i->batch.b, sizeof i->batch.b);
    else
        sqlite3_bind_null(s, 23);
    put_or_null(s, 24, i->index, i->count > 0);
    put_or_null(s, 25, i->count, i->count > 0);
    put_or_null(s, 26, (int64_t)i->at, i->count > 0);
    put_or_null(s, 27, (int64_t)ev->data.len, i->count > 0);
}

/* body_bytes: of the whole body. */
static int add_event(struct sqlite_store *st, const struct event *ev, size_t body_bytes, struct err *e)
{
    bool plain = !ev->happened_us && !ev->item.count;
    enum sqlite_query q = plain ? Q_EVENT_ADD : Q_EVENT_ADD_ALL;
    sqlite3_stmt *s = st->q[q];
    bool packed = ev->packed.len != 0;
    struct slice body = packed ? ev->packed : ev->body;
    /* In the order of EVENT_COLUMNS_ALL. */
    const int64_t numbers[] = { ev->status, ev->verdict, ev->form, ev->plan_def, ev->source_def, ev->schema_def,
                                (int64_t)body_bytes, packed };
    const struct slice slices[] = { ev->subject,    ev->delivery_key, ev->content_type, ev->form_field,
                                    ev->headers,    ev->errors,       ev->decisions };

    put_int(s, 1, id_key(ev->id));
    put_blob(s, 2, ev->id.b, sizeof ev->id.b);
    put_int(s, 3, ev->time_us);
    put_text(s, 4, ev->source);
    put_text(s, 5, ev->type);
    for (int i = 0; i < 8; i++)
        put_int(s, 6 + i, numbers[i]);
    for (int i = 0; i < 7; i++)
        put_text(s, 14 + i, slices[i]);
    put_blob(s, 21, body.ptr, body.len);
    if (!plain)
        put_some(s, ev);
    return sqlite_run(st, q, "cannot store the event", e);
}

/* What the runs of one event have in common. */
struct starting {
    int64_t event_key;
    struct slice source, type;
    int64_t now_us;
    struct event *event;        /* NULL: no step is leased */
    lease_room room;
    void *room_arg;
    struct lease **leases;
};

static int add_run(struct sqlite_store *st, const struct starting *x, const struct new_run *run, struct err *e)
{
    const struct workflow *w = run->workflow;
    sqlite3_stmt *s = st->q[Q_RUN_ADD];

    put_int(s, 1, id_key(run->id));
    put_blob(s, 2, run->id.b, sizeof run->id.b);
    put_int(s, 3, x->event_key);
    put_text(s, 4, x->source);
    put_text(s, 5, x->type);
    put_text(s, 6, w->id);
    put_int(s, 7, w->def->row);
    put_int(s, 8, w->owner ? w->owner->def.row : 0);
    put_int(s, 9, x->now_us);
    put_int(s, 10, w->n_steps ? 0 : x->now_us);
    return sqlite_run(st, Q_RUN_ADD, "cannot store the run", e);
}

/* A step that can begin is born leased when there is room for it: then it is never asked for. */
static bool lease_it(const struct starting *x, const struct new_run *run, uint16_t step, int64_t until_us)
{
    if (!x->event || !x->room || !x->room(x->room_arg, &run->workflow->steps[step]))
        return false;
    struct lease *l = lease_new(x->event, run->workflow, run->workflow->def->row, run->id, step);
    l->lease_until_us = until_us;
    l->mail.next = *x->leases ? &(*x->leases)->mail : NULL;
    *x->leases = l;
    return true;
}

static int add_step(struct sqlite_store *st, const struct starting *x, const struct new_run *run, uint16_t step,
                    enum step_state state, struct err *e)
{
    const struct step *def = &run->workflow->steps[step];
    int64_t until_us = clock_wall_us() + STORE_LEASE_US;
    bool leased = state == STEP_READY && lease_it(x, run, step, until_us);
    sqlite3_stmt *s = st->q[Q_STEP_ADD];

    if (leased && step_move(state, STEP_EV_CLAIMED, &state, e))
        return -1;
    put_int(s, 1, id_key(run->id));
    put_int(s, 2, step);
    put_int(s, 3, state);
    put_int(s, 4, leased ? until_us : x->now_us);
    put_int(s, 5, leased ? st->owner : 0);
    put_text(s, 6, step_queue(def));
    put_text(s, 7, def->id);
    return sqlite_run(st, Q_STEP_ADD, "cannot store the step", e);
}

static int start_run(struct sqlite_store *st, const struct starting *x, const struct new_run *run, struct err *e)
{
    size_t n = run->workflow->n_steps;
    enum step_state *states = sqlite_states(st, n);

    if (add_run(st, x, run, e))
        return -1;
    for (size_t i = 0; i < n; i++)
        states[i] = STEP_BLOCKED;
    run_advance(run->workflow, states, n);
    for (size_t i = 0; i < n; i++) {
        if (add_step(st, x, run, (uint16_t)i, states[i], e))
            return -1;
    }
    return 0;
}

/* w: the whole that the event is one of several of, or NULL; *added: its row is there. */
static int append_one(struct sqlite_store *st, struct append *a, const struct whole *w, bool *added,
                      struct starting *x, struct err *e)
{
    struct event *ev = a->event;
    int found = a->dedupe ? sqlite_dedupe_find(st, a, &a->first, e) : 0;

    if (found < 0)
        return -1;
    a->outcome = found ? APPEND_DUPLICATE : APPEND_STORED;
    if (found)
        return 0;
    if (w && !*added && sqlite_body_add(st, w, e))
        return -1;
    *added = true;
    if (add_event(st, ev, w ? w->body.len : ev->body.len, e) || (a->dedupe && sqlite_dedupe_add(st, a, e)))
        return -1;
    x->event_key = id_key(ev->id);
    x->source = ev->source;
    x->type = ev->type;
    x->now_us = ev->time_us;
    x->event = ev;
    for (size_t i = 0; i < a->n_runs; i++) {
        if (start_run(st, x, &a->runs[i], e))
            return -1;
    }
    return 0;
}

int sqlite_append(struct store *base, struct append *a, lease_room room, void *room_arg, struct lease **leases,
                  struct err *e)
{
    struct starting x = { .room = room, .room_arg = room_arg, .leases = leases };
    bool added = false;

    return append_one(sqlite_of(base), a, NULL, &added, &x, e);
}

int sqlite_append_all(struct store *base, struct append *list, size_t n, const struct whole *w, lease_room room,
                      void *room_arg, struct lease **leases, struct err *e)
{
    struct starting x = { .room = room, .room_arg = room_arg, .leases = leases };
    bool added = false;

    for (size_t i = 0; i < n; i++) {
        if (append_one(sqlite_of(base), &list[i], w, &added, &x, e))
            return -1;
    }
    return 0;
}

static int release_found(struct sqlite_store *st, struct id event, struct new_run *runs, size_t n, struct slice decisions,
                   struct err *e)
{
    sqlite3_stmt *s = st->q[Q_EVENT_HEAD];
    struct id stored;

    if (!get_id(s, 0, &stored) || !id_eq(stored, event))
        return err_set(e, ERR_NOT_FOUND, "no such event");
    if (get_int(s, 1) != EVENT_HELD)
        return err_set(e, ERR_CONFLICT, "the event is not held");
    struct starting x = { .event_key = id_key(event), .source = get_slice(s, 2), .type = get_slice(s, 3),
                          .now_us = clock_wall_us() };
    put_int(st->q[Q_EVENT_RELEASE], 1, x.event_key);
    put_text(st->q[Q_EVENT_RELEASE], 2, decisions);
    if (sqlite_run(st, Q_EVENT_RELEASE, "cannot release the event", e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (start_run(st, &x, &runs[i], e))
            return -1;
    }
    return 0;
}

int sqlite_release(struct store *base, struct id event, struct new_run *runs, size_t n, struct slice decisions,
                   struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);
    sqlite3_stmt *s = st->q[Q_EVENT_HEAD];

    put_int(s, 1, id_key(event));
    int found = sqlite_row(st, Q_EVENT_HEAD, "cannot read the event", e);
    if (found < 0)
        return -1;
    if (!found)
        return err_set(e, ERR_NOT_FOUND, "no such event");
    int result = release_found(st, event, runs, n, decisions, e);
    sqlite3_reset(s);
    return result;
}
