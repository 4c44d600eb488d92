#include "store/writer.h"

#include "unit/store/fixture.h"

#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/store/double.h"
#include "unit/store/fault_vfs.h"

static struct fixture x;
static struct writer *writer;
static struct loop *loop;
static pthread_t loop_thread;

/* What happened on the loop, in order: 'L' a lease, 'A' an answer. */
static char story[4096];
static size_t told;
static sem_t answered, gate_reached, gate_open;
static atomic_bool gate_shut;
static atomic_int rooms, rooms_back;
static struct { char queue[32]; int64_t due_us; } ready[16];
static atomic_int n_ready;
static struct lease *got_lease;

static bool room(void *arg, const struct step *step)
{
    (void)arg;
    (void)step;
    /* Holds the writer up in the middle of a batch until the test has put what shall come together. */
    if (atomic_exchange(&gate_shut, false)) {
        sem_post(&gate_reached);
        sem_wait(&gate_open);
    }
    if (atomic_load(&rooms) <= 0)
        return false;
    atomic_fetch_sub(&rooms, 1);
    return true;
}

static void room_back(void *arg, const struct step *step)
{
    (void)arg;
    assert_non_null(step);
    atomic_fetch_add(&rooms_back, 1);
}

static void on_ready(void *arg, struct slice queue, int64_t due_us)
{
    int i = atomic_load(&n_ready);

    (void)arg;
    snprintf(ready[i].queue, sizeof ready[i].queue, "%.*s", SLICE_FMT(queue));
    ready[i].due_us = due_us;
    atomic_store(&n_ready, i + 1);
}

static void on_lease(struct mail *m)
{
    assert_true(loop_here(loop));
    story[told++] = 'L';
    lease_free(got_lease);
    got_lease = (struct lease *)(void *)m;
}

static void on_answer(struct write *w)
{
    (void)w;
    assert_true(loop_here(loop));
    story[told++] = 'A';
    sem_post(&answered);
}

static void *run_loop(void *arg)
{
    loop_run(arg);
    return NULL;
}

static void start(bool sqlite, size_t mailbox_bytes)
{
    struct writer_options o = {
        .mailbox_bytes = mailbox_bytes, .on_lease = on_lease, .room = room, .room_back = room_back, .on_ready = on_ready
    };
    struct err e;

    fixture_open(&x, sqlite);
    memset(story, 0, sizeof story);
    told = 0;
    atomic_store(&rooms, 0);
    atomic_store(&rooms_back, 0);
    atomic_store(&n_ready, 0);
    sem_init(&answered, 0, 0);
    sem_init(&gate_reached, 0, 0);
    sem_init(&gate_open, 0, 0);
    o.flow = loop = loop_new(false, &e);
    assert_non_null(loop);
    assert_int_equal(pthread_create(&loop_thread, NULL, run_loop, loop), 0);
    writer = writer_start(x.store, &o, &e);
    assert_non_null(writer);
}

static void stop(void)
{
    writer_stop(writer);
    loop_stop(loop);
    pthread_join(loop_thread, NULL);
    loop_free(loop);
    lease_free(got_lease);
    got_lease = NULL;
    fixture_close(&x);
}

static void wait_answers(int n)
{
    while (n--)
        assert_int_equal(sem_wait(&answered), 0);
}

struct asked {
    struct write write;
    struct new_run run;
    struct event *event;
    struct err err;
};

static void make_append(struct asked *a, const char *key, struct workflow *w)
{
    *a = (struct asked){ .event = test_event(NULL) };
    a->write = (struct write){ .kind = WRITE_APPEND, .home = loop, .done = on_answer, .err = &a->err };
    if (w)
        a->run = test_run(w);
    a->write.append = test_append(a->event, key, &a->run, w != NULL);
}

/* Puts list[0], whose run holds the writer up, then the others: they make the second batch. */
static void put_together(struct asked *list, size_t n)
{
    atomic_store(&gate_shut, true);
    assert_true(writer_put(writer, &list[0].write, 1));
    sem_wait(&gate_reached);
    for (size_t i = 1; i < n; i++)
        assert_true(writer_put(writer, &list[i].write, 1));
    sem_post(&gate_open);
    wait_answers((int)n);
}

static void free_asked(struct asked *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        event_unref(list[i].event);
}

#define N 200

static void what_waits_is_one_batch(void **state)
{
    static struct asked list[N];
    char name[16];

    (void)state;
    start(true, 1 << 20);
    make_append(&list[0], NULL, test_workflow("gate", 1));
    for (int i = 1; i < N; i++) {
        snprintf(name, sizeof name, "%d", i / 2); /* every second is a duplicate, but the first */
        make_append(&list[i], name, NULL);
    }
    put_together(list, N);
    assert_int_equal(counter_get(&writer_stats(writer)->batches), 2);
    assert_int_equal(counter_get(&writer_stats(writer)->writes), N);
    for (int i = 0; i < N; i++) {
        bool duplicate = i > 1 && i % 2;
        assert_int_equal(list[i].write.result, 0);
        assert_int_equal(list[i].write.append.outcome, duplicate ? APPEND_DUPLICATE : APPEND_STORED);
        if (duplicate)
            assert_true(id_eq(list[i].write.append.first, list[i - 1].event->id));
    }
    free_asked(list, N);
    stop();
}

static void leases_come_before_the_answer(void **state)
{
    struct asked list[2];

    (void)state;
    start(true, 1 << 20);
    atomic_store(&rooms, 2);
    make_append(&list[0], NULL, test_workflow("w", 2));
    make_append(&list[1], NULL, test_workflow("w", 2));
    put_together(list, 2);
    assert_string_equal(story, "LALA");
    assert_true(id_eq(got_lease->run, list[1].run.id));
    assert_int_equal(atomic_load(&n_ready), 0);
    free_asked(list, 2);
    stop();
}

static void ready_steps_are_told(void **state)
{
    struct workflow *w = test_workflow("w", 2);
    struct asked list[3];
    struct write finish = { .kind = WRITE_FINISH, .home = loop, .done = on_answer };

    (void)state;
    start(true, 1 << 20);
    for (int i = 0; i < 3; i++)
        make_append(&list[i], NULL, w);
    put_together(list, 3);
    assert_int_equal(atomic_load(&n_ready), 2); /* once a queue and batch */
    assert_string_equal(ready[0].queue, "billing");

    atomic_store(&rooms, 1);
    atomic_store(&n_ready, 0);
    struct asked leased;
    make_append(&leased, NULL, w);
    assert_true(writer_put(writer, &leased.write, 1));
    wait_answers(1);
    finish.home = loop;
    finish.finish =
        (struct step_result){ .lease = got_lease, .workflow = w, .outcome = ATTEMPT_RETRY, .due_us = 12345 };
    writer_put_always(writer, &finish);
    wait_answers(1);
    assert_int_equal(finish.result, 0);
    assert_false(finish.finish.stale);
    assert_int_equal(atomic_load(&n_ready), 1);
    assert_int_equal(ready[0].due_us, 12345);
    free_asked(list, 3);
    free_asked(&leased, 1);
    stop();
}

/* The events of one body are one write: all of them are there, or none. */
static void a_body_is_one_write(void **state)
{
    bool sqlite = *state != NULL;
    struct whole from = { .id = id_new(), .body = SLICE("[1,2,1]") };
    struct event_packer *packer = event_packer_new();
    struct whole *whole = whole_make(&from, packer);
    struct append list[3];
    struct event_row row;
    struct err e;

    start(sqlite, 1 << 20);
    for (uint32_t i = 0; i < 3; i++) {
        struct event ev = { .id = id_new(), .source = SLICE("s"), .type = SLICE("t"), .time_us = clock_wall_us(),
                            .data = slice_of(from.body.ptr + 1 + 2 * i, 1), .item = { from.id, i, 3, 1 + 2 * i } };
        list[i] = test_append(event_make(&ev, NULL), i == 1 ? "b" : "a", NULL, 0);
    }
    for (int turn = 0; turn < 2; turn++) {
        struct write w = { .kind = WRITE_APPEND_ALL, .home = loop, .done = on_answer,
                           .append_all = { list, 3, whole } };
        if (turn == 0 && sqlite)
            atomic_store(&fault_vfs.fail_syncs, 1);
        else if (turn == 0)
            double_fail_commit(1);
        assert_true(writer_put(writer, &w, 1));
        wait_answers(1);
        assert_int_equal(w.result, turn ? 0 : -1);
        for (int i = 0; i < 3; i++) {
            bool there = turn == 1 && i < 2;
            assert_int_equal(read_event(x.reader, list[i].event->id, &x.arena, &row, &e), there ? 0 : -1);
        }
    }
    assert_int_equal(list[2].outcome, APPEND_DUPLICATE);
    assert_true(id_eq(list[2].first, list[0].event->id));
    for (int i = 0; i < 3; i++)
        event_unref(list[i].event);
    free(whole);
    event_packer_free(packer);
    stop();
}

#define LARGE 600

/* Three large bodies wait: the first two are not made to wait for the third. */
static void large_bodies_are_no_one_batch(void **state)
{
    static struct append lists[3][LARGE];
    struct whole from = { .id = id_new(), .body = SLICE("[1]") };
    struct event_packer *packer = event_packer_new();
    struct whole *whole = whole_make(&from, packer);
    struct write writes[3];
    struct asked first;

    (void)state;
    start(false, 1 << 20);
    make_append(&first, NULL, test_workflow("gate", 1));
    atomic_store(&gate_shut, true);
    assert_true(writer_put(writer, &first.write, 1));
    sem_wait(&gate_reached);
    for (int k = 0; k < 3; k++) {
        for (uint32_t i = 0; i < LARGE; i++)
            lists[k][i] = test_append(test_event(NULL), NULL, NULL, 0);
        writes[k] = (struct write){ .kind = WRITE_APPEND_ALL, .home = loop, .done = on_answer,
                                    .append_all = { lists[k], LARGE, whole } };
        assert_true(writer_put(writer, &writes[k], 1));
    }
    sem_post(&gate_open);
    wait_answers(4);
    assert_int_equal(counter_get(&writer_stats(writer)->batches), 3);
    assert_int_equal(counter_get(&writer_stats(writer)->writes), 4);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < LARGE; i++)
            event_unref(lists[k][i].event);
    free_asked(&first, 1);
    free(whole);
    event_packer_free(packer);
    stop();
}

static void a_failed_commit_fails_all(void **state)
{
    bool sqlite = *state != NULL;
    struct asked list[5];
    struct write probe = { .kind = WRITE_QUEUES };
    struct arena arena;
    struct err e;

    start(sqlite, 1 << 20);
    for (int i = 0; i < 5; i++)
        make_append(&list[i], "same", i == 0 || i == 3 ? test_workflow("w", 1) : NULL);
    list[0].write.append.dedupe = false;
    atomic_store(&rooms, 2);
    atomic_store(&gate_shut, true);
    assert_true(writer_put(writer, &list[0].write, 1));
    sem_wait(&gate_reached);
    list[3].write.append.dedupe = false;
    for (int i = 1; i < 5; i++)
        assert_true(writer_put(writer, &list[i].write, 1));
    /* Of the double the second batch; of SQLite both, until the disk is mended. */
    if (sqlite)
        atomic_store(&fault_vfs.fail_syncs, -1);
    else
        double_fail_commit(2);
    sem_post(&gate_open);
    wait_answers(5);
    for (int i = 1; i < 5; i++) {
        assert_int_equal(list[i].write.result, -1);
        assert_int_equal(list[i].write.code, ERR_TEMP);
        assert_int_equal(list[i].err.code, ERR_TEMP);
        assert_true(strlen(list[i].err.text) > 0);
    }
    assert_true(atomic_load(&rooms_back) >= 1);
    if (sqlite) /* the double works again at once, which an idle writer finds out by itself */
        assert_true(atomic_load(&writer_stats(writer)->last_commit_failed_us) != 0);
    assert_true(counter_get(&writer_stats(writer)->failed_batches) >= 1);
    atomic_store(&fault_vfs.fail_syncs, 0);
    clock_test_set(clock_wall_us() + US_PER_S);
    arena_init(&arena);
    probe.queues.arena = &arena;
    assert_int_equal(writer_wait(writer, &probe, &e), 0);
    assert_int_equal(atomic_load(&writer_stats(writer)->last_commit_failed_us), 0);
    arena_clear(&arena);
    /* Tried again they are no duplicates of what was not stored. */
    assert_true(writer_put(writer, &list[1].write, 1));
    wait_answers(1);
    assert_int_equal(list[1].write.result, 0);
    assert_int_equal(list[1].write.append.outcome, APPEND_STORED);
    clock_test_set(INT64_MIN);
    free_asked(list, 5);
    stop();
}

/* Nobody writes any more, since all are told that the store fails: the writer itself finds out that it works again. */
static void recovery_needs_no_traffic(void **state)
{
    struct asked one;

    (void)state;
    start(true, 1 << 20);
    make_append(&one, NULL, NULL);
    atomic_store(&fault_vfs.full, true);
    assert_true(writer_put(writer, &one.write, 1));
    wait_answers(1);
    assert_int_equal(one.write.result, -1);
    atomic_store(&fault_vfs.full, false);
    while (atomic_load(&writer_stats(writer)->last_commit_failed_us))
        sched_yield();
    free_asked(&one, 1);
    stop();
}

static void what_is_not_found_is_told_alone(void **state)
{
    struct asked list[3];

    (void)state;
    start(true, 1 << 20);
    make_append(&list[0], NULL, test_workflow("gate", 1));
    make_append(&list[1], NULL, NULL);
    make_append(&list[2], NULL, NULL);
    list[1].write.kind = WRITE_RELEASE;
    list[1].write.release.event = id_new();
    list[1].write.release.n = 0;
    put_together(list, 3);
    assert_int_equal(list[1].write.result, -1);
    assert_int_equal(list[1].write.code, ERR_NOT_FOUND);
    assert_int_equal(list[2].write.result, 0);
    assert_int_equal(counter_get(&writer_stats(writer)->failed_batches), 0);
    free_asked(list, 3);
    stop();
}

static void a_full_mailbox_says_no(void **state)
{
    struct asked list[4];

    (void)state;
    start(true, 100);
    for (int i = 0; i < 4; i++)
        make_append(&list[i], NULL, i ? NULL : test_workflow("gate", 1));
    atomic_store(&gate_shut, true);
    assert_true(writer_put(writer, &list[0].write, 1));
    sem_wait(&gate_reached);
    assert_true(writer_put(writer, &list[1].write, 60));
    assert_false(writer_put(writer, &list[2].write, 60));
    writer_put_always(writer, &list[3].write);
    sem_post(&gate_open);
    wait_answers(3);
    assert_int_equal(list[3].write.result, 0);
    free_asked(list, 4);
    stop();
}

static void refusals_have_a_lane_of_their_own(void **state)
{
    struct refused_row row = { .source = SLICE("github"), .status = 401, .reason = SLICE("bad-signature") };
    struct list_filter f = { .status = -1, .limit = 100 };
    struct refused_row *rows;
    struct list_page p;
    struct err e;

    (void)state;
    start(true, 1 << 20);
    /* A second in which nothing was refused yet, and that lasts. */
    clock_test_set((clock_wall_us() / US_PER_S + 2) * US_PER_S);
    for (int i = 0; i < 60; i++) {
        row.id = id_new();
        writer_refuse(writer, &row);
    }
    assert_in_range(counter_get(&writer_stats(writer)->refused_dropped), 1, 10);
    writer_stop(writer); /* what waits is written */
    writer = NULL;
    assert_int_equal(read_refused(x.reader, &f, &x.arena, &rows, &p, &e), 0);
    assert_int_equal(p.count, 5); /* the log's bound */
    clock_test_set(INT64_MIN);
    stop();
}

static void secrets_are_handed_over_once(void **state)
{
    struct write hand = { .kind = WRITE_HAND, .hand.arena = &x.arena };
    struct write forget = { .kind = WRITE_FORGET, .forget = { SLICE("notion") } };
    struct err e;

    (void)state;
    start(true, 1 << 20);
    hand.hand.row = (struct handed_row){ .source = SLICE("notion"), .sealed = SLICE("sealed") };
    assert_int_equal(writer_wait(writer, &hand, &e), 0);
    assert_int_equal(writer_wait(writer, &hand, &e), -1);
    assert_int_equal(e.code, ERR_CONFLICT);
    assert_true(slice_eq_z(hand.hand.first.sealed, "sealed"));
    assert_int_equal(writer_wait(writer, &forget, &e), 0);
    assert_int_equal(writer_wait(writer, &forget, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    stop();
}

static void waiting_and_draining(void **state)
{
    struct definition d = { .kind = "source", .name = SLICE("github"), .text = SLICE("{}") }, *list[] = { &d };
    struct write define = { .kind = WRITE_DEFINE, .define = { list, 1, SLICE("f.yaml") } };
    struct write get = { .kind = WRITE_DEFINITION };
    static struct asked many[N];
    struct err e;

    (void)state;
    start(true, 1 << 20);
    assert_int_equal(writer_wait(writer, &define, &e), 0);
    assert_true(d.row > 0);
    get.definition.row = d.row;
    get.definition.arena = &x.arena;
    assert_int_equal(writer_wait(writer, &get, &e), 0);
    assert_true(slice_eq_z(get.definition.out.origin, "f.yaml"));
    get.definition.row = 99;
    assert_int_equal(writer_wait(writer, &get, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    for (int i = 0; i < N; i++) {
        make_append(&many[i], NULL, NULL);
        assert_true(writer_put(writer, &many[i].write, 1));
    }
    writer_stop(writer);
    writer = NULL;
    wait_answers(N);
    free_asked(many, N);
    stop();
}

/* The child stores as fast as it can and says which events were answered; it is killed, and they all must be there. */
static int told_fd;

static void tell_parent(struct write *w)
{
    if (!w->result && write(told_fd, w->append.event->id.b, 16) != 16)
        _exit(1);
    sem_post(&answered);
}

static void child(const struct store_settings *s)
{
    struct writer_options o = { .mailbox_bytes = 1 << 20 };
    static struct asked list[64];
    struct err e;

    x.store = store_open(s, &e);
    sem_init(&answered, 0, 0);
    writer = x.store ? writer_start(x.store, &o, &e) : NULL;
    if (!writer)
        _exit(2);
    for (;;) {
        for (int i = 0; i < 64; i++) {
            make_append(&list[i], NULL, test_workflow("w", 1));
            list[i].write.home = NULL;
            list[i].write.done = tell_parent;
            writer_put_always(writer, &list[i].write);
        }
        wait_answers(64);
        free_asked(list, 64);
    }
}

static void killed_in_the_middle(void **state)
{
    struct store_settings settings;
    char url[320];
    struct id *ids = mem_alloc(16 * 100000);
    size_t bytes = 0;
    int fds[2];

    (void)state;
    fixture_open(&x, true);
    store_reader_close(x.reader);
    store_close(x.store);
    snprintf(url, sizeof url, "%s", x.url);
    settings = x.settings;
    settings.url = url;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        if (pid == 0) {
            told_fd = fds[1];
            child(&settings);
        }
        close(fds[1]);
        for (size_t want = bytes + 16 * (300 + 500 * (size_t)round), got; bytes < want; bytes += got) {
            ssize_t n = read(fds[0], (char *)ids + bytes, want - bytes);
            assert_true(n > 0);
            got = (size_t)n;
        }
        kill(pid, SIGKILL);
        for (ssize_t n; (n = read(fds[0], (char *)ids + bytes, 16 * 100000 - bytes)) > 0;)
            bytes += (size_t)n;
        close(fds[0]);
        waitpid(pid, NULL, 0);
        struct err e;
        x.store = store_open(&settings, &e);
        assert_non_null(x.store);
        x.reader = store_reader_open(&settings, &e);
        assert_non_null(x.reader);
        for (size_t i = 0; i < bytes / 16; i++) {
            struct event_row row;
            if (read_event(x.reader, ids[i], &x.arena, &row, &e))
                fail_msg("event %zu of %zu: %s", i, bytes / 16, e.text);
            assert_int_equal(row.runs, 1);
        }
        store_reader_close(x.reader);
        store_close(x.store);
    }
    free(ids);
    fixture_remove_dir(x.dir);
    arena_clear(&x.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_in_the_middle), /* first: it forks */
        cmocka_unit_test(what_waits_is_one_batch),
        cmocka_unit_test(leases_come_before_the_answer),
        cmocka_unit_test(ready_steps_are_told),
        cmocka_unit_test_prestate(a_body_is_one_write, NULL),
        cmocka_unit_test_prestate(a_body_is_one_write, (void *)"sqlite"),
        cmocka_unit_test(large_bodies_are_no_one_batch),
        cmocka_unit_test_prestate(a_failed_commit_fails_all, NULL),
        cmocka_unit_test_prestate(a_failed_commit_fails_all, (void *)"sqlite"),
        cmocka_unit_test(recovery_needs_no_traffic),
        cmocka_unit_test(what_is_not_found_is_told_alone),
        cmocka_unit_test(a_full_mailbox_says_no),
        cmocka_unit_test(refusals_have_a_lane_of_their_own),
        cmocka_unit_test(secrets_are_handed_over_once),
        cmocka_unit_test(waiting_and_draining),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
