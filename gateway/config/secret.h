/* config/secret.h - secrets: {env: NAME}, {file: PATH} or {value: TEXT} in a configuration, "env:NAME", "file:PATH" or
 * "value:TEXT" on the command line. They are wiped when freed, and never printed: messages name the label only. */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include "config/tree.h"

struct secret {
    char *bytes; /* len bytes and a NUL; a file's one trailing newline is removed */
    size_t len;
    char *label; /* "env:NAME", "file:/run/x", "value" : safe to show */
};
/* An absent or empty secret, a group- or world-writable file, one above 64 KiB: an error. World-readable: a warning. */
int secret_read(struct secret *s, const struct tree *t, uint32_t node, struct issues *is) MUST_CHECK;
int secret_from_argument(struct secret *s, struct slice text, struct err *e) MUST_CHECK;
void secret_clear(struct secret *s);

#endif
