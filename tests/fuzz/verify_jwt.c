/* libFuzzer: tokens as strangers send them, and claims that are rightly signed. What is read is an object in both parts, in
 * the one spelling that the token has; nobody without the secret is accepted; claims may be anything. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/codec.h"
#include "verify/hmac.h"
#include "verify/jwt.h"
#include "verify/verifier.h"

#define SECRET "a secret that no input holds"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static bool within(struct slice part, struct slice whole)
{
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

/* The signature, encoded again, is what stands behind the signed part. */
static void fuzz_reading(struct slice token)
{
    static struct jwt t;
    static bool ready;
    struct buf text;
    char *to;

    if (!ready)
        jwt_init(&t);
    ready = true;
    if (jwt_read(&t, token))
        return;
    require(within(t.signed_part, token), "the signed part is not of the token");
    require(json_type_of(&t.header, 0) == JSON_OBJECT && json_type_of(&t.claims, 0) == JSON_OBJECT, "no objects");
    require(t.alg <= JWT_NALGS, "an algorithm out of range");
    buf_init(&text, 1 << 20);
    buf_put(&text, t.signed_part);
    buf_putc(&text, '.');
    to = buf_room(&text, BASE64_LEN(t.signature.len) + 1);
    text.len += base64url_encode(t.signature, to);
    require(slice_eq(buf_slice(&text), token), "another spelling of the signature");
    buf_clear(&text);
}

static struct provider *rules(void)
{
    static const char yaml[] = "scheme: jwt\nsignature: {in: header, name: T}\n"
                               "jwt: {algs: [HS256, HS512], claims: {iss: a, aud: b}, require: [jti], leeway_s: 5, max_age_s: 300,"
                               " body_claim: body, body_hash: sha256, body_claim_required: never, url_claim: url}\n";
    struct issues is;
    struct tree t;
    struct provider *p = NULL;

    issues_init(&is);
    if (tree_read(&t, "rules", NULL, slice_z(yaml), &is) == 0) {
        p = provider_load(&t, 0, &is);
        tree_clear(&t);
    }
    issues_clear(&is);
    require(p != NULL, "the rules");
    return p;
}

static const struct verdict *judge(struct slice token)
{
    static struct verifier *v;
    static struct verify_scratch *s;
    static struct reading r;
    static struct verdict out;
    struct secret secret = { (char *)SECRET, sizeof SECRET - 1, (char *)"fuzz" };
    struct header header = { SLICE("T"), token };
    struct delivery d = { .method = SLICE("POST"), .url = SLICE("https://a.example/"), .headers = &header, .n_headers = 1 };
    struct err e;

    if (!v) {
        v = verifier_new(rules(), &secret, 1, NULL, 0, &e);
        s = verify_scratch_new();
        reading_init(&r);
        require(v != NULL, "the verifier");
    }
    reading_start(&r, &d, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    verify_delivery(v, &r, INT64_C(1700000000) * US_PER_S, s, &out);
    return &out;
}

static void put_encoded(struct buf *out, struct slice bytes)
{
    char *to = buf_room(out, BASE64_LEN(bytes.len) + 1);

    if (to)
        out->len += base64url_encode(bytes, to);
}

/* Signed by the one who knows the secret: whatever the claims are, it is never the signature that is wrong. */
static void fuzz_claims(struct slice claims)
{
    struct hmac_key *key = hmac_key_new(hash_find(SLICE("sha256")), SLICE(SECRET));
    struct hmac *h = hmac_new();
    unsigned char digest[HASH_MAX_BYTES];
    struct buf token;

    buf_init(&token, 1 << 20);
    put_encoded(&token, SLICE("{\"alg\":\"HS256\"}"));
    buf_putc(&token, '.');
    put_encoded(&token, claims);
    hmac_start(h, key);
    hmac_update(h, buf_slice(&token));
    size_t n = hmac_end(h, digest);
    buf_putc(&token, '.');
    put_encoded(&token, slice_of(digest, n));
    require(judge(buf_slice(&token))->reason != VERIFY_BAD_SIGNATURE, "a right signature is wrong");
    hmac_free(h);
    hmac_key_free(key);
    buf_clear(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data + (size > 0), size - (size > 0));

    if (size == 0 || size > 20000)
        return 0;
    if (data[0] & 1) {
        fuzz_claims(text);
        return 0;
    }
    fuzz_reading(text);
    require(judge(text)->result == VERIFY_REJECT, "accepted without the secret");
    return 0;
}
