/* What is presented against what a shared secret makes of the content. */
#include "verify/verifier_fields.h"

#include <stdio.h>
#include <stdlib.h>

/* Equal in constant time; hex may be in upper case where the way says so. */
static bool digest_text_eq(const struct way *w, struct slice got, struct slice right)
{
    char lower[DIGEST_TEXT_MAX];

    if (w->hex_any_case && got.len == right.len) {
        for (size_t j = 0; j < got.len; j++)
            lower[j] = got.ptr[j] >= 'A' && got.ptr[j] <= 'F' ? (char)(got.ptr[j] + 32) : got.ptr[j];
        got.ptr = lower;
    }
    return slice_eq_const_time(got, right);
}

static void feed(void *arg, struct slice piece)
{
    hmac_update(arg, piece);
}

enum verify_reason check_digest_text(struct check *c, const struct key *key, const struct template *t,
                                     char text[DIGEST_TEXT_MAX], size_t *len, const struct template_part **bad)
{
    unsigned char digest[HASH_MAX_BYTES];
    enum verify_reason reason;
    size_t n;

    c->content.secret = slice_of(key->bytes, key->len);
    if (key->hmac)
        hmac_start(c->s->hmac, key->hmac);
    else
        hmac_start_hash(c->s->hmac, c->way->hash);
    reason = content_feed(&c->content, t, feed, c->s->hmac, bad);
    n = hmac_end(c->s->hmac, digest);
    *len = reason == VERIFY_OK && n > 0 ? encoding_encode(c->way->encoding, slice_of(digest, n), text) : 0;
    return reason;
}

static enum verify_reason blame_content(struct verdict *out, enum verify_reason reason, const struct template_part *bad)
{
    snprintf(out->detail, sizeof out->detail, "signed content {%.*s:%.*s} is %s", SLICE_FMT(bad->kind),
             SLICE_FMT(slice_first(bad->arg, 100)),
             reason == VERIFY_DUPLICATE_HEADER ? "there more than once" : "absent or unreadable");
    return reason;
}

/* As text in the canonical encoding: decoding both sides would let other spellings of the same bytes through. */
static bool presents(const struct check *c, struct slice right)
{
    const struct signatures *presented = &c->s->presented;
    bool match = false;

    for (unsigned i = 0; i < presented->count; i++)
        match |= digest_text_eq(c->way, presented->list[i], right);
    return match;
}

enum verify_reason match_digest(struct check *c)
{
    enum verify_reason worst = VERIFY_BAD_SIGNATURE;

    for (uint32_t i = 0; i < c->way->n_contents; i++) {
        for (size_t k = 0; k < c->v->n_keys; k++) {
            char text[DIGEST_TEXT_MAX];
            size_t len;
            const struct template_part *bad;
            enum verify_reason reason =
                check_digest_text(c, &c->checker->keys[k], &c->way->contents[i], text, &len, &bad);
            if (reason != VERIFY_OK) {
                worst = blame_content(c->out, reason, bad);
                break;
            }
            if (len > 0 && presents(c, slice_of(text, len))) {
                c->out->secret = (int)k;
                return VERIFY_OK;
            }
        }
    }
    return worst;
}

enum verify_reason match_token(struct check *c)
{
    for (size_t k = 0; k < c->v->n_keys; k++)
        for (unsigned i = 0; i < c->s->presented.count; i++)
            if (slice_eq_const_time(c->s->presented.list[i],
                                    slice_of(c->checker->keys[k].bytes, c->checker->keys[k].len)))
                c->out->secret = (int)k;
    return c->out->secret >= 0 ? VERIFY_OK : VERIFY_BAD_SIGNATURE;
}

/* The decoded user:password of RFC 7617. */
enum verify_reason match_basic(struct check *c)
{
    for (unsigned i = 0; i < c->s->presented.count; i++) {
        struct buf *plain = &c->s->decoded;
        buf_reset(plain);
        int len = encoding_decode(ENCODING_BASE64, c->s->presented.list[i], plain);
        for (size_t k = 0; k < c->v->n_keys && len >= 0; k++)
            if (slice_eq_const_time(buf_slice(plain), slice_of(c->checker->keys[k].bytes, c->checker->keys[k].len)))
                c->out->secret = (int)k;
        if (plain->len)
            mem_wipe(plain->ptr, plain->len);
        if (len < 0) {
            snprintf(c->out->detail, sizeof c->out->detail, "the credentials are not base64");
            return VERIFY_MALFORMED_SIGNATURE;
        }
    }
    return c->out->secret >= 0 ? VERIFY_OK : VERIFY_BAD_SIGNATURE;
}

static void gather(void *arg, struct slice piece)
{
    buf_put(arg, piece);
}

enum verify_reason check_message(struct check *c, const struct template *t, struct slice *message,
                                 const struct template_part **bad)
{
    enum verify_reason reason;

    if (t->count == 1 && t->parts[0].kind.len && t->parts[0].code == CONTENT_BODY) {
        *message = c->content.body;
        return VERIFY_OK;
    }
    buf_reset(&c->s->message);
    reason = content_feed(&c->content, t, gather, &c->s->message, bad);
    *message = buf_slice(&c->s->message);
    if (reason == VERIFY_OK && c->s->message.failed) {
        *bad = &t->parts[0];
        return VERIFY_MALFORMED_BODY;
    }
    return reason;
}

/* Decodes the presented signatures, strictly, one after the other behind each other; their ends. */
static enum verify_reason decode_presented(struct check *c, size_t ends[PUBLIC_TRIES_MAX])
{
    const struct signatures *p = &c->s->presented;

    buf_reset(&c->s->decoded);
    if (p->count > PUBLIC_TRIES_MAX) {
        snprintf(c->out->detail, sizeof c->out->detail, "%u signatures are presented; %d are tried", p->count,
                 PUBLIC_TRIES_MAX);
        return VERIFY_MALFORMED_SIGNATURE;
    }
    for (unsigned i = 0; i < p->count; i++) {
        int len = encoding_decode(c->way->encoding, p->list[i], &c->s->decoded);
        bool ed25519 = c->v->provider->scheme == SCHEME_ED25519;
        if (len < 0 || (ed25519 && len != 64)) {
            snprintf(c->out->detail, sizeof c->out->detail, "the signature is not %s%s",
                     len < 0 ? "in the expected encoding" : "of 64 bytes", len < 0 ? " (see encoding)" : "");
            return VERIFY_MALFORMED_SIGNATURE;
        }
        ends[i] = c->s->decoded.len;
    }
    return VERIFY_OK;
}

static bool try_keys(struct check *c, struct slice message, const size_t ends[PUBLIC_TRIES_MAX])
{
    for (size_t k = 0; k < c->v->n_keys; k++) {
        for (unsigned i = 0; i < c->s->presented.count; i++) {
            size_t from = i ? ends[i - 1] : 0;
            struct slice signature = slice_of(c->s->decoded.ptr + from, ends[i] - from);
            if (public_key_verify(c->checker->keys[k].public[0], c->way->hash, message, signature)) {
                c->out->secret = (int)k;
                return true;
            }
        }
    }
    return false;
}

enum verify_reason match_public(struct check *c)
{
    size_t ends[PUBLIC_TRIES_MAX];
    enum verify_reason worst = VERIFY_BAD_SIGNATURE, reason = decode_presented(c, ends);

    if (reason != VERIFY_OK)
        return reason;
    for (uint32_t i = 0; i < c->way->n_contents; i++) {
        const struct template_part *bad;
        struct slice message;
        reason = check_message(c, &c->way->contents[i], &message, &bad);
        if (reason != VERIFY_OK)
            worst = blame_content(c->out, reason, bad);
        else if (try_keys(c, message, ends))
            return VERIFY_OK;
    }
    return worst;
}
