/* schema/set.h - inside schema/: registered documents, the resources ($id) and anchors in them, and finding what a URI
 * means. */
#ifndef SCHEMA_SET_H
#define SCHEMA_SET_H

#include "schema/dialect.h"
#include "schema/vec.h"

/* A part of a document with a base URI of its own; the whole document is its first. In document order, so nested ones
 * follow. */
struct resource {
    uint32_t node, end; /* its nodes */
    uint32_t parent;    /* the resource around it; of the first: itself */
    struct slice base;
    struct slice pointer; /* where it is in the document */
    const struct dialect *dialect;
    struct slice unknown_dialect; /* a $schema that nobody here knows */
};

/* A $dynamicAnchor; or, named "", a $recursiveAnchor. */
struct dynamic_anchor {
    uint32_t resource; /* of the document */
    struct slice name;
    uint32_t node;
    struct slice pointer;
};

struct document {
    struct slice uri, name;
    struct slice own; /* its $id made absolute; empty when that is the URI, or another copy's */
    struct json_doc json;
    VEC(struct resource) resources;
    VEC(struct dynamic_anchor) dynamic_anchors;
    bool builtin; /* part of the binary: right, and shared between threads */
};

/* A place in a registered document. */
struct place {
    struct document *doc;
    uint32_t node;
    struct slice pointer;
};

struct target {
    struct slice key; /* "uri" or "uri#anchor" */
    struct place place;
    const struct document *rival; /* another document that claims the same */
};

#define SET_POINTERS_MAX (256u << 20)

struct schema_set {
    struct arena arena;
    VEC(struct document *) documents;
    VEC(struct target) targets;
    uint32_t *buckets; /* target + 1 by hash of the key */
    uint32_t n_buckets;
    VEC(struct dialect *) dialects; /* of meta-schemas among the documents; in the arena */
    uint32_t scanned;               /* documents whose resources are known */
    enum schema_draft scanned_draft;
    size_t pointer_bytes; /* of the places that were claimed */
    bool too_large;       /* they are more than SET_POINTERS_MAX: nothing can be compiled */
    bool compiling_meta;  /* what is compiled is not checked itself */
};

/* Finds the resources of all documents; those without $schema count as `draft`. */
void set_scan(struct schema_set *s, enum schema_draft draft);
/* Among the registered documents, then the built-in meta-schemas. uri: absolute, without fragment; fragment: still
 * percent-encoded. Slices of *out live in the set, or in the arena given. */
int set_find(struct schema_set *s, struct arena *a, struct slice uri, struct slice fragment, struct place *out,
             struct err *e) MUST_CHECK;
/* The innermost resource around the node. */
const struct resource *set_resource(const struct document *doc, uint32_t node);

/* What a URI without fragment names among the registered documents, as far as they are scanned; or NULL. */
const struct place *set_place(const struct schema_set *s, struct slice uri);
/* The meta-schemas of the drafts that the binary carries: a set of their own, made once, never changed. */
struct schema_set *set_builtin(void);

/* The unescaped STRING or KEY; a slice of the document, or in the arena. SLICE_NONE when the node is neither, or
 * JSON_NONE. */
struct slice set_string(struct arena *a, const struct document *doc, uint32_t node);
/* One after the other, in the arena. Not by printf: names may hold NUL, and be long. */
struct slice set_join(struct arena *a, struct slice head, struct slice tail);

/* For set_scan. */
void set_claim(struct schema_set *s, struct slice key, const struct place *place);
/* Back to what registering alone says. */
void set_forget(struct schema_set *s);

#endif
