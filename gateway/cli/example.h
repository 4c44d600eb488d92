/* cli/example.h - what `send` sends where no body is given: the example that stands beside the schema of the source's
 * event (github/push.example.json beside github/push.schema.json), else the provider's built-in sample of that event. */
#ifndef CLI_EXAMPLE_H
#define CLI_EXAMPLE_H

#include "plan/plan.h"
#include "verify/sample.h"

/* source may be NULL: then there are only the built-in ones. event: "push", as the provider calls it, the whole type, or
 * empty for the first there is. ERR_NOT_FOUND names the events there are. */
int example_find(struct sample *out, const struct source *source, const struct provider *p, struct slice event,
                 struct err *e) MUST_CHECK;

#endif
