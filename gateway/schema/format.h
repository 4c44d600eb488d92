/* schema/format.h - the formats of JSON Schema's drafts 7, 2019-09 and 2020-12, judged exactly as their RFCs say.
 *
 * A format speaks of strings only; whether a schema's "format" is asserted at all is the compiler's business. Every
 * check runs in time linear in the text and may be called from any thread. What costs more for its length is refused
 * above a bound: names beyond ASCII above 4 KB, regular expressions (some 5 ms at most) above 8 KB. */
#ifndef SCHEMA_FORMAT_H
#define SCHEMA_FORMAT_H

#include "base/slice.h"
#include "schema/schema.h"

enum format {
    FORMAT_DATE_TIME,
    FORMAT_DATE,
    FORMAT_TIME,
    FORMAT_DURATION,
    FORMAT_EMAIL,
    FORMAT_IDN_EMAIL,
    FORMAT_HOSTNAME,
    FORMAT_IDN_HOSTNAME,
    FORMAT_IPV4,
    FORMAT_IPV6,
    FORMAT_URI,
    FORMAT_URI_REFERENCE,
    FORMAT_IRI,
    FORMAT_IRI_REFERENCE,
    FORMAT_UUID,
    FORMAT_URI_TEMPLATE,
    FORMAT_JSON_POINTER,
    FORMAT_RELATIVE_JSON_POINTER,
    FORMAT_RELATIVE_JSON_POINTER_2020, /* the same name, as draft 2020-12 knows it */
    FORMAT_REGEX,
    FORMAT_COUNT
};

/* FORMAT_COUNT: not a format of that draft, so an annotation only. */
enum format format_find(struct slice name, enum schema_draft draft);
const char *format_name(enum format f); /* "date-time" */
/* For messages to people: "a date and time such as 2026-01-31T09:30:00Z (RFC 3339)". */
const char *format_hint(enum format f);
/* text: unescaped, valid UTF-8, may hold NUL bytes. */
bool format_valid(enum format f, struct slice text);

#endif
