/* verify/timestamp.h - the ways in which providers write the time of a request. Strict: no sign, no white space, no
 * suffix. */
#ifndef VERIFY_TIMESTAMP_H
#define VERIFY_TIMESTAMP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum timestamp_format {
    TIMESTAMP_UNIX,      /* 1700000000 */
    TIMESTAMP_UNIX_MS,   /* 1700000000000 */
    TIMESTAMP_RFC3339,   /* 2023-11-14T22:13:20.5+01:00; UTC when no zone is given */
    TIMESTAMP_HTTP_DATE, /* Tue, 14 Nov 2023 22:13:20 GMT */
};

extern const char *const timestamp_words[]; /* by enum timestamp_format: "unix-ms"; ends with NULL */

/* Microseconds since 1970; what is beyond their range is the range's end. -1: not in that format. */
int timestamp_read(enum timestamp_format format, struct slice text, int64_t *us) MUST_CHECK;
void timestamp_put(enum timestamp_format format, int64_t us, struct buf *out);

#endif
