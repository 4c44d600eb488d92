/* verify/provider_words.h - what a provider's file says, in words: for `hooklatch providers`, `init` and docs/providers.md.
 * Files are read as they stand, not compiled: a template is shown as it was written. */
#ifndef VERIFY_PROVIDER_WORDS_H
#define VERIFY_PROVIDER_WORDS_H

#include "base/mem.h"
#include "config/tree.h"

/* "github" → "GITHUB_WEBHOOK_SECRET": the variable of its secret in examples. The caller frees it. */
char *provider_env_name(struct slice id);

/* What `verified` of the file means; for a file without it too. */
const char *words_certainty(struct slice verified);
/* "HMAC-SHA-256 of the body, hexadecimal, in the header `X-Hub-Signature-256` after `sha256=`" */
void words_put_signature(const struct tree *t, struct buf *out);
/* "300 s", "not checked", "no time" */
void words_put_window(const struct tree *t, struct buf *out);
/* The member (event_type, delivery_id, subject): "the header `X-GitHub-Event`, else `/type` of the body". Nothing when absent. */
void words_put_places(const struct tree *t, const char *key, struct buf *out);
/* When it happened. Nothing when the file does not say. */
void words_put_time(const struct tree *t, struct buf *out);
/* "url_verification (POST, signed), …". Nothing when there are none. */
void words_put_handshakes(const struct tree *t, struct buf *out);
/* What to type into the vendor's form, with the source's public URL. Nothing when the file does not say. */
void words_put_setup(const struct tree *t, struct slice url, struct buf *out);
/* Is nothing signed, so that the source's URL has to be a secret (path_token)? */
bool words_unsigned(const struct tree *t);
/* Does the sender hand its secret over itself? */
bool words_secret_by_handshake(const struct tree *t);
/* Is it a text of several lines (PEM), which no variable holds well? */
bool words_secret_is_file(const struct tree *t);
/* The settings of a source with this provider, below `provider:`, each line behind the indent. */
void words_put_settings(const struct tree *t, const char *env, const char *indent, struct buf *out);

#endif
