#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "hooklatch: out of memory (%zu bytes asked for); ending\n", size);
    abort();
}

void *mem_alloc(size_t size)
{
    void *ptr = malloc(size ? size : 1);

    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *mem_zalloc(size_t size)
{
    void *ptr = calloc(1, size ? size : 1);

    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *mem_realloc(void *ptr, size_t size)
{
    ptr = realloc(ptr, size ? size : 1);
    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *mem_grow(void *ptr, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        out_of_memory(SIZE_MAX);
    return mem_realloc(ptr, bytes);
}

void *mem_dup(const void *ptr, size_t size)
{
    void *copy = mem_alloc(size);

    if (size)
        memcpy(copy, ptr, size);
    return copy;
}

char *mem_strdup(const char *z)
{
    return mem_dup(z, strlen(z) + 1);
}

void mem_wipe(void *ptr, size_t size)
{
    if (size)
        explicit_bzero(ptr, size);
}

struct arena_chunk {
    struct arena_chunk *next;
    _Alignas(8) char data[];
};

#define ARENA_CHUNK_BYTES 4096

void arena_init(struct arena *a)
{
    *a = (struct arena){ 0 };
}

void arena_clear(struct arena *a)
{
    struct arena_chunk *chunk = a->chunks;

    while (chunk) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena_init(a);
}

/* A block too large for the rest of the chunk gets a chunk of its own size at least; the rest of the old one is given up. */
void *arena_alloc(struct arena *a, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if ((size_t)(a->end - a->next) < size || !a->next) {
        size_t bytes = size > ARENA_CHUNK_BYTES ? size : ARENA_CHUNK_BYTES;
        struct arena_chunk *chunk = mem_alloc(sizeof *chunk + bytes);
        chunk->next = a->chunks;
        a->chunks = chunk;
        a->next = chunk->data;
        a->end = chunk->data + bytes;
    }
    void *block = a->next;
    a->next += size;
    return block;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

struct slice arena_slice(struct arena *a, struct slice s)
{
    char *copy = arena_alloc(a, s.len + 1);

    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return slice_of(copy, s.len);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        out_of_memory(0);
    char *copy = (char *)arena_slice(a, slice_of(text, (size_t)n)).ptr;
    free(text);
    return copy;
}
