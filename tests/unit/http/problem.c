#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "http/problem.h"

static void expect(int status, struct slice reason, struct slice detail, struct slice extra, const char *want)
{
    struct buf b;

    buf_init(&b, 4096);
    problem_put(&b, status, reason, detail, extra);
    assert_false(b.failed);
    assert_string_equal(b.ptr, want);
    buf_clear(&b);
}

static void test_members(void **state)
{
    (void)state;
    expect(404, SLICE("unknown-source"), SLICE("No such source."), SLICE_NONE,
           "{\"type\":\"urn:hooklatch:problem:unknown-source\",\"title\":\"Not Found\",\"status\":404,"
           "\"detail\":\"No such source.\"}");
    expect(400, SLICE("malformed-json"), SLICE("x"), SLICE("\"line\":3,\"column\":7"),
           "{\"type\":\"urn:hooklatch:problem:malformed-json\",\"title\":\"Bad Request\",\"status\":400,"
           "\"detail\":\"x\",\"line\":3,\"column\":7}");
}

/* Details quote what strangers sent. */
static void test_detail_is_escaped(void **state)
{
    (void)state;
    expect(400, SLICE("r"), SLICE("a\"b\\c\nd\xff"), SLICE_NONE,
           "{\"type\":\"urn:hooklatch:problem:r\",\"title\":\"Bad Request\",\"status\":400,"
           "\"detail\":\"a\\\"b\\\\c\\u000ad\xef\xbf\xbd\"}");
}

static void test_titles(void **state)
{
    (void)state;
    assert_string_equal(problem_title(200), "OK");
    assert_string_equal(problem_title(413), "Content Too Large");
    assert_string_equal(problem_title(431), "Request Header Fields Too Large");
    assert_string_equal(problem_title(503), "Service Unavailable");
    assert_string_equal(problem_title(299), "OK");
    assert_string_equal(problem_title(499), "Bad Request");
    assert_string_equal(problem_title(599), "Internal Server Error");
    assert_string_equal(problem_title(0), "Unknown");
    assert_string_equal(problem_title(1000), "Unknown");
    assert_string_equal(problem_title(-1), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_detail_is_escaped),
        cmocka_unit_test(test_titles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
