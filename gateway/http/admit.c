#include "http/admit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "event/dedupe.h"

#define COMMIT_TIMEOUT_US (10 * US_PER_S)
#define DECISIONS_MAX (64 * 1024)

struct waiting {
    struct write write;
    struct admit *admit;
    struct waiting *next, *prev; /* in the order put, while somebody waits for word */
    int64_t deadline_us;
    admit_done done;             /* NULL once it was told */
    void *arg;
};

struct admit_batch {
    struct waiting waiting;
    struct whole *whole;
    size_t capacity;
    size_t bytes, runs;
};

struct admit {
    struct loop *loop;
    struct writer *writer;
    const unsigned char *hash_secret;
    struct schema_scratch *scratch;
    struct event_packer *packer;
    struct buf decisions;
    struct waiting head; /* of the ring */
    size_t count;
    struct timer *tick, *turn;
};

/* With the writer, of all loops: also those whose sender was told that there is no word. */
static _Atomic int64_t with_writer;

int64_t admit_depth(void)
{
    return with_writer;
}

static void unlink_waiting(struct waiting *w)
{
    w->prev->next = w->next;
    w->next->prev = w->prev;
    w->admit->count--;
}

static const struct append *appends_of(const struct waiting *w, size_t *n)
{
    bool several = w->write.kind == WRITE_APPEND_ALL;

    *n = several ? w->write.append_all.n : 1;
    return several ? w->write.append_all.list : &w->write.append;
}

static struct admitted admitted_of(const struct append *a)
{
    bool duplicate = a->outcome == APPEND_DUPLICATE;

    return (struct admitted){ duplicate ? a->first : a->event->id, a->event->status, duplicate };
}

/* What is in the appends is the writer's until it has answered: nothing of it is told before. */
static void tell(struct waiting *w, enum admit_outcome outcome)
{
    admit_done done = w->done;
    struct admitted one = { .duplicate = false }, *list = &one;
    size_t n;

    if (!done)
        return;
    const struct append *a = appends_of(w, &n);
    w->done = NULL;
    unlink_waiting(w);
    if (outcome != ADMIT_STORED) {
        done(w->arg, outcome, &one, 0);
        return;
    }
    if (n > 1)
        list = mem_grow(NULL, n, sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = admitted_of(&a[i]);
    done(w->arg, outcome, list, n);
    if (list != &one)
        free(list);
}

static void clear_append(struct append *a)
{
    for (size_t i = 0; i < a->n_runs; i++)
        workflow_unref(a->runs[i].workflow);
    event_unref(a->event);
}

static void free_waiting(struct waiting *w)
{
    if (w->write.kind == WRITE_APPEND_ALL) {
        admit_batch_free((struct admit_batch *)(void *)w);
        return;
    }
    clear_append(&w->write.append);
    free(w);
}

static void on_written(struct write *write)
{
    struct waiting *w = (struct waiting *)((char *)write - offsetof(struct waiting, write));
    size_t n;

    appends_of(w, &n);
    tell(w, write->result ? ADMIT_FAILED : ADMIT_STORED);
    with_writer -= (int64_t)n;
    free_waiting(w);
}

/* Those that wait are in the order of their deadlines. */
static void on_tick(void *arg)
{
    struct admit *a = arg;
    int64_t now = clock_mono_us();

    while (a->head.next != &a->head && a->head.next->deadline_us <= now)
        tell(a->head.next, ADMIT_UNKNOWN);
}

/* What came in during one turn of the loop is told once: fewer wake-ups, larger batches. Nothing lingers: a writer that
 * is at work takes what it finds. */
static void on_turn(void *arg)
{
    struct admit *a = arg;

    writer_say(a->writer);
}

struct admit *admit_new(struct loop *loop, struct writer *w, const unsigned char *hash_secret)
{
    struct admit *a = mem_zalloc(sizeof *a);

    a->loop = loop;
    a->writer = w;
    a->hash_secret = hash_secret;
    a->scratch = schema_scratch_new();
    a->packer = event_packer_new();
    buf_init(&a->decisions, DECISIONS_MAX);
    a->head.next = a->head.prev = &a->head;
    a->tick = timer_every(loop, 1000, on_tick, a);
    a->turn = timer_new(loop, on_turn, a);
    return a;
}

void admit_free(struct admit *a)
{
    if (!a)
        return;
    timer_free(a->tick);
    timer_free(a->turn);
    schema_scratch_free(a->scratch);
    event_packer_free(a->packer);
    buf_clear(&a->decisions);
    free(a);
}

size_t admit_waiting(const struct admit *a)
{
    return a->count;
}

static void set_dedupe(const struct admit *a, struct append *append, const struct admission *what)
{
    const struct event *ev = &what->event;
    bool by_key = what->dedupe_by == DEDUPE_KEY_BODY || what->dedupe_by == DEDUPE_KEY;
    bool by_body = what->dedupe_by == DEDUPE_KEY_BODY || what->dedupe_by == DEDUPE_BODY;

    append->dedupe = what->dedupe_by != DEDUPE_NONE && (!by_key || ev->delivery_key.len);
    if (!append->dedupe)
        return;
    /* An item's own bytes: it is the same one in whatever company it comes again. */
    struct slice body = ev->item.count ? ev->data : ev->body;
    dedupe_hash(a->hash_secret, ev->source, by_key ? ev->delivery_key : SLICE_NONE, by_body ? body : SLICE_NONE,
                append->dedupe_hash);
    append->dedupe_until_us = ev->time_us + what->dedupe_window_us;
}

/* The event is frozen here; its runs go to `runs`, FLOW_RUNS_MAX of them at most. */
static struct append make_append(struct admit *a, struct admission *what, struct new_run *runs)
{
    struct append out = { 0 };

    buf_reset(&a->decisions);
    what->event.id = id_new();
    if (what->start)
        out.n_runs = flow_triggers(what->plan, what->event.type, what->doc, what->node, a->scratch, runs, FLOW_RUNS_MAX,
                                   &a->decisions);
    what->event.decisions = a->decisions.failed ? SLICE_NONE : buf_slice(&a->decisions);
    out.event = event_make(&what->event, a->packer);
    set_dedupe(a, &out, what);
    return out;
}

/* 0; -1: the writer is full, and w is gone. */
static int put(struct admit *a, struct waiting *w, size_t bytes, admit_done done, void *arg)
{
    size_t n;

    appends_of(w, &n);
    w->admit = a;
    w->done = done;
    w->arg = arg;
    w->deadline_us = clock_mono_us() + COMMIT_TIMEOUT_US;
    w->write.home = a->loop;
    w->write.done = on_written;
    with_writer += (int64_t)n;
    if (!writer_put_quietly(a->writer, &w->write, bytes)) {
        with_writer -= (int64_t)n;
        free_waiting(w);
        return -1;
    }
    timer_turn(a->turn);
    /* The answer comes as mail to this very loop: never before this function returned. */
    w->prev = a->head.prev;
    w->next = &a->head;
    w->prev->next = w->next->prev = w;
    a->count++;
    return 0;
}

int admit_put(struct admit *a, struct admission *what, admit_done done, void *arg)
{
    struct new_run runs[FLOW_RUNS_MAX];
    struct append append = make_append(a, what, runs);
    struct waiting *w = mem_alloc(sizeof *w + append.n_runs * sizeof *runs);

    memset(w, 0, sizeof *w);
    w->write.kind = WRITE_APPEND;
    w->write.append = append;
    w->write.append.runs = (struct new_run *)(w + 1);
    memcpy(w->write.append.runs, runs, append.n_runs * sizeof *runs);
    return put(a, w, event_bytes(append.event), done, arg);
}

struct admit_batch *admit_batch_new(struct admit *a, const struct whole *what)
{
    struct admit_batch *b = mem_zalloc(sizeof *b);

    b->waiting.admit = a;
    b->whole = whole_make(what, a->packer);
    b->bytes = sizeof *b + whole_bytes(b->whole);
    b->waiting.write.kind = WRITE_APPEND_ALL;
    b->waiting.write.append_all.whole = b->whole;
    return b;
}

void admit_batch_free(struct admit_batch *b)
{
    if (!b)
        return;
    struct append *list = b->waiting.write.append_all.list;
    for (size_t i = 0; i < b->waiting.write.append_all.n; i++) {
        clear_append(&list[i]);
        free(list[i].runs);
    }
    free(list);
    free(b->whole);
    free(b);
}

void admit_batch_add(struct admit_batch *b, struct admission *what)
{
    struct new_run runs[FLOW_RUNS_MAX];
    struct append append = make_append(b->waiting.admit, what, runs);
    size_t n = b->waiting.write.append_all.n++;

    append.runs = append.n_runs ? mem_dup(runs, append.n_runs * sizeof *runs) : NULL;
    if (n == b->capacity) {
        b->capacity = b->capacity ? 2 * b->capacity : 16;
        b->waiting.write.append_all.list =
            mem_grow(b->waiting.write.append_all.list, b->capacity, sizeof *b->waiting.write.append_all.list);
    }
    b->waiting.write.append_all.list[n] = append;
    b->runs += append.n_runs;
    b->bytes += sizeof append + append.n_runs * sizeof *runs + event_bytes(append.event);
}

size_t admit_batch_bytes(const struct admit_batch *b)
{
    return b->bytes;
}

size_t admit_batch_runs(const struct admit_batch *b)
{
    return b->runs;
}

int admit_batch_put(struct admit_batch *b, admit_done done, void *arg)
{
    return put(b->waiting.admit, &b->waiting, b->bytes, done, arg);
}
