#include "fixture.h"

static const struct header headers[] = {
    { SLICE("content-type"), SLICE("Application/JSON ; charset=utf-8") },
    { SLICE("X-Twice"), SLICE("one") },
    { SLICE("x-twice"), SLICE("two") },
    { SLICE("X-Empty"), SLICE("") },
};
static const struct delivery with = { .headers = headers, .n_headers = 4 };
static const struct delivery without = { .headers = headers, .n_headers = 0 };

static void names_ignore_case(void **state)
{
    (void)state;
    assert_text(delivery_header(&with, SLICE("X-TWICE")), "one");
    assert_non_null(delivery_header(&with, SLICE("x-empty")).ptr);
    assert_null(delivery_header(&with, SLICE("X-Twic")).ptr);
    assert_null(delivery_header(&without, SLICE("X-Twice")).ptr);
}

static void occurrences_are_counted(void **state)
{
    struct slice value;
    (void)state;
    assert_int_equal(delivery_header_count(&with, SLICE("x-Twice"), &value), 2);
    assert_text(value, "one");
    assert_int_equal(delivery_header_count(&with, SLICE("X-Empty"), &value), 1);
    assert_int_equal(value.len, 0);
    assert_int_equal(delivery_header_count(&with, SLICE("X-None"), &value), 0);
    assert_null(value.ptr);
}

static void content_type_without_parameters(void **state)
{
    struct header form = { SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded;charset=UTF-8") };
    struct delivery d = { .headers = &form, .n_headers = 1 };
    (void)state;
    assert_text(delivery_content_type(&with), "Application/JSON");
    assert_true(delivery_content_type_is(&with, SLICE("application/json")));
    assert_false(delivery_content_type_is(&with, SLICE("application/jso")));
    assert_null(delivery_content_type(&without).ptr);
    assert_false(delivery_is_form(&with));
    assert_false(delivery_is_form(&without));
    assert_true(delivery_is_form(&d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_ignore_case),
        cmocka_unit_test(occurrences_are_counted),
        cmocka_unit_test(content_type_without_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
