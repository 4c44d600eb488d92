#include "store/sqlite_db.h"

static void get_run_row(sqlite3_stmt *s, struct arena *a, struct run_row *out)
{
    *out = (struct run_row){
        .source = arena_slice(a, get_slice(s, 3)),
        .event_type = arena_slice(a, get_slice(s, 4)),
        .workflow = arena_slice(a, get_slice(s, 5)),
        .workflow_def = get_int(s, 6),
        .started_us = get_int(s, 7),
        .ended_us = get_int(s, 8),
    };
    get_id(s, 1, &out->id);
}

static int read_event_id(struct sqlite_reader *r, int64_t key, struct id *out, struct err *e)
{
    sqlite3_stmt *s = r->q[R_EVENT_ID];

    put_int(s, 1, key);
    int found = sqlite_read_row(r, R_EVENT_ID, e);
    if (found > 0) {
        get_id(s, 0, out);
        sqlite3_reset(s);
    }
    return found < 0 ? -1 : 0;
}

static void get_step_row(sqlite3_stmt *s, struct arena *a, struct step_row *out)
{
    *out = (struct step_row){
        .index = (uint16_t)get_int(s, 0),
        .id = arena_slice(a, get_slice(s, 1)),
        .state = (enum step_state)get_int(s, 2),
        .due_us = get_int(s, 3),
        .generation = (uint32_t)get_int(s, 4),
        .attempts = (uint32_t)get_int(s, 5),
        .queue = arena_slice(a, get_slice(s, 6)),
    };
}

/* An array in the arena, doubled when full; the old one is given up to the arena. */
static void *grow_in(struct arena *a, void *list, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return list;
    *capacity = *capacity ? 2 * *capacity : 4;
    void *larger = arena_alloc(a, *capacity * size);
    if (n)
        memcpy(larger, list, n * size);
    return larger;
}

/* Steps, and from their states the run's. */
static int read_steps(struct sqlite_reader *r, struct arena *a, struct run_row *run, struct err *e)
{
    sqlite3_stmt *s = r->q[R_STEPS];
    size_t capacity = 0;
    int rc;

    put_int(s, 1, id_key(run->id));
    while ((rc = sqlite_read_row(r, R_STEPS, e)) > 0) {
        run->steps = grow_in(a, run->steps, run->n_steps, &capacity, sizeof *run->steps);
        get_step_row(s, a, &run->steps[run->n_steps++]);
    }
    if (rc < 0)
        return -1;
    enum step_state *states = arena_alloc(a, (run->n_steps + 1) * sizeof *states);
    for (size_t i = 0; i < run->n_steps; i++)
        states[i] = run->steps[i].state;
    run->state = run_state_of(states, run->n_steps);
    return 0;
}

struct run_scan {
    struct sqlite_reader *reader;
    const struct list_filter *filter;
    struct arena *arena;
    struct run_row *out;
    size_t limit;
    struct list_page *page;
};

static bool wanted(struct slice filter, struct slice value)
{
    return !filter.len || slice_eq(filter, value);
}

/* 1: kept; 0: passed over; -1. */
static int take_run(struct run_scan *x, sqlite3_stmt *s, struct err *e)
{
    const struct list_filter *f = x->filter;
    struct run_row *row = &x->out[x->page->count];
    bool ended = get_int(s, 8) != 0;

    if (!wanted(f->source, get_slice(s, 3)) || !wanted(f->type, get_slice(s, 4)) ||
        !wanted(f->workflow, get_slice(s, 5)))
        return 0;
    if ((f->status == RUN_RUNNING && ended) || (f->status > RUN_RUNNING && !ended))
        return 0;
    get_run_row(s, x->arena, row);
    if (read_steps(x->reader, x->arena, row, e))
        return -1;
    if (f->status >= 0 && (int)row->state != f->status)
        return 0;
    return read_event_id(x->reader, get_int(s, 2), &row->event, e) ? -1 : 1;
}

static int scan_runs(struct run_scan *x, enum sqlite_read_query q, struct err *e)
{
    sqlite3_stmt *s = x->reader->q[q];
    struct list_page *p = x->page;
    int64_t last = INT64_MAX;
    int rc;

    put_int(s, 1, x->filter->has_before ? id_key(x->filter->before) : INT64_MAX);
    if (q == R_RUNS_EVENT)
        put_int(s, 2, id_key(x->filter->event));
    while ((rc = sqlite_read_row(x->reader, q, e)) > 0) {
        /* By failed steps a run comes once for each. */
        if (get_int(s, 0) == last)
            continue;
        if (p->count == x->limit || sqlite_read_late(x->reader)) {
            p->more = true;
            break;
        }
        last = get_int(s, 0);
        if (!get_id(s, 1, &p->last))
            continue;
        int taken = take_run(x, s, e);
        if (taken < 0)
            return -1;
        p->count += (size_t)taken;
    }
    return rc < 0 ? -1 : 0;
}

int sqlite_read_runs(struct store_reader *base, const struct list_filter *f, struct arena *a, struct run_row **out,
                     struct list_page *p, struct err *e)
{
    struct sqlite_reader *r = sqlite_reader_of(base);
    enum sqlite_read_query q = f->has_event ? R_RUNS_EVENT : f->status == RUN_FAILED ? R_RUNS_FAILED : R_RUNS;
    size_t limit = f->limit < 1000 ? f->limit : 1000;
    struct run_scan x = { r, f, a, arena_zalloc(a, limit * sizeof **out), limit, p };

    *p = (struct list_page){ 0 };
    *out = x.out;
    int result = sqlite_read_begin(r, e) < 0 ? -1 : scan_runs(&x, q, e);
    sqlite_read_end(r);
    return result;
}

static void get_attempt(sqlite3_stmt *s, struct arena *a, struct id run, struct attempt_row *out)
{
    *out = (struct attempt_row){
        .run = run,
        .step = (uint16_t)get_int(s, 1),
        .generation = (uint32_t)get_int(s, 2),
        .attempt = (uint32_t)get_int(s, 3),
        .started_us = get_int(s, 4),
        .ended_us = get_int(s, 5),
        .outcome = (enum attempt_outcome)get_int(s, 6),
        .status = (int)get_int(s, 7),
        .error = arena_slice(a, get_slice(s, 8)),
        .output = arena_slice(a, get_slice(s, 9)),
        .log = arena_slice(a, get_slice(s, 10)),
    };
}

static void reverse(struct attempt_row *list, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct attempt_row other = list[i];
        list[i] = list[n - 1 - i];
        list[n - 1 - i] = other;
    }
}

/* From the step's last attempt back to its first; they are given in the order they were made. */
static int read_attempts(struct sqlite_reader *r, struct arena *a, struct run_row *run, uint16_t step, size_t *capacity,
                         struct err *e)
{
    sqlite3_stmt *first = r->q[R_STEP_ATTEMPT], *s = r->q[R_ATTEMPT];
    size_t before = run->n_attempts;
    int64_t key = 0;
    int rc;

    put_int(first, 1, id_key(run->id));
    put_int(first, 2, step);
    rc = sqlite_read_row(r, R_STEP_ATTEMPT, e);
    if (rc > 0)
        key = get_int(first, 0);
    sqlite3_reset(first);
    while (rc >= 0 && key) {
        put_int(s, 1, key);
        rc = sqlite_read_row(r, R_ATTEMPT, e);
        /* Each is older than the one after it: else the rows are damaged, and this would never end. */
        int64_t previous = rc > 0 ? get_int(s, 0) : 0;
        if (rc > 0) {
            run->attempts = grow_in(a, run->attempts, run->n_attempts, capacity, sizeof *run->attempts);
            get_attempt(s, a, run->id, &run->attempts[run->n_attempts++]);
        }
        sqlite3_reset(s);
        key = previous < key ? previous : 0;
    }
    if (run->n_attempts > before)
        reverse(run->attempts + before, run->n_attempts - before);
    return rc < 0 ? -1 : 0;
}

static int get_run(struct sqlite_reader *r, struct id id, struct arena *a, struct run_row *out, struct err *e)
{
    sqlite3_stmt *s = r->q[R_RUN];
    size_t capacity = 0;

    put_int(s, 1, id_key(id));
    int found = sqlite_read_row(r, R_RUN, e);
    if (found < 0)
        return -1;
    if (found)
        get_run_row(s, a, out);
    if (!found || !id_eq(out->id, id))
        return err_set(e, ERR_NOT_FOUND, "no such run");
    if (read_event_id(r, get_int(s, 2), &out->event, e) || read_steps(r, a, out, e))
        return -1;
    for (size_t i = 0; i < out->n_steps; i++) {
        if (read_attempts(r, a, out, out->steps[i].index, &capacity, e))
            return -1;
    }
    return 0;
}

int sqlite_read_run(struct store_reader *base, struct id id, struct arena *a, struct run_row *out, struct err *e)
{
    struct sqlite_reader *r = sqlite_reader_of(base);
    int result = sqlite_read_begin(r, e) < 0 ? -1 : get_run(r, id, a, out, e);

    sqlite_read_end(r);
    return result;
}
