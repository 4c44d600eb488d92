/* base/buf.h - a growing byte buffer with a ceiling and a sticky failure: append as often as you like, look at
 * `failed` once. After a failure appends do nothing. A NUL always follows the last byte (not counted), so that
 * `ptr` may be given to C functions once something was put in. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct buf {
    char *ptr;
    size_t len, cap, max; /* bytes */
    bool failed;          /* the ceiling was hit */
};

/* max: the ceiling in bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b);  /* frees; usable again with the same ceiling */
void buf_reset(struct buf *b);  /* keeps the memory, forgets bytes and failure */
void buf_put(struct buf *b, struct slice s);
void buf_putc(struct buf *b, char c);
void buf_puts(struct buf *b, const char *z);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
/* Room for n more bytes at ptr + len, or NULL (failed). The caller raises len. */
char *buf_room(struct buf *b, size_t n);
static inline struct slice buf_slice(const struct buf *b) { return slice_of(b->ptr, b->len); }
/* Moves the bytes out: the caller frees *ptr; the buffer is empty after it. */
char *buf_take(struct buf *b, size_t *len);

#endif
