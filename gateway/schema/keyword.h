/* schema/keyword.h - the keywords of the drafts: one table that says where schemas stand and what is not supported. */
#ifndef SCHEMA_KEYWORD_H
#define SCHEMA_KEYWORD_H

#include "schema/schema.h"

enum keyword {
    KW_SCHEMA,
    KW_ID,
    KW_ANCHOR,
    KW_DYNAMIC_ANCHOR,
    KW_REF,
    KW_RECURSIVE_REF,
    KW_DYNAMIC_REF,
    KW_DEFS,
    KW_DEFINITIONS,
    KW_TYPE,
    KW_ENUM,
    KW_CONST,
    KW_MULTIPLE_OF,
    KW_MAXIMUM,
    KW_EXCLUSIVE_MAXIMUM,
    KW_MINIMUM,
    KW_EXCLUSIVE_MINIMUM,
    KW_MAX_LENGTH,
    KW_MIN_LENGTH,
    KW_PATTERN,
    KW_PREFIX_ITEMS,
    KW_ITEMS,
    KW_ADDITIONAL_ITEMS,
    KW_MAX_ITEMS,
    KW_MIN_ITEMS,
    KW_UNIQUE_ITEMS,
    KW_CONTAINS,
    KW_MAX_CONTAINS,
    KW_MIN_CONTAINS,
    KW_UNEVALUATED_ITEMS,
    KW_MAX_PROPERTIES,
    KW_MIN_PROPERTIES,
    KW_REQUIRED,
    KW_PROPERTIES,
    KW_PATTERN_PROPERTIES,
    KW_ADDITIONAL_PROPERTIES,
    KW_PROPERTY_NAMES,
    KW_DEPENDENCIES,
    KW_DEPENDENT_REQUIRED,
    KW_DEPENDENT_SCHEMAS,
    KW_UNEVALUATED_PROPERTIES,
    KW_ALL_OF,
    KW_ANY_OF,
    KW_ONE_OF,
    KW_NOT,
    KW_IF,
    KW_THEN,
    KW_ELSE,
    KW_CONTENT_SCHEMA,
    KW_COUNT,
};

/* What the value holds, for finding sub-schemas. */
enum keyword_form {
    FORM_VALUE,
    FORM_SCHEMA,
    FORM_LIST,           /* array of schemas */
    FORM_MAP,            /* object of schemas */
    FORM_SCHEMA_OR_LIST, /* "items" before 2020-12 */
    FORM_MIXED_MAP,      /* "dependencies": schemas or lists of names */
};

struct keyword_info {
    const char *name;
    unsigned drafts; /* bit 1 << enum schema_draft */
    enum keyword_form form;
    bool refused; /* part of the draft, not supported yet */
};
extern const struct keyword_info keywords[KW_COUNT];

/* The keyword that the KEY at node spells in that draft, or KW_COUNT. */
enum keyword keyword_find(const struct json_doc *d, uint32_t key, enum schema_draft draft);
/* The draft that a $schema URI names: 0; -1 when it is none of ours. */
int keyword_draft(struct slice uri, enum schema_draft *draft);
const char *keyword_draft_name(enum schema_draft draft);

#endif
