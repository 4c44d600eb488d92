/* base/slice.h - a view of bytes that somebody else owns.
 * Not NUL-terminated; may hold any byte. Nothing here allocates. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *ptr;
    size_t len;
};

#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
#define SLICE_NONE ((struct slice){ NULL, 0 })
/* For printf's "%.*s". */
#define SLICE_FMT(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct slice slice_of(const void *ptr, size_t len)
{
    return (struct slice){ ptr, len };
}

/* z: from a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_z(const char *z)
{
    return (struct slice){ z, z ? strlen(z) : 0 };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_eq_z(struct slice a, const char *z)
{
    return slice_eq(a, slice_z(z));
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool slice_ends(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

static inline struct slice slice_from(struct slice s, size_t at)
{
    if (at > s.len)
        at = s.len;
    return (struct slice){ at ? s.ptr + at : s.ptr, s.len - at }; /* no sum with NULL */
}

static inline struct slice slice_first(struct slice s, size_t n)
{
    return (struct slice){ s.ptr, n < s.len ? n : s.len };
}

/* ASCII case only. */
bool slice_starts_nocase(struct slice s, struct slice prefix);
static inline bool slice_eq_nocase(struct slice a, struct slice b)
{
    return a.len == b.len && slice_starts_nocase(a, b); /* nearly all names differ in length: no call for them */
}
/* memcmp order, the shorter first among equals. */
int slice_cmp(struct slice a, struct slice b);
/* Index of c, or s.len when it is absent. */
size_t slice_find(struct slice s, char c);
/* Splits at the first c: *head before it, *rest after it. False (all in *head, *rest empty) when c is absent. */
bool slice_cut(struct slice s, char c, struct slice *head, struct slice *rest);
/* Without the spaces and tabs at either end (RFC 9110 OWS). */
struct slice slice_trim(struct slice s);
/* Decimal digits only, no sign, no overflow: 0, or -1. */
int slice_u64(struct slice s, uint64_t *out);
/* Equal content, in time that depends on the lengths only. For secrets. */
bool slice_eq_const_time(struct slice a, struct slice b);
/* A NUL-terminated copy on the heap; the caller frees it. */
char *slice_dup_z(struct slice s);

#endif
