#include "plan/plan.h"

#include <stdlib.h>

#include "plan/build.h"

/* "sources.github" holds "sources.github", "sources.github.secrets[0]" and "sources.github[\"x\"]". */
static bool path_holds(struct slice outer, struct slice path)
{
    if (!slice_starts(path, outer))
        return false;
    return outer.len == 0 || path.len == outer.len || path.ptr[outer.len] == '.' || path.ptr[outer.len] == '[';
}

bool build_is_sound(const struct build *b, uint32_t node)
{
    struct arena memory;
    bool sound = true;

    arena_init(&memory);
    struct slice path = tree_path(b->t, node, &memory);
    for (size_t i = 0; i < b->n_form_issues; i++) {
        const struct issue *issue = &b->is->list[i];
        if (!issue->warning && path_holds(path, issue->path))
            sound = false;
    }
    arena_clear(&memory);
    return sound;
}

static void put_duration(struct buf *out, int64_t us)
{
    static const struct {
        int64_t us;
        const char *unit;
    } units[] = {
        { INT64_C(86400000000), "d" },
        { INT64_C(3600000000), "h" },
        { 60000000, "m" },
        { 1000000, "s" },
        { 1000, "ms" },
    };
    size_t i = 0;

    while (i + 1 < sizeof units / sizeof *units && us % units[i].us)
        i++;
    buf_printf(out, "%lld%s", (long long)(us / units[i].us), units[i].unit);
}

static void put_bytes(struct buf *out, int64_t bytes)
{
    static const struct {
        int64_t bytes;
        const char *unit;
    } units[] = { { 1 << 30, "GiB" }, { 1 << 20, "MiB" }, { 1 << 10, "KiB" }, { 1, "B" } };
    size_t i = 0;

    while (bytes % units[i].bytes)
        i++;
    buf_printf(out, "%lld%s", (long long)(bytes / units[i].bytes), units[i].unit);
}

static int64_t within(const struct build *b, uint32_t obj, const char *key, int64_t value, int64_t least, int64_t most,
                      void (*put)(struct buf *, int64_t))
{
    struct buf text;

    if (value >= least && value <= most)
        return value;
    buf_init(&text, 256);
    put(&text, least);
    buf_puts(&text, " and ");
    put(&text, most);
    tree_error(b->t, tree_get(b->t, obj, key), b->is, NULL, "must be between %s", text.ptr);
    buf_clear(&text);
    return most;
}

int64_t build_duration_us(const struct build *b, uint32_t obj, const char *key, int64_t absent, int64_t least,
                          int64_t most)
{
    return within(b, obj, key, tree_duration_us(b->t, obj, key, absent), least, most, put_duration);
}

int64_t build_bytes(const struct build *b, uint32_t obj, const char *key, int64_t absent, int64_t least, int64_t most)
{
    return within(b, obj, key, tree_bytes(b->t, obj, key, absent), least, most, put_bytes);
}

bool build_secrets(const struct build *b, uint32_t obj, struct secret **list, size_t *n)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t node = tree_get(b->t, obj, "secrets");
    bool all = true;

    *list = NULL;
    *n = 0;
    if (node == JSON_NONE || json_type_of(d, node) == JSON_STRING) /* handshake */
        return true;
    *list = mem_zalloc(json_count(d, node) * sizeof **list);
    for (uint32_t i = node + 1; i < json_end(d, node); i = json_next(d, i)) {
        if (secret_read(&(*list)[*n], b->t, i, b->is) == 0)
            ++*n;
        else
            all = false;
    }
    return all;
}

/* What refers to something comes after it. */
static void build_all(struct build *b)
{
    settings_build(b);
    folders_open(b);
    endpoints_build(b);
    plugins_build(b);
    workflows_build(b);
    sources_build(b);
    tokens_build(b);
    folders_close(b);
    define_plan(b);
}

static void plan_free(struct plan *p)
{
    for (size_t i = 0; i < p->n_workflows; i++)
        workflow_free(p->workflows[i]);
    sources_clear(p);
    for (size_t i = 0; i < p->n_endpoints; i++)
        endpoint_clear(p->endpoints[i]);
    plugins_clear(p);
    seal_key_wipe(&p->settings.secrets_key);
    arena_clear(&p->memory);
    free(p);
}

static struct plan *plan_new(const struct tree *t, struct issues *is, size_t errors_before)
{
    struct plan *p = mem_zalloc(sizeof *p);
    struct build b = { .t = t, .is = is, .plan = p, .memory = &p->memory, .n_form_issues = is->count };

    ref_init(&p->refs);
    arena_init(&p->memory);
    arena_init(&b.scratch);
    build_all(&b);
    arena_clear(&b.scratch);
    if (is->errors == errors_before)
        return p;
    plan_free(p);
    return NULL;
}

/* Where so many errors were found that some were dropped, nobody knows any more which parts are sound. */
static bool all_kept(const struct issues *is)
{
    size_t errors = 0;

    for (size_t i = 0; i < is->count; i++)
        errors += !is->list[i].warning;
    return errors == is->errors;
}

struct plan *plan_load(const char *file, struct issues *is)
{
    size_t errors_before = is->errors;
    struct plan *p = NULL;
    struct tree t;

    if (tree_load(&t, file, is) < 0)
        return NULL;
    bool sound = tree_check(&t, 0, "schemas/hooklatch/config.schema.json", is) == 0;
    if ((sound || all_kept(is)) && json_type_of(&t.doc, 0) == JSON_OBJECT)
        p = plan_new(&t, is, errors_before);
    tree_clear(&t);
    return p;
}

struct plan *plan_ref(struct plan *p)
{
    ref_get(&p->refs);
    return p;
}

void plan_unref(struct plan *p)
{
    if (p && ref_put(&p->refs))
        plan_free(p);
}

struct source *plan_source(const struct plan *p, struct slice name)
{
    size_t low = 0, high = p->n_sources;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_cmp(name, p->sources[middle].name);
        if (order == 0)
            return &p->sources[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct endpoint *plan_endpoint(const struct plan *p, struct slice name)
{
    for (size_t i = 0; i < p->n_endpoints; i++) {
        if (slice_eq(p->endpoints[i]->name, name))
            return p->endpoints[i];
    }
    return NULL;
}

struct workflow *plan_workflow(const struct plan *p, struct slice id)
{
    for (size_t i = 0; i < p->n_workflows; i++) {
        if (slice_eq(p->workflows[i]->id, id))
            return p->workflows[i];
    }
    return NULL;
}

const struct binding *source_binding(const struct source *s, struct slice type)
{
    size_t low = 0, high = s->n_exact;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_cmp(type, s->bindings[middle].pattern.text);
        if (order == 0)
            return &s->bindings[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    for (size_t i = s->n_exact; i < s->n_bindings; i++) {
        if (pattern_matches(&s->bindings[i].pattern, type))
            return &s->bindings[i];
    }
    return NULL;
}

void plan_put_fixed_differences(const struct plan *running, const struct plan *next, struct buf *out)
{
    const struct settings *a = &running->settings, *b = &next->settings;
    const struct {
        const char *name;
        bool differs;
    } fixed[] = {
        { "listen.ingest", !slice_eq(a->ingest.address, b->ingest.address) },
        { "listen.admin", !slice_eq(a->admin.address, b->admin.address) },
        { "listen.api", !slice_eq(a->api.address, b->api.address) },
        { "store", !slice_eq(a->store_url, b->store_url) },
        { "threads", a->ingest_threads != b->ingest_threads },
        { "limits.head", a->head_bytes != b->head_bytes },
        { "limits.uri", a->uri_bytes != b->uri_bytes },
        { "limits.headers", a->headers != b->headers },
        { "limits.connections", a->connections != b->connections },
        { "limits.request_timeout", a->request_timeout_s != b->request_timeout_s },
        { "limits.idle_timeout", a->idle_timeout_s != b->idle_timeout_s },
        { "limits.bodies_in_flight", a->bodies_in_flight != b->bodies_in_flight },
        { "limits.writer_mailbox", a->writer_mailbox != b->writer_mailbox },
        { "limits.refused_rows", a->refused_rows != b->refused_rows },
        { "limits.refused_bytes", a->refused_bytes != b->refused_bytes },
    };
    const char *between = "";

    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (fixed[i].differs) {
            buf_printf(out, "%s%s", between, fixed[i].name);
            between = ", ";
        }
    }
}
