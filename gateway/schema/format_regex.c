#include "base/buf.h"
#include "schema/format_check.h"
#include "schema/regex.h"

/* Less than a schema may have: these are a stranger's, and PCRE2 takes quadratic time over named groups (64 KB: 0.3 s,
 * 8 KB: 5 ms). */
#define PATTERN_MAX (8u << 10)

/* A look behind holds the same grammar as a look ahead, but PCRE2 takes only such as it can measure: so the question is
 * asked with look aheads in their place. */
static void put_with_lookaheads(struct buf *out, struct slice s)
{
    bool in_class = false;

    for (size_t i = 0; i < s.len; i++) {
        struct slice rest = slice_from(s, i);
        char c = s.ptr[i];

        buf_putc(out, c);
        if (c == '\\' && i + 1 < s.len) {
            buf_putc(out, s.ptr[++i]);
        } else if (c == '[' || c == ']') {
            in_class = c == '[';
        } else if (!in_class && (slice_starts(rest, SLICE("(?<=")) || slice_starts(rest, SLICE("(?<!")))) {
            buf_putc(out, '?');
            i += 2; /* what is left out is '<' */
        }
    }
}

/* As patterns of schemas are read: ECMA-262 with the u flag's meaning, lenient on needless escapes. */
bool format_is_regex(struct slice s)
{
    struct regex *r = NULL;
    struct buf b;
    struct err e;

    if (s.len > PATTERN_MAX)
        return false;
    buf_init(&b, PATTERN_MAX);
    put_with_lookaheads(&b, s);
    r = regex_new(buf_slice(&b), &e);
    buf_clear(&b);
    regex_free(r);
    return r != NULL;
}
