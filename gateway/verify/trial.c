#include "verify/trial.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "verify/form.h"

struct trial {
    const struct verifier *v;
    struct verify_scratch *s;
    struct content content;
    struct buf *out;
};

static struct slice unpadded(struct slice s)
{
    while (s.len > 0 && s.ptr[s.len - 1] == '=')
        s.len--;
    return s;
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

/* Does a presented signature mean this digest, however it is written? Then how; else NULL. */
static const char *presented_as(const struct signatures *presented, struct slice digest)
{
    char hex[DIGEST_TEXT_MAX], base64[DIGEST_TEXT_MAX];
    struct slice as_hex = slice_of(hex, digest_text(ENCODING_HEX, digest, hex));
    struct slice as_base64 = slice_of(base64, digest_text(ENCODING_BASE64, digest, base64));

    for (unsigned i = 0; i < presented->count; i++) {
        struct slice got = presented->list[i];
        if (slice_eq(got, as_hex))
            return "lower-case hex";
        if (slice_eq_nocase(got, as_hex))
            return "upper-case hex";
        if (slice_eq(got, as_base64))
            return "base64";
        if (same_base64(unpadded(got), unpadded(as_base64)))
            return slice_eq(unpadded(got), unpadded(as_base64)) ? "base64 without padding" : "base64url";
    }
    return NULL;
}

static const char *encoding_words(enum encoding encoding)
{
    static const char *const words[] = {
        [ENCODING_HEX] = "lower-case hex", [ENCODING_BASE64] = "base64", [ENCODING_BASE64URL] = "base64url"
    };
    return words[encoding];
}

static void feed(void *arg, struct slice piece)
{
    hmac_update(arg, piece);
}

static bool try_content(struct trial *t, const struct hash *hash, const struct hmac_key *key,
                        const struct template *content, const char *what)
{
    enum encoding wanted = t->v->checkers[0].way->encoding;
    unsigned char digest[HASH_MAX_BYTES];
    const struct template_part *bad;
    const char *as;

    hmac_start(t->s->hmac, key);
    if (content_feed(&t->content, content, feed, t->s->hmac, &bad) != VERIFY_OK || !hmac_end(t->s->hmac, digest))
        return false;
    as = presented_as(&t->s->presented, slice_of(digest, hash->len));
    if (!as)
        return false;
    if (what)
        buf_printf(t->out, "- It would match %s.\n", what);
    if (strcmp(as, encoding_words(wanted)) != 0)
        buf_printf(t->out, "- It is written in %s; %s is expected.\n", as, encoding_words(wanted));
    return true;
}

/* what: NULL for the request as it is. */
static bool try_key(struct trial *t, const struct hash *hash, struct slice key, const char *what)
{
    const struct way *p = t->v->checkers[0].way;
    struct hmac_key *k;
    bool match = false;
    if (key.len == 0)
        return false;
    k = hmac_key_new(hash, key);
    for (uint32_t i = 0; i < p->n_contents && !match; i++)
        match = try_content(t, hash, k, &p->contents[i], what);
    hmac_key_free(k);
    return match;
}

static struct slice key_bytes(const struct key *k)
{
    return slice_of(k->bytes, k->len);
}

static bool try_hashes(struct trial *t)
{
    char what[64];
    for (size_t k = 0; k < t->v->n_keys; k++) {
        if (try_key(t, t->v->checkers[0].way->hash, key_bytes(&t->v->checkers[0].keys[k]), NULL))
            return true;
        for (const struct hash *const *h = hash_all; *h; h++) {
            snprintf(what, sizeof what, "with the hash %s", (*h)->name);
            if (*h != t->v->checkers[0].way->hash && try_key(t, *h, key_bytes(&t->v->checkers[0].keys[k]), what))
                return true;
        }
    }
    return false;
}

static bool try_body(struct trial *t, struct slice body, const char *what)
{
    struct slice before = t->content.body;
    bool match = false;
    t->content.body = body;
    for (size_t k = 0; k < t->v->n_keys && !match; k++)
        match = try_key(t, t->v->checkers[0].way->hash, key_bytes(&t->v->checkers[0].keys[k]), what);
    t->content.body = before;
    return match;
}

/* Line ends: every CRLF as LF, or every lone LF as CRLF. */
static void put_lines(struct buf *out, struct slice body, bool crlf)
{
    for (size_t i = 0; i < body.len; i++) {
        if (body.ptr[i] == '\r' && i + 1 < body.len && body.ptr[i + 1] == '\n')
            continue;
        if (body.ptr[i] == '\n' && crlf)
            buf_putc(out, '\r');
        buf_putc(out, body.ptr[i]);
    }
}

/* JSON without white space between its tokens, as most libraries print it. */
static void put_compact(struct buf *out, struct slice body)
{
    bool in_string = false;
    for (size_t i = 0; i < body.len; i++) {
        char c = body.ptr[i];
        if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            continue;
        buf_putc(out, c);
        if (c == '"')
            in_string = !in_string;
        if (c == '\\' && in_string && i + 1 < body.len)
            buf_putc(out, body.ptr[++i]);
    }
}

static bool try_bodies(struct trial *t)
{
    struct slice body = t->content.body, field = t->v->provider->form_json_field;
    struct slice stripped = body;
    struct buf b;
    bool match;

    buf_init(&b, 2 * body.len + 16);
    while (stripped.len > 0 && (stripped.ptr[stripped.len - 1] == '\n' || stripped.ptr[stripped.len - 1] == '\r'))
        stripped.len--;
    match = stripped.len < body.len &&
            try_body(t, stripped, "without the newline at the body's end: a tool or editor added it");
    if (!match) {
        buf_put(&b, body);
        buf_putc(&b, '\n');
        match = try_body(t, buf_slice(&b), "with a newline at the body's end: something removed it");
    }
    for (int crlf = 0; crlf < 2 && !match; crlf++) {
        buf_reset(&b);
        put_lines(&b, body, crlf);
        match = try_body(t, buf_slice(&b), crlf ? "with CRLF line ends in the body: something made them LF"
                                               : "with LF line ends in the body: something made them CRLF");
    }
    if (!match) {
        buf_reset(&b);
        put_compact(&b, body);
        match = try_body(t, buf_slice(&b),
                         "with compact JSON: the body was parsed and printed again. Verify the bytes as received");
    }
    buf_reset(&b);
    if (!match && field.len && form_find(body, field, &b) > 0)
        match = try_body(t, buf_slice(&b), "over the decoded form field alone");
    buf_clear(&b);
    return match;
}

/* The secret as the user gave it, but for a prefix that was stripped. The caller wipes and frees. */
static struct slice secret_text(const struct provider *p, const struct key *k)
{
    char *text = mem_alloc(2 * k->len + 4);
    size_t len = k->len;
    if (p->decode == DECODE_UTF8)
        memcpy(text, k->bytes, k->len);
    else if (p->decode == DECODE_BASE64)
        len = base64_encode(key_bytes(k), text);
    else {
        hex_encode(key_bytes(k), text);
        len = 2 * k->len;
    }
    return slice_of(text, len);
}

static bool try_decoded(struct trial *t, struct slice text, const char *as_base64, const char *as_hex)
{
    const struct hash *hash = t->v->checkers[0].way->hash;
    unsigned char *bytes = mem_alloc(text.len + 4);
    size_t len;
    bool match = base64_decode(text, bytes, &len) == 0 && try_key(t, hash, slice_of(bytes, len), as_base64);
    if (!match && hex_decode(text, bytes) == 0)
        match = try_key(t, hash, slice_of(bytes, text.len / 2), as_hex);
    mem_wipe(bytes, text.len + 4);
    free(bytes);
    return match;
}

static bool try_prefixed(struct trial *t, struct slice text)
{
    struct slice prefix = t->v->provider->strip_prefix;
    struct buf b;
    bool match;
    if (prefix.len == 0)
        return false;
    buf_init(&b, prefix.len + text.len + 1);
    buf_put(&b, prefix);
    buf_put(&b, text);
    match = try_key(t, t->v->checkers[0].way->hash, buf_slice(&b), "with the secret as it is, prefix included, not decoded");
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

static bool try_secret(struct trial *t, const struct key *k)
{
    const struct provider *p = t->v->provider;
    struct slice text = secret_text(p, k), trimmed = trim_space(text), whsec = SLICE("whsec_");
    bool match = p->decode != DECODE_UTF8 && try_key(t, t->v->checkers[0].way->hash, text, "with the secret as it is, not decoded");

    match = match || try_prefixed(t, text);
    match = match || (trimmed.len < text.len &&
                      try_key(t, t->v->checkers[0].way->hash, trimmed, "without the white space around the secret"));
    match = match || try_decoded(t, trimmed, "with the secret base64-decoded", "with the secret hex-decoded");
    if (!match && slice_starts(trimmed, whsec)) {
        trimmed = slice_from(trimmed, whsec.len);
        match = try_key(t, t->v->checkers[0].way->hash, trimmed, "with the secret without its whsec_") ||
                try_decoded(t, trimmed, "with the secret base64-decoded after its whsec_",
                            "with the secret hex-decoded after its whsec_");
    }
    mem_wipe((char *)text.ptr, text.len);
    free((char *)text.ptr);
    return match;
}

bool trial_run(const struct verifier *v, const struct content *c, struct verify_scratch *s, struct buf *out)
{
    struct trial t = { .v = v, .s = s, .content = *c, .out = out };
    if (try_hashes(&t) || try_bodies(&t))
        return true;
    for (size_t k = 0; k < v->n_keys; k++)
        if (try_secret(&t, &v->checkers[0].keys[k]))
            return true;
    return false;
}
