#include "http/batch.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct admitted accepted = { .status = EVENT_ACCEPTED }, held = { .status = EVENT_HELD },
                             ignored = { .status = EVENT_IGNORED },
                             duplicate = { .status = EVENT_HELD, .duplicate = true };

static void all_the_same_or_accepted(void **state)
{
    const struct admitted mixed[] = { held, duplicate, held }, same[] = { duplicate, duplicate };

    (void)state;
    assert_int_equal(batch_outcome(&held, 1), OUTCOME_HELD);
    assert_int_equal(batch_outcome(&ignored, 1), OUTCOME_IGNORED);
    assert_int_equal(batch_outcome(&duplicate, 1), OUTCOME_DUPLICATE);
    assert_int_equal(batch_outcome(same, 2), OUTCOME_DUPLICATE);
    assert_int_equal(batch_outcome(mixed, 3), OUTCOME_ACCEPTED);
}

static void answers(void **state)
{
    const struct admitted two[] = { accepted, duplicate };
    struct buf out;

    (void)state;
    buf_init(&out, batch_answer_max(1));
    batch_put_answer(&out, OUTCOME_HELD, &held, 1);
    assert_string_equal(out.ptr, "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"status\":\"held\"}");
    buf_clear(&out);
    buf_init(&out, batch_answer_max(2));
    batch_put_answer(&out, OUTCOME_ACCEPTED, two, 2);
    assert_string_equal(out.ptr, "{\"status\":\"accepted\",\"events\":["
                                 "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"status\":\"accepted\"},"
                                 "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"status\":\"duplicate\"}]}");
    buf_clear(&out);
}

static void a_long_answer_fits(void **state)
{
    struct admitted many[1000];
    struct buf out;

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        many[i] = duplicate;
    buf_init(&out, batch_answer_max(1000));
    batch_put_answer(&out, OUTCOME_DUPLICATE, many, 1000);
    assert_false(out.failed);
    buf_clear(&out);
}

static void events_are_counted(void **state)
{
    static struct source_stats stats;
    const struct admitted list[] = { held, duplicate, held, ignored, accepted };

    (void)state;
    batch_count(&stats, list, 5);
    assert_int_equal(counter_get(&stats.batch_events[OUTCOME_HELD]), 2);
    assert_int_equal(counter_get(&stats.batch_events[OUTCOME_DUPLICATE]), 1);
    assert_int_equal(counter_get(&stats.batch_events[OUTCOME_IGNORED]), 1);
    assert_int_equal(counter_get(&stats.batch_events[OUTCOME_ACCEPTED]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_the_same_or_accepted), cmocka_unit_test(answers),
                                        cmocka_unit_test(a_long_answer_fits), cmocka_unit_test(events_are_counted) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
