/* flow/given.h - what a step is given: does its `if` hold, and what is its input? Both look at {event, input, steps},
 * which is read only for steps that ask. On the flow loop. */
#ifndef FLOW_GIVEN_H
#define FLOW_GIVEN_H

#include "flow/attempt.h"

struct given { /* scratch of one attempt */
    struct buf context, text, input;
    struct json_doc doc;
};
void given_init(struct given *g);
void given_clear(struct given *g);

enum given_result {
    GIVEN_GO,
    GIVEN_SKIP, /* the condition does not hold: why says which */
    GIVEN_FAIL, /* too large to be made: why */
};
/* a->input is the event's data; becomes the shaped one, good until the next call. why: at least 256 bytes. */
enum given_result given_make(struct given *g, struct attempt *a, char *why, size_t why_size);

#endif
