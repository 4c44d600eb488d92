/* schema/format_idn.h - inside schema/: names beyond ASCII (IDNA2008, RFC 5890 to 5893), on libidn2 (its only home).
 * Both answer at once when a text is too long for a name, so what libidn2 costs is bounded. */
#ifndef SCHEMA_FORMAT_IDN_H
#define SCHEMA_FORMAT_IDN_H

#include "base/slice.h"

/* s: letters, digits and hyphens, "xn--" before them. Does it stand for a valid U-label, and is it what that one
 * encodes to? */
bool format_idn_alabel(struct slice s);
/* A name with something beyond ASCII in it. normalize: a label need not be in normalization form C yet. */
bool format_idn_name(struct slice s, bool normalize);

#endif
