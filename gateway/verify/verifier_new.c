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

static const struct {
    const char *name;
    int (*decode)(struct slice text, struct key *k);
} decoders[] = {
    [DECODE_UTF8] = { "text", decode_utf8 },
    [DECODE_BASE64] = { "base64", decode_base64 },
    [DECODE_HEX] = { "hexadecimal", decode_hex },
};

static int make_key(const struct provider *p, const struct secret *secret, struct key *k, struct err *e)
{
    struct slice text = slice_of(secret->bytes, secret->len);
    const char *wanted = decoders[p->decode].name;

    if (slice_starts(text, p->strip_prefix))
        text = slice_from(text, p->strip_prefix.len);
    if (text.len == 0)
        return err_set(e, ERR_INPUT, "secret %s is empty", secret->label);
    if (decoders[p->decode].decode(text, k))
        return err_set(e, ERR_INPUT, "secret %s is not %s, which %.*s expects%s%.*s%s", secret->label, wanted,
                       SLICE_FMT(provider_name(p)), p->strip_prefix.len ? " (after \"" : "", SLICE_FMT(p->strip_prefix),
                       p->strip_prefix.len ? "\")" : "");
    if (k->len == 0)
        return err_set(e, ERR_INPUT, "secret %s is empty", secret->label);
    if (p->scheme == SCHEME_BASIC && slice_find(slice_of(k->bytes, k->len), ':') == k->len)
        return err_set(e, ERR_INPUT, "secret %s: it has to be user:password", secret->label);
    if (p->scheme == SCHEME_HMAC)
        k->hmac = hmac_key_new(p->hash, slice_of(k->bytes, k->len));
    return 0;
}

static bool has_param(const struct verifier *v, struct slice name)
{
    for (size_t i = 0; i < v->n_params; i++)
        if (slice_eq(v->params[i].name, name) && v->params[i].value.len)
            return true;
    return false;
}

static int check_params(const struct verifier *v, const struct template *t, struct err *e)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        if (part->kind.len && part->code == CONTENT_PARAM && !has_param(v, part->arg))
            return err_set(e, ERR_INPUT, "%.*s needs params: {%.*s: …}", SLICE_FMT(provider_name(v->provider)),
                           SLICE_FMT(part->arg));
    }
    return 0;
}

static int check_all_params(const struct verifier *v, struct err *e)
{
    const struct provider *p = v->provider;
    for (uint32_t i = 0; i < p->n_contents; i++)
        if (check_params(v, &p->contents[i], e))
            return -1;
    for (uint32_t i = 0; i < p->n_handshakes; i++) {
        const struct handshake *h = &p->handshakes[i];
        if (check_params(v, &h->body, e))
            return -1;
        for (uint32_t j = 0; j < h->n_headers; j++)
            if (check_params(v, &h->headers[j].value, e))
                return -1;
    }
    return 0;
}

static void copy_params(struct verifier *v, const struct param *params, size_t n)
{
    v->params = arena_zalloc(&v->memory, (n + 1) * sizeof *v->params);
    for (size_t i = 0; i < n; i++)
        v->params[v->n_params++] = (struct param){ arena_slice(&v->memory, params[i].name),
                                                   arena_slice(&v->memory, params[i].value) };
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
    if (p->scheme == SCHEME_NONE)
        return v;
    if (n_secrets == 0) {
        err_set(e, ERR_INPUT, "%.*s needs at least one secret (%.*s)", SLICE_FMT(provider_name(p)),
                SLICE_FMT(provider_secret_what(p)));
        goto failed;
    }
    v->keys = mem_zalloc(n_secrets * sizeof *v->keys);
    for (size_t i = 0; i < n_secrets; i++) {
        v->n_keys++;
        if (make_key(p, &secrets[i], &v->keys[i], e))
            goto failed;
    }
    return v;
failed:
    verifier_free(v);
    return NULL;
}

void verifier_free(struct verifier *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->n_keys; i++) {
        if (v->keys[i].bytes)
            mem_wipe(v->keys[i].bytes, v->keys[i].len);
        free(v->keys[i].bytes);
        hmac_key_free(v->keys[i].hmac);
    }
    free(v->keys);
    arena_clear(&v->memory);
    free(v);
}
