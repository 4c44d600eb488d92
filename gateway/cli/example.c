#include "cli/example.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/input.h"
#include "schema/folder.h"

#define EXAMPLE_MAX (32u << 20)

/* "…/push.schema.json" → "…/push.example.json"; false when there is no such file. */
static bool beside(const struct binding *b, char path[PATH_MAX])
{
    size_t end = sizeof SCHEMA_END - 1;

    if (!b || !slice_ends(b->schema_path, SLICE(SCHEMA_END)))
        return false;
    int len = snprintf(path, PATH_MAX, "%.*s" SCHEMA_EXAMPLE_END, (int)(b->schema_path.len - end), b->schema_path.ptr);
    return len < PATH_MAX && access(path, F_OK) == 0;
}

/* Would the gateway call it this? An envelope's schema is bound to many events, and its example is one of them. */
static bool is_of_type(const struct source *source, const struct sample *s, struct slice type)
{
    struct header *headers = mem_grow(NULL, s->n_headers + 1, sizeof *headers);
    struct delivery d = { .method = SLICE("POST"), .headers = headers, .n_headers = s->n_headers + 1, .body = s->body };
    struct reading r;
    struct buf memory;
    struct mapped mapped;
    struct err e;

    headers[0] = (struct header){ SLICE("Content-Type"), s->content_type };
    for (size_t i = 0; i < s->n_headers; i++)
        headers[i + 1] = s->headers[i];
    buf_init(&memory, 65536);
    reading_init(&r);
    reading_start(&r, &d, provider_form_json_field(source->provider), &source->json_limits);
    bool same = mapping_apply(&source->mapping, &r, &memory, &mapped, &e) == 0 && slice_eq(mapped.type, type);
    reading_clear(&r);
    buf_clear(&memory);
    free(headers);
    return same;
}

/* 1: the source has no example of that type. event: how the provider calls it. */
static int of_type(struct sample *out, const struct source *source, struct slice type, struct slice event, struct err *e)
{
    char path[PATH_MAX];
    struct buf text;

    if (!beside(source_binding(source, type), path))
        return 1;
    buf_init(&text, EXAMPLE_MAX);
    int rc = read_input(path, &text, e);
    if (rc == 0 && sample_make(out, source->provider, event, buf_slice(&text), clock_wall_us(), e))
        rc = err_add(e, "%s", path);
    buf_clear(&text);
    if (rc == 0 && !is_of_type(source, out, type)) {
        sample_clear(out);
        rc = 1;
    }
    return rc;
}

/* "github." of "github.push", where that is how the source's types begin. */
static struct slice without_provider(const struct source *source, struct slice type)
{
    struct slice id = provider_id(source->provider);

    if (id.len && slice_starts(type, id) && type.len > id.len + 1 && type.ptr[id.len] == '.')
        return slice_from(type, id.len + 1);
    return type;
}

/* 1: none. */
static int of_event(struct sample *out, const struct source *source, struct slice event, struct err *e)
{
    struct slice id = provider_id(source->provider);
    struct buf type;
    int rc = 1;

    buf_init(&type, 2 * EVENT_TYPE_MAX);
    buf_printf(&type, "%.*s.%.*s", SLICE_FMT(id), SLICE_FMT(event));
    if (id.len && !type.failed)
        rc = of_type(out, source, buf_slice(&type), event, e);
    buf_clear(&type);
    return rc == 1 ? of_type(out, source, event, without_provider(source, event), e) : rc;
}

static int first_of(struct sample *out, const struct source *source, struct err *e)
{
    int rc = 1;

    for (size_t i = 0; i < source->n_exact && rc == 1; i++) {
        struct slice type = source->bindings[i].pattern.text;
        rc = of_type(out, source, type, without_provider(source, type), e);
    }
    return rc;
}

static bool is_built_in(const struct provider *p, struct slice event)
{
    for (size_t i = 0; sample_event(p, i).len; i++)
        if (slice_eq(sample_event(p, i), event))
            return true;
    return false;
}

/* Those of the schema folders which are not built in as well. */
static void put_known(struct buf *out, const struct source *source)
{
    for (size_t i = 0; i < source->n_exact; i++) {
        struct slice type = source->bindings[i].pattern.text, event = without_provider(source, type);
        struct sample s;
        struct err e;

        if (is_built_in(source->provider, event) || of_type(&s, source, type, event, &e))
            continue;
        buf_printf(out, "%s%.*s", out->len ? ", " : "", SLICE_FMT(event));
        sample_clear(&s);
    }
}

static int built_in(struct sample *out, const struct source *source, const struct provider *p, struct slice event,
                    struct err *e)
{
    struct buf known;
    int rc = sample_find(out, p, event, clock_wall_us(), e);

    if (rc == 0 || e->code != ERR_NOT_FOUND || !source)
        return rc;
    buf_init(&known, sizeof e->text);
    put_known(&known, source);
    if (known.len) {
        struct err before = *e;
        err_set(e, ERR_NOT_FOUND, "%s; beside its schemas there are examples of %s", before.text, known.ptr);
    }
    buf_clear(&known);
    return -1;
}

int example_find(struct sample *out, const struct source *source, const struct provider *p, struct slice event,
                 struct err *e)
{
    int rc = 1;

    memset(out, 0, sizeof *out);
    if (event.len == 0)
        event = sample_event(p, 0);
    if (source)
        rc = event.len ? of_event(out, source, event, e) : first_of(out, source, e);
    return rc == 1 ? built_in(out, source, p, event, e) : rc;
}
