#include "flow/child.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

/* From SIGTERM to SIGKILL, and from SIGKILL to giving up: a process may be where no signal reaches it. */
#define GRACE_US (2 * US_PER_S)
#define GIVE_UP_US (10 * US_PER_S)
#define READ_BYTES 65536

struct nursery {
    struct loop *loop;
    int fd; /* -1: none runs */
    pid_t pid;
};

/* A pipe of the child, our end of it. */
struct pipe_end {
    int fd; /* -1: closed */
    struct event *event;
};

struct child {
    struct nursery *nursery;
    struct pipe_end in, out, err, control;
    struct timer *timer;
    struct slice input; /* what is not written yet */
    struct buf output;
    char log[2 * CHILD_LOG_BYTES];
    size_t log_len;
    bool known;     /* how the command ended */
    bool terminated, killed;
    struct child_result result;
    child_done done;
    void *arg;
};

struct nursery *nursery_new(struct loop *loop)
{
    struct nursery *n = mem_zalloc(sizeof *n);

    n->loop = loop;
    n->fd = -1;
    return n;
}

/* Keepers go on without it. */
static void bury(struct nursery *n)
{
    if (n->fd < 0)
        return;
    close(n->fd);
    n->fd = -1;
    kill(n->pid, SIGKILL); /* it may be stopped, and must not be waited for then */
    while (waitpid(n->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void nursery_free(struct nursery *n)
{
    if (!n)
        return;
    bury(n);
    free(n);
}

static int spawn(struct nursery *n, int theirs, struct err *e)
{
    static char *const arguments[] = { (char *)"hooklatch", (char *)"nursery", NULL };
    static char *const environment[] = { NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t set;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, theirs, NURSERY_FD);
    posix_spawnattr_init(&attributes);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    errno = posix_spawn(&n->pid, "/proc/self/exe", &files, &attributes, arguments, environment);
    int result = errno ? err_sys(e, "cannot start the process that starts commands") : 0;
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return result;
}

static int begin_nursery(struct nursery *n, struct err *e)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return err_sys(e, "cannot make a socket pair");
    /* dup2 onto itself would leave it to be closed. */
    int theirs = pair[1] == NURSERY_FD ? fcntl(pair[1], F_DUPFD_CLOEXEC, NURSERY_FD + 1) : pair[1];
    int result = spawn(n, theirs, e);
    if (theirs != pair[1])
        close(theirs);
    close(pair[1]);
    if (result)
        close(pair[0]);
    else
        n->fd = pair[0];
    return result;
}

static void close_end(struct pipe_end *p)
{
    if (p->event)
        event_free(p->event);
    if (p->fd >= 0)
        close(p->fd);
    *p = (struct pipe_end){ -1, NULL };
}

void child_cancel(struct child *c)
{
    close_end(&c->in);
    close_end(&c->out);
    close_end(&c->err);
    close_end(&c->control);
    timer_free(c->timer);
    buf_clear(&c->output);
    free(c);
}

static void say(struct child *c, char word)
{
    /* When the keeper is gone its end shows on the socket. */
    while (send(c->control.fd, &word, 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

static void kill_now(struct child *c)
{
    if (c->killed)
        return;
    c->killed = true;
    say(c, KEEPER_KILL);
    timer_set(c->timer, GIVE_UP_US);
}

/* The command has ended and nobody has its output: what is left of it is not waited for. */
static void look(struct child *c)
{
    if (c->known && c->out.fd < 0 && c->err.fd < 0)
        kill_now(c);
}

static void conclude(struct child *c)
{
    /* Output that nobody can read to its end any more is not all of it. */
    if (c->known && !c->killed && c->out.fd >= 0 && c->result.what != CHILD_NOT_STARTED)
        c->known = false;
    bool ours = (!c->known && c->killed) || (c->known && c->result.what != CHILD_NOT_STARTED);
    if (!c->known)
        c->result.what = CHILD_LOST;
    /* What we did to it says more than how it ended by that. */
    if (ours && c->output.failed)
        c->result.what = CHILD_TOO_LARGE;
    else if (ours && c->terminated)
        c->result.what = CHILD_TIMED_OUT;
    c->result.output = buf_slice(&c->output);
    c->result.log = slice_from(slice_of(c->log, c->log_len), c->log_len > CHILD_LOG_BYTES ? c->log_len - CHILD_LOG_BYTES : 0);
    c->done(c->arg, &c->result);
    child_cancel(c);
}

static void take_news(struct child *c, const struct news *n)
{
    if (c->known)
        return;
    c->known = true;
    if (n->what == NEWS_NOT_STARTED) {
        c->result.what = CHILD_NOT_STARTED;
        snprintf(c->result.error, sizeof c->result.error, "%.*s: %s", (int)sizeof n->where - 1, n->where,
                 strerror(n->value));
    } else if (n->value < 0) {
        c->result.what = CHILD_SIGNALED;
        c->result.signal = -n->value;
    } else {
        c->result.what = CHILD_EXITED;
        c->result.code = n->value;
    }
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
    struct child *c = arg;
    struct news n;
    ssize_t got = recv(fd, &n, sizeof n, MSG_DONTWAIT);

    (void)what;
    if (got == (ssize_t)sizeof n) {
        take_news(c, &n);
        look(c);
    } else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        conclude(c);
    }
}

/* The last bytes are at the end of a block twice as large: moved down once in a while. */
static void keep_log(struct child *c, struct slice s)
{
    if (s.len > CHILD_LOG_BYTES)
        s = slice_from(s, s.len - CHILD_LOG_BYTES);
    if (c->log_len + s.len > sizeof c->log) {
        memmove(c->log, c->log + c->log_len - CHILD_LOG_BYTES, CHILD_LOG_BYTES);
        c->log_len = CHILD_LOG_BYTES;
    }
    memcpy(c->log + c->log_len, s.ptr, s.len);
    c->log_len += s.len;
}

/* Bytes, or nothing when it is to be asked again; the end closes it. */
static struct slice read_end(struct pipe_end *p, char *room)
{
    ssize_t n = read(p->fd, room, READ_BYTES);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_end(p);
    return slice_of(room, n > 0 ? (size_t)n : 0);
}

static void on_out(evutil_socket_t fd, short what, void *arg)
{
    struct child *c = arg;
    char room[READ_BYTES];

    (void)fd;
    (void)what;
    buf_put(&c->output, read_end(&c->out, room));
    if (c->output.failed)
        kill_now(c);
    look(c);
}

static void on_err(evutil_socket_t fd, short what, void *arg)
{
    struct child *c = arg;
    char room[READ_BYTES];

    (void)fd;
    (void)what;
    keep_log(c, read_end(&c->err, room));
    look(c);
}

/* A command need not read its input. */
static void on_in(evutil_socket_t fd, short what, void *arg)
{
    struct child *c = arg;
    ssize_t n = c->input.len ? write(fd, c->input.ptr, c->input.len) : 0;

    (void)what;
    if (n > 0)
        c->input = slice_from(c->input, (size_t)n);
    if (c->input.len == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_end(&c->in);
}

/* Three stages: ask, kill, give up. What ended by itself before is only waited for. */
static void on_time(void *arg)
{
    struct child *c = arg;

    if (c->killed) {
        LOG_WARN("what is left of a command does not end: it is left alone");
        conclude(c);
    } else if (c->terminated) {
        kill_now(c);
    } else {
        c->terminated = true;
        say(c, KEEPER_TERM);
        timer_set(c->timer, GRACE_US);
    }
}

static void put_string(struct buf *b, const char *z)
{
    buf_put(b, slice_of(z, strlen(z) + 1));
}

static int put_order(struct buf *b, const struct child_options *o, struct err *e)
{
    struct order order = { .uid = o->uid, .gid = o->gid, .files = o->files, .processes = o->processes,
                           .memory_bytes = o->memory_bytes, .cpu_s = o->cpu_s };

    while (o->arguments[order.n_arguments])
        order.n_arguments++;
    while (o->environment[order.n_environment])
        order.n_environment++;
    buf_put(b, slice_of(&order, sizeof order));
    put_string(b, o->folder);
    put_string(b, o->path);
    for (size_t i = 0; o->arguments[i]; i++)
        put_string(b, o->arguments[i]);
    for (size_t i = 0; o->environment[i]; i++)
        put_string(b, o->environment[i]);
    return b->failed ? err_set(e, ERR_LIMIT, "the command's arguments and environment are larger than %d KiB together",
                               ORDER_BYTES_MAX / 1024)
                     : 0;
}

static int send_order(struct nursery *n, struct slice packet, const int *fds)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(ORDER_NFDS * sizeof(int))];
    } more = { 0 };
    struct iovec io = { (void *)packet.ptr, packet.len };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &more, .msg_controllen = sizeof more };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(ORDER_NFDS * sizeof(int));
    memcpy(CMSG_DATA(c), fds, ORDER_NFDS * sizeof(int));
    return sendmsg(n->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -1 : 0;
}

/* Once more when the nursery turns out to be gone. */
static int give_order(struct nursery *n, struct slice packet, const int *fds, struct err *e)
{
    for (int tries = 0; tries < 2; tries++) {
        if (n->fd < 0 && begin_nursery(n, e))
            return -1;
        if (send_order(n, packet, fds) == 0)
            return 0;
        if (errno != EPIPE && errno != ECONNRESET)
            break;
        LOG_WARN("the process that starts commands is gone: it is started again");
        bury(n);
    }
    return err_sys(e, "cannot start the command");
}

static int make_pipe(int *ours, int *theirs, bool we_write)
{
    int pair[2];

    if (pipe2(pair, O_CLOEXEC))
        return -1;
    *ours = pair[we_write];
    *theirs = pair[!we_write];
    return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static int make_pipes(struct child *c, int *theirs, struct err *e)
{
    int pair[2];

    if (make_pipe(&c->in.fd, &theirs[ORDER_STDIN], true) || make_pipe(&c->out.fd, &theirs[ORDER_STDOUT], false) ||
        make_pipe(&c->err.fd, &theirs[ORDER_STDERR], false) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return err_sys(e, "cannot make the command's pipes");
    c->control.fd = pair[0];
    theirs[ORDER_CONTROL] = pair[1];
    return 0;
}

static void watch(struct child *c, struct pipe_end *p, short what, event_callback_fn fn)
{
    p->event = event_new(loop_base(c->nursery->loop), p->fd, what | EV_PERSIST, fn, c);
    event_add(p->event, NULL);
}

struct child *child_start(struct nursery *n, const struct child_options *o, child_done done, void *arg, struct err *e)
{
    struct child *c = mem_zalloc(sizeof *c);
    int theirs[ORDER_NFDS] = { -1, -1, -1, -1 };
    struct buf packet;

    c->nursery = n;
    c->in.fd = c->out.fd = c->err.fd = c->control.fd = -1;
    c->input = o->input;
    c->done = done;
    c->arg = arg;
    buf_init(&c->output, o->output_max);
    buf_init(&packet, ORDER_BYTES_MAX);
    int failed = put_order(&packet, o, e) || make_pipes(c, theirs, e) || give_order(n, buf_slice(&packet), theirs, e);
    buf_clear(&packet);
    for (int i = 0; i < ORDER_NFDS; i++) {
        if (theirs[i] >= 0)
            close(theirs[i]);
    }
    if (failed) {
        child_cancel(c);
        return NULL;
    }
    watch(c, &c->in, EV_WRITE, on_in);
    watch(c, &c->out, EV_READ, on_out);
    watch(c, &c->err, EV_READ, on_err);
    watch(c, &c->control, EV_READ, on_control);
    c->timer = timer_new(n->loop, on_time, c);
    timer_set(c->timer, o->timeout_us);
    return c;
}
