/* schema/ecma_property.h - the names of \p{…} in ECMA-262, said as PCRE2 says them. */
#ifndef SCHEMA_ECMA_PROPERTY_H
#define SCHEMA_ECMA_PROPERTY_H

#include "base/buf.h"

/* Appends \p{…} (negated: \P{…}) for what stands in the braces; false when the name cannot be one. Scripts and binary
 * properties are left for PCRE2 to know or refuse. */
bool ecma_property_put(struct buf *out, bool negated, struct slice name);

#endif
