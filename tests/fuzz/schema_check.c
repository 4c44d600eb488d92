/* libFuzzer: any schema against any value. The first byte chooses the draft ('0', '1', '2'; with '3', '4', '5' formats
 * are asserted), the first line is the schema, the rest the value. The same question has the same answer; the report
 * has the verdict of the check, says something exactly when that is no pass, and points into the value. */
#include <stdio.h>
#include <stdlib.h>

#include "json/doc.h"
#include "schema/schema.h"

#define URI SLICE("https://fuzz.example/schema")
#define ERRORS_MAX 10u

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static struct schema *compile(struct slice text, uint8_t way)
{
    struct schema_options options = { .draft = (enum schema_draft)(way % 3), .assert_format = way / 3 % 2 == 1 };
    struct schema_set *set = schema_set_new();
    struct schema *s = NULL;
    struct err e;

    if (schema_set_add(set, URI, SLICE("schema.json"), text, &e) == 0)
        s = schema_compile(set, URI, &options, &e);
    schema_set_free(set);
    return s;
}

static void check_report(const struct schema *s, const struct json_doc *d, struct schema_scratch *scratch,
                         enum schema_verdict verdict)
{
    struct schema_report r;

    schema_report_make(&r, s, d, 0, scratch, ERRORS_MAX);
    must(r.verdict == verdict, "the report has another verdict");
    must((r.count == 0) == (verdict == SCHEMA_VALID), "errors only for what is not valid");
    must(r.count <= ERRORS_MAX, "too many errors");
    for (size_t i = 0; i < r.count; i++) {
        must(r.errors[i].node < d->count, "a node that is none");
        must(r.errors[i].message.len > 0 && r.errors[i].schema_place.len > 0, "an error that says nothing");
    }
    schema_report_clear(&r);
}

static void check(const struct schema *s, const struct json_doc *d)
{
    struct schema_scratch *scratch = schema_scratch_new(), *other = schema_scratch_new();
    enum schema_verdict verdict = schema_check(s, d, 0, scratch);

    must(schema_check(s, d, 0, scratch) == verdict, "a second answer");
    check_report(s, d, scratch, verdict);
    must(schema_check(s, d, 0, other) == verdict, "another answer for another thread");
    schema_scratch_free(scratch);
    schema_scratch_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_of(data, size), schema, value;
    struct json_fault fault;
    struct json_doc d;
    struct schema *s;

    if (size == 0)
        return 0;
    slice_cut(slice_from(all, 1), '\n', &schema, &value);
    s = compile(schema, data[0]);
    if (!s)
        return 0;
    json_doc_init(&d);
    if (json_parse(&d, value, &JSON_LIMITS_DEFAULT, &fault) == 0)
        check(s, &d);
    json_doc_clear(&d);
    schema_unref(s);
    return 0;
}
