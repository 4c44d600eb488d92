#include "plan/build.h"

#include <stdlib.h>

#include "base/clock.h"

#define DAY (86400 * US_PER_S)

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
        ask = folders_file(b, node, false);
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

static void read_deadline(const struct reading_steps *r, uint32_t node)
{
    int64_t us = tree_duration_us(r->t, node, "deadline", 0);

    r->w->deadline_us = us;
    if (tree_get(r->t, node, "deadline") != JSON_NONE && (us < US_PER_S || us > 30 * DAY))
        tree_error(r->t, tree_get(r->t, node, "deadline"), r->is, NULL, "must be between 1s and 30d");
}

static struct workflow *read_workflow(struct build *b, uint32_t node)
{
    struct workflow *w = workflow_new(b->plan, b->t, node);
    struct reading_steps r = { b, b->t, b->is, b->plan, w };

    if (plan_workflow(b->plan, w->id))
        tree_error(b->t, tree_get(b->t, node, "id"), b->is, "give every workflow its own id",
                   "workflow id \"%.*s\" is there twice", SLICE_FMT(w->id));
    struct schema_ask when = read_on(b, node, w);
    read_deadline(&r, node);
    steps_read(&r, node);
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
    for (size_t i = 0; i < w->n_steps; i++)
        step_clear(&w->steps[i]);
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
    struct reading_steps r = { NULL, t, is, p, w };

    read_deadline(&r, 0);
    steps_read(&r, 0);
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
