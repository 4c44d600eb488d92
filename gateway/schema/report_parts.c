/* Errors inside arrays and objects. */
#include "schema/report.h"

#include "json/pointer.h"
#include "schema/message.h"
#include "schema/secret_name.h"

#define HINTS_MAX 100u /* made in one report, for errors shown or not: each compares with up to 500 names */

static bool is_secret_name(const struct schema *s, struct slice name)
{
    for (uint32_t i = 0; i < s->n_secret_names; i++)
        if (slice_eq(schema_text(s, s->secret_names[i]), name))
            return true;
    return secret_name_in(name);
}

void report_put_key(struct reporter *r, struct buf *path, uint32_t k)
{
    struct slice name;
    struct buf tmp;

    buf_init(&tmp, (size_t)r->run.d->nodes[k].len + 1);
    name = json_string(r->run.d, k, &tmp);
    pointer_put_token(path, name);
    if (path == &r->instance)
        r->secret = r->secret || is_secret_name(r->run.s, name);
    buf_clear(&tmp);
}

static void say_count(struct reporter *r, uint64_t count, uint64_t bound, const char *one, const char *many)
{
    buf_printf(report_say(r), "must have %s %llu %s, has %llu", count < bound ? "at least" : "at most",
               (unsigned long long)bound, bound == 1 ? one : many, (unsigned long long)count);
}

static void report_items(struct reporter *r, const struct array_part *p, uint32_t n)
{
    const struct json_doc *d = r->run.d;
    uint32_t index = 0;

    for (uint32_t i = n + 1; i < json_end(d, n) && !report_done(r); i = json_next(d, i), index++) {
        struct step s = report_step(r);
        uint32_t edge = index < p->n_prefix ? p->prefix + index : p->items;

        if (edge == NONE)
            break;
        buf_printf(&r->instance, "/%u", index);
        if (index < p->n_prefix)
            buf_printf(&r->keyword, "/%s/%u", keywords[p->prefix_keyword].name, index);
        else
            buf_printf(&r->keyword, "/%s", keywords[p->items_keyword].name);
        report_below(r, edge, i);
        report_back(r, s);
    }
}

static void report_contains(struct reporter *r, const struct node *node, const struct array_part *p, uint32_t n)
{
    uint64_t found;

    if (p->contains == NONE || run_contains(&r->run, p, n, &found) != SCHEMA_INVALID)
        return;
    if (found < p->min_contains) {
        buf_printf(report_say(r), "must contain at least %llu item%s of the kind that \"contains\" describes, has %llu",
                   (unsigned long long)p->min_contains, p->min_contains == 1 ? "" : "s", (unsigned long long)found);
        report_add(r, node, found == 0 ? KW_CONTAINS : KW_MIN_CONTAINS, n);
    } else {
        buf_printf(report_say(r), "must contain at most %llu item%s of the kind that \"contains\" describes, has more",
                   (unsigned long long)p->max_contains, p->max_contains == 1 ? "" : "s");
        report_add(r, node, KW_MAX_CONTAINS, n);
    }
}

static unsigned index_of(const struct json_doc *d, uint32_t n, uint32_t item)
{
    unsigned index = 0;

    for (uint32_t i = n + 1; i < item; i = json_next(d, i))
        index++;
    return index;
}

void report_array(struct reporter *r, const struct node *node, uint32_t n)
{
    const struct array_part *p = &r->run.s->arrays[node->array];
    uint64_t count = run_count(r->run.d, n);
    uint32_t first, second;

    if (count < p->min || count > p->max) {
        say_count(r, count, count < p->min ? p->min : p->max, "item", "items");
        report_add(r, node, count < p->min ? KW_MIN_ITEMS : KW_MAX_ITEMS, n);
    }
    report_items(r, p, n);
    report_contains(r, node, p, n);
    if (p->unique && run_unique(&r->run, n, &first, &second) == SCHEMA_INVALID) {
        buf_printf(report_say(r), "items must differ, but %u and %u are equal: ", index_of(r->run.d, n, first),
                   index_of(r->run.d, n, second));
        report_value(r, p->items == NONE ? node : &r->run.s->nodes[r->run.s->edges[p->items].to], first);
        report_add(r, node, KW_UNIQUE_ITEMS, n);
    }
}

static void report_missing(struct reporter *r, const struct node *node, const struct object_part *p, uint32_t n)
{
    for (uint32_t i = 0; i < p->n_required && !report_done(r); i++) {
        const struct name *name = &r->run.s->slots[p->slots + i].name;

        if (!run_charge(&r->run, json_count(r->run.d, n)) || run_has(&r->run, n, name))
            continue;
        buf_puts(report_say(r), "required property ");
        json_quote(&r->message, schema_text(r->run.s, *name));
        buf_puts(&r->message, " is missing");
        report_add(r, node, KW_REQUIRED, n);
    }
}

/* additionalProperties or unevaluatedProperties for a member; false is said in words of its own. p: for a hint, or
 * NULL. */
static void report_unknown(struct reporter *r, const struct node *node, enum keyword kw, uint32_t edge,
                           const struct object_part *p, uint32_t k)
{
    const struct node *schema = &r->run.s->nodes[r->run.s->edges[edge].to];

    if (schema->types != 0) {
        buf_printf(&r->keyword, "/%s", keywords[kw].name);
        report_below(r, edge, k + 1);
        return;
    }
    buf_puts(report_say(r), "unknown property ");
    message_cut(&r->message, json_raw(r->run.d, k), 60);
    if (p && r->hints++ < HINTS_MAX)
        message_hint(&r->message, r->run.s, p, r->run.d, k);
    report_add(r, node, kw, k);
}

/* The children that nothing which matched has described. */
void report_unevaluated(struct reporter *r, const struct node *p, uint32_t n)
{
    const struct json_doc *d = r->run.d;
    bool object = json_type_of(d, n) == JSON_OBJECT;
    uint32_t edge = run_unevaluated_edge(&r->run, p, n), rank = 0;
    struct book outer;

    if (run_open_book(&r->run, p, n, &outer) != SCHEMA_VALID) {
        run_close_book(&r->run, &outer);
        return;
    }
    for (uint32_t i = n + 1; i < json_end(d, n) && !report_done(r); i = json_next(d, i + object), rank++) {
        struct step s = report_step(r);

        if (run_is_marked(&r->run, rank))
            continue;
        if (object) {
            report_put_key(r, &r->instance, i);
            report_unknown(r, p, KW_UNEVALUATED_PROPERTIES, edge, p->object == NONE ? NULL : &r->run.s->objects[p->object],
                           i);
        } else {
            buf_printf(&r->instance, "/%u", rank);
            buf_printf(&r->keyword, "/%s", keywords[KW_UNEVALUATED_ITEMS].name);
            report_below(r, edge, i);
        }
        report_back(r, s);
    }
    run_close_book(&r->run, &outer);
}

/* True when one of patternProperties is for the member. */
static bool report_patterns(struct reporter *r, const struct object_part *p, uint32_t k)
{
    bool matched = false;

    for (uint32_t i = 0; i < p->n_patterns; i++) {
        const struct pattern *pattern = &r->run.s->patterns[p->patterns + i];
        struct step s = report_step(r);

        if (run_key_pattern(&r->run, pattern, k) != SCHEMA_VALID)
            continue;
        matched = true;
        buf_printf(&r->keyword, "/%s", keywords[KW_PATTERN_PROPERTIES].name);
        pointer_put_token(&r->keyword, schema_text(r->run.s, pattern->text));
        report_below(r, pattern->edge, k + 1);
        report_back(r, s);
    }
    return matched;
}

static void report_name(struct reporter *r, const struct node *node, const struct object_part *p, uint32_t k)
{
    struct json_node memory;
    struct json_doc key = run_key_doc(r->run.d, k, &memory);
    const struct json_doc *outer = r->run.d;
    struct found_list list = { 0 }, *outer_list = r->list;

    if (run_key_schema(&r->run, p->names, k) != SCHEMA_INVALID)
        return;
    r->run.d = &key;
    r->list = &list;
    report_edge(r, p->names, 0);
    r->run.d = outer;
    r->list = outer_list;
    buf_puts(report_say(r), "the property name is not allowed: ");
    if (list.found.n > 0)
        message_cut(&r->message, list.found.at[0].error.message, 400);
    report_add(r, node, KW_PROPERTY_NAMES, k);
    VEC_FREE(&list.found);
}

static void report_member(struct reporter *r, const struct node *node, const struct object_part *p, uint32_t k)
{
    const struct slot *slot = slot_find(r->run.s, p, r->run.d, k);
    bool matched = slot && slot->edge != NONE;
    struct step s = report_step(r), member;

    report_put_key(r, &r->instance, k);
    member = report_step(r);
    if (matched) {
        buf_printf(&r->keyword, "/%s", keywords[KW_PROPERTIES].name);
        report_put_key(r, &r->keyword, k);
        report_below(r, slot->edge, k + 1);
        report_back(r, member);
    }
    if (p->names != NONE)
        report_name(r, node, p, k);
    matched |= report_patterns(r, p, k);
    if (!matched && p->additional != NONE)
        report_unknown(r, node, (enum keyword)p->additional_keyword, p->additional, p, k);
    report_back(r, s);
}

/* A look for a name, which costs as many steps as there are members. */
static bool has_member(struct reporter *r, uint32_t n, const struct name *name)
{
    return run_charge(&r->run, json_count(r->run.d, n)) && run_has(&r->run, n, name);
}

static void report_dependency(struct reporter *r, const struct node *node, const struct dependency *dep, uint32_t n)
{
    struct step s = report_step(r);

    if (!has_member(r, n, &dep->name))
        return;
    if (dep->edge != NONE) {
        buf_printf(&r->keyword, "/%s", keywords[dep->keyword].name);
        pointer_put_token(&r->keyword, schema_text(r->run.s, dep->name));
        report_edge(r, dep->edge, n);
        report_back(r, s);
    }
    for (uint32_t i = 0; i < dep->n_names && !report_done(r); i++) {
        const struct name *name = &r->run.s->names[dep->names + i];

        if (has_member(r, n, name) || r->run.steps == 0)
            continue;
        buf_puts(report_say(r), "property ");
        json_quote(&r->message, schema_text(r->run.s, *name));
        buf_puts(&r->message, " is missing, which must stand beside ");
        json_quote(&r->message, schema_text(r->run.s, dep->name));
        report_add(r, node, (enum keyword)dep->keyword, n);
    }
}

void report_object(struct reporter *r, const struct node *node, uint32_t n)
{
    const struct object_part *p = &r->run.s->objects[node->object];
    const struct json_doc *d = r->run.d;
    uint64_t count = p->counts ? run_count(d, n) : p->min;

    if (count < p->min || count > p->max) {
        say_count(r, count, count < p->min ? p->min : p->max, "property", "properties");
        report_add(r, node, count < p->min ? KW_MIN_PROPERTIES : KW_MAX_PROPERTIES, n);
    }
    report_missing(r, node, p, n);
    for (uint32_t k = n + 1; k < json_end(d, n) && !report_done(r); k = json_next(d, k + 1))
        report_member(r, node, p, k);
    for (uint32_t i = 0; i < p->n_dependencies && !report_done(r); i++)
        report_dependency(r, node, &r->run.s->dependencies[p->dependencies + i], n);
}
