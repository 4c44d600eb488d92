#include "store/machine.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/* Every state, every event: only these are allowed, and what is final stays so. */
static void only_these_moves(void **state)
{
    static const struct { enum step_state from; enum step_event ev; enum step_state to; } legal[] = {
        { STEP_BLOCKED, STEP_EV_UNBLOCKED, STEP_READY }, { STEP_BLOCKED, STEP_EV_CANCELLED, STEP_CANCELLED },
        { STEP_READY, STEP_EV_CLAIMED, STEP_LEASED },    { STEP_LEASED, STEP_EV_CLAIMED, STEP_LEASED },
        { STEP_LEASED, STEP_EV_OK, STEP_DONE },          { STEP_LEASED, STEP_EV_RETRY, STEP_READY },
        { STEP_LEASED, STEP_EV_FATAL, STEP_FAILED },     { STEP_LEASED, STEP_EV_RETURNED, STEP_READY },
        { STEP_LEASED, STEP_EV_VOID, STEP_READY },       { STEP_BLOCKED, STEP_EV_SKIPPED, STEP_SKIPPED },
        { STEP_LEASED, STEP_EV_SKIPPED, STEP_SKIPPED },
    };
    size_t found = 0;

    (void)state;
    for (int from = 0; from < STEP_NSTATES; from++) {
        for (int ev = 0; ev < STEP_NEVENTS; ev++) {
            enum step_state to = STEP_NSTATES;
            struct err e;
            int result = step_move((enum step_state)from, (enum step_event)ev, &to, &e);
            size_t i = 0;
            while (i < sizeof legal / sizeof legal[0] && ((int)legal[i].from != from || (int)legal[i].ev != ev))
                i++;
            if (i < sizeof legal / sizeof legal[0]) {
                assert_int_equal(result, 0);
                assert_int_equal(to, legal[i].to);
                found++;
            } else {
                assert_int_equal(result, -1);
                assert_int_equal(e.code, ERR_CONFLICT);
                assert_int_equal(to, STEP_NSTATES);
                assert_non_null(strstr(e.text, step_event_name((enum step_event)ev)));
            }
        }
    }
    assert_int_equal(found, sizeof legal / sizeof legal[0]);
}

static void outcomes_are_events(void **state)
{
    (void)state;
    assert_int_equal(step_event_of(ATTEMPT_OK), STEP_EV_OK);
    assert_int_equal(step_event_of(ATTEMPT_RETRY), STEP_EV_RETRY);
    assert_int_equal(step_event_of(ATTEMPT_FATAL), STEP_EV_FATAL);
    assert_int_equal(step_event_of(ATTEMPT_RETURNED), STEP_EV_RETURNED);
    assert_int_equal(step_event_of(ATTEMPT_SKIPPED), STEP_EV_SKIPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(only_these_moves), cmocka_unit_test(outcomes_are_events) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
