/* verify/place.h - the value that stands in a place of a delivery. */
#ifndef VERIFY_PLACE_H
#define VERIFY_PLACE_H

#include "verify/provider.h"

enum place_found {
    PLACE_ABSENT,
    PLACE_ONE,
    PLACE_SEVERAL,  /* *value is the first */
    PLACE_UNREADABLE, /* in a body that is not JSON */
};
/* Strings as text, numbers and booleans as written; null, arrays and objects count as absent. The value is borrowed
 * from the delivery or appended to tmp: good until either changes. White space around it is not part of it, but in
 * JSON. */
enum place_found place_find(const struct place *p, struct reading *r, struct buf *tmp, struct slice *value);
/* "header X-Hub-Signature-256", "JSON member /id" */
void place_put_name(const struct place *p, struct buf *out);

#endif
