/* verify/verifier_fields.h - a verifier and a thread's scratch from within. Private to verify/. */
#ifndef VERIFY_VERIFIER_FIELDS_H
#define VERIFY_VERIFIER_FIELDS_H

#include "verify/content.h"
#include "verify/provider_fields.h"

struct key {
    char *bytes;           /* decoded; for token and basic, and for verify_explain's tries */
    size_t len;
    struct hmac_key *hmac; /* SCHEME_HMAC */
};

struct verifier {
    const struct provider *provider;
    struct key *keys;
    size_t n_keys;
    struct param *params;
    size_t n_params;
    struct arena memory;   /* of the params */
};

/* Values that a signature or a time may hold at most; places in the body could be larger. */
#define SHORT_VALUE_MAX 65536
/* The longest text of a digest. */
#define DIGEST_TEXT_MAX (2 * HASH_MAX_BYTES)

struct verify_scratch {
    struct hmac *hmac;
    struct signatures presented;
    struct buf signature, time; /* those values, where they need decoding */
    struct buf piece;           /* a piece of the signed content, where it needs decoding */
    struct buf body;            /* the answer to a handshake */
    struct arena memory;        /* headers of the answer or of verify_sign */
};

/* Steps 3 and 4 of "Verifying": what the delivery presents. */
enum verify_reason verifier_read_signatures(const struct provider *p, struct reading *r, struct verify_scratch *s,
                                            struct verdict *out);
enum verify_reason verifier_read_time(const struct provider *p, struct reading *r, struct verify_scratch *s,
                                      struct slice *text, struct verdict *out);
struct content verifier_content(const struct verifier *v, struct reading *r, struct verify_scratch *s);
/* The text of the HMAC over that content; its length in *len, 0 when OpenSSL failed. */
enum verify_reason verifier_hmac_text(const struct provider *p, const struct hmac_key *key, const struct content *c,
                                      const struct template *t, struct verify_scratch *s, char text[DIGEST_TEXT_MAX],
                                      size_t *len, const struct template_part **bad);
size_t digest_text(enum encoding encoding, struct slice digest, char text[DIGEST_TEXT_MAX]);

/* Answers the first handshake that holds, among the signed or the unsigned ones. */
bool handshake_answer(const struct verifier *v, bool is_signed, const struct content *c, struct verify_scratch *s,
                      struct verdict *out);

#endif
