/* schema/schema.h - JSON Schema: documents are registered by URI, a schema is compiled once into a frozen program in one
 * block of memory, and payloads (json/doc) are checked against it by any number of threads.
 *
 * Two passes over a payload: schema_check is boolean and allocates nothing on valid input; only for a payload that failed
 * schema_report walks again and makes the list of errors.
 *
 * References resolve only among the registered documents. Nothing is ever fetched. */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/err.h"
#include "json/doc.h"

enum schema_draft { SCHEMA_DRAFT_7, SCHEMA_DRAFT_2019_09, SCHEMA_DRAFT_2020_12 };

/* Documents that references may point to. Not thread-safe; needed only while compiling. */
struct schema_set;
struct schema_set *schema_set_new(void);
void schema_set_free(struct schema_set *s);
/* text is copied and parsed. uri: absolute ("https://…", "file:///…", "urn:…") without fragment; also known by its own $id. `name` is what
 * people call it in messages (a file name). Registering the same URI twice is an error, the same content excepted. */
int schema_set_add(struct schema_set *s, struct slice uri, struct slice name, struct slice text, struct err *e) MUST_CHECK;

/* The URI of the document registered under that name first; false when there is none. The slice lives as long as the set. */
bool schema_set_uri(const struct schema_set *s, struct slice name, struct slice *uri);

struct schema; /* the frozen program; counted */
struct schema_options {
    enum schema_draft draft; /* where the document has no $schema */
    bool assert_format;      /* "format" decides too; else it is an annotation, but where the dialect asserts it */
    bool keep_annotations;   /* and absolute locations: larger; for schema_annotations_make and output formats */
    /* Told what is allowed and most likely a mistake: "file.json#/a: …"; at most a few. NULL ok. */
    void (*warn)(const char *text, void *arg);
    void *warn_arg;
};
/* Compiles the document of that uri (fragment allowed: "#/$defs/x"). An unresolved reference, a keyword that is not
 * supported, a bad pattern, a malformed keyword: ERR_INPUT with file, JSON Pointer and what to change. */
struct schema *schema_compile(struct schema_set *s, struct slice uri, const struct schema_options *o, struct err *e);
struct schema *schema_ref(struct schema *s);
void schema_unref(struct schema *s); /* NULL ok */
size_t schema_bytes(const struct schema *s); /* memory of the program */

enum schema_verdict {
    SCHEMA_VALID,
    SCHEMA_INVALID,
    SCHEMA_LIMIT, /* a bound (steps, depth, regex) was hit before an answer: never a pass */
};
/* Scratch of one thread, reused between checks. */
struct schema_scratch;
struct schema_scratch *schema_scratch_new(void);
void schema_scratch_free(struct schema_scratch *s);
/* How deep checks may nest (4,000 at first, enough for documents 256 deep; a level takes up to 0.5 KB of the thread's stack). */
void schema_scratch_set_depth(struct schema_scratch *s, uint32_t max_depth);
/* Where a document was read with duplicate keys allowed, every one of them must satisfy the schema. */
enum schema_verdict schema_check(const struct schema *s, const struct json_doc *d, uint32_t node, struct schema_scratch *scratch);

/* One violation. All slices are borrowed: from the document, the program, or the report. */
struct schema_error {
    struct slice instance_path; /* JSON Pointer into the payload */
    struct slice keyword_path;  /* "/properties/a/$ref/type" */
    struct slice schema_place;  /* "file.json#/properties/a/type" */
    struct slice absolute;      /* "https://example.com/schema#/properties/a/type"; empty where not kept */
    struct slice message;       /* "expected integer, found string \"x…\"": for people; values shortened to 60 bytes */
    uint32_t node;              /* in the document: line and column by json_position */
};
struct schema_report {
    struct schema_error *errors;
    size_t count;
    bool more;                  /* there were more than the maximum */
    enum schema_verdict verdict;
    struct arena *memory;
};
/* For oneOf/anyOf the errors of the closest branch are shown. At most max errors. */
void schema_report_make(struct schema_report *r, const struct schema *s, const struct json_doc *d, uint32_t node,
                        struct schema_scratch *scratch, size_t max);
void schema_report_clear(struct schema_report *r);

/* What a valid document is annotated with: titles, defaults, unknown keywords, what was evaluated … (2020-12 core,
 * section 7.7). Slices as in a report. */
struct schema_annotation {
    struct slice instance_path, keyword_path, schema_place, absolute;
    struct slice keyword;
    struct slice value; /* JSON text */
};
struct schema_annotations {
    struct schema_annotation *at;
    size_t count;
    bool more; /* there were more than the maximum, or finding them was given up */
    struct arena *memory;
};
/* The document must be valid under a schema that was compiled with keep_annotations. */
void schema_annotations_make(struct schema_annotations *a, const struct schema *s, const struct json_doc *d, uint32_t node,
                             struct schema_scratch *scratch, size_t max);
void schema_annotations_clear(struct schema_annotations *a);

/* Appends the "basic" output of 2020-12 (core, section 12.4.2) of a report; annotations: NULL ok. */
void schema_output_basic(struct buf *out, const struct schema_report *r, const struct schema_annotations *a);

#endif
