#include "base/id.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/codec.h"

#define COUNTER_BITS 20

static _Atomic int64_t last_key;

void random_bytes(void *out, size_t n)
{
    char *at = out;

    while (n) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno != EINTR) {
            fprintf(stderr, "hooklatch: the system gives no random bytes; ending\n");
            abort();
        }
        if (got > 0)
            at += got, n -= (size_t)got;
    }
}

/* A pool, so that an id costs no system call. */
static void random_tail(uint8_t out[7])
{
    static _Thread_local uint8_t pool[7 * 64];
    static _Thread_local size_t used = sizeof pool;

    if (used == sizeof pool) {
        random_bytes(pool, sizeof pool);
        used = 0;
    }
    memcpy(out, pool + used, 7);
    used += 7;
}

static int64_t next_key(void)
{
    int64_t now = clock_wall_us() / 1000 << COUNTER_BITS;
    int64_t last = atomic_load_explicit(&last_key, memory_order_relaxed), next;

    do
        next = now > last ? now : last + 1;
    while (!atomic_compare_exchange_weak_explicit(&last_key, &last, next, memory_order_relaxed, memory_order_relaxed));
    return next;
}

struct id id_new(void)
{
    struct id id;
    uint64_t key = (uint64_t)next_key(), ms = key >> COUNTER_BITS;

    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    random_tail(id.b + 9);
    id.b[6] = (uint8_t)(0x70 | (key >> 16 & 0x0f));
    id.b[7] = (uint8_t)(key >> 8);
    id.b[8] = (uint8_t)(0x80 | (key >> 2 & 0x3f));
    id.b[9] = (uint8_t)((key & 3) << 6 | (id.b[9] & 0x3f));
    return id;
}

int64_t id_key(struct id id)
{
    uint64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id.b[i];
    uint64_t counter = (uint64_t)(id.b[6] & 0x0f) << 16 | (uint64_t)id.b[7] << 8 | (uint64_t)(id.b[8] & 0x3f) << 2 |
                       id.b[9] >> 6;
    return (int64_t)((ms << COUNTER_BITS | counter) & INT64_MAX);
}

void id_floor(int64_t key)
{
    int64_t last = atomic_load(&last_key);

    while (last < key && !atomic_compare_exchange_weak(&last_key, &last, key))
        ;
}

int64_t id_wall_us(struct id id)
{
    return (id_key(id) >> COUNTER_BITS) * 1000;
}

void id_text(struct id id, char out[ID_TEXT_LEN + 1])
{
    char hex[32], *at = out;

    hex_encode(slice_of(id.b, 16), hex);
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *at++ = '-';
        *at++ = hex[i];
    }
    *at = '\0';
}

int id_parse(struct slice text, struct id *out)
{
    char hex[32];
    size_t n = 0;

    if (text.len != ID_TEXT_LEN)
        return -1;
    for (size_t i = 0; i < ID_TEXT_LEN; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text.ptr[i] == '-'))
            return -1;
        if (!dash)
            hex[n++] = text.ptr[i];
    }
    return hex_decode(slice_of(hex, 32), out->b);
}
