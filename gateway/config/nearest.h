/* config/nearest.h - "did you mean": the known word that a mistyped one is nearest to. */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include "base/buf.h"

/* Index of the nearest of the known words, or n when none is near: at most a third of its letters differ (and one
 * always may). */
size_t nearest(struct slice word, const struct slice *known, size_t n);
/* Appends: did you mean "provider"? Or, when none is near: known: a, b, c. Nothing when nothing is known. */
void nearest_put_hint(struct slice word, const struct slice *known, size_t n, struct buf *out);

#endif
