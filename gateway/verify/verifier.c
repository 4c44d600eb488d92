#include "verify/verifier.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "verify/place.h"
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
    [VERIFY_BAD_BODY_DIGEST] = "bad-body-digest",
    [VERIFY_BAD_CLAIMS] = "bad-claims",
    [VERIFY_BAD_VERIFY_TOKEN] = "bad-verify-token",
    [VERIFY_NO_SECRET] = "no-secret",
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
    buf_init(&s->message, (size_t)128 << 20);
    buf_init(&s->decoded, SHORT_VALUE_MAX);
    buf_init(&s->body, (size_t)64 << 20);
    jwt_init(&s->token);
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
    buf_clear(&s->message);
    buf_clear(&s->decoded);
    buf_clear(&s->body);
    jwt_clear(&s->token);
    free(s->items);
    arena_clear(&s->memory);
    free(s);
}

static struct content verifier_content(const struct verifier *v, struct reading *r, struct verify_scratch *s)
{
    return (struct content){
        .reading = r,
        .body = r->delivery->body,
        .url = r->delivery->url,
        .hmac_key = v->n_keys ? v->checkers[0].keys[0].hmac : NULL,
        .hmac = s->hmac,
        .params = v->params,
        .n_params = v->n_params,
        .tmp = &s->piece,
    };
}

void check_init(struct check *c, const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                struct verdict *out)
{
    *c = (struct check){ .v = v, .content = verifier_content(v, r, s), .s = s, .now_us = now_us, .out = out };
    c->checker = &v->checkers[provider_way(v->provider, r, &s->piece) - v->provider->ways];
    c->way = c->checker->way;
}

static enum verify_reason check_window(struct check *c)
{
    const struct way *w = c->way;
    int64_t t, off;
    if (!w->timestamp.present || w->timestamp.tolerance_us < 0)
        return VERIFY_OK;
    if (timestamp_read(w->timestamp.format, c->content.timestamp, &t)) {
        snprintf(c->out->detail, sizeof c->out->detail, "the time is not in the expected format");
        return VERIFY_MALFORMED_TIMESTAMP;
    }
    /* In whole seconds of our clock, as the vendors' libraries count. now is after 1970 and t after the year 0: no overflow. */
    off = c->now_us / US_PER_S * US_PER_S - t;
    if (off <= w->timestamp.tolerance_us && off >= -w->timestamp.tolerance_us)
        return VERIFY_OK;
    snprintf(c->out->detail, sizeof c->out->detail, "the request's time is %lld s in the %s; %lld s are allowed",
             (long long)((off < 0 ? -off : off) / US_PER_S), off < 0 ? "future" : "past",
             (long long)(w->timestamp.tolerance_us / US_PER_S));
    return off < 0 ? VERIFY_FUTURE : VERIFY_STALE;
}

static enum verify_reason check_body_digest(struct check *c)
{
    const struct way *w = c->way;
    char text[DIGEST_TEXT_MAX];
    struct slice got;
    size_t n;

    if (!w->body_digest.present)
        return VERIFY_OK;
    buf_reset(&c->s->piece);
    if (place_find(&w->body_digest.place, c->content.reading, &c->s->piece, &got) != PLACE_ONE)
        got = SLICE_NONE;
    n = encoding_hash(w->body_digest.encoding, w->body_digest.hash, c->content.body, text);
    if (n > 0 && slice_starts(got, w->body_digest.prefix) &&
        slice_eq_const_time(slice_from(got, w->body_digest.prefix.len), slice_of(text, n)))
        return VERIFY_OK;
    snprintf(c->out->detail, sizeof c->out->detail, "the body's digest in %.*s is %s",
             SLICE_FMT(slice_first(w->body_digest.place.name, 100)), got.len ? "that of another body" : "absent");
    return VERIFY_BAD_BODY_DIGEST;
}

/* A scheme: what it makes of the presented signatures. */
static enum verify_reason (*const matchers[])(struct check *c) = {
    [SCHEME_HMAC] = match_digest,     [SCHEME_DIGEST] = match_digest, [SCHEME_ED25519] = match_public,
    [SCHEME_ECDSA] = match_public,    [SCHEME_RSA] = match_public,    [SCHEME_TOKEN] = match_token,
    [SCHEME_BASIC] = match_basic,     [SCHEME_JWT] = match_jwt,
};

static const char *presented_words(enum scheme scheme)
{
    return scheme == SCHEME_TOKEN || scheme == SCHEME_BASIC ? "value(s)"
           : scheme == SCHEME_JWT                           ? "token(s)"
                                                            : "signature(s)";
}

static enum verify_reason check_one(struct check *c)
{
    enum scheme scheme = c->v->provider->scheme;
    enum verify_reason reason = check_signatures(c);

    if (reason == VERIFY_OK)
        reason = check_time(c);
    if (reason == VERIFY_OK)
        reason = check_window(c);
    if (reason == VERIFY_OK && !c->way->items)
        reason = check_body_digest(c);
    if (reason == VERIFY_OK)
        reason = matchers[scheme](c);
    if (reason == VERIFY_BAD_SIGNATURE && !c->out->detail[0])
        snprintf(c->out->detail, sizeof c->out->detail, "none of %u presented %s matches any of %zu secret%s",
                 c->s->presented.count, presented_words(scheme), c->v->n_keys, c->v->n_keys == 1 ? "" : "s");
    return reason;
}

/* Every value that is signed by itself. */
static enum verify_reason check_items(struct check *c)
{
    struct reading *r = c->content.reading;
    enum verify_reason reason = VERIFY_OK;
    uint32_t *nodes = c->s->items;
    size_t n;

    if (reading_json(r)) {
        snprintf(c->out->detail, sizeof c->out->detail, "the signature cannot be read: the body is not JSON");
        return VERIFY_MALFORMED_BODY;
    }
    if (!nodes)
        nodes = c->s->items = mem_alloc(SIGNED_ITEMS_MAX * sizeof *nodes);
    n = pointer_all(c->way->items, &r->doc, 0, nodes, SIGNED_ITEMS_MAX);
    if (n == 0 || n > SIGNED_ITEMS_MAX) {
        snprintf(c->out->detail, sizeof c->out->detail, "%zu values are there to be signed", n);
        reason = n ? VERIFY_MALFORMED_BODY : VERIFY_MISSING_SIGNATURE;
    }
    if (reason == VERIFY_OK) /* once, not for each: it is of the whole body */
        reason = check_body_digest(c);
    for (size_t i = 0; i < n && reason == VERIFY_OK; i++) {
        r->item = nodes[i];
        c->out->secret = -1;
        reason = check_one(c);
    }
    r->item = 0;
    return reason;
}

static enum verify_reason check(struct check *c)
{
    if (!provider_needs_secret(c->v->provider))
        return VERIFY_OK;
    if (c->v->n_keys == 0) {
        snprintf(c->out->detail, sizeof c->out->detail, "the sender has not handed its secret over yet");
        return VERIFY_NO_SECRET;
    }
    return c->way->items ? check_items(c) : check_one(c);
}

void verify_delivery(const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                     struct verdict *out)
{
    struct check c;

    *out = (struct verdict){ .secret = -1 };
    c.content = verifier_content(v, r, s);
    if (handshake_answer(v, false, &c.content, s, out))
        return;
    check_init(&c, v, r, now_us, s, out);
    out->reason = check(&c);
    if (out->reason != VERIFY_OK)
        out->result = VERIFY_REJECT;
    else if (!handshake_answer(v, true, &c.content, s, out))
        out->result = VERIFY_ACCEPT;
}
