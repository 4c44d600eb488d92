#include "plan/build.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "config/nearest.h"

#define HOUR (3600 * US_PER_S)
#define STEPS_MAX 200 /* of a workflow, those of on_failure included; the schema says 100 each */

static const struct retry default_retry = { .max = 8, .base_us = US_PER_S, .cap_us = HOUR, .factor = 2 };

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

static void set_statuses(struct retry *out, unsigned from, unsigned to)
{
    for (unsigned status = from; status <= to; status++)
        out->statuses[status / 64] |= UINT64_C(1) << status % 64;
}

/* timeout, error, 5xx, 429, …: each form is checked by the schema. */
static void read_retry_on(const struct reading_steps *r, uint32_t retry, struct retry *out)
{
    const struct json_doc *d = &r->t->doc;
    uint32_t list = tree_get(r->t, retry, "on");
    int64_t status;

    if (list == JSON_NONE || json_type_of(d, list) != JSON_ARRAY)
        return;
    out->only_named = true;
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        struct slice word = json_inner(d, i);
        if (slice_eq(word, SLICE("timeout")))
            out->timeout = true;
        else if (slice_eq(word, SLICE("error")))
            out->error = true;
        else if (json_type_of(d, i) == JSON_STRING && word.len == 3)
            set_statuses(out, (unsigned)(word.ptr[0] - '0') * 100, (unsigned)(word.ptr[0] - '0') * 100 + 99);
        else if (json_int64(d, i, &status) == 0 && status >= 300 && status <= 599)
            set_statuses(out, (unsigned)status, (unsigned)status);
    }
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
    read_retry_on(r, node, out);
    within(r, node, "base", out->base_us, 1000, 24 * HOUR, "between 1ms and 1d");
    within(r, node, "cap", out->cap_us, out->base_us, 168 * HOUR, "between base and 7d");
}

static void read_input(const struct reading_steps *r, uint32_t node, struct step *step)
{
    uint32_t input = tree_get(r->t, node, "input"), at = input;
    struct err e;

    if (input == JSON_NONE)
        return;
    step->input = shape_new(&r->t->doc, input, &at, &e);
    if (!step->input)
        tree_error(r->t, at, r->is, "for example \"{/input/id}\" or \"{/steps/price/total}\"", "%s", e.text);
}

/* Complete in itself, so that a run keeps it whatever becomes of the schema folders. */
static void read_output(const struct reading_steps *r, uint32_t node, struct step *step)
{
    struct schema_options options = { .draft = SCHEMA_DRAFT_2020_12 };
    uint32_t schema = tree_get(r->t, tree_get(r->t, node, "output"), "schema");
    struct slice uri = SLICE("urn:hooklatch:output");
    struct err e;

    if (schema == JSON_NONE)
        return;
    struct schema_set *set = schema_set_new();
    if (schema_set_add(set, uri, SLICE("output"), json_raw(&r->t->doc, schema), &e) == 0)
        step->output = schema_compile(set, uri, &options, &e);
    if (!step->output)
        tree_error(r->t, schema, r->is, NULL, "%s", e.text);
    schema_set_free(set);
}

/* One thing to do. */
static void read_kind(const struct reading_steps *r, uint32_t node, struct step *step)
{
    static const struct {
        const char *key;
        void (*read)(const struct reading_steps *r, uint32_t node, struct step *step);
    } kinds[] = { { "http", read_http }, { "exec", exec_read }, { "plugin", plugin_read } };
    uint32_t found = JSON_NONE;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint32_t kind = tree_get(r->t, node, kinds[i].key);
        if (kind == JSON_NONE)
            continue;
        if (found != JSON_NONE)
            tree_error(r->t, kind, r->is, "make two steps of it", "a step does one thing, of http, exec and plugin");
        else
            kinds[i].read(r, kind, step);
        found = kind;
    }
    if (found == JSON_NONE)
        tree_error(r->t, node, r->is, "add http: {endpoint: …}, exec: {command: […]}, or plugin: {name: …}",
                   "the step has nothing to do");
}

static void read_step(const struct reading_steps *r, uint32_t node, struct step *step)
{
    uint32_t condition = tree_get(r->t, node, "if");

    step->id = tree_text(r->t, node, "id", &r->w->memory);
    read_kind(r, node, step);
    step->timeout_us =
        tree_duration_us(r->t, node, "timeout", step->endpoint ? step->endpoint->timeout_us : 30 * US_PER_S);
    within(r, node, "timeout", step->timeout_us, US_PER_S / 100, HOUR, "between 10ms and 1h");
    read_retry(r, node, &step->retry);
    if (condition != JSON_NONE)
        step->condition = match_new(r->t, condition, r->is);
    read_input(r, node, step);
    read_output(r, node, step);
}

static void check_step_id(const struct reading_steps *r, uint32_t node, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (slice_eq(r->w->steps[i].id, r->w->steps[index].id))
            tree_error(r->t, tree_get(r->t, node, "id"), r->is, "give every step its own id",
                       "step id \"%.*s\" is there twice", SLICE_FMT(r->w->steps[index].id));
    }
}

/* The steps of one list, behind those that are there. */
static void read_list(const struct reading_steps *r, uint32_t list)
{
    const struct json_doc *d = &r->t->doc;
    struct workflow *w = r->w;

    if (list == JSON_NONE || json_type_of(d, list) != JSON_ARRAY)
        return;
    for (uint32_t i = list + 1; i < json_end(d, list) && w->n_steps < STEPS_MAX; i = json_next(d, i)) {
        struct step *step = &w->steps[w->n_steps];
        step->index = (uint16_t)w->n_steps;
        read_step(r, i, step);
        check_step_id(r, i, w->n_steps++);
    }
}

/* The steps of one list, from `from` to `to`. */
struct list {
    const struct reading_steps *r;
    uint32_t node;
    size_t from, to;
};

static bool find_step(const struct list *l, struct slice id, uint16_t *out)
{
    for (size_t i = l->from; i < l->to; i++) {
        if (slice_eq(l->r->w->steps[i].id, id)) {
            *out = (uint16_t)i;
            return true;
        }
    }
    return false;
}

static void say_no_step(const struct list *l, uint32_t node, struct slice id)
{
    struct slice known[STEPS_MAX];
    struct buf hint;

    buf_init(&hint, 65536);
    for (size_t i = l->from; i < l->to; i++)
        known[i - l->from] = l->r->w->steps[i].id;
    nearest_put_hint(id, known, l->to - l->from, &hint);
    tree_error(l->r->t, node, l->r->is, hint.len ? hint.ptr : NULL, "there is no step \"%.*s\" in this list", SLICE_FMT(id));
    buf_clear(&hint);
}

static void add_need(const struct list *l, struct step *step, uint32_t node)
{
    struct slice id = tree_string(l->r->t, node, &l->r->w->memory);
    uint16_t need;

    if (!find_step(l, id, &need)) {
        say_no_step(l, node, id);
        return;
    }
    for (size_t i = 0; i < step->n_needs; i++) {
        if (step->needs[i] == need) {
            tree_error(l->r->t, node, l->r->is, "name it once", "\"%.*s\" is needed twice", SLICE_FMT(id));
            return;
        }
    }
    step->needs[step->n_needs++] = need;
}

/* A step that says nothing waits for the one listed before it. */
static void read_needs(const struct list *l, struct step *step, uint32_t node)
{
    const struct json_doc *d = &l->r->t->doc;
    uint32_t list = tree_get(l->r->t, node, "needs");

    if (list == JSON_NONE || json_type_of(d, list) != JSON_ARRAY) {
        step->needs = arena_alloc(&l->r->w->memory, sizeof *step->needs);
        if (step->index > l->from)
            step->needs[step->n_needs++] = (uint16_t)(step->index - 1);
        return;
    }
    step->needs = arena_alloc(&l->r->w->memory, (json_count(d, list) + 1) * sizeof *step->needs);
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i))
        add_need(l, step, i);
}

/* Does `from` wait for `to`, directly or not? Among steps without a circle. */
static bool waits_for(const struct workflow *w, size_t from, size_t to, unsigned char *seen)
{
    const struct step *step = &w->steps[from];

    if (seen[from])
        return false;
    seen[from] = 1;
    for (size_t i = 0; i < step->n_needs; i++) {
        if (step->needs[i] == to || waits_for(w, step->needs[i], to, seen))
            return true;
    }
    return false;
}

/* A way from the step back to itself, or false. trail: the steps on it, the first one last. */
static bool find_circle(const struct workflow *w, uint16_t at, uint16_t start, unsigned char *seen, struct buf *trail)
{
    for (size_t i = 0; i < w->steps[at].n_needs; i++) {
        uint16_t need = w->steps[at].needs[i];
        if (need != start && seen[need]++)
            continue;
        if (need == start || find_circle(w, need, start, seen, trail)) {
            buf_printf(trail, "%s%.*s", trail->len ? ", which is needed by " : "", SLICE_FMT(w->steps[need].id));
            return true;
        }
    }
    return false;
}

/* One circle is enough to be told of; without any, the steps can be put in an order. */
static bool check_circles(const struct list *l)
{
    const struct workflow *w = l->r->w;
    uint32_t at = l->node + 1;

    for (size_t i = l->from; i < l->to; i++, at = json_next(&l->r->t->doc, at)) {
        unsigned char seen[STEPS_MAX] = { 0 };
        struct buf trail;
        buf_init(&trail, 16384);
        bool circle = find_circle(w, (uint16_t)i, (uint16_t)i, seen, &trail);
        if (circle)
            tree_error(l->r->t, tree_get(l->r->t, at, "needs"), l->r->is, "take one of them out of needs",
                       slice_eq(buf_slice(&trail), w->steps[i].id) ? "step %.*s needs itself"
                                                                   : "steps need each other in a circle: %.*s",
                       SLICE_FMT(buf_slice(&trail)));
        buf_clear(&trail);
        if (circle)
            return false;
    }
    return true;
}

/* Of whom the pointers in `if` and `input` are checked. */
struct reader {
    const struct list *l;
    const struct step *step;
    bool of_condition; /* then /event is not there */
};

static bool find_any_step(const struct workflow *w, struct slice id, size_t *out)
{
    for (*out = 0; *out < w->n_steps; ++*out) {
        if (slice_eq(w->steps[*out].id, id))
            return true;
    }
    return false;
}

/* The output of a step is there for sure only when that step is waited for; when on_failure begins, all main ones have
 * ended. */
static void check_step_read(const struct reader *rd, struct slice id, uint32_t node)
{
    const struct workflow *w = rd->l->r->w;
    unsigned char seen[STEPS_MAX] = { 0 };
    char hint[128];
    size_t i;

    if (!find_any_step(w, id, &i)) {
        tree_error(rd->l->r->t, node, rd->l->r->is, NULL, "reads the output of \"%.*s\", a step that there is not",
                   SLICE_FMT(id));
        return;
    }
    if ((rd->step->index >= workflow_n_main(w) && i < workflow_n_main(w)) || waits_for(w, rd->step->index, i, seen))
        return;
    snprintf(hint, sizeof hint, "add \"%.*s\" to the step's needs", SLICE_FMT(slice_first(id, 64)));
    tree_error(rd->l->r->t, node, rd->l->r->is, hint, "reads the output of \"%.*s\", but does not wait for it",
               SLICE_FMT(id));
}

static int check_pointer(void *arg, const struct pointer *p, uint32_t node)
{
    const struct reader *rd = arg;
    struct slice first = p->count ? p->tokens[0].name : SLICE_NONE;

    bool on_failure = rd->step->index >= workflow_n_main(rd->l->r->w);

    if (on_failure && slice_eq(first, SLICE("failed")))
        return 0;
    if (slice_eq(first, SLICE("steps")) && p->count >= 2)
        check_step_read(rd, p->tokens[1].name, node);
    else if (!slice_eq(first, SLICE("input")) && (rd->of_condition || !slice_eq(first, SLICE("event"))))
        tree_error(rd->l->r->t, node, rd->l->r->is,
                   rd->of_condition ? "begin with /input or /steps/<step>" : "begin with /event, /input or /steps/<step>",
                   "there is nothing of that name to read");
    return 0;
}

static void check_reads(const struct list *l, const struct step *step, uint32_t node)
{
    const struct tree *t = l->r->t;
    struct reader rd = { l, step, true };
    uint32_t condition = tree_get(t, node, "if");
    struct err e;

    for (uint32_t k = condition + 1; step->condition && k < json_end(&t->doc, condition); k = json_next(&t->doc, k + 1)) {
        struct pointer p;
        if (pointer_init(&p, tree_string(t, k, &l->r->w->memory), &e))
            continue; /* said by match_new */
        check_pointer(&rd, &p, k);
        pointer_clear(&p);
    }
    rd.of_condition = false;
    if (step->input)
        shape_each_pointer(step->input, check_pointer, &rd);
}

/* What steps of a list say of each other: when all of them are read. */
static void connect(const struct reading_steps *r, uint32_t node, size_t from, size_t to)
{
    const struct json_doc *d = &r->t->doc;
    struct list l = { r, node, from, to };
    uint32_t at = node + 1;

    for (size_t i = from; i < to; i++, at = json_next(d, at))
        read_needs(&l, &r->w->steps[i], at);
    if (from == to || !check_circles(&l))
        return;
    at = node + 1;
    for (size_t i = from; i < to; i++, at = json_next(d, at))
        check_reads(&l, &r->w->steps[i], at);
}

void steps_read(const struct reading_steps *r, uint32_t node)
{
    struct workflow *w = r->w;
    uint32_t main_steps = tree_get(r->t, node, "steps"), on_failure = tree_get(r->t, node, "on_failure");

    w->steps = arena_zalloc(&w->memory, STEPS_MAX * sizeof *w->steps);
    read_list(r, main_steps);
    size_t n_main = w->n_steps;
    read_list(r, on_failure);
    w->n_on_failure = w->n_steps - n_main;
    connect(r, main_steps, 0, n_main);
    connect(r, on_failure, n_main, w->n_steps);
}

void step_clear(struct step *step)
{
    match_free(step->condition);
    shape_free(step->input);
    schema_unref(step->output);
}
