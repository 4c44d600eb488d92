/* base/id.h - UUIDv7 (RFC 9562 section 5.7) that grows within the process: 48 bits of milliseconds, 20 bits of a counter (12 in
 * rand_a, 8 in rand_b), 54 random bits. Milliseconds and counter are also a 62-bit key that only grows. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdint.h>

#include "base/slice.h"

struct id {
    uint8_t b[16];
};
#define ID_TEXT_LEN 36

struct id id_new(void); /* any thread */
/* Milliseconds and counter: (ms << 20 | counter). Two ids of one process never share it. */
int64_t id_key(struct id id);
/* Ids made from now on have a key above this one (the store's largest, at start). */
void id_floor(int64_t key);
int64_t id_wall_us(struct id id);
void id_text(struct id id, char out[ID_TEXT_LEN + 1]);
/* The 36-character form, either case; 0 or -1. */
int id_parse(struct slice text, struct id *out);
static inline bool id_eq(struct id a, struct id b) { return memcmp(a.b, b.b, 16) == 0; }
/* Random bytes from the system's generator. */
void random_bytes(void *out, size_t n);

#endif
