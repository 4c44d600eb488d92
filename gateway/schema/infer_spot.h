/* schema/infer_spot.h - inside schema/infer: what is known of one spot in the samples. */
#ifndef SCHEMA_INFER_SPOT_H
#define SCHEMA_INFER_SPOT_H

#include "schema/format.h"
#include "schema/infer.h"
#include "schema/vec.h"

#define INFER_PROPERTIES_MAX 500u /* more names at one spot are ids */
#define INFER_SPOTS_MAX 60000u

/* spot.kinds, in the order of writing */
#define INFER_OBJECT 1u
#define INFER_ARRAY 2u
#define INFER_STRING 4u
#define INFER_NUMBER 8u /* one that is no integer */
#define INFER_INTEGER 16u
#define INFER_BOOLEAN 32u
#define INFER_NULL 64u
#define INFER_ANY 127u
#define INFER_KINDS 7
extern const char *const infer_kind_names[INFER_KINDS];

/* Of the schema merged with, kept as they are; the first two at the root only. Ends with NULL. */
extern const char *const infer_annotations[];

enum infer_range { /* lower ones even, upper ones odd */
    INFER_MINIMUM, INFER_MAXIMUM, INFER_MIN_LENGTH, INFER_MAX_LENGTH, INFER_MIN_ITEMS, INFER_MAX_ITEMS, INFER_RANGES,
};
extern const struct infer_range_info {
    const char *name;
    unsigned kinds; /* that it is about */
} infer_ranges[INFER_RANGES];

/* The least or the largest seen. */
struct bound {
    struct slice text; /* a JSON number, on the heap; none when nothing was seen */
    bool open;         /* the schema merged with sets no limit */
    bool kept;         /* it sets one: written even where nobody asks for ranges */
};

struct value {
    struct slice text; /* on the heap */
    uint64_t seen;
};
struct strings {
    uint64_t seen;
    uint32_t formats; /* bit 1 << enum format: all satisfy it */
    uint32_t limit;   /* of values */
    bool many;        /* more values than that, or words that no enum would have */
    bool kept;        /* from the schema merged with: its enum or format needs no further evidence */
    VEC(struct value) values; /* sorted */
};

struct property {
    struct slice name;  /* on the heap */
    uint64_t seen;      /* in so many objects: when in all of them, it is required */
    struct spot *value; /* NULL: the schema merged with requires it and says no more */
};

struct spot {
    unsigned kinds;
    uint32_t base; /* its object in the schema merged with, for the annotations; or JSON_NONE */
    bool open;     /* that schema allows whatever there may be: nothing is noted */
    bool untyped;  /* it allows any kind, and says something about some */
    bool closed;   /* it allows no further members */
    struct bound *bounds; /* INFER_RANGES of them; NULL when nobody wants ranges */
    struct strings strings;
    struct spot *items; /* all elements; NULL: there are none */
    uint64_t objects;
    VEC(struct property) properties; /* sorted by name */
    struct spot *rest; /* all members without a property of their own; NULL: each has one */
};

struct infer {
    struct infer_options options;
    bool ranges; /* asked for, or in the schema merged with */
    const struct json_doc *base;
    struct spot *root;
    uint32_t n_spots;
    struct buf tmp;
};

struct spot *infer_spot_new(struct infer *i);
void infer_spot_free(struct infer *i, struct spot *p); /* NULL ok */
/* What was seen at `from` was seen at `to`; frees `from`, whose annotations are gone. */
void infer_join(struct infer *i, struct spot *to, struct spot *from);
/* From now on no member has a property of its own. */
void infer_collapse(struct infer *i, struct spot *p);
/* The property of that name, or NULL; *at: where it is or belongs. */
struct property *infer_property(const struct spot *p, struct slice name, uint32_t *at);
struct property *infer_property_add(struct spot *p, struct slice name, uint32_t at);
/* One more value, seen so many times; copied. */
void infer_note_value(struct strings *s, struct slice text, uint64_t times);
void infer_forget_values(struct strings *s);
void infer_note_bound(struct spot *p, enum infer_range which, struct slice number);

#endif
