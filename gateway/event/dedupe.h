/* event/dedupe.h - the fingerprint of a delivery: 128 bits of XXH3 over source, key and body, keyed with a secret of the database
 * (so that nobody outside can make two deliveries collide; a second SHA-256 would cost as much as the signature). */
#ifndef EVENT_DEDUPE_H
#define EVENT_DEDUPE_H

#include "base/slice.h"

#define DEDUPE_SECRET_BYTES 192
#define DEDUPE_HASH_BYTES 16

/* key or body may be empty where the source does not go by it. The parts are framed by their lengths. */
void dedupe_hash(const unsigned char secret[DEDUPE_SECRET_BYTES], struct slice source, struct slice key, struct slice body,
                 unsigned char out[DEDUPE_HASH_BYTES]);

#endif
