#include "unit/store/fixture.h"

static void states_make_the_run(void **state)
{
    static const struct { enum step_state steps[3]; enum run_state run; } cases[] = {
        { { STEP_DONE, STEP_DONE, STEP_DONE }, RUN_DONE },
        { { STEP_DONE, STEP_SKIPPED, STEP_DONE }, RUN_DONE },
        { { STEP_DONE, STEP_READY, STEP_BLOCKED }, RUN_RUNNING },
        { { STEP_DONE, STEP_LEASED, STEP_FAILED }, RUN_RUNNING },
        { { STEP_OPEN, STEP_FAILED, STEP_CANCELLED }, RUN_RUNNING },
        { { STEP_FAILED, STEP_CANCELLED, STEP_CANCELLED }, RUN_FAILED },
        { { STEP_FAILED, STEP_BLOCKED, STEP_DONE }, RUN_FAILED },
        { { STEP_DONE, STEP_CANCELLED, STEP_CANCELLED }, RUN_CANCELLED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(run_state_of(cases[i].steps, 3), cases[i].run);
    assert_int_equal(run_state_of(NULL, 0), RUN_DONE);
}

static void advance_is(struct workflow *w, const enum step_state *from, const enum step_state *to, size_t n)
{
    enum step_state states[4];

    memcpy(states, from, n * sizeof *states);
    run_advance(w, states, n);
    assert_memory_equal(states, to, n * sizeof *states);
}

static void chain_goes_on_or_ends(void **state)
{
    struct workflow *w = test_workflow("chain", 3);

    (void)state;
    advance_is(w, (enum step_state[]){ STEP_BLOCKED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_READY, STEP_BLOCKED, STEP_BLOCKED }, 3);
    advance_is(w, (enum step_state[]){ STEP_DONE, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_DONE, STEP_READY, STEP_BLOCKED }, 3);
    advance_is(w, (enum step_state[]){ STEP_LEASED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_LEASED, STEP_BLOCKED, STEP_BLOCKED }, 3);
    advance_is(w, (enum step_state[]){ STEP_FAILED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_FAILED, STEP_CANCELLED, STEP_CANCELLED }, 3);
    advance_is(NULL, (enum step_state[]){ STEP_FAILED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_FAILED, STEP_CANCELLED, STEP_CANCELLED }, 3);
}

/* a, b (needs nothing), c (needs a and b), d (needs b): what does not need the failed one goes on. */
static void branches_are_apart(void **state)
{
    struct workflow *w = test_workflow("branches", 4);
    uint16_t both[] = { 0, 1 }, second[] = { 1 };

    (void)state;
    w->steps[1].n_needs = 0;
    w->steps[2].needs = both;
    w->steps[2].n_needs = 2;
    w->steps[3].needs = second;
    advance_is(w, (enum step_state[]){ STEP_BLOCKED, STEP_BLOCKED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_READY, STEP_READY, STEP_BLOCKED, STEP_BLOCKED }, 4);
    advance_is(w, (enum step_state[]){ STEP_FAILED, STEP_DONE, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_FAILED, STEP_DONE, STEP_CANCELLED, STEP_READY }, 4);
    advance_is(w, (enum step_state[]){ STEP_DONE, STEP_SKIPPED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_DONE, STEP_SKIPPED, STEP_READY, STEP_READY }, 4);
}

static void names_are_all_there(void **state)
{
    (void)state;
    for (int i = 0; i < STEP_NSTATES; i++)
        assert_non_null(step_state_name((enum step_state)i));
    for (int i = 0; i < ATTEMPT_NOUTCOMES; i++)
        assert_non_null(attempt_outcome_name((enum attempt_outcome)i));
    assert_string_equal(step_state_name(STEP_CANCELLED), "cancelled");
    assert_string_equal(run_state_name(RUN_CANCELLED), "cancelled");
    assert_string_equal(attempt_outcome_name(ATTEMPT_RETURNED), "returned");
}

static void lease_owns_its_outputs(void **state)
{
    struct workflow *w = test_workflow("lease", 1);
    struct event *ev = test_event(NULL);
    struct lease *l = lease_new(ev, w, 7, id_new(), 0);
    char json[] = "[1]";

    (void)state;
    event_unref(ev);
    lease_add_output(l, 0, SLICE("a"), slice_z(json));
    lease_add_output(l, 1, SLICE("b"), SLICE(""));
    json[1] = '2';
    assert_true(slice_eq_z(l->outputs[0].json, "[1]"));
    assert_true(slice_eq_z(l->outputs[1].step_id, "b"));
    assert_true(slice_eq_z(l->event->type, "github.push"));
    assert_true(slice_eq_z(step_queue(&w->steps[0]), "billing"));
    lease_free(l);
    lease_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_make_the_run),    cmocka_unit_test(chain_goes_on_or_ends),
        cmocka_unit_test(branches_are_apart),     cmocka_unit_test(names_are_all_there),
        cmocka_unit_test(lease_owns_its_outputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
