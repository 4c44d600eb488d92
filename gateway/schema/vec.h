/* schema/vec.h - growing arrays of one type, for building things. */
#ifndef SCHEMA_VEC_H
#define SCHEMA_VEC_H

#include <stdlib.h>

#include "base/mem.h"

#define VEC(type)                                                                                                      \
    struct {                                                                                                           \
        type *at;                                                                                                      \
        uint32_t n, cap;                                                                                               \
    }

/* A pointer to one more element, zeroed; good until the next. */
#define VEC_ADD(v) ((v)->at = vec_room((v)->at, &(v)->cap, (v)->n, sizeof *(v)->at), &(v)->at[(v)->n++])
#define VEC_FREE(v) free((v)->at)

static inline void *vec_room(void *at, uint32_t *cap, uint32_t n, size_t size)
{
    if (n == *cap) {
        if (*cap > UINT32_MAX / 2)
            abort(); /* the bounds of those who fill it are far below */
        *cap = *cap ? *cap * 2 : 16;
        at = mem_grow(at, *cap, size);
    }
    memset((char *)at + n * size, 0, size);
    return at;
}

#endif
