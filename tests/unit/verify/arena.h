/* Memory of the test that runs. */
#ifndef TESTS_VERIFY_ARENA_H
#define TESTS_VERIFY_ARENA_H

#include "fixture.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

#endif
