/* schema/run.h - inside schema/: one check of one document, and the single questions that the check and the report
 * share.
 *
 * Everything here answers SCHEMA_LIMIT as soon as a bound is hit, and every caller passes that on: a limit is never a
 * pass. */
#ifndef SCHEMA_RUN_H
#define SCHEMA_RUN_H

#include "schema/mutant.h"
#include "schema/program.h"

#define SCHEMA_STEPS_MAX 50000000u /* about a visited node each: half a second */

/* A check is charged this much before answers are remembered: nearly none comes so far. */
#define MEMO_AFTER 200000u

struct memo_entry {
    uint32_t node, n; /* node NONE: empty */
    enum schema_verdict verdict;
};

struct unique_entry {
    uint32_t hash, node; /* node NONE: empty */
};

struct schema_scratch {
    struct regex_scratch *regex;
    struct buf tmp;              /* one unescaped string at a time */
    struct unique_entry *unique; /* the hash table of uniqueItems */
    uint32_t unique_cap;
    struct memo_entry *memo; /* a hash table, see check_memo.c */
    uint32_t memo_cap, memo_used;
    VEC(uint64_t) marks; /* a stack of books, see check_evaluated.c */
    uint32_t max_depth;
};

struct run {
    const struct schema *s;
    const struct json_doc *d;
    struct schema_scratch *scratch;
    uint64_t steps; /* left */
    uint64_t memo_below; /* steps left when answers begin to be remembered */
    uint32_t depth;
    uint32_t evaluated; /* the container whose evaluated children are booked, or NONE */
    uint32_t marks;     /* where its book is in the stack: a bit for each child, by its rank */
};

void run_init(struct run *r, const struct schema *s, const struct json_doc *d, struct schema_scratch *scratch);
/* Takes that many steps; false when there are not so many left. */
static inline bool run_charge(struct run *r, uint64_t steps)
{
    if (r->steps <= steps) {
        r->steps = 0;
        return false;
    }
    r->steps -= steps;
    return true;
}

/* The value at n of the document against a node of the program, past what its type alone decides. */
enum schema_verdict run_rest(struct run *r, uint32_t node, uint32_t n);
static inline enum schema_verdict run_node(struct run *r, uint32_t node, uint32_t n)
{
    const struct node *p = &r->s->nodes[node];
    unsigned bit = type_bit(r->d->nodes[n].meta);

    if (!mutated(MUTANT_ACCEPTS, p->accepts & bit))
        return SCHEMA_INVALID;
    return mutated(MUTANT_SETTLES, p->settles & bit) ? SCHEMA_VALID : run_rest(r, node, n);
}
static inline enum schema_verdict run_edge(struct run *r, uint32_t edge, uint32_t n)
{
    return run_node(r, r->s->edges[edge].run, n);
}

/* Does "type" allow the value? */
bool run_type(struct run *r, const struct node *p, uint32_t n);
/* On SCHEMA_INVALID *kw says which keyword it was. */
enum schema_verdict run_string(struct run *r, const struct string_part *p, uint32_t n, enum keyword *kw);
enum schema_verdict run_number(struct run *r, const struct number_part *p, uint32_t n, enum bound *bound);
enum schema_verdict run_values(struct run *r, const struct value_list *list, uint32_t n);
enum schema_verdict run_logic(struct run *r, const struct logic *l, uint32_t n);
enum schema_verdict run_array(struct run *r, const struct array_part *p, uint32_t n);
/* run_rest for a container, with a memory: the same question within a check is answered once. */
enum schema_verdict run_memoed(struct run *r, uint32_t node, uint32_t n);
/* A node past depth and step bounds. */
enum schema_verdict run_whole(struct run *r, const struct node *p, uint32_t n);
/* All that the node says but unevaluated*. */
enum schema_verdict run_keywords(struct run *r, const struct node *p, uint32_t n);
/* The same, and unevaluated*, for a node that tracks the container n. */
enum schema_verdict run_tracked(struct run *r, const struct node *p, uint32_t n);
/* Its first half: then the book lies open, and must be closed. */
struct book {
    uint32_t evaluated, marks;
};
enum schema_verdict run_open_book(struct run *r, const struct node *p, uint32_t n, struct book *outer);
void run_close_book(struct run *r, const struct book *outer);
bool run_is_marked(const struct run *r, uint64_t rank);
/* unevaluatedProperties or unevaluatedItems, whichever is for n. */
uint32_t run_unevaluated_edge(const struct run *r, const struct node *p, uint32_t n);
/* Books a child of the container at hand. */
void run_mark(struct run *r, uint64_t rank);
/* The elements of n that the part evaluates, once it has passed. */
enum schema_verdict run_mark_elements(struct run *r, const struct array_part *p, uint32_t n);
/* run_edge for a branch whose failure is no failure of the whole: then what it booked is forgotten. */
enum schema_verdict run_branch(struct run *r, uint32_t node, uint32_t n);
enum schema_verdict run_object(struct run *r, const struct object_part *p, uint32_t n);

/* Of arrays: are all elements different? If not, *first and *second are equal. */
enum schema_verdict run_unique(struct run *r, uint32_t n, uint32_t *first, uint32_t *second);
/* How many elements satisfy `contains`; stops as soon as the answer cannot change. */
enum schema_verdict run_contains(struct run *r, const struct array_part *p, uint32_t n, uint64_t *found);
/* Of objects: does the KEY at k match the pattern? */
enum schema_verdict run_key_pattern(struct run *r, const struct pattern *p, uint32_t k);
/* The name of the KEY at k against propertyNames. */
enum schema_verdict run_key_schema(struct run *r, uint32_t edge, uint32_t k);
/* A document of one STRING, the name of the KEY at k; node is its memory. */
struct json_doc run_key_doc(const struct json_doc *d, uint32_t k, struct json_node *node);
bool run_has(struct run *r, uint32_t n, const struct name *name);
/* Can a look at names and single values alone tell that the object does not fit? For choosing among branches. */
bool run_object_unlike(struct run *r, const struct object_part *p, uint32_t n);

/* Exact, also where json_count saturates. */
uint64_t run_count(const struct json_doc *d, uint32_t n);

#endif
