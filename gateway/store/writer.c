#include "store/writer.h"

#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/refusals.h"

/* One transaction takes no more, so that the first of a great crowd need not wait for the last; a body with many events, which is
 * written whole, is its last. */
#define BATCH_MAX 1024
/* With nothing to do for this long the writer looks after the store. */
#define IDLE_MS 20
#define REFUSED_EVERY_US US_PER_S
#define HOMES_MAX 32

struct writer {
    struct store *store;
    struct writer_options options;
    struct mailbox mailbox;
    struct mail stop;
    struct mail *waiting;        /* detached, oldest first */
    struct refusals lane;
    struct writer_stats stats;
    int64_t refused_at_us;       /* monotonic: when the lane was last emptied */
    bool pruned_out;             /* nothing more to prune when last asked, at pruned_at_us */
    int64_t pruned_at_us;
    pthread_t thread;
    pthread_mutex_t lock;        /* for those in writer_wait */
    pthread_cond_t answered;
};

/* What a queue was told before the commit, and flow is told after it. */
struct ready {
    struct slice queue;
    int64_t due_us;
};

struct batch {
    struct writer *writer;
    struct write *list[BATCH_MAX];
    size_t count;
    struct lease *leases;        /* newest first */
    struct ready *ready;
    size_t n_ready, ready_capacity;
    int64_t now_us;
};

static void note_ready(struct batch *b, struct slice queue, int64_t due_us)
{
    for (size_t i = 0; i < b->n_ready; i++) {
        if (slice_eq(b->ready[i].queue, queue)) {
            if (due_us < b->ready[i].due_us)
                b->ready[i].due_us = due_us;
            return;
        }
    }
    if (b->n_ready == b->ready_capacity) {
        b->ready_capacity = b->ready_capacity ? 2 * b->ready_capacity : 16;
        b->ready = mem_grow(b->ready, b->ready_capacity, sizeof *b->ready);
    }
    b->ready[b->n_ready++] = (struct ready){ queue, due_us };
}

/* The room that the store asks: flow's, with a note of those it has none for. */
static bool ask_room(void *arg, const struct step *step)
{
    struct batch *b = arg;
    const struct writer_options *o = &b->writer->options;

    if (o->room && o->room(o->room_arg, step))
        return true;
    note_ready(b, step_queue(step), b->now_us);
    return false;
}

static int do_append(struct batch *b, struct write *w, struct err *e)
{
    return store_append(b->writer->store, &w->append, ask_room, b, &b->leases, e);
}

static int do_append_all(struct batch *b, struct write *w, struct err *e)
{
    return store_append_all(b->writer->store, w->append_all.list, w->append_all.n, w->append_all.whole, ask_room, b,
                            &b->leases, e);
}

static int do_finish(struct batch *b, struct write *w, struct err *e)
{
    struct step_result *r = &w->finish;

    if (store_finish(b->writer->store, r, ask_room, b, &b->leases, e))
        return -1;
    if (!r->stale && r->workflow && (r->outcome == ATTEMPT_RETRY || r->outcome == ATTEMPT_RETURNED))
        note_ready(b, step_queue(&r->workflow->steps[r->lease->step]),
                   r->outcome == ATTEMPT_RETRY ? r->due_us : b->now_us);
    return 0;
}

static int do_claim(struct batch *b, struct write *w, struct err *e)
{
    return store_claim(b->writer->store, w->claim.queue, w->claim.max, w->claim.now_us, &b->leases,
                       &w->claim.next_due_us, e);
}

static int do_queues(struct batch *b, struct write *w, struct err *e)
{
    return store_queues(b->writer->store, w->queues.arena, &w->queues.list, &w->queues.n, e);
}

static int do_release(struct batch *b, struct write *w, struct err *e)
{
    if (store_release(b->writer->store, w->release.event, w->release.runs, w->release.n, w->release.decisions, e))
        return -1;
    for (size_t i = 0; i < w->release.n; i++) {
        const struct workflow *flow = w->release.runs[i].workflow;
        for (size_t k = 0; k < flow->n_steps; k++) {
            if (!flow->steps[k].n_needs)
                note_ready(b, step_queue(&flow->steps[k]), b->now_us);
        }
    }
    return 0;
}

static int do_define(struct batch *b, struct write *w, struct err *e)
{
    for (size_t i = 0; i < w->define.n; i++) {
        if (store_define(b->writer->store, w->define.list[i], w->define.origin, e))
            return -1;
    }
    return 0;
}

static int do_definition(struct batch *b, struct write *w, struct err *e)
{
    return store_definition(b->writer->store, w->definition.row, w->definition.arena, &w->definition.out, e);
}

static int do_hand(struct batch *b, struct write *w, struct err *e)
{
    return store_hand(b->writer->store, &w->hand.row, w->hand.arena, &w->hand.first, e);
}

static int do_forget(struct batch *b, struct write *w, struct err *e)
{
    return store_forget(b->writer->store, w->forget.source, e);
}

static int (*const kinds[])(struct batch *b, struct write *w, struct err *e) = {
    [WRITE_APPEND] = do_append,
    [WRITE_APPEND_ALL] = do_append_all,
    [WRITE_FINISH] = do_finish,
    [WRITE_CLAIM] = do_claim,
    [WRITE_QUEUES] = do_queues,
    [WRITE_RELEASE] = do_release,
    [WRITE_DEFINE] = do_define,
    [WRITE_DEFINITION] = do_definition,
    [WRITE_HAND] = do_hand,
    [WRITE_FORGET] = do_forget,
};

static void set_result(struct write *w, const struct err *e)
{
    w->result = e ? -1 : 0;
    w->code = e ? e->code : ERR_NONE;
    if (e && w->err)
        *w->err = *e;
}

/* 0, or -1: the whole batch has failed. */
static int write_all(struct batch *b, struct err *e)
{
    for (size_t i = 0; i < b->count; i++) {
        struct write *w = b->list[i];
        int result = kinds[w->kind](b, w, e);
        if (result && e->code != ERR_NOT_FOUND && e->code != ERR_CONFLICT)
            return -1;
        set_result(w, result ? e : NULL);
    }
    /* In the same transaction: rows then go as fast as they come, and no commit is paid for them. */
    store_prune(b->writer->store, b->now_us);
    return 0;
}

static int write_batch(struct batch *b, struct err *e)
{
    struct store *st = b->writer->store;

    if (store_begin(st, true, e))
        return -1;
    if (write_all(b, e)) {
        store_rollback(st);
        return -1;
    }
    return store_commit(st, e);
}

/* Leases of store_claim have no workflow: room was not asked for them. */
static void drop_leases(struct batch *b)
{
    const struct writer_options *o = &b->writer->options;

    while (b->leases) {
        struct lease *l = b->leases;
        b->leases = (struct lease *)(void *)l->mail.next;
        if (l->workflow && o->room_back)
            o->room_back(o->room_arg, &l->workflow->steps[l->step]);
        lease_free(l);
    }
}

static void fail_batch(struct batch *b, struct err *e)
{
    struct writer *w = b->writer;

    drop_leases(b);
    if (!atomic_load(&w->stats.last_commit_failed_us))
        LOG_ERROR("the store fails: what comes is answered with 503 until it works again", LOG_Z("error", e->text));
    atomic_store(&w->stats.last_commit_failed_us, clock_wall_us());
    counter_add(&w->stats.failed_batches, 1);
    e->code = ERR_TEMP;
    for (size_t i = 0; i < b->count; i++)
        set_result(b->list[i], e);
}

static void post_leases(struct batch *b)
{
    const struct writer_options *o = &b->writer->options;
    struct mail *first = NULL, *last = b->leases ? &b->leases->mail : NULL;

    for (struct mail *m = last; m;) {
        struct mail *next = m->next;
        m->run = o->on_lease;
        m->next = first;
        first = m;
        m = next;
    }
    b->leases = NULL;
    if (first)
        loop_post_list(o->flow, first, last);
}

static void note_success(struct writer *w)
{
    if (atomic_load(&w->stats.last_commit_failed_us)) {
        LOG_INFO("the store works again");
        atomic_store(&w->stats.last_commit_failed_us, 0);
    }
}

static void succeed_batch(struct batch *b, int64_t began_us)
{
    struct writer *w = b->writer;
    const struct writer_options *o = &w->options;

    note_success(w);
    counter_add(&w->stats.batches, 1);
    counter_add(&w->stats.writes, b->count);
    histogram_add(&w->stats.batch_size, b->count);
    histogram_add(&w->stats.commit_us, (uint64_t)(clock_mono_us() - began_us));
    post_leases(b);
    /* Before the answers: the queues' names belong to what the askers hold until then. */
    for (size_t i = 0; o->on_ready && i < b->n_ready; i++)
        o->on_ready(o->on_ready_arg, b->ready[i].queue, b->ready[i].due_us);
}

static void run_done(struct mail *m)
{
    struct write *w = (struct write *)(void *)m;

    w->done(w);
}

struct waiter {
    bool done;
};

/* For writer_wait's caller: w is his again as soon as `done` is seen. */
static void answer_here(struct writer *w, struct write *one)
{
    struct waiter *waiter = one->waiter;

    if (!waiter) {
        one->done(one);
        return;
    }
    pthread_mutex_lock(&w->lock);
    waiter->done = true;
    pthread_cond_broadcast(&w->answered);
    pthread_mutex_unlock(&w->lock);
}

/* One wake-up a loop: the answers of each are chained first. */
static void answer(struct batch *b)
{
    struct home {
        struct loop *loop;
        struct mail *first, *last;
    } homes[HOMES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < b->count; i++) {
        struct write *w = b->list[i];
        size_t at = 0;
        if (!w->home) {
            answer_here(b->writer, w);
            continue;
        }
        while (at < n && homes[at].loop != w->home)
            at++;
        if (at == HOMES_MAX) {
            loop_post(w->home, &w->mail);
            continue;
        }
        w->mail.next = NULL;
        if (at == n)
            homes[n++] = (struct home){ w->home, &w->mail, &w->mail };
        else
            homes[at].last = homes[at].last->next = &w->mail;
    }
    for (size_t i = 0; i < n; i++)
        loop_post_list(homes[i].loop, homes[i].first, homes[i].last);
}

static size_t events_of(const struct write *w)
{
    return w->kind == WRITE_APPEND_ALL ? w->append_all.n : 1;
}

/* False: the mail that says stop was next. */
static bool fill_batch(struct batch *b)
{
    struct writer *w = b->writer;

    for (size_t events = 0; w->waiting && events < BATCH_MAX; events += events_of(b->list[b->count - 1])) {
        struct mail *m = w->waiting;
        w->waiting = m->next;
        if (m == &w->stop)
            return false;
        b->list[b->count++] = (struct write *)(void *)m;
    }
    return true;
}

static bool run_batch(struct writer *w)
{
    struct batch b = { .writer = w, .now_us = clock_wall_us() };
    int64_t began_us = clock_mono_us();
    bool go_on = fill_batch(&b);
    struct err e;

    if (b.count) {
        if (write_batch(&b, &e))
            fail_batch(&b, &e);
        else
            succeed_batch(&b, began_us);
        answer(&b);
    }
    free(b.ready);
    return go_on;
}

static int write_refusals(struct writer *w, const struct refusal *list, struct err *e)
{
    if (store_begin(w->store, false, e))
        return -1;
    for (const struct refusal *r = list; r; r = r->next) {
        if (store_refuse(w->store, &r->row, e)) {
            store_rollback(w->store);
            return -1;
        }
    }
    return store_commit(w->store, e);
}

/* A refusal is worth a line, not a second try: when the store fails they are counted and gone. */
static void flush_refusals(struct writer *w)
{
    struct refusal *list = refusals_take(&w->lane);
    uint64_t n = 0;
    struct err e;

    w->refused_at_us = clock_mono_us();
    if (!list)
        return;
    bool written = write_refusals(w, list, &e) == 0;
    if (!written)
        LOG_WARN("refusals could not be stored", LOG_Z("error", e.text));
    while (list) {
        struct refusal *next = list->next;
        free(list);
        list = next;
        n++;
    }
    counter_add(written ? &w->stats.refused_written : &w->stats.refused_dropped, n);
}

#define PRUNE_EVERY_US (10 * US_PER_S)

/* True: there is more of it. */
static bool prune(struct writer *w)
{
    struct err e;

    if (clock_mono_us() - w->pruned_at_us < PRUNE_EVERY_US && w->pruned_out)
        return false;
    w->pruned_at_us = clock_mono_us();
    w->pruned_out = true;
    /* A cut that a power failure undoes is made again: no sync is paid for it. */
    if (store_begin(w->store, false, &e))
        return false;
    bool more = store_prune(w->store, clock_wall_us());
    w->pruned_out = !more;
    return store_commit(w->store, &e) == 0 && more;
}

/* Who is told that the store fails sends nothing any more: then it must be found out here that it works again. */
static void probe(struct writer *w)
{
    struct err e;

    if (store_begin(w->store, true, &e))
        return;
    if (store_probe(w->store, &e))
        store_rollback(w->store);
    else if (store_commit(w->store, &e) == 0)
        note_success(w);
}

static void idle(struct writer *w)
{
    if (atomic_load(&w->stats.last_commit_failed_us))
        probe(w);
    else if (prune(w))
        return;
    if (store_checkpoint(w->store, true))
        counter_add(&w->stats.checkpoints, 1);
    mailbox_wait(&w->mailbox, (int)(REFUSED_EVERY_US / 1000));
}

/* A writer that wakes up does not push an ingest thread off its CPU: while all of them are busy it takes its turn, and finds
 * a larger batch waiting. Measured at full load on two cores: a quarter fewer commits, 8 % less kernel time an event. */
static void never_preempt(void)
{
    const struct sched_param none = { 0 };

    if (sched_setscheduler(0, SCHED_BATCH, &none))
        LOG_DEBUG("the writer keeps the default scheduling");
}

static void *run_writer(void *arg)
{
    struct writer *w = arg;

    never_preempt();
    for (;;) {
        if (!w->waiting)
            w->waiting = mailbox_take(&w->mailbox);
        bool busy = w->waiting != NULL;
        if (busy && !run_batch(w))
            break;
        if (clock_mono_us() - w->refused_at_us >= REFUSED_EVERY_US)
            flush_refusals(w);
        if (busy && store_checkpoint(w->store, false))
            counter_add(&w->stats.checkpoints, 1);
        if (busy)
            continue;
        mailbox_wait(&w->mailbox, IDLE_MS);
        w->waiting = mailbox_take(&w->mailbox);
        if (!w->waiting)
            idle(w);
    }
    flush_refusals(w);
    return NULL;
}

struct writer *writer_start(struct store *st, const struct writer_options *o, struct err *e)
{
    struct writer *w = mem_zalloc(sizeof *w);

    w->store = st;
    w->options = *o;
    if (mailbox_init(&w->mailbox, o->mailbox_bytes, e)) {
        free(w);
        return NULL;
    }
    refusals_init(&w->lane);
    histogram_init(&w->stats.batch_size, 1);
    histogram_init(&w->stats.commit_us, 64);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->answered, NULL);
    if (pthread_create(&w->thread, NULL, run_writer, w) == 0)
        return w;
    err_set(e, ERR_SYSTEM, "cannot start the writer's thread");
    mailbox_clear(&w->mailbox);
    refusals_clear(&w->lane);
    free(w);
    return NULL;
}

void writer_stop(struct writer *w)
{
    if (!w)
        return;
    mailbox_put_list(&w->mailbox, &w->stop, &w->stop);
    pthread_join(w->thread, NULL);
    mailbox_clear(&w->mailbox);
    refusals_clear(&w->lane);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->answered);
    free(w);
}

bool writer_put(struct writer *w, struct write *wr, size_t cost)
{
    wr->mail.run = run_done;
    return mailbox_put(&w->mailbox, &wr->mail, cost);
}

bool writer_put_quietly(struct writer *w, struct write *wr, size_t cost)
{
    wr->mail.run = run_done;
    return mailbox_put_quietly(&w->mailbox, &wr->mail, cost);
}

void writer_say(struct writer *w)
{
    mailbox_say(&w->mailbox);
}

void writer_put_always(struct writer *w, struct write *wr)
{
    wr->mail.run = run_done;
    mailbox_put_list(&w->mailbox, &wr->mail, &wr->mail);
}

int writer_wait(struct writer *w, struct write *wr, struct err *e)
{
    struct waiter waiter = { false };

    wr->waiter = &waiter;
    wr->err = e;
    writer_put_always(w, wr);
    pthread_mutex_lock(&w->lock);
    while (!waiter.done)
        pthread_cond_wait(&w->answered, &w->lock);
    pthread_mutex_unlock(&w->lock);
    wr->waiter = NULL;
    return wr->result;
}

void writer_refuse(struct writer *w, const struct refused_row *r)
{
    if (!refusals_put(&w->lane, r))
        counter_add(&w->stats.refused_dropped, 1);
}

const struct writer_stats *writer_stats(const struct writer *w)
{
    return &w->stats;
}
