/* A process of one thread: fork is safe here, and so is everything after it. */
#include "flow/nursery.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

struct work {
    const struct order *order;
    const char *folder, *path;
    char **arguments, **environment; /* each ends with NULL */
    int fds[ORDER_NFDS];
};

struct failure {
    int error;
    char where[32];
};

/* -- The command, between vfork and exec: it has the keeper's memory, which waits -- */

static void set_limit(int what, uint64_t value, uint64_t more)
{
    struct rlimit limit = { value, value + more };

    if (value && setrlimit(what, &limit))
        setrlimit(what, &(struct rlimit){ value, value });
}

static const char *become(const struct work *w)
{
    const struct order *o = w->order;

    set_limit(RLIMIT_NOFILE, o->files, 0);
    set_limit(RLIMIT_AS, o->memory_bytes, 0);
    set_limit(RLIMIT_CPU, o->cpu_s, 1); /* SIGXCPU at first, SIGKILL a second later */
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    if (o->gid != ORDER_SAME && (setgroups(1, &(gid_t){ o->gid }) || setgid(o->gid)))
        return "changing the group";
    if (o->uid != ORDER_SAME && setuid(o->uid))
        return "changing the user";
    /* Counted by user, so behind the change of it. */
    set_limit(RLIMIT_NPROC, o->processes, 0);
    if (chdir(w->folder[0] ? w->folder : "/"))
        return "changing to the folder";
    return NULL;
}

static _Noreturn void run_command(const struct work *w, int say, pid_t keeper)
{
    struct failure f = { 0 };
    sigset_t none;

    sigemptyset(&none);
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    for (int i = 0; i < 3; i++)
        dup2(w->fds[i], i);
    /* Above all not the sockets of orders and control, which speak for the gateway. */
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    const char *where = become(w);
    /* Behind setuid, which clears it: should the keeper itself be killed, the command at least goes with it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper)
        _exit(126);
    if (!where) {
        execve(w->path, w->arguments, w->environment);
        where = "starting the command";
    }
    f.error = errno;
    snprintf(f.where, sizeof f.where, "%s", where);
    if (write(say, &f, sizeof f) < 0)
        _exit(126);
    _exit(127);
}

/* -- The keeper -- */

/* Whose child is that, by /proc? The name in parentheses may hold anything; the last one ends it. */
static pid_t parent_of(const char *number)
{
    char name[300], line[512];
    int parent = 0;

    snprintf(name, sizeof name, "/proc/%s/stat", number);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    if (fd >= 0)
        close(fd);
    line[n > 0 ? n : 0] = '\0';
    char *end = strrchr(line, ')');
    return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Our children only: nobody but us buries them, so that their numbers are theirs for sure. Dead ones too, since a process
 * whose first thread has ended looks dead and is not. */
static void kill_children(void)
{
    DIR *all = opendir("/proc");
    struct dirent *entry;

    while (all && (entry = readdir(all))) {
        pid_t pid = atoi(entry->d_name);
        if (pid > 0 && parent_of(entry->d_name) == getpid())
            kill(pid, SIGKILL);
    }
    if (all)
        closedir(all);
}

/* Who loses his parent by this becomes our child, and what forks meanwhile is found by the next round. */
static void kill_all(pid_t command)
{
    int status;

    kill(-command, SIGKILL); /* still ours, dead or alive: nobody else can have its number */
    for (;;) {
        pid_t gone = waitpid(-1, &status, WNOHANG);
        if (gone < 0 && errno == ECHILD)
            return;
        if (gone > 0)
            continue;
        kill_children();
        waitpid(-1, &status, 0);
    }
}

static void tell(int control, int what, int value, const char *where)
{
    struct news n = { .what = what, .value = value };

    snprintf(n.where, sizeof n.where, "%s", where);
    send(control, &n, sizeof n, MSG_NOSIGNAL);
}

/* glibc's waitid has no room for the use of resources, which the system call tells also of an unburied process. */
static void tell_end(int control, const siginfo_t *info)
{
    struct news n = { .what = NEWS_ENDED, .value = info->si_code == CLD_EXITED ? info->si_status : -info->si_status };
    struct rusage use = { 0 };
    siginfo_t again;

    if (syscall(SYS_waitid, P_PID, info->si_pid, &again, WEXITED | WNOHANG | WNOWAIT, &use) == 0)
        n.memory_peak = (uint64_t)use.ru_maxrss * 1024;
    send(control, &n, sizeof n, MSG_NOSIGNAL);
}

/* The command's end is told, but it stays unburied, so that its number and its group's are not given to others. */
static bool reap(int control, pid_t command)
{
    siginfo_t info = { 0 };

    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
        if (info.si_pid == command) {
            tell_end(control, &info);
            return true;
        }
        waitpid(info.si_pid, NULL, 0);
        info.si_pid = 0;
    }
    return false;
}

/* Until it is told to kill, or nobody is there to tell it. */
static void keep(int control, int signals, pid_t command)
{
    struct pollfd polled[] = { { control, POLLIN, 0 }, { signals, POLLIN, 0 } };
    struct signalfd_siginfo info;
    bool ended = false;
    char word;

    for (;;) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            return;
        if (polled[1].revents) {
            if (read(signals, &info, sizeof info) < 0 && errno != EAGAIN)
                return;
            ended = ended || reap(control, command);
        }
        if (!polled[0].revents)
            continue;
        ssize_t n = recv(control, &word, 1, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || (n > 0 && word == KEEPER_KILL))
            return;
        if (n > 0 && word == KEEPER_TERM)
            kill(-command, SIGTERM); /* the command is not buried: the group is its own */
    }
}

static void close_others(const int *kept, unsigned n)
{
    unsigned from = 3;

    for (unsigned i = 0; i < n; i++) {
        if ((unsigned)kept[i] > from)
            close_range(from, (unsigned)kept[i] - 1, 0);
        from = (unsigned)kept[i] + 1;
    }
    close_range(from, ~0u, 0);
}

/* The command's pipes are its own, or their end would never be seen. */
static void let_go_of_pipes(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; null >= 0 && i < 3; i++)
        dup2(null, i);
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static _Noreturn void run_keeper(const struct work *w)
{
    int say[2] = { -1, -1 }, control = w->fds[ORDER_CONTROL];
    struct failure f;
    sigset_t child;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &child, NULL);
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    pid_t self = getpid(), command = signals < 0 || pipe2(say, O_CLOEXEC) ? -1 : vfork();
    if (command == 0)
        run_command(w, say[1], self);
    if (command < 0) {
        tell(control, NEWS_NOT_STARTED, errno, "making a process");
        _exit(1);
    }
    setpgid(command, command); /* here too: it must hold before anybody is told to kill the group */
    let_go_of_pipes();
    int kept[] = { control, signals, say[0] };
    qsort(kept, 3, sizeof *kept, by_number);
    close_others(kept, 3);
    if (read(say[0], &f, sizeof f) == (ssize_t)sizeof f)
        tell(control, NEWS_NOT_STARTED, f.error, f.where);
    close(say[0]);
    keep(control, signals, command);
    kill_all(command);
    _exit(0);
}

/* -- The nursery -- */

/* Strings one after the other, each with its NUL; NULL when the packet has fewer. */
static const char *next_string(struct slice *rest)
{
    const char *at = rest->ptr, *end = rest->len ? memchr(at, '\0', rest->len) : NULL;

    if (!end)
        return NULL;
    *rest = slice_from(*rest, (size_t)(end - at) + 1);
    return at;
}

static int read_strings(struct slice *rest, uint32_t n, char ***out)
{
    *out = mem_zalloc((n + 1) * sizeof **out);
    for (uint32_t i = 0; i < n; i++) {
        (*out)[i] = (char *)next_string(rest);
        if (!(*out)[i])
            return -1;
    }
    return 0;
}

static int read_order(struct work *w, struct slice packet)
{
    struct slice rest = slice_from(packet, sizeof *w->order);

    w->order = (const struct order *)(const void *)packet.ptr;
    if (packet.len < sizeof *w->order || w->order->n_arguments > packet.len || w->order->n_environment > packet.len)
        return -1;
    w->folder = next_string(&rest);
    w->path = next_string(&rest);
    return !w->path || read_strings(&rest, w->order->n_arguments, &w->arguments) ||
                   read_strings(&rest, w->order->n_environment, &w->environment)
               ? -1
               : 0;
}

static void serve(struct slice packet, const int *fds)
{
    struct work w = { 0 };

    memcpy(w.fds, fds, sizeof w.fds);
    errno = EINVAL;
    pid_t keeper = read_order(&w, packet) ? -1 : fork();
    if (keeper == 0)
        run_keeper(&w);
    if (keeper < 0)
        tell(fds[ORDER_CONTROL], NEWS_NOT_STARTED, errno, "making a process");
    free(w.arguments);
    free(w.environment);
    for (int i = 0; i < ORDER_NFDS; i++)
        close(fds[i]);
}

/* Length of the packet, 0 at the end. fds: of the order. */
static ssize_t receive(char *packet, size_t size, int *fds)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(ORDER_NFDS * sizeof(int))];
    } more;
    struct iovec io = { packet, size };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &more, .msg_controllen = sizeof more };
    ssize_t n;

    do
        n = recvmsg(NURSERY_FD, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(ORDER_NFDS * sizeof(int)))
        return 0;
    memcpy(fds, CMSG_DATA(c), ORDER_NFDS * sizeof(int));
    return n;
}

int nursery_run(void)
{
    static char packet[ORDER_BYTES_MAX];
    const int kept[] = { NURSERY_FD };
    int fds[ORDER_NFDS];
    ssize_t n;

    /* Who ends the gateway by a signal to its group means the gateway: it says what becomes of us. */
    setsid();
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* keepers need no burial */
    prctl(PR_SET_NAME, "hooklatch-child");
    fcntl(NURSERY_FD, F_SETFD, FD_CLOEXEC);
    close_others(kept, 1);
    let_go_of_pipes();
    while ((n = receive(packet, sizeof packet, fds)) > 0)
        serve(slice_of(packet, (size_t)n), fds);
    return 0;
}
