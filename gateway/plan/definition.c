#include "plan/build.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/codec.h"

#define TEXT_MAX (16u << 20)

void definition_hash(struct definition *d)
{
    unsigned int len;

    EVP_Digest(d->text.ptr, d->text.len, d->sha256, &len, EVP_sha256(), NULL);
}

struct definition *build_define(struct build *b, const char *kind, struct slice name, struct slice text)
{
    struct plan *p = b->plan;
    struct definition *d = arena_zalloc(b->memory, sizeof *d);

    *d =
        (struct definition){ .kind = kind, .name = arena_slice(b->memory, name), .text = arena_slice(b->memory, text) };
    definition_hash(d);
    if (p->n_defs == b->defs_capacity) {
        size_t capacity = b->defs_capacity ? 2 * b->defs_capacity : 16;
        struct definition **list = arena_alloc(b->memory, capacity * sizeof *list);
        if (p->n_defs)
            memcpy(list, p->defs, p->n_defs * sizeof *list);
        p->defs = list;
        b->defs_capacity = capacity;
    }
    p->defs[p->n_defs++] = d;
    return d;
}

/* ,"key": with the comma where it is needed. */
static void put_key(struct buf *out, const char *key)
{
    if (out->len && out->ptr[out->len - 1] != '{')
        buf_putc(out, ',');
    buf_printf(out, "\"%s\":", key);
}

static void put_string(struct buf *out, const char *key, struct slice value)
{
    put_key(out, key);
    json_quote(out, value);
}

static void put_number(struct buf *out, const char *key, int64_t value)
{
    put_key(out, key);
    buf_printf(out, "%lld", (long long)value);
}

static void put_ms(struct buf *out, const char *key, int64_t us)
{
    put_key(out, key);
    buf_printf(out, "\"%lldms\"", (long long)(us / 1000));
}

static void put_labels(struct buf *out, const char *key, const struct secret *secrets, size_t n)
{
    put_key(out, key);
    buf_putc(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_putc(out, ',');
        json_quote(out, slice_z(secrets[i].label));
    }
    buf_putc(out, ']');
}

static void put_hash(struct buf *out, const struct definition *d)
{
    char hex[64];

    hex_encode(slice_of(d->sha256, sizeof d->sha256), hex);
    buf_printf(out, "\"%.64s\"", hex);
}

static void put_subtree(struct buf *out, const struct tree *t, uint32_t obj, const char *key)
{
    uint32_t node = tree_get(t, obj, key);

    if (node == JSON_NONE)
        return;
    put_key(out, key);
    tree_put_canonical(t, node, out);
}

void define_endpoint(struct build *b, struct endpoint *ep)
{
    struct buf out;

    buf_init(&out, TEXT_MAX);
    buf_putc(&out, '{');
    put_number(&out, "concurrency", ep->concurrency);
    put_string(&out, "name", ep->name);
    put_number(&out, "output_max", (int64_t)ep->output_max);
    put_labels(&out, "secrets", ep->secrets, ep->n_secrets);
    put_ms(&out, "timeout", ep->timeout_us);
    put_string(&out, "url", ep->url);
    buf_putc(&out, '}');
    ep->def = build_define(b, "endpoint", ep->name, buf_slice(&out));
    buf_clear(&out);
}

static void put_on(struct buf *out, const struct tree *t, uint32_t node, const struct workflow *w,
                   const struct schema_ask *when)
{
    uint32_t on = tree_get(t, node, "on");

    put_key(out, "on");
    buf_putc(out, '{');
    put_string(out, "event", w->pattern.text);
    put_subtree(out, t, on, "match");
    if (when->def) {
        put_key(out, "when");
        buf_putc(out, '{');
        put_string(out, "schema", when->name);
        put_key(out, "sha256");
        put_hash(out, when->def);
        buf_putc(out, '}');
    } else {
        put_subtree(out, t, on, "when");
    }
    buf_putc(out, '}');
}

static void put_needs(struct buf *out, const struct workflow *w, const struct step *step)
{
    put_key(out, "needs");
    buf_putc(out, '[');
    for (size_t i = 0; i < step->n_needs; i++) {
        if (i)
            buf_putc(out, ',');
        json_quote(out, w->steps[step->needs[i]].id);
    }
    buf_putc(out, ']');
}

static void put_http(struct buf *out, const struct step *step)
{
    put_key(out, "http");
    buf_putc(out, '{');
    put_string(out, "endpoint", step->endpoint ? step->endpoint->name : SLICE_NONE);
    put_string(out, "path", step->path);
    buf_putc(out, '}');
}

static void put_strings(struct buf *out, const char *key, const struct slice *list, size_t n)
{
    put_key(out, key);
    buf_putc(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_putc(out, ',');
        json_quote(out, list[i]);
    }
    buf_putc(out, ']');
}

/* With the path as it was found, and the folder: what is relative was so to a file. */
static void put_exec(struct buf *out, const struct exec *x)
{
    put_key(out, "exec");
    buf_putc(out, '{');
    put_strings(out, "command", x->arguments, x->n_arguments);
    put_string(out, "dir", x->folder);
    put_strings(out, "env", x->environment, x->n_environment);
    put_key(out, "limits");
    buf_putc(out, '{');
    if (x->cpu_s)
        put_ms(out, "cpu", (int64_t)x->cpu_s * 1000000);
    if (x->files)
        put_number(out, "files", (int64_t)x->files);
    if (x->memory_bytes)
        put_number(out, "memory", (int64_t)x->memory_bytes);
    if (x->processes)
        put_number(out, "processes", (int64_t)x->processes);
    buf_putc(out, '}');
    put_number(out, "output_max", (int64_t)x->output_max);
    put_string(out, "path", x->path);
    if (x->uid != UINT32_MAX) {
        put_number(out, "gid", x->gid);
        put_number(out, "uid", x->uid);
    }
    if (x->user.len)
        put_string(out, "user", x->user);
    buf_putc(out, '}');
}

static void put_plugin(struct buf *out, const struct plugin_step *x)
{
    put_key(out, "plugin");
    buf_putc(out, '{');
    put_key(out, "args");
    buf_put(out, x->args);
    put_string(out, "name", x->name);
    put_number(out, "output_max", (int64_t)x->output_max);
    buf_putc(out, '}');
}

static void put_kind(struct buf *out, const struct step *step)
{
    switch (step->kind) {
    case STEP_HTTP:
        put_http(out, step);
        break;
    case STEP_EXEC:
        put_exec(out, step->exec);
        break;
    case STEP_PLUGIN:
        put_plugin(out, step->plugin);
        break;
    }
}

static void put_step(struct buf *out, const struct tree *t, uint32_t node, const struct workflow *w,
                     const struct step *step)
{
    buf_putc(out, '{');
    put_kind(out, step);
    put_string(out, "id", step->id);
    put_subtree(out, t, node, "if");
    put_subtree(out, t, node, "input");
    put_needs(out, w, step);
    put_subtree(out, t, node, "output");
    put_key(out, "retry");
    buf_putc(out, '{');
    put_ms(out, "base", step->retry.base_us);
    put_ms(out, "cap", step->retry.cap_us);
    put_key(out, "factor");
    buf_printf(out, "%.17g", step->retry.factor);
    put_number(out, "max", step->retry.max);
    if (step->retry.only_named)
        put_subtree(out, t, tree_get(t, node, "retry"), "on");
    buf_putc(out, '}');
    put_ms(out, "timeout", step->timeout_us);
    buf_putc(out, '}');
}

/* The steps from `from` to `to`, of the list at node. */
static void put_steps(struct buf *out, const struct tree *t, uint32_t node, const char *key, const struct workflow *w,
                      size_t from, size_t to)
{
    uint32_t at = tree_get(t, node, key);

    if (from == to || at == JSON_NONE)
        return;
    put_key(out, key);
    buf_putc(out, '[');
    at++;
    for (size_t i = from; i < to; i++, at = json_next(&t->doc, at)) {
        if (i > from)
            buf_putc(out, ',');
        put_step(out, t, at, w, &w->steps[i]);
    }
    buf_putc(out, ']');
}

/* In the form of the configuration, defaults filled in: workflow_from_definition reads it by the same code. */
void define_workflow(struct build *b, struct workflow *w, uint32_t node, const struct schema_ask *when)
{
    struct buf out;

    buf_init(&out, TEXT_MAX);
    buf_putc(&out, '{');
    if (w->deadline_us)
        put_ms(&out, "deadline", w->deadline_us);
    put_string(&out, "description", w->description);
    put_string(&out, "id", w->id);
    put_on(&out, b->t, node, w, when);
    put_steps(&out, b->t, node, "on_failure", w, workflow_n_main(w), w->n_steps);
    put_steps(&out, b->t, node, "steps", w, 0, workflow_n_main(w));
    buf_putc(&out, '}');
    w->def = build_define(b, "workflow", w->id, buf_slice(&out));
    buf_clear(&out);
}

static void put_events(struct buf *out, const struct source *s)
{
    put_key(out, "events");
    buf_putc(out, '[');
    for (size_t i = 0; i < s->n_bindings; i++) {
        const struct binding *to = &s->bindings[i];
        buf_puts(out, i ? ",{" : "{");
        put_string(out, "event", to->pattern.text);
        if (to->schema_def) {
            put_string(out, "schema", to->schema_name);
            put_key(out, "sha256");
            put_hash(out, to->schema_def);
        }
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

/* Their values may be tokens. */
static void put_param_names(struct buf *out, const struct tree *t, uint32_t node)
{
    uint32_t params = tree_get(t, node, "params");
    struct arena names;

    if (params == JSON_NONE)
        return;
    arena_init(&names);
    put_key(out, "params");
    buf_putc(out, '[');
    for (uint32_t k = params + 1; k < json_end(&t->doc, params); k = json_next(&t->doc, k + 1)) {
        if (k > params + 1)
            buf_putc(out, ',');
        json_quote(out, tree_string(t, k, &names));
    }
    buf_putc(out, ']');
    arena_clear(&names);
}

static void put_provider(struct buf *out, const struct definition *provider)
{
    if (!provider)
        return;
    put_key(out, "provider");
    buf_putc(out, '{');
    put_string(out, "name", provider->name);
    put_key(out, "sha256");
    put_hash(out, provider);
    buf_putc(out, '}');
}

void define_source(struct build *b, struct source *s, uint32_t node, const struct definition *provider,
                   const struct secret *secrets, size_t n_secrets)
{
    struct buf out;

    buf_init(&out, TEXT_MAX);
    buf_putc(&out, '{');
    put_subtree(&out, b->t, node, "allow");
    put_key(&out, "allow_duplicate_keys");
    buf_puts(&out, s->json_limits.allow_duplicate_keys ? "true" : "false");
    put_subtree(&out, b->t, node, "answer");
    put_number(&out, "body_max", (int64_t)s->body_max);
    put_subtree(&out, b->t, node, "client_certificate");
    put_subtree(&out, b->t, node, "data");
    put_key(&out, "dedupe");
    buf_putc(&out, '{');
    put_number(&out, "by", s->dedupe_by);
    put_ms(&out, "window", s->dedupe_window_us);
    buf_putc(&out, '}');
    put_subtree(&out, b->t, node, "event");
    put_events(&out, s);
    put_string(&out, "name", s->name);
    put_number(&out, "on_invalid", s->on_invalid);
    put_number(&out, "on_unlisted", s->on_unlisted);
    put_param_names(&out, b->t, node);
    put_subtree(&out, b->t, node, "path_suffix");
    if (s->access.n_path_tokens)
        put_labels(&out, "path_token", s->access.path_tokens, s->access.n_path_tokens);
    put_provider(&out, provider);
    if (s->handed_over)
        put_string(&out, "secrets", SLICE("handshake"));
    else
        put_labels(&out, "secrets", secrets, n_secrets);
    put_subtree(&out, b->t, node, "split");
    put_string(&out, "url", s->url);
    put_subtree(&out, b->t, node, "verify");
    buf_putc(&out, '}');
    s->def = build_define(b, "source", s->name, buf_slice(&out));
    buf_clear(&out);
}

static int by_kind_and_name(const void *left, const void *right)
{
    const struct definition *a = *(struct definition *const *)left, *b = *(struct definition *const *)right;
    int order = strcmp(a->kind, b->kind);

    return order ? order : slice_cmp(a->name, b->name);
}

/* {"endpoint":{"demo":"<sha256>"},"source":{…},…} */
void define_plan(struct build *b)
{
    struct plan *p = b->plan;
    const char *kind = NULL;
    struct buf out;

    buf_init(&out, TEXT_MAX);
    buf_putc(&out, '{');
    if (p->n_defs)
        qsort(p->defs, p->n_defs, sizeof(struct definition *), by_kind_and_name);
    for (size_t i = 0; i < p->n_defs; i++) {
        bool first = !kind || strcmp(kind, p->defs[i]->kind) != 0;
        if (first && kind)
            buf_putc(&out, '}');
        kind = p->defs[i]->kind;
        if (first) {
            put_key(&out, kind);
            buf_putc(&out, '{');
        } else {
            buf_putc(&out, ',');
        }
        json_quote(&out, p->defs[i]->name);
        buf_putc(&out, ':');
        put_hash(&out, p->defs[i]);
    }
    buf_puts(&out, kind ? "}}" : "}");
    p->def =
        (struct definition){ .kind = "plan", .name = SLICE("plan"), .text = arena_slice(b->memory, buf_slice(&out)) };
    definition_hash(&p->def);
    buf_clear(&out);
}
