/* flow/child.h - a command run to its end, from the flow loop: input in, output and the last of its standard error out. It is
 * over only when the command has ended, its output is closed, and every descendant is gone. On the loop only. */
#ifndef FLOW_CHILD_H
#define FLOW_CHILD_H

#include "base/buf.h"
#include "flow/kept.h"

struct child_options {
    struct process_options process;
    struct slice input; /* borrowed until done */
    int64_t timeout_us; /* then SIGTERM to its group, and SIGKILL to everybody a little later */
    size_t output_max;  /* above it is killed */
};

struct child_result { /* good during done */
    enum {
        CHILD_ENDED,     /* by itself, or by somebody who is not us; or it never started: `end` */
        CHILD_TIMED_OUT, /* the command; or, its output being kept open, a descendant */
        CHILD_TOO_LARGE, /* its output */
    } what;
    struct kept_end end;
    struct slice output; /* all of standard output */
    struct slice log;    /* the last KEPT_LOG_BYTES of standard error */
};
typedef void (*child_done)(void *arg, const struct child_result *r);

struct child;
/* done runs exactly once, never before child_start returns (unless the child is cancelled). NULL with e: nothing was
 * started and done is not called. */
struct child *child_start(struct loop *loop, struct nursery *n, const struct child_options *o, child_done done, void *arg,
                          struct err *e);
/* done is not called any more; the processes are killed behind our back, also when the gateway ends at once. */
void child_cancel(struct child *c);

#endif
