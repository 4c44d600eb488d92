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
    struct new_run *runs;        /* behind it, in the same block */
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

static void tell(struct waiting *w, enum admit_outcome outcome, struct id id)
{
    admit_done done = w->done;

    if (!done)
        return;
    w->done = NULL;
    unlink_waiting(w);
    done(w->arg, outcome, id, w->write.append.event->status);
}

static void free_waiting(struct waiting *w)
{
    for (size_t i = 0; i < w->write.append.n_runs; i++)
        workflow_unref(w->runs[i].workflow);
    event_unref(w->write.append.event);
    free(w);
}

static void on_written(struct write *write)
{
    struct waiting *w = (struct waiting *)((char *)write - offsetof(struct waiting, write));
    struct append *a = &write->append;

    if (write->result)
        tell(w, ADMIT_FAILED, a->event->id);
    else if (a->outcome == APPEND_DUPLICATE)
        tell(w, ADMIT_DUPLICATE, a->first);
    else
        tell(w, ADMIT_STORED, a->event->id);
    with_writer--;
    free_waiting(w);
}

/* Those that wait are in the order of their deadlines. */
static void on_tick(void *arg)
{
    struct admit *a = arg;
    int64_t now = clock_mono_us();

    while (a->head.next != &a->head && a->head.next->deadline_us <= now)
        tell(a->head.next, ADMIT_UNKNOWN, a->head.next->write.append.event->id);
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
    dedupe_hash(a->hash_secret, ev->source, by_key ? ev->delivery_key : SLICE_NONE, by_body ? ev->body : SLICE_NONE,
                append->dedupe_hash);
    append->dedupe_until_us = ev->time_us + what->dedupe_window_us;
}

int admit_put(struct admit *a, struct admission *what, admit_done done, void *arg)
{
    struct new_run runs[FLOW_RUNS_MAX];
    size_t n = 0;

    buf_reset(&a->decisions);
    what->event.id = id_new();
    if (what->start)
        n = flow_triggers(what->plan, what->event.type, what->doc, a->scratch, runs, FLOW_RUNS_MAX, &a->decisions);
    what->event.decisions = a->decisions.failed ? SLICE_NONE : buf_slice(&a->decisions);

    struct waiting *w = mem_alloc(sizeof *w + n * sizeof *runs);
    memset(w, 0, sizeof *w);
    w->runs = (struct new_run *)(w + 1);
    memcpy(w->runs, runs, n * sizeof *runs);
    w->admit = a;
    w->done = done;
    w->arg = arg;
    w->deadline_us = clock_mono_us() + COMMIT_TIMEOUT_US;
    w->write.kind = WRITE_APPEND;
    w->write.home = a->loop;
    w->write.done = on_written;
    w->write.append.event = event_make(&what->event, a->packer);
    w->write.append.runs = w->runs;
    w->write.append.n_runs = n;
    set_dedupe(a, &w->write.append, what);
    with_writer++;
    if (!writer_put_quietly(a->writer, &w->write, event_bytes(w->write.append.event))) {
        with_writer--;
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
