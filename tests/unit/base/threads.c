/* mailbox, loop, log */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"

static bool readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, 0) == 1;
}

static void mailbox_bounds(void **state)
{
    struct mailbox mb;
    struct mail m[4];
    struct err e;

    (void)state;
    assert_int_equal(mailbox_init(&mb, 100, &e), 0);
    assert_null(mailbox_take(&mb));
    assert_true(mailbox_put(&mb, &m[0], 500)); /* an empty box takes any one */
    assert_false(mailbox_put(&mb, &m[1], 1));
    assert_true(mailbox_take(&mb) == &m[0]);
    assert_false(readable(mb.fd));
    assert_true(mailbox_put(&mb, &m[0], 60));
    assert_true(mailbox_put(&mb, &m[1], 40));
    assert_false(mailbox_put(&mb, &m[2], 1));
    mailbox_put_list(&mb, &m[3], &m[3]); /* answers are never refused */
    assert_true(readable(mb.fd));
    struct mail *all = mailbox_take(&mb);
    assert_true(all == &m[0] && all->next == &m[1] && all->next->next == &m[3] && !all->next->next->next);
    mailbox_clear(&mb);
}

/* Put quietly, the reader is woken by the first who speaks, and only if there is something it does not know of. */
static void mailbox_quiet(void **state)
{
    struct mailbox mb;
    struct mail m[4];
    struct err e;

    (void)state;
    assert_int_equal(mailbox_init(&mb, 100, &e), 0);
    mailbox_say(&mb);
    assert_false(readable(mb.fd));
    assert_true(mailbox_put_quietly(&mb, &m[0], 60));
    assert_true(mailbox_put_quietly(&mb, &m[1], 40));
    assert_false(mailbox_put_quietly(&mb, &m[2], 1));
    assert_false(readable(mb.fd));
    mailbox_say(&mb);
    assert_true(readable(mb.fd));
    assert_true(mailbox_take(&mb) == &m[0]);
    assert_false(readable(mb.fd));
    assert_true(mailbox_put_quietly(&mb, &m[0], 1));
    assert_true(mailbox_take(&mb) == &m[0]); /* an awake reader found it */
    mailbox_say(&mb);
    assert_false(readable(mb.fd));
    assert_true(mailbox_put_quietly(&mb, &m[0], 1));
    assert_true(mailbox_put(&mb, &m[1], 1)); /* not empty, but nobody was told yet */
    assert_true(readable(mb.fd));
    mailbox_take(&mb);
    assert_true(mailbox_put_quietly(&mb, &m[0], 1));
    mailbox_put_list(&mb, &m[1], &m[1]);
    assert_true(readable(mb.fd));
    mailbox_clear(&mb);
}

#define SENDERS 4
#define EACH 5000

struct counted {
    struct mail mail;
    int sender, number;
};

static int last_of[SENDERS], seen;
static struct loop *loop;

static void on_counted(struct mail *m)
{
    struct counted *c = (struct counted *)m;

    assert_true(loop_here(loop));
    assert_int_equal(c->number, last_of[c->sender] + 1); /* in order */
    last_of[c->sender] = c->number;
    free(c);
    if (++seen == SENDERS * EACH)
        loop_stop(loop);
}

static void *post(void *arg)
{
    int sender = (int)(intptr_t)arg;

    for (int i = 1; i <= EACH; i++) {
        struct counted *c = mem_alloc(sizeof *c);
        *c = (struct counted){ { .run = on_counted }, sender, i };
        loop_post(loop, &c->mail);
    }
    return NULL;
}

static void loop_runs_all_mail_in_order(void **state)
{
    pthread_t threads[SENDERS];
    struct err e;

    (void)state;
    loop = loop_new(true, &e);
    assert_non_null(loop);
    for (intptr_t i = 0; i < SENDERS; i++)
        pthread_create(&threads[i], NULL, post, (void *)i);
    loop_run(loop);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(seen, SENDERS * EACH);
    loop_free(loop);
}

static void loop_stops_once_however_often_it_is_told(void **state)
{
    struct err e;
    struct loop *l = loop_new(false, &e);

    (void)state;
    for (int i = 0; i < 2; i++) {
        loop_stop(l);
        loop_stop(l);
        alarm(10);
        loop_run(l);
        alarm(0);
    }
    loop_free(l);
}

static int ticks;

static void on_tick(void *arg)
{
    if (++ticks == 3)
        loop_stop(arg);
}

static void timers_repeat(void **state)
{
    struct err e;
    struct loop *l = loop_new(false, &e);

    (void)state;
    struct timer *t = timer_every(l, 1, on_tick, l);
    loop_run(l);
    assert_int_equal(ticks, 3);
    timer_free(t);
    loop_free(l);
}

/* What log_write prints for these fields, without the time. */
static void log_line(bool json, char *out, size_t size)
{
    int fds[2], saved = dup(STDERR_FILENO);

    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDERR_FILENO);
    log_setup(LOG_LEVEL_INFO, json);
    LOG_DEBUG("not shown");
    LOG_WARN("it happened", LOG_SL("foreign", SLICE("a\nlevel=error \"\xff\x1b[31m")), LOG_I("n", -5), LOG_Z("plain", "abc"));
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fds[1]);
    ssize_t n = read(fds[0], out, size - 1);
    assert_true(n > 0);
    out[n] = '\0';
    close(fds[0]);
}

static void log_escapes_foreign_bytes(void **state)
{
    char line[1000];

    (void)state;
    log_line(false, line, sizeof line);
    assert_memory_equal(line, "time=", 5);
    assert_non_null(strstr(line, " level=warn msg=\"it happened\" foreign=\"a\\u000alevel=error \\\"\xef\xbf\xbd\\u001b[31m\""
                                 " n=-5 plain=abc\n"));
    log_line(true, line, sizeof line);
    assert_non_null(strstr(line, "\"level\":\"warn\",\"msg\":\"it happened\",\"foreign\":\"a\\u000alevel=error \\\"\xef\xbf\xbd"
                                 "\\u001b[31m\",\"n\":-5,\"plain\":\"abc\"}\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mailbox_bounds),
        cmocka_unit_test(mailbox_quiet),
        cmocka_unit_test(loop_runs_all_mail_in_order),
        cmocka_unit_test(loop_stops_once_however_often_it_is_told),
        cmocka_unit_test(timers_repeat),
        cmocka_unit_test(log_escapes_foreign_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
