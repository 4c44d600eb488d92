#include "schema/keyword.h"

#include <pthread.h>

#define BUCKETS 256u /* some 60 names: mostly alone */

#define D7 (1u << SCHEMA_DRAFT_7)
#define D19 (1u << SCHEMA_DRAFT_2019_09)
#define D20 (1u << SCHEMA_DRAFT_2020_12)
#define ALL (D7 | D19 | D20)
#define SINCE_19 (D19 | D20)

/* "dependencies" and "definitions" left the standard with 2019-09, whose meta-schemas still list them: they keep
 * working. */
const struct keyword_info keywords[KW_COUNT] = {
    [KW_SCHEMA] = { "$schema", ALL, FORM_VALUE, VOCABULARY_CORE },
    [KW_VOCABULARY] = { "$vocabulary", SINCE_19, FORM_VALUE, VOCABULARY_CORE },
    [KW_COMMENT] = { "$comment", ALL, FORM_VALUE, VOCABULARY_CORE },
    [KW_ID] = { "$id", ALL, FORM_VALUE, VOCABULARY_CORE },
    [KW_ANCHOR] = { "$anchor", SINCE_19, FORM_VALUE, VOCABULARY_CORE },
    [KW_DYNAMIC_ANCHOR] = { "$dynamicAnchor", D20, FORM_VALUE, VOCABULARY_CORE },
    [KW_REF] = { "$ref", ALL, FORM_VALUE, VOCABULARY_CORE },
    [KW_RECURSIVE_ANCHOR] = { "$recursiveAnchor", D19, FORM_VALUE, VOCABULARY_CORE },
    [KW_RECURSIVE_REF] = { "$recursiveRef", D19, FORM_VALUE, VOCABULARY_CORE },
    [KW_DYNAMIC_REF] = { "$dynamicRef", D20, FORM_VALUE, VOCABULARY_CORE },
    [KW_DEFS] = { "$defs", SINCE_19, FORM_MAP, VOCABULARY_CORE },
    [KW_DEFINITIONS] = { "definitions", ALL, FORM_MAP, VOCABULARY_CORE },
    [KW_TYPE] = { "type", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_ENUM] = { "enum", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_CONST] = { "const", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_MULTIPLE_OF] = { "multipleOf", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_MAXIMUM] = { "maximum", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_EXCLUSIVE_MAXIMUM] = { "exclusiveMaximum", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_MINIMUM] = { "minimum", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_EXCLUSIVE_MINIMUM] = { "exclusiveMinimum", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_MAX_LENGTH] = { "maxLength", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_MIN_LENGTH] = { "minLength", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_PATTERN] = { "pattern", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_FORMAT] = { "format", ALL, FORM_VALUE, VOCABULARY_FORMAT },
    [KW_PREFIX_ITEMS] = { "prefixItems", D20, FORM_LIST, VOCABULARY_APPLICATOR },
    [KW_ITEMS] = { "items", ALL, FORM_SCHEMA_OR_LIST, VOCABULARY_APPLICATOR },
    [KW_ADDITIONAL_ITEMS] = { "additionalItems", D7 | D19, FORM_SCHEMA, VOCABULARY_APPLICATOR },
    [KW_MAX_ITEMS] = { "maxItems", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_MIN_ITEMS] = { "minItems", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_UNIQUE_ITEMS] = { "uniqueItems", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_CONTAINS] = { "contains", ALL, FORM_SCHEMA, VOCABULARY_APPLICATOR },
    [KW_MAX_CONTAINS] = { "maxContains", SINCE_19, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_MIN_CONTAINS] = { "minContains", SINCE_19, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_UNEVALUATED_ITEMS] = { "unevaluatedItems", SINCE_19, FORM_SCHEMA, VOCABULARY_UNEVALUATED },
    [KW_MAX_PROPERTIES] = { "maxProperties", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_MIN_PROPERTIES] = { "minProperties", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_REQUIRED] = { "required", ALL, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_PROPERTIES] = { "properties", ALL, FORM_MAP, VOCABULARY_APPLICATOR },
    [KW_PATTERN_PROPERTIES] = { "patternProperties", ALL, FORM_MAP, VOCABULARY_APPLICATOR },
    [KW_ADDITIONAL_PROPERTIES] = { "additionalProperties", ALL, FORM_SCHEMA, VOCABULARY_APPLICATOR },
    [KW_PROPERTY_NAMES] = { "propertyNames", ALL, FORM_SCHEMA, VOCABULARY_APPLICATOR },
    [KW_DEPENDENCIES] = { "dependencies", ALL, FORM_MIXED_MAP, VOCABULARY_APPLICATOR },
    [KW_DEPENDENT_REQUIRED] = { "dependentRequired", SINCE_19, FORM_VALUE, VOCABULARY_VALIDATION },
    [KW_DEPENDENT_SCHEMAS] = { "dependentSchemas", SINCE_19, FORM_MAP, VOCABULARY_APPLICATOR },
    [KW_UNEVALUATED_PROPERTIES] = { "unevaluatedProperties", SINCE_19, FORM_SCHEMA, VOCABULARY_UNEVALUATED },
    [KW_ALL_OF] = { "allOf", ALL, FORM_LIST, VOCABULARY_APPLICATOR },
    [KW_ANY_OF] = { "anyOf", ALL, FORM_LIST, VOCABULARY_APPLICATOR },
    [KW_ONE_OF] = { "oneOf", ALL, FORM_LIST, VOCABULARY_APPLICATOR },
    [KW_NOT] = { "not", ALL, FORM_SCHEMA, VOCABULARY_APPLICATOR },
    [KW_IF] = { "if", ALL, FORM_SCHEMA, VOCABULARY_APPLICATOR },
    [KW_THEN] = { "then", ALL, FORM_SCHEMA, VOCABULARY_APPLICATOR },
    [KW_ELSE] = { "else", ALL, FORM_SCHEMA, VOCABULARY_APPLICATOR },
    [KW_TITLE] = { "title", ALL, FORM_VALUE, VOCABULARY_META_DATA },
    [KW_DESCRIPTION] = { "description", ALL, FORM_VALUE, VOCABULARY_META_DATA },
    [KW_DEFAULT] = { "default", ALL, FORM_VALUE, VOCABULARY_META_DATA },
    [KW_DEPRECATED] = { "deprecated", SINCE_19, FORM_VALUE, VOCABULARY_META_DATA },
    [KW_READ_ONLY] = { "readOnly", ALL, FORM_VALUE, VOCABULARY_META_DATA },
    [KW_WRITE_ONLY] = { "writeOnly", ALL, FORM_VALUE, VOCABULARY_META_DATA },
    [KW_EXAMPLES] = { "examples", ALL, FORM_VALUE, VOCABULARY_META_DATA },
    [KW_CONTENT_ENCODING] = { "contentEncoding", ALL, FORM_VALUE, VOCABULARY_CONTENT },
    [KW_CONTENT_MEDIA_TYPE] = { "contentMediaType", ALL, FORM_VALUE, VOCABULARY_CONTENT },
    [KW_CONTENT_SCHEMA] = { "contentSchema", SINCE_19, FORM_SCHEMA, VOCABULARY_CONTENT },
};

/* Keywords + 1 by the hash that a KEY carries. */
static uint8_t buckets[BUCKETS];
static uint32_t hashes[KW_COUNT];
static pthread_once_t buckets_made = PTHREAD_ONCE_INIT;

static void make_buckets(void)
{
    for (int i = 0; i < KW_COUNT; i++) {
        uint32_t at = hashes[i] = json_hash(slice_z(keywords[i].name));

        while (buckets[at % BUCKETS])
            at++;
        buckets[at % BUCKETS] = (uint8_t)(i + 1);
    }
}

enum keyword keyword_find(const struct json_doc *d, uint32_t key, uint64_t known)
{
    uint32_t hash = d->nodes[key].link;

    pthread_once(&buckets_made, make_buckets);
    for (uint32_t at = hash; buckets[at % BUCKETS]; at++) {
        int i = buckets[at % BUCKETS] - 1;

        if (hashes[i] == hash && json_string_eq(d, key, slice_z(keywords[i].name)))
            return known & KEYWORD_BIT(i) ? (enum keyword)i : KW_COUNT;
    }
    return KW_COUNT;
}
