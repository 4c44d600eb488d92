#include "flow/endpoint.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "flow/held.h"

#define NOW 1000

static int fill(struct lanes *ls, struct lane *l)
{
    int n = 0;

    while (lanes_room(ls, l, NOW))
        n++;
    return n;
}

static void names_lead_to_one_lane_each(void **state)
{
    struct lanes ls;
    char name[16];

    (void)state;
    lanes_init(&ls, 100, 50);
    struct lane *first = lanes_get(&ls, SLICE("n0"));
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "n%d", i);
        struct lane *l = lanes_get(&ls, slice_z(name));
        assert_true(slice_eq_z(l->name, name));
        assert_ptr_equal(lanes_get(&ls, slice_z(name)), l);
    }
    assert_ptr_equal(lanes_get(&ls, SLICE("n0")), first);
    int n = 0;
    for (struct lane *l = ls.all; l; l = l->next)
        n++;
    assert_int_equal(n, 200);
    lanes_clear(&ls);
}

static void a_lane_and_all_lanes_are_bounded(void **state)
{
    struct lanes ls;

    (void)state;
    lanes_init(&ls, 100, 50);
    struct lane *a = lanes_get(&ls, SLICE("a")), *b = lanes_get(&ls, SLICE("b")), *c = lanes_get(&ls, SLICE("c"));
    assert_int_equal(fill(&ls, a), 50);
    assert_int_equal(fill(&ls, b), 50);
    assert_int_equal(fill(&ls, c), LANE_SURE); /* whatever the others hold */
    lanes_give_back(&ls, a, 20);
    assert_int_equal(fill(&ls, c), 4);
    assert_int_equal(fill(&ls, a), 0);
    lanes_clear(&ls);
}

static void the_newborn_leave_half_to_those_that_are_due(void **state)
{
    struct lanes ls;

    (void)state;
    lanes_init(&ls, 1000, 100);
    struct lane *l = lanes_get(&ls, SLICE("a"));
    assert_true(lane_due(l, NOW + 1));
    assert_int_equal(fill(&ls, l), 100); /* not yet due */
    lanes_give_back(&ls, l, 100);
    assert_true(lane_due(l, NOW));
    assert_false(lane_due(l, NOW));
    assert_int_equal(fill(&ls, l), 50);
    assert_int_equal(lanes_claimable(&ls, l), 50);
    lanes_take(&ls, l, 30);
    assert_int_equal(lanes_claimable(&ls, l), 0); /* twenty places are not worth a query */
    lanes_give_back(&ls, l, 10);
    assert_int_equal(lanes_claimable(&ls, l), 30);
    lanes_clear(&ls);
}

static void small_rooms_work(void **state)
{
    struct lanes ls;

    (void)state;
    lanes_init(&ls, 1, 1);
    struct lane *l = lanes_get(&ls, SLICE("a"));
    lane_due(l, 0);
    assert_int_equal(lanes_claimable(&ls, l), 1);
    assert_int_equal(fill(&ls, l), 1);
    assert_int_equal(lanes_claimable(&ls, l), 0);
    lanes_clear(&ls);
}

static void bytes_and_shutdown_close_the_room(void **state)
{
    struct lanes ls;

    (void)state;
    lanes_init(&ls, 100, 50);
    struct lane *l = lanes_get(&ls, SLICE("a"));
    atomic_store(&ls.bytes, LANES_BYTES_MAX);
    assert_int_equal(fill(&ls, l), 0);
    assert_int_equal(lanes_claimable(&ls, l), 0);
    atomic_store(&ls.bytes, LANES_BYTES_MAX - 1);
    assert_int_equal(lanes_claimable(&ls, l), 50);
    atomic_store(&ls.closed, true);
    assert_int_equal(fill(&ls, l), 0);
    assert_int_equal(lanes_claimable(&ls, l), 0);
    lanes_clear(&ls);
}

static void steps_wait_in_order(void **state)
{
    struct lanes ls;
    struct held h[3];

    (void)state;
    lanes_init(&ls, 100, 50);
    struct lane *l = lanes_get(&ls, SLICE("a"));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3; i++)
            lane_wait(l, &h[i]);
        for (int i = 0; i < 3; i++)
            assert_ptr_equal(lane_next(l), &h[i]);
        assert_null(lane_next(l));
    }
    lanes_clear(&ls);
}

static void gone_paths_are_remembered_until_forgotten(void **state)
{
    struct lanes ls;

    (void)state;
    lanes_init(&ls, 100, 50);
    struct lane *l = lanes_get(&ls, SLICE("a"));
    lane_set_gone(l, SLICE("/x"));
    lane_set_gone(l, SLICE("/x"));
    lane_set_gone(l, SLICE(""));
    assert_int_equal(l->n_gone, 2);
    assert_true(lane_is_gone(l, SLICE("/x")));
    assert_true(lane_is_gone(l, SLICE("")));
    assert_false(lane_is_gone(l, SLICE("/")));
    assert_false(lane_is_gone(lanes_get(&ls, SLICE("b")), SLICE("/x")));
    lane_forget_gone(l);
    assert_false(lane_is_gone(l, SLICE("/x")));
    lane_set_gone(l, SLICE("/y")); /* freed with the lane */
    lanes_clear(&ls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_to_one_lane_each),
        cmocka_unit_test(a_lane_and_all_lanes_are_bounded),
        cmocka_unit_test(the_newborn_leave_half_to_those_that_are_due),
        cmocka_unit_test(small_rooms_work),
        cmocka_unit_test(bytes_and_shutdown_close_the_room),
        cmocka_unit_test(steps_wait_in_order),
        cmocka_unit_test(gone_paths_are_remembered_until_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
