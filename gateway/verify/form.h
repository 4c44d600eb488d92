/* verify/form.h - application/x-www-form-urlencoded text (bodies and queries), field by field.
 * Empty pieces ("a=1&&b=2") are no fields; a piece without '=' is a field with an empty value. A field with a bad
 * %-escape is never found. */
#ifndef VERIFY_FORM_H
#define VERIFY_FORM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define FORM_MAX_FIELDS 10000 /* of a body that is turned into JSON */

/* The next field of *rest, undecoded; *rest moves behind it. False at the end. */
bool form_next(struct slice *rest, struct slice *name, struct slice *value);
/* How often the field occurs: 0, 1 or 2 (more than once). The first one's value is appended to out, decoded. */
unsigned form_find(struct slice text, struct slice name, struct buf *out);
/* Appends the fields as a JSON object in the order in which names appear first: values are strings, a repeated name's
 * an array of strings. Whether the bytes are UTF-8 is left to the reader of that JSON. -1: *at is the offset of what is
 * wrong. */
int form_to_json(struct slice text, struct buf *out, size_t *at, const char **why) MUST_CHECK;
/* Appends the fields, decoded: by name, then by value, in byte order, each name followed by its value, nothing in between;
 * of equal fields one (Twilio, Mandrill). -1: a bad %-escape, or too many fields. */
int form_put_sorted(struct slice text, struct buf *out) MUST_CHECK;

#endif
