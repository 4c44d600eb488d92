/* schema/select.h - inside schema/: which branches of a large anyOf or oneOf an object can possibly match, told by one
 * pass over its members: a branch that requires a name the object has not, or whose tag ("action": const or enum) says
 * otherwise, is not tried at all. A filter only: what it lets through is checked in full. */
#ifndef SCHEMA_SELECT_H
#define SCHEMA_SELECT_H

#include "schema/run.h"

#define SELECT_WORDS 4u /* 64 names, and 64 tag values, each */
#define SELECT_LEAST 3u /* branches */

/* What an object shows. */
struct choice {
    const struct selector *selector;
    uint64_t seen[SELECT_WORDS]; /* which of the selector's names it has */
    bool tagged;                 /* it has a tag that can be judged … */
    uint32_t tag;                /* … with this value of the selector's, or NONE */
};

/* n is an object, l has a selector; as many steps as there are members. */
void select_look(struct run *r, const struct logic *l, uint32_t n, struct choice *c);
bool select_allows(const struct run *r, const struct choice *c, uint32_t branch);

#endif
