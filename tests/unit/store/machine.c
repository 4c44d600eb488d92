#include "store/machine.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

/* The whole table once more, as a picture: a state a line, an event a column; '.' is refused. */
static const char *const expected[STEP_NSTATES] = {
    /* unblocked claimed ok retry fatal returned void cancelled */
    [STEP_BLOCKED] = "r......c",
    [STEP_READY] = ".l......",
    [STEP_LEASED] = ".ldrfrr.",
    [STEP_OPEN] = "........",
    [STEP_DONE] = "........",
    [STEP_FAILED] = "........",
    [STEP_SKIPPED] = "........",
    [STEP_CANCELLED] = "........",
};
static const char letters[STEP_NSTATES + 1] = "brlodfsc";

static void every_move_is_legal_or_refused_with_words(void **state)
{
    (void)state;
    for (int s = 0; s < STEP_NSTATES; s++) {
        for (int ev = 0; ev < STEP_NEVENTS; ev++) {
            enum step_state to = STEP_NSTATES;
            struct err e = { 0 };
            int result = step_move((enum step_state)s, (enum step_event)ev, &to, &e);
            if (expected[s][ev] != '.') {
                assert_int_equal(result, 0);
                assert_int_equal(letters[to], expected[s][ev]);
                continue;
            }
            assert_int_equal(result, -1);
            assert_int_equal(e.code, ERR_CONFLICT);
            assert_int_equal(to, STEP_NSTATES);
            assert_non_null(strstr(e.text, step_state_name((enum step_state)s)));
            assert_non_null(strstr(e.text, step_event_name((enum step_event)ev)));
        }
    }
}

static void outcomes_are_events(void **state)
{
    (void)state;
    assert_int_equal(step_event_of(ATTEMPT_OK), STEP_EV_OK);
    assert_int_equal(step_event_of(ATTEMPT_RETRY), STEP_EV_RETRY);
    assert_int_equal(step_event_of(ATTEMPT_FATAL), STEP_EV_FATAL);
    assert_int_equal(step_event_of(ATTEMPT_RETURNED), STEP_EV_RETURNED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_move_is_legal_or_refused_with_words),
        cmocka_unit_test(outcomes_are_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
