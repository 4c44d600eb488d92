#include "flow/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "flow/nursery.h"

static void test_listed_names_and_no_others(void **state)
{
    struct slice names[] = { SLICE("LISTED"), SLICE("ABSENT") };
    struct environment v;

    (void)state;
    setenv("PATH", "/bin", 1);
    setenv("LISTED", "a=b", 1);
    setenv("SECRET", "x", 1);
    unsetenv("LANG");
    unsetenv("ABSENT");
    environment_init(&v);
    for (int round = 0; round < 2; round++) { /* filled again and again */
        environment_begin(&v, names, 2);
        environment_put(&v, "OWN", SLICE("1"));
        const char *const *list = environment_end(&v);
        assert_string_equal(list[0], "PATH=/bin");
        assert_string_equal(list[1], "LISTED=a=b");
        assert_string_equal(list[2], "OWN=1");
        assert_null(list[3]);
    }
    unsetenv("PATH");
    environment_begin(&v, NULL, 0);
    assert_string_equal(environment_end(&v)[0], "PATH=/usr/local/bin:/usr/bin:/bin");
    environment_clear(&v);
}

static void test_larger_than_an_order(void **state)
{
    char *text = mem_alloc(ORDER_BYTES_MAX);
    struct environment v;

    (void)state;
    memset(text, 'x', ORDER_BYTES_MAX);
    environment_init(&v);
    environment_begin(&v, NULL, 0);
    environment_put(&v, "LARGE", slice_of(text, ORDER_BYTES_MAX));
    assert_null(environment_end(&v));
    environment_begin(&v, NULL, 0);
    assert_non_null(environment_end(&v));
    environment_clear(&v);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listed_names_and_no_others),
        cmocka_unit_test(test_larger_than_an_order),
    };
    return cmocka_run_group_tests_name("flow/environment", tests, NULL, NULL);
}
