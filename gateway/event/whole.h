/* event/whole.h - the one body of several events (a batch), with the headers that came with it: stored once. Its events hold their own
 * data only, so a step that waits for one of them keeps no more than that in memory; the whole lives until it is written. */
#ifndef EVENT_WHOLE_H
#define EVENT_WHOLE_H

#include "event/event.h"

struct whole {
    struct id id;         /* the batch's; its key is below those of its events */
    struct slice headers; /* as struct event has them */
    struct slice body;
    struct slice packed;  /* the body as lz4 block, or empty */
};
/* Copies; frozen; freed with free(). id is used as given, packed is made here. */
struct whole *whole_make(const struct whole *from, struct event_packer *packer);
size_t whole_bytes(const struct whole *w); /* memory it holds */

#endif
