#include "flow/kept.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define GIVE_UP_US (10 * US_PER_S) /* from SIGKILL: a process may be where no signal reaches it */

/* -- Ends of pipes -- */

void pipe_end_close(struct pipe_end *p)
{
    if (p->event)
        event_free(p->event);
    if (p->fd >= 0)
        close(p->fd);
    *p = PIPE_END_NONE;
}

void pipe_end_watch(struct pipe_end *p, struct loop *loop, bool to_write, void (*fn)(int fd, short what, void *arg), void *arg)
{
    p->event = event_new(loop_base(loop), p->fd, (to_write ? EV_WRITE : EV_READ) | EV_PERSIST, fn, arg);
    event_add(p->event, NULL);
}

struct slice pipe_end_read(struct pipe_end *p, char *room)
{
    ssize_t n = read(p->fd, room, PIPE_READ_BYTES);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        pipe_end_close(p);
    return slice_of(room, n > 0 ? (size_t)n : 0);
}

int pipe_end_make(struct pipe_end *ours, int *theirs, bool we_write)
{
    int pair[2];

    if (pipe2(pair, O_CLOEXEC))
        return -1;
    ours->fd = pair[we_write];
    *theirs = pair[!we_write];
    return fcntl(ours->fd, F_SETFL, O_NONBLOCK);
}

/* -- Standard error -- */

void log_tail_put(struct log_tail *t, struct slice s)
{
    if (s.len > KEPT_LOG_BYTES)
        s = slice_from(s, s.len - KEPT_LOG_BYTES);
    if (t->len + s.len > sizeof t->bytes) {
        memmove(t->bytes, t->bytes + t->len - KEPT_LOG_BYTES, KEPT_LOG_BYTES);
        t->len = KEPT_LOG_BYTES;
    }
    memcpy(t->bytes + t->len, s.ptr, s.len);
    t->len += s.len;
}

struct slice log_tail_slice(const struct log_tail *t)
{
    return slice_from(slice_of(t->bytes, t->len), t->len > KEPT_LOG_BYTES ? t->len - KEPT_LOG_BYTES : 0);
}

static void on_err(int fd, short what, void *arg)
{
    struct kept *k = arg;
    char room[PIPE_READ_BYTES];

    (void)fd;
    (void)what;
    log_tail_put(&k->log, pipe_end_read(&k->err, room));
    if (k->err.fd < 0)
        k->changed(k->arg);
}

struct slice kept_log(struct kept *k)
{
    char room[PIPE_READ_BYTES];
    struct slice more = SLICE("more");

    while (k->err.fd >= 0 && more.len) {
        more = pipe_end_read(&k->err, room);
        log_tail_put(&k->log, more);
    }
    return log_tail_slice(&k->log);
}

/* -- The keeper -- */

static void say(struct kept *k, char word)
{
    /* When the keeper is gone its end shows on the socket. */
    while (send(k->control.fd, &word, 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

void kept_term(struct kept *k)
{
    say(k, KEEPER_TERM);
}

void kept_kill(struct kept *k)
{
    if (k->killed)
        return;
    k->killed = true;
    say(k, KEEPER_KILL);
    timer_set(k->give_up, GIVE_UP_US);
}

static void end_here(struct kept *k)
{
    if (!k->known)
        k->end.what = KEPT_LOST;
    k->over(k->arg);
}

static void on_give_up(void *arg)
{
    LOG_WARN("what is left of a command or plugin does not end: it is left alone");
    end_here(arg);
}

static void take_news(struct kept *k, const struct news *n)
{
    struct kept_end *end = &k->end;

    if (k->known)
        return;
    k->known = true;
    end->memory_peak = n->memory_peak;
    if (n->what == NEWS_NOT_STARTED) {
        end->what = KEPT_NOT_STARTED;
        snprintf(end->error, sizeof end->error, "%.*s: %s", (int)sizeof n->where - 1, n->where, strerror(n->value));
    } else if (n->value < 0) {
        end->what = KEPT_SIGNALED;
        end->signal = -n->value;
    } else {
        end->what = KEPT_EXITED;
        end->code = n->value;
    }
    k->changed(k->arg);
}

static void on_control(int fd, short what, void *arg)
{
    struct kept *k = arg;
    struct news n;
    ssize_t got = recv(fd, &n, sizeof n, MSG_DONTWAIT);

    (void)what;
    if (got == (ssize_t)sizeof n)
        take_news(k, &n);
    else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        end_here(k);
}

/* -- Life -- */

static int start(struct kept *k, struct nursery *n, const struct process_options *o, int *fds, struct err *e)
{
    int pair[2];

    if (pipe_end_make(&k->err, &fds[ORDER_STDERR], false) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return err_sys(e, "cannot make the pipes of a process");
    k->control.fd = pair[0];
    fds[ORDER_CONTROL] = pair[1];
    return nursery_order(n, o, fds, e);
}

int kept_start(struct kept *k, struct loop *loop, struct nursery *n, const struct process_options *o, int in_fd, int out_fd,
               struct err *e)
{
    int fds[ORDER_NFDS] = { [ORDER_STDIN] = in_fd, [ORDER_STDOUT] = out_fd, [ORDER_STDERR] = -1, [ORDER_CONTROL] = -1 };

    k->loop = loop;
    k->err = k->control = PIPE_END_NONE;
    int result = start(k, n, o, fds, e);
    for (int i = 0; i < ORDER_NFDS; i++) {
        if (fds[i] >= 0 && (i == 0 || fds[i] != fds[i - 1]))
            close(fds[i]);
    }
    if (result) {
        kept_clear(k);
        return -1;
    }
    pipe_end_watch(&k->err, loop, false, on_err, k);
    pipe_end_watch(&k->control, loop, false, on_control, k);
    k->give_up = timer_new(loop, on_give_up, k);
    return 0;
}

void kept_clear(struct kept *k)
{
    pipe_end_close(&k->err);
    pipe_end_close(&k->control);
    timer_free(k->give_up);
    k->give_up = NULL;
}
