/* http/inflate.h - Content-Encoding: gzip bodies, with a cap on what they inflate to. */
#ifndef HTTP_INFLATE_H
#define HTTP_INFLATE_H

#include "base/buf.h"

enum inflate_result { INFLATE_OK, INFLATE_BAD, INFLATE_TOO_LARGE };
/* Appends to out, whose ceiling is the cap. Multi-member gzip is read; bytes after the last member are INFLATE_BAD. */
enum inflate_result inflate_gzip(struct slice in, struct buf *out);

#endif
