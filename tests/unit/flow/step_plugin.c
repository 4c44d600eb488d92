#include "flow/step_plugin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Every end of a call, what it makes of the step, and the words for it. Attempt 1 of 2. */
static const struct {
    struct plugin_result result;
    enum attempt_outcome outcome;
    const char *output, *words;
} ends[] = {
    { { .what = PLUGIN_DONE, .text = SLICE("") }, ATTEMPT_OK, "null", "" },
    { { .what = PLUGIN_DONE, .text = SLICE(" 9007199254740993 ") }, ATTEMPT_OK, "9007199254740993", "" },
    { { .what = PLUGIN_DONE, .text = SLICE("{") }, ATTEMPT_RETRY, "{", "its output is no JSON: line 1, column 2: expected a key in double quotes or '}', found the end of the text" },
    { { .what = PLUGIN_RETRY, .text = SLICE("not now") }, ATTEMPT_RETRY, "", "not now" },
    { { .what = PLUGIN_FAIL, .text = SLICE("never") }, ATTEMPT_FATAL, "", "never" },
    { { .what = PLUGIN_TOO_LARGE }, ATTEMPT_RETRY, "", "its output is larger than 1000 bytes (output_max)" },
    { { .what = PLUGIN_TIMED_OUT, .text = SLICE("timed out") }, ATTEMPT_RETRY, "", "timed out" },
    { { .what = PLUGIN_BROKEN, .text = SLICE("nonsense") }, ATTEMPT_RETRY, "", "nonsense" },
    { { .what = PLUGIN_ENDED, .end = { .what = KEPT_SIGNALED, .signal = 11 } },
      ATTEMPT_RETRY, "", "the worker ended in the middle of it: killed by signal 11 (Segmentation fault)" },
    { { .what = PLUGIN_ENDED, .memory_max = 100 << 20, .end = { .what = KEPT_SIGNALED, .signal = 6, .memory_peak = 90 << 20 } },
      ATTEMPT_RETRY, "",
      "the worker ended in the middle of it: killed by signal 6 (Aborted); it had 90 of the 100 MiB of memory that it may have" },
    { { .what = PLUGIN_ENDED, .memory_max = 100 << 20, .end = { .what = KEPT_EXITED, .code = 3, .memory_peak = 70 << 20 } },
      ATTEMPT_RETRY, "", "the worker ended in the middle of it: exit code 3" },
    { { .what = PLUGIN_ENDED, .end = { .what = KEPT_LOST } },
      ATTEMPT_RETRY, "", "the worker ended in the middle of it: lost: the process that kept it was killed" },
    { { .what = PLUGIN_NOT_STARTED, .text = SLICE("cannot load x.so") }, ATTEMPT_RETRY, "", "not started: cannot load x.so" },
    { { .what = PLUGIN_NOT_STARTED, .end = { .what = KEPT_EXITED, .code = 1 } }, ATTEMPT_RETRY, "", "not started: exit code 1" },
};

static struct plugin_step plugin = { .output_max = 1000 };

static struct step_verdict judge(const struct plugin_result *r, const struct retry *retry, unsigned attempt, struct json_doc *doc)
{
    struct step step = { .kind = STEP_PLUGIN, .plugin = &plugin, .retry = *retry };
    struct step_verdict v;

    step_plugin_judge(r, &step, attempt, 0, doc, &v);
    return v;
}

static void test_every_end(void **state)
{
    struct retry retry = { .max = 2, .base_us = 1000, .cap_us = 1000, .factor = 1 };
    struct json_doc doc;

    (void)state;
    json_doc_init(&doc);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct step_verdict v = judge(&ends[i].result, &retry, 1, &doc);
        assert_int_equal(v.outcome, ends[i].outcome);
        assert_string_equal(v.error, ends[i].words);
        assert_true(slice_eq_z(v.output, ends[i].output));
        bool good = v.outcome == ATTEMPT_OK;
        v = judge(&ends[i].result, &retry, 2, &doc); /* the last one */
        assert_int_equal(v.outcome, good ? ATTEMPT_OK : ATTEMPT_FATAL);
    }
    json_doc_clear(&doc);
}

static void test_retry_on(void **state)
{
    struct retry timeouts = { .max = 2, .base_us = 1000, .cap_us = 1000, .factor = 1, .only_named = true, .timeout = true };
    struct plugin_result late = { .what = PLUGIN_TIMED_OUT, .text = SLICE("late") }, crash = { .what = PLUGIN_ENDED };
    struct json_doc doc;

    (void)state;
    json_doc_init(&doc);
    assert_int_equal(judge(&late, &timeouts, 1, &doc).outcome, ATTEMPT_RETRY);
    assert_int_equal(judge(&crash, &timeouts, 1, &doc).outcome, ATTEMPT_FATAL);
    json_doc_clear(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_end),
        cmocka_unit_test(test_retry_on),
    };
    return cmocka_run_group_tests_name("flow/step_plugin", tests, NULL, NULL);
}
