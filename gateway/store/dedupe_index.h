/* store/dedupe_index.h - which dedupe hashes are stored, in memory: the hash leads to the row's seq, and the row says
 * whether it is the one.
 *
 * Why the whole index is in memory, and no index of it on the disk: hashes are random, so a B-tree over them dirties
 * another page for nearly every row; that is what makes a store slow as it fills. Here the table is only appended to
 * and cut off at its head, both at one page, whatever its size, and a new key costs no read at all. The price is 8
 * bytes an entry (11 to 21 with the free places), and one scan of the table at start.
 *
 *     hash:  b[0] the partition | b[4..7] the fingerprint, which also places it
 *     entry: fingerprint (32 bits, never 0) | the low 32 bits of seq
 *
 * Open addressing with linear probing in 256 partitions. Each grows on its own, so that no insert waits for more than
 * 1/256 of the whole. Two hashes with one fingerprint and partition are both found; the caller looks at the rows. */
#ifndef STORE_DEDUPE_INDEX_H
#define STORE_DEDUPE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEDUPE_PARTITIONS 256

struct dedupe_index {
    struct dedupe_part {
        uint64_t *entries;
        uint32_t mask;      /* places - 1; 0: none yet */
        uint32_t count;
    } parts[DEDUPE_PARTITIONS];
    int64_t head;           /* no live seq is below it, nor 2^32 above */
};

void dedupe_index_init(struct dedupe_index *x);
void dedupe_index_clear(struct dedupe_index *x);
void dedupe_index_add(struct dedupe_index *x, const unsigned char hash[16], int64_t seq);
/* False: it was not there. */
bool dedupe_index_remove(struct dedupe_index *x, const unsigned char hash[16], int64_t seq);

/* Rows that may have this hash, one after the other; begin with { 0 }. The index must not change in between. */
struct dedupe_probe {
    uint32_t steps;
};
bool dedupe_index_next(const struct dedupe_index *x, const unsigned char hash[16], struct dedupe_probe *p,
                       int64_t *seq);

#endif
