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

static struct condition *add_condition(struct load *l, struct when *w, uint32_t name_node, enum place_in in)
{
    struct condition *c = &w->list[w->count++];
    load_place(l, name_node, in, load_text(l, name_node), &c->place);
    return c;
}

static void load_value(struct load *l, uint32_t node, enum place_in in, struct condition *c)
{
    const struct json_doc *d = &l->t->doc;

    if (in != PLACE_JSON) {
        c->kind = CONDITION_TEXT;
        c->value = load_text(l, node);
    } else if (json_type_of(d, node) == JSON_STRING) {
        c->kind = CONDITION_JSON_STRING;
        c->value = load_text(l, node);
    } else if (json_type_of(d, node) == JSON_ARRAY) {
        c->kind = CONDITION_JSON_EMPTY;
    } else {
        c->kind = CONDITION_JSON_RAW;
        c->value = arena_slice(&l->p->memory, json_raw(d, node));
    }
}

static void load_condition(struct load *l, struct when *w, uint32_t node, size_t kind)
{
    const struct json_doc *d = &l->t->doc;
    enum place_in in = condition_kinds[kind].in;
    if (condition_kinds[kind].any) {
        for (uint32_t i = node + 1; i < json_end(d, node); i = json_next(d, i))
            add_condition(l, w, i, in)->kind = CONDITION_PRESENT;
        return;
    }
    for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1))
        load_value(l, k + 1, in, add_condition(l, w, k, in));
}

static void load_type(struct load *l, uint32_t when, const char *key, enum condition_kind kind, struct when *w)
{
    struct slice type = tree_text(l->t, when, key, &l->p->memory);
    if (type.len)
        w->list[w->count++] = (struct condition){ .kind = kind, .value = type };
}

void load_when(struct load *l, uint32_t when, struct when *out)
{
    const struct json_doc *d = &l->t->doc;
    size_t total = 2; /* the content types */
    uint32_t nodes[NKINDS];

    for (size_t i = 0; i < NKINDS; i++) {
        nodes[i] = tree_get(l->t, when, condition_kinds[i].key);
        total += nodes[i] == JSON_NONE ? 0 : json_count(d, nodes[i]);
    }
    out->method = tree_text(l->t, when, "method", &l->p->memory);
    out->list = arena_zalloc(&l->p->memory, total * sizeof *out->list);
    load_type(l, when, "content_type", CONDITION_TYPE, out);
    load_type(l, when, "content_type_not", CONDITION_NOT_TYPE, out);
    for (size_t i = 0; i < NKINDS; i++)
        if (nodes[i] != JSON_NONE)
            load_condition(l, out, nodes[i], i);
    if (out->count == 0 && out->method.len == 0)
        tree_error(l->t, when, l->is, NULL, "without a condition it would apply to every delivery");
}

static void check_answer(struct load *l, uint32_t node, const struct template *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const char *fault = content_fault(&t->parts[i], true);
        if (fault)
            tree_error(l->t, node, l->is, NULL, "%s", fault);
        else if (content_is_hmac(&t->parts[i]) && l->p->scheme != SCHEME_HMAC)
            tree_error(l->t, node, l->is, NULL, "{hmac_hex:…} and {hmac_base64:…} need scheme hmac");
        else if (t->parts[i].kind.len && t->parts[i].code == CONTENT_SECRET)
            tree_error(l->t, node, l->is, NULL, "an answer must not give the secret away");
    }
}

static void load_checks(struct load *l, uint32_t array, struct handshake *h)
{
    const struct json_doc *d = &l->t->doc;

    if (array == JSON_NONE)
        return;
    h->checks = arena_zalloc(&l->p->memory, (json_count(d, array) + 1) * sizeof *h->checks);
    for (uint32_t i = array + 1; i < json_end(d, array); i = json_next(d, i)) {
        struct template_pair *pair = &h->checks[h->n_checks++];
        load_template(l, i + 1, load_text(l, i + 1), content_kinds, &pair->left);
        load_template(l, json_next(d, i + 1), load_text(l, json_next(d, i + 1)), content_kinds, &pair->right);
    }
}

static void load_response(struct load *l, uint32_t obj, struct handshake *h)
{
    uint32_t body = tree_get(l->t, obj, "body");

    h->status = (int)tree_int(l->t, obj, "status", 200);
    h->content_type = tree_text(l->t, obj, "content_type", &l->p->memory);
    if (body != JSON_NONE && h->content_type.len == 0) /* what is given back is never taken for HTML */
        h->content_type = SLICE("text/plain");
    h->is_json = slice_eq_nocase(slice_trim(slice_first(h->content_type, slice_find(h->content_type, ';'))),
                                 SLICE("application/json"));
    h->headers = load_named_templates(l, tree_get(l->t, obj, "headers"), content_kinds, &h->n_headers);
    for (uint32_t i = 0; i < h->n_headers; i++)
        check_answer(l, obj, &h->headers[i].value);
    if (body == JSON_NONE)
        return;
    load_template(l, body, load_text(l, body), content_kinds, &h->body);
    check_answer(l, body, &h->body);
}

static void load_handshake(struct load *l, uint32_t obj, struct handshake *h)
{
    static const char *const yes_no[] = { "no", "yes", NULL };
    uint32_t when = tree_get(l->t, obj, "when"), secret = tree_get(l->t, obj, "secret");

    h->name = tree_text(l->t, obj, "name", &l->p->memory).ptr; /* arena copies end with a NUL */
    h->is_signed = load_word(l, obj, "signed", yes_no, 1) == 1;
    h->challenge_max = (size_t)tree_int(l->t, obj, "challenge_max", CHALLENGE_MAX);
    if (when != JSON_NONE)
        load_when(l, when, &h->when);
    load_checks(l, tree_get(l->t, obj, "check"), h);
    if (secret != JSON_NONE) {
        h->secret.list = arena_zalloc(&l->p->memory, sizeof *h->secret.list);
        load_place_object(l, secret, &h->secret.list[h->secret.count++]);
        if (h->is_signed)
            tree_error(l->t, secret, l->is, "add signed: \"no\"", "a secret that is handed over cannot sign that request");
    }
    load_response(l, tree_get(l->t, obj, "response"), h);
}

static void load_answer(struct load *l, uint32_t obj, int status, struct answer *out)
{
    if (obj == JSON_NONE)
        return;
    out->present = true;
    out->status = (int)tree_int(l->t, obj, "status", status);
    out->content_type = tree_text(l->t, obj, "content_type", &l->p->memory);
    out->body = tree_text(l->t, obj, "body", &l->p->memory);
}

void load_handshakes(struct load *l, uint32_t root)
{
    const struct json_doc *d = &l->t->doc;
    struct provider *p = l->p;
    uint32_t array = tree_get(l->t, root, "handshakes");

    if (array != JSON_NONE) {
        p->handshakes = arena_zalloc(&p->memory, (json_count(d, array) + 1) * sizeof *p->handshakes);
        for (uint32_t i = array + 1; i < json_end(d, array); i = json_next(d, i))
            load_handshake(l, i, &p->handshakes[p->n_handshakes++]);
    }
    load_answer(l, tree_get(l->t, root, "ack"), 200, &p->ack);
    load_answer(l, tree_get(l->t, root, "refusal"), 401, &p->refusal);
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
