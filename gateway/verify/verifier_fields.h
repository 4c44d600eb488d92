/* verify/verifier_fields.h - a verifier and a thread's scratch from within. Private to verify/. */
#ifndef VERIFY_VERIFIER_FIELDS_H
#define VERIFY_VERIFIER_FIELDS_H

#include "verify/content.h"
#include "verify/provider_fields.h"
#include "verify/public_key.h"

struct key {
    char *bytes;           /* decoded; for token, basic, digest, and for verify_explain's tries */
    size_t len;
    struct hmac_key *hmac; /* SCHEME_HMAC */
    struct hmac_key *jwt[JWT_NHS];          /* of the algorithms that the rules allow */
    struct public_key *public[JWT_NALGS];   /* likewise; the other schemes have one, the first */
};

/* One way of the provider with the source's secrets and params. */
struct checker {
    const struct way *way;
    struct signature_form form;
    struct key *keys;
};

struct verifier {
    const struct provider *provider;
    struct checker *checkers; /* one for each of the provider's ways */
    size_t n_keys;
    struct param *params;
    size_t n_params;
    struct slice *claims;  /* values of the provider's jwt.claims */
    struct arena memory;   /* of the params, forms, claims */
};

/* Values that a signature or a time may hold at most; places in the body could be larger. */
#define SHORT_VALUE_MAX 65536
/* Signatures of one request that a public key is tried on: each costs as much as hashing 100 KB. */
#define PUBLIC_TRIES_MAX 8
/* Values of one body that are signed one by one. */
#define SIGNED_ITEMS_MAX 10000

struct verify_scratch {
    struct hmac *hmac;
    struct signatures presented;
    struct buf signature, time; /* those values, where they need decoding */
    struct buf piece;           /* a piece of the signed content, where it needs decoding */
    struct buf message;         /* the signed content, where it has to stand in one place */
    struct buf decoded;         /* a presented signature's bytes */
    struct jwt token;
    uint32_t *items;            /* room for SIGNED_ITEMS_MAX, from the first body that has some */
    struct buf body;            /* the answer to a handshake; what verify_sign makes */
    struct arena memory;        /* headers of the answer or of verify_sign */
};

/* A delivery while it is checked. */
struct check {
    const struct verifier *v;
    const struct checker *checker;
    const struct way *way;
    struct content content;
    struct verify_scratch *s;
    int64_t now_us;
    struct verdict *out;
};

/* Steps 3 and 4 of "Verifying": what the delivery presents. */
enum verify_reason check_signatures(struct check *c);
enum verify_reason check_time(struct check *c);
/* For each scheme: does a secret fit what is presented? Sets out->secret. */
enum verify_reason match_digest(struct check *c); /* keyed or not: then the content holds the secret */
enum verify_reason match_public(struct check *c);
enum verify_reason match_token(struct check *c);
enum verify_reason match_basic(struct check *c);
enum verify_reason match_jwt(struct check *c);
/* The delivery's way, its content as received; nothing is checked yet. */
void check_init(struct check *c, const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                struct verdict *out);

/* The text of the HMAC, or digest, with that key over that content; its length in *len, 0 when OpenSSL failed. */
enum verify_reason check_digest_text(struct check *c, const struct key *key, const struct template *t,
                                     char text[DIGEST_TEXT_MAX], size_t *len, const struct template_part **bad);
/* The content in one place: the body itself where it is nothing else, or in the scratch. */
enum verify_reason check_message(struct check *c, const struct template *t, struct slice *message,
                                 const struct template_part **bad);

/* Answers the first handshake that holds, among the signed or the unsigned ones. False when none does; true too when one
 * fails its check: then out is a rejection. */
bool handshake_answer(const struct verifier *v, bool is_signed, const struct content *c, struct verify_scratch *s,
                      struct verdict *out);

#endif
