/* JSON Web Tokens made of any header and claims. Whatever is returned belongs to the arena. */
#ifndef TESTS_VERIFY_TOKEN_H
#define TESTS_VERIFY_TOKEN_H

#include "base/codec.h"
#include "fixture.h"
#include "verify/hmac.h"
#include "verify/public_key.h"

#define TOKEN_SECRET "a shared secret of the test"

static inline char *base64url_of(struct arena *a, struct slice bytes)
{
    char *text = arena_alloc(a, BASE64_LEN(bytes.len) + 1);

    text[base64url_encode(bytes, text)] = '\0';
    return text;
}

/* The HMAC with TOKEN_SECRET, or any other. */
static inline char *hs_of(struct arena *a, const char *hash, struct slice secret, const char *text)
{
    struct hmac_key *k = hmac_key_new(hash_find(slice_z(hash)), secret);
    struct hmac *h = hmac_new();
    unsigned char digest[HASH_MAX_BYTES];
    size_t n;

    hmac_start(h, k);
    hmac_update(h, slice_z(text));
    n = hmac_end(h, digest);
    hmac_free(h);
    hmac_key_free(k);
    return base64url_of(a, slice_of(digest, n));
}

static inline char *signed_part(struct arena *a, struct slice header, struct slice claims)
{
    char *head = base64url_of(a, header);

    return arena_printf(a, "%s.%s", head, base64url_of(a, claims));
}

/* HS256 over both, whatever the header says. */
static inline char *token_of(struct arena *a, struct slice header, struct slice claims)
{
    char *text = signed_part(a, header, claims);

    return arena_printf(a, "%s.%s", text, hs_of(a, "sha256", SLICE(TOKEN_SECRET), text));
}

#define HS256_HEADER "{\"alg\":\"HS256\"}"

static inline void token_fixture(struct fixture *f, const char *rules, const char *secret)
{
    char *why, yaml[1000];
    struct provider *p;

    snprintf(yaml, sizeof yaml,
             "scheme: jwt\nsignature: {in: header, name: Authorization, prefix: 'Bearer '}\njwt: {%s}\n", rules);
    p = provider_of(yaml, &why);
    if (!p)
        fail_msg("%s%s", yaml, why);
    free(why);
    fixture_init(f, p, secret);
    f->delivery.body = SLICE("{\"a\":1}");
    add_header_z(f, "Authorization", "");
}

static inline const struct verdict *judge_token(struct fixture *f, struct arena *a, const char *token)
{
    f->headers[0].value = slice_z(arena_printf(a, "Bearer %s", token));
    return judge(f);
}

/* With these claims: accepted, or refused for that reason. */
static inline void assert_claims(struct fixture *f, struct arena *a, const char *claims, enum verify_reason reason)
{
    const struct verdict *v = judge_token(f, a, token_of(a, SLICE(HS256_HEADER), slice_z(claims)));

    if (v->reason != reason)
        fail_msg("%s: %s, %s", claims, verify_reason_name(v->reason), v->detail);
    assert_int_equal(v->result, reason == VERIFY_OK ? VERIFY_ACCEPT : VERIFY_REJECT);
}

#endif
