#include "verify/verifier.h"

#include <stdlib.h>

#include "base/codec.h"
#include "verify/verifier_fields.h"

static int decode_utf8(struct slice text, struct key *k)
{
    k->bytes = mem_dup(text.ptr, text.len);
    k->len = text.len;
    return 0;
}

static int decode_base64(struct slice text, struct key *k)
{
    k->bytes = mem_alloc(text.len / 4 * 3 + 3);
    return base64_decode(text, (unsigned char *)k->bytes, &k->len);
}

static int decode_hex(struct slice text, struct key *k)
{
    k->bytes = mem_alloc(text.len / 2 + 1);
    k->len = text.len / 2;
    return hex_decode(text, (unsigned char *)k->bytes);
}

static int decode_sha1(struct slice text, struct key *k)
{
    unsigned char digest[HASH_MAX_BYTES];
    k->len = hash_of(&hash_all[HASH_SHA1], text, digest);
    k->bytes = mem_dup(digest, k->len);
    mem_wipe(digest, sizeof digest);
    return k->len ? 0 : -1;
}

/* A way to make a key of the secret's text. */
static const struct {
    const char *name;
    int (*decode)(struct slice text, struct key *k);
} decoders[] = {
    [DECODE_UTF8] = { "text", decode_utf8 },
    [DECODE_BASE64] = { "base64", decode_base64 },
    [DECODE_HEX] = { "hexadecimal", decode_hex },
    [DECODE_SHA1] = { "text", decode_sha1 },
    [DECODE_PREFIXED_BASE64] = { "base64", decode_base64 },
    [DECODE_PEM] = { "PEM", decode_utf8 },
    [DECODE_SPKI] = { "base64", decode_base64 },
};

/* Whoever signs with a private key may give it in PEM whatever the encoding of public keys is. */
static bool is_pem(struct slice text)
{
    return slice_starts(text, SLICE("-----BEGIN "));
}

static bool shares_secret(const struct provider *p)
{
    return p->scheme == SCHEME_HMAC || (p->scheme == SCHEME_JWT && p->jwt.algs & ((1u << JWT_NHS) - 1));
}

static int decode_secret(const struct provider *p, const struct secret *secret, struct key *k, struct err *e)
{
    struct slice text = slice_of(secret->bytes, secret->len);
    enum secret_decode decode = p->decode;

    if (p->strip_prefix.len && slice_starts(text, p->strip_prefix))
        text = slice_from(text, p->strip_prefix.len);
    else if (decode == DECODE_PREFIXED_BASE64)
        decode = DECODE_UTF8;
    if (is_pem(text))
        decode = DECODE_PEM;
    if (text.len == 0)
        return err_set(e, ERR_INPUT, "secret %s is empty", secret->label);
    if (is_pem(text) && shares_secret(p)) /* a public key as a shared secret: everybody has it */
        return err_set(e, ERR_INPUT, "secret %s is a key in PEM, but %.*s signs with a shared secret", secret->label,
                       SLICE_FMT(provider_name(p)));
    if (decoders[decode].decode(text, k))
        return err_set(e, ERR_INPUT, "secret %s is not %s, which %.*s expects%s%.*s%s", secret->label,
                       decoders[decode].name, SLICE_FMT(provider_name(p)), p->strip_prefix.len ? " (after \"" : "",
                       SLICE_FMT(p->strip_prefix), p->strip_prefix.len ? "\")" : "");
    if (k->len == 0)
        return err_set(e, ERR_INPUT, "secret %s is empty", secret->label);
    return 0;
}

static int make_public(enum public_kind kind, const struct secret *secret, struct key *k, struct public_key **out,
                       struct err *e)
{
    *out = public_key_new(kind, slice_of(k->bytes, k->len), e);
    return *out ? 0 : err_add(e, "secret %s", secret->label);
}

static int make_jwt_keys(const struct provider *p, const struct secret *secret, struct key *k, struct err *e)
{
    for (int a = 0; a < JWT_NALGS; a++) {
        if (!(p->jwt.algs >> a & 1))
            continue;
        if (a < JWT_NHS)
            k->jwt[a] = hmac_key_new(jwt_algs[a].hash, slice_of(k->bytes, k->len));
        else if (make_public(jwt_algs[a].kind, secret, k, &k->public[a], e))
            return -1;
    }
    return 0;
}

/* What the scheme needs besides the decoded bytes. */
static int make_key(const struct provider *p, const struct way *w, const struct secret *secret, struct key *k,
                    struct err *e)
{
    if (decode_secret(p, secret, k, e))
        return -1;
    switch (p->scheme) {
    case SCHEME_HMAC:
        k->hmac = hmac_key_new(w->hash, slice_of(k->bytes, k->len));
        return 0;
    case SCHEME_ED25519:
        return make_public(PUBLIC_ED25519, secret, k, &k->public[0], e);
    case SCHEME_ECDSA:
        return make_public(PUBLIC_ECDSA, secret, k, &k->public[0], e);
    case SCHEME_RSA:
        return make_public(PUBLIC_RSA, secret, k, &k->public[0], e);
    case SCHEME_JWT:
        return make_jwt_keys(p, secret, k, e);
    case SCHEME_BASIC:
        if (slice_find(slice_of(k->bytes, k->len), ':') == k->len)
            return err_set(e, ERR_INPUT, "secret %s: it has to be user:password", secret->label);
        return 0;
    case SCHEME_DIGEST:
    case SCHEME_TOKEN:
    case SCHEME_MTLS:
    case SCHEME_NONE:
        return 0;
    }
    return 0;
}

static struct slice find_param(const struct verifier *v, struct slice name)
{
    for (size_t i = 0; i < v->n_params; i++)
        if (slice_eq(v->params[i].name, name))
            return v->params[i].value;
    return SLICE_NONE;
}

static int check_params(const struct verifier *v, const struct template *t, struct err *e)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        if (slice_eq(part->kind, SLICE("param")) && find_param(v, part->arg).len == 0)
            return err_set(e, ERR_INPUT, "%.*s needs params: {%.*s: …}", SLICE_FMT(provider_name(v->provider)),
                           SLICE_FMT(part->arg));
    }
    return 0;
}

static int check_way_params(const struct verifier *v, const struct way *w, struct err *e)
{
    if (check_params(v, &w->key, e))
        return -1;
    for (uint32_t i = 0; i < w->n_contents; i++)
        if (check_params(v, &w->contents[i], e))
            return -1;
    return 0;
}

static int check_handshake_params(const struct verifier *v, const struct handshake *h, struct err *e)
{
    if (check_params(v, &h->body, e))
        return -1;
    for (uint32_t i = 0; i < h->n_headers; i++)
        if (check_params(v, &h->headers[i].value, e))
            return -1;
    for (uint32_t i = 0; i < h->n_checks; i++)
        if (check_params(v, &h->checks[i].left, e) || check_params(v, &h->checks[i].right, e))
            return -1;
    return 0;
}

static int check_all_params(const struct verifier *v, struct err *e)
{
    const struct provider *p = v->provider;

    for (uint32_t i = 0; i < p->n_ways; i++)
        if (check_way_params(v, &p->ways[i], e))
            return -1;
    for (uint32_t i = 0; i < p->jwt.n_claims; i++)
        if (check_params(v, &p->jwt.claims[i].value, e))
            return -1;
    for (uint32_t i = 0; i < p->n_handshakes; i++)
        if (check_handshake_params(v, &p->handshakes[i], e))
            return -1;
    return 0;
}

static void copy_params(struct verifier *v, const struct param *params, size_t n)
{
    v->params = arena_zalloc(&v->memory, (n + 1) * sizeof *v->params);
    for (size_t i = 0; i < n; i++)
        v->params[v->n_params++] = (struct param){ arena_slice(&v->memory, params[i].name),
                                                   arena_slice(&v->memory, params[i].value) };
}

static int fill_param(const struct template_part *part, struct buf *out, void *arg)
{
    buf_put(out, find_param(arg, part->arg));
    return 0;
}

/* A template over the params alone. */
static struct slice with_params(struct verifier *v, const struct template *t)
{
    struct buf text;
    struct slice out = SLICE_NONE;

    buf_init(&text, 65536);
    if (template_render(t, fill_param, v, &text) == 0)
        out = arena_slice(&v->memory, buf_slice(&text));
    buf_clear(&text);
    return out;
}

static int make_checkers(struct verifier *v, const struct secret *secrets, size_t n_secrets, struct err *e)
{
    const struct provider *p = v->provider;

    v->checkers = mem_zalloc(p->n_ways * sizeof *v->checkers);
    v->n_keys = n_secrets;
    for (uint32_t w = 0; w < p->n_ways; w++) {
        struct checker *c = &v->checkers[w];
        c->way = &p->ways[w];
        c->form = c->way->form;
        c->form.key = with_params(v, &c->way->key);
        c->keys = mem_zalloc((n_secrets + 1) * sizeof *c->keys);
    }
    v->claims = arena_zalloc(&v->memory, (p->jwt.n_claims + 1) * sizeof *v->claims);
    for (uint32_t i = 0; i < p->jwt.n_claims; i++)
        v->claims[i] = with_params(v, &p->jwt.claims[i].value);
    for (uint32_t w = 0; w < p->n_ways; w++)
        for (size_t i = 0; i < n_secrets; i++)
            if (make_key(p, &p->ways[w], &secrets[i], &v->checkers[w].keys[i], e))
                return -1;
    return 0;
}

struct verifier *verifier_new(const struct provider *p, const struct secret *secrets, size_t n_secrets,
                              const struct param *params, size_t n_params, struct err *e)
{
    struct verifier *v = mem_zalloc(sizeof *v);

    v->provider = p;
    arena_init(&v->memory);
    copy_params(v, params, n_params);
    if (check_all_params(v, e))
        goto failed;
    if (provider_needs_secret(p) && n_secrets == 0 && !provider_hands_secret(p)) {
        err_set(e, ERR_INPUT, "%.*s needs at least one secret (%.*s)", SLICE_FMT(provider_name(p)),
                SLICE_FMT(provider_secret_what(p)));
        goto failed;
    }
    if (make_checkers(v, secrets, provider_needs_secret(p) ? n_secrets : 0, e) == 0)
        return v;
failed:
    verifier_free(v);
    return NULL;
}

bool verifier_waits(const struct verifier *v)
{
    return v->n_keys == 0 && provider_needs_secret(v->provider);
}

static void key_clear(struct key *k)
{
    if (k->bytes)
        mem_wipe(k->bytes, k->len);
    free(k->bytes);
    hmac_key_free(k->hmac);
    for (int a = 0; a < JWT_NHS; a++)
        hmac_key_free(k->jwt[a]);
    for (int a = 0; a < JWT_NALGS; a++)
        public_key_free(k->public[a]);
}

void verifier_free(struct verifier *v)
{
    if (!v)
        return;
    for (uint32_t w = 0; v->checkers && w < v->provider->n_ways; w++) {
        for (size_t i = 0; i < v->n_keys; i++)
            key_clear(&v->checkers[w].keys[i]);
        free(v->checkers[w].keys);
    }
    free(v->checkers);
    arena_clear(&v->memory);
    free(v);
}
