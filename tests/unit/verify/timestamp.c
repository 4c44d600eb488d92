#include "fixture.h"

#include "verify/timestamp.h"

static void assert_time(enum timestamp_format f, const char *text, int64_t wanted)
{
    int64_t us;
    assert_int_equal(timestamp_read(f, slice_z(text), &us), 0);
    assert_int_equal(us, wanted);
}

static void assert_no_time(enum timestamp_format f, const char *const *texts)
{
    int64_t us;
    for (; *texts; texts++) {
        if (timestamp_read(f, slice_z(*texts), &us) == 0)
            print_error("taken: %s\n", *texts);
        assert_int_equal(timestamp_read(f, slice_z(*texts), &us), -1);
    }
}

static void counts(void **state)
{
    (void)state;
    assert_time(TIMESTAMP_UNIX, "1700000000", NOW_US);
    assert_time(TIMESTAMP_UNIX, "0", 0);
    assert_time(TIMESTAMP_UNIX, "18446744073709551615", INT64_MAX);
    assert_time(TIMESTAMP_UNIX_MS, "1700000000123", NOW_US + 123000);
    assert_no_time(TIMESTAMP_UNIX, (const char *const[]){ "", "-1", "+1", " 1", "1 ", "1s", "1.5", "0x10", "1e9",
                                                          "99999999999999999999", NULL });
}

static void rfc3339(void **state)
{
    (void)state;
    assert_time(TIMESTAMP_RFC3339, "2023-11-14T22:13:20Z", NOW_US);
    assert_time(TIMESTAMP_RFC3339, "2023-11-14T22:13:20", NOW_US);
    assert_time(TIMESTAMP_RFC3339, "2023-11-14t22:13:20.5z", NOW_US + 500000);
    assert_time(TIMESTAMP_RFC3339, "2023-11-14T22:13:20.1234567891Z", NOW_US + 123456);
    assert_time(TIMESTAMP_RFC3339, "2023-11-15T00:43:20+02:30", NOW_US);
    assert_time(TIMESTAMP_RFC3339, "2023-11-14T17:13:20-05:00", NOW_US);
    assert_time(TIMESTAMP_RFC3339, "2016-12-31T23:59:60Z", INT64_C(1483228799) * US_PER_S);
    assert_time(TIMESTAMP_RFC3339, "2024-02-29T00:00:00Z", INT64_C(1709164800) * US_PER_S);
    assert_no_time(TIMESTAMP_RFC3339,
                   (const char *const[]){ "", "2023-11-14", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z",
                                          "2023-00-01T00:00:00Z", "2023-11-00T00:00:00Z", "2023-11-14T24:00:00Z",
                                          "2023-11-14T22:60:20Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20ZZ",
                                          "2023-11-14T22:13:20+2:30", "2023-11-14T22:13:20+24:00", "2023-11-14T22:13Z",
                                          "1700000000", NULL });
}

static void http_date(void **state)
{
    (void)state;
    assert_time(TIMESTAMP_HTTP_DATE, "Tue, 14 Nov 2023 22:13:20 GMT", NOW_US);
    assert_no_time(TIMESTAMP_HTTP_DATE,
                   (const char *const[]){ "", "Tue, 14 Nov 2023 22:13:20", "Tue, 14 Nov 2023 22:13:20 UTC",
                                          "14 Nov 2023 22:13:20 GMT", "Tue, 31 Nov 2023 22:13:20 GMT",
                                          "Tue, 14 nov 2023 22:13:20 GMT", NULL });
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (enum timestamp_format f = TIMESTAMP_UNIX; f <= TIMESTAMP_HTTP_DATE; f++) {
        struct buf b;
        buf_init(&b, 64);
        timestamp_put(f, NOW_US, &b);
        assert_time(f, b.ptr, NOW_US);
        buf_clear(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(rfc3339),
        cmocka_unit_test(http_date),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
