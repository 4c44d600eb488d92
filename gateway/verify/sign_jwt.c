#include "verify/signing.h"

#include "base/clock.h"
#include "base/id.h"

#define LIFETIME_S 300

static void put_text_member(struct buf *out, struct slice name, struct slice value)
{
    buf_puts(out, ",");
    json_quote(out, name);
    buf_puts(out, ":");
    json_quote(out, value);
}

static bool is_standard(struct slice name)
{
    return slice_eq(name, SLICE("exp")) || slice_eq(name, SLICE("iat")) || slice_eq(name, SLICE("nbf"));
}

static bool is_given(const struct jwt_rules *r, struct slice name)
{
    for (uint32_t i = 0; i < r->n_claims; i++)
        if (slice_eq(r->claims[i].name, name))
            return true;
    return is_standard(name) || slice_eq(name, r->body_claim) || slice_eq(name, r->url_claim);
}

/* Claims that only have to be there. */
static void put_required(const struct jwt_rules *r, struct buf *out)
{
    for (uint32_t i = 0; i < r->n_require; i++) {
        char text[ID_TEXT_LEN + 1];
        if (is_given(r, r->require[i]))
            continue;
        id_text(id_new(), text);
        put_text_member(out, r->require[i], slice_z(text));
    }
}

static void put_digest(const struct hash *h, enum encoding encoding, struct slice of, struct slice name, struct buf *out)
{
    char text[DIGEST_TEXT_MAX];

    put_text_member(out, name, slice_of(text, encoding_hash(encoding, h, of, text)));
}

static void put_claims(struct signing *g, struct buf *out)
{
    const struct jwt_rules *r = &g->p->jwt;
    const struct content *c = &g->check.content;
    long long now = (long long)(g->check.now_us / US_PER_S);

    buf_printf(out, "{\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld", now, now, now + LIFETIME_S);
    for (uint32_t i = 0; i < r->n_claims; i++)
        put_text_member(out, r->claims[i].name, g->check.v->claims[i]);
    put_required(r, out);
    if (r->body_claim.len && (c->body.len || r->body_required == JWT_BODY_ALWAYS))
        put_digest(r->body_hash, r->body_encoding, c->body, r->body_claim, out);
    if (r->url_claim.len && r->url_sha256)
        put_digest(&hash_all[HASH_SHA256], ENCODING_HEX, c->url, r->url_claim, out);
    else if (r->url_claim.len)
        put_text_member(out, r->url_claim, c->url);
    buf_putc(out, '}');
}

static size_t sign(struct signing *g, enum jwt_alg alg, struct slice text, unsigned char *out)
{
    const struct key *k = &g->check.checker->keys[0];

    if (alg >= JWT_NHS)
        return public_key_sign(k->public[alg], jwt_algs[alg].hash, text, out);
    hmac_start(g->check.s->hmac, k->jwt[alg]);
    hmac_update(g->check.s->hmac, text);
    return hmac_end(g->check.s->hmac, out);
}

int signing_put_token(struct signing *g, struct buf *out, struct err *e)
{
    unsigned char signature[PUBLIC_SIGNATURE_MAX];
    enum jwt_alg alg = JWT_HS256;
    struct buf part;
    size_t n;

    while (!(g->p->jwt.algs >> alg & 1)) /* the first that is accepted; the schema wants one */
        alg++;
    buf_init(&part, SHORT_VALUE_MAX);
    buf_printf(&part, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", jwt_algs[alg].name);
    encoding_put(ENCODING_BASE64URL, buf_slice(&part), out);
    buf_putc(out, '.');
    buf_reset(&part);
    put_claims(g, &part);
    encoding_put(ENCODING_BASE64URL, buf_slice(&part), out);
    buf_clear(&part);
    n = sign(g, alg, buf_slice(out), signature);
    if (n == 0)
        return err_set(e, ERR_INPUT, "cannot sign: the secret is the sender's public key; to try it out give a private key of your "
                                       "own in PEM, to the source too");
    buf_putc(out, '.');
    encoding_put(ENCODING_BASE64URL, slice_of(signature, n), out);
    return 0;
}
