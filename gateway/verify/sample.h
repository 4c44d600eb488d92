/* verify/sample.h - test webhooks as `hooklatch send` sends them, with fresh ids and times where the provider tells
 * deliveries apart by the body. Built in is a body per common event of a provider: the example beside its schema
 * (schemas/<provider>/), or a file of conf/samples/<provider>/. */
#ifndef VERIFY_SAMPLE_H
#define VERIFY_SAMPLE_H

#include "verify/provider.h"

struct sample {
    struct slice event;        /* the name under which it was found */
    struct slice body, content_type;
    struct header *headers;    /* those that are not signatures; Content-Type is not among them */
    size_t n_headers;
    struct arena memory;       /* holds all of it */
};

/* event: "push", or empty for the provider's first. ERR_NOT_FOUND names the events there are. */
int sample_find(struct sample *s, const struct provider *p, struct slice event, int64_t now_us,
                struct err *e) MUST_CHECK;
/* The same of a JSON text that is not built in. */
int sample_make(struct sample *s, const struct provider *p, struct slice event, struct slice json, int64_t now_us,
                struct err *e) MUST_CHECK;
void sample_clear(struct sample *s);
/* The i-th event that has a sample; empty when there are no more. */
struct slice sample_event(const struct provider *p, size_t i);

/* {event} its name; {uuid}; {random} 24 hex digits; {unix}, {unix_ms}, {rfc3339} the time */
extern const struct template_kind sample_kinds[];

#endif
