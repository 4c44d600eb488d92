/* schema/compile.h - inside schema/: building a program from documents. */
#ifndef SCHEMA_COMPILE_H
#define SCHEMA_COMPILE_H

#include "schema/program.h"
#include "schema/set.h"

/* A sub-schema to be compiled, or in work. */
struct item {
    struct place place;
    uint32_t node; /* of the program */
    enum schema_draft draft;
    uint32_t keywords[KW_COUNT]; /* their values, or JSON_NONE */
};

struct compile {
    struct schema_set *set;
    struct arena arena;
    struct program program;
    uint32_t **known;          /* a document's: program node + 1 by JSON node, once one is known */
    VEC(struct place) waiting; /* by program node: each becomes an item in its turn */
    struct err *e;
};

/* "file.json#/pointer/keyword: …"; -1. KW_COUNT: no keyword. */
int compile_fail(struct compile *c, const struct item *it, enum keyword kw, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The program node for a place, made when it is new. */
uint32_t compile_node(struct compile *c, const struct place *place);
/* An edge to the schema at JSON node `value`, which is `path` below the item. */
uint32_t compile_edge(struct compile *c, const struct item *it, uint32_t value, const char *path);
/* The edge for a keyword whose value is one schema; NONE without it. */
uint32_t compile_keyword_edge(struct compile *c, const struct item *it, enum keyword kw);
/* The same for a member of an object of schemas. */
uint32_t compile_member_edge(struct compile *c, const struct item *it, enum keyword kw, uint32_t key);
/* n edges in a row, for an array of schemas. */
int compile_list(struct compile *c, const struct item *it, enum keyword kw, uint32_t *first, uint32_t *n) MUST_CHECK;
/* The unescaped string at a node, in the arena. */
struct slice compile_string(struct compile *c, const struct item *it, uint32_t value);
struct name compile_name(struct compile *c, struct slice s);
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

/* Takes shortcuts, works out accepts and settles. A reference back to itself without going down: ERR_INPUT. */
int program_link(struct program *p, struct err *e) MUST_CHECK;
/* One block out of it; the program is empty after it. */
struct schema *program_freeze(struct program *p);

#endif
