#include "schema/meta.h"

#include <pthread.h>
#include <stdio.h>

#define N_DRAFTS 3

static struct schema *standard[N_DRAFTS];
static pthread_once_t standard_made = PTHREAD_ONCE_INIT;

static struct schema *compile_meta(struct schema_set *s, struct slice uri, struct err *e)
{
    struct schema_options options = { .draft = s->scanned_draft };
    struct schema *schema;

    s->compiling_meta = true;
    schema = schema_compile(s, uri, &options, e);
    s->compiling_meta = false;
    return schema;
}

static void make_standard(void)
{
    for (int i = 0; i < N_DRAFTS; i++) {
        struct err e;

        standard[i] = compile_meta(set_builtin(), dialect_standard((enum schema_draft)i)->uri, &e);
        if (!standard[i]) {
            fprintf(stderr, "hooklatch: %s\n", e.text);
            abort(); /* the binary itself is broken */
        }
    }
}

/* The program of the dialect's meta-schema; NULL with words when somebody's own cannot be used. */
static const struct schema *meta_schema(struct compile *c, const struct dialect *dialect)
{
    pthread_once(&standard_made, make_standard);
    if (dialect == dialect_standard(dialect->draft))
        return standard[dialect->draft];
    for (uint32_t i = 0; i < c->set->dialects.n; i++) {
        struct dialect *own = c->set->dialects.at[i];

        if (own != dialect)
            continue;
        if (!own->meta)
            own->meta = compile_meta(c->set, own->uri, c->e);
        return own->meta;
    }
    return NULL;
}

static int check_node(struct compile *c, const struct document *doc, const struct resource *r,
                      struct schema_scratch *scratch)
{
    const struct schema *meta = meta_schema(c, r->dialect);
    struct schema_report report;
    int rc = 0;

    if (!meta)
        return -1;
    schema_report_make(&report, meta, &doc->json, r->node, scratch, 2);
    if (report.verdict != SCHEMA_VALID) {
        /* The first may only say that none of several branches matched; the second then tells of the closest. */
        const struct schema_error *error = &report.errors[report.count - 1];

        rc = err_set(c->e, ERR_INPUT, "%.*s#%.*s%.*s: %.*s (the meta-schema asks for it: %.*s)", SLICE_FMT(doc->name),
                     SLICE_FMT(r->pointer), SLICE_FMT(error->instance_path), SLICE_FMT(error->message),
                     SLICE_FMT(error->schema_place));
    }
    schema_report_clear(&report);
    return rc;
}

/* For each resource: does a part of it follow another dialect? A meta-schema would take that part for its own. */
static bool *find_mixed(const struct document *doc)
{
    bool *mixed = mem_zalloc(doc->resources.n * sizeof *mixed + 1);

    for (uint32_t i = doc->resources.n; i-- > 1;) { /* what is inside follows what is around it */
        const struct resource *r = &doc->resources.at[i];

        mixed[r->parent] |= mixed[i] || r->dialect != doc->resources.at[r->parent].dialect;
    }
    return mixed;
}

static int check_document(struct compile *c, const struct document *doc, struct schema_scratch *scratch)
{
    bool *mixed = find_mixed(doc);
    int rc = 0;

    for (uint32_t i = 0; i < doc->resources.n && rc == 0; i++) {
        const struct resource *r = &doc->resources.at[i];
        bool covered = i > 0 && !mixed[r->parent] && doc->resources.at[r->parent].dialect == r->dialect;

        if (!covered && !mixed[i])
            rc = check_node(c, doc, r, scratch);
    }
    free(mixed);
    return rc;
}

static int by_address(const void *a, const void *b)
{
    const struct document *x = *(const struct document *const *)a, *y = *(const struct document *const *)b;

    return (x > y) - (x < y);
}

int meta_check_origins(struct compile *c)
{
    struct schema_scratch *scratch;
    struct document **docs;
    int rc = 0;

    if (c->set->compiling_meta)
        return 0;
    scratch = schema_scratch_new();
    docs = mem_alloc(c->origins.n * sizeof(struct document *));
    for (uint32_t i = 0; i < c->origins.n; i++)
        docs[i] = c->origins.at[i].place.doc;
    qsort(docs, c->origins.n, sizeof(struct document *), by_address);
    for (uint32_t i = 0; i < c->origins.n && rc == 0; i++)
        if ((i == 0 || docs[i] != docs[i - 1]) && !docs[i]->builtin)
            rc = check_document(c, docs[i], scratch);
    free(docs);
    schema_scratch_free(scratch);
    return rc;
}
