#include "verify/jwt.h"

#include "base/codec.h"

#define TOKEN_MAX 65536 /* bytes */

const struct jwt_alg_info jwt_algs[JWT_NALGS] = {
    [JWT_HS256] = { "HS256", &hash_all[HASH_SHA256], PUBLIC_ED25519 },
    [JWT_HS384] = { "HS384", &hash_all[HASH_SHA384], PUBLIC_ED25519 },
    [JWT_HS512] = { "HS512", &hash_all[HASH_SHA512], PUBLIC_ED25519 },
    [JWT_RS256] = { "RS256", &hash_all[HASH_SHA256], PUBLIC_RSA },
    [JWT_PS256] = { "PS256", &hash_all[HASH_SHA256], PUBLIC_RSA_PSS },
    [JWT_ES256] = { "ES256", &hash_all[HASH_SHA256], PUBLIC_ECDSA_RAW },
    [JWT_EDDSA] = { "EdDSA", NULL, PUBLIC_ED25519 },
};

static const struct json_limits limits = { .max_depth = 16, .max_nodes = 10000 };

void jwt_init(struct jwt *t)
{
    memset(t, 0, sizeof *t);
    json_doc_init(&t->claims);
    json_doc_init(&t->header);
    buf_init(&t->text, TOKEN_MAX + 64);
}

void jwt_clear(struct jwt *t)
{
    json_doc_clear(&t->claims);
    json_doc_clear(&t->header);
    buf_clear(&t->text);
}

/* Appends the decoded part to text, which has room for the whole token: it does not move. */
static int decode(struct jwt *t, struct slice part, struct slice *out)
{
    char *to = buf_room(&t->text, part.len / 4 * 3 + 3);
    size_t len;

    if (!to || base64url_decode(part, (unsigned char *)to, &len))
        return -1;
    t->text.len += len;
    *out = slice_of(to, len);
    return 0;
}

static int read_object(struct json_doc *d, struct slice text)
{
    struct json_fault ignored;
    return json_parse(d, text, &limits, &ignored) == 0 && json_type_of(d, 0) == JSON_OBJECT ? 0 : -1;
}

static enum jwt_alg find_alg(const struct json_doc *header)
{
    uint32_t node = json_member(header, 0, SLICE("alg"));

    for (int i = 0; node != JSON_NONE && json_type_of(header, node) == JSON_STRING && i < JWT_NALGS; i++)
        if (json_string_eq(header, node, slice_z(jwt_algs[i].name)))
            return (enum jwt_alg)i;
    return JWT_NALGS;
}

const char *jwt_read(struct jwt *t, struct slice token)
{
    struct slice header, claims, signature, rest, text;

    if (token.len > TOKEN_MAX)
        return "the token is too long";
    if (!slice_cut(token, '.', &header, &rest) || !slice_cut(rest, '.', &claims, &signature) ||
        slice_find(signature, '.') < signature.len || header.len == 0 || claims.len == 0)
        return "a token has three parts separated by '.'";
    buf_reset(&t->text);
    if (!buf_room(&t->text, token.len + 16))
        return "the token is too long";
    t->signed_part = slice_of(token.ptr, header.len + 1 + claims.len);
    if (decode(t, header, &text) || read_object(&t->header, text))
        return "the token's header is no JSON object in base64url";
    t->alg = find_alg(&t->header);
    if (json_member(&t->header, 0, SLICE("crit")) != JSON_NONE)
        return "the token has critical header members (crit), of which none is known";
    if (decode(t, claims, &text) || read_object(&t->claims, text))
        return "the token's claims are no JSON object in base64url";
    return decode(t, signature, &t->signature) ? "the token's signature is not base64url" : NULL;
}
