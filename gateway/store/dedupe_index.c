#include "store/dedupe_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PART_MIN 64

void dedupe_index_init(struct dedupe_index *x)
{
    memset(x, 0, sizeof *x);
}

void dedupe_index_clear(struct dedupe_index *x)
{
    for (size_t i = 0; i < DEDUPE_PARTITIONS; i++)
        free(x->parts[i].entries);
    dedupe_index_init(x);
}

static uint32_t fingerprint(const unsigned char hash[16])
{
    uint32_t f;

    memcpy(&f, hash + 4, sizeof f);
    return f ? f : 1;
}

static uint64_t entry_of(const unsigned char hash[16], int64_t seq)
{
    return (uint64_t)fingerprint(hash) << 32 | (uint32_t)seq;
}

/* An entry knows its place: growing and removing need no hash. */
static uint32_t home_of(const struct dedupe_part *p, uint64_t entry)
{
    return (uint32_t)(entry >> 32) & p->mask;
}

static void place(struct dedupe_part *p, uint64_t entry)
{
    uint32_t at = home_of(p, entry);

    while (p->entries[at])
        at = (at + 1) & p->mask;
    p->entries[at] = entry;
}

static void grow(struct dedupe_part *p)
{
    struct dedupe_part old = *p;
    size_t places = old.entries ? ((size_t)old.mask + 1) * 2 : PART_MIN;

    p->entries = mem_grow(NULL, places, sizeof *p->entries);
    memset(p->entries, 0, places * sizeof *p->entries);
    p->mask = (uint32_t)(places - 1);
    for (size_t i = 0; old.entries && i <= old.mask; i++) {
        if (old.entries[i])
            place(p, old.entries[i]);
    }
    free(old.entries);
}

void dedupe_index_add(struct dedupe_index *x, const unsigned char hash[16], int64_t seq)
{
    struct dedupe_part *p = &x->parts[hash[0]];

    if (!p->entries || p->count >= p->mask / 4 * 3)
        grow(p);
    place(p, entry_of(hash, seq));
    p->count++;
}

/* Entries behind the hole move up until one is at home: no tombstones, so a table that is pruned for ever stays as it
 * is. */
static void close_hole(struct dedupe_part *p, uint32_t hole)
{
    for (uint32_t at = (hole + 1) & p->mask; p->entries[at]; at = (at + 1) & p->mask) {
        uint32_t home = home_of(p, p->entries[at]);
        if (((at - home) & p->mask) >= ((at - hole) & p->mask)) {
            p->entries[hole] = p->entries[at];
            hole = at;
        }
    }
    p->entries[hole] = 0;
}

bool dedupe_index_remove(struct dedupe_index *x, const unsigned char hash[16], int64_t seq)
{
    struct dedupe_part *p = &x->parts[hash[0]];
    uint64_t want = entry_of(hash, seq);

    if (!p->entries)
        return false;
    for (uint32_t at = home_of(p, want); p->entries[at]; at = (at + 1) & p->mask) {
        if (p->entries[at] == want) {
            close_hole(p, at);
            p->count--;
            return true;
        }
    }
    return false;
}

bool dedupe_index_next(const struct dedupe_index *x, const unsigned char hash[16], struct dedupe_probe *probe,
                       int64_t *seq)
{
    const struct dedupe_part *p = &x->parts[hash[0]];
    uint32_t want = fingerprint(hash);

    if (!p->entries)
        return false;
    for (;;) {
        uint64_t entry = p->entries[(want + probe->steps++) & p->mask];
        if (!entry)
            return false;
        if (entry >> 32 == want) {
            *seq = x->head + (uint32_t)((uint32_t)entry - (uint32_t)x->head);
            return true;
        }
    }
}
