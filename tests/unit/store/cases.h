/* Cases of the contract of store.h. Each is run against SQLite and against the double, and again and again with one of its
 * transactions failing first: for SQLite by an fsync that fails, so that opening again is part of it. */
#ifndef TESTS_STORE_CASES_H
#define TESTS_STORE_CASES_H

#include "unit/store/fixture.h"

void run_case(void (*fn)(struct fixture *x), bool sqlite);

#define CASE(name)                                                                                                     \
    static void sqlite_##name(void **state)                                                                            \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_case(name, true);                                                                                          \
    }                                                                                                                  \
    static void double_##name(void **state)                                                                            \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_case(name, false);                                                                                         \
    }
#define ENTRY(name) cmocka_unit_test(sqlite_##name), cmocka_unit_test(double_##name),

#define assert_slice(s, text) assert_true(slice_eq_z(s, text))

/* Transactions. */
void do_append(struct fixture *x, void *append);
void do_append_2(struct fixture *x, void *appends);
/* Rows that must be there. */
struct event_row get_event(struct fixture *x, struct id id);
struct run_row get_run(struct fixture *x, struct id id);

#endif
