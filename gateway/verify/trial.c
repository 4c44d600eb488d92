#include "verify/trial.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"

static struct slice key_bytes(const struct key *k)
{
    return slice_of(k->bytes, k->len);
}

void trial_say(struct trial *t, const char *what)
{
    if (what)
        buf_printf(t->out, "- It would match %s.\n", what);
}

static const char *const encoding_words[] = {
    [ENCODING_HEX] = "lower-case hex", [ENCODING_BASE64] = "base64", [ENCODING_BASE64URL] = "base64url"
};

static void say_encoding(struct trial *t, const char *as)
{
    const char *wanted = encoding_words[t->c->way->encoding];
    if (strcmp(as, wanted) != 0)
        buf_printf(t->out, "- It is written in %s; %s is expected.\n", as, wanted);
}

/* Equal but for '+' and '/', '-' and '_'. */
static bool same_base64(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        char x = a.ptr[i] == '-' ? '+' : a.ptr[i] == '_' ? '/' : a.ptr[i];
        char y = b.ptr[i] == '-' ? '+' : b.ptr[i] == '_' ? '/' : b.ptr[i];
        if (x != y)
            return false;
    }
    return true;
}

/* Does the text mean this digest, however it is written? Then how; else NULL. */
static const char *written_as(struct slice got, struct slice digest)
{
    char hex[DIGEST_TEXT_MAX], base64[DIGEST_TEXT_MAX];
    struct slice as_hex = slice_of(hex, encoding_encode(ENCODING_HEX, digest, hex));
    struct slice as_base64 = slice_of(base64, encoding_encode(ENCODING_BASE64, digest, base64));

    if (slice_eq(got, as_hex))
        return encoding_words[ENCODING_HEX];
    if (slice_eq_nocase(got, as_hex))
        return "upper-case hex";
    if (slice_eq(got, as_base64))
        return encoding_words[ENCODING_BASE64];
    if (!same_base64(encoding_unpadded(got), encoding_unpadded(as_base64)))
        return NULL;
    return slice_eq(encoding_unpadded(got), encoding_unpadded(as_base64)) ? "base64 without padding" : encoding_words[ENCODING_BASE64URL];
}

static void feed_hash(void *arg, struct slice piece)
{
    hmac_update(arg, piece);
}

/* The HMAC's or the plain hash's bytes; 0 when the content cannot be put together. */
static size_t digest_of(struct trial *t, const struct hash *hash, struct slice key, const struct template *content,
                        unsigned char digest[HASH_MAX_BYTES])
{
    struct slice secret = t->c->content.secret;
    struct hmac_key *k = NULL;
    const struct template_part *bad;
    bool ok;
    size_t n;

    if (t->c->v->provider->scheme == SCHEME_DIGEST) {
        hmac_start_hash(t->c->s->hmac, hash);
        t->c->content.secret = key;
    } else {
        k = hmac_key_new(hash, key);
        hmac_start(t->c->s->hmac, k);
    }
    ok = content_feed(&t->c->content, content, feed_hash, t->c->s->hmac, &bad) == VERIFY_OK;
    n = hmac_end(t->c->s->hmac, digest);
    hmac_key_free(k);
    t->c->content.secret = secret;
    return ok ? n : 0;
}

static bool try_digest(struct trial *t, const struct hash *hash, struct slice key, const char *what)
{
    unsigned char digest[HASH_MAX_BYTES];

    for (uint32_t i = 0; i < t->c->way->n_contents; i++) {
        size_t n = digest_of(t, hash, key, &t->c->way->contents[i], digest);
        for (unsigned j = 0; n > 0 && j < t->c->s->presented.count; j++) {
            const char *as = written_as(t->c->s->presented.list[j], slice_of(digest, n));
            if (!as)
                continue;
            trial_say(t, what);
            say_encoding(t, as);
            return true;
        }
    }
    return false;
}

/* The kinds of signature that a scheme's keys can make: its own first. */
static const struct {
    int count;
    struct { enum public_kind kind; const char *words; } kinds[2];
} public_schemes[] = {
    [SCHEME_ED25519] = { 1, { { PUBLIC_ED25519, NULL } } },
    [SCHEME_ECDSA] = { 2, { { PUBLIC_ECDSA, NULL },
                            { PUBLIC_ECDSA_RAW, "- The signature is r and s side by side (64 bytes); DER is expected.\n" } } },
    [SCHEME_RSA] = { 2, { { PUBLIC_RSA, NULL }, { PUBLIC_RSA_PSS, "- It has PSS padding; PKCS #1 v1.5 is expected.\n" } } },
};

static void feed_buf(void *arg, struct slice piece)
{
    buf_put(arg, piece);
}

/* The text decoded in any way that it can be: the number of bytes, 0 when in none. *as: how. */
static size_t decoded(struct slice text, int way, unsigned char *out, const char **as)
{
    size_t len = 0;

    *as = encoding_words[way];
    if (way == ENCODING_HEX && text.len % 2 == 0 && hex_decode(text, out) == 0)
        return text.len / 2;
    if (way == ENCODING_BASE64 && base64_decode(text, out, &len) == 0)
        return len;
    return way == ENCODING_BASE64URL && base64url_decode(encoding_unpadded(text), out, &len) == 0 ? len : 0;
}

static bool try_presented(struct trial *t, const struct public_key *k, const struct hash *hash, struct slice message,
                          const char **as)
{
    for (unsigned i = 0; i < t->c->s->presented.count; i++) {
        struct slice text = t->c->s->presented.list[i];
        unsigned char *bytes = mem_alloc(text.len + 4);
        bool match = false;
        for (int way = ENCODING_HEX; way <= ENCODING_BASE64URL && !match; way++) {
            size_t n = decoded(text, way, bytes, as);
            match = n > 0 && public_key_verify(k, hash, message, slice_of(bytes, n));
        }
        free(bytes);
        if (match)
            return true;
    }
    return false;
}

static bool try_public(struct trial *t, const struct hash *hash, struct slice key, const char *what)
{
    enum scheme scheme = t->c->v->provider->scheme;
    struct buf message;
    bool match = false;

    buf_init(&message, (size_t)128 << 20);
    for (int i = 0; i < public_schemes[scheme].count && !match; i++) {
        struct err ignored;
        struct public_key *k = public_key_new(public_schemes[scheme].kinds[i].kind, key, &ignored);
        for (uint32_t j = 0; k && j < t->c->way->n_contents && !match; j++) {
            const struct template_part *bad;
            const char *as;
            buf_reset(&message);
            if (content_feed(&t->c->content, &t->c->way->contents[j], feed_buf, &message, &bad) != VERIFY_OK || message.failed)
                continue;
            match = try_presented(t, k, hash, buf_slice(&message), &as);
            if (!match)
                continue;
            trial_say(t, what);
            say_encoding(t, as);
            buf_puts(t->out, public_schemes[scheme].kinds[i].words ? public_schemes[scheme].kinds[i].words : "");
        }
        public_key_free(k);
    }
    buf_clear(&message);
    return match;
}

static bool try_token(struct trial *t, struct slice key, const char *what)
{
    const struct jwt_alg_info *alg = &jwt_algs[t->token->alg];
    unsigned char mac[HASH_MAX_BYTES];
    bool match;

    if (t->token->alg < JWT_NHS) {
        struct hmac_key *k = hmac_key_new(alg->hash, key);
        hmac_start(t->c->s->hmac, k);
        hmac_update(t->c->s->hmac, t->token->signed_part);
        size_t n = hmac_end(t->c->s->hmac, mac);
        match = n > 0 && slice_eq(slice_of(mac, n), t->token->signature);
        hmac_key_free(k);
    } else {
        struct err ignored;
        struct public_key *k = public_key_new(alg->kind, key, &ignored);
        match = k && public_key_verify(k, alg->hash, t->token->signed_part, t->token->signature);
        public_key_free(k);
    }
    if (match)
        trial_say(t, what);
    return match;
}

bool trial_signature(struct trial *t, const struct hash *hash, struct slice key, const char *what)
{
    if (key.len == 0)
        return false;
    switch (t->c->v->provider->scheme) {
    case SCHEME_HMAC:
    case SCHEME_DIGEST:
        return try_digest(t, hash, key, what);
    case SCHEME_ED25519:
    case SCHEME_ECDSA:
    case SCHEME_RSA:
        return try_public(t, hash, key, what);
    case SCHEME_JWT:
        return t->token && t->token->alg != JWT_NALGS && try_token(t, key, what);
    default:
        return false;
    }
}

bool trial_keys(struct trial *t, const char *what)
{
    char numbered[1400];

    for (size_t k = 0; k < t->c->v->n_keys; k++) {
        const char *words = what;
        if (what && t->c->v->n_keys > 1) {
            snprintf(numbered, sizeof numbered, "%s (secret number %zu)", what, k + 1);
            words = numbered;
        }
        if (trial_signature(t, t->c->way->hash, key_bytes(&t->c->checker->keys[k]), words))
            return true;
    }
    return false;
}

static bool try_hashes(struct trial *t)
{
    char what[64];

    for (const struct hash *h = hash_all; h < hash_all + HASH_N && t->c->way->hash; h++) {
        snprintf(what, sizeof what, "with the hash %s", h->name);
        for (size_t k = 0; k < t->c->v->n_keys && h != t->c->way->hash; k++)
            if (trial_signature(t, h, key_bytes(&t->c->checker->keys[k]), what))
                return true;
    }
    return false;
}

bool trial_run(struct trial *t)
{
    if (t->c->v->provider->scheme == SCHEME_JWT)
        return trial_secrets(t);
    return trial_keys(t, NULL) || try_hashes(t) || trial_bodies(t, trial_keys) || trial_urls(t, trial_keys) ||
           trial_secrets(t);
}
