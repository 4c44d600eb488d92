#include "plan/build.h"

#include <stdlib.h>

#include "base/clock.h"
#include "config/nearest.h"

#define HOUR (3600 * US_PER_S)

static const struct retry default_retry = { .max = 8, .base_us = US_PER_S, .cap_us = HOUR, .factor = 2 };

/* What steps are read from and for: a configuration, or a definition stored long ago. */
struct reading_steps {
    const struct tree *t;
    struct issues *is;
    struct plan *plan; /* whose endpoints are called */
    struct workflow *w;
};

/* An endpoint that the configuration names, but that has errors of its own, is not missing. */
static bool is_named(const struct tree *t, struct slice name)
{
    uint32_t all = tree_get(t, 0, "endpoints");

    return all != JSON_NONE && json_member(&t->doc, all, name) != JSON_NONE;
}

static void say_no_endpoint(const struct reading_steps *r, uint32_t node, struct slice name)
{
    struct slice *known = mem_grow(NULL, r->plan->n_endpoints + 1, sizeof *known);
    struct buf hint;

    buf_init(&hint, 65536);
    for (size_t i = 0; i < r->plan->n_endpoints; i++)
        known[i] = r->plan->endpoints[i]->name;
    nearest_put_hint(name, known, r->plan->n_endpoints, &hint);
    tree_error(r->t, node, r->is, hint.len ? hint.ptr : "declare it under endpoints", "there is no endpoint \"%.*s\"",
               SLICE_FMT(name));
    buf_clear(&hint);
    free(known);
}

static void read_http(const struct reading_steps *r, uint32_t node, struct step *step)
{
    struct arena *a = &r->w->memory;
    struct slice name = tree_text(r->t, node, "endpoint", a);

    step->kind = STEP_HTTP;
    step->endpoint = plan_endpoint(r->plan, name);
    step->path = tree_text(r->t, node, "path", a);
    if (!step->endpoint && !is_named(r->t, name))
        say_no_endpoint(r, tree_get(r->t, node, "endpoint"), name);
    if (slice_find(step->path, '#') < step->path.len)
        tree_error(r->t, tree_get(r->t, node, "path"), r->is, "remove it", "a path with a fragment (#…)");
}

static void within(const struct reading_steps *r, uint32_t obj, const char *key, int64_t value, int64_t least,
                   int64_t most, const char *bounds)
{
    if (value < least || value > most)
        tree_error(r->t, tree_get(r->t, obj, key), r->is, NULL, "must be %s", bounds);
}

static double read_factor(const struct reading_steps *r, uint32_t retry)
{
    uint32_t node = tree_get(r->t, retry, "factor");

    if (node == JSON_NONE || json_type_of(&r->t->doc, node) != JSON_NUMBER)
        return default_retry.factor;
    return strtod(json_inner(&r->t->doc, node).ptr, NULL); /* what follows a number in JSON is no part of one */
}

static void read_retry(const struct reading_steps *r, uint32_t step, struct retry *out)
{
    uint32_t node = tree_get(r->t, step, "retry");

    *out = default_retry;
    if (node == JSON_NONE)
        return;
    out->max = (unsigned)tree_int(r->t, node, "max", default_retry.max);
    out->base_us = tree_duration_us(r->t, node, "base", default_retry.base_us);
    out->cap_us =
        tree_duration_us(r->t, node, "cap", out->base_us > default_retry.cap_us ? out->base_us : default_retry.cap_us);
    out->factor = read_factor(r, node);
    within(r, node, "base", out->base_us, 1000, 24 * HOUR, "between 1ms and 1d");
    within(r, node, "cap", out->cap_us, out->base_us, 168 * HOUR, "between base and 7d");
}

static void read_step(const struct reading_steps *r, uint32_t node, struct step *step)
{
    step->id = tree_text(r->t, node, "id", &r->w->memory);
    read_http(r, tree_get(r->t, node, "http"), step);
    step->timeout_us =
        tree_duration_us(r->t, node, "timeout", step->endpoint ? step->endpoint->timeout_us : 30 * US_PER_S);
    within(r, node, "timeout", step->timeout_us, US_PER_S / 100, HOUR, "between 10ms and 1h");
    read_retry(r, node, &step->retry);
}

static void check_step_id(const struct reading_steps *r, uint32_t node, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (slice_eq(r->w->steps[i].id, r->w->steps[index].id))
            tree_error(r->t, tree_get(r->t, node, "id"), r->is, "give every step its own id",
                       "step id \"%.*s\" is there twice", SLICE_FMT(r->w->steps[index].id));
    }
}

/* A step waits for the one listed before it. */
static void read_steps(const struct reading_steps *r, uint32_t list)
{
    const struct json_doc *d = &r->t->doc;
    struct workflow *w = r->w;

    if (list == JSON_NONE || json_type_of(d, list) != JSON_ARRAY)
        return;
    w->steps = arena_zalloc(&w->memory, (json_count(d, list) + 1) * sizeof *w->steps);
    for (uint32_t i = list + 1; i < json_end(d, list) && w->n_steps < UINT16_MAX; i = json_next(d, i)) {
        struct step *step = &w->steps[w->n_steps];
        step->index = (uint16_t)w->n_steps;
        if (w->n_steps) {
            step->needs = arena_alloc(&w->memory, sizeof *step->needs);
            step->needs[0] = (uint16_t)(w->n_steps - 1);
            step->n_needs = 1;
        }
        read_step(r, i, step);
        check_step_id(r, i, w->n_steps++);
    }
}

/* A condition that an empty object satisfies asks for nothing: most likely `required` was forgotten. */
static void warn_of_empty(struct build *b, uint32_t node, const struct schema *schema)
{
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct schema_scratch *scratch = schema_scratch_new();
    struct json_fault fault;
    struct json_doc empty;

    json_doc_init(&empty);
    if (json_parse(&empty, SLICE("{}"), &limits, &fault) == 0 &&
        schema_check(schema, &empty, 0, scratch) == SCHEMA_VALID)
        tree_warn(b->t, node, b->is, "add what must be there: required: […]",
                  "the schema accepts {}, data without anything in it");
    json_doc_clear(&empty);
    schema_scratch_free(scratch);
}

static struct schema_ask read_when(struct build *b, uint32_t on, struct workflow *w)
{
    uint32_t node = tree_get(b->t, tree_get(b->t, on, "when"), "schema");
    struct schema_ask ask = { 0 };

    if (node == JSON_NONE)
        return ask;
    if (json_type_of(&b->t->doc, node) == JSON_STRING)
        ask = folders_file(b, node);
    else
        ask.schema = folders_inline(b, node, w->id);
    w->when = ask.schema;
    if (w->when)
        warn_of_empty(b, node, w->when);
    return ask;
}

static struct schema_ask read_on(struct build *b, uint32_t node, struct workflow *w)
{
    uint32_t on = tree_get(b->t, node, "on"), event = on;
    struct err e;

    if (json_type_of(&b->t->doc, on) == JSON_OBJECT)
        event = tree_get(b->t, on, "event");
    if (pattern_init(&w->pattern, tree_string(b->t, event, &w->memory), &e) < 0)
        tree_error(b->t, event, b->is, "for example github.push, github.*, or **", "%s", e.text);
    uint32_t match = tree_get(b->t, on, "match");
    if (match != JSON_NONE)
        w->match = match_new(b->t, match, b->is);
    return read_when(b, on, w);
}

static struct workflow *workflow_new(struct plan *owner, const struct tree *t, uint32_t node)
{
    struct workflow *w = mem_zalloc(sizeof *w);

    ref_init(&w->refs);
    arena_init(&w->memory);
    w->owner = owner;
    w->id = tree_text(t, node, "id", &w->memory);
    w->description = tree_text(t, node, "description", &w->memory);
    return w;
}

static struct workflow *read_workflow(struct build *b, uint32_t node)
{
    struct workflow *w = workflow_new(b->plan, b->t, node);
    struct reading_steps r = { b->t, b->is, b->plan, w };

    if (plan_workflow(b->plan, w->id))
        tree_error(b->t, tree_get(b->t, node, "id"), b->is, "give every workflow its own id",
                   "workflow id \"%.*s\" is there twice", SLICE_FMT(w->id));
    struct schema_ask when = read_on(b, node, w);
    read_steps(&r, tree_get(b->t, node, "steps"));
    define_workflow(b, w, node, &when);
    return w;
}

void workflows_build(struct build *b)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t all = tree_get(b->t, 0, "workflows");
    struct plan *p = b->plan;

    if (all == JSON_NONE || json_type_of(d, all) != JSON_ARRAY)
        return;
    p->workflows = arena_alloc(b->memory, (json_count(d, all) + 1) * sizeof(struct workflow *));
    for (uint32_t i = all + 1; i < json_end(d, all); i = json_next(d, i)) {
        if (!build_is_sound(b, i))
            continue;
        struct workflow *w = read_workflow(b, i);
        p->workflows[p->n_workflows++] = w;
    }
}

void workflow_free(struct workflow *w)
{
    match_free(w->match);
    schema_unref(w->when);
    arena_clear(&w->memory);
    free(w);
}

struct workflow *workflow_ref(struct workflow *w)
{
    ref_get(&w->refs);
    plan_ref(w->owner);
    return w;
}

void workflow_unref(struct workflow *w)
{
    struct plan *owner = w->owner;

    if (ref_put(&w->refs))
        workflow_free(w);
    plan_unref(owner);
}

/* One error of several, the first, is what the caller can tell. */
static int first_error(const struct issues *is, struct err *e)
{
    for (size_t i = 0; i < is->count; i++) {
        if (!is->list[i].warning)
            return err_set(e, ERR_INPUT, "%.*s: %.*s", SLICE_FMT(is->list[i].path), SLICE_FMT(is->list[i].text));
    }
    return 0;
}

static struct workflow *from_tree(struct plan *p, const struct tree *t, struct slice text, struct issues *is,
                                  struct err *e)
{
    struct workflow *w = workflow_new(p, t, 0);
    struct reading_steps r = { t, is, p, w };

    read_steps(&r, tree_get(t, 0, "steps"));
    if (w->id.len == 0 || w->n_steps == 0)
        tree_error(t, 0, is, NULL, "no definition of a workflow");
    if (first_error(is, e)) {
        err_add(e, "workflow %.*s as it was when the run started", SLICE_FMT(w->id));
        workflow_free(w);
        return NULL;
    }
    w->def = arena_zalloc(&w->memory, sizeof *w->def);
    *w->def = (struct definition){ .kind = "workflow", .name = w->id, .text = arena_slice(&w->memory, text) };
    definition_hash(w->def);
    plan_ref(p);
    return w;
}

struct workflow *workflow_from_definition(struct plan *p, struct slice text, struct err *e)
{
    struct workflow *w = NULL;
    struct issues is;
    struct tree t;

    issues_init(&is);
    if (tree_read_json(&t, "definition", text, &is) == 0) {
        w = from_tree(p, &t, text, &is, e);
        tree_clear(&t);
    } else {
        first_error(&is, e);
    }
    issues_clear(&is);
    return w;
}
