#include <stdlib.h>

#include "base/log.h"
#include "store/machine.h"
#include "store/sqlite_db.h"

struct claiming {
    struct sqlite_store *st;
    int64_t now_us;
    struct lease **leases;
    /* The runs of one event often follow each other: it is read once. */
    int64_t event_key;
    struct event *event;        /* a reference, or NULL */
    size_t bytes;
};

struct due {
    int64_t run;
    int64_t batch; /* key of the body that its event shares with others; 0: none */
    uint16_t step;
};

/* 1: ev has its data; 0: damaged; -1. */
static int load_data(struct claiming *c, sqlite3_stmt *s, const struct sqlite_packing *p, struct event *ev,
                     struct buf *body, struct buf *data, struct err *e)
{
    if (sqlite_is_shared(ev)) {
        int64_t kept = c->st->kept.key;
        int found = sqlite_body_slice(c->st, ev, p->data_bytes, e);
        if (c->st->kept.key != kept)
            c->bytes += c->st->kept.text.len;
        return found;
    }
    return sqlite_get_body(get_slice(s, EVENT_COLUMN_BODY), p, ev, body, data) == 0;
}

/* 1; 0: damaged; -1. Out: a reference in c->event. */
static int load_event(struct claiming *c, int64_t key, struct err *e)
{
    sqlite3_stmt *s = c->st->q[Q_EVENT_GET];
    struct event ev;
    struct sqlite_packing packing;
    struct buf body = { 0 }, data = { 0 };

    if (c->event && c->event_key == key)
        return 1;
    event_unref(c->event);
    c->event = NULL;
    put_int(s, 1, key);
    int found = sqlite_row(c->st, Q_EVENT_GET, "cannot read the event", e);
    if (found <= 0)
        return found;
    found = sqlite_get_event(s, &ev, &packing) ? load_data(c, s, &packing, &ev, &body, &data, e) : 0;
    if (found > 0) {
        c->event = event_make(&ev, NULL);
        c->event_key = key;
        c->bytes += event_bytes(c->event);
    }
    buf_clear(&body);
    buf_clear(&data);
    sqlite3_reset(s);
    return found;
}

static int lease_step(struct claiming *c, struct lease *l, struct err *e)
{
    sqlite3_stmt *s = c->st->q[Q_STEP_MOVE], *get = c->st->q[Q_STEP_GET];
    int64_t run = id_key(l->run);
    enum step_state state;

    put_int(get, 1, run);
    put_int(get, 2, l->step);
    if (sqlite_row(c->st, Q_STEP_GET, "cannot read the step", e) < 0)
        return -1;
    state = (enum step_state)get_int(get, 0);
    l->generation = (uint32_t)get_int(get, 2);
    l->attempts = (uint32_t)get_int(get, 3);
    l->lease_until_us = c->now_us + STORE_LEASE_US;
    sqlite3_reset(get);
    if (step_move(state, STEP_EV_CLAIMED, &state, e))
        return -1;
    put_int(s, 1, run);
    put_int(s, 2, l->step);
    put_int(s, 3, state);
    put_int(s, 4, l->lease_until_us);
    put_int(s, 5, c->st->owner);
    return sqlite_run(c->st, Q_STEP_MOVE, "cannot lease the step", e);
}

/* A row that cannot be read must not stand in its queue's way for ever. */
static int fail_damaged(struct claiming *c, struct lease *l, struct err *e)
{
    struct step_result r = { .lease = l, .outcome = ATTEMPT_FATAL, .started_us = c->now_us, .ended_us = c->now_us,
                             .error = SLICE("the stored event is damaged") };

    LOG_ERROR("the stored event is damaged; its step fails", LOG_ID("run", l->run));
    return sqlite_finish((struct store *)(void *)c->st, &r, NULL, NULL, NULL, e);
}

/* 1: run, event key and definition are known; 0: the row is missing or damaged; -1. */
static int get_run(struct claiming *c, int64_t key, struct id *id, int64_t *event, int64_t *workflow_def, struct err *e)
{
    sqlite3_stmt *s = c->st->q[Q_RUN_GET];

    put_int(s, 1, key);
    int found = sqlite_row(c->st, Q_RUN_GET, "cannot read the run", e);
    if (found > 0) {
        found = get_id(s, 0, id) && id_key(*id) == key;
        *event = get_int(s, 1);
        *workflow_def = get_int(s, 2);
        sqlite3_reset(s);
    }
    return found;
}

/* A step without a run: nothing can be told about it to anyone. */
static int fail_orphan(struct claiming *c, const struct due *d, struct err *e)
{
    sqlite3_stmt *s = c->st->q[Q_STEP_MOVE];

    LOG_ERROR("a stored step has no run; it fails", LOG_I("run_key", d->run));
    put_int(s, 1, d->run);
    put_int(s, 2, d->step);
    put_int(s, 3, STEP_FAILED);
    put_int(s, 4, c->now_us);
    put_int(s, 5, 0);
    return sqlite_run(c->st, Q_STEP_MOVE, "cannot store the step", e);
}

static int claim_one(struct claiming *c, const struct due *d, struct err *e)
{
    struct id run;
    int64_t event, workflow_def;
    int found = get_run(c, d->run, &run, &event, &workflow_def, e);

    if (found <= 0)
        return found < 0 ? -1 : fail_orphan(c, d, e);
    found = load_event(c, event, e);
    if (found < 0)
        return -1;
    struct lease *l = lease_new(c->event, NULL, workflow_def, run, d->step);
    int result = lease_step(c, l, e);
    if (!result && !found)
        result = fail_damaged(c, l, e);
    else if (!result)
        result = sqlite_put_outputs(c->st, l, e);
    if (result || !found) {
        lease_free(l);
        return result;
    }
    c->bytes += lease_bytes(l) - event_bytes(l->event);
    l->mail.next = *c->leases ? &(*c->leases)->mail : NULL;
    *c->leases = l;
    return 0;
}

/* The list is made before anything is changed: no query runs over an index that moves under it. The number, or -1. */
static int find_due(struct sqlite_store *st, struct slice queue, int64_t now_us, size_t max, struct due *out,
                    struct err *e)
{
    sqlite3_stmt *s = st->q[Q_STEPS_DUE];
    struct id batch;
    int n = 0, rc;

    put_text(s, 1, queue);
    put_int(s, 2, now_us);
    put_int(s, 3, (int64_t)max);
    while ((rc = sqlite_row(st, Q_STEPS_DUE, "cannot read the queue", e)) > 0)
        out[n++] = (struct due){ get_int(s, 0), get_id(s, 2, &batch) ? id_key(batch) : 0, (uint16_t)get_int(s, 1) };
    return rc < 0 ? -1 : n;
}

static bool share_body(const struct due *a, const struct due *b)
{
    return a->batch && a->batch == b->batch;
}

/* Steps that are tried again come in any order: those of one body are brought to the first of them, or it would be unpacked once a step
 * while everybody waits for the commit. */
static void bring_together(struct due *list, int n)
{
    for (int i = 0, at; i < n; i = at) {
        at = i + 1;
        for (int k = at; list[i].batch && k < n; k++) {
            if (!share_body(&list[i], &list[k]))
                continue;
            struct due one = list[k];
            memmove(&list[at + 1], &list[at], (size_t)(k - at) * sizeof one);
            list[at++] = one;
        }
    }
}

/* May the next one be claimed too? All of a body, as it is there, and of others until they are large. */
static bool goes_on(const struct claiming *c, const struct due *list, int i)
{
    return c->bytes < CLAIM_BYTES || (share_body(&list[i - 1], &list[i]) && c->bytes < 4 * CLAIM_BYTES);
}

static int next_due(struct sqlite_store *st, struct slice queue, int64_t *out, struct err *e)
{
    sqlite3_stmt *s = st->q[Q_STEPS_NEXT];

    *out = INT64_MAX;
    put_text(s, 1, queue);
    int found = sqlite_row(st, Q_STEPS_NEXT, "cannot read the queue", e);
    if (found > 0) {
        *out = get_int(s, 0);
        sqlite3_reset(s);
    }
    return found < 0 ? -1 : 0;
}

#define CLAIM_MAX 1024

int sqlite_claim(struct store *base, struct slice queue, size_t max, int64_t now_us, struct lease **leases,
                 int64_t *next_due_us, struct err *e)
{
    struct claiming c = { .st = sqlite_of(base), .now_us = now_us, .leases = leases };

    if (max > CLAIM_MAX)
        max = CLAIM_MAX;
    struct due *due = mem_alloc(max * sizeof *due);
    int n = find_due(c.st, queue, now_us, max, due, e), result = n < 0 ? -1 : 0;
    bring_together(due, n);
    for (int i = 0; i < n && !result && goes_on(&c, due, i); i++)
        result = claim_one(&c, &due[i], e);
    event_unref(c.event);
    free(due);
    return result ? result : next_due(c.st, queue, next_due_us, e);
}

int sqlite_queues(struct store *base, struct arena *a, struct queue_due **out, size_t *n, struct err *e)
{
    struct sqlite_store *st = sqlite_of(base);
    sqlite3_stmt *s = st->q[Q_QUEUE_AFTER];
    struct slice last = SLICE_NONE;
    size_t capacity = 0;
    int rc;

    *out = NULL;
    *n = 0;
    /* One look-up a queue: however many steps wait in it. */
    for (;;) {
        put_text(s, 1, last);
        rc = sqlite_row(st, Q_QUEUE_AFTER, "cannot read the queues", e);
        if (rc <= 0)
            return rc;
        if (*n == capacity) {
            struct queue_due *old = *out;
            capacity = capacity ? 2 * capacity : 16;
            *out = arena_alloc(a, capacity * sizeof **out);
            if (*n)
                memcpy(*out, old, *n * sizeof **out);
        }
        last = arena_slice(a, get_slice(s, 0));
        (*out)[(*n)++] = (struct queue_due){ last, get_int(s, 1) };
        sqlite3_reset(s);
    }
}
