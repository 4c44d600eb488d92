/* flow/endpoint.h - what is kept for each endpoint name, longer than any plan: a lane. Steps wait in it for their turn;
 * it knows how many calls are under way, how much room is taken, when the next step in the store is due, and which
 * paths answered 410.
 *
 * Room. A step takes a place when it is born leased (lanes_room, on the writer's thread) or claimed (on the loop), and
 * gives it back when its result is committed. A lane may fill up to room_per_queue, all lanes together up to room; but
 * LANE_SURE places each lane always has, so that many slow endpoints cannot shut out a fast one. While steps of a lane
 * are due in the store, the newborn get half of it: neither the old nor the new starve. */
#ifndef FLOW_ENDPOINT_H
#define FLOW_ENDPOINT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/slice.h"

#define LANE_SURE 16
#define LANES_BYTES_MAX (INT64_C(256) << 20) /* of events and outputs held: above it there is no room */
#define LANE_NEVER INT64_MAX

struct held;
struct lane {
    struct lane *same_bucket, *next; /* next: of all lanes */
    struct slice name;               /* own memory */
    atomic_int taken;                /* places: steps in memory, on their way here, or reserved by a claim */
    _Atomic int64_t due_us;          /* wall clock: when a step in the store is due, as far as is known */
    /* The loop's own. */
    int concurrency; /* of the plan's endpoint; 0: it has none of that name */
    int calls;
    struct held *waiting, **waiting_tail;
    struct gone *gone; /* paths */
    int n_gone;
};

#define LANES_BUCKETS 64
struct lanes {
    int room, room_per_queue;
    pthread_mutex_t lock; /* of the buckets */
    struct lane *buckets[LANES_BUCKETS];
    struct lane *_Atomic all; /* only ever grows, at its head: as many as endpoint names were ever configured */
    atomic_int taken;
    _Atomic int64_t bytes; /* of events and outputs held */
    atomic_bool closed;    /* shutting down: no room any more */
};

void lanes_init(struct lanes *ls, int room, int room_per_queue);
void lanes_clear(struct lanes *ls);
/* Found or made. Any thread. */
struct lane *lanes_get(struct lanes *ls, struct slice name);
/* Takes a place for a newborn step, or says no. Any thread. */
bool lanes_room(struct lanes *ls, struct lane *l, int64_t now_us);
void lanes_take(struct lanes *ls, struct lane *l, int n);
void lanes_give_back(struct lanes *ls, struct lane *l, int n);
/* How many steps it is worth while to claim now; 0: none. Not single places of a full lane: each claim is a query. */
int lanes_claimable(struct lanes *ls, struct lane *l);
/* A step is due at that time. True when it is news: earlier than what was known. Any thread. */
bool lane_due(struct lane *l, int64_t due_us);

void lane_wait(struct lane *l, struct held *h); /* at the end */
struct held *lane_next(struct lane *l);         /* the first, taken out; NULL when none waits */

/* Paths of this endpoint that are not to be called until they are forgotten. On the loop. */
void lane_set_gone(struct lane *l, struct slice path);
bool lane_is_gone(const struct lane *l, struct slice path);
void lane_forget_gone(struct lane *l);

#endif
