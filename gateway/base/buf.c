#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){ .max = max };
}

void buf_clear(struct buf *b)
{
    free(b->ptr);
    buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

char *buf_room(struct buf *b, size_t n)
{
    if (b->failed || n > b->max - b->len) {
        b->failed = true;
        return NULL;
    }
    if (b->len + n + 1 > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 64;
        b->cap = cap > b->len + n + 1 ? cap : b->len + n + 1;
        b->ptr = mem_realloc(b->ptr, b->cap);
    }
    return b->ptr + b->len;
}

void buf_put(struct buf *b, struct slice s)
{
    char *at = buf_room(b, s.len);

    if (!at)
        return;
    if (s.len)
        memcpy(at, s.ptr, s.len);
    b->len += s.len;
    b->ptr[b->len] = '\0';
}

void buf_putc(struct buf *b, char c)
{
    buf_put(b, slice_of(&c, 1));
}

void buf_puts(struct buf *b, const char *z)
{
    buf_put(b, slice_z(z));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *at = n < 0 ? NULL : buf_room(b, (size_t)n);
    if (!at) {
        b->failed = true;
        return;
    }
    vsnprintf(at, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

char *buf_take(struct buf *b, size_t *len)
{
    char *ptr = b->ptr;

    if (!ptr)
        ptr = mem_zalloc(1);
    if (len)
        *len = b->len;
    buf_init(b, b->max);
    return ptr;
}
