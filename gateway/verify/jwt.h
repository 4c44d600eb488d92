/* verify/jwt.h - JSON Web Tokens (RFC 7519, RFC 7515 compact form) as webhooks use them: the algorithm is the
 * configuration's, never the token's choice. Private to verify/. */
#ifndef VERIFY_JWT_H
#define VERIFY_JWT_H

#include "json/template.h"
#include "verify/encoding.h"
#include "verify/public_key.h"

enum jwt_alg { JWT_HS256, JWT_HS384, JWT_HS512, JWT_RS256, JWT_PS256, JWT_ES256, JWT_EDDSA, JWT_NALGS };
#define JWT_NHS 3 /* the first ones take a shared secret */

struct jwt_alg_info {
    const char *name;        /* "HS256" */
    const struct hash *hash; /* NULL: the algorithm has its own */
    enum public_kind kind;   /* not of HS… */
};
extern const struct jwt_alg_info jwt_algs[JWT_NALGS];

enum jwt_body { JWT_BODY_ALWAYS, JWT_BODY_IF_BODY, JWT_BODY_NEVER };

struct named_template;
struct jwt_rules {
    unsigned algs;                 /* a bit for each that is accepted; all of one kind of key */
    struct named_template *claims; /* the values they must have, over the params */
    uint32_t n_claims;
    struct slice *require;
    uint32_t n_require;
    struct slice body_claim;       /* empty: none */
    const struct hash *body_hash;
    enum encoding body_encoding;
    enum jwt_body body_required;
    struct slice url_claim;        /* empty: none */
    bool url_sha256;               /* the claim is the URL's SHA-256 in hex, else the URL */
    int64_t leeway_us, max_age_us; /* -1: iat may be of any age */
};

/* A token taken apart, not yet believed. */
struct jwt {
    struct slice signed_part;      /* header and claims as they were signed */
    struct slice signature;        /* decoded */
    enum jwt_alg alg;              /* JWT_NALGS: none of ours */
    struct json_doc claims;        /* an object */
    struct json_doc header;
    struct buf text;               /* decoded parts */
};
void jwt_init(struct jwt *t);
void jwt_clear(struct jwt *t);
/* NULL, or what is wrong with its form. Keeps memory. */
const char *jwt_read(struct jwt *t, struct slice token);

#endif
