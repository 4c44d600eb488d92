/* flow/kept.h - a process and its keeper (flow/nursery.h), as the gateway sees them: what it says on standard error, how it
 * ends, and that nothing of it is left. Commands (flow/child.h) and plugin workers (flow/plugin.h) are made of it. On the loop
 * only. */
#ifndef FLOW_KEPT_H
#define FLOW_KEPT_H

#include <stdbool.h>

#include "base/loop.h"
#include "flow/orders.h"

#define KEPT_LOG_BYTES 4096 /* of standard error, the last ones */

/* Our end of a pipe or socket. */
struct event;
struct pipe_end {
    int fd; /* -1: closed */
    struct event *event;
};
#define PIPE_END_NONE ((struct pipe_end){ -1, NULL })
void pipe_end_close(struct pipe_end *p);
/* Calls fn whenever it can be read, or written. */
void pipe_end_watch(struct pipe_end *p, struct loop *loop, bool to_write, void (*fn)(int fd, short what, void *arg), void *arg);
/* What is there, into room; the end, or an error, closes it. */
#define PIPE_READ_BYTES 65536
struct slice pipe_end_read(struct pipe_end *p, char *room);
/* A pipe between us and a child: our end does not block. */
int pipe_end_make(struct pipe_end *ours, int *theirs, bool we_write);

/* The last of what was put, moved down once in a while. All 0 is an empty one; len = 0 empties it. */
struct log_tail {
    char bytes[2 * KEPT_LOG_BYTES];
    size_t len;
};
void log_tail_put(struct log_tail *t, struct slice s);
struct slice log_tail_slice(const struct log_tail *t); /* KEPT_LOG_BYTES at most */

/* How the process ended. */
struct kept_end {
    enum {
        KEPT_EXITED,      /* code */
        KEPT_SIGNALED,    /* signal */
        KEPT_NOT_STARTED, /* error */
        KEPT_LOST         /* the keeper was killed, or does not end: nobody knows */
    } what;
    int code, signal;
    uint64_t memory_peak; /* bytes that were resident, where it ended by itself or by a signal */
    char error[160];
};

struct kept {
    struct loop *loop;
    struct pipe_end err, control;
    struct timer *give_up;
    struct log_tail log;
    bool known;  /* how it ended */
    bool killed; /* by us */
    struct kept_end end;
    void (*changed)(void *arg); /* its end is known, or its standard error closed */
    void (*over)(void *arg);    /* all of it is gone, or given up */
    void *arg;
};

/* Starts it with these as standard input and output, which are closed here in any case (in_fd may be out_fd). Callbacks come
 * later, and none after kept_clear. */
int kept_start(struct kept *k, struct loop *loop, struct nursery *n, const struct process_options *o, int in_fd, int out_fd,
               struct err *e) MUST_CHECK;
/* SIGTERM to its group. */
void kept_term(struct kept *k);
/* SIGKILL to everybody; `over` follows. Once is enough. */
void kept_kill(struct kept *k);
/* It has ended and nobody holds its standard error. */
static inline bool kept_is_quiet(const struct kept *k) { return k->known && k->err.fd < 0; }
/* The last of standard error; what is in the pipe by now is in it. Good until the next call. */
struct slice kept_log(struct kept *k);
/* Lets go: what still runs is killed behind our back, also when the gateway ends at once. */
void kept_clear(struct kept *k);

#endif
