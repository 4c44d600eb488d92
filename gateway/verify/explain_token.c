/* Why a JSON Web Token is refused. It is never shown, and of its claims only the names. */
#include "verify/explain.h"

#include "base/clock.h"
#include "verify/trial.h"

/* The presented token, taken apart once more; NULL when it cannot be. */
static const struct jwt *read_token(struct explanation *x)
{
    if (x->c.s->presented.count != 1 || jwt_read(&x->c.s->token, x->c.s->presented.list[0]))
        return NULL;
    return &x->c.s->token;
}

static void put_time(struct explanation *x, const struct jwt *t, const char *name)
{
    char then[CLOCK_TEXT_LEN], now[CLOCK_TEXT_LEN];
    uint32_t node = json_member(&t->claims, 0, slice_z(name));
    int64_t s, off;

    if (node == JSON_NONE || json_int64(&t->claims, node, &s) || s < 0 || s > INT64_C(253402300799))
        return;
    off = x->c.now_us / US_PER_S - s;
    clock_text(s * US_PER_S, then);
    clock_text(x->c.now_us, now);
    buf_printf(x->out, "- %s is %s; now it is %s: ", name, then, now);
    explain_put_duration(x->out, off < 0 ? -off : off);
    buf_puts(x->out, off < 0 ? " ahead.\n" : " ago.\n");
}

void explain_token_clock(struct explanation *x)
{
    const struct jwt_rules *r = &x->c.v->provider->jwt;
    const struct jwt *t = read_token(x);

    if (!t)
        return;
    put_time(x, t, "exp");
    put_time(x, t, "nbf");
    put_time(x, t, "iat");
    buf_printf(x->out, "- Allowed is a clock that is %lld s off", (long long)(r->leeway_us / US_PER_S));
    if (r->max_age_us >= 0)
        buf_printf(x->out, ", and an iat of up to %lld s ago", (long long)(r->max_age_us / US_PER_S));
    buf_puts(x->out, ". A stored request can be judged by its own time: --now.\n");
}

/* The claims are checked one after the other, the body's before the URL's. */
static bool body_fits(struct trial *t, const char *what)
{
    if (match_jwt(t->c) == VERIFY_BAD_BODY_DIGEST)
        return false;
    trial_say(t, what);
    return true;
}

static bool url_fits(struct trial *t, const char *what)
{
    if (match_jwt(t->c) != VERIFY_OK)
        return false;
    trial_say(t, what);
    return true;
}

void explain_token_body(struct explanation *x)
{
    struct trial t = { .c = &x->c, .out = x->out };
    const struct jwt *token = read_token(x);
    struct slice claim = x->c.v->provider->jwt.body_claim;

    if (!token)
        return;
    if (json_member(&token->claims, 0, claim) == JSON_NONE)
        buf_printf(x->out, "- The claim %.*s has to hold the digest of the body.\n", SLICE_FMT(claim));
    else if (!trial_bodies(&t, body_fits))
        buf_puts(x->out, "- The body was changed on the way (compare its length with Content-Length).\n");
}

void explain_claims(struct explanation *x)
{
    struct trial t = { .c = &x->c, .out = x->out };
    const struct jwt *token = read_token(x);
    const char *comma = "- The token has the claims ";

    for (uint32_t k = 1; token && k < json_end(&token->claims, 0); k = json_next(&token->claims, k + 1), comma = ", ") {
        buf_puts(x->out, comma);
        explain_put_shown(x->out, json_inner(&token->claims, k), 40);
    }
    if (*comma == ',')
        buf_puts(x->out, ".\n");
    for (uint32_t i = 0; i < x->c.v->provider->jwt.n_claims; i++) {
        const struct named_template *claim = &x->c.v->provider->jwt.claims[i];
        buf_printf(x->out, "- Expected is %.*s = ", SLICE_FMT(claim->name));
        for (uint32_t j = 0; j < claim->value.count; j++) {
            const struct template_part *part = &claim->value.parts[j];
            if (part->kind.len)
                buf_printf(x->out, "<param %.*s>", SLICE_FMT(part->arg));
            else
                buf_put(x->out, part->literal);
        }
        buf_puts(x->out, ".\n");
    }
    if (x->c.v->provider->jwt.url_claim.len && !trial_urls(&t, url_fits))
        buf_printf(x->out, "- The claim %.*s has to be the URL as the sender has it: is --url exactly that?\n",
                   SLICE_FMT(x->c.v->provider->jwt.url_claim));
}

/* Is it one of those that are accepted? If not, says so. */
static bool put_algorithms(struct explanation *x, const struct jwt *t)
{
    unsigned algs = x->c.v->provider->jwt.algs;
    const char *comma = "";

    if (t->alg != JWT_NALGS && (algs >> t->alg & 1))
        return true;
    buf_printf(x->out, "- The token is signed with %s; accepted are ",
               t->alg == JWT_NALGS ? "an algorithm that webhooks are never signed with" : jwt_algs[t->alg].name);
    for (int a = 0; a < JWT_NALGS; a++) {
        if (!(algs >> a & 1))
            continue;
        buf_printf(x->out, "%s%s", comma, jwt_algs[a].name);
        comma = ", ";
    }
    buf_puts(x->out, ".\n");
    return false;
}

void explain_token_signature(struct explanation *x)
{
    const struct jwt *token = read_token(x);
    struct trial t = { .c = &x->c, .token = token, .out = x->out };
    unsigned algs = x->c.v->provider->jwt.algs;

    if (!token)
        return;
    if (!put_algorithms(x, token)) {
        if (token->alg != JWT_NALGS && (token->alg < JWT_NHS) == ((algs & ((1u << JWT_NHS) - 1)) != 0))
            trial_keys(&t, "if its algorithm were accepted");
        return;
    }
    if (!trial_run(&t))
        buf_puts(x->out, token->alg < JWT_NHS
                             ? "- Also tried without success: the secret decoded and not decoded. So it is another secret.\n"
                             : "- So it is another key.\n");
}
