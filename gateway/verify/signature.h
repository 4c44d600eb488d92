/* verify/signature.h - the text of a signature header taken apart: which signatures it presents, and its time.
 *
 *     plain   sha256=4f0c…                          what follows the prefix
 *     pairs   t=1700000000,v1=4f0c…,v1=99ab…        items named `key`; the time is the item named `timestamp_key`
 *             v1,K5oZ… v1a,hnO3… v1,bm9l…           (separator ' ', kv ',')
 *     list    1700000000000,4f0c…,99ab…             item `timestamp_index` is the time, all others are signatures
 *
 * White space around an item is not part of it; empty items are none. */
#ifndef VERIFY_SIGNATURE_H
#define VERIFY_SIGNATURE_H

#include "base/slice.h"

enum signature_format { SIGNATURE_PLAIN, SIGNATURE_PAIRS, SIGNATURE_LIST };

struct signature_form {
    enum signature_format format;
    struct slice prefix;       /* PLAIN; may be empty */
    bool prefix_any_case;      /* "bearer" is "Bearer" */
    char separator, kv;
    struct slice key, timestamp_key; /* PAIRS */
    int timestamp_index;       /* LIST; -1: none */
};

#define SIGNATURES_MAX 64
struct signatures {
    struct slice list[SIGNATURES_MAX]; /* slices of the values read */
    unsigned count;
    struct slice timestamp;    /* ptr NULL: none seen */
};

/* Adds what one value presents. NULL, or what is wrong with it. Start with count 0 and timestamp SLICE_NONE. */
const char *signature_read(const struct signature_form *f, struct slice value, struct signatures *out);

#endif
