/* flow/environment.h - the environment that a child gets: PATH, LANG and the names listed, from the gateway's own; and what is
 * put to them. Made once, filled again and again. */
#ifndef FLOW_ENVIRONMENT_H
#define FLOW_ENVIRONMENT_H

#include "base/buf.h"

struct environment {
    struct buf text;
    const char **list;
    size_t n, capacity;
};
void environment_init(struct environment *v);
void environment_clear(struct environment *v);
void environment_begin(struct environment *v, const struct slice *names, size_t n); /* names: NUL-terminated */
void environment_put(struct environment *v, const char *name, struct slice value);
/* "NAME=value" …, NULL; good until the next begin. NULL: it is larger than an order may be. */
const char *const *environment_end(struct environment *v);

#endif
