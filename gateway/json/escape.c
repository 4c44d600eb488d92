#include "json/escape.h"

#include "base/utf8.h"

int32_t escape_hex4(const char *p)
{
    int32_t value = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                  : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

uint32_t escape_read(const char **p)
{
    const char *at = *p;
    uint32_t c;

    *p = at + 2;
    switch (at[1]) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return (unsigned char)at[1];
    }
    *p = at + 6;
    c = (uint32_t)escape_hex4(at + 2);
    if (c < 0xd800 || c > 0xdfff)
        return c;
    *p = at + 12; /* a surrogate pair: there are no lone ones */
    return 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)escape_hex4(at + 8) - 0xdc00);
}

/* The end of the run without escapes that starts at p. */
static const char *plain_run(const char *p, const char *end)
{
    const char *backslash = memchr(p, '\\', (size_t)(end - p));

    return backslash ? backslash : end;
}

size_t escape_decode(struct slice text, char *out)
{
    const char *p = text.ptr, *end = p + text.len;
    char *to = out;

    while (p < end) {
        const char *stop = plain_run(p, end);

        memcpy(to, p, (size_t)(stop - p));
        to += stop - p;
        p = stop;
        if (p < end)
            to += utf8_put(escape_read(&p), to);
    }
    return (size_t)(to - out);
}

/* Does plain go on with these bytes at *at? Then *at moves behind them. */
static bool goes_on(struct slice plain, size_t *at, const char *bytes, size_t n)
{
    if (plain.len - *at < n || (n && memcmp(plain.ptr + *at, bytes, n) != 0))
        return false;
    *at += n;
    return true;
}

bool escape_eq(struct slice text, struct slice plain)
{
    const char *p = text.ptr, *end = p + text.len;
    size_t at = 0;

    while (p < end) {
        const char *stop = plain_run(p, end);
        char c[4];

        if (!goes_on(plain, &at, p, (size_t)(stop - p)))
            return false;
        p = stop;
        if (p < end) {
            unsigned n = utf8_put(escape_read(&p), c);

            if (!goes_on(plain, &at, c, n))
                return false;
        }
    }
    return at == plain.len;
}

static uint32_t next_code_point(const char **p)
{
    return **p == '\\' ? escape_read(p) : utf8_next(p);
}

int escape_cmp(struct slice a, struct slice b)
{
    const char *pa = a.ptr, *ea = pa + a.len, *pb = b.ptr, *eb = pb + b.len;

    while (pa < ea && pb < eb) {
        uint32_t ca = next_code_point(&pa), cb = next_code_point(&pb);

        if (ca != cb)
            return ca < cb ? -1 : 1;
    }
    return (pa < ea) - (pb < eb);
}
