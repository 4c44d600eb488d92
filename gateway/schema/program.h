/* schema/program.h - inside schema/: the frozen form of a compiled schema.
 *
 * Every sub-schema is a node; what it asks of strings, numbers, arrays and objects stands in parts that are looked at
 * only for a value of that type. All parts lie in typed arrays of one block and name each other by index.
 *
 *     node ── accepts, settles: one bit a type          {"type": ["string", "null"], "maxLength": 9}
 *       │                                               accepts = STRING|NULL, settles = NULL, string = 0
 *       ├── string, number, array, object (parts)
 *       ├── values, constant (enum, const)
 *       └── logic[] (allOf, anyOf, oneOf, not, if, $ref), each with edges
 *
 * A type outside `accepts` fails, one in `settles` passes, without another look: most leaves of a payload end there.
 * Both are worked out by link.c through references and combinations; the report uses what the schema says (`types`). */
#ifndef SCHEMA_PROGRAM_H
#define SCHEMA_PROGRAM_H

#include "base/mem.h"
#include "json/number.h"
#include "schema/format.h"
#include "schema/keyword.h"
#include "schema/regex.h"
#include "schema/vec.h"

#define NONE UINT32_MAX

/* bits by enum json_kind; a number that is not written as an integer has the eighth. */
#define TYPE_BIT(t) (1u << (t))
#define TYPE_INTEGER TYPE_BIT(JSON_NUMBER)
#define TYPE_FRACTION 0x80u
#define TYPE_ANY 0xffu
#define TYPE_SCALAR (TYPE_ANY & ~(TYPE_BIT(JSON_ARRAY) | TYPE_BIT(JSON_OBJECT)))

static inline unsigned type_bit(uint32_t meta)
{
    unsigned t = meta & 7;

    return t == JSON_NUMBER && !(meta & JSON_INTEGER) ? TYPE_FRACTION : 1u << t;
}

/* A way from one node to another. */
struct edge {
    uint32_t to;  /* as the schema says it */
    uint32_t run; /* the same without detours over nodes that are nothing but a reference */
};

struct name {
    uint32_t hash, at, len; /* json_hash; in text */
};

struct node {
    uint8_t accepts, settles;
    uint8_t types;                          /* what "type" says; TYPE_ANY without it */
    uint8_t integer_only;                   /* a fraction must be integral: 1.0 */
    uint8_t tracks;                         /* type bits of values whose evaluated children are only known by running */
    bool write_only;                        /* a secret: never shown in messages */
    bool marked;                            /* is part of what such a node runs on the same value */
    uint32_t string, number, array, object; /* parts, or NONE */
    uint32_t values, constant;              /* value lists, or NONE */
    uint32_t logic, n_logic;
    uint32_t unevaluated; /* or NONE */
    struct {
        uint32_t at, len;
    } place; /* "file.json#/properties/a", in text */
};

struct string_part {
    uint64_t min, max; /* code points */
    uint32_t pattern;  /* patterns, or NONE */
    enum format format; /* FORMAT_COUNT: none, or not asserted */
};

struct pattern {
    uint32_t regex;
    uint32_t edge; /* of a patternProperties */
    struct name text;
};

enum bound {
    BOUND_MINIMUM,
    BOUND_EXCLUSIVE_MINIMUM,
    BOUND_MAXIMUM,
    BOUND_EXCLUSIVE_MAXIMUM,
    BOUND_MULTIPLE_OF,
    BOUND_COUNT
};
struct number_part {
    int64_t low, high;            /* inclusive, for integers that fit; when `exact` */
    int64_t multiple;             /* 0: none */
    bool exact;                   /* all bounds are said by these three */
    uint32_t bounds[BOUND_COUNT]; /* nodes of consts, or NONE */
    struct number values[BOUND_COUNT];
};

struct array_part {
    uint64_t min, max;
    uint32_t prefix, n_prefix; /* edges */
    uint32_t items;            /* edge for the rest, or NONE */
    uint32_t contains;         /* edge, or NONE */
    uint64_t min_contains, max_contains;
    bool unique, contains_evaluates; /* since 2020-12 */
    uint8_t prefix_keyword, items_keyword; /* enum keyword */
};

/* A known name of an object. The required ones come first, so that one mask says whether all are there. */
struct slot {
    struct name name;
    uint32_t edge; /* NONE: required, but not in "properties" */
    uint32_t run;  /* the edge's */
};

struct bucket {
    uint32_t hash;
    uint32_t slot; /* NONE: empty */
};

struct dependency {
    struct name name;
    uint32_t edge; /* NONE: names */
    uint32_t names, n_names;
    uint8_t keyword;
};

struct object_part {
    uint64_t min, max;
    uint32_t slots, n_slots, n_required;
    uint32_t buckets, multiplier, shift; /* open addressing: (hash * multiplier) >> shift */
    uint32_t patterns, n_patterns;
    uint32_t additional; /* edge, or NONE */
    uint32_t names;      /* edge of propertyNames, or NONE */
    uint32_t dependencies, n_dependencies;
    bool counts;                /* min or max is set */
    bool closed;                /* no name but those of the slots */
    uint8_t additional_keyword; /* enum keyword */
};

struct logic {
    uint8_t keyword;   /* KW_REF and its kin, KW_ALL_OF, KW_ANY_OF, KW_ONE_OF, KW_NOT, KW_IF */
    uint32_t edges, n; /* KW_IF: if, then, else; the last two may lead nowhere (to = NONE) */
    uint32_t selector; /* of a large anyOf or oneOf, or NONE: see select.h */
};

struct lookup {
    uint32_t buckets, mask; /* open addressing: hash & mask */
};
struct selector {
    struct lookup names; /* to their bits */
    uint32_t needs;      /* masks, a few words for each branch: the names it requires */
    uint32_t tag_bit;    /* the name by whose value branches are told apart, or NONE */
    struct name tag_name;
    struct lookup tags; /* to the bits of its values */
    uint32_t tag_names; /* names, by bit */
    uint32_t tag_masks; /* for each branch the values it takes, and a word that is 0 when it takes any */
};

static inline bool logic_is_reference(const struct logic *l)
{
    return l->keyword == KW_REF || l->keyword == KW_DYNAMIC_REF || l->keyword == KW_RECURSIVE_REF;
}

/* All its edges must hold. */
static inline bool logic_is_conjunction(const struct logic *l)
{
    return l->keyword == KW_ALL_OF || logic_is_reference(l);
}

/* unevaluatedItems and unevaluatedProperties that the linker could not turn into items and additionalProperties. */
struct unevaluated {
    uint32_t items, properties; /* edges, or NONE */
};

/* Of each node, where annotations are kept. */
struct node_output {
    struct {
        uint32_t at, len;
    } absolute; /* "https://example.com/schema#/properties/a", in text */
    uint32_t annotations, n_annotations;
    bool lists_evaluated; /* the draft makes annotations of what was evaluated */
};
struct annotation {
    uint8_t keyword;  /* enum keyword; KW_COUNT: unknown */
    struct name name; /* in text */
    uint32_t value;   /* of consts */
};

/* Values of enum or const, in ascending order of hash; nodes of consts. */
struct value {
    uint32_t hash, node, order;
};
struct value_list {
    uint32_t values, n;
    uint8_t types; /* type bits of its members */
};

#define PROGRAM_ARRAYS(X)                                                                                              \
    X(struct node, nodes)                                                                                              \
    X(struct edge, edges)                                                                                              \
    X(struct number_part, numbers)                                                                                     \
    X(struct string_part, strings)                                                                                     \
    X(struct array_part, arrays)                                                                                       \
    X(struct object_part, objects)                                                                                     \
    X(struct slot, slots)                                                                                              \
    X(struct bucket, buckets)                                                                                          \
    X(struct pattern, patterns)                                                                                        \
    X(struct dependency, dependencies)                                                                                 \
    X(struct name, names)                                                                                              \
    X(struct name, secret_names)                                                                                       \
    X(struct logic, logic)                                                                                             \
    X(struct selector, selectors)                                                                                      \
    X(uint64_t, masks)                                                                                                 \
    X(struct unevaluated, unevaluated)                                                                                 \
    X(struct node_output, outputs)                                                                                     \
    X(struct annotation, annotations)                                                                                  \
    X(struct value, values)                                                                                            \
    X(struct value_list, lists)                                                                                        \
    X(struct regex *, regexes)                                                                                         \
    X(struct json_node, const_nodes)

/* While it is being built. */
struct program {
#define X(type, field) VEC(type) field;
    PROGRAM_ARRAYS(X)
#undef X
    struct buf text;       /* names, places */
    struct buf const_text; /* JSON of the constants */
};

struct schema {
    struct ref ref;
    size_t bytes;
    uint32_t root; /* edge */
    uint32_t n_nodes, n_regexes, n_secret_names;
    bool keeps_annotations;
#define X(type, field) type *field;
    PROGRAM_ARRAYS(X)
#undef X
    const char *text;
    struct json_doc consts; /* const_nodes over const_text */
};

static inline struct slice schema_text(const struct schema *s, struct name name)
{
    return slice_of(s->text + name.at, name.len);
}

/* The slot of the KEY at node k, or NULL. Half of a check's time is spent here: a call would be a fifth of it. */
static inline __attribute__((always_inline)) const struct slot *
slot_find(const struct schema *s, const struct object_part *o, const struct json_doc *d, uint32_t k)
{
    const struct bucket *buckets = s->buckets + o->buckets;
    uint32_t hash = d->nodes[k].link, mask = (uint32_t)((1ull << (32 - o->shift)) - 1);

    for (uint32_t i = (hash * o->multiplier) >> o->shift;; i = (i + 1) & mask) {
        const struct slot *slot;

        if (buckets[i].slot == NONE)
            return NULL;
        if (buckets[i].hash != hash)
            continue;
        slot = &s->slots[o->slots + buckets[i].slot];
        if (!(d->nodes[k].meta & JSON_ESCAPED)) {
            if (slice_eq(json_inner(d, k), schema_text(s, slot->name)))
                return slot;
        } else if (json_string_eq(d, k, schema_text(s, slot->name))) {
            return slot;
        }
    }
}

#endif
