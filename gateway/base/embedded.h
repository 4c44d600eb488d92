/* base/embedded.h - files of the source tree that the binary carries (made by scripts/embed): providers, their samples
 * and examples, hooklatch's own schemas, JSON Schema's meta-schemas. */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name; /* "conf/providers/github.yaml" */
    const unsigned char *bytes; /* a NUL follows the last */
    size_t len;
};
extern const struct embedded embedded_files[]; /* sorted by name; ends with a NULL name */

#endif
