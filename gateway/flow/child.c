#include "flow/child.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define GRACE_US (2 * US_PER_S) /* from SIGTERM to SIGKILL */

struct child {
    struct kept kept;
    struct pipe_end in, out;
    struct timer *timer;
    struct slice input; /* what is not written yet */
    struct buf output;
    bool terminated;
    child_done done;
    void *arg;
};

void child_cancel(struct child *c)
{
    pipe_end_close(&c->in);
    pipe_end_close(&c->out);
    kept_clear(&c->kept);
    timer_free(c->timer);
    buf_clear(&c->output);
    free(c);
}

/* The command has ended and nobody has its output: what is left of it is not waited for. */
static void look(void *arg)
{
    struct child *c = arg;

    if (kept_is_quiet(&c->kept) && c->out.fd < 0)
        kept_kill(&c->kept);
}

static void on_over(void *arg)
{
    struct child *c = arg;
    struct child_result r = { .what = CHILD_ENDED, .end = c->kept.end, .output = buf_slice(&c->output),
                              .log = kept_log(&c->kept) };
    bool started = r.end.what != KEPT_NOT_STARTED;

    /* Output that nobody can read to its end any more is not all of it. */
    if (started && !c->kept.killed && c->out.fd >= 0)
        r.end.what = KEPT_LOST;
    bool ours = c->kept.killed || r.end.what != KEPT_LOST;
    /* What we did to it says more than how it ended by that. */
    if (started && ours && c->output.failed)
        r.what = CHILD_TOO_LARGE;
    else if (started && ours && c->terminated)
        r.what = CHILD_TIMED_OUT;
    c->done(c->arg, &r);
    child_cancel(c);
}

static void on_out(int fd, short what, void *arg)
{
    struct child *c = arg;
    char room[PIPE_READ_BYTES];

    (void)fd;
    (void)what;
    buf_put(&c->output, pipe_end_read(&c->out, room));
    if (c->output.failed)
        kept_kill(&c->kept);
    look(c);
}

/* A command need not read its input. */
static void on_in(int fd, short what, void *arg)
{
    struct child *c = arg;
    ssize_t n = c->input.len ? write(fd, c->input.ptr, c->input.len) : 0;

    (void)what;
    if (n > 0)
        c->input = slice_from(c->input, (size_t)n);
    if (c->input.len == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        pipe_end_close(&c->in);
}

/* Ask, then kill. What ended by itself before is only waited for. */
static void on_time(void *arg)
{
    struct child *c = arg;

    if (c->terminated) {
        kept_kill(&c->kept);
        return;
    }
    c->terminated = true;
    kept_term(&c->kept);
    timer_set(c->timer, GRACE_US);
}

static int start(struct child *c, struct loop *loop, struct nursery *n, const struct child_options *o, struct err *e)
{
    int stdin_fd = -1, stdout_fd = -1;

    if (pipe_end_make(&c->in, &stdin_fd, true) || pipe_end_make(&c->out, &stdout_fd, false)) {
        if (stdin_fd >= 0)
            close(stdin_fd);
        return err_sys(e, "cannot make the command's pipes");
    }
    return kept_start(&c->kept, loop, n, &o->process, stdin_fd, stdout_fd, e);
}

struct child *child_start(struct loop *loop, struct nursery *n, const struct child_options *o, child_done done, void *arg,
                          struct err *e)
{
    struct child *c = mem_zalloc(sizeof *c);

    c->in = c->out = c->kept.err = c->kept.control = PIPE_END_NONE;
    c->kept.changed = look;
    c->kept.over = on_over;
    c->kept.arg = c;
    c->input = o->input;
    c->done = done;
    c->arg = arg;
    buf_init(&c->output, o->output_max);
    if (start(c, loop, n, o, e)) {
        child_cancel(c);
        return NULL;
    }
    pipe_end_watch(&c->in, loop, true, on_in, c);
    pipe_end_watch(&c->out, loop, false, on_out, c);
    c->timer = timer_new(loop, on_time, c);
    timer_set(c->timer, o->timeout_us);
    return c;
}
