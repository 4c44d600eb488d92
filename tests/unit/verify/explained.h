/* Memory and text of the explanation that a test is about. */
#ifndef TESTS_VERIFY_EXPLAINED_H
#define TESTS_VERIFY_EXPLAINED_H

#include "fixture.h"

static struct arena arena;
static struct buf out;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena);
    buf_init(&out, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_clear(&arena);
    buf_clear(&out);
    return 0;
}

#endif
