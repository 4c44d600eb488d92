#include "flow/endpoint.h"

#include <stdlib.h>

#include "base/clock.h"
#include "flow/held.h"

#define GONE_MAX 1024

struct gone {
    struct gone *next;
    struct slice path;
    char bytes[];
};

void lanes_init(struct lanes *ls, int room, int room_per_queue)
{
    *ls = (struct lanes){ .room = room, .room_per_queue = room_per_queue };
    pthread_mutex_init(&ls->lock, NULL);
}

void lanes_clear(struct lanes *ls)
{
    struct lane *l = atomic_load(&ls->all);

    while (l) {
        struct lane *next = l->next;
        lane_forget_gone(l);
        free((char *)l->name.ptr);
        free(l);
        l = next;
    }
    pthread_mutex_destroy(&ls->lock);
}

static struct lane *lane_new(struct slice name)
{
    struct lane *l = mem_zalloc(sizeof *l);

    l->name = slice_of(mem_dup(name.ptr, name.len), name.len);
    l->waiting_tail = &l->waiting;
    atomic_init(&l->due_us, LANE_NEVER);
    return l;
}

struct lane *lanes_get(struct lanes *ls, struct slice name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    pthread_mutex_lock(&ls->lock);
    struct lane **bucket = &ls->buckets[hash % LANES_BUCKETS], *l = *bucket;
    while (l && !slice_eq(l->name, name))
        l = l->same_bucket;
    if (!l) {
        l = lane_new(name);
        l->same_bucket = *bucket;
        *bucket = l;
        l->next = atomic_load(&ls->all);
        atomic_store(&ls->all, l);
    }
    pthread_mutex_unlock(&ls->lock);
    return l;
}

static int places_left(struct lanes *ls, struct lane *l, int limit)
{
    int taken = atomic_load(&l->taken), left = limit - taken, all = ls->room - atomic_load(&ls->taken);
    int sure = (LANE_SURE < ls->room_per_queue ? LANE_SURE : ls->room_per_queue) - taken;

    left = left < all ? left : all;
    return left > sure ? left : sure;
}

static bool is_open(struct lanes *ls)
{
    return !atomic_load(&ls->closed) && atomic_load(&ls->bytes) < LANES_BYTES_MAX;
}

bool lanes_room(struct lanes *ls, struct lane *l, int64_t now_us)
{
    bool behind = atomic_load(&l->due_us) <= now_us;
    int limit = behind ? ls->room_per_queue / 2 : ls->room_per_queue;

    if (!is_open(ls) || places_left(ls, l, limit) <= 0)
        return false;
    lanes_take(ls, l, 1);
    return true;
}

void lanes_take(struct lanes *ls, struct lane *l, int n)
{
    atomic_fetch_add(&l->taken, n);
    atomic_fetch_add(&ls->taken, n);
}

void lanes_give_back(struct lanes *ls, struct lane *l, int n)
{
    atomic_fetch_sub(&l->taken, n);
    atomic_fetch_sub(&ls->taken, n);
}

int lanes_claimable(struct lanes *ls, struct lane *l)
{
    int left = is_open(ls) ? places_left(ls, l, ls->room_per_queue) : 0;
    bool worth = left >= ls->room_per_queue / 4 || atomic_load(&l->taken) < LANE_SURE;

    return left > 0 && worth ? left : 0;
}

bool lane_due(struct lane *l, int64_t due_us)
{
    int64_t known = atomic_load(&l->due_us);

    while (due_us < known) {
        if (atomic_compare_exchange_weak(&l->due_us, &known, due_us))
            return true;
    }
    return false;
}

void lane_wait(struct lane *l, struct held *h)
{
    h->next = NULL;
    *l->waiting_tail = h;
    l->waiting_tail = &h->next;
}

struct held *lane_next(struct lane *l)
{
    struct held *h = l->waiting;

    if (h) {
        l->waiting = h->next;
        if (!l->waiting)
            l->waiting_tail = &l->waiting;
    }
    return h;
}

void lane_set_gone(struct lane *l, struct slice path)
{
    if (lane_is_gone(l, path) || l->n_gone == GONE_MAX)
        return;
    struct gone *g = mem_alloc(sizeof *g + path.len);
    if (path.len)
        memcpy(g->bytes, path.ptr, path.len);
    g->path = slice_of(g->bytes, path.len);
    g->next = l->gone;
    l->gone = g;
    l->n_gone++;
}

bool lane_is_gone(const struct lane *l, struct slice path)
{
    for (const struct gone *g = l->gone; g; g = g->next) {
        if (slice_eq(g->path, path))
            return true;
    }
    return false;
}

void lane_forget_gone(struct lane *l)
{
    while (l->gone) {
        struct gone *next = l->gone->next;
        free(l->gone);
        l->gone = next;
    }
    l->n_gone = 0;
}
