#include "verify/verifier.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/codec.h"
#include "verify/verifier_fields.h"

static const char *const reason_names[VERIFY_NREASONS] = {
    [VERIFY_OK] = "ok",
    [VERIFY_MISSING_SIGNATURE] = "missing-signature",
    [VERIFY_MALFORMED_SIGNATURE] = "malformed-signature",
    [VERIFY_DUPLICATE_HEADER] = "duplicate-header",
    [VERIFY_MISSING_TIMESTAMP] = "missing-timestamp",
    [VERIFY_MALFORMED_TIMESTAMP] = "malformed-timestamp",
    [VERIFY_STALE] = "stale",
    [VERIFY_FUTURE] = "future",
    [VERIFY_MISSING_HEADER] = "missing-header",
    [VERIFY_MISSING_FIELD] = "missing-field",
    [VERIFY_MALFORMED_BODY] = "malformed-body",
    [VERIFY_BAD_SIGNATURE] = "bad-signature",
};

const char *verify_reason_name(enum verify_reason r)
{
    return reason_names[r];
}

struct verify_scratch *verify_scratch_new(void)
{
    struct verify_scratch *s = mem_zalloc(sizeof *s);
    s->hmac = hmac_new();
    buf_init(&s->signature, SHORT_VALUE_MAX);
    buf_init(&s->time, SHORT_VALUE_MAX);
    buf_init(&s->piece, (size_t)64 << 20);
    buf_init(&s->body, (size_t)1 << 20);
    arena_init(&s->memory);
    return s;
}

void verify_scratch_free(struct verify_scratch *s)
{
    if (!s)
        return;
    hmac_free(s->hmac);
    buf_clear(&s->signature);
    buf_clear(&s->time);
    buf_clear(&s->piece);
    buf_clear(&s->body);
    arena_clear(&s->memory);
    free(s);
}

struct content verifier_content(const struct verifier *v, struct reading *r, struct verify_scratch *s)
{
    return (struct content){
        .reading = r, .body = r->delivery->body, .params = v->params, .n_params = v->n_params, .tmp = &s->piece
    };
}

static enum verify_reason check_window(const struct provider *p, struct slice text, int64_t now_us, struct verdict *out)
{
    int64_t t, off;
    if (!p->timestamp.present || p->timestamp.tolerance_us < 0)
        return VERIFY_OK;
    if (timestamp_read(p->timestamp.format, text, &t)) {
        snprintf(out->detail, sizeof out->detail, "the time is not in the expected format");
        return VERIFY_MALFORMED_TIMESTAMP;
    }
    /* In whole seconds of our clock, as the vendors' libraries count. now is after 1970 and t after the year 0: no overflow. */
    off = now_us / US_PER_S * US_PER_S - t;
    if (off <= p->timestamp.tolerance_us && off >= -p->timestamp.tolerance_us)
        return VERIFY_OK;
    snprintf(out->detail, sizeof out->detail, "the request's time is %lld s in the %s; %lld s are allowed",
             (long long)((off < 0 ? -off : off) / US_PER_S), off < 0 ? "future" : "past",
             (long long)(p->timestamp.tolerance_us / US_PER_S));
    return off < 0 ? VERIFY_FUTURE : VERIFY_STALE;
}

static void feed_hmac(void *arg, struct slice piece)
{
    hmac_update(arg, piece);
}

size_t digest_text(enum encoding encoding, struct slice digest, char text[DIGEST_TEXT_MAX])
{
    switch (encoding) {
    case ENCODING_HEX:
        hex_encode(digest, text);
        return 2 * digest.len;
    case ENCODING_BASE64:
        return base64_encode(digest, text);
    case ENCODING_BASE64URL:
        return base64url_encode(digest, text);
    }
    return 0;
}

enum verify_reason verifier_hmac_text(const struct provider *p, const struct hmac_key *key, const struct content *c,
                                      const struct template *t, struct verify_scratch *s, char text[DIGEST_TEXT_MAX],
                                      size_t *len, const struct template_part **bad)
{
    unsigned char digest[HASH_MAX_BYTES];
    enum verify_reason reason;
    size_t n;

    hmac_start(s->hmac, key);
    reason = content_feed(c, t, feed_hmac, s->hmac, bad);
    n = hmac_end(s->hmac, digest);
    *len = reason == VERIFY_OK && n > 0 ? digest_text(p->encoding, slice_of(digest, n), text) : 0;
    return reason;
}

/* As text in the canonical encoding: decoding both sides would let other spellings of the same bytes through. */
static bool presents(const struct provider *p, const struct signatures *presented, struct slice right)
{
    bool match = false;
    for (unsigned i = 0; i < presented->count; i++) {
        struct slice got = presented->list[i];
        char lower[DIGEST_TEXT_MAX];
        if (p->hex_any_case && got.len == right.len) {
            for (size_t j = 0; j < got.len; j++)
                lower[j] = got.ptr[j] >= 'A' && got.ptr[j] <= 'F' ? (char)(got.ptr[j] + 32) : got.ptr[j];
            got.ptr = lower;
        }
        match |= slice_eq_const_time(got, right);
    }
    return match;
}

static enum verify_reason match_hmac(const struct verifier *v, const struct content *c, struct verify_scratch *s,
                                     struct verdict *out)
{
    const struct provider *p = v->provider;
    enum verify_reason worst = VERIFY_BAD_SIGNATURE;
    for (uint32_t i = 0; i < p->n_contents; i++) {
        for (size_t k = 0; k < v->n_keys; k++) {
            char text[DIGEST_TEXT_MAX];
            size_t len;
            const struct template_part *bad;
            enum verify_reason reason = verifier_hmac_text(p, v->keys[k].hmac, c, &p->contents[i], s, text, &len, &bad);
            if (reason != VERIFY_OK) {
                snprintf(out->detail, sizeof out->detail, "signed content {%.*s:%.*s} is %s", SLICE_FMT(bad->kind),
                         SLICE_FMT(slice_first(bad->arg, 100)),
                         reason == VERIFY_DUPLICATE_HEADER ? "there more than once" : "absent or unreadable");
                worst = reason;
                break;
            }
            if (len > 0 && presents(p, &s->presented, slice_of(text, len))) {
                out->secret = (int)k;
                return VERIFY_OK;
            }
        }
    }
    return worst;
}

static enum verify_reason match_token(const struct verifier *v, const struct content *c, struct verify_scratch *s,
                                      struct verdict *out)
{
    (void)c;
    for (size_t k = 0; k < v->n_keys; k++)
        for (unsigned i = 0; i < s->presented.count; i++)
            if (slice_eq_const_time(s->presented.list[i], slice_of(v->keys[k].bytes, v->keys[k].len)))
                out->secret = (int)k;
    return out->secret >= 0 ? VERIFY_OK : VERIFY_BAD_SIGNATURE;
}

/* The decoded user:password of RFC 7617. */
static enum verify_reason match_basic(const struct verifier *v, const struct content *c, struct verify_scratch *s,
                                      struct verdict *out)
{
    (void)c;
    for (unsigned i = 0; i < s->presented.count; i++) {
        struct slice text = s->presented.list[i];
        unsigned char *plain = mem_alloc(text.len / 4 * 3 + 3);
        size_t len;
        bool bad = base64_decode(text, plain, &len) != 0;
        for (size_t k = 0; k < v->n_keys && !bad; k++)
            if (slice_eq_const_time(slice_of(plain, len), slice_of(v->keys[k].bytes, v->keys[k].len)))
                out->secret = (int)k;
        mem_wipe(plain, text.len / 4 * 3 + 3);
        free(plain);
        if (bad) {
            snprintf(out->detail, sizeof out->detail, "the credentials are not base64");
            return VERIFY_MALFORMED_SIGNATURE;
        }
    }
    return out->secret >= 0 ? VERIFY_OK : VERIFY_BAD_SIGNATURE;
}

/* A scheme: what it makes of the presented signatures. */
static enum verify_reason (*const matchers[])(const struct verifier *, const struct content *, struct verify_scratch *,
                                              struct verdict *) = {
    [SCHEME_HMAC] = match_hmac,
    [SCHEME_TOKEN] = match_token,
    [SCHEME_BASIC] = match_basic,
};

static enum verify_reason check(const struct verifier *v, struct content *c, int64_t now_us, struct verify_scratch *s,
                                struct verdict *out)
{
    const struct provider *p = v->provider;
    enum verify_reason reason;

    if (p->scheme == SCHEME_NONE)
        return VERIFY_OK;
    reason = verifier_read_signatures(p, c->reading, s, out);
    if (reason == VERIFY_OK)
        reason = verifier_read_time(p, c->reading, s, &c->timestamp, out);
    if (reason == VERIFY_OK)
        reason = check_window(p, c->timestamp, now_us, out);
    if (reason == VERIFY_OK)
        reason = matchers[p->scheme](v, c, s, out);
    if (reason == VERIFY_BAD_SIGNATURE)
        snprintf(out->detail, sizeof out->detail, "none of %u presented %s matches any of %zu secret%s",
                 s->presented.count, p->scheme == SCHEME_HMAC ? "signature(s)" : "value(s)", v->n_keys,
                 v->n_keys == 1 ? "" : "s");
    return reason;
}

void verify_delivery(const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                     struct verdict *out)
{
    struct content c = verifier_content(v, r, s);

    *out = (struct verdict){ .secret = -1 };
    if (handshake_answer(v, false, &c, s, out))
        return;
    out->reason = check(v, &c, now_us, s, out);
    if (out->reason != VERIFY_OK)
        out->result = VERIFY_REJECT;
    else if (!handshake_answer(v, true, &c, s, out))
        out->result = VERIFY_ACCEPT;
}
