/* A key of the test that runs, which must not leave anything in the thread's queue of errors. */
#ifndef TESTS_VERIFY_KEY_OF_H
#define TESTS_VERIFY_KEY_OF_H

#include <openssl/err.h>

#include "arena.h"
#include "pkey.h"
#include "verify/public_key.h"

/* What strangers send must not pile up there. */
static int teardown_quiet(void **state)
{
    return teardown(state) || ERR_peek_error() ? -1 : 0;
}

static inline struct public_key *key_of(enum public_kind kind, struct slice text)
{
    struct err e = { 0 };
    struct public_key *k = public_key_new(kind, text, &e);

    if (!k)
        print_error("%s\n", e.text);
    assert_non_null(k);
    return k;
}

#endif
