#include "unit/store/double.h"

#include <stdlib.h>

#include "base/clock.h"

struct d_event { struct event *event; enum event_status status; struct slice decisions; /* once released */ };
struct d_dedupe { unsigned char hash[16]; struct id event; int64_t until_us; };
struct d_run { struct id id, event; struct slice workflow; int64_t workflow_def, started_us, ended_us; };
struct d_step { int64_t run; struct step_row row; int64_t owner; };
struct d_attempt { int64_t run; struct attempt_row row; };
struct d_refused { struct refused_row row; int64_t bytes; };

enum table_name { EVENTS, DEDUPE, RUNS, STEPS, ATTEMPTS, REFUSED, DEFINITIONS, HANDED, TABLES };
static const size_t row_bytes[TABLES] = {
    sizeof(struct d_event),   sizeof(struct d_dedupe),  sizeof(struct d_run),            sizeof(struct d_step),
    sizeof(struct d_attempt), sizeof(struct d_refused), sizeof(struct definition_row),
    sizeof(struct handed_row),
};

struct table { char *rows; size_t n; };
struct database {
    struct database *next;
    char *url;
    struct table tables[TABLES], saved[TABLES];
    unsigned char secret[STORE_HASH_SECRET_BYTES];
};
struct store { struct store_base base; struct database *db; struct store_settings settings; int64_t owner; };
struct store_reader { struct store_base base; struct database *db; };

static struct database *databases;
static struct arena texts; /* never freed: rows of all databases */
static int fail_commits;

void double_fail_commit(int n) { fail_commits = n; }

static void *row(struct database *db, enum table_name t, size_t i) { return db->tables[t].rows + i * row_bytes[t]; }
#define ROW(db, t, type, i) ((struct type *)row(db, t, i))

static void *add(struct database *db, enum table_name t, const void *bytes)
{
    struct table *x = &db->tables[t];

    x->rows = mem_grow(x->rows, x->n + 1, row_bytes[t]);
    memcpy(x->rows + x->n * row_bytes[t], bytes, row_bytes[t]);
    return x->rows + x->n++ * row_bytes[t];
}

static void drop_first(struct database *db, enum table_name t)
{
    struct table *x = &db->tables[t];

    memmove(x->rows, x->rows + row_bytes[t], --x->n * row_bytes[t]);
}

static struct database *find_database(const char *url)
{
    for (struct database *db = databases; db; db = db->next) {
        if (!strcmp(db->url, url))
            return db;
    }
    struct database *db = mem_zalloc(sizeof *db);
    db->url = mem_strdup(url);
    random_bytes(db->secret, sizeof db->secret);
    db->next = databases;
    databases = db;
    return db;
}

static struct store *d_open(const struct store_settings *s, struct err *e)
{
    struct store *st = mem_zalloc(sizeof *st);

    (void)e;
    st->db = find_database(s->url);
    st->settings = *s;
    random_bytes(&st->owner, sizeof st->owner);
    memcpy(st->base.hash_secret, st->db->secret, sizeof st->db->secret);
    for (size_t i = 0; i < st->db->tables[STEPS].n; i++) {
        struct d_step *step = row(st->db, STEPS, i);
        if (step->row.state == STEP_LEASED) {
            step->row.state = STEP_READY;
            step->row.due_us = clock_wall_us();
        }
    }
    return st;
}

static void d_close(struct store *st) { free(st); }

static int d_begin(struct store *st, bool durable, struct err *e)
{
    (void)durable;
    (void)e;
    for (int t = 0; t < TABLES; t++) {
        struct table *x = &st->db->tables[t], *y = &st->db->saved[t];
        y->n = x->n;
        y->rows = mem_dup(x->rows, x->n * row_bytes[t]);
    }
    return 0;
}

static void d_rollback(struct store *st)
{
    for (size_t i = st->db->saved[EVENTS].n; i < st->db->tables[EVENTS].n; i++)
        event_unref(ROW(st->db, EVENTS, d_event, i)->event);
    for (int t = 0; t < TABLES; t++) {
        free(st->db->tables[t].rows);
        st->db->tables[t] = st->db->saved[t];
        st->db->saved[t] = (struct table){ 0 };
    }
}

static int d_commit(struct store *st, struct err *e)
{
    if (fail_commits && --fail_commits == 0) {
        d_rollback(st);
        return err_set(e, ERR_TEMP, "the double fails");
    }
    for (int t = 0; t < TABLES; t++) {
        free(st->db->saved[t].rows);
        st->db->saved[t] = (struct table){ 0 };
    }
    return 0;
}

static struct d_event *find_event(struct database *db, struct id id)
{
    for (size_t i = 0; i < db->tables[EVENTS].n; i++) {
        if (id_eq(ROW(db, EVENTS, d_event, i)->event->id, id))
            return row(db, EVENTS, i);
    }
    return NULL;
}

static struct d_run *find_run(struct database *db, struct id id)
{
    for (size_t i = 0; i < db->tables[RUNS].n; i++) {
        if (id_eq(ROW(db, RUNS, d_run, i)->id, id))
            return row(db, RUNS, i);
    }
    return NULL;
}

static struct d_step *find_step(struct database *db, int64_t run, uint16_t index)
{
    for (size_t i = 0; i < db->tables[STEPS].n; i++) {
        struct d_step *s = row(db, STEPS, i);
        if (s->run == run && s->row.index == index)
            return s;
    }
    return NULL;
}

static void lease_step(struct store *st, struct d_step *s, struct lease *l, int64_t until_us, struct lease **leases)
{
    struct database *db = st->db;

    s->row.state = STEP_LEASED;
    s->row.due_us = l->lease_until_us = until_us;
    s->owner = st->owner;
    l->generation = s->row.generation;
    l->attempts = s->row.attempts;
    for (uint16_t i = 0; find_step(db, s->run, i); i++) {
        struct d_step *done = find_step(db, s->run, i);
        bool failed = done->row.state == STEP_FAILED;
        for (size_t k = db->tables[ATTEMPTS].n; (failed || done->row.state == STEP_DONE) && k-- > 0;) {
            struct d_attempt *a = row(db, ATTEMPTS, k);
            if (a->run == s->run && a->row.step == i) {
                lease_add_output(l, i, failed, done->row.id, failed ? a->row.error : a->row.output);
                break;
            }
        }
    }
    l->mail.next = *leases ? &(*leases)->mail : NULL;
    *leases = l;
}

/* Runs run_advance over the run and does what came of it. True: all steps are final. */
static bool advance(struct store *st, struct id run, const struct workflow *w, struct workflow *lease_w,
                    struct event *ev, int64_t def, int64_t now_us, lease_room room, void *arg, struct lease **leases)
{
    enum step_state states[64];
    uint16_t n = 0;
    bool ended = true;

    for (struct d_step *s; (s = find_step(st->db, id_key(run), n)); n++)
        states[n] = s->row.state;
    run_advance(w, states, n);
    for (uint16_t i = 0; i < n; i++) {
        struct d_step *s = find_step(st->db, id_key(run), i);
        ended &= step_state_final(states[i]);
        if (s->row.state == states[i])
            continue;
        s->row.state = states[i];
        s->row.due_us = now_us;
        if (states[i] == STEP_READY && ev && room && room(arg, &w->steps[i]))
            lease_step(st, s, lease_new(ev, lease_w, def, run, i), clock_wall_us() + STORE_LEASE_US, leases);
    }
    return ended;
}

static void start_runs(struct store *st, struct id event, struct event *ev, struct new_run *runs, size_t n,
                       int64_t now_us, lease_room room, void *arg, struct lease **leases)
{
    for (size_t i = 0; i < n; i++) {
        struct workflow *w = runs[i].workflow;
        struct d_run run = {
            runs[i].id, event, arena_slice(&texts, w->id), w->def->row, now_us, w->n_steps ? 0 : now_us
        };
        add(st->db, RUNS, &run);
        for (uint16_t k = 0; k < w->n_steps; k++) {
            struct d_step s = { .run = id_key(run.id), .row = { .id = arena_slice(&texts, w->steps[k].id), .index = k,
                                .due_us = now_us, .queue = arena_slice(&texts, step_queue(&w->steps[k])) } };
            add(st->db, STEPS, &s);
        }
        advance(st, run.id, w, w, ev, w->def->row, now_us, room, arg, leases);
    }
}

/* The event as readers see it: with the whole that it is a part of. */
static struct event *copy_event(const struct event *ev, const struct whole *w)
{
    struct event with = *ev;

    if (w) {
        with.headers = w->headers;
        with.body = w->body;
    }
    return event_make(&with, NULL);
}

static void append_one(struct store *st, struct append *a, const struct whole *w, lease_room room, void *arg,
                       struct lease **leases)
{
    a->outcome = APPEND_STORED;
    for (size_t i = 0; a->dedupe && i < st->db->tables[DEDUPE].n; i++) {
        struct d_dedupe *d = row(st->db, DEDUPE, i);
        if (!memcmp(d->hash, a->dedupe_hash, 16) && d->until_us > a->event->time_us) {
            a->outcome = APPEND_DUPLICATE;
            a->first = d->event;
            return;
        }
    }
    struct d_event ev = { copy_event(a->event, w), a->event->status, SLICE_NONE };
    struct d_dedupe d = { .event = a->event->id, .until_us = a->dedupe_until_us };
    memcpy(d.hash, a->dedupe_hash, 16);
    add(st->db, EVENTS, &ev);
    if (a->dedupe)
        add(st->db, DEDUPE, &d);
    start_runs(st, a->event->id, a->event, a->runs, a->n_runs, a->event->time_us, room, arg, leases);
}

static int d_append(struct store *st, struct append *a, lease_room room, void *arg, struct lease **leases,
                    struct err *e)
{
    (void)e;
    append_one(st, a, NULL, room, arg, leases);
    return 0;
}

static int d_append_all(struct store *st, struct append *list, size_t n, const struct whole *w, lease_room room,
                        void *arg, struct lease **leases, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < n; i++)
        append_one(st, &list[i], w, room, arg, leases);
    return 0;
}

static int d_finish(struct store *st, struct step_result *r, lease_room room, void *arg, struct lease **leases,
                    struct err *e)
{
    static const enum step_state next[] = { STEP_DONE, STEP_READY, STEP_FAILED, STEP_READY, STEP_SKIPPED };
    const struct lease *l = r->lease;
    struct d_step *s = find_step(st->db, id_key(l->run), l->step);

    (void)e;
    r->run_ended = false;
    r->stale = !s || s->row.state != STEP_LEASED || s->owner != st->owner || s->row.generation != l->generation ||
               s->row.attempts != l->attempts;
    if (r->stale)
        return 0;
    s->row.state = next[r->outcome];
    s->row.due_us = r->outcome == ATTEMPT_RETRY ? r->due_us : r->ended_us;
    if (r->outcome == ATTEMPT_RETURNED)
        return 0;
    struct d_attempt a = { s->run,
                           { l->run, l->step, l->generation, ++s->row.attempts, r->started_us, r->ended_us, r->outcome,
                             r->status, arena_slice(&texts, r->error), arena_slice(&texts, r->output),
                             arena_slice(&texts, r->log) } };
    add(st->db, ATTEMPTS, &a);
    if (r->outcome == ATTEMPT_RETRY)
        return 0;
    if (advance(st, l->run, r->workflow, r->workflow, l->event, l->workflow_def, r->ended_us, room, arg, leases)) {
        r->run_ended = true;
        find_run(st->db, l->run)->ended_us = r->ended_us;
    }
    return 0;
}

static bool waits(const struct d_step *s) { return s->row.state == STEP_READY || s->row.state == STEP_LEASED; }

static struct d_step *earliest(struct database *db, struct slice queue)
{
    struct d_step *best = NULL;

    for (size_t i = 0; i < db->tables[STEPS].n; i++) {
        struct d_step *s = row(db, STEPS, i);
        if (waits(s) && slice_eq(s->row.queue, queue) && (!best || s->row.due_us < best->row.due_us))
            best = s;
    }
    return best;
}

static int d_claim(struct store *st, struct slice queue, size_t max, int64_t now_us, struct lease **leases,
                   int64_t *next_due_us, struct err *e)
{
    struct d_step *s;
    size_t bytes = 0;

    (void)e;
    while ((s = earliest(st->db, queue)) && s->row.due_us <= now_us && max-- && bytes < CLAIM_BYTES) {
        struct d_run *run = NULL;
        for (size_t i = 0; i < st->db->tables[RUNS].n; i++) {
            if (id_key(ROW(st->db, RUNS, d_run, i)->id) == s->run)
                run = row(st->db, RUNS, i);
        }
        struct event *ev = find_event(st->db, run->event)->event;
        lease_step(st, s, lease_new(ev, NULL, run->workflow_def, run->id, s->row.index), now_us + STORE_LEASE_US,
                   leases);
        bytes += lease_bytes(*leases);
    }
    s = earliest(st->db, queue);
    *next_due_us = s ? s->row.due_us : INT64_MAX;
    return 0;
}

static int d_queues(struct store *st, struct arena *a, struct queue_due **out, size_t *n, struct err *e)
{
    (void)e;
    *n = 0;
    *out = arena_alloc(a, (st->db->tables[STEPS].n + 1) * sizeof **out);
    for (size_t i = 0; i < st->db->tables[STEPS].n; i++) {
        struct d_step *s = row(st->db, STEPS, i);
        size_t k = 0;
        while (k < *n && slice_cmp((*out)[k].queue, s->row.queue) < 0)
            k++;
        if (!waits(s) || (k < *n && slice_eq((*out)[k].queue, s->row.queue)))
            continue;
        memmove(*out + k + 1, *out + k, ((*n)++ - k) * sizeof **out);
        (*out)[k] = (struct queue_due){ s->row.queue, earliest(st->db, s->row.queue)->row.due_us };
    }
    return 0;
}

static int d_release(struct store *st, struct id event, struct new_run *runs, size_t n, struct slice decisions,
                   struct err *e)
{
    struct d_event *ev = find_event(st->db, event);

    if (!ev)
        return err_set(e, ERR_NOT_FOUND, "no such event");
    if (ev->status != EVENT_HELD)
        return err_set(e, ERR_CONFLICT, "the event is not held");
    ev->status = EVENT_RELEASED;
    ev->decisions = arena_slice(&texts, decisions);
    start_runs(st, event, NULL, runs, n, clock_wall_us(), NULL, NULL, NULL);
    return 0;
}

static int d_refuse(struct store *st, const struct refused_row *r, struct err *e)
{
    struct d_refused x = { .row = *r };
    struct slice *slices[] = { &x.row.body, &x.row.reason, &x.row.detail, &x.row.method, &x.row.path, &x.row.remote,
                               &x.row.headers };
    int64_t total = 0;

    (void)e;
    x.row.source = arena_slice(&texts, x.row.source);
    x.row.body = slice_first(x.row.body, REFUSED_BODY_MAX);
    for (int i = 0; i < 7; i++) {
        *slices[i] = arena_slice(&texts, *slices[i]);
        x.bytes += (int64_t)slices[i]->len;
    }
    add(st->db, REFUSED, &x);
    for (size_t i = 0; i < st->db->tables[REFUSED].n; i++)
        total += ROW(st->db, REFUSED, d_refused, i)->bytes;
    while (st->db->tables[REFUSED].n &&
           ((int64_t)st->db->tables[REFUSED].n > st->settings.refused_rows || total > st->settings.refused_bytes)) {
        total -= ROW(st->db, REFUSED, d_refused, 0)->bytes;
        drop_first(st->db, REFUSED);
    }
    return 0;
}

static int d_define(struct store *st, struct definition *d, struct slice origin, struct err *e)
{
    struct definition_row r = { .row = (int64_t)st->db->tables[DEFINITIONS].n + 1, .loaded_us = clock_wall_us() };

    (void)e;
    for (size_t i = 0; i < st->db->tables[DEFINITIONS].n; i++) {
        struct definition_row *x = row(st->db, DEFINITIONS, i);
        if (slice_eq_z(x->kind, d->kind) && slice_eq(x->name, d->name) && !memcmp(x->sha256, d->sha256, 32)) {
            d->row = x->row;
            return 0;
        }
    }
    r.kind = arena_slice(&texts, slice_z(d->kind));
    r.name = arena_slice(&texts, d->name);
    r.text = arena_slice(&texts, d->text);
    r.origin = arena_slice(&texts, origin);
    memcpy(r.sha256, d->sha256, 32);
    add(st->db, DEFINITIONS, &r);
    d->row = r.row;
    return 0;
}

static struct handed_row *find_handed(struct database *db, struct slice source)
{
    for (size_t i = 0; i < db->tables[HANDED].n; i++) {
        if (slice_eq(ROW(db, HANDED, handed_row, i)->source, source))
            return row(db, HANDED, i);
    }
    return NULL;
}

static int d_hand(struct store *st, const struct handed_row *r, struct arena *a, struct handed_row *first, struct err *e)
{
    struct handed_row copy = { .source = arena_slice(&texts, r->source), .sealed = arena_slice(&texts, r->sealed),
                               .handshake = arena_slice(&texts, r->handshake), .remote = arena_slice(&texts, r->remote),
                               .time_us = r->time_us };

    (void)a;
    struct handed_row *there = find_handed(st->db, r->source);
    if (there) {
        *first = *there;
        return err_set(e, ERR_CONFLICT, "the source has a secret already");
    }
    add(st->db, HANDED, &copy);
    return 0;
}

static int d_forget(struct store *st, struct slice source, struct err *e)
{
    struct table *t = &st->db->tables[HANDED];
    struct handed_row *r = find_handed(st->db, source);

    if (!r)
        return err_set(e, ERR_NOT_FOUND, "no secret was handed over to this source");
    *r = *ROW(st->db, HANDED, handed_row, --t->n);
    return 0;
}

static int by_source(const void *left, const void *right)
{
    return slice_cmp(((const struct handed_row *)left)->source, ((const struct handed_row *)right)->source);
}

static int d_handed(struct store *st, struct arena *a, struct handed_row **out, size_t *n, struct err *e)
{
    const struct table *t = &st->db->tables[HANDED];

    (void)e;
    *n = t->n;
    *out = arena_alloc(a, (t->n + 1) * sizeof **out);
    if (*n) {
        memcpy(*out, t->rows, t->n * sizeof **out);
        qsort(*out, *n, sizeof **out, by_source);
    }
    return 0;
}

static int get_definition(struct database *db, int64_t at, struct definition_row *out, struct err *e)
{
    if (at < 1 || at > (int64_t)db->tables[DEFINITIONS].n)
        return err_set(e, ERR_NOT_FOUND, "no such definition");
    *out = *ROW(db, DEFINITIONS, definition_row, (size_t)at - 1);
    return 0;
}

static int d_definition(struct store *st, int64_t at, struct arena *a, struct definition_row *out, struct err *e)
{
    (void)a;
    return get_definition(st->db, at, out, e);
}

static bool d_prune(struct store *st, int64_t now_us)
{
    while (st->db->tables[DEDUPE].n && ROW(st->db, DEDUPE, d_dedupe, 0)->until_us <= now_us)
        drop_first(st->db, DEDUPE);
    return false;
}

static int d_probe(struct store *st, struct err *e)
{
    (void)st;
    (void)e;
    return 0;
}

static bool d_checkpoint(struct store *st, bool idle)
{
    (void)st;
    (void)idle;
    return false;
}

static struct store_reader *d_reader_open(const struct store_settings *s, struct err *e)
{
    struct store_reader *r = mem_zalloc(sizeof *r);

    (void)e;
    r->db = find_database(s->url);
    return r;
}

static void d_reader_close(struct store_reader *r) { free(r); }

static bool wanted(struct slice filter, struct slice value) { return !filter.len || slice_eq(filter, value); }

static bool is_before(const struct list_filter *f, struct id id)
{
    return !f->has_before || id_key(id) < id_key(f->before);
}

static void fill_event(struct database *db, const struct d_event *ev, bool body, struct event_row *out)
{
    *out = (struct event_row){ .event = *ev->event, .body_bytes = ev->event->body.len };
    if (ev->status == EVENT_RELEASED)
        out->event.decisions = ev->decisions;
    out->event.status = ev->status;
    out->event.packed = SLICE_NONE;
    if (!body)
        out->event.body = out->event.data = SLICE_NONE;
    for (size_t i = 0; i < db->tables[RUNS].n; i++)
        out->runs += id_eq(ROW(db, RUNS, d_run, i)->event, ev->event->id);
}

/* A row that the filter wants: false when the page is full. */
static bool take(struct list_page *p, const struct list_filter *f, struct id id)
{
    p->more = p->count == f->limit;
    if (p->more)
        return false;
    p->last = id;
    p->count++;
    return true;
}

static int d_read_events(struct store_reader *r, const struct list_filter *f, struct arena *a, struct event_row **out,
                         struct list_page *p, struct err *e)
{
    (void)e;
    *p = (struct list_page){ 0 };
    *out = arena_zalloc(a, (f->limit + 1) * sizeof **out);
    for (size_t i = r->db->tables[EVENTS].n; i-- > 0;) {
        struct d_event *ev = row(r->db, EVENTS, i);
        if (!is_before(f, ev->event->id) || (f->status >= 0 && (int)ev->status != f->status) ||
            !wanted(f->source, ev->event->source) || !wanted(f->type, ev->event->type))
            continue;
        fill_event(r->db, ev, false, *out + p->count);
        if (!take(p, f, ev->event->id))
            break;
    }
    return 0;
}

static void fill_run(struct database *db, const struct d_run *run, struct arena *a, bool attempts, struct run_row *out)
{
    struct d_event *ev = find_event(db, run->event);
    enum step_state states[64];

    *out = (struct run_row){ .id = run->id,
                             .event = run->event,
                             .workflow = run->workflow,
                             .event_type = ev->event->type,
                             .source = ev->event->source,
                             .workflow_def = run->workflow_def,
                             .started_us = run->started_us,
                             .ended_us = run->ended_us };
    out->steps = arena_zalloc(a, 64 * sizeof *out->steps);
    out->attempts = arena_zalloc(a, (db->tables[ATTEMPTS].n + 1) * sizeof *out->attempts);
    for (struct d_step *s; (s = find_step(db, id_key(run->id), (uint16_t)out->n_steps)); out->n_steps++) {
        out->steps[out->n_steps] = s->row;
        states[out->n_steps] = s->row.state;
        for (size_t i = 0; attempts && i < db->tables[ATTEMPTS].n; i++) {
            struct d_attempt *x = row(db, ATTEMPTS, i);
            if (x->run == s->run && x->row.step == s->row.index)
                out->attempts[out->n_attempts++] = x->row;
        }
    }
    out->state = run_state_of(states, out->n_steps);
}

static int d_read_runs(struct store_reader *r, const struct list_filter *f, struct arena *a, struct run_row **out,
                       struct list_page *p, struct err *e)
{
    (void)e;
    *p = (struct list_page){ 0 };
    *out = arena_zalloc(a, (f->limit + 1) * sizeof **out);
    for (size_t i = r->db->tables[RUNS].n; i-- > 0;) {
        struct run_row *x = *out + p->count;
        fill_run(r->db, row(r->db, RUNS, i), a, false, x);
        if (!is_before(f, x->id) || (f->status >= 0 && (int)x->state != f->status) || !wanted(f->source, x->source) ||
            !wanted(f->type, x->event_type) || !wanted(f->workflow, x->workflow) ||
            (f->has_event && !id_eq(f->event, x->event)))
            continue;
        if (!take(p, f, x->id))
            break;
    }
    return 0;
}

static int d_read_refused(struct store_reader *r, const struct list_filter *f, struct arena *a,
                          struct refused_row **out, struct list_page *p, struct err *e)
{
    (void)e;
    *p = (struct list_page){ 0 };
    *out = arena_zalloc(a, (f->limit + 1) * sizeof **out);
    for (size_t i = r->db->tables[REFUSED].n; i-- > 0;) {
        struct refused_row *x = &ROW(r->db, REFUSED, d_refused, i)->row;
        if (!is_before(f, x->id) || !wanted(f->source, x->source))
            continue;
        (*out)[p->count] = *x;
        (*out)[p->count].body = SLICE_NONE;
        if (!take(p, f, x->id))
            break;
    }
    return 0;
}

static int d_read_event(struct store_reader *r, struct id id, struct arena *a, struct event_row *out, struct err *e)
{
    struct d_event *ev = find_event(r->db, id);

    (void)a;
    if (!ev)
        return err_set(e, ERR_NOT_FOUND, "no such event");
    fill_event(r->db, ev, true, out);
    return 0;
}

static int d_read_run(struct store_reader *r, struct id id, struct arena *a, struct run_row *out, struct err *e)
{
    struct d_run *run = find_run(r->db, id);

    if (!run)
        return err_set(e, ERR_NOT_FOUND, "no such run");
    fill_run(r->db, run, a, true, out);
    return 0;
}

static int d_read_refusal(struct store_reader *r, struct id id, struct arena *a, struct refused_row *out, struct err *e)
{
    (void)a;
    for (size_t i = 0; i < r->db->tables[REFUSED].n; i++) {
        *out = ROW(r->db, REFUSED, d_refused, i)->row;
        if (id_eq(out->id, id))
            return 0;
    }
    return err_set(e, ERR_NOT_FOUND, "no such refusal");
}

static int d_read_definition(struct store_reader *r, int64_t at, struct arena *a, struct definition_row *out,
                             struct err *e)
{
    (void)a;
    return get_definition(r->db, at, out, e);
}

void double_register(void)
{
    static const struct store_backend backend = {
        .scheme = "double",
        .open = d_open, .close = d_close, .begin = d_begin, .commit = d_commit, .rollback = d_rollback,
        .append = d_append, .append_all = d_append_all, .finish = d_finish, .claim = d_claim,
        .queues = d_queues, .release = d_release,
        .refuse = d_refuse, .define = d_define, .definition = d_definition,
        .hand = d_hand, .forget = d_forget, .handed = d_handed, .prune = d_prune, .probe = d_probe,
        .checkpoint = d_checkpoint, .reader_open = d_reader_open, .reader_close = d_reader_close,
        .read_events = d_read_events, .read_runs = d_read_runs, .read_refused = d_read_refused,
        .read_event = d_read_event, .read_run = d_read_run, .read_refusal = d_read_refusal,
        .read_definition = d_read_definition,
    };

    store_register(&backend);
}
