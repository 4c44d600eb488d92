/* base/mem.h - memory. Out of memory ends the process here and nowhere else, so callers never check.
 * What a stranger can size is limited before it comes here. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* Never NULL. Freed with free(). */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *ptr, size_t size);
/* Ends the process when n * size overflows. */
void *mem_grow(void *ptr, size_t n, size_t size);
void *mem_dup(const void *ptr, size_t size);
char *mem_strdup(const char *z);
/* Overwrites secrets in a way the compiler keeps. */
void mem_wipe(void *ptr, size_t size);

/* A counted object: born with one reference. Put it into a struct; threads share frozen objects through it. */
struct ref {
    atomic_int count;
};
static inline void ref_init(struct ref *r) { atomic_init(&r->count, 1); }
static inline void ref_get(struct ref *r) { atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed); }
/* True when that was the last one: the caller frees. */
static inline bool ref_put(struct ref *r)
{
    return atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel) == 1;
}

/* An arena: many small things that die together. Blocks of 8-byte alignment. Single-threaded. */
struct arena {
    struct arena_chunk *chunks;
    char *next, *end;
};
void arena_init(struct arena *a);
void arena_clear(struct arena *a); /* frees all; the arena may be used again */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);
/* Copies carry a NUL after their last byte, not counted in len. */
struct slice arena_slice(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
