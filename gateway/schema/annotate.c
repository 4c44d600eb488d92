/* Walks a valid document once more for what its schema says about it without deciding anything. */
#include <stdio.h>

#include "json/pointer.h"
#include "schema/report.h"

#define PATH_MAX_BYTES (1u << 20)
#define VALUE_MAX_BYTES (16u << 20)
#define BYTES_MAX (64u << 20)

struct annotator {
    struct reporter r; /* its paths, memory and run */
    struct buf value;
    VEC(struct schema_annotation) found;
    size_t max, bytes; /* bytes: that the paths and values may still take */
    bool more;
};

static void visit(struct annotator *a, uint32_t edge, uint32_t n);

static void add(struct annotator *a, const struct node *p, struct slice keyword, struct slice value)
{
    struct schema_annotation *to;

    size_t bytes = value.len + a->r.instance.len + 3 * (a->r.keyword.len + keyword.len) + p->place.len;

    if (a->found.n >= a->max || bytes > a->bytes || a->r.instance.failed || a->r.keyword.failed) {
        a->more = true;
        return;
    }
    a->bytes -= bytes;
    to = VEC_ADD(&a->found);
    to->instance_path = arena_slice(a->r.memory, buf_slice(&a->r.instance));
    to->keyword_path = slice_z(arena_printf(a->r.memory, "%.*s/%.*s", SLICE_FMT(buf_slice(&a->r.keyword)),
                                            SLICE_FMT(keyword)));
    to->schema_place = slice_z(arena_printf(a->r.memory, "%.*s/%.*s", (int)p->place.len,
                                            a->r.run.s->text + p->place.at, SLICE_FMT(keyword)));
    to->absolute = report_absolute(&a->r, p, keyword);
    to->keyword = arena_slice(a->r.memory, keyword);
    to->value = arena_slice(a->r.memory, value);
}

/* A list that grows in a->value, and is added when something is in it. */
static void list_add(struct annotator *a, struct slice raw)
{
    buf_putc(&a->value, a->value.len ? ',' : '[');
    buf_put(&a->value, raw);
}

static void list_end(struct annotator *a, const struct node *p, enum keyword kw)
{
    if (a->value.len > 0) {
        buf_putc(&a->value, ']');
        if (a->r.run.s->outputs[p - a->r.run.s->nodes].lists_evaluated && !a->value.failed)
            add(a, p, slice_z(keywords[kw].name), buf_slice(&a->value));
    }
    buf_reset(&a->value);
}

static void own_keywords(struct annotator *a, const struct node *p, uint32_t n)
{
    const struct schema *s = a->r.run.s;
    const struct node_output *o = &s->outputs[p - s->nodes];

    for (uint32_t i = 0; i < o->n_annotations; i++) {
        const struct annotation *from = &s->annotations[o->annotations + i];
        bool strings = from->keyword == KW_CONTENT_ENCODING || from->keyword == KW_CONTENT_MEDIA_TYPE ||
                       from->keyword == KW_CONTENT_SCHEMA;

        if (!strings || json_type_of(a->r.run.d, n) == JSON_STRING)
            add(a, p, schema_text(s, from->name), json_raw(&s->consts, from->value));
    }
}

/* The edge for the value at n, whose step in the instance's path is taken already. */
static void visit_below(struct annotator *a, enum keyword kw, struct slice token, uint32_t edge, uint32_t n)
{
    size_t len = a->r.keyword.len;

    buf_printf(&a->r.keyword, "/%s", keywords[kw].name);
    if (token.ptr)
        pointer_put_token(&a->r.keyword, token);
    visit(a, edge, n);
    a->r.keyword.len = len;
}

static void visit_member(struct annotator *a, const struct object_part *o, uint32_t k)
{
    const struct schema *s = a->r.run.s;
    const struct slot *slot = slot_find(s, o, a->r.run.d, k);
    bool matched = slot && slot->edge != NONE;
    struct step step = report_step(&a->r);

    report_put_key(&a->r, &a->r.instance, k);
    if (matched)
        visit_below(a, KW_PROPERTIES, schema_text(s, slot->name), slot->edge, k + 1);
    for (uint32_t i = 0; i < o->n_patterns; i++) {
        const struct pattern *pattern = &s->patterns[o->patterns + i];

        if (run_key_pattern(&a->r.run, pattern, k) != SCHEMA_VALID)
            continue;
        matched = true;
        visit_below(a, KW_PATTERN_PROPERTIES, schema_text(s, pattern->text), pattern->edge, k + 1);
    }
    if (!matched && o->additional != NONE)
        visit_below(a, (enum keyword)o->additional_keyword, SLICE_NONE, o->additional, k + 1);
    report_back(&a->r, step);
}

/* Whose edge leads to a node of the linker's own making, the schema does not name. */
static bool is_named(const struct schema *s, uint32_t edge)
{
    return edge != NONE && s->nodes[s->edges[edge].to].place.len > 0;
}

static bool is_patterned(struct annotator *a, const struct object_part *o, uint32_t k, bool *named)
{
    bool matched = false;

    for (uint32_t i = 0; i < o->n_patterns; i++) {
        const struct pattern *pattern = &a->r.run.s->patterns[o->patterns + i];

        if (run_key_pattern(&a->r.run, pattern, k) != SCHEMA_VALID)
            continue;
        matched = true;
        *named |= is_named(a->r.run.s, pattern->edge);
    }
    return matched;
}

/* The names that one of the three keywords was for. */
static void list_members(struct annotator *a, const struct node *p, const struct object_part *o, enum keyword kw,
                         uint32_t n)
{
    const struct json_doc *d = a->r.run.d;

    for (uint32_t k = n + 1; k < json_end(d, n); k = json_next(d, k + 1)) {
        const struct slot *slot = slot_find(a->r.run.s, o, d, k);
        bool patterned = false, known = is_patterned(a, o, k, &patterned) | (slot && slot->edge != NONE);

        if (kw == KW_PROPERTIES ? slot && is_named(a->r.run.s, slot->edge)
                                : kw == KW_PATTERN_PROPERTIES ? patterned : !known && o->additional != NONE)
            list_add(a, json_raw(d, k));
    }
    list_end(a, p, kw);
}

static void visit_object(struct annotator *a, const struct node *p, uint32_t n)
{
    const struct object_part *o = &a->r.run.s->objects[p->object];
    const struct json_doc *d = a->r.run.d;

    list_members(a, p, o, KW_PROPERTIES, n);
    list_members(a, p, o, KW_PATTERN_PROPERTIES, n);
    list_members(a, p, o, (enum keyword)o->additional_keyword, n);
    for (uint32_t k = n + 1; k < json_end(d, n); k = json_next(d, k + 1))
        visit_member(a, o, k);
    for (uint32_t i = 0; i < o->n_dependencies; i++) {
        const struct dependency *dep = &a->r.run.s->dependencies[o->dependencies + i];

        if (dep->edge != NONE && run_has(&a->r.run, n, &dep->name))
            visit_below(a, (enum keyword)dep->keyword, schema_text(a->r.run.s, dep->name), dep->edge, n);
    }
}

static void say_evaluated_items(struct annotator *a, const struct node *p, const struct array_part *part, uint64_t count)
{
    char index[24];

    if (!a->r.run.s->outputs[p - a->r.run.s->nodes].lists_evaluated || count == 0)
        return;
    snprintf(index, sizeof index, "%u", part->n_prefix - 1);
    if (part->n_prefix > 0 && is_named(a->r.run.s, part->prefix))
        add(a, p, slice_z(keywords[part->prefix_keyword].name), count <= part->n_prefix ? SLICE("true") : slice_z(index));
    if (part->items != NONE && count > part->n_prefix)
        add(a, p, slice_z(keywords[part->items_keyword].name), SLICE("true"));
}

static void visit_element(struct annotator *a, const struct array_part *part, uint32_t index, uint32_t n)
{
    char token[16];
    int len = snprintf(token, sizeof token, "%u", index);
    struct step step = report_step(&a->r);

    buf_printf(&a->r.instance, "/%u", index);
    if (index < part->n_prefix)
        visit_below(a, (enum keyword)part->prefix_keyword, slice_of(token, (size_t)len), part->prefix + index, n);
    else if (part->items != NONE)
        visit_below(a, (enum keyword)part->items_keyword, SLICE_NONE, part->items, n);
    if (part->contains != NONE && run_edge(&a->r.run, part->contains, n) == SCHEMA_VALID)
        visit_below(a, KW_CONTAINS, SLICE_NONE, part->contains, n);
    report_back(&a->r, step);
}

static void visit_array(struct annotator *a, const struct node *p, uint32_t n)
{
    const struct array_part *part = &a->r.run.s->arrays[p->array];
    const struct json_doc *d = a->r.run.d;
    uint32_t index = 0;

    say_evaluated_items(a, p, part, run_count(d, n));
    for (uint32_t i = n + 1; part->contains != NONE && i < json_end(d, n); i = json_next(d, i), index++)
        if (run_edge(&a->r.run, part->contains, i) == SCHEMA_VALID)
            list_add(a, slice_z(arena_printf(a->r.memory, "%u", index)));
    list_end(a, p, KW_CONTAINS);
    index = 0;
    for (uint32_t i = n + 1; i < json_end(d, n); i = json_next(d, i))
        visit_element(a, part, index++, i);
}

static void visit_condition(struct annotator *a, const struct logic *l, uint32_t n)
{
    bool holds = run_edge(&a->r.run, l->edges, n) == SCHEMA_VALID;
    uint32_t branch = l->edges + (holds ? 1 : 2);

    if (holds)
        visit_below(a, KW_IF, SLICE_NONE, l->edges, n);
    if (a->r.run.s->edges[branch].to != NONE)
        visit_below(a, holds ? KW_THEN : KW_ELSE, SLICE_NONE, branch, n);
}

static void visit_logic(struct annotator *a, const struct logic *l, uint32_t n)
{
    if (l->keyword == KW_NOT)
        return;
    if (l->keyword == KW_IF) {
        visit_condition(a, l, n);
        return;
    }
    for (uint32_t i = 0; i < l->n; i++) {
        char token[16];
        int len = snprintf(token, sizeof token, "%u", i);

        if (run_edge(&a->r.run, l->edges + i, n) == SCHEMA_VALID)
            visit_below(a, (enum keyword)l->keyword,
                        logic_is_reference(l) ? SLICE_NONE : slice_of(token, (size_t)len), l->edges + i, n);
    }
}

static void visit_unevaluated(struct annotator *a, const struct node *p, uint32_t n)
{
    const struct json_doc *d = a->r.run.d;
    bool object = json_type_of(d, n) == JSON_OBJECT;
    enum keyword kw = object ? KW_UNEVALUATED_PROPERTIES : KW_UNEVALUATED_ITEMS;
    uint32_t edge = run_unevaluated_edge(&a->r.run, p, n), rank = 0;
    struct book outer;
    bool some = false;

    if (run_open_book(&a->r.run, p, n, &outer) == SCHEMA_VALID) {
        for (uint32_t i = n + 1; i < json_end(d, n); i = json_next(d, i + object), rank++) {
            struct step step = report_step(&a->r);

            if (run_is_marked(&a->r.run, rank))
                continue;
            some = true;
            if (object)
                report_put_key(&a->r, &a->r.instance, i);
            else
                buf_printf(&a->r.instance, "/%u", rank);
            visit_below(a, kw, SLICE_NONE, edge, i + object);
            report_back(&a->r, step);
        }
    }
    rank = 0;
    for (uint32_t i = n + 1; some && object && i < json_end(d, n); i = json_next(d, i + 1))
        if (!run_is_marked(&a->r.run, rank++))
            list_add(a, json_raw(d, i));
    run_close_book(&a->r.run, &outer);
    list_end(a, p, kw);
    if (some && !object && a->r.run.s->outputs[p - a->r.run.s->nodes].lists_evaluated)
        add(a, p, slice_z(keywords[kw].name), SLICE("true"));
}

/* The schema at the edge is true of the value at n. */
static void visit(struct annotator *a, uint32_t edge, uint32_t n)
{
    const struct schema *s = a->r.run.s;
    const struct node *p = &s->nodes[s->edges[edge].to];

    if (!run_charge(&a->r.run, 1) || a->more || p->place.len == 0 || a->r.run.steps == 0 || a->r.run.depth >= a->r.run.scratch->max_depth)
        return;
    a->r.run.depth++;
    own_keywords(a, p, n);
    if (json_type_of(a->r.run.d, n) == JSON_OBJECT && p->object != NONE)
        visit_object(a, p, n);
    if (json_type_of(a->r.run.d, n) == JSON_ARRAY && p->array != NONE)
        visit_array(a, p, n);
    for (uint32_t i = 0; i < p->n_logic; i++)
        visit_logic(a, &s->logic[p->logic + i], n);
    if (p->tracks & type_bit(a->r.run.d->nodes[n].meta))
        visit_unevaluated(a, p, n);
    a->r.run.depth--;
}

void schema_annotations_make(struct schema_annotations *out, const struct schema *s, const struct json_doc *d,
                             uint32_t node, struct schema_scratch *scratch, size_t max)
{
    struct annotator a = { .max = max, .bytes = BYTES_MAX };

    *out = (struct schema_annotations){ .memory = mem_alloc(sizeof *out->memory) };
    arena_init(out->memory);
    if (!s->keeps_annotations)
        return;
    run_init(&a.r.run, s, d, scratch);
    a.r.memory = out->memory;
    buf_init(&a.r.instance, PATH_MAX_BYTES);
    buf_init(&a.r.keyword, PATH_MAX_BYTES);
    buf_init(&a.value, VALUE_MAX_BYTES);
    visit(&a, s->root, node);
    out->more = a.more || a.r.run.steps == 0;
    out->count = a.found.n;
    out->at = arena_alloc(out->memory, (a.found.n + 1) * sizeof *out->at);
    if (a.found.n > 0)
        memcpy(out->at, a.found.at, a.found.n * sizeof *out->at);
    VEC_FREE(&a.found);
    buf_clear(&a.r.instance);
    buf_clear(&a.r.keyword);
    buf_clear(&a.value);
}

void schema_annotations_clear(struct schema_annotations *a)
{
    if (a->memory) {
        arena_clear(a->memory);
        free(a->memory);
    }
    *a = (struct schema_annotations){ 0 };
}
