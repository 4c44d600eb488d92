/* The secret as people misread it: tries for verify_explain. No line that it makes holds any of it. */
#include "verify/trial.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"

/* Tries go by the bytes, or the text, of one secret. */
struct secret_trial {
    struct trial *t;
    size_t number, of;
};

static bool try_secret(const struct secret_trial *x, struct slice key, const char *what)
{
    char numbered[160];

    if (x->of > 1) {
        snprintf(numbered, sizeof numbered, "%s (secret number %zu)", what, x->number);
        what = numbered;
    }
    return trial_signature(x->t, x->t->c->way->hash, key, what);
}

struct slice trial_secret_text(const struct provider *p, const struct key *k)
{
    struct slice bytes = slice_of(k->bytes, k->len);
    char *text = mem_alloc(2 * k->len + 8);
    size_t len = k->len;

    switch (p->decode) {
    case DECODE_BASE64:
    case DECODE_PREFIXED_BASE64:
        len = base64_encode(bytes, text);
        break;
    case DECODE_HEX:
        hex_encode(bytes, text);
        len = 2 * k->len;
        break;
    case DECODE_SHA1:
        free(text);
        return SLICE_NONE;
    default:
        memcpy(text, k->bytes, k->len);
    }
    return slice_of(text, len);
}

static bool try_decoded(const struct secret_trial *x, struct slice text, const char *as_base64, const char *as_hex)
{
    unsigned char *bytes = mem_alloc(text.len + 4);
    size_t len;
    bool match = base64_decode(text, bytes, &len) == 0 && try_secret(x, slice_of(bytes, len), as_base64);

    if (!match && hex_decode(text, bytes) == 0)
        match = try_secret(x, slice_of(bytes, text.len / 2), as_hex);
    mem_wipe(bytes, text.len + 4);
    free(bytes);
    return match;
}

static bool try_prefixed(const struct secret_trial *x, struct slice prefix, struct slice text, const char *what)
{
    struct buf b;
    bool match;

    buf_init(&b, prefix.len + text.len + 1);
    buf_put(&b, prefix);
    buf_put(&b, text);
    match = try_secret(x, buf_slice(&b), what);
    mem_wipe(b.ptr, b.len);
    buf_clear(&b);
    return match;
}

static struct slice trim_space(struct slice s)
{
    while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ')
        s.len--;
    while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ')
        s = slice_from(s, 1);
    return s;
}

/* Prefixes that some vendors put before a secret, and that only some of them count. */
static const char *const prefixes[] = { "whsec_", "v1,whsec_", "whsec-", "sha256=", NULL };

static bool try_unprefixed(const struct secret_trial *x, struct slice text)
{
    char plain[64], as_base64[96], as_hex[96];

    for (const char *const *p = prefixes; *p; p++) {
        struct slice prefix = slice_z(*p), rest = slice_from(text, prefix.len);
        if (!slice_starts(text, prefix))
            continue;
        snprintf(plain, sizeof plain, "with the secret without its %s", *p);
        snprintf(as_base64, sizeof as_base64, "with the secret base64-decoded after its %s", *p);
        snprintf(as_hex, sizeof as_hex, "with the secret hex-decoded after its %s", *p);
        return try_secret(x, rest, plain) || try_decoded(x, rest, as_base64, as_hex);
    }
    return false;
}

static bool try_one(const struct secret_trial *x, struct slice text)
{
    const struct provider *p = x->t->c->v->provider;
    struct slice trimmed = trim_space(text);

    if (p->decode != DECODE_UTF8 && try_secret(x, text, "with the secret as it is, not decoded"))
        return true;
    if (p->strip_prefix.len &&
        try_prefixed(x, p->strip_prefix, text, "with the secret as it is, prefix included, not decoded"))
        return true;
    if (trimmed.len < text.len && try_secret(x, trimmed, "without the white space around the secret"))
        return true;
    return try_decoded(x, trimmed, "with the secret base64-decoded", "with the secret hex-decoded") ||
           try_unprefixed(x, trimmed) ||
           try_prefixed(x, SLICE("whsec_"), trimmed, "with whsec_ before the secret: was it cut off?") ||
           try_prefixed(x, text, SLICE("\n"), "with a newline at the secret's end: the sender's configuration has one");
}

bool trial_secrets(struct trial *t)
{
    bool match = false;

    if (t->c->v->provider->decode == DECODE_PEM || t->c->v->provider->decode == DECODE_SPKI)
        return false; /* a key is readable in one way only */
    for (size_t k = 0; k < t->c->v->n_keys && !match; k++) {
        struct secret_trial x = { t, k + 1, t->c->v->n_keys };
        struct slice text = trial_secret_text(t->c->v->provider, &t->c->checker->keys[k]);
        match = text.len > 0 && try_one(&x, text);
        if (text.ptr) {
            mem_wipe((char *)text.ptr, text.len);
            free((char *)text.ptr);
        }
    }
    return match;
}
