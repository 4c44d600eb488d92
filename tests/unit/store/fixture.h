/* What tests of the store share: a store in a folder of its own, plans made by hand, events, transactions that are
 * made to fail first. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "store/store.h"

struct fixture {
    bool sqlite;                /* else the double */
    char dir[256], url[320];
    struct store_settings settings;
    struct store *store;
    struct store_reader *reader;
    struct arena arena;         /* cleared at the end */
    struct lease *leases;       /* made by the last transaction, newest first */
    int fail_at, commits;       /* the transaction that fails first, from 1; transactions so far */
    int room;                   /* steps that may still be leased */
};

/* On a real disk: $TMPDIR, or the build folder. */
void fixture_dir(char out[256]);
void fixture_remove_dir(const char *dir);
void fixture_open(struct fixture *x, bool sqlite);
void fixture_close(struct fixture *x);
void fixture_reopen(struct fixture *x); /* as after a restart */
void fixture_free_leases(struct fixture *x);

/* Does one transaction: fn, then commit. In the run's turn (fail_at) it is first rolled back, then failed at its
 * commit; both times nothing of it may be seen. fn checks what its operations say; it may be called three times. */
typedef void (*transaction)(struct fixture *x, void *arg);
void transact(struct fixture *x, transaction fn, void *arg);
/* All that readers can see, as text in the arena. */
char *fixture_dump(struct fixture *x);
bool fixture_room(void *fixture, const struct step *step); /* lease_room */

/* A workflow of n steps, one after the other: "a", "b", … at the endpoint "billing" (even) or "mail" (odd); it lives
 * until the process ends. */
struct workflow *test_workflow(const char *id, size_t n);
/* Of source "github" and type "github.push"; the caller unrefs. body NULL: a small one. */
struct event *test_event(const char *body);
struct new_run test_run(struct workflow *w);
struct append test_append(struct event *ev, const char *key, struct new_run *runs, size_t n);

#endif
