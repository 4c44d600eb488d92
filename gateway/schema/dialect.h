/* schema/dialect.h - inside schema/: which keywords a schema's "$schema" brings into force: one of the three drafts, or
 * a dialect of somebody's own, whose meta-schema lists its vocabularies. */
#ifndef SCHEMA_DIALECT_H
#define SCHEMA_DIALECT_H

#include "schema/keyword.h"

struct dialect {
    struct slice uri; /* of the meta-schema, without fragment */
    enum schema_draft draft;
    uint64_t keywords; /* KEYWORD_BITs */
    bool assert_format;
    struct slice unknown; /* a required vocabulary that is none of ours: the dialect cannot be used */
    struct schema *meta;  /* of a dialect of somebody's own, once it was asked for */
};

const struct dialect *dialect_standard(enum schema_draft draft);
/* The standard dialect that a $schema means, or NULL. */
const struct dialect *dialect_find(struct slice uri);
/* The draft of a meta-schema (at node) that names itself as its own, by its $vocabulary; NULL when that tells nothing. */
const struct dialect *dialect_guess(const struct json_doc *d, uint32_t node);
/* Of a $schema of the standard before draft-07: "draft-04"; else empty. */
struct slice dialect_older_draft(struct slice uri);
/* The dialect of the meta-schema at the node, which is itself a schema of `base`; slices are borrowed from d and uri. */
struct dialect dialect_read(const struct json_doc *d, uint32_t node, struct slice uri, const struct dialect *base);
const char *dialect_draft_name(enum schema_draft draft);

static inline bool dialect_has(const struct dialect *d, enum keyword kw)
{
    return d->keywords & KEYWORD_BIT(kw);
}

#endif
