/* tests/unit/schema/cases.h - compiling and checking texts, for tests. Include it after cmocka.h. */
#ifndef TESTS_UNIT_SCHEMA_CASES_H
#define TESTS_UNIT_SCHEMA_CASES_H

#include "json/doc.h"
#include "schema/schema.h"

#define CASE_URI SLICE("https://example.com/s/case.json")

/* NULL with *e set where it does not compile. draft: for texts without $schema. */
static inline struct schema *case_compile(const char *text, enum schema_draft draft, struct err *e)
{
    struct schema_options options = { .draft = draft };
    struct schema_set *set = schema_set_new();
    struct schema *schema = NULL;

    if (schema_set_add(set, CASE_URI, SLICE("case.json"), slice_z(text), e) == 0)
        schema = schema_compile(set, CASE_URI, &options, e);
    schema_set_free(set);
    return schema;
}

static inline struct schema *case_schema(const char *text, enum schema_draft draft)
{
    struct err e;
    struct schema *schema = case_compile(text, draft, &e);

    if (!schema)
        fail_msg("%s: %s", text, e.text);
    return schema;
}

static inline void case_parse(struct json_doc *d, const char *text)
{
    struct json_limits limits = { .max_depth = 10000, .max_nodes = 10000000 };
    struct err e;

    json_doc_init(d);
    if (json_parse_err(d, slice_z(text), &limits, &e))
        fail_msg("%s: %s", text, e.text);
}

#endif
