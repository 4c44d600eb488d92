#include "verify/provider_load.h"

#include "base/clock.h"
#include "verify/content.h"

const char *const load_schemes[] = { "none", "hmac",  "digest", "ed25519", "ecdsa-p256", "rsa",
                                     "token", "basic", "jwt",    "mtls",    NULL };
static const char *const hex_cases[] = { "lower", "any", NULL };
static const char *const formats[] = { "plain", "pairs", "list", NULL };
static const char *const time_places[] = { "header", "query", "form", "json", "item", "signature", NULL };
enum { TIME_IN_SIGNATURE = 5 };

/* What a scheme needs to be told. */
static const struct {
    bool signature, content, hash, encoding;
} needs[] = {
    [SCHEME_HMAC] = { true, true, true, true },     [SCHEME_DIGEST] = { true, true, true, true },
    [SCHEME_ED25519] = { true, true, false, true }, [SCHEME_ECDSA] = { true, true, true, true },
    [SCHEME_RSA] = { true, true, true, true },      [SCHEME_TOKEN] = { .signature = true },
    [SCHEME_BASIC] = { .signature = true },         [SCHEME_JWT] = { .signature = true },
    [SCHEME_MTLS] = { .signature = false },
};

static void report_missing(struct load *l, const char *hint, const char *what)
{
    tree_error(l->t, l->root, l->is, hint, "scheme %s needs %s", load_schemes[l->p->scheme], what);
}

/* The schema has seen that it is one character. */
static char load_char(struct load *l, uint32_t obj, const char *key)
{
    struct slice text = tree_text(l->t, obj, key, &l->p->memory);
    return text.len ? text.ptr[0] : '\0';
}

static const struct template_kind param_kinds[] = { { "param", TEMPLATE_ARG_NEEDED }, { NULL, TEMPLATE_ARG_NONE } };

static void load_signature_form(struct load *l, uint32_t obj, struct way *w)
{
    struct signature_form *f = &w->form;
    struct arena *a = &l->p->memory;
    uint32_t key = tree_get(l->t, obj, "key");

    f->format = (enum signature_format)load_word(l, obj, "format", formats, SIGNATURE_PLAIN);
    f->prefix = tree_text(l->t, obj, "prefix", a);
    /* RFC 9110: names of authentication schemes ignore case */
    f->prefix_any_case = l->p->scheme == SCHEME_TOKEN || l->p->scheme == SCHEME_BASIC;
    f->separator = load_char(l, obj, "separator");
    f->kv = load_char(l, obj, "kv");
    f->timestamp_key = tree_text(l->t, obj, "timestamp_key", a);
    f->timestamp_index = (int)tree_int(l->t, obj, "timestamp_index", -1);
    if (key != JSON_NONE)
        load_template(l, key, load_text(l, key), param_kinds, &w->key);
    w->repeat = tree_bool(l->t, obj, "repeat", false);
    if (f->format != SIGNATURE_PLAIN && !f->separator)
        tree_error(l->t, obj, l->is, NULL, "format %s needs a separator", formats[f->format]);
    if (f->format == SIGNATURE_PAIRS && (!f->kv || key == JSON_NONE))
        tree_error(l->t, obj, l->is, NULL, "format pairs needs kv and key");
    if (f->format != SIGNATURE_PLAIN && f->prefix.len)
        tree_error(l->t, obj, l->is, NULL, "a prefix is possible with format plain only");
}

/* "/value/<star>/clientState": every value at /value/<star> has its signature at /clientState. */
static void load_every(struct load *l, uint32_t node, struct slice text, struct way *w, struct place *place)
{
    size_t cut = text.len;
    struct pointer *items = arena_zalloc(&l->p->memory, sizeof *items);

    while (cut > 0 && text.ptr[cut - 1] != '*')
        cut--;
    load_star_pointer(l, node, slice_first(text, cut), items);
    w->items = items;
    load_place(l, node, PLACE_ITEM, slice_from(text, cut), place);
}

static void load_signature_place(struct load *l, uint32_t obj, struct way *w, struct place *place)
{
    uint32_t node = tree_get(l->t, obj, "name");
    struct slice name = load_text(l, node);
    enum place_in in = (enum place_in)load_word(l, obj, "in", place_words, PLACE_HEADER);

    if (in == PLACE_JSON && slice_find(name, '*') < name.len) {
        load_every(l, node, name, w, place);
        return;
    }
    if (in == PLACE_ITEM && l->p->split.count == 0)
        tree_error(l->t, obj, l->is, "add split, or use in: json", "in: item needs split");
    if (in == PLACE_ITEM)
        w->items = &l->p->split;
    load_place(l, node, in, name, place);
}

static void load_numbered(struct load *l, uint32_t obj, struct way *w)
{
    static const char mark[] = "{n}";
    const struct place *p = &w->signature.list[0];
    struct slice end = slice_of(mark, sizeof mark - 1);

    w->numbered_max = (uint32_t)tree_int(l->t, obj, "numbered_max", 0);
    if (w->numbered_max && (p->in != PLACE_HEADER || !slice_ends(p->name, end)))
        tree_error(l->t, obj, l->is, "for example name: \"X-Signature-{n}\"",
                   "numbered_max needs in: header and a name that ends with {n}");
    if (w->numbered_max && slice_ends(p->name, end)) /* kept without it */
        w->signature.list[0].name.len -= end.len;
}

static void load_signature(struct load *l, struct way *w)
{
    const struct json_doc *d = &l->t->doc;
    uint32_t obj = load_field(l, "signature"), alt;
    struct places *s = &w->signature;

    if (obj == JSON_NONE) {
        if (needs[l->p->scheme].signature)
            report_missing(l,
                           l->p->scheme == SCHEME_BASIC
                               ? "add signature: {in: header, name: Authorization, prefix: \"Basic \"}"
                               : "for example signature: {in: header, name: X-Signature}",
                           "signature: where it stands");
        return;
    }
    alt = tree_get(l->t, obj, "names_alt");
    s->list = arena_zalloc(&l->p->memory, (1 + (alt == JSON_NONE ? 0 : json_count(d, alt))) * sizeof *s->list);
    load_signature_place(l, obj, w, &s->list[s->count++]);
    load_numbered(l, obj, w);
    if (alt != JSON_NONE && s->list[0].in != PLACE_HEADER)
        tree_error(l->t, alt, l->is, NULL, "names_alt is possible with in: header only");
    if (alt != JSON_NONE)
        for (uint32_t i = alt + 1; i < json_end(d, alt); i = json_next(d, i))
            load_place(l, i, s->list[0].in, load_text(l, i), &s->list[s->count++]);
    load_signature_form(l, obj, w);
}

static void load_timestamp(struct load *l, struct way *w)
{
    uint32_t obj = load_field(l, "timestamp");
    const struct signature_form *f = &w->form;
    int64_t tolerance_s;
    int in;

    if (obj == JSON_NONE)
        return;
    in = load_word(l, obj, "in", time_places, PLACE_HEADER);
    w->timestamp.present = true;
    w->timestamp.in_signature = in == TIME_IN_SIGNATURE;
    w->timestamp.format = (enum timestamp_format)load_word(l, obj, "format", timestamp_words, TIMESTAMP_UNIX);
    tolerance_s = tree_int(l->t, obj, "tolerance_s", -1);
    w->timestamp.tolerance_us = tolerance_s < 0 ? -1 : tolerance_s * US_PER_S;
    if (!w->timestamp.in_signature)
        load_place(l, obj, (enum place_in)in, tree_text(l->t, obj, "name", &l->p->memory), &w->timestamp.place);
    else if (f->timestamp_key.len == 0 && f->timestamp_index < 0)
        tree_error(l->t, obj, l->is, "give signature.timestamp_key (pairs) or signature.timestamp_index (list)",
                   "where in the signature does the time stand?");
}

static void check_content(struct load *l, uint32_t node, const struct template *t, const struct way *w)
{
    if (content_uses(t, CONTENT_TIMESTAMP) && !w->timestamp.present)
        tree_error(l->t, node, l->is, NULL, "{timestamp} is signed but no timestamp is described");
    if (content_uses(t, CONTENT_ITEM) && !w->items)
        tree_error(l->t, node, l->is, "use {json:/p}", "{item:/p} is signed but the signature is not one of an item");
    if (l->p->scheme == SCHEME_DIGEST && !content_uses(t, CONTENT_SECRET))
        tree_error(l->t, node, l->is, "for example \"{body}{secret}\"",
                   "without {secret} anybody can make this digest");
    if (w->signature.count && w->signature.list[0].in == PLACE_QUERY && content_uses_url(t))
        tree_error(l->t, node, l->is, NULL, "the URL is signed, but the signature is a part of it: nothing can match");
    for (uint32_t i = 0; i < t->count; i++) {
        const char *fault = content_fault(&t->parts[i], false);
        if (fault)
            tree_error(l->t, node, l->is, NULL, "%s", fault);
    }
}

static void load_contents(struct load *l, struct way *w)
{
    const struct json_doc *d = &l->t->doc;
    struct provider *p = l->p;
    uint32_t array = load_field(l, "signed_content");

    if (array == JSON_NONE || json_count(d, array) == 0) {
        if (needs[p->scheme].content)
            report_missing(l, "for example [\"{body}\"]", "signed_content");
        return;
    }
    w->contents = arena_zalloc(&p->memory, json_count(d, array) * sizeof *w->contents);
    for (uint32_t i = array + 1; i < json_end(d, array); i = json_next(d, i)) {
        struct template *t = &w->contents[w->n_contents++];
        load_template(l, i, load_text(l, i), content_kinds, t);
        check_content(l, i, t, w);
    }
}

static void load_body_digest(struct load *l, struct way *w)
{
    uint32_t obj = load_field(l, "body_digest");

    if (obj == JSON_NONE)
        return;
    w->body_digest.present = true;
    w->body_digest.hash = load_hash(l, obj, "hash");
    w->body_digest.encoding = (enum encoding)load_word(l, obj, "encoding", load_encodings, ENCODING_HEX);
    w->body_digest.prefix = tree_text(l->t, obj, "prefix", &l->p->memory);
    load_place_object(l, obj, &w->body_digest.place);
}

/* load_word of the variant, or else of the provider. */
static int load_way_word(struct load *l, const char *key, const char *const *names, int absent)
{
    int word = load_word(l, l->root, key, names, absent);
    return l->set == JSON_NONE ? word : load_word(l, l->set, key, names, word);
}

static void load_way(struct load *l, struct way *w)
{
    struct provider *p = l->p;
    struct slice hash = load_text(l, load_field(l, "hash")); /* the schema has seen that we know it */

    w->hash = hash_find(hash);
    w->encoding = (enum encoding)load_way_word(l, "encoding", load_encodings, ENCODING_HEX);
    w->hex_any_case = load_way_word(l, "hex_case", hex_cases, 0) == 1 && w->encoding == ENCODING_HEX;
    if (needs[p->scheme].hash && !w->hash)
        report_missing(l, "hash: sha256", "a hash: sha1, sha256, sha384 or sha512");
    if (needs[p->scheme].encoding && load_field(l, "encoding") == JSON_NONE)
        report_missing(l, "encoding: hex", "an encoding: hex, base64 or base64url");
    load_signature(l, w);
    load_timestamp(l, w);
    load_contents(l, w);
    load_body_digest(l, w);
    load_choices(l, load_field(l, "event_type"), &w->event_type);
    load_choices(l, load_field(l, "delivery_id"), &w->delivery_id);
}

void load_ways(struct load *l)
{
    const struct json_doc *d = &l->t->doc;
    struct provider *p = l->p;
    uint32_t variants = tree_get(l->t, l->root, "variants");

    p->scheme = (enum scheme)load_word(l, l->root, "scheme", load_schemes, SCHEME_NONE);
    p->ways = arena_zalloc(&p->memory, (1 + (variants == JSON_NONE ? 0 : json_count(d, variants))) * sizeof *p->ways);
    load_way(l, &p->ways[p->n_ways++]);
    if (variants == JSON_NONE)
        return;
    for (uint32_t i = variants + 1; i < json_end(d, variants); i = json_next(d, i)) {
        struct way *w = &p->ways[p->n_ways++];
        load_when(l, tree_get(l->t, i, "when"), &w->when);
        l->set = tree_get(l->t, i, "set");
        load_way(l, w);
        l->set = JSON_NONE;
    }
}

static void check_algs(struct load *l, uint32_t node)
{
    unsigned shared = (1u << JWT_NHS) - 1, rsa = 1u << JWT_RS256 | 1u << JWT_PS256, algs = l->p->jwt.algs;

    if ((algs & ~shared) && (algs & ~rsa) && (algs & (algs - 1)))
        tree_error(l->t, node, l->is, "make a source for each",
                   "these algorithms need keys of different kinds: a token must not choose");
}

void load_jwt(struct load *l)
{
    static const char *const required[] = { "always", "if-body", "never", NULL };
    static const char *const url_hashes[] = { "plain", "sha256-hex", NULL };
    const struct json_doc *d = &l->t->doc;
    struct jwt_rules *r = &l->p->jwt;
    uint32_t obj = tree_get(l->t, l->root, "jwt"), algs;
    int64_t max_age_s;

    if (obj == JSON_NONE) {
        if (l->p->scheme == SCHEME_JWT)
            report_missing(l, "jwt: {algs: [HS256]}", "jwt: which algorithms and claims");
        return;
    }
    algs = tree_get(l->t, obj, "algs");
    for (uint32_t i = algs + 1; i < json_end(d, algs); i = json_next(d, i))
        for (unsigned a = 0; a < JWT_NALGS; a++)
            r->algs |= json_string_eq(d, i, slice_z(jwt_algs[a].name)) ? 1u << a : 0;
    check_algs(l, algs);
    r->claims = load_named_templates(l, tree_get(l->t, obj, "claims"), param_kinds, &r->n_claims);
    r->require = load_texts(l, tree_get(l->t, obj, "require"), &r->n_require);
    r->body_claim = tree_text(l->t, obj, "body_claim", &l->p->memory);
    r->body_hash = load_hash(l, obj, "body_hash");
    r->body_encoding = (enum encoding)load_word(l, obj, "body_encoding", load_encodings, ENCODING_HEX);
    r->body_required = (enum jwt_body)load_word(l, obj, "body_claim_required", required, JWT_BODY_ALWAYS);
    r->url_claim = tree_text(l->t, obj, "url_claim", &l->p->memory);
    r->url_sha256 = load_word(l, obj, "url_hash", url_hashes, 0) == 1;
    r->leeway_us = tree_int(l->t, obj, "leeway_s", 0) * US_PER_S;
    max_age_s = tree_int(l->t, obj, "max_age_s", -1);
    r->max_age_us = max_age_s < 0 ? -1 : max_age_s * US_PER_S;
    if (r->url_claim.len && l->p->ways[0].signature.count && l->p->ways[0].signature.list[0].in == PLACE_QUERY)
        tree_error(l->t, obj, l->is, NULL, "the token is a part of the URL that it claims to be for: nothing can match");
    if (r->body_claim.len && !r->body_hash)
        tree_error(l->t, obj, l->is, "body_hash: sha256", "body_claim needs body_hash");
}
