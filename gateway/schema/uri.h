/* schema/uri.h - URI references (RFC 3986), as far as references between schemas need them. Nothing is fetched or
 * checked. */
#ifndef SCHEMA_URI_H
#define SCHEMA_URI_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/slice.h"

/* The absolute URI that ref means against base (section 5.2), without fragment, in the arena. *fragment: what stood
 * after '#' (a part of ref, still percent-encoded). */
struct slice uri_resolve(struct arena *a, struct slice base, struct slice ref, struct slice *fragment);
/* "%41" → "A", in the arena; what is no valid escape stays. */
struct slice uri_decode(struct arena *a, struct slice s);
static inline struct slice uri_without_fragment(struct slice uri)
{
    return slice_first(uri, slice_find(uri, '#'));
}
/* Appends s with everything percent-encoded that cannot stand in a path or a fragment. */
void uri_put_encoded(struct buf *out, struct slice s);
/* True when s starts with a scheme. */
bool uri_is_absolute(struct slice s);

#endif
