#include "fixture.h"

#include "verify/form.h"

static struct buf out;

static int setup(void **state)
{
    (void)state;
    buf_init(&out, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_clear(&out);
    return 0;
}

static void assert_json(const char *form, const char *json)
{
    size_t at;
    const char *why;
    buf_reset(&out);
    assert_int_equal(form_to_json(slice_z(form), &out, &at, &why), 0);
    assert_text(buf_slice(&out), json);
}

static void fields_are_split(void **state)
{
    struct slice rest = SLICE("&a=1&&b&=c&d=e=f&"), name, value;
    static const char *const wanted[][2] = { { "a", "1" }, { "b", "" }, { "", "c" }, { "d", "e=f" } };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(form_next(&rest, &name, &value));
        assert_text(name, wanted[i][0]);
        assert_text(value, wanted[i][1]);
    }
    assert_false(form_next(&rest, &name, &value));
}

static void values_are_decoded(void **state)
{
    (void)state;
    assert_int_equal(form_find(SLICE("x=0&pay%6Coad=%7B%22a%22%3A+1%7D"), SLICE("payload"), &out), 1);
    assert_text(buf_slice(&out), "{\"a\": 1}");
}

static void the_first_of_several_counts(void **state)
{
    (void)state;
    assert_int_equal(form_find(SLICE("a=1&b=2&a=3&a=4"), SLICE("a"), &out), 2);
    assert_text(buf_slice(&out), "1");
    assert_int_equal(form_find(SLICE("a=1"), SLICE("c"), &out), 0);
    assert_text(buf_slice(&out), "1");
}

static void bad_escapes_are_no_fields(void **state)
{
    size_t at;
    const char *why;
    (void)state;
    assert_int_equal(form_find(SLICE("a=%4&a=%zz&a=2"), SLICE("a"), &out), 1);
    assert_text(buf_slice(&out), "2");
    assert_int_equal(form_to_json(SLICE("ok=1&a=%4"), &out, &at, &why), -1);
    assert_int_equal(at, 5);
    assert_string_equal(why, "a bad %-escape in a form field");
}

static void an_object_of_strings(void **state)
{
    (void)state;
    assert_json("", "{}");
    assert_json("z=1&a=2", "{\"z\":\"1\",\"a\":\"2\"}");
    assert_json("t=a&x=1&t=b&%74=c", "{\"t\":[\"a\",\"b\",\"c\"],\"x\":\"1\"}");
    assert_json("q=%22%5C%0A%00+e", "{\"q\":\"\\\"\\\\\\u000a\\u0000 e\"}");
}

static void fields_are_bounded(void **state)
{
    struct buf many;
    size_t at;
    const char *why = "";
    (void)state;
    buf_init(&many, 1 << 20);
    for (int i = 0; i < FORM_MAX_FIELDS; i++)
        buf_puts(&many, "a&");
    assert_int_equal(form_to_json(buf_slice(&many), &out, &at, &why), 0);
    buf_puts(&many, "a&");
    assert_int_equal(form_to_json(buf_slice(&many), &out, &at, &why), -1);
    assert_string_equal(why, "too many form fields");
    buf_clear(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_are_split, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_decoded, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_of_several_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_escapes_are_no_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(an_object_of_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_are_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
