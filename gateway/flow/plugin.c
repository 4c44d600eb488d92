#include "flow/plugin.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/attempt.h"
#include "flow/plugin_worker.h"

#define PAUSE_US (100 * 1000) /* after the second failure in a row; doubled by each more */
#define PAUSE_MAX_US (10 * US_PER_S)

struct pool {
    struct pools *all;
    struct pool *next;
    struct slice name;           /* own memory */
    const struct plugin *plugin; /* of the plan; NULL: it has none of that name */
    char *fingerprint;           /* of the plugin that workers run, own memory */
    struct worker *workers;
    struct line waiting;
    int failures;                /* in a row: of workers that were ready */
    int failed_starts;           /* in a row: of those that never were */
    int64_t not_before_us;       /* monotonic */
    struct timer *pause, *turn;
};

struct pools {
    struct loop *loop;
    struct nursery *nursery;
    struct counter *workers_lost;
    struct pool *first;
    struct environment environment; /* scratch */
};

static void pool_go(struct pool *p);

/* -- Lines -- */

void line_init(struct line *l)
{
    *l = (struct line){ NULL, &l->first, 0 };
}

void line_put(struct line *l, struct plugin_call *c)
{
    c->next = NULL;
    *l->tail = c;
    l->tail = &c->next;
    l->n++;
}

void line_remove(struct line *l, struct plugin_call *c)
{
    struct plugin_call **at = &l->first;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (l->tail == &c->next)
        l->tail = at;
    l->n--;
}

void line_put_before(struct line *l, struct line *from)
{
    if (!from->first)
        return;
    *from->tail = l->first;
    if (!l->first)
        l->tail = from->tail;
    l->first = from->first;
    l->n += from->n;
    line_init(from);
}

void plugin_call_conclude(struct plugin_call *c, const struct plugin_result *r)
{
    struct plugin_result own = *r;

    own.begun_us = c->begun_us ? c->begun_us : clock_mono_us();
    c->done(c->arg, &own);
    free(c);
}

/* -- The end of a worker -- */

/* Nobody can do what waits: each of them is told so. What is begun by that comes behind, and is not among them. */
static void fail_waiting(struct pool *p, const struct plugin_result *r)
{
    for (int n = p->waiting.n; n > 0 && p->waiting.first; n--) {
        struct plugin_call *c = p->waiting.first;
        line_remove(&p->waiting, c);
        plugin_call_conclude(c, r);
    }
}

/* The first crash of a worker that was ready is followed by another one at once. */
static void hold_off(struct pool *p, bool was_ready)
{
    int row = was_ready ? p->failures++ : ++p->failed_starts;
    int64_t pause_us = row ? (int64_t)PAUSE_US << (row < 8 ? row - 1 : 7) : 0;

    p->not_before_us = clock_mono_us() + (pause_us < PAUSE_MAX_US ? pause_us : PAUSE_MAX_US);
}

static void note_failure(struct pool *p, const struct plugin_result *r)
{
    char words[200];

    counter_add(p->all->workers_lost, 1);
    attempt_put_end(&r->end, r->memory_max, words, sizeof words);
    LOG_WARN("a plugin's worker is gone", LOG_SL("plugin", p->name), LOG_SL("error", r->text.len ? r->text : slice_z(words)),
             LOG_I("failures", p->failures + p->failed_starts));
}

/* Another one that may come to what waits. */
static bool has_others(const struct worker *w)
{
    for (const struct worker *o = w->pool->workers; o; o = o->next) {
        if (o != w && !o->retired && o->state <= WORKER_READY)
            return true;
    }
    return false;
}

/* Behind the last mark (flow/plugin_frame.h), or all of it; *before: what stands before that mark. */
static struct slice behind_mark(struct slice log, struct slice *before)
{
    size_t at = log.len;

    while (at > 0 && log.ptr[at - 1] != PLUGIN_LOG_MARK)
        at--;
    *before = slice_first(log, at ? at - 1 : 0);
    return slice_from(log, at ? at + 1 : 0);
}

/* What the call at its head printed, which may be over where its reply was nonsense; or what came past the marks since. */
static struct slice last_words(struct slice log, int why)
{
    struct slice before, words = behind_mark(log, &before);

    return words.len || why != PLUGIN_BROKEN ? words : behind_mark(before, &before);
}

static void take_out(struct worker *w)
{
    struct worker **at = &w->pool->workers;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
}

/* The call at its head is over with it. The others go back to the front of the line; but where it never was ready, nobody can
 * do them now. */
void pool_on_over(struct worker *w)
{
    struct pool *p = w->pool;
    struct plugin_result r = { .what = w->why, .text = slice_z(w->words), .end = w->kept.end, .memory_max = w->memory_max,
                               .log = last_words(kept_log(&w->kept), w->why) };
    struct plugin_call *head = w->was_ready ? w->calls.first : NULL;

    if (!w->was_ready)
        r.what = PLUGIN_NOT_STARTED;
    if (!w->retired || head)
        note_failure(p, &r);
    if (!w->retired)
        hold_off(p, w->was_ready);
    if (head)
        line_remove(&w->calls, head);
    for (struct plugin_call *c = w->calls.first; c; c = c->next)
        c->worker = NULL;
    line_put_before(&p->waiting, &w->calls);
    if (head)
        plugin_call_conclude(head, &r);
    else if (!w->was_ready && !w->retired && !has_others(w))
        fail_waiting(p, &r);
    take_out(w);
    worker_free(w);
    pool_go(p);
}

/* -- Who does what -- */

static struct worker *begin_worker(struct pool *p, struct err *e)
{
    struct worker *w = worker_new(p, p->all->loop, p->all->nursery, p->plugin, &p->all->environment, e);

    if (w) {
        w->next = p->workers;
        p->workers = w;
    }
    return w;
}

void pool_on_hello(struct pool *p)
{
    p->failed_starts = 0;
}

void pool_on_reply(struct pool *p)
{
    p->failures = 0;
}

void pool_on_room(struct pool *p)
{
    pool_go(p);
}

/* One with nothing to do; else a new one while there may be more; else the one with the shortest line, if that is short enough.
 * Ahead goes only what nobody else could do: where there are several workers, a call waits for the first that is idle. */
static struct worker *pick(struct pool *p, bool *may_begin)
{
    int window = p->plugin->workers > 1 ? 1 : PLUGIN_WINDOW, n = 0;
    struct worker *best = NULL;

    for (struct worker *w = p->workers; w; w = w->next) {
        if (w->retired || w->state > WORKER_READY)
            continue;
        n++;
        if (w->calls.n < window && (!best || w->calls.n < best->calls.n))
            best = w;
    }
    *may_begin = n < p->plugin->workers && (!best || best->calls.n > 0);
    return best;
}

/* Nobody is there, and nobody can be begun: those who wait are told. */
static void cannot_begin(struct pool *p, const struct err *e)
{
    struct plugin_result r = { .what = PLUGIN_NOT_STARTED, .text = slice_z(e->text) };

    note_failure(p, &r);
    hold_off(p, false);
    fail_waiting(p, &r);
}

static void pool_go(struct pool *p)
{
    bool may_begin;
    struct err e;

    if (!p->plugin) {
        struct plugin_result r = { .what = PLUGIN_NOT_STARTED, .text = SLICE("the plugin is not in the configuration any more") };
        fail_waiting(p, &r);
        return;
    }
    while (p->waiting.first) {
        struct worker *w = pick(p, &may_begin);
        int64_t pause_us = p->not_before_us - clock_mono_us();
        if (may_begin && pause_us <= 0) {
            struct worker *fresh = begin_worker(p, &e);
            if (!fresh && !w) {
                cannot_begin(p, &e);
                return;
            }
            w = fresh ? fresh : w;
        } else if (may_begin && !w) {
            timer_set(p->pause, pause_us);
        }
        if (!w)
            return;
        struct plugin_call *c = p->waiting.first;
        line_remove(&p->waiting, c);
        worker_give(w, c);
    }
}

static void on_go(void *arg)
{
    pool_go(arg);
}

static struct pool *get_pool(struct pools *ps, struct slice name)
{
    struct pool *p = ps->first;

    while (p && !slice_eq(p->name, name))
        p = p->next;
    if (p)
        return p;
    p = mem_zalloc(sizeof *p);
    p->all = ps;
    p->next = ps->first;
    p->name = slice_of(mem_dup(name.ptr, name.len), name.len);
    p->pause = timer_new(ps->loop, on_go, p);
    p->turn = timer_new(ps->loop, on_go, p);
    line_init(&p->waiting);
    ps->first = p;
    return p;
}

static void use_plugin(struct pool *p, const struct plugin *plugin)
{
    p->plugin = plugin;
    if (plugin && p->fingerprint && slice_eq_z(plugin->fingerprint, p->fingerprint))
        return;
    for (struct worker *w = p->workers; w; w = w->next)
        worker_retire(w);
    free(p->fingerprint);
    p->fingerprint = plugin ? slice_dup_z(plugin->fingerprint) : NULL;
    p->failures = p->failed_starts = 0;
    p->not_before_us = 0;
}

struct pools *pools_new(struct loop *loop, struct nursery *n, struct counter *workers_lost)
{
    struct pools *ps = mem_zalloc(sizeof *ps);

    ps->loop = loop;
    ps->nursery = n;
    ps->workers_lost = workers_lost;
    environment_init(&ps->environment);
    return ps;
}

void pools_use(struct pools *ps, const struct plan *plan)
{
    for (struct plugin *one = plan->plugins; one; one = one->next)
        get_pool(ps, one->name);
    for (struct pool *p = ps->first; p; p = p->next)
        use_plugin(p, plan_plugin(plan, p->name));
    for (struct pool *p = ps->first; p; p = p->next)
        pool_go(p);
}

void pools_free(struct pools *ps)
{
    if (!ps)
        return;
    while (ps->first) {
        struct pool *p = ps->first;
        ps->first = p->next;
        while (p->workers) {
            struct worker *w = p->workers;
            p->workers = w->next;
            worker_free(w);
        }
        timer_free(p->pause);
        timer_free(p->turn);
        free((char *)p->name.ptr);
        free(p->fingerprint);
        free(p);
    }
    environment_clear(&ps->environment);
    free(ps);
}

struct plugin_call *plugin_start(struct pools *ps, const struct plugin_options *o, plugin_done done, void *arg, struct err *e)
{
    struct pool *p = get_pool(ps, o->step->name);

    if (!p->plugin) {
        err_set(e, ERR_TEMP, "there is no plugin \"%.*s\" in the configuration any more", SLICE_FMT(o->step->name));
        return NULL;
    }
    struct plugin_call *c = mem_zalloc(sizeof *c);
    *c = (struct plugin_call){ .pool = p, .o = *o, .done = done, .arg = arg };
    line_put(&p->waiting, c);
    timer_turn(p->turn);
    return c;
}

void plugin_cancel(struct plugin_call *c)
{
    struct worker *w = c->worker;

    line_remove(w ? &w->calls : &c->pool->waiting, c);
    if (w && w->state == WORKER_STARTING) {
        w->unsent = w->unsent == c ? c->next : w->unsent;
    } else if (w) { /* it cannot be told, and its replies would not be understood */
        w->retired = true;
        w->unsent = NULL;
        worker_end(w, PLUGIN_ENDED, "");
    }
    free(c);
}
