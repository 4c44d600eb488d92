#include "flow/plugin.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config.h"
#include "flow/attempt.h"
#include "flow/environment.h"
#include "flow/plugin_frame.h"

#define START_WAIT_US (30 * US_PER_S) /* for the hello */
#define END_WAIT_US (2 * US_PER_S)    /* for the end of a process whose socket is closed */
#define PAUSE_US (100 * 1000)         /* after the second failure in a row; doubled by each more */
#define PAUSE_MAX_US (10 * US_PER_S)
#define FRAME_MAX (1u << 30)

struct plugin_call {
    struct plugin_call *next;
    struct pool *pool;
    struct worker *worker; /* NULL: it waits in the pool */
    struct plugin_options o;
    uint32_t id;
    int64_t asked_us, begun_us; /* monotonic; begun_us: 0 until its turn */
    plugin_done done;
    void *arg;
};

/* Calls in a row. */
struct line {
    struct plugin_call *first, **tail;
    int n;
};

enum worker_state {
    WORKER_STARTING, /* its hello is waited for; it has calls, but knows of none */
    WORKER_READY,
    WORKER_LEAVING,  /* it has none any more, was told so, and ends by itself */
    WORKER_ENDING,   /* what is left of it is waited for */
};

struct worker {
    struct pool *pool;
    struct worker *next;
    enum worker_state state;
    bool was_ready;
    bool retired; /* of settings that are not good any more: nothing new */
    struct kept kept;
    struct pipe_end socket;
    struct event *writable;
    struct line calls;           /* the first one is being done, once the worker is ready */
    struct plugin_call *unsent;  /* of calls, the first one that is not sent whole */
    size_t sent;                 /* bytes of it */
    uint32_t last_id;
    struct buf in;
    size_t at;                   /* what of in is used up */
    struct timer *timer;
    int64_t due_us, armed_us;    /* monotonic: when patience with it ends; when the timer runs, or 0 */
    uint64_t memory_max;
    /* Why it was ended, or PLUGIN_ENDED: it ended by itself. */
    int why;
    char words[PLUGIN_WORDS_MAX + 1];
};

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

static void line_init(struct line *l)
{
    *l = (struct line){ NULL, &l->first, 0 };
}

static void line_put(struct line *l, struct plugin_call *c)
{
    c->next = NULL;
    *l->tail = c;
    l->tail = &c->next;
    l->n++;
}

static void line_remove(struct line *l, struct plugin_call *c)
{
    struct plugin_call **at = &l->first;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (l->tail == &c->next)
        l->tail = at;
    l->n--;
}

/* All of `from` before what is in l. */
static void line_put_before(struct line *l, struct line *from)
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

static void conclude(struct plugin_call *c, const struct plugin_result *r)
{
    struct plugin_result own = *r;

    own.waited_us = (c->begun_us ? c->begun_us : clock_mono_us()) - c->asked_us;
    c->done(c->arg, &own);
    free(c);
}

/* -- A worker's time -- */

static void set_due(struct worker *w, int64_t after_us)
{
    int64_t now_us = clock_mono_us();

    w->due_us = now_us + after_us;
    if (w->armed_us && w->armed_us <= w->due_us)
        return; /* it looks again then */
    w->armed_us = w->due_us;
    timer_set(w->timer, after_us);
}

static void close_socket(struct worker *w)
{
    w->state = WORKER_ENDING;
    event_del(w->writable);
    pipe_end_close(&w->socket);
}

/* The first of its calls has its turn. */
static void begin_head(struct worker *w)
{
    struct plugin_call *c = w->calls.first;

    if (!c)
        return;
    c->begun_us = clock_mono_us();
    set_due(w, c->o.timeout_us);
}

static void end_worker(struct worker *w, int why, const char *words)
{
    if (w->state == WORKER_ENDING)
        return;
    w->why = why;
    snprintf(w->words, sizeof w->words, "%s", words);
    close_socket(w);
    kept_kill(&w->kept);
}

static void on_time(void *arg)
{
    struct worker *w = arg;
    int64_t left_us = w->due_us - clock_mono_us();
    char words[80];

    w->armed_us = 0;
    if (w->state == WORKER_READY && w->calls.n == 0)
        return;
    if (left_us > 0) {
        set_due(w, left_us);
        return;
    }
    if (w->state == WORKER_STARTING) {
        end_worker(w, PLUGIN_NOT_STARTED, "the worker was not ready within 30 s");
    } else if (w->state == WORKER_READY) {
        snprintf(words, sizeof words, "timed out after %lld ms: the worker was killed",
                 (long long)(w->calls.first->o.timeout_us / 1000));
        end_worker(w, PLUGIN_TIMED_OUT, words);
    } else {
        kept_kill(&w->kept);
    }
}

/* -- Requests -- */

static void on_writable(int fd, short what, void *arg);

static void broken(struct worker *w, const char *words)
{
    end_worker(w, PLUGIN_BROKEN, words);
}

/* Its socket is closed, or does not take any more: most likely it is ending, and how is told soon. */
static void on_closed(struct worker *w)
{
    if (w->state == WORKER_ENDING)
        return;
    if (w->kept.known || w->state == WORKER_LEAVING) {
        end_worker(w, PLUGIN_ENDED, "");
        return;
    }
    w->why = PLUGIN_ENDED;
    close_socket(w);
    set_due(w, END_WAIT_US);
}

static ssize_t send_rest(struct worker *w, const struct plugin_call *c)
{
    struct request_head head = { c->id, (uint32_t)c->o.step->output_max, (uint32_t)c->o.step->args.len,
                                 (uint32_t)c->o.document.len };
    struct slice parts[] = { slice_of(&head, sizeof head), c->o.step->args, c->o.document };
    struct iovec io[3];
    struct msghdr m = { .msg_iov = io };
    size_t skip = w->sent;

    for (size_t i = 0; i < 3; i++) {
        size_t gone = skip < parts[i].len ? skip : parts[i].len;
        struct slice rest = slice_from(parts[i], gone);
        skip -= gone;
        if (rest.len)
            io[m.msg_iovlen++] = (struct iovec){ (void *)rest.ptr, rest.len };
    }
    return sendmsg(w->socket.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_calls(struct worker *w)
{
    while (w->unsent && w->state == WORKER_READY) {
        struct plugin_call *c = w->unsent;
        size_t whole = sizeof(struct request_head) + c->o.step->args.len + c->o.document.len;
        ssize_t n = send_rest(w, c);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)) {
            event_add(w->writable, NULL);
            return;
        }
        if (n < 0)
            return; /* reading comes to the end too, after what it still had to say */
        w->sent += (size_t)n;
        if (w->sent == whole) {
            w->unsent = c->next;
            w->sent = 0;
        }
    }
}

static void on_writable(int fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    send_calls(arg);
}

static void give(struct worker *w, struct plugin_call *c)
{
    c->worker = w;
    c->id = ++w->last_id;
    line_put(&w->calls, c);
    if (!w->unsent)
        w->unsent = c;
    if (w->state == WORKER_READY && w->calls.first == c)
        begin_head(w);
    send_calls(w);
}

/* -- Replies -- */

static void take_hello(struct worker *w, const struct reply_head *head, struct slice words)
{
    char text[PLUGIN_WORDS_MAX + 1];

    if (head->status != REPLY_DONE) {
        snprintf(text, sizeof text, "%.*s", SLICE_FMT(words));
        end_worker(w, PLUGIN_NOT_STARTED, text);
        return;
    }
    w->state = WORKER_READY;
    w->was_ready = true;
    w->pool->failed_starts = 0;
    begin_head(w);
    send_calls(w);
}

static void take_reply(struct worker *w, const struct reply_head *head, const char *bytes)
{
    static const int what[] = { [REPLY_DONE] = PLUGIN_DONE, [REPLY_RETRY] = PLUGIN_RETRY, [REPLY_FAIL] = PLUGIN_FAIL,
                                [REPLY_TOO_LARGE] = PLUGIN_TOO_LARGE };
    struct plugin_call *c = w->calls.first;
    struct plugin_result r = { .what = what[head->status],
                               .text = slice_of(bytes + head->log_len, head->len),
                               .log = slice_of(bytes, head->log_len) };

    line_remove(&w->calls, c);
    w->pool->failures = 0;
    begin_head(w);
    conclude(c, &r);
}

/* NULL, or what is wrong with it. */
static const char *fault_of(const struct worker *w, const struct reply_head *h)
{
    const struct plugin_call *c = w->calls.first;

    if (h->status > REPLY_TOO_LARGE || h->log_len > KEPT_LOG_BYTES)
        return "its reply is none: the worker was killed";
    if (w->state == WORKER_STARTING)
        return h->id == 0 && h->len <= PLUGIN_WORDS_MAX ? NULL : "its hello is none: the worker was killed";
    if (!c || c == w->unsent || h->id != c->id)
        return "it replied to what nobody asked: the worker was killed";
    if (h->len > (h->status == REPLY_DONE ? c->o.step->output_max : PLUGIN_WORDS_MAX))
        return "its reply is larger than it may be: the worker was killed";
    return NULL;
}

/* Replies that are there whole. */
static void take_all(struct worker *w)
{
    struct reply_head head;

    while ((w->state == WORKER_STARTING || w->state == WORKER_READY) && w->in.len - w->at >= sizeof head) {
        memcpy(&head, w->in.ptr + w->at, sizeof head);
        const char *fault = fault_of(w, &head), *bytes = w->in.ptr + w->at + sizeof head;
        if (fault) {
            broken(w, fault);
            return;
        }
        if (w->in.len - w->at < sizeof head + head.log_len + head.len)
            return;
        w->at += sizeof head + head.log_len + head.len;
        if (w->state == WORKER_STARTING)
            take_hello(w, &head, slice_of(bytes + head.log_len, head.len));
        else
            take_reply(w, &head, bytes);
    }
}

/* Bytes read; 0 at the end; -1 when there is nothing now. */
static ssize_t read_some(struct worker *w)
{
    if (w->at == w->in.len) {
        buf_reset(&w->in);
        w->at = 0;
    } else if (w->at > PIPE_READ_BYTES) {
        w->in.len -= w->at;
        memmove(w->in.ptr, w->in.ptr + w->at, w->in.len);
        w->at = 0;
    }
    char *room = buf_room(&w->in, PIPE_READ_BYTES);
    ssize_t n = room ? recv(w->socket.fd, room, PIPE_READ_BYTES, MSG_DONTWAIT) : 0;
    if (n > 0)
        w->in.len += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        n = 0;
    return n;
}

static void retire_if_idle(struct worker *w)
{
    if (!w->retired || w->calls.n || w->state != WORKER_READY)
        return;
    w->state = WORKER_LEAVING;
    shutdown(w->socket.fd, SHUT_WR);
    set_due(w, END_WAIT_US);
}

static void on_readable(int fd, short what, void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;

    (void)fd;
    (void)what;
    ssize_t n = read_some(w);
    if (n > 0)
        take_all(w);
    else if (n == 0)
        on_closed(w);
    retire_if_idle(w);
    pool_go(p);
}

/* -- A worker's life -- */

static void free_worker(struct worker *w)
{
    struct worker **at = &w->pool->workers;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    pipe_end_close(&w->socket);
    if (w->writable)
        event_free(w->writable);
    kept_clear(&w->kept);
    timer_free(w->timer);
    buf_clear(&w->in);
    free(w);
}

/* What it said before it ended is still in the socket. */
static void on_changed(void *arg)
{
    struct worker *w = arg;

    if (!w->kept.known || w->kept.killed)
        return;
    while (w->socket.fd >= 0 && read_some(w) > 0)
        take_all(w);
    end_worker(w, PLUGIN_ENDED, "");
    kept_kill(&w->kept); /* who else is left, also where it was ending already */
}

/* Nobody can do what waits: each of them is told so. What is begun by that comes behind, and is not among them. */
static void fail_waiting(struct pool *p, const struct plugin_result *r)
{
    for (int n = p->waiting.n; n > 0 && p->waiting.first; n--) {
        struct plugin_call *c = p->waiting.first;
        line_remove(&p->waiting, c);
        conclude(c, r);
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

/* The call at its head is over with it. The others go back to the front of the line; but where it never was ready, nobody can
 * do them now. */
static void on_over(void *arg)
{
    struct worker *w = arg;
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
        conclude(head, &r);
    else if (!w->was_ready && !w->retired && !has_others(w))
        fail_waiting(p, &r);
    free_worker(w);
    pool_go(p);
}

static int start(struct worker *w, const struct plugin *plugin, struct err *e)
{
    struct pools *all = w->pool->all;
    const char *arguments[] = { "hooklatch", "plugin-host", plugin->path.ptr, NULL };
    struct process_options o = { .path = "/proc/self/exe", .folder = plugin->folder.ptr, .arguments = arguments,
                                 .uid = plugin->uid, .gid = plugin->gid, .files = plugin->files,
                                 .processes = plugin->processes, .memory_bytes = w->memory_max };
    int pair[2];

    environment_begin(&all->environment, plugin->environment, plugin->n_environment);
    if (!(o.environment = environment_end(&all->environment)))
        return err_set(e, ERR_LIMIT, "the plugin's environment is too large");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return err_sys(e, "cannot make the socket of a plugin's worker");
    w->socket.fd = pair[0];
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0) {
        close(pair[1]);
        return err_sys(e, "cannot open /dev/null");
    }
    return kept_start(&w->kept, all->loop, all->nursery, &o, pair[1], null, e);
}

static int begin_worker(struct pool *p, struct err *e)
{
    struct worker *w = mem_zalloc(sizeof *w);
    struct loop *loop = p->all->loop;

    *w = (struct worker){ .pool = p, .next = p->workers, .socket = PIPE_END_NONE, .why = PLUGIN_ENDED };
    w->kept.err = w->kept.control = PIPE_END_NONE;
    w->kept.changed = on_changed;
    w->kept.over = on_over;
    w->kept.arg = w;
#ifndef WITH_SANITIZERS /* which need address space without end */
    w->memory_max = p->plugin->memory_bytes;
#endif
    line_init(&w->calls);
    buf_init(&w->in, FRAME_MAX);
    p->workers = w;
    if (start(w, p->plugin, e)) {
        free_worker(w);
        return -1;
    }
    pipe_end_watch(&w->socket, loop, false, on_readable, w);
    w->writable = event_new(loop_base(loop), w->socket.fd, EV_WRITE, on_writable, w);
    w->timer = timer_new(loop, on_time, w);
    set_due(w, START_WAIT_US);
    return 0;
}

/* -- The pool -- */

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
            if (begin_worker(p, &e) == 0)
                w = p->workers;
            else if (!w) {
                cannot_begin(p, &e);
                return;
            }
        } else if (may_begin && !w) {
            timer_set(p->pause, pause_us);
        }
        if (!w)
            return;
        struct plugin_call *c = p->waiting.first;
        line_remove(&p->waiting, c);
        give(w, c);
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

/* One that has not begun anything gives back what it has. */
static void retire_workers(struct pool *p)
{
    for (struct worker *w = p->workers; w; w = w->next) {
        w->retired = true;
        if (w->state == WORKER_STARTING)
            end_worker(w, PLUGIN_ENDED, "");
        retire_if_idle(w);
    }
}

static void use_plugin(struct pool *p, const struct plugin *plugin)
{
    p->plugin = plugin;
    if (plugin && p->fingerprint && slice_eq_z(plugin->fingerprint, p->fingerprint))
        return;
    retire_workers(p);
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
        while (p->workers)
            free_worker(p->workers);
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
    *c = (struct plugin_call){ .pool = p, .o = *o, .asked_us = clock_mono_us(), .done = done, .arg = arg };
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
        end_worker(w, PLUGIN_ENDED, "");
    }
    free(c);
}
