#include "verify/provider_load.h"

#include "verify/content.h"
#include "verify/sample.h"

static const struct {
    const char *key;
    enum place_in in;
    bool any;
} condition_kinds[] = {
    { "header_equals", PLACE_HEADER, false }, { "header_present", PLACE_HEADER, true },
    { "query_equals", PLACE_QUERY, false },   { "query_present", PLACE_QUERY, true },
    { "form_equals", PLACE_FORM, false },     { "form_present", PLACE_FORM, true },
    { "json_equals", PLACE_JSON, false },     { "json_present", PLACE_JSON, true },
};
#define NKINDS (sizeof condition_kinds / sizeof condition_kinds[0])

static struct condition *add_condition(struct load *l, struct handshake *h, uint32_t name_node, enum place_in in)
{
    struct condition *c = &h->when[h->n_when++];
    load_place(l, name_node, in, load_text(l, name_node), &c->place);
    return c;
}

static void load_condition(struct load *l, struct handshake *h, uint32_t node, size_t kind)
{
    const struct json_doc *d = &l->t->doc;
    enum place_in in = condition_kinds[kind].in;
    if (condition_kinds[kind].any) {
        for (uint32_t i = node + 1; i < json_end(d, node); i = json_next(d, i))
            add_condition(l, h, i, in)->any = true;
        return;
    }
    for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1)) {
        struct condition *c = add_condition(l, h, k, in);
        c->is_string = json_type_of(d, k + 1) == JSON_STRING;
        c->value = c->is_string ? load_text(l, k + 1) : arena_slice(&l->p->memory, json_raw(d, k + 1));
    }
}

static void load_when(struct load *l, struct handshake *h, uint32_t when)
{
    const struct json_doc *d = &l->t->doc;
    size_t total = 0;
    uint32_t nodes[NKINDS];

    for (size_t i = 0; i < NKINDS; i++) {
        nodes[i] = tree_get(l->t, when, condition_kinds[i].key);
        total += nodes[i] == JSON_NONE ? 0 : json_count(d, nodes[i]);
    }
    h->method = tree_text(l->t, when, "method", &l->p->memory);
    if (total == 0 && h->method.len == 0)
        tree_error(l->t, when, l->is, NULL, "a handshake without a condition would answer every delivery");
    h->when = arena_zalloc(&l->p->memory, (total + 1) * sizeof *h->when);
    for (size_t i = 0; i < NKINDS; i++)
        if (nodes[i] != JSON_NONE)
            load_condition(l, h, nodes[i], i);
}

static void load_handshake(struct load *l, uint32_t obj, struct handshake *h)
{
    static const char *const yes_no[] = { "no", "yes", NULL };
    uint32_t response = tree_get(l->t, obj, "response");
    uint32_t when = tree_get(l->t, obj, "when");
    uint32_t body;

    h->name = tree_text(l->t, obj, "name", &l->p->memory).ptr; /* arena copies end with a NUL */
    h->is_signed = load_word(l, obj, "signed", yes_no, 1) == 1;
    if (when != JSON_NONE)
        load_when(l, h, when);
    if (response == JSON_NONE)
        return;
    h->status = (int)tree_int(l->t, response, "status", 200);
    h->content_type = tree_text(l->t, response, "content_type", &l->p->memory);
    h->is_json = slice_eq(h->content_type, SLICE("application/json"));
    h->headers = load_named_templates(l, tree_get(l->t, response, "headers"), content_kinds, &h->n_headers);
    body = tree_get(l->t, response, "body");
    if (body != JSON_NONE)
        load_template(l, body, load_text(l, body), content_kinds, &h->body);
}

void load_handshakes(struct load *l, uint32_t root)
{
    const struct json_doc *d = &l->t->doc;
    struct provider *p = l->p;
    uint32_t array = tree_get(l->t, root, "handshakes"), ack = tree_get(l->t, root, "ack");

    if (array != JSON_NONE) {
        p->handshakes = arena_zalloc(&p->memory, (json_count(d, array) + 1) * sizeof *p->handshakes);
        for (uint32_t i = array + 1; i < json_end(d, array); i = json_next(d, i))
            load_handshake(l, i, &p->handshakes[p->n_handshakes++]);
    }
    if (ack != JSON_NONE) {
        p->ack.present = true;
        p->ack.status = (int)tree_int(l->t, ack, "status", 200);
        p->ack.content_type = tree_text(l->t, ack, "content_type", &p->memory);
        p->ack.body = tree_text(l->t, ack, "body", &p->memory);
    }
}

static void load_fresh(struct load *l, uint32_t obj)
{
    const struct json_doc *d = &l->t->doc;
    struct provider *p = l->p;
    if (obj == JSON_NONE)
        return;
    p->samples.fresh = arena_zalloc(&p->memory, (json_count(d, obj) + 1) * sizeof *p->samples.fresh);
    for (uint32_t k = obj + 1; k < json_end(d, obj); k = json_next(d, k + 1)) {
        uint32_t i = p->samples.n_fresh++;
        load_pointer(l, k, load_text(l, k), &p->samples.fresh[i].at);
        load_template(l, k + 1, load_text(l, k + 1), sample_kinds, &p->samples.fresh[i].value);
    }
}

void load_samples(struct load *l, uint32_t root)
{
    const struct json_doc *d = &l->t->doc;
    struct provider *p = l->p;
    uint32_t obj = tree_get(l->t, root, "samples"), events;
    if (obj == JSON_NONE)
        return;
    p->samples.headers = load_named_templates(l, tree_get(l->t, obj, "headers"), sample_kinds, &p->samples.n_headers);
    load_fresh(l, tree_get(l->t, obj, "fresh"));
    events = tree_get(l->t, obj, "events");
    if (events == JSON_NONE)
        return;
    p->samples.events = arena_zalloc(&p->memory, (json_count(d, events) + 1) * sizeof *p->samples.events);
    for (uint32_t k = events + 1; k < json_end(d, events); k = json_next(d, k + 1)) {
        uint32_t i = p->samples.n_events++;
        p->samples.events[i].event = load_text(l, k);
        p->samples.events[i].file = load_text(l, k + 1);
    }
}
