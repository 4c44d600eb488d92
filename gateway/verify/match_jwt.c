/* A presented JSON Web Token against the provider's rules. */
#include "verify/verifier_fields.h"

#include <stdio.h>

#include "base/clock.h"

static enum verify_reason say(struct check *c, enum verify_reason reason, const char *what, struct slice claim)
{
    snprintf(c->out->detail, sizeof c->out->detail, "the token's claim %.*s %s", SLICE_FMT(slice_first(claim, 80)), what);
    return reason;
}

/* A copy of the member's text in the scratch's piece; SLICE_NONE when it is absent or no string. */
static struct slice claim_text(struct check *c, struct slice name)
{
    const struct json_doc *d = &c->s->token.claims;
    uint32_t node = json_member(d, 0, name);

    if (node == JSON_NONE || json_type_of(d, node) != JSON_STRING)
        return SLICE_NONE;
    buf_reset(&c->s->piece);
    return json_string(d, node, &c->s->piece);
}

static bool is_all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return true;
}

/* A NumericDate in microseconds: whole or with a fraction, which does not count. 1 when the claim is absent; -1 when it is
 * no such number. */
static int claim_time(const struct check *c, struct slice name, int64_t *us)
{
    const struct json_doc *d = &c->s->token.claims;
    uint32_t node = json_member(d, 0, name);
    struct slice whole, fraction;
    uint64_t s;

    if (node == JSON_NONE)
        return 1;
    if (json_type_of(d, node) != JSON_NUMBER)
        return -1;
    slice_cut(json_raw(d, node), '.', &whole, &fraction);
    if (slice_u64(whole, &s) || s > (uint64_t)(INT64_MAX / US_PER_S / 2))
        return -1;
    if (!is_all_digits(fraction)) /* an exponent: 1.7e9 is not one second */
        return -1;
    *us = (int64_t)s * US_PER_S;
    return 0;
}

static enum verify_reason check_validity(struct check *c)
{
    const struct jwt_rules *r = &c->v->provider->jwt;
    struct slice exp = SLICE("exp"), nbf = SLICE("nbf"), iat = SLICE("iat");
    int64_t now = c->now_us / US_PER_S * US_PER_S, t;
    int rc = claim_time(c, exp, &t);

    if (rc < 0)
        return say(c, VERIFY_BAD_CLAIMS, "is no time", exp);
    if (rc == 0 && now >= t + r->leeway_us)
        return say(c, VERIFY_STALE, "is past: it has expired", exp);
    rc = claim_time(c, nbf, &t);
    if (rc < 0)
        return say(c, VERIFY_BAD_CLAIMS, "is no time", nbf);
    if (rc == 0 && t > now + r->leeway_us)
        return say(c, VERIFY_FUTURE, "is in the future: it is not valid yet", nbf);
    if (r->max_age_us < 0)
        return VERIFY_OK;
    rc = claim_time(c, iat, &t);
    if (rc)
        return say(c, VERIFY_BAD_CLAIMS, rc > 0 ? "is absent" : "is no time", iat);
    if (now - t > r->max_age_us + r->leeway_us)
        return say(c, VERIFY_STALE, "is too old", iat);
    return t > now + r->leeway_us ? say(c, VERIFY_FUTURE, "is in the future", iat) : VERIFY_OK;
}

/* A string, or an array (aud) that holds it. */
static bool claim_is(const struct json_doc *d, uint32_t node, struct slice value)
{
    if (json_type_of(d, node) == JSON_STRING)
        return json_string_eq(d, node, value);
    if (json_type_of(d, node) != JSON_ARRAY)
        return slice_eq(json_raw(d, node), value);
    for (uint32_t i = node + 1; i < json_end(d, node); i = json_next(d, i))
        if (json_type_of(d, i) == JSON_STRING && json_string_eq(d, i, value))
            return true;
    return false;
}

static enum verify_reason check_claims(struct check *c)
{
    const struct jwt_rules *r = &c->v->provider->jwt;
    const struct json_doc *d = &c->s->token.claims;

    for (uint32_t i = 0; i < r->n_require; i++)
        if (json_member(d, 0, r->require[i]) == JSON_NONE)
            return say(c, VERIFY_BAD_CLAIMS, "is absent", r->require[i]);
    for (uint32_t i = 0; i < r->n_claims; i++) {
        uint32_t node = json_member(d, 0, r->claims[i].name);
        if (node == JSON_NONE || !claim_is(d, node, c->v->claims[i]))
            return say(c, VERIFY_BAD_CLAIMS, node == JSON_NONE ? "is absent" : "has another value", r->claims[i].name);
    }
    return VERIFY_OK;
}

static enum verify_reason check_body(struct check *c)
{
    const struct jwt_rules *r = &c->v->provider->jwt;
    char text[DIGEST_TEXT_MAX];
    struct slice got;
    size_t n;

    if (r->body_claim.len == 0)
        return VERIFY_OK;
    if (json_member(&c->s->token.claims, 0, r->body_claim) == JSON_NONE) {
        if (r->body_required == JWT_BODY_NEVER || (r->body_required == JWT_BODY_IF_BODY && c->content.body.len == 0))
            return VERIFY_OK;
        return say(c, VERIFY_BAD_BODY_DIGEST, "is absent", r->body_claim);
    }
    got = claim_text(c, r->body_claim);
    n = encoding_hash(r->body_encoding, r->body_hash, c->content.body, text);
    if (n && slice_eq_const_time(encoding_unpadded(got), encoding_unpadded(slice_of(text, n))))
        return VERIFY_OK;
    return say(c, VERIFY_BAD_BODY_DIGEST, "is the digest of another body", r->body_claim);
}

static enum verify_reason check_url(struct check *c)
{
    const struct jwt_rules *r = &c->v->provider->jwt;
    char text[DIGEST_TEXT_MAX];
    struct slice right = c->content.url, got;

    if (r->url_claim.len == 0)
        return VERIFY_OK;
    got = claim_text(c, r->url_claim);
    if (r->url_sha256)
        right = slice_of(text, encoding_hash(ENCODING_HEX, &hash_all[HASH_SHA256], right, text));
    if (got.len && slice_eq(got, right))
        return VERIFY_OK;
    return say(c, VERIFY_BAD_CLAIMS, got.len ? "is not for this URL" : "is absent", r->url_claim);
}

static bool is_signed_with(struct check *c, const struct key *key)
{
    const struct jwt *t = &c->s->token;
    unsigned char digest[HASH_MAX_BYTES];
    size_t n;

    if (t->alg >= JWT_NHS)
        return public_key_verify(key->public[t->alg], jwt_algs[t->alg].hash, t->signed_part, t->signature);
    hmac_start(c->s->hmac, key->jwt[t->alg]);
    hmac_update(c->s->hmac, t->signed_part);
    n = hmac_end(c->s->hmac, digest);
    return n > 0 && slice_eq_const_time(t->signature, slice_of(digest, n));
}

static enum verify_reason match_one(struct check *c, struct slice token)
{
    const char *wrong = jwt_read(&c->s->token, token);
    enum verify_reason reason;

    if (wrong) {
        snprintf(c->out->detail, sizeof c->out->detail, "%s", wrong);
        return VERIFY_MALFORMED_SIGNATURE;
    }
    if (c->s->token.alg == JWT_NALGS || !(c->v->provider->jwt.algs >> c->s->token.alg & 1)) {
        snprintf(c->out->detail, sizeof c->out->detail, "the token's algorithm is not one that is accepted");
        return VERIFY_BAD_SIGNATURE;
    }
    for (size_t k = 0; k < c->v->n_keys && c->out->secret < 0; k++)
        if (is_signed_with(c, &c->checker->keys[k]))
            c->out->secret = (int)k;
    if (c->out->secret < 0)
        return VERIFY_BAD_SIGNATURE;
    reason = check_validity(c);
    if (reason == VERIFY_OK)
        reason = check_claims(c);
    if (reason == VERIFY_OK)
        reason = check_body(c);
    if (reason == VERIFY_OK)
        reason = check_url(c);
    return reason;
}

enum verify_reason match_jwt(struct check *c)
{
    if (c->s->presented.count > 1) {
        snprintf(c->out->detail, sizeof c->out->detail, "more than one token is presented");
        return VERIFY_MALFORMED_SIGNATURE;
    }
    return match_one(c, c->s->presented.list[0]);
}
