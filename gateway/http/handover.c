#include "http/handover.h"

#include <stdlib.h>

#include "base/clock.h"

#define COMMIT_TIMEOUT_US (10 * US_PER_S)
#define COST_BYTES 4096

struct handover {
    struct write write;       /* its mail also brings word to the loop */
    struct loop *loop;
    struct plan *plan;        /* a reference */
    struct handed_slot *slot;
    struct slice secret;      /* in memory, as all that follows */
    struct verdict answer;
    struct timer *late;
    handover_done done;       /* NULL once it was told */
    void *arg;
    struct arena memory;
};

/* The answer may hold the secret too: some senders want it back. */
static void wipe(struct slice s)
{
    if (s.len)
        mem_wipe((char *)(uintptr_t)s.ptr, s.len);
}

static void handover_free(struct handover *h)
{
    wipe(h->secret);
    wipe(h->answer.body);
    for (size_t i = 0; i < h->answer.n_headers; i++)
        wipe(h->answer.headers[i].value);
    timer_free(h->late);
    plan_unref(h->plan);
    arena_clear(&h->memory);
    free(h);
}

static void tell(struct handover *h, enum handover_outcome outcome)
{
    handover_done done = h->done;

    h->done = NULL;
    if (done)
        done(h->arg, outcome, &h->answer);
}

static void on_late(void *arg)
{
    tell(arg, HANDOVER_UNKNOWN);
}

static void on_word(struct mail *m)
{
    struct handover *h = (struct handover *)((char *)m - offsetof(struct handover, write.mail));

    bool ours = h->write.result == 0 || (h->write.code == ERR_CONFLICT && handed_is(h->slot, h->secret));

    if (ours)
        tell(h, HANDOVER_TAKEN);
    else
        tell(h, h->write.code == ERR_CONFLICT ? HANDOVER_LATE : HANDOVER_FAILED);
    handover_free(h);
}

/* On the writer's thread, which alone knows the order of what was committed: a secret that is forgotten a moment later must
 * not come back because its loop was slow. */
static void on_committed(struct write *w)
{
    struct handover *h = (struct handover *)((char *)w - offsetof(struct handover, write));

    if (w->result == 0)
        handed_set(h->slot, &w->hand.row, h->secret);
    else if (w->code == ERR_CONFLICT)
        handed_adopt(h->slot, &w->hand.first, h->plan);
    w->mail.run = on_word;
    loop_post(h->loop, &w->mail);
}

static struct verdict copy_answer(const struct verdict *v, struct arena *a)
{
    struct verdict copy = { .result = v->result, .status = v->status, .n_headers = v->n_headers };
    struct header *headers = arena_alloc(a, (v->n_headers + 1) * sizeof *headers);

    copy.content_type = arena_slice(a, v->content_type);
    copy.body = arena_slice(a, v->body);
    for (size_t i = 0; i < v->n_headers; i++)
        headers[i] = (struct header){ arena_slice(a, v->headers[i].name), arena_slice(a, v->headers[i].value) };
    copy.headers = headers;
    return copy;
}

static struct handover *handover_new(struct loop *loop, struct plan *plan, struct source *source, const struct verdict *v,
                                     struct slice remote, struct slice sealed)
{
    struct handover *h = mem_zalloc(sizeof *h);

    arena_init(&h->memory);
    h->loop = loop;
    h->plan = plan_ref(plan);
    h->slot = source->handed;
    h->secret = arena_slice(&h->memory, v->handed);
    h->answer = copy_answer(v, &h->memory);
    h->late = timer_new(loop, on_late, h);
    h->write = (struct write){
        .kind = WRITE_HAND,
        .done = on_committed,
        .hand.row = { .source = source->name,
                      .sealed = arena_slice(&h->memory, sealed),
                      .handshake = slice_z(v->handshake),
                      .remote = arena_slice(&h->memory, remote),
                      .time_us = clock_wall_us() },
        .hand.arena = &h->memory,
    };
    return h;
}

int handover_put(struct writer *w, struct loop *loop, struct plan *plan, struct source *source, const struct verdict *v,
                 struct slice remote, handover_done done, void *arg, struct err *e)
{
    struct buf sealed;

    if (handed_check(source, v->handed, e))
        return -1;
    buf_init(&sealed, HANDED_SECRET_MAX + SEAL_EXTRA_BYTES + 1);
    int result = handed_seal(plan, source, v->handed, &sealed, e);
    struct handover *h = result ? NULL : handover_new(loop, plan, source, v, remote, buf_slice(&sealed));
    buf_clear(&sealed);
    if (!h)
        return -1;
    h->done = done;
    h->arg = arg;
    timer_set(h->late, COMMIT_TIMEOUT_US);
    if (writer_put(w, &h->write, COST_BYTES))
        return 0;
    handover_free(h);
    return err_set(e, ERR_TEMP, "too many events wait for the disk");
}
