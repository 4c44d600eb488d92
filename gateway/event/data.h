/* event/data.h - bodies that are no JSON, as JSON: what text or bytes become when an event's data is made of them. */
#ifndef EVENT_DATA_H
#define EVENT_DATA_H

#include "event/event.h"

/* The data that a whole body of that form is: the body itself, or text appended to out. -1: it cannot be (not UTF-8, no form). */
int event_data(enum event_form form, struct slice form_field, struct slice body, struct buf *out,
               struct slice *data) MUST_CHECK;
/* No data is larger. A byte of text is at most \u00XX; of forms see verify/reading. */
size_t event_data_max(size_t body_len);
/* data and body of a stored event: body is the whole one, data is made of it as form says, then item's slice is taken; data_len
 * is its length. Appends to out only what is not the body itself. -1: it cannot be (the row is damaged). */
int event_derive(struct event *ev, struct slice body, size_t data_len, struct buf *out) MUST_CHECK;
/* Where the first byte stands that is not UTF-8; its length when there is none. */
size_t event_utf8_prefix(struct slice text);

#endif
