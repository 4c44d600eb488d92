#include "flow/plugin_worker.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config.h"

#define START_WAIT_US (30 * US_PER_S) /* for the hello */
#define END_WAIT_US (2 * US_PER_S)    /* for the end of a process whose socket is closed */

/* -- Time -- */

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

void worker_end(struct worker *w, int why, const char *words)
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
        worker_end(w, PLUGIN_NOT_STARTED, "the worker was not ready within 30 s");
    } else if (w->state == WORKER_READY) {
        snprintf(words, sizeof words, "timed out after %lld ms: the worker was killed",
                 (long long)(w->calls.first->o.timeout_us / 1000));
        worker_end(w, PLUGIN_TIMED_OUT, words);
    } else {
        kept_kill(&w->kept);
    }
}

/* -- Requests -- */

/* Its socket is closed, or does not take any more: most likely it is ending, and how is told soon. */
static void on_closed(struct worker *w)
{
    if (w->state == WORKER_ENDING)
        return;
    if (w->kept.known || w->state == WORKER_LEAVING) {
        worker_end(w, PLUGIN_ENDED, "");
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

void worker_give(struct worker *w, struct plugin_call *c)
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
        worker_end(w, PLUGIN_NOT_STARTED, text);
        return;
    }
    w->state = WORKER_READY;
    w->was_ready = true;
    pool_on_hello(w->pool);
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
    pool_on_reply(w->pool);
    begin_head(w);
    plugin_call_conclude(c, &r);
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
            worker_end(w, PLUGIN_BROKEN, fault);
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
    char *room = frame_room(&w->in, &w->at);
    ssize_t n = room ? recv(w->socket.fd, room, FRAME_READ_BYTES, MSG_DONTWAIT) : 0;
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
    pool_on_room(p);
}

/* -- Life -- */

void worker_free(struct worker *w)
{
    if (!w)
        return;
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
    worker_end(w, PLUGIN_ENDED, "");
    kept_kill(&w->kept); /* who else is left, also where it was ending already */
}

static int start(struct worker *w, struct loop *loop, struct nursery *n, const struct plugin *plugin,
                 struct environment *scratch, struct err *e)
{
    const char *arguments[] = { "hooklatch", "plugin-host", plugin->path.ptr, NULL };
    struct process_options o = { .path = "/proc/self/exe", .folder = plugin->folder.ptr, .arguments = arguments,
                                 .uid = plugin->uid, .gid = plugin->gid, .files = plugin->files,
                                 .processes = plugin->processes, .memory_bytes = w->memory_max };
    int pair[2];

    environment_begin(scratch, plugin->environment, plugin->n_environment);
    if (!(o.environment = environment_end(scratch)))
        return err_set(e, ERR_LIMIT, "the plugin's environment is too large");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return err_sys(e, "cannot make the socket of a plugin's worker");
    w->socket.fd = pair[0];
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0) {
        close(pair[1]);
        return err_sys(e, "cannot open /dev/null");
    }
    return kept_start(&w->kept, loop, n, &o, pair[1], null, e);
}

static void on_over(void *arg)
{
    pool_on_over(arg);
}

struct worker *worker_new(struct pool *p, struct loop *loop, struct nursery *n, const struct plugin *plugin,
                          struct environment *scratch, struct err *e)
{
    struct worker *w = mem_zalloc(sizeof *w);

    *w = (struct worker){ .pool = p, .socket = PIPE_END_NONE, .why = PLUGIN_ENDED };
    w->kept.err = w->kept.control = PIPE_END_NONE;
    w->kept.changed = on_changed;
    w->kept.over = on_over;
    w->kept.arg = w;
#ifndef WITH_SANITIZERS /* which need address space without end */
    w->memory_max = plugin->memory_bytes;
#endif
    line_init(&w->calls);
    buf_init(&w->in, FRAME_MAX);
    if (start(w, loop, n, plugin, scratch, e)) {
        worker_free(w);
        return NULL;
    }
    pipe_end_watch(&w->socket, loop, false, on_readable, w);
    w->writable = event_new(loop_base(loop), w->socket.fd, EV_WRITE, on_writable, w);
    w->timer = timer_new(loop, on_time, w);
    set_due(w, START_WAIT_US);
    return w;
}

void worker_retire(struct worker *w)
{
    w->retired = true;
    if (w->state == WORKER_STARTING)
        worker_end(w, PLUGIN_ENDED, ""); /* it has not begun anything */
    retire_if_idle(w);
}
