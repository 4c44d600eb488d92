/* event/mapping.h - what a delivery is called: its event type, dedupe key and subject. Compiled once per source. */
#ifndef EVENT_MAPPING_H
#define EVENT_MAPPING_H

#include "json/template.h"
#include "verify/provider.h"

#define EVENT_TYPE_MAX 255

struct mapping {
    const struct provider *provider;
    struct template type, dedupe, subject; /* count 0: not given */
};
/* Texts may be SLICE_NONE: then type is "<provider>.<its event type>" and dedupe the provider's delivery id. Placeholders: {header:N}, {query:N},
 * {form:N}, {json:/p}, {/p}, {event} (the provider's own value),
 * {suffix} (of the path). */
int mapping_init(struct mapping *m, const struct provider *p, struct slice type, struct slice dedupe, struct slice subject,
                 struct err *e) MUST_CHECK;
void mapping_clear(struct mapping *m);

struct mapped { /* in `memory`, or borrowed from the delivery */
    struct slice type, key, subject; /* key, subject: empty when there is none */
};
/* memory: reset by the call. -1: no type, or longer than 255 bytes (the caller answers 400 with e's text). */
int mapping_apply(const struct mapping *m, struct reading *r, struct buf *memory, struct mapped *out, struct err *e) MUST_CHECK;
/* Bytes outside [A-Za-z0-9_.:/-] become '_', in place. */
void event_type_clean(char *text, size_t len);

#endif
