#include "base/clock.h"
#include "base/log.h"
#include "flow/inside.h"

#define CLAIM_MAX 256
#define FAILED_WAIT_US US_PER_S
#define FULL_WAIT_US INT64_C(50000)
#define LOOK_AGAIN_US US_PER_S /* the wall clock may be set meanwhile: due times are looked at anew once a second */

/* The lane after the last one first, so that all get their turn. */
static struct lane *pick(struct flow *f, int64_t now_us, int64_t *nearest_us)
{
    struct lane *first = f->claims.lane ? f->claims.lane->next : NULL, *all = atomic_load(&f->lanes.all), *found = NULL;
    bool wrapped = !first;

    *nearest_us = LANE_NEVER;
    for (struct lane *l = first ? first : all; l; l = l->next) {
        int64_t due_us = atomic_load(&l->due_us);
        if (due_us > now_us)
            *nearest_us = due_us < *nearest_us ? due_us : *nearest_us;
        else if (!found && lanes_claimable(&f->lanes, l))
            found = l;
        if (l == f->claims.lane)
            break;
        if (!l->next && !wrapped) {
            wrapped = true;
            for (l = all; l && l != first; l = l->next) {
                due_us = atomic_load(&l->due_us);
                if (due_us > now_us)
                    *nearest_us = due_us < *nearest_us ? due_us : *nearest_us;
                else if (!found && lanes_claimable(&f->lanes, l))
                    found = l;
            }
            break;
        }
    }
    return found;
}
