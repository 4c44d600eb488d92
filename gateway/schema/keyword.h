/* schema/keyword.h - the keywords of the drafts: one table that says where schemas stand and which vocabulary brings
 * each. */
#ifndef SCHEMA_KEYWORD_H
#define SCHEMA_KEYWORD_H

#include "schema/schema.h"

enum keyword {
    KW_SCHEMA,
    KW_VOCABULARY,
    KW_COMMENT,
    KW_ID,
    KW_ANCHOR,
    KW_DYNAMIC_ANCHOR,
    KW_REF,
    KW_RECURSIVE_ANCHOR,
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
    KW_FORMAT,
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
    KW_TITLE,
    KW_DESCRIPTION,
    KW_DEFAULT,
    KW_DEPRECATED,
    KW_READ_ONLY,
    KW_WRITE_ONLY,
    KW_EXAMPLES,
    KW_CONTENT_ENCODING,
    KW_CONTENT_MEDIA_TYPE,
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

/* The units in which a dialect takes keywords in or leaves them out. */
enum vocabulary {
    VOCABULARY_CORE,
    VOCABULARY_APPLICATOR,
    VOCABULARY_UNEVALUATED, /* in 2019-09 part of the one before */
    VOCABULARY_VALIDATION,
    VOCABULARY_META_DATA,
    VOCABULARY_FORMAT,
    VOCABULARY_CONTENT,
};

struct keyword_info {
    const char *name;
    unsigned drafts; /* bit 1 << enum schema_draft */
    enum keyword_form form;
    enum vocabulary vocabulary;
};
extern const struct keyword_info keywords[KW_COUNT];

#define KEYWORD_BIT(kw) ((uint64_t)1 << (kw))

/* The keyword that the KEY at node spells, of those in the set of KEYWORD_BITs, or KW_COUNT. Any thread. */
enum keyword keyword_find(const struct json_doc *d, uint32_t key, uint64_t known);

#endif
