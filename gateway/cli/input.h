/* cli/input.h - files that a command reads. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "base/buf.h"
#include "base/err.h"

/* The whole file, or standard input for "-", appended to out (whose ceiling is the limit) and ended by a NUL. ERR_SYSTEM:
 * "cannot read PATH: …"; ERR_LIMIT. */
int read_input(const char *path, struct buf *out, struct err *e) MUST_CHECK;

#endif
