#include "verify/provider_load.h"

#include <stdlib.h>

#include "base/clock.h"
#include "verify/content.h"

static const char *const schemes[] = { "none", "hmac", "token", "basic", NULL };
static const char *const encodings[] = { "hex", "base64", "base64url", NULL };
static const char *const hex_cases[] = { "lower", "any", NULL };
static const char *const places[] = { "header", "query", "form", "json", "item", NULL };
static const char *const formats[] = { "plain", "pairs", "list", NULL };
static const char *const time_places[] = { "header", "query", "form", "json", "item", "signature", NULL };
static const char *const time_formats[] = { "unix", "unix-ms", "rfc3339", "http-date", NULL };
static const char *const decodes[] = { "utf8", "base64", "hex", NULL };
enum { TIME_IN_SIGNATURE = 5 };

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

/* "*" stands for every element. */
static void load_star_pointer(struct load *l, uint32_t node, struct slice text, struct pointer *out)
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
    enum place_in in = (enum place_in)load_word(l, obj, "in", places, PLACE_HEADER);
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

static struct slice *load_texts(struct load *l, uint32_t array, uint32_t *n)
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

static void load_places(struct load *l, uint32_t array, struct places *out)
{
    const struct json_doc *d = &l->t->doc;
    if (array == JSON_NONE)
        return;
    out->list = arena_zalloc(&l->p->memory, (json_count(d, array) + 1) * sizeof *out->list);
    for (uint32_t i = array + 1; i < json_end(d, array); i = json_next(d, i))
        load_place_object(l, i, &out->list[out->count++]);
}

/* The schema has seen that it is one character. */
static char load_char(struct load *l, uint32_t obj, const char *key)
{
    struct slice text = tree_text(l->t, obj, key, &l->p->memory);
    return text.len ? text.ptr[0] : '\0';
}

static void load_signature_form(struct load *l, uint32_t obj)
{
    struct signature_form *f = &l->p->form;
    struct arena *a = &l->p->memory;
    f->format = (enum signature_format)load_word(l, obj, "format", formats, SIGNATURE_PLAIN);
    f->prefix = tree_text(l->t, obj, "prefix", a);
    f->prefix_any_case = l->p->scheme != SCHEME_HMAC; /* RFC 9110: names of authentication schemes ignore case */
    f->separator = load_char(l, obj, "separator");
    f->kv = load_char(l, obj, "kv");
    f->key = tree_text(l->t, obj, "key", a);
    f->timestamp_key = tree_text(l->t, obj, "timestamp_key", a);
    f->timestamp_index = (int)tree_int(l->t, obj, "timestamp_index", -1);
    l->p->repeat = tree_bool(l->t, obj, "repeat", false);
    if (f->format != SIGNATURE_PLAIN && !f->separator)
        tree_error(l->t, obj, l->is, NULL, "format %s needs a separator", formats[f->format]);
    if (f->format == SIGNATURE_PAIRS && (!f->kv || f->key.len == 0))
        tree_error(l->t, obj, l->is, NULL, "format pairs needs kv and key");
    if (f->format != SIGNATURE_PLAIN && f->prefix.len)
        tree_error(l->t, obj, l->is, NULL, "a prefix is possible with format plain only");
}

static void load_signature(struct load *l, uint32_t root)
{
    const struct json_doc *d = &l->t->doc;
    uint32_t obj = tree_get(l->t, root, "signature"), alt;
    struct places *s = &l->p->signature;

    if (obj == JSON_NONE) {
        if (l->p->scheme != SCHEME_NONE)
            tree_error(l->t, root, l->is,
                       l->p->scheme == SCHEME_BASIC
                           ? "add signature: {in: header, name: Authorization, prefix: \"Basic \"}"
                           : "for example signature: {in: header, name: X-Signature}",
                       "scheme %s needs signature: where it stands", schemes[l->p->scheme]);
        return;
    }
    alt = tree_get(l->t, obj, "names_alt");
    s->list = arena_zalloc(&l->p->memory, (1 + (alt == JSON_NONE ? 0 : json_count(d, alt))) * sizeof *s->list);
    load_place_object(l, obj, &s->list[s->count++]);
    if (alt != JSON_NONE && s->list[0].in != PLACE_HEADER)
        tree_error(l->t, alt, l->is, NULL, "names_alt is possible with in: header only");
    if (alt != JSON_NONE)
        for (uint32_t i = alt + 1; i < json_end(d, alt); i = json_next(d, i))
            load_place(l, i, s->list[0].in, load_text(l, i), &s->list[s->count++]);
    load_signature_form(l, obj);
}

static void load_timestamp(struct load *l, uint32_t root)
{
    uint32_t obj = tree_get(l->t, root, "timestamp");
    const struct signature_form *f = &l->p->form;
    int64_t tolerance_s;
    int in;

    if (obj == JSON_NONE)
        return;
    in = load_word(l, obj, "in", time_places, PLACE_HEADER);
    l->p->timestamp.present = true;
    l->p->timestamp.in_signature = in == TIME_IN_SIGNATURE;
    l->p->timestamp.format = (enum timestamp_format)load_word(l, obj, "format", time_formats, TIMESTAMP_UNIX);
    tolerance_s = tree_int(l->t, obj, "tolerance_s", -1);
    l->p->timestamp.tolerance_us = tolerance_s < 0 ? -1 : tolerance_s * US_PER_S;
    if (!l->p->timestamp.in_signature)
        load_place(l, obj, (enum place_in)in, tree_text(l->t, obj, "name", &l->p->memory), &l->p->timestamp.place);
    else if (f->timestamp_key.len == 0 && f->timestamp_index < 0)
        tree_error(l->t, obj, l->is, "give signature.timestamp_key (pairs) or signature.timestamp_index (list)",
                   "where in the signature does the time stand?");
}

static void load_contents(struct load *l, uint32_t root)
{
    const struct json_doc *d = &l->t->doc;
    struct provider *p = l->p;
    uint32_t array = tree_get(l->t, root, "signed_content");

    if (array == JSON_NONE || json_count(d, array) == 0) {
        if (p->scheme == SCHEME_HMAC)
            tree_error(l->t, root, l->is, "for example [\"{body}\"]", "scheme hmac needs signed_content");
        return;
    }
    p->contents = arena_zalloc(&p->memory, json_count(d, array) * sizeof *p->contents);
    for (uint32_t i = array + 1; i < json_end(d, array); i = json_next(d, i)) {
        struct template *t = &p->contents[p->n_contents++];
        load_template(l, i, load_text(l, i), content_kinds, t);
        if (content_uses(t, CONTENT_TIMESTAMP) && !p->timestamp.present)
            tree_error(l->t, i, l->is, NULL, "{timestamp} is signed but no timestamp is described");
    }
}

static void load_scheme(struct load *l, uint32_t root)
{
    struct provider *p = l->p;
    struct slice hash = tree_text(l->t, root, "hash", &p->memory);
    uint32_t secret = tree_get(l->t, root, "secret");

    p->scheme = (enum scheme)load_word(l, root, "scheme", schemes, SCHEME_NONE);
    p->hash = hash_find(hash);
    p->encoding = (enum encoding)load_word(l, root, "encoding", encodings, ENCODING_HEX);
    p->hex_any_case = load_word(l, root, "hex_case", hex_cases, 0) == 1;
    if (p->scheme == SCHEME_HMAC && !p->hash)
        tree_error(l->t, root, l->is, "hash: sha256", "scheme hmac needs a hash: sha1, sha256 or sha512");
    if (p->scheme == SCHEME_HMAC && tree_get(l->t, root, "encoding") == JSON_NONE)
        tree_error(l->t, root, l->is, "encoding: hex", "scheme hmac needs an encoding: hex, base64 or base64url");
    if (secret != JSON_NONE) {
        p->decode = (enum secret_decode)load_word(l, secret, "decode", decodes, DECODE_UTF8);
        p->strip_prefix = tree_text(l->t, secret, "strip_prefix", &p->memory);
        p->secret_what = tree_text(l->t, secret, "what", &p->memory);
        p->secret_chosen = tree_bool(l->t, secret, "chosen", false);
    }
    load_signature(l, root);
    load_timestamp(l, root);
    load_contents(l, root);
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
        struct slice m = p->handshakes[i].method;
        bool seen = m.len == 0 || has_slice(p->methods, p->n_methods, m);
        for (uint32_t j = 0; j < i && !seen; j++)
            seen = slice_eq(p->handshakes[j].method, m);
        if (!seen)
            buf_printf(&allow, ", %.*s", SLICE_FMT(m));
    }
    p->allow = arena_slice(&p->memory, buf_slice(&allow));
    buf_clear(&allow);
}

static void load_delivery(struct load *l, uint32_t root)
{
    struct provider *p = l->p;
    uint32_t split;

    load_places(l, tree_get(l->t, root, "event_type"), &p->event_type);
    load_places(l, tree_get(l->t, root, "delivery_id"), &p->delivery_id);
    load_event_map(l, root);
    p->methods = load_texts(l, tree_get(l->t, root, "methods"), &p->n_methods);
    if (p->n_methods == 0)
        p->methods = one_text(l, SLICE("POST"), &p->n_methods);
    p->content_types = load_texts(l, tree_get(l->t, root, "content_types"), &p->n_content_types);
    if (p->n_content_types == 0)
        p->content_types = one_text(l, SLICE("application/json"), &p->n_content_types);
    p->form_json_field = tree_text(l->t, root, "form_json_field", &p->memory);
    split = tree_get(l->t, root, "split");
    if (split != JSON_NONE)
        load_star_pointer(l, split, load_text(l, split), &p->split);
    load_handshakes(l, root);
    make_allow(p);
}

struct provider *provider_load(const struct tree *t, uint32_t node, struct issues *is)
{
    size_t errors = is->errors;
    struct provider *p;
    struct load l = { .t = t, .is = is };

    bool none = json_type_of(&t->doc, node) == JSON_STRING && json_string_eq(&t->doc, node, SLICE("none"));
    if (!none && tree_check(t, node, "schemas/hooklatch/provider.schema.json", is))
        return NULL;
    p = mem_zalloc(sizeof *p);
    arena_init(&p->memory);
    l.p = p;
    p->id = tree_text(t, node, "id", &p->memory);
    p->name = tree_text(t, node, "name", &p->memory);
    p->docs = tree_text(t, node, "docs", &p->memory);
    load_scheme(&l, node);
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
