/* verify/trial.h - what would have made the signature match? For verify_explain: the body as tools change it, the URL as
 * people register it, the secret as they misread it, other hashes and encodings, another provider. Private to verify/. */
#ifndef VERIFY_TRIAL_H
#define VERIFY_TRIAL_H

#include "verify/verifier_fields.h"

struct trial {
    struct check *c;         /* what is presented has been read; a try changes the content and puts it back */
    const struct jwt *token; /* of a JWT, else NULL */
    struct buf *out;
};

/* Does what is presented match the content as it now is? Then says so, with what was changed (NULL: nothing). */
typedef bool (*trial_match)(struct trial *t, const char *what);

/* One try with this hash and key: trial_match's work for schemes that sign. */
bool trial_signature(struct trial *t, const struct hash *hash, struct slice key, const char *what);
/* With the verifier's own keys and the provider's hash. */
bool trial_keys(struct trial *t, const char *what);
/* Changed bodies, then changed URLs, until one matches. */
bool trial_bodies(struct trial *t, trial_match match);
bool trial_urls(struct trial *t, trial_match match);
/* Misread secrets. */
bool trial_secrets(struct trial *t);
/* All of it: appends a line for the first that matches; false when none does. */
bool trial_run(struct trial *t);
/* Would the same request and secrets be accepted as another preset's? Appends a line that names it; or one that names
 * those which expect their signature in a header that is there. */
bool trial_providers(const struct verifier *v, const struct delivery *d, int64_t now_us, struct buf *out);

/* "- It would match …" */
void trial_say(struct trial *t, const char *what);
/* The secret as the user gave it, as far as it can be told from the key; ptr NULL: it cannot. The caller wipes and frees. */
struct slice trial_secret_text(const struct provider *p, const struct key *k);

#endif
