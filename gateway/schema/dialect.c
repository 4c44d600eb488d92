#include "schema/dialect.h"

#include <pthread.h>
#include <stdio.h>

#define EVERY_VOCABULARY UINT32_MAX

static struct dialect standard[] = {
    [SCHEMA_DRAFT_7] = { .draft = SCHEMA_DRAFT_7 },
    [SCHEMA_DRAFT_2019_09] = { .draft = SCHEMA_DRAFT_2019_09 },
    [SCHEMA_DRAFT_2020_12] = { .draft = SCHEMA_DRAFT_2020_12 },
};
#define N_STANDARD ((int)(sizeof standard / sizeof standard[0]))
static pthread_once_t standard_made = PTHREAD_ONCE_INIT;

static const struct {
    const char *uri, *name;
} drafts[] = {
    [SCHEMA_DRAFT_7] = { "http://json-schema.org/draft-07/schema", "draft-07" },
    [SCHEMA_DRAFT_2019_09] = { "https://json-schema.org/draft/2019-09/schema", "2019-09" },
    [SCHEMA_DRAFT_2020_12] = { "https://json-schema.org/draft/2020-12/schema", "2020-12" },
};

/* A vocabulary's name is that of its draft with this at the end. */
static const struct {
    const char *suffix;
    unsigned vocabularies;
    enum { ANNOTATES, ASSERTS_WHERE_REQUIRED, ASSERTS } format;
} vocabularies[] = {
    { "core", 1u << VOCABULARY_CORE, ANNOTATES },
    { "applicator", 1u << VOCABULARY_APPLICATOR, ANNOTATES },
    { "unevaluated", 1u << VOCABULARY_UNEVALUATED, ANNOTATES },
    { "validation", 1u << VOCABULARY_VALIDATION, ANNOTATES },
    { "meta-data", 1u << VOCABULARY_META_DATA, ANNOTATES },
    { "format", 1u << VOCABULARY_FORMAT, ASSERTS_WHERE_REQUIRED },
    { "format-annotation", 1u << VOCABULARY_FORMAT, ANNOTATES },
    { "format-assertion", 1u << VOCABULARY_FORMAT, ASSERTS },
    { "content", 1u << VOCABULARY_CONTENT, ANNOTATES },
};

static uint64_t keywords_of(enum schema_draft draft, unsigned of_vocabularies)
{
    uint64_t known = 0;

    if (draft == SCHEMA_DRAFT_2019_09 && of_vocabularies & 1u << VOCABULARY_APPLICATOR)
        of_vocabularies |= 1u << VOCABULARY_UNEVALUATED;
    for (int i = 0; i < KW_COUNT; i++)
        if (keywords[i].drafts & 1u << draft && of_vocabularies & 1u << keywords[i].vocabulary)
            known |= KEYWORD_BIT(i);
    return known;
}

static void make_standard(void)
{
    for (int i = 0; i < N_STANDARD; i++) {
        standard[i].uri = slice_z(drafts[i].uri);
        standard[i].keywords = keywords_of((enum schema_draft)i, EVERY_VOCABULARY);
    }
}

const struct dialect *dialect_standard(enum schema_draft draft)
{
    pthread_once(&standard_made, make_standard);
    return &standard[draft];
}

static struct slice without_scheme(struct slice uri)
{
    return slice_from(uri, slice_starts(uri, SLICE("https://")) ? 8 : slice_starts(uri, SLICE("http://")) ? 7 : 0);
}

const struct dialect *dialect_find(struct slice uri)
{
    /* The empty fragment and the scheme are mistyped so often that nobody insists on them. */
    if (slice_ends(uri, SLICE("#")))
        uri.len--;
    for (int i = 0; i < N_STANDARD; i++)
        if (slice_eq(without_scheme(uri), without_scheme(slice_z(drafts[i].uri))))
            return dialect_standard((enum schema_draft)i);
    return NULL;
}

struct slice dialect_older_draft(struct slice uri)
{
    uri = without_scheme(uri);
    if (!slice_starts(uri, SLICE("json-schema.org/draft-0")) || slice_starts(uri, SLICE("json-schema.org/draft-07")))
        return SLICE("");
    return slice_of(uri.ptr + 16, 8);
}

const struct dialect *dialect_guess(const struct json_doc *d, uint32_t node)
{
    uint32_t list = json_member(d, node, SLICE("$vocabulary"));

    if (list == JSON_NONE || json_type_of(d, list) != JSON_OBJECT)
        return NULL;
    for (uint32_t k = list + 1; k < json_end(d, list); k = json_next(d, k + 1)) {
        for (int i = SCHEMA_DRAFT_2019_09; i < N_STANDARD; i++) {
            char prefix[64];
            int len = snprintf(prefix, sizeof prefix, "https://json-schema.org/draft/%s/vocab/", drafts[i].name);

            if (slice_starts(json_inner(d, k), slice_of(prefix, (size_t)len)))
                return dialect_standard((enum schema_draft)i);
        }
    }
    return NULL;
}

/* Adds what a vocabulary brings; false when it is none of ours. */
static bool take_vocabulary(struct slice uri, bool required, struct dialect *dialect, unsigned *taken)
{
    char prefix[64];
    int len = snprintf(prefix, sizeof prefix, "https://json-schema.org/draft/%s/vocab/", drafts[dialect->draft].name);

    if (!slice_starts(uri, slice_of(prefix, (size_t)len)))
        return false;
    for (size_t i = 0; i < sizeof vocabularies / sizeof vocabularies[0]; i++) {
        if (!slice_eq_z(slice_from(uri, (size_t)len), vocabularies[i].suffix))
            continue;
        *taken |= vocabularies[i].vocabularies;
        dialect->assert_format |= vocabularies[i].format == ASSERTS ||
                                  (vocabularies[i].format == ASSERTS_WHERE_REQUIRED && required);
        return true;
    }
    return false;
}

struct dialect dialect_read(const struct json_doc *d, uint32_t node, struct slice uri, const struct dialect *base)
{
    uint32_t list = json_member(d, node, SLICE("$vocabulary"));
    struct dialect dialect = *base;
    unsigned taken = 1u << VOCABULARY_CORE; /* is always meant */

    dialect.uri = uri;
    dialect.meta = NULL; /* that one is the base's */
    if (list == JSON_NONE || json_type_of(d, list) != JSON_OBJECT || !dialect_has(base, KW_VOCABULARY))
        return dialect;
    dialect.assert_format = false;
    for (uint32_t k = list + 1; k < json_end(d, list); k = json_next(d, k + 1)) {
        bool required = json_type_of(d, k + 1) == JSON_TRUE;

        if (!take_vocabulary(json_inner(d, k), required, &dialect, &taken) && required)
            dialect.unknown = json_inner(d, k);
    }
    dialect.keywords = keywords_of(dialect.draft, taken);
    return dialect;
}

const char *dialect_draft_name(enum schema_draft draft)
{
    return drafts[draft].name;
}
