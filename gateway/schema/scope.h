/* schema/scope.h - inside schema/: the dynamic scope, known while compiling. What a $dynamicRef or $recursiveRef means
 * depends on the resources that were entered on the way to it, and only on those that hold dynamic anchors. A program
 * has one node for each (place, scope), so that such a reference is a plain edge when it runs. */
#ifndef SCHEMA_SCOPE_H
#define SCHEMA_SCOPE_H

#include "schema/set.h"

/* A chain of resources, outermost last, each with a dynamic anchor whose name those around it have not. Scope 0 is
 * empty. */
struct scope {
    uint32_t outer;
    const struct document *doc;
    uint32_t resource;
};

/* What entering a resource from a scope led to. */
struct entrance {
    uint32_t from, resource;
    const struct document *doc;
    uint32_t to;
};

struct scopes {
    VEC(struct scope) all;
    VEC(struct entrance) entrances;
    uint32_t *buckets; /* entrance + 1 */
    uint32_t n_buckets;
};

#define SCOPE_NONE UINT32_MAX
/* The scope at that place when one comes from `from`; SCOPE_NONE when there are too many. */
uint32_t scope_enter(struct scopes *s, uint32_t from, const struct place *place);
/* Where the outermost anchor of that name is; false when there is none. */
bool scope_find(const struct scopes *s, uint32_t scope, struct slice name, struct place *out);
void scopes_clear(struct scopes *s);
/* Does the place itself bear the dynamic anchor? */
bool scope_bears(const struct place *place, struct slice name);

#endif
