#include "schema/set.h"

#include <pthread.h>
#include <stdio.h>

#include "base/embedded.h"
#include "json/pointer.h"
#include "schema/message.h"
#include "schema/uri.h"

struct schema_set *schema_set_new(void)
{
    struct schema_set *s = mem_zalloc(sizeof *s);

    arena_init(&s->arena);
    return s;
}

static void document_free(struct document *doc)
{
    json_doc_clear(&doc->json);
    VEC_FREE(&doc->resources);
    VEC_FREE(&doc->dynamic_anchors);
    free(doc);
}

static void forget_dialects(struct schema_set *s)
{
    for (uint32_t i = 0; i < s->dialects.n; i++)
        schema_unref(s->dialects.at[i]->meta);
    s->dialects.n = 0;
}

void schema_set_free(struct schema_set *s)
{
    if (!s)
        return;
    forget_dialects(s);
    for (uint32_t i = 0; i < s->documents.n; i++)
        document_free(s->documents.at[i]);
    VEC_FREE(&s->documents);
    VEC_FREE(&s->targets);
    VEC_FREE(&s->dialects);
    free(s->buckets);
    arena_clear(&s->arena);
    free(s);
}

static uint32_t *bucket_of(const struct schema_set *s, struct slice key)
{
    uint32_t i = json_hash(key) & (s->n_buckets - 1);

    while (s->buckets[i] && !slice_eq(s->targets.at[s->buckets[i] - 1].key, key))
        i = (i + 1) & (s->n_buckets - 1);
    return &s->buckets[i];
}

static struct target *target_find(const struct schema_set *s, struct slice key)
{
    uint32_t found = s->n_buckets ? *bucket_of(s, key) : 0;

    return found ? &s->targets.at[found - 1] : NULL;
}

static void buckets_grow(struct schema_set *s)
{
    s->n_buckets = s->n_buckets ? s->n_buckets * 2 : 64;
    free(s->buckets);
    s->buckets = mem_zalloc(s->n_buckets * sizeof *s->buckets);
    for (uint32_t i = 0; i < s->targets.n; i++)
        *bucket_of(s, s->targets.at[i].key) = i + 1;
}

void set_claim(struct schema_set *s, struct slice key, const struct place *place)
{
    struct target *t = target_find(s, key);

    if (t) {
        if (t->place.doc != place->doc || t->place.node != place->node)
            t->rival = place->doc;
        return;
    }
    if ((s->targets.n + 1) * 2 > s->n_buckets)
        buckets_grow(s);
    t = VEC_ADD(&s->targets);
    t->key = key;
    t->place = *place;
    *bucket_of(s, key) = s->targets.n;
}

/* A document registered under that URI; by its own $id only when no other is. */
static struct document *document_find(const struct schema_set *s, struct slice uri)
{
    struct target *t = target_find(s, uri);

    return t ? t->place.doc : NULL;
}

const struct place *set_place(const struct schema_set *s, struct slice uri)
{
    const struct target *t = target_find(s, uri);

    return t ? &t->place : NULL;
}

struct slice set_join(struct arena *a, struct slice head, struct slice tail)
{
    char *text = arena_alloc(a, head.len + tail.len + 1);

    if (head.len > 0)
        memcpy(text, head.ptr, head.len);
    if (tail.len > 0)
        memcpy(text + head.len, tail.ptr, tail.len);
    return slice_of(text, head.len + tail.len);
}

struct slice set_string(struct arena *a, const struct document *doc, uint32_t node)
{
    struct slice s = SLICE_NONE;
    struct buf tmp;

    if (node == JSON_NONE || (json_type_of(&doc->json, node) != JSON_STRING && json_type_of(&doc->json, node) != JSON_KEY))
        return s;
    if (!(doc->json.nodes[node].meta & JSON_ESCAPED))
        return json_inner(&doc->json, node);
    buf_init(&tmp, (size_t)doc->json.nodes[node].len + 1);
    s = arena_slice(a, json_string(&doc->json, node, &tmp));
    buf_clear(&tmp);
    return s;
}

static bool same_text(const struct document *a, struct slice text)
{
    return slice_eq(a->json.text, text);
}

/* The URI that the document's own $id gives it, or `uri`. */
static struct slice own_uri(struct schema_set *s, const struct document *doc)
{
    struct slice id = set_string(&s->arena, doc, json_member(&doc->json, 0, SLICE("$id"))), fragment;

    return id.ptr ? uri_resolve(&s->arena, doc->uri, id, &fragment) : doc->uri;
}

static void claim_root(struct schema_set *s, struct document *doc)
{
    struct place root = { doc, 0, SLICE("") };

    set_claim(s, doc->uri, &root);
    if (doc->own.len > 0)
        set_claim(s, doc->own, &root);
}

void set_forget(struct schema_set *s)
{
    s->scanned = 0;
    s->pointer_bytes = 0;
    s->too_large = false;
    forget_dialects(s);
    s->targets.n = 0;
    if (s->n_buckets)
        memset(s->buckets, 0, s->n_buckets * sizeof *s->buckets);
    for (uint32_t i = 0; i < s->documents.n; i++)
        claim_root(s, s->documents.at[i]);
}

int schema_set_add(struct schema_set *s, struct slice uri, struct slice name, struct slice text, struct err *e)
{
    struct document *doc, *old;
    struct slice own;

    if (!uri_is_absolute(uri) || slice_find(uri, '#') != uri.len)
        return err_set(e, ERR_INPUT, "%.*s: a schema's URI must be absolute and without #fragment: %.*s",
                       SLICE_FMT(name), SLICE_FMT(uri));
    old = document_find(s, uri);
    if (old && same_text(old, text))
        return 0;
    if (old)
        return err_set(e, ERR_INPUT, "%.*s: its URI %.*s is taken by %.*s", SLICE_FMT(name), SLICE_FMT(uri),
                       SLICE_FMT(old->name));
    doc = mem_zalloc(sizeof *doc);
    json_doc_init(&doc->json);
    if (json_parse_err(&doc->json, arena_slice(&s->arena, text), &JSON_LIMITS_DEFAULT, e)) {
        document_free(doc);
        return err_add(e, "%.*s", SLICE_FMT(name));
    }
    doc->uri = arena_slice(&s->arena, uri);
    doc->name = arena_slice(&s->arena, name);
    own = own_uri(s, doc);
    old = document_find(s, own);
    if (old && !same_text(old, text)) {
        err_set(e, ERR_INPUT, "%.*s: its \"$id\" %.*s is taken by %.*s: change one of them", SLICE_FMT(name),
                SLICE_FMT(own), SLICE_FMT(old->name));
        document_free(doc);
        return -1;
    }
    *VEC_ADD(&s->documents) = doc;
    if (!old)
        doc->own = own;
    claim_root(s, doc);
    return 0;
}

bool schema_set_uri(const struct schema_set *s, struct slice name, struct slice *uri)
{
    for (uint32_t i = 0; i < s->documents.n; i++) {
        if (slice_eq(s->documents.at[i]->name, name)) {
            *uri = s->documents.at[i]->uri;
            return true;
        }
    }
    return false;
}

const struct resource *set_resource(const struct document *doc, uint32_t node)
{
    uint32_t low = 0, high = doc->resources.n;

    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;

        if (doc->resources.at[mid].node <= node)
            low = mid;
        else
            high = mid;
    }
    while (doc->resources.at[low].end <= node)
        low = doc->resources.at[low].parent;
    return &doc->resources.at[low];
}

/* Which of the object's names comes near to the token. */
static struct near near_member(const struct json_doc *d, uint32_t object, struct slice token)
{
    struct near near = near_to(token);

    for (uint32_t k = object + 1; json_type_of(d, object) == JSON_OBJECT && k < json_end(d, object);
         k = json_next(d, k + 1))
        near_try(&near, json_inner(d, k));
    return near;
}

/* "; did you mean /$defs/name?", for the first part of a pointer that leads nowhere. */
static const char *explain_pointer(struct arena *a, const struct place *from, struct slice text)
{
    size_t len = 0;

    while (len < text.len) {
        size_t next = len + 1 + slice_find(slice_from(text, len + 1), '/');
        uint32_t here, there;
        struct pointer p, q;
        struct near near;
        struct err e;

        if (pointer_init(&p, slice_first(text, len), &e))
            return "";
        here = pointer_get(&p, &from->doc->json, from->node);
        pointer_clear(&p);
        if (pointer_init(&q, slice_first(text, next), &e))
            return "";
        there = pointer_get(&q, &from->doc->json, from->node);
        pointer_clear(&q);
        if (there != JSON_NONE) {
            len = next;
            continue;
        }
        near = near_member(&from->doc->json, here, slice_of(text.ptr + len + 1, next - len - 1));
        if (near.best.len == 0)
            return "";
        return arena_printf(a, "; did you mean %.*s/%.*s?", (int)len, text.ptr, SLICE_FMT(near.best));
    }
    return "";
}

static int find_pointer(struct arena *a, struct slice text, struct place *out, struct err *e)
{
    struct pointer p;
    uint32_t node;

    if (pointer_init(&p, text, e))
        return -1;
    node = pointer_get(&p, &out->doc->json, out->node);
    pointer_clear(&p);
    if (node == JSON_NONE)
        return err_set(e, ERR_INPUT, "%.*s has nothing at %.*s%s", SLICE_FMT(out->doc->name), SLICE_FMT(text),
                       explain_pointer(a, out, text));
    out->node = node;
    out->pointer = set_join(a, out->pointer, text);
    return 0;
}

/* Where a URI with its fragment points in one set; false when nothing there has that name. */
static bool find_target(struct schema_set *s, struct slice key, struct place *out, struct err *e, int *rc)
{
    const struct target *t = target_find(s, key);

    if (!t)
        return false;
    *rc = 0;
    *out = t->place;
    if (t->rival)
        *rc = err_set(e, ERR_INPUT, "%.*s is claimed by %.*s and %.*s: change one \"$id\" or \"$anchor\"",
                      SLICE_FMT(key), SLICE_FMT(t->place.doc->name), SLICE_FMT(t->rival->name));
    return true;
}

int set_find(struct schema_set *s, struct arena *a, struct slice uri, struct slice fragment, struct place *out,
             struct err *e)
{
    const struct target *t = target_find(s, uri);
    struct slice key = uri;
    bool anchor;
    int rc;

    fragment = uri_decode(a, fragment);
    anchor = fragment.len > 0 && fragment.ptr[0] != '/';
    if (anchor && t) /* a file with an $id: its anchors go by that */
        uri = set_resource(t->place.doc, t->place.node)->base;
    if (anchor)
        key = set_join(a, set_join(a, uri, SLICE("#")), fragment);
    if (!find_target(s, key, out, e, &rc) && !find_target(set_builtin(), key, out, e, &rc)) {
        if (anchor && t)
            return err_set(e, ERR_INPUT, "there is no anchor \"%.*s\" in %.*s", SLICE_FMT(fragment), SLICE_FMT(uri));
        return err_set(e, ERR_INPUT, "nothing here has the URI %.*s, and nothing is fetched: put it into a schema folder",
                       SLICE_FMT(uri));
    }
    return rc == 0 && fragment.len > 0 && !anchor ? find_pointer(a, fragment, out, e) : rc;
}

static struct schema_set *builtin;
static pthread_once_t builtin_made = PTHREAD_ONCE_INIT;

static void make_builtin(void)
{
    builtin = schema_set_new();
    for (const struct embedded *f = embedded_files; f->name; f++) {
        struct slice text = slice_of((const char *)f->bytes, f->len), name = slice_z(f->name);
        char uri[128];
        struct err e;

        if (!slice_starts(name, SLICE("schemas/json-schema/")))
            continue;
        snprintf(uri, sizeof uri, "hooklatch:%s", f->name);
        if (schema_set_add(builtin, slice_z(uri), name, text, &e)) {
            fprintf(stderr, "hooklatch: %s\n", e.text);
            abort(); /* the binary itself is broken */
        }
    }
    set_scan(builtin, SCHEMA_DRAFT_2020_12);
    for (uint32_t i = 0; i < builtin->documents.n; i++)
        builtin->documents.at[i]->builtin = true;
}

struct schema_set *set_builtin(void)
{
    pthread_once(&builtin_made, make_builtin);
    return builtin;
}
