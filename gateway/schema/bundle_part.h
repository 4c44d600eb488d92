/* schema/bundle_part.h - inside schema/bundle*.c: what a bundle is put together from. */
#ifndef SCHEMA_BUNDLE_PART_H
#define SCHEMA_BUNDLE_PART_H

#include "schema/set.h"

/* Other text in place of len bytes of a document. */
struct edit {
    size_t at, len;
    struct slice text;
};

enum part_form {
    PART_PLAIN,
    PART_REF_MOVED, /* the root's "$ref": … stands in an allOf instead, beside an $id that counts */
    PART_WRAPPED,   /* the whole is in an allOf: pointers into it begin with PART_INNER */
};
#define PART_INNER "/allOf/0"

/* A document of the bundle. */
struct part {
    const struct document *doc;
    struct slice uri;    /* in the bundle */
    struct slice schema; /* its $schema in the bundle */
    enum part_form form;
    const char *moved_to; /* PART_REF_MOVED: "allOf" or one that means the same */
    bool *seen;           /* by node: its references were looked at */
    VEC(struct edit) edits;
};

/* A schema to be looked through for references. */
struct visit {
    struct part *part;
    uint32_t node;
};

struct bundle {
    struct schema_set *set;
    struct arena arena;
    VEC(struct part *) parts; /* the root first */
    VEC(struct visit) spots;
    struct slice folder;  /* the root's: what is between "file:" and its name */
    unsigned host_number; /* so that no document's own $id is ours by chance */
};

/* What a URI is called in the bundle. */
struct slice bundle_uri(struct bundle *b, struct slice uri);
/* Makes parts of the root and of whatever it refers to, each with its edits in order. */
void bundle_collect(struct bundle *b, const struct document *root);
/* Appends the text. */
void bundle_write(struct bundle *b, struct buf *out);

#endif
