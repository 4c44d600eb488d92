#include "http/handed.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define KIND "handed"
#define TELL_EVERY_US (60 * US_PER_S)

struct handed_use {
    struct ref refs;
    struct verifier *verifier; /* borrows the provider of a plan: whoever holds this holds that plan too */
};

struct text {
    char *ptr;
    size_t len;
};

struct handed_slot {
    struct handed_slot *next;
    struct handed *all;
    char *source;
    /* Under all->lock. */
    struct text sealed, secret; /* ptr NULL: none, not opened */
    char *handshake, *remote;
    int64_t time_us;
    struct handed_use *use;     /* made for all->plan, or NULL */
    struct counter taken, late, forgotten;
    _Atomic int64_t told_us;    /* monotonic */
};

/* One lock for all: what is done under it is short, and only sources that were handed their secret come here. */
struct handed {
    pthread_mutex_t lock;
    struct handed_slot *_Atomic first;
    const struct plan *plan;    /* the newest, only to be compared: verifiers are kept for no other */
};

static struct text text_of(struct slice s)
{
    return (struct text){ slice_dup_z(s), s.len };
}

static void text_clear(struct text *t)
{
    if (t->ptr)
        mem_wipe(t->ptr, t->len);
    free(t->ptr);
    *t = (struct text){ 0 };
}

static struct slice slice_of_text(const struct text *t)
{
    return slice_of(t->ptr, t->len);
}

static void use_clear(struct handed_slot *s)
{
    handed_unuse(s->use);
    s->use = NULL;
}

static void slot_clear(struct handed_slot *s)
{
    use_clear(s);
    text_clear(&s->sealed);
    text_clear(&s->secret);
    free(s->handshake);
    free(s->remote);
    s->handshake = s->remote = NULL;
    s->time_us = 0;
}

static void slot_fill(struct handed_slot *s, const struct handed_row *row)
{
    slot_clear(s);
    s->sealed = text_of(row->sealed);
    s->handshake = slice_dup_z(row->handshake);
    s->remote = slice_dup_z(row->remote);
    s->time_us = row->time_us;
}

struct handed_slot *handed_first(struct handed *h)
{
    return atomic_load_explicit(&h->first, memory_order_acquire);
}

struct handed_slot *handed_next(const struct handed_slot *s)
{
    return s->next;
}

struct handed_slot *handed_find(struct handed *h, struct slice source)
{
    struct handed_slot *s = handed_first(h);

    while (s && !slice_eq_z(source, s->source))
        s = s->next;
    return s;
}

/* Under the lock. */
static struct handed_slot *slot_of(struct handed *h, struct slice source)
{
    struct handed_slot *s = handed_find(h, source);

    if (s)
        return s;
    s = mem_zalloc(sizeof *s);
    s->all = h;
    s->source = slice_dup_z(source);
    s->next = handed_first(h);
    atomic_store_explicit(&h->first, s, memory_order_release);
    return s;
}

struct handed *handed_new(const struct handed_row *rows, size_t n)
{
    struct handed *h = mem_zalloc(sizeof *h);

    pthread_mutex_init(&h->lock, NULL);
    for (size_t i = 0; i < n; i++)
        slot_fill(slot_of(h, rows[i].source), &rows[i]);
    return h;
}

void handed_free(struct handed *h)
{
    if (!h)
        return;
    for (struct handed_slot *s = handed_first(h), *next; s; s = next) {
        next = s->next;
        slot_clear(s);
        free(s->source);
        free(s);
    }
    pthread_mutex_destroy(&h->lock);
    free(h);
}

/* Opened although it was before: the key may be another one now. */
static int open_secret(struct handed_slot *s, const struct seal_key *key, struct err *e)
{
    struct buf secret;

    if (!s->sealed.ptr)
        return 0;
    buf_init(&secret, 2 * HANDED_SECRET_MAX);
    int result = seal_open(key, KIND, slice_z(s->source), slice_of_text(&s->sealed), &secret, e);
    if (result == 0) {
        text_clear(&s->secret);
        s->secret = text_of(buf_slice(&secret));
    } else if (e->code == ERR_CONFLICT) {
        err_set(e, ERR_INPUT, "source %s: the secret that its sender handed over was sealed under another secrets_key: "
                "give that one back; if it is lost, take the source out of the file, start, run "
                "\"hooklatch secrets forget %s\", put it in again and have the sender hand over a new one",
                s->source, s->source);
    } else {
        err_add(e, "source %s: the secret that its sender handed over", s->source);
    }
    if (secret.len)
        mem_wipe(secret.ptr, secret.len);
    buf_clear(&secret);
    return result;
}

static int open_all(struct handed *h, struct plan *plan, struct err *e)
{
    for (size_t i = 0; i < plan->n_sources; i++) {
        struct source *source = &plan->sources[i];
        if (!source->handed_over)
            continue;
        source->handed = slot_of(h, source->name);
        if (open_secret(source->handed, &plan->settings.secrets_key, e) ||
            (source->handed->secret.ptr && handed_check(source, slice_of_text(&source->handed->secret), e)))
            return -1;
    }
    return 0;
}

/* A secret that lies there for nothing may be one that somebody believes to be in use. */
static void warn_unused(struct handed *h, const struct plan *plan)
{
    for (struct handed_slot *s = handed_first(h); s; s = s->next) {
        const struct source *source = plan_source(plan, slice_z(s->source));
        if (s->sealed.ptr && source && !source->handed_over)
            LOG_WARN("the secret that a sender handed over is not used: the configuration has others",
                     LOG_Z("source", s->source));
    }
}

int handed_take_plan(struct handed *h, struct plan *plan, struct err *e)
{
    pthread_mutex_lock(&h->lock);
    int result = open_all(h, plan, e);
    if (result == 0) {
        h->plan = plan;
        for (struct handed_slot *s = handed_first(h); s; s = s->next)
            use_clear(s);
        warn_unused(h, plan);
    }
    pthread_mutex_unlock(&h->lock);
    return result;
}

static struct verifier *make_verifier(const struct source *source, struct slice secret, struct err *e)
{
    struct secret given = { (char *)(uintptr_t)secret.ptr, secret.len, (char *)(uintptr_t)"handed over" };

    return verifier_new(source->provider, &given, 1, source->params, source->n_params, e);
}

int handed_check(const struct source *source, struct slice secret, struct err *e)
{
    if (secret.len > HANDED_SECRET_MAX)
        return err_set(e, ERR_LIMIT, "the secret that is handed over is longer than %d bytes", HANDED_SECRET_MAX);
    struct verifier *v = make_verifier(source, secret, e);
    if (!v)
        return err_add(e, "source %.*s", SLICE_FMT(source->name));
    verifier_free(v);
    return 0;
}

int handed_seal(const struct plan *plan, const struct source *source, struct slice secret, struct buf *out, struct err *e)
{
    return seal_close(&plan->settings.secrets_key, KIND, source->name, secret, out, e);
}

/* Under the lock. A thread that still has an older plan gets one of its own, for this once. */
static struct handed_use *use_of(struct handed_slot *s, const struct plan *plan, const struct source *source)
{
    struct err e;

    if (plan == s->all->plan && s->use) {
        ref_get(&s->use->refs);
        return s->use;
    }
    struct verifier *v = make_verifier(source, slice_of_text(&s->secret), &e);
    if (!v) {
        LOG_ERROR("the secret that was handed over is of no use", LOG_Z("source", s->source), LOG_Z("error", e.text));
        return NULL;
    }
    struct handed_use *u = mem_zalloc(sizeof *u);
    ref_init(&u->refs);
    u->verifier = v;
    if (plan == s->all->plan) {
        s->use = u;
        ref_get(&u->refs);
    }
    return u;
}

struct handed_use *handed_use(struct handed_slot *s, const struct plan *plan, const struct source *source)
{
    pthread_mutex_lock(&s->all->lock);
    struct handed_use *u = s->secret.ptr ? use_of(s, plan, source) : NULL;
    pthread_mutex_unlock(&s->all->lock);
    return u;
}

const struct verifier *handed_verifier(const struct handed_use *u)
{
    return u->verifier;
}

void handed_unuse(struct handed_use *u)
{
    if (!u || !ref_put(&u->refs))
        return;
    verifier_free(u->verifier);
    free(u);
}

bool handed_waits(struct handed_slot *s)
{
    pthread_mutex_lock(&s->all->lock);
    bool waits = !s->secret.ptr;
    pthread_mutex_unlock(&s->all->lock);
    return waits;
}

void handed_set(struct handed_slot *s, const struct handed_row *row, struct slice secret)
{
    pthread_mutex_lock(&s->all->lock);
    slot_fill(s, row);
    s->secret = text_of(secret);
    pthread_mutex_unlock(&s->all->lock);
    counter_add(&s->taken, 1);
    LOG_WARN("a sender has handed over the secret of its source: from now on nothing else is taken there",
             LOG_Z("source", s->source), LOG_SL("handshake", row->handshake), LOG_SL("remote", row->remote),
             LOG_I("bytes", secret.len));
}

void handed_adopt(struct handed_slot *s, const struct handed_row *row, const struct plan *plan)
{
    struct err e;

    pthread_mutex_lock(&s->all->lock);
    bool unknown = !s->sealed.ptr;
    if (unknown)
        slot_fill(s, row);
    int failed = unknown ? open_secret(s, &plan->settings.secrets_key, &e) : 0;
    pthread_mutex_unlock(&s->all->lock);
    if (failed)
        LOG_ERROR("a secret that was handed over does not open", LOG_Z("source", s->source), LOG_Z("error", e.text));
    else if (unknown)
        LOG_WARN("a sender has handed over the secret of its source before: nothing else is taken there",
                 LOG_Z("source", s->source), LOG_SL("handshake", row->handshake), LOG_SL("remote", row->remote));
}

void handed_forget(struct handed_slot *s)
{
    pthread_mutex_lock(&s->all->lock);
    slot_clear(s);
    pthread_mutex_unlock(&s->all->lock);
    counter_add(&s->forgotten, 1);
    LOG_WARN("the secret that a sender handed over is forgotten", LOG_Z("source", s->source));
}

void handed_note_late(struct handed_slot *s, struct slice remote)
{
    int64_t now = clock_mono_us(), told = atomic_load(&s->told_us);

    counter_add(&s->late, 1);
    if ((told && now - told < TELL_EVERY_US) || !atomic_compare_exchange_strong(&s->told_us, &told, now))
        return;
    LOG_WARN("somebody tries to hand over another secret for a source that has one: refused", LOG_Z("source", s->source),
             LOG_SL("remote", remote), LOG_I("tries", counter_get(&s->late)));
}

struct handed_view handed_look(struct handed_slot *s, struct arena *a)
{
    struct handed_view v = { .source = slice_z(s->source), .taken = &s->taken, .late = &s->late,
                             .forgotten = &s->forgotten };

    pthread_mutex_lock(&s->all->lock);
    v.there = s->sealed.ptr != NULL;
    v.time_us = s->time_us;
    if (v.there) {
        v.handshake = arena_slice(a, slice_z(s->handshake));
        v.remote = arena_slice(a, slice_z(s->remote));
    }
    pthread_mutex_unlock(&s->all->lock);
    return v;
}

bool handed_is(struct handed_slot *s, struct slice secret)
{
    pthread_mutex_lock(&s->all->lock);
    bool same = s->secret.ptr != NULL && slice_eq_const_time(slice_of_text(&s->secret), secret);
    pthread_mutex_unlock(&s->all->lock);
    return same;
}

bool handed_show(struct handed_slot *s, struct buf *out)
{
    pthread_mutex_lock(&s->all->lock);
    bool there = s->secret.ptr != NULL;
    if (there)
        buf_put(out, slice_of_text(&s->secret));
    pthread_mutex_unlock(&s->all->lock);
    return there;
}
