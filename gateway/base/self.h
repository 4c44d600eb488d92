/* base/self.h - this binary, started again as another process: a helper with a job of its own. */
#ifndef BASE_SELF_H
#define BASE_SELF_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* The descriptor `ours` is `theirs` in the helper; -1: /dev/null, to be read. */
struct self_fd {
    int ours, theirs;
};

/* Both lists end with NULL; arguments[0] is what it is called. It has no signal blocked, none ignored, and of our descriptors those
 * of fds and the ones that are not close-on-exec. Whoever calls it waits for its end. Any thread: nothing is forked. */
int self_spawn(const char *const *arguments, const char *const *environment, const struct self_fd *fds, size_t n, pid_t *pid,
               struct err *e) MUST_CHECK;

#endif
