#include "verify/provider_load.h"

#include <stdlib.h>

#include "base/clock.h"
#include "verify/content.h"

const char *const load_encodings[] = { "hex", "base64", "base64url", NULL };
static const char *const decodes[] = {
    "utf8", "base64", "hex", "sha1", "prefixed-base64-else-utf8", "pem", "spki-base64", NULL
};

uint32_t load_field(const struct load *l, const char *key)
{
    uint32_t node = l->set == JSON_NONE ? JSON_NONE : tree_get(l->t, l->set, key);
    return node == JSON_NONE ? tree_get(l->t, l->root, key) : node;
}

static void join(struct buf *out, const char *const *names)
{
    for (; *names; names++)
        buf_printf(out, "%s%s", out->len ? ", " : "", *names);
}

struct slice load_text(struct load *l, uint32_t node)
{
    return tree_string(l->t, node, &l->p->memory);
}

int load_word(struct load *l, uint32_t obj, const char *key, const char *const *names, int absent)
{
    uint32_t node = tree_get(l->t, obj, key);
    struct buf known;
    if (node == JSON_NONE)
        return absent;
    for (int i = 0; names[i]; i++)
        if (json_string_eq(&l->t->doc, node, slice_z(names[i])))
            return i;
    buf_init(&known, 512);
    join(&known, names);
    tree_error(l->t, node, l->is, NULL, "unknown %s: it is one of %.*s", key, SLICE_FMT(buf_slice(&known)));
    buf_clear(&known);
    return absent;
}

static struct owned *own(struct load *l)
{
    struct owned *o = arena_zalloc(&l->p->memory, sizeof *o);
    o->next = l->p->owned;
    l->p->owned = o;
    return o;
}

void load_star_pointer(struct load *l, uint32_t node, struct slice text, struct pointer *out)
{
    struct err e;
    if (pointer_init(out, text, &e)) {
        tree_error(l->t, node, l->is, NULL, "%s", e.text);
        *out = (struct pointer){ 0 };
        return;
    }
    own(l)->pointer = out;
}

void load_pointer(struct load *l, uint32_t node, struct slice text, struct pointer *out)
{
    load_star_pointer(l, node, text, out);
    if (pointer_has_star(out))
        tree_error(l->t, node, l->is, "name one element by its index",
                   "\"*\" is not possible in a JSON Pointer here");
}

void load_template(struct load *l, uint32_t node, struct slice text, const struct template_kind *kinds,
                   struct template *out)
{
    struct err e;
    if (template_init(out, text, kinds, 0, &e)) {
        tree_error(l->t, node, l->is, NULL, "%s", e.text);
        *out = (struct template){ 0 };
        return;
    }
    own(l)->template = out;
}

void load_place(struct load *l, uint32_t node, enum place_in in, struct slice name, struct place *out)
{
    *out = (struct place){ .in = in, .name = name };
    if (in == PLACE_JSON || in == PLACE_ITEM)
        load_pointer(l, node, name, &out->pointer);
    else if (name.len == 0)
        tree_error(l->t, node, l->is, NULL, "the name is missing");
}

void load_place_object(struct load *l, uint32_t obj, struct place *out)
{
    enum place_in in = (enum place_in)load_word(l, obj, "in", place_words, PLACE_HEADER);
    load_place(l, obj, in, tree_text(l->t, obj, "name", &l->p->memory), out);
}

struct named_template *load_named_templates(struct load *l, uint32_t obj, const struct template_kind *kinds,
                                            uint32_t *n)
{
    const struct json_doc *d = &l->t->doc;
    struct named_template *list;
    *n = 0;
    if (obj == JSON_NONE)
        return NULL;
    list = arena_zalloc(&l->p->memory, (json_count(d, obj) + 1) * sizeof *list);
    for (uint32_t k = obj + 1; k < json_end(d, obj); k = json_next(d, k + 1)) {
        struct named_template *x = &list[(*n)++];
        x->name = load_text(l, k);
        load_template(l, k + 1, load_text(l, k + 1), kinds, &x->value);
    }
    return list;
}

struct slice *load_texts(struct load *l, uint32_t array, uint32_t *n)
{
    const struct json_doc *d = &l->t->doc;
    struct slice *list;
    *n = 0;
    if (array == JSON_NONE)
        return NULL;
    list = arena_zalloc(&l->p->memory, (json_count(d, array) + 1) * sizeof *list);
    for (uint32_t i = array + 1; i < json_end(d, array); i = json_next(d, i))
        list[(*n)++] = load_text(l, i);
    return list;
}

const struct hash *load_hash(struct load *l, uint32_t obj, const char *key)
{
    return hash_find(tree_text(l->t, obj, key, &l->p->memory));
}

/* {in, name}, or {all: [{in, name}, …]} */
static void load_choice(struct load *l, uint32_t node, struct places *out)
{
    const struct json_doc *d = &l->t->doc;
    uint32_t all = tree_get(l->t, node, "all");

    out->list = arena_zalloc(&l->p->memory, (all == JSON_NONE ? 1 : json_count(d, all)) * sizeof *out->list);
    if (all == JSON_NONE) {
        load_place_object(l, node, &out->list[out->count++]);
        return;
    }
    for (uint32_t i = all + 1; i < json_end(d, all); i = json_next(d, i))
        load_place_object(l, i, &out->list[out->count++]);
}

void load_choices(struct load *l, uint32_t array, struct choices *out)
{
    const struct json_doc *d = &l->t->doc;
    if (array == JSON_NONE)
        return;
    out->list = arena_zalloc(&l->p->memory, (json_count(d, array) + 1) * sizeof *out->list);
    for (uint32_t i = array + 1; i < json_end(d, array); i = json_next(d, i))
        load_choice(l, i, &out->list[out->count++]);
}

static void load_secret(struct load *l)
{
    struct provider *p = l->p;
    uint32_t secret = tree_get(l->t, l->root, "secret");

    if (secret == JSON_NONE)
        return;
    p->decode = (enum secret_decode)load_word(l, secret, "decode", decodes, DECODE_UTF8);
    p->strip_prefix = tree_text(l->t, secret, "strip_prefix", &p->memory);
    p->secret_what = tree_text(l->t, secret, "what", &p->memory);
}

static void load_params(struct load *l)
{
    const struct json_doc *d = &l->t->doc;
    struct provider *p = l->p;
    uint32_t obj = tree_get(l->t, l->root, "params");

    if (obj == JSON_NONE)
        return;
    p->params = arena_zalloc(&p->memory, (json_count(d, obj) + 1) * sizeof *p->params);
    for (uint32_t k = obj + 1; k < json_end(d, obj); k = json_next(d, k + 1)) {
        p->params[p->n_params].name = load_text(l, k);
        p->params[p->n_params++].what = load_text(l, k + 1);
    }
}

static void load_time(struct load *l)
{
    struct provider *p = l->p;
    uint32_t obj = tree_get(l->t, l->root, "time");

    if (obj == JSON_NONE)
        return;
    p->time.present = true;
    p->time.format = (enum timestamp_format)load_word(l, obj, "format", timestamp_words, TIMESTAMP_RFC3339);
    load_place_object(l, obj, &p->time.place);
}

static void load_event_map(struct load *l, uint32_t root)
{
    const struct json_doc *d = &l->t->doc;
    struct provider *p = l->p;
    uint32_t obj = tree_get(l->t, root, "event_map");
    if (obj == JSON_NONE)
        return;
    p->event_map = arena_zalloc(&p->memory, (json_count(d, obj) + 1) * sizeof *p->event_map);
    for (uint32_t k = obj + 1; k < json_end(d, obj); k = json_next(d, k + 1)) {
        p->event_map[p->n_event_map].from = load_text(l, k);
        p->event_map[p->n_event_map++].to = load_text(l, k + 1);
    }
}

static struct slice *one_text(struct load *l, struct slice text, uint32_t *n)
{
    struct slice *list = arena_zalloc(&l->p->memory, sizeof *list);
    list[0] = text;
    *n = 1;
    return list;
}

static bool has_slice(const struct slice *list, uint32_t n, struct slice s)
{
    for (uint32_t i = 0; i < n; i++)
        if (slice_eq(list[i], s))
            return true;
    return false;
}

static void make_allow(struct provider *p)
{
    struct buf allow;
    buf_init(&allow, 4096);
    for (uint32_t i = 0; i < p->n_methods; i++)
        buf_printf(&allow, "%s%.*s", i ? ", " : "", SLICE_FMT(p->methods[i]));
    for (uint32_t i = 0; i < p->n_handshakes; i++) {
        struct slice m = p->handshakes[i].when.method;
        bool seen = m.len == 0 || has_slice(p->methods, p->n_methods, m);
        for (uint32_t j = 0; j < i && !seen; j++)
            seen = slice_eq(p->handshakes[j].when.method, m);
        if (!seen)
            buf_printf(&allow, ", %.*s", SLICE_FMT(m));
    }
    p->allow = arena_slice(&p->memory, buf_slice(&allow));
    buf_clear(&allow);
}

static void load_delivery(struct load *l, uint32_t root)
{
    struct provider *p = l->p;
    load_choices(l, tree_get(l->t, root, "subject"), &p->subject);
    load_time(l);
    load_event_map(l, root);
    p->methods = load_texts(l, tree_get(l->t, root, "methods"), &p->n_methods);
    if (p->n_methods == 0)
        p->methods = one_text(l, SLICE("POST"), &p->n_methods);
    p->content_types = load_texts(l, tree_get(l->t, root, "content_types"), &p->n_content_types);
    if (p->n_content_types == 0)
        p->content_types = one_text(l, SLICE("application/json"), &p->n_content_types);
    p->form_json_field = tree_text(l->t, root, "form_json_field", &p->memory);
    load_handshakes(l, root);
    make_allow(p);
}

struct provider *provider_load(const struct tree *t, uint32_t node, struct issues *is)
{
    size_t errors = is->errors;
    struct provider *p;
    struct load l = { .t = t, .is = is, .root = node, .set = JSON_NONE };
    uint32_t split;

    bool none = json_type_of(&t->doc, node) == JSON_STRING && json_string_eq(&t->doc, node, SLICE("none"));
    if (!none && tree_check(t, node, "schemas/hooklatch/provider.schema.json", is))
        return NULL;
    p = mem_zalloc(sizeof *p);
    arena_init(&p->memory);
    l.p = p;
    p->id = tree_text(t, node, "id", &p->memory);
    p->name = tree_text(t, node, "name", &p->memory);
    load_secret(&l);
    load_params(&l);
    split = tree_get(t, node, "split");
    if (split != JSON_NONE)
        load_star_pointer(&l, split, load_text(&l, split), &p->split);
    load_ways(&l);
    load_jwt(&l);
    load_delivery(&l, node);
    load_samples(&l, node);
    if (is->errors == errors)
        return p;
    provider_free(p);
    return NULL;
}

void provider_free(struct provider *p)
{
    if (!p)
        return;
    for (struct owned *o = p->owned; o; o = o->next) {
        if (o->pointer)
            pointer_clear(o->pointer);
        if (o->template)
            template_clear(o->template);
    }
    arena_clear(&p->memory);
    free(p);
}
