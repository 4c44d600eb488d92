/* http/handed.h - the secrets that senders hand over by themselves (`secrets: handshake`), as the running gateway has them: one
 * slot a source's name, for as long as the process lives. The store has them sealed; what is committed there is put here by the
 * writer's thread, in the order of the commits, before anybody is answered: so all threads verify with a new secret, or
 * wait for another one, from the answer on at the latest.
 *
 * A slot also keeps what is sealed, of sources that do not use it too: a reload may make them use it. */
#ifndef HTTP_HANDED_H
#define HTTP_HANDED_H

#include "base/metric.h"
#include "plan/plan.h"
#include "store/rows.h"

/* Of one secret; more is refused. The vendors' have 32 to 64. */
#define HANDED_SECRET_MAX 1024

struct handed;
struct handed_slot;

/* rows: those of the store, not opened yet. */
struct handed *handed_new(const struct handed_row *rows, size_t n);
void handed_free(struct handed *h); /* wipes; after all that use it; NULL ok */

/* Gives the plan's sources their slots and opens what they use, before the plan is shared; the last thing that may stop it
 * from being so. e names the source whose secret does not open and says what to do. */
int handed_take_plan(struct handed *h, struct plan *plan, struct err *e) MUST_CHECK;

/* A verifier with the source's secret, counted; NULL: there is none yet, source->verifier waits. Any thread, with a
 * reference on the plan. */
struct handed_use;
struct handed_use *handed_use(struct handed_slot *s, const struct plan *plan, const struct source *source);
const struct verifier *handed_verifier(const struct handed_use *u);
void handed_unuse(struct handed_use *u); /* NULL ok */
bool handed_waits(struct handed_slot *s);
/* Can the source verify with this secret? Asked before it is taken. */
int handed_check(const struct source *source, struct slice secret, struct err *e) MUST_CHECK;

/* Appends it as the store keeps it. */
int handed_seal(const struct plan *plan, const struct source *source, struct slice secret, struct buf *out,
                struct err *e) MUST_CHECK;

/* The writer's thread: what was committed. */
void handed_set(struct handed_slot *s, const struct handed_row *row, struct slice secret);
/* The store has one already. Where nobody knows of it here (a commit of which there was no word) it is the secret from now
 * on, as it would be after a restart. */
void handed_adopt(struct handed_slot *s, const struct handed_row *row, const struct plan *plan);
void handed_forget(struct handed_slot *s);
/* Somebody tried to hand over another one: counted, and told in the log, at most once a minute. Any thread. */
void handed_note_late(struct handed_slot *s, struct slice remote);

/* For the API and the metrics. */
struct handed_view {
    struct slice source;            /* lives as long as the slot */
    bool there;                     /* else it waits, or there never was one */
    int64_t time_us;
    struct slice handshake, remote; /* in the arena */
    struct counter *taken, *late, *forgotten;
};
struct handed_slot *handed_first(struct handed *h); /* the newest; the list only grows at its head */
struct handed_slot *handed_next(const struct handed_slot *s);
struct handed_slot *handed_find(struct handed *h, struct slice source); /* or NULL */
struct handed_view handed_look(struct handed_slot *s, struct arena *a);
/* Is it this one? A sender whose answer was lost hands the same secret over again. */
bool handed_is(struct handed_slot *s, struct slice secret);
/* Appends the secret itself; false: there is none, or it was not opened. The caller wipes it. */
bool handed_show(struct handed_slot *s, struct buf *out);

#endif
