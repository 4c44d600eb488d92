#include "json/keys.h"

#include <stdlib.h>

#include "json/escape.h"
#include "json/scan.h"

size_t keys_table_size(size_t count)
{
    size_t size = 4 * KEYS_SMALL;

    if (count <= KEYS_SMALL)
        return 0;
    while (size < 2 * count)
        size *= 2;
    return size;
}

#ifdef SCAN_SSE2
/* Every hash against all behind it, four at a time; those past the end meet the padding. */
static bool distinct_small(uint32_t *hashes, size_t count)
{
    __m128i hit = _mm_setzero_si128();

    _mm_storeu_si128((__m128i *)(hashes + count), _mm_setzero_si128());
    for (size_t i = 0; i + 1 < count; i++) {
        const __m128i mine = _mm_set1_epi32((int)hashes[i]);

        for (size_t j = i + 1; j < count; j += 4)
            hit = _mm_or_si128(hit, _mm_cmpeq_epi32(mine, _mm_loadu_si128((const __m128i *)(hashes + j))));
    }
    return _mm_movemask_epi8(hit) == 0;
}
#else
static bool distinct_small(uint32_t *hashes, size_t count)
{
    uint32_t hit = 0;

    for (size_t i = 0; i + 1 < count; i++) {
        for (size_t j = i + 1; j < count; j++)
            hit |= hashes[i] == hashes[j];
    }
    return hit == 0;
}
#endif

/* Open addressing. Gives up on a second key with the same hash, and on more steps than honest keys ever need. */
static bool distinct_large(const uint32_t *hashes, size_t count, uint32_t *table)
{
    size_t size = keys_table_size(count), mask = size - 1, steps = 4 * count;

    memset(table, 0, size * sizeof *table);
    for (size_t i = 0; i < count; i++) {
        uint32_t h = hashes[i] ? hashes[i] : 1; /* 0 is the empty slot */
        size_t slot = h & mask;

        while (table[slot]) {
            if (table[slot] == h || --steps == 0)
                return false;
            slot = (slot + 1) & mask;
        }
        table[slot] = h;
    }
    return true;
}

bool keys_distinct(uint32_t *hashes, size_t count, uint32_t *table)
{
    return count <= KEYS_SMALL ? distinct_small(hashes, count) : distinct_large(hashes, count, table);
}

/* The order of unescaped keys: hash first, for speed. */
static int key_cmp(const struct json_doc *doc, uint32_t a, uint32_t b)
{
    const struct json_node *na = &doc->nodes[a], *nb = &doc->nodes[b];

    if (na->link != nb->link)
        return na->link < nb->link ? -1 : 1;
    if ((na->meta | nb->meta) & JSON_ESCAPED)
        return escape_cmp(json_inner(doc, a), json_inner(doc, b));
    return slice_cmp(json_inner(doc, a), json_inner(doc, b));
}

static int key_then_place_cmp(const void *a, const void *b, void *doc)
{
    uint32_t ka = *(const uint32_t *)a, kb = *(const uint32_t *)b;
    int order = key_cmp(doc, ka, kb);

    return order ? order : (ka > kb) - (ka < kb);
}

uint32_t keys_find_duplicate(const struct json_doc *doc, uint32_t obj, uint32_t *order)
{
    uint32_t first = JSON_NONE;
    size_t count = 0;

    for (uint32_t k = obj + 1; k < json_end(doc, obj); k = json_next(doc, k + 1))
        order[count++] = k;
    qsort_r(order, count, sizeof *order, key_then_place_cmp, (void *)doc);
    for (size_t i = 1; i < count; i++) {
        if (order[i] < first && key_cmp(doc, order[i - 1], order[i]) == 0)
            first = order[i];
    }
    return first;
}
