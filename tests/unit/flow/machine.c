#include "flow/machine.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

/* The whole table once more, as a picture: a state a line, an event a column; '.' is refused. */
static const char *const expected[HELD_NSTATES] = {
    /*               known started ended given-up saved not-saved again */
    [HELD_ASKING] = "w..W...",
    [HELD_WAITING] = ".c.W...",
    [HELD_CALLING] = "..W....",
    [HELD_WRITING] = "....gu.",
    [HELD_UNSAVED] = "......W",
    [HELD_GONE] = ".......",
};
static const char letters[HELD_NSTATES + 1] = "awcWug";

static void every_move_is_legal_or_refused_with_words(void **state)
{
    (void)state;
    for (int s = 0; s < HELD_NSTATES; s++) {
        for (int ev = 0; ev < HELD_NEVENTS; ev++) {
            enum held_state to = HELD_NSTATES;
            struct err e = { 0 };
            int result = held_next((enum held_state)s, (enum held_event)ev, &to, &e);
            if (expected[s][ev] != '.') {
                assert_int_equal(result, 0);
                assert_int_equal(letters[to], expected[s][ev]);
                continue;
            }
            assert_int_equal(result, -1);
            assert_int_equal(e.code, ERR_CONFLICT);
            assert_int_equal(to, HELD_NSTATES);
            assert_non_null(strstr(e.text, held_state_name((enum held_state)s)));
            assert_non_null(strstr(e.text, held_event_name((enum held_event)ev)));
        }
    }
}

static void the_door_moves(void **state)
{
    enum held_state s = HELD_ASKING;
    static const enum held_event way[] = {
        HELD_EV_KNOWN, HELD_EV_STARTED, HELD_EV_ENDED, HELD_EV_NOT_SAVED, HELD_EV_AGAIN, HELD_EV_SAVED,
    };

    (void)state;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        held_move(&s, way[i]);
    assert_int_equal(s, HELD_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_move_is_legal_or_refused_with_words),
        cmocka_unit_test(the_door_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
