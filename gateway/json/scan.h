/* json/scan.h - the inner loops of the parser: 16 bytes a step with SSE2, 8 with plain C (JSON_PLAIN forces the
 * latter, so that both are tested). Nothing is read outside [p, end): the text need not be padded or terminated. */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(JSON_PLAIN)
#define SCAN_SSE2 1
#include <emmintrin.h>
#endif

/* Quote, backslash, control characters and everything above ASCII: what a string cannot simply hold. */
static inline bool scan_is_special(unsigned char c)
{
    return c < 0x20 || c > 0x7f || c == '"' || c == '\\';
}

#ifndef SCAN_SSE2
#define SCAN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Is any of the eight bytes special? May say yes wrongly, never no. */
static inline bool scan_word_special(uint64_t w)
{
    uint64_t quote = w ^ SCAN_EACH('"'), backslash = w ^ SCAN_EACH('\\');
    uint64_t hit = (w - SCAN_EACH(0x20)) | (quote - SCAN_EACH(1)) | (backslash - SCAN_EACH(1)) | w;

    return (hit & SCAN_EACH(0x80)) != 0;
}
#endif

/* The first special byte at or after p, or end. */
static inline const char *scan_string(const char *p, const char *end)
{
#ifdef SCAN_SSE2
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(0x20);

    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        /* compared as signed numbers, bytes above ASCII are below the space too */
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)),
                                   _mm_cmplt_epi8(v, space));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);

        if (mask)
            return p + __builtin_ctz(mask);
    }
#else
    for (; end - p >= 8; p += 8) {
        uint64_t w;

        memcpy(&w, p, sizeof w);
        if (scan_word_special(w))
            break;
    }
#endif
    while (p < end && !scan_is_special((unsigned char)*p))
        p++;
    return p;
}

static inline const char *scan_space(const char *p, const char *end)
{
    /* One comparison where there is none, as between most tokens. */
    while (p < end && (unsigned char)*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static inline const char *scan_digits(const char *p, const char *end)
{
    while (p < end && (unsigned char)(*p - '0') < 10)
        p++;
    return p;
}

#endif
