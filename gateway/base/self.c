#include "base/self.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

static void set_files(posix_spawn_file_actions_t *files, const struct self_fd *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i].ours < 0)
            posix_spawn_file_actions_addopen(files, fds[i].theirs, "/dev/null", O_RDONLY, 0);
        else
            posix_spawn_file_actions_adddup2(files, fds[i].ours, fds[i].theirs);
    }
}

static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t set;

    sigemptyset(&set);
    posix_spawnattr_setsigmask(attributes, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(attributes, &set);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int self_spawn(const char *const *arguments, const char *const *environment, const struct self_fd *fds, size_t n, pid_t *pid,
               struct err *e)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;

    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    set_files(&files, fds, n);
    set_signals(&attributes);
    errno = posix_spawn(pid, "/proc/self/exe", &files, &attributes, (char *const *)arguments, (char *const *)environment);
    int result = errno ? err_sys(e, "cannot start a helper process, \"hooklatch %s\"", arguments[1]) : 0;
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return result;
}
