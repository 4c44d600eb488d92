/* json/hash.h - the hash of an unescaped key: 32 bits, good for this process only (byte order shows).
 *
 * The key is cut into blocks of 16 bytes (the last one ends with the key; a key shorter than one is padded with
 * zeros); each is mixed in by one multiplication of 64 by 64 bits. It is not secret: strangers can make keys that
 * collide, so whoever uses it must stay fast then. */
#ifndef JSON_HASH_H
#define JSON_HASH_H

#include <stdint.h>
#include <string.h>

#include "json/scan.h"

/* The highest byte of either occurs nowhere in UTF-8, so that no key makes a factor zero. */
#define HASH_A UINT64_C(0xf9e3779b97f4a7c5)
#define HASH_B UINT64_C(0xfb58476d1ce4e5b9)

static inline uint64_t hash_block(uint64_t state, uint64_t a, uint64_t b)
{
    unsigned __int128 m = (unsigned __int128)(a ^ HASH_A ^ state) * (b ^ HASH_B);

    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t hash_load(const char *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof w);
    return w;
}

static inline uint32_t hash_finish(uint64_t state)
{
    return (uint32_t)(state ^ state >> 32);
}

/* readable: bytes that may be read from p on; at least len. */
static inline uint32_t hash_key(const char *p, size_t len, size_t readable)
{
    uint64_t state = len, pad[2] = { 0, 0 };

    if (len > 16) {
        const char *last = p + len - 16;

        for (; p < last; p += 16)
            state = hash_block(state, hash_load(p), hash_load(p + 8));
        return hash_finish(hash_block(state, hash_load(last), hash_load(last + 8)));
    }
#ifdef SCAN_SSE2
    static const uint8_t keep[32] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };

    if (readable >= 16) {
        __m128i v = _mm_and_si128(_mm_loadu_si128((const __m128i *)p),
                                  _mm_loadu_si128((const __m128i *)(keep + 16 - len)));

        _mm_storeu_si128((__m128i *)pad, v);
        return hash_finish(hash_block(state, pad[0], pad[1]));
    }
#endif
    (void)readable;
    if (len)
        memcpy(pad, p, len);
    return hash_finish(hash_block(state, pad[0], pad[1]));
}

#endif
