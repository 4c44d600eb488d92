#include "unit/store/cases.h"

static void append_all(struct fixture *x, struct append *list, size_t n)
{
    struct err e;

    for (size_t i = 0; i < n; i++) {
        if (store_append(x->store, &list[i], fixture_room, x, &x->leases, &e))
            fail_msg("append: %s", e.text);
    }
}

void do_append(struct fixture *x, void *append)
{
    append_all(x, append, 1);
}

void do_append_2(struct fixture *x, void *appends)
{
    append_all(x, appends, 2);
}


struct event_row get_event(struct fixture *x, struct id id)
{
    struct event_row row;
    struct err e;

    assert_int_equal(read_event(x->reader, id, &x->arena, &row, &e), 0);
    return row;
}

struct run_row get_run(struct fixture *x, struct id id)
{
    struct run_row row;
    struct err e;

    assert_int_equal(read_run(x->reader, id, &x->arena, &row, &e), 0);
    return row;
}

void run_case(void (*fn)(struct fixture *x), bool sqlite)
{
    struct fixture x;
    int commits = 0;

    for (int fail_at = 0; fail_at == 0 || fail_at <= commits; fail_at++) {
        fixture_open(&x, sqlite);
        x.fail_at = fail_at;
        fn(&x);
        commits = x.commits;
        fixture_close(&x);
    }
    assert_true(commits > 0);
}
