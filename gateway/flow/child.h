/* flow/child.h - a command run to its end, from the flow loop: input in, output and the last of its standard error out. It is
 * over only when the command has ended, its output is closed, and every descendant is gone. On the loop only. */
#ifndef FLOW_CHILD_H
#define FLOW_CHILD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "flow/nursery.h"

#define CHILD_LOG_BYTES 4096 /* of standard error, the last ones */

/* The process that starts children: begun with the first one, and again when somebody has killed it. */
struct nursery;
struct nursery *nursery_new(struct loop *loop);
/* Ends it, and with it nothing that runs: children end by child_cancel. NULL ok. */
void nursery_free(struct nursery *n);

struct child_options {
    const char *path, *folder;     /* folder "": / */
    const char *const *arguments;  /* with the name it is called by first; NULL at the end */
    const char *const *environment; /* "NAME=value", NULL at the end */
    uint32_t uid, gid;             /* ORDER_SAME: the gateway's */
    uint64_t files, processes, memory_bytes, cpu_s; /* 0: no limit of its own */
    struct slice input;            /* borrowed until done */
    int64_t timeout_us;            /* then SIGTERM to its group, and SIGKILL to everybody a little later */
    size_t output_max;             /* above it is killed */
};

struct child_result { /* good during done */
    enum {
        CHILD_EXITED,      /* code */
        CHILD_SIGNALED,    /* signal: by itself, or by somebody who is not us */
        CHILD_TIMED_OUT,   /* the command; or, its output being kept open, a descendant */
        CHILD_TOO_LARGE,   /* its output */
        CHILD_NOT_STARTED, /* error */
        CHILD_LOST         /* the keeper was killed */
    } what;
    int code, signal;
    char error[160];
    struct slice output;   /* all of standard output */
    struct slice log;      /* the last CHILD_LOG_BYTES of standard error */
};
typedef void (*child_done)(void *arg, const struct child_result *r);

struct child;
/* done runs exactly once, never before child_start returns (unless the child is cancelled). NULL with e: nothing was
 * started and done is not called. */
struct child *child_start(struct nursery *n, const struct child_options *o, child_done done, void *arg, struct err *e);
/* done is not called any more; the processes are killed behind our back, also when the gateway ends at once. */
void child_cancel(struct child *c);

#endif
