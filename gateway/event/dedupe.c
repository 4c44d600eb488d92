#include "event/dedupe.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

void dedupe_hash(const unsigned char secret[DEDUPE_SECRET_BYTES], struct slice source, struct slice key, struct slice body,
                 unsigned char out[DEDUPE_HASH_BYTES])
{
    const struct slice parts[] = { source, key, body };
    XXH3_state_t state;
    XXH128_canonical_t canonical;

    XXH3_128bits_reset_withSecret(&state, secret, DEDUPE_SECRET_BYTES);
    for (size_t i = 0; i < 3; i++) {
        uint64_t len = parts[i].len;
        XXH3_128bits_update(&state, &len, sizeof len);
        if (len)
            XXH3_128bits_update(&state, parts[i].ptr, len);
    }
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
    memcpy(out, canonical.digest, DEDUPE_HASH_BYTES);
}
