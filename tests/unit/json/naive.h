/* A naive reader, written from the grammar of RFC 8259 and the table of RFC 3629, to be compared with the real one.
 * Every function takes the place where its rule starts and returns the one behind it, or NULL. Texts end with a NUL,
 * which no rule takes. Knows no limits. */
#ifndef TESTS_UNIT_JSON_NAIVE_H
#define TESTS_UNIT_JSON_NAIVE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline const unsigned char *naive_value(const unsigned char *p);

static inline const unsigned char *naive_space(const unsigned char *p)
{
    return p + strspn((const char *)p, " \t\r\n");
}

static inline const unsigned char *naive_digits(const unsigned char *p)
{
    size_t n = strspn((const char *)p, "0123456789");

    return n ? p + n : NULL;
}

static inline const unsigned char *naive_number(const unsigned char *p)
{
    p += *p == '-';
    p = *p == '0' ? p + 1 : naive_digits(p);
    if (p && *p == '.')
        p = naive_digits(p + 1);
    if (p && (*p == 'e' || *p == 'E'))
        p = naive_digits(p + 1 + (p[1] == '+' || p[1] == '-'));
    return p;
}

/* The value of the "\uXXXX" at p, or -1. */
static inline long naive_unit(const unsigned char *p)
{
    if (p[0] != '\\' || p[1] != 'u' || strspn((const char *)p + 2, "0123456789abcdefABCDEF") < 4)
        return -1;
    return strtol((char[5]){ (char)p[2], (char)p[3], (char)p[4], (char)p[5] }, NULL, 16);
}

static inline const unsigned char *naive_escape(const unsigned char *p)
{
    long high = naive_unit(p), low;

    if (high < 0)
        return p[1] && strchr("\"\\/bfnrt", p[1]) ? p + 2 : NULL;
    if (high < 0xd800 || high > 0xdfff)
        return p + 6;
    low = naive_unit(p + 6);
    return high < 0xdc00 && low >= 0xdc00 && low <= 0xdfff ? p + 12 : NULL;
}

static inline const unsigned char *naive_utf8(const unsigned char *p)
{
    /* first byte from, to; second byte from, to; length */
    static const unsigned char rows[][5] = {
        { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (p[0] < rows[i][0] || p[0] > rows[i][1] || p[1] < rows[i][2] || p[1] > rows[i][3])
            continue;
        for (unsigned k = 2; k < rows[i][4]; k++) {
            if (p[k] < 0x80 || p[k] > 0xbf)
                return NULL;
        }
        return p + rows[i][4];
    }
    return NULL;
}

static inline const unsigned char *naive_string(const unsigned char *p)
{
    if (*p++ != '"')
        return NULL;
    while (p && *p != '"')
        p = *p < 0x20 ? NULL : *p == '\\' ? naive_escape(p) : *p > 0x7f ? naive_utf8(p) : p + 1;
    return p ? p + 1 : NULL;
}

static inline const unsigned char *naive_container(const unsigned char *p, bool object)
{
    const unsigned char close = object ? '}' : ']';

    p = naive_space(p + 1);
    if (*p == close)
        return p + 1;
    for (;; p++) {
        if (object) {
            p = naive_string(naive_space(p));
            p = p ? naive_space(p) : NULL;
            if (!p || *p++ != ':')
                return NULL;
        }
        p = naive_value(naive_space(p));
        p = p ? naive_space(p) : NULL;
        if (!p || *p == close)
            return p ? p + 1 : NULL;
        if (*p != ',')
            return NULL;
    }
}

static inline const unsigned char *naive_value(const unsigned char *p)
{
    switch (*p) {
    case '{':
    case '[':
        return naive_container(p, *p == '{');
    case '"':
        return naive_string(p);
    case 't':
        return strncmp((const char *)p, "true", 4) == 0 ? p + 4 : NULL;
    case 'f':
        return strncmp((const char *)p, "false", 5) == 0 ? p + 5 : NULL;
    case 'n':
        return strncmp((const char *)p, "null", 4) == 0 ? p + 4 : NULL;
    default:
        return naive_number(p);
    }
}

static inline bool naive_accepts(const char *text, size_t len)
{
    const unsigned char *p = naive_value(naive_space((const unsigned char *)text));

    return p && naive_space(p) == (const unsigned char *)text + len;
}

#endif
