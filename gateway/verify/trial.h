/* verify/trial.h - what would have made the signature match? For verify_explain: the body as tools change it, the
 * secret as people misread it, other hashes and encodings. Private to verify/. */
#ifndef VERIFY_TRIAL_H
#define VERIFY_TRIAL_H

#include "verify/verifier_fields.h"

/* c: the content as received, s->presented filled. Appends a line for the first that matches; false when none does. */
bool trial_run(const struct verifier *v, const struct content *c, struct verify_scratch *s, struct buf *out);

#endif
