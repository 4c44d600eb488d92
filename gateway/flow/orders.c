#include "flow/orders.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/self.h"

struct nursery {
    int fd; /* -1: none runs */
    pid_t pid;
};

struct nursery *nursery_new(void)
{
    struct nursery *n = mem_zalloc(sizeof *n);

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

static int begin_nursery(struct nursery *n, struct err *e)
{
    static const char *const arguments[] = { "hooklatch", "nursery", NULL }, *const environment[] = { NULL };
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return err_sys(e, "cannot make a socket pair");
    /* dup2 onto itself would leave it to be closed. */
    int theirs = pair[1] == NURSERY_FD ? fcntl(pair[1], F_DUPFD_CLOEXEC, NURSERY_FD + 1) : pair[1];
    int result = self_spawn(arguments, environment, &(struct self_fd){ theirs, NURSERY_FD }, 1, &n->pid, e);
    if (theirs != pair[1])
        close(theirs);
    close(pair[1]);
    if (result)
        close(pair[0]);
    else
        n->fd = pair[0];
    return result;
}

static void put_string(struct buf *b, const char *z)
{
    buf_put(b, slice_of(z, strlen(z) + 1));
}

static int put_order(struct buf *b, const struct process_options *o, struct err *e)
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
    return b->failed ? err_set(e, ERR_LIMIT, "its arguments and environment are larger than %d KiB together",
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
static int give(struct nursery *n, struct slice packet, const int *fds, struct err *e)
{
    for (int tries = 0; tries < 2; tries++) {
        if (n->fd < 0 && begin_nursery(n, e))
            return -1;
        if (send_order(n, packet, fds) == 0)
            return 0;
        if (errno != EPIPE && errno != ECONNRESET)
            break;
        LOG_WARN("the process that starts commands and plugins is gone: it is started again");
        bury(n);
    }
    return err_sys(e, "cannot start the process");
}

int nursery_order(struct nursery *n, const struct process_options *o, const int *fds, struct err *e)
{
    struct buf packet;

    buf_init(&packet, ORDER_BYTES_MAX);
    int result = put_order(&packet, o, e) || give(n, buf_slice(&packet), fds, e) ? -1 : 0;
    buf_clear(&packet);
    return result;
}
