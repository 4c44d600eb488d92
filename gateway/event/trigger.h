/* event/trigger.h - which workflows an event starts: a pattern over the type, then conditions over the data. Frozen. */
#ifndef EVENT_TRIGGER_H
#define EVENT_TRIGGER_H

#include "config/tree.h"
#include "json/number.h"
#include "json/pointer.h"
#include "schema/schema.h"

/* exact; `*` stands for one segment, `**` for the rest (none included); segments are split at '.', ':' and '/'. */
struct pattern {
    struct slice text;
    bool exact; /* no wild card */
};
/* -1: empty, over 255 bytes, characters outside an event type's and '*'. text is borrowed. */
int pattern_init(struct pattern *p, struct slice text, struct err *e) MUST_CHECK;
bool pattern_matches(const struct pattern *p, struct slice type);
/* For "the most exact wins": larger is more exact. */
int pattern_weight(const struct pattern *p);

/* match: JSON Pointer → value, list of values, or {eq, in, not, gt, gte, lt, lte, glob, exists}; all must hold. An absent or
 * wrongly typed value never matches (but `exists: false`); `not` with null among its values takes any type. */
struct match;
/* node: the checked `match` object. Constants are copied. */
struct match *match_new(const struct tree *t, uint32_t node, struct issues *is);
void match_free(struct match *m);
/* True, or false with the first condition that failed: "/total: 0 is not > 0" (values cut to 40 bytes). why may be NULL. */
bool match_holds(const struct match *m, const struct json_doc *d, uint32_t root, struct buf *why);

#endif
