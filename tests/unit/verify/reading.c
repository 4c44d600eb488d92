#include "fixture.h"

#define FORM "application/x-www-form-urlencoded"

static struct reading r;
static struct header type;
static struct delivery d;
static struct buf out;

static int setup(void **state)
{
    (void)state;
    reading_init(&r);
    buf_init(&out, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    reading_clear(&r);
    buf_clear(&out);
    return 0;
}

static void start(const char *content_type, const char *body, const char *field)
{
    type = (struct header){ SLICE("Content-Type"), slice_z(content_type) };
    d = (struct delivery){ .headers = &type, .n_headers = 1, .body = slice_z(body), .query = SLICE("a=1&b=%20x&a=2") };
    reading_start(&r, &d, slice_z(field), &JSON_LIMITS_DEFAULT);
}

static void a_json_body_is_the_data(void **state)
{
    (void)state;
    start("application/json", "{\"a\": 1}", "payload");
    assert_int_equal(r.state, READING_NOT_YET);
    assert_int_equal(reading_json(&r), 0);
    assert_true(r.data_is_body);
    assert_ptr_equal(r.data.ptr, d.body.ptr);
    assert_int_equal(json_count(&r.doc, 0), 1);
}

static void a_form_field_is_the_data(void **state)
{
    (void)state;
    start(FORM, "x=1&payload=%7B%22a%22%3A%5B1%2C2%5D%7D", "payload");
    assert_int_equal(reading_json(&r), 0);
    assert_false(r.data_is_body);
    assert_text(r.data, "{\"a\":[1,2]}");
}

static void without_the_field_all_fields_are(void **state)
{
    (void)state;
    start(FORM, "command=%2Fdeploy&text=", "payload");
    assert_int_equal(reading_json(&r), 0);
    assert_text(r.data, "{\"command\":\"/deploy\",\"text\":\"\"}");
    start(FORM, "a=1", NULL);
    assert_int_equal(reading_json(&r), 0);
    assert_text(r.data, "{\"a\":\"1\"}");
}

static void faults_have_a_place(void **state)
{
    (void)state;
    start("application/json", "{\"a\":\n  x}", NULL);
    assert_int_equal(reading_json(&r), -1);
    assert_int_equal(r.state, READING_BAD);
    assert_int_equal(r.fault.line, 2);
    assert_int_equal(r.fault.column, 3);
    assert_int_equal(reading_json(&r), -1);
    start(FORM, "ok=1&bad=%", NULL);
    assert_int_equal(reading_json(&r), -1);
    assert_int_equal(r.fault.line, 1);
    assert_int_equal(r.fault.column, 6);
    start(FORM, "bytes=%ff", NULL); /* not UTF-8: refused, never replaced */
    assert_int_equal(reading_json(&r), -1);
    assert_int_equal(r.fault.code, JSON_ERR_UTF8);
}

static void limits_hold(void **state)
{
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    (void)state;
    limits.max_depth = 2;
    start("application/json", "[[[]]]", NULL);
    reading_start(&r, &d, SLICE_NONE, &limits);
    assert_int_equal(reading_json(&r), -1);
    assert_int_equal(r.fault.code, JSON_ERR_DEPTH);
}

static void another_delivery_starts_afresh(void **state)
{
    (void)state;
    start("application/json", "nonsense", NULL);
    assert_int_equal(reading_json(&r), -1);
    start("application/json", "[]", NULL);
    assert_int_equal(reading_json(&r), 0);
}

static void stored_bodies_give_the_same_data(void **state)
{
    struct slice data, body = SLICE("payload=%5B%5D"), json = SLICE("[1]");
    (void)state;
    buf_puts(&out, "before");
    assert_int_equal(reading_data(json, false, SLICE("payload"), &out, &data), 0);
    assert_ptr_equal(data.ptr, json.ptr);
    assert_int_equal(reading_data(body, true, SLICE("payload"), &out, &data), 0);
    assert_text(data, "[]");
    assert_text(buf_slice(&out), "before[]");
    assert_int_equal(reading_data(SLICE("a=%"), true, SLICE_NONE, &out, &data), -1);
}

static void fields_by_name(void **state)
{
    (void)state;
    start(FORM, "ssl_check=1&n=%C3%BC", NULL);
    assert_true(reading_form(&r, SLICE("n"), &out));
    assert_text(buf_slice(&out), "ü");
    assert_false(reading_form(&r, SLICE("a"), &out));
    buf_reset(&out);
    assert_true(reading_query(&r, SLICE("b"), &out));
    assert_text(buf_slice(&out), " x");
    start("application/json", "n=1", NULL);
    assert_false(reading_form(&r, SLICE("n"), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_json_body_is_the_data, setup, teardown),
        cmocka_unit_test_setup_teardown(a_form_field_is_the_data, setup, teardown),
        cmocka_unit_test_setup_teardown(without_the_field_all_fields_are, setup, teardown),
        cmocka_unit_test_setup_teardown(faults_have_a_place, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(another_delivery_starts_afresh, setup, teardown),
        cmocka_unit_test_setup_teardown(stored_bodies_give_the_same_data, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_by_name, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
