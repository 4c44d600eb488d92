/* schema/compile.h - inside schema/: building a program from documents. */
#ifndef SCHEMA_COMPILE_H
#define SCHEMA_COMPILE_H

#include "schema/program.h"
#include "schema/scope.h"

/* What a program node is made of. */
struct origin {
    struct place place;
    uint32_t scope;
};

/* A sub-schema in work. */
struct item {
    struct place place;
    uint32_t scope;
    uint32_t node; /* of the program */
    const struct dialect *dialect;
    uint32_t keywords[KW_COUNT]; /* their values, or JSON_NONE */
};

struct compile {
    struct schema_set *set;
    const struct schema_options *options;
    struct arena arena;
    struct program program;
    struct scopes scopes;
    VEC(struct origin) origins; /* by program node: each becomes an item in its turn */
    uint32_t *buckets;          /* program node + 1 by origin */
    uint32_t n_buckets;
    bool too_large;
    size_t pointer_bytes; /* made in the arena */
    unsigned warnings;
    struct err *e;
};

/* "file.json#/pointer/keyword: …"; -1. KW_COUNT: no keyword. */
int compile_fail(struct compile *c, const struct item *it, enum keyword kw, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The program node for a place that is reached from within that scope, made when it is new. */
uint32_t compile_node(struct compile *c, const struct place *place, uint32_t scope);
/* An edge to the schema at JSON node `value`, which is `path` below the item. */
uint32_t compile_edge(struct compile *c, const struct item *it, uint32_t value, struct slice path);
/* The edge for a keyword whose value is one schema; NONE without it. */
uint32_t compile_keyword_edge(struct compile *c, const struct item *it, enum keyword kw);
/* The same for a member of an object of schemas. */
uint32_t compile_member_edge(struct compile *c, const struct item *it, enum keyword kw, uint32_t key);
/* n edges in a row, for an array of schemas. */
int compile_list(struct compile *c, const struct item *it, enum keyword kw, uint32_t *first, uint32_t *n) MUST_CHECK;
/* The unescaped string at a node, in the arena. */
struct slice compile_string(struct compile *c, const struct item *it, uint32_t value);
/* A node that says nothing yet. */
struct node *program_add_node(struct program *p);
/* The name, its text added to the program's. */
struct name program_name(struct program *p, struct slice s);
/* A copy of the value into the program's constants. */
uint32_t compile_const(struct compile *c, const struct item *it, uint32_t value);
/* A count such as maxLength: a whole number from 0. *out stays as it is without the keyword. */
int compile_count(struct compile *c, const struct item *it, enum keyword kw, uint64_t *out) MUST_CHECK;
int compile_regex(struct compile *c, const struct item *it, enum keyword kw, struct slice pattern,
                  uint32_t *regex) MUST_CHECK;

/* The parts, each in its file; they fill it->node. */
int compile_type(struct compile *c, const struct item *it) MUST_CHECK;
int compile_values(struct compile *c, const struct item *it) MUST_CHECK;
int compile_numbers(struct compile *c, const struct item *it) MUST_CHECK;
int compile_strings(struct compile *c, const struct item *it) MUST_CHECK;
int compile_arrays(struct compile *c, const struct item *it) MUST_CHECK;
int compile_objects(struct compile *c, const struct item *it) MUST_CHECK;
int compile_logic(struct compile *c, const struct item *it) MUST_CHECK;

/* What output formats want besides: a new node's absolute location, and its annotations. */
void compile_absolute(struct compile *c, const struct place *place);
void compile_annotations(struct compile *c, const struct item *it);

/* A new object part that asks what `own` (or NONE) asks, and knows the names and patterns of the others besides, whose
 * values then go by the edge `anything`. */
uint32_t object_part_merge(struct program *p, uint32_t own, const uint32_t *others, uint32_t n, uint32_t anything);

/* Turns unevaluatedProperties and unevaluatedItems into additionalProperties and items where what is evaluated does not
 * depend on the value; marks the nodes that must keep book elsewhere. ERR_LIMIT. */
int program_resolve_unevaluated(struct program *p, struct err *e) MUST_CHECK;
/* Calls visit for every edge that leads from the node to another one about the same value. sure: is it taken for every
 * value that is valid? */
void program_each_inplace(const struct program *p, uint32_t node, void (*visit)(uint32_t to, bool sure, void *arg),
                          void *arg);

/* Gives large unions their selectors; the nodes are settled. */
void program_build_selectors(struct program *p);

/* Takes shortcuts, works out accepts and settles. A reference back to itself without going down: ERR_INPUT. */
int program_link(struct program *p, struct err *e) MUST_CHECK;
/* One block out of it; the program is empty after it. */
struct schema *program_freeze(struct program *p);

#endif
