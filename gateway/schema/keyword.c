#include "schema/keyword.h"

#define D7 (1u << SCHEMA_DRAFT_7)
#define D19 (1u << SCHEMA_DRAFT_2019_09)
#define D20 (1u << SCHEMA_DRAFT_2020_12)
#define ALL (D7 | D19 | D20)
#define SINCE_19 (D19 | D20)

/* "dependencies" and "definitions" left the standard with 2019-09, whose meta-schemas still list them: they keep
 * working. */
const struct keyword_info keywords[KW_COUNT] = {
    [KW_SCHEMA] = { "$schema", ALL, FORM_VALUE, false },
    [KW_ID] = { "$id", ALL, FORM_VALUE, false },
    [KW_ANCHOR] = { "$anchor", SINCE_19, FORM_VALUE, false },
    [KW_DYNAMIC_ANCHOR] = { "$dynamicAnchor", D20, FORM_VALUE, false },
    [KW_REF] = { "$ref", ALL, FORM_VALUE, false },
    [KW_RECURSIVE_REF] = { "$recursiveRef", D19, FORM_VALUE, true },
    [KW_DYNAMIC_REF] = { "$dynamicRef", D20, FORM_VALUE, true },
    [KW_DEFS] = { "$defs", SINCE_19, FORM_MAP, false },
    [KW_DEFINITIONS] = { "definitions", ALL, FORM_MAP, false },
    [KW_TYPE] = { "type", ALL, FORM_VALUE, false },
    [KW_ENUM] = { "enum", ALL, FORM_VALUE, false },
    [KW_CONST] = { "const", ALL, FORM_VALUE, false },
    [KW_MULTIPLE_OF] = { "multipleOf", ALL, FORM_VALUE, false },
    [KW_MAXIMUM] = { "maximum", ALL, FORM_VALUE, false },
    [KW_EXCLUSIVE_MAXIMUM] = { "exclusiveMaximum", ALL, FORM_VALUE, false },
    [KW_MINIMUM] = { "minimum", ALL, FORM_VALUE, false },
    [KW_EXCLUSIVE_MINIMUM] = { "exclusiveMinimum", ALL, FORM_VALUE, false },
    [KW_MAX_LENGTH] = { "maxLength", ALL, FORM_VALUE, false },
    [KW_MIN_LENGTH] = { "minLength", ALL, FORM_VALUE, false },
    [KW_PATTERN] = { "pattern", ALL, FORM_VALUE, false },
    [KW_PREFIX_ITEMS] = { "prefixItems", D20, FORM_LIST, false },
    [KW_ITEMS] = { "items", ALL, FORM_SCHEMA_OR_LIST, false },
    [KW_ADDITIONAL_ITEMS] = { "additionalItems", D7 | D19, FORM_SCHEMA, false },
    [KW_MAX_ITEMS] = { "maxItems", ALL, FORM_VALUE, false },
    [KW_MIN_ITEMS] = { "minItems", ALL, FORM_VALUE, false },
    [KW_UNIQUE_ITEMS] = { "uniqueItems", ALL, FORM_VALUE, false },
    [KW_CONTAINS] = { "contains", ALL, FORM_SCHEMA, false },
    [KW_MAX_CONTAINS] = { "maxContains", SINCE_19, FORM_VALUE, false },
    [KW_MIN_CONTAINS] = { "minContains", SINCE_19, FORM_VALUE, false },
    [KW_UNEVALUATED_ITEMS] = { "unevaluatedItems", SINCE_19, FORM_SCHEMA, true },
    [KW_MAX_PROPERTIES] = { "maxProperties", ALL, FORM_VALUE, false },
    [KW_MIN_PROPERTIES] = { "minProperties", ALL, FORM_VALUE, false },
    [KW_REQUIRED] = { "required", ALL, FORM_VALUE, false },
    [KW_PROPERTIES] = { "properties", ALL, FORM_MAP, false },
    [KW_PATTERN_PROPERTIES] = { "patternProperties", ALL, FORM_MAP, false },
    [KW_ADDITIONAL_PROPERTIES] = { "additionalProperties", ALL, FORM_SCHEMA, false },
    [KW_PROPERTY_NAMES] = { "propertyNames", ALL, FORM_SCHEMA, false },
    [KW_DEPENDENCIES] = { "dependencies", ALL, FORM_MIXED_MAP, false },
    [KW_DEPENDENT_REQUIRED] = { "dependentRequired", SINCE_19, FORM_VALUE, false },
    [KW_DEPENDENT_SCHEMAS] = { "dependentSchemas", SINCE_19, FORM_MAP, false },
    [KW_UNEVALUATED_PROPERTIES] = { "unevaluatedProperties", SINCE_19, FORM_SCHEMA, true },
    [KW_ALL_OF] = { "allOf", ALL, FORM_LIST, false },
    [KW_ANY_OF] = { "anyOf", ALL, FORM_LIST, false },
    [KW_ONE_OF] = { "oneOf", ALL, FORM_LIST, false },
    [KW_NOT] = { "not", ALL, FORM_SCHEMA, false },
    [KW_IF] = { "if", ALL, FORM_SCHEMA, false },
    [KW_THEN] = { "then", ALL, FORM_SCHEMA, false },
    [KW_ELSE] = { "else", ALL, FORM_SCHEMA, false },
    [KW_CONTENT_SCHEMA] = { "contentSchema", SINCE_19, FORM_SCHEMA, false },
};

enum keyword keyword_find(const struct json_doc *d, uint32_t key, enum schema_draft draft)
{
    for (int i = 0; i < KW_COUNT; i++)
        if (keywords[i].drafts & (1u << draft) && json_string_eq(d, key, slice_z(keywords[i].name)))
            return (enum keyword)i;
    return KW_COUNT;
}

static const struct {
    const char *uri, *name;
} drafts[] = {
    [SCHEMA_DRAFT_7] = { "json-schema.org/draft-07/schema", "draft-07" },
    [SCHEMA_DRAFT_2019_09] = { "json-schema.org/draft/2019-09/schema", "2019-09" },
    [SCHEMA_DRAFT_2020_12] = { "json-schema.org/draft/2020-12/schema", "2020-12" },
};

int keyword_draft(struct slice uri, enum schema_draft *draft)
{
    /* The empty fragment and the scheme are mistyped so often that nobody insists on them. */
    if (slice_ends(uri, SLICE("#")))
        uri.len--;
    if (slice_starts(uri, SLICE("https://")))
        uri = slice_from(uri, 8);
    else if (slice_starts(uri, SLICE("http://")))
        uri = slice_from(uri, 7);
    for (int i = 0; i < (int)(sizeof drafts / sizeof drafts[0]); i++) {
        if (slice_eq_z(uri, drafts[i].uri)) {
            *draft = (enum schema_draft)i;
            return 0;
        }
    }
    return -1;
}

const char *keyword_draft_name(enum schema_draft draft)
{
    return drafts[draft].name;
}
