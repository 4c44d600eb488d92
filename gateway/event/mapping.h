/* event/mapping.h - what a delivery is called: its event type, dedupe key and subject, and when it happened. Compiled once per source.
 * Where a body is split, each of its items is called so: JSON pointers start at the reading's item. */
#ifndef EVENT_MAPPING_H
#define EVENT_MAPPING_H

#include "json/template.h"
#include "verify/provider.h"
#include "verify/timestamp.h"

#define EVENT_TYPE_MAX 255

struct mapping {
    const struct provider *provider;
    struct template type, dedupe, subject; /* count 0: not given */
    struct { bool present; struct place place; enum timestamp_format format; } time; /* else the provider's */
};
/* Texts may be SLICE_NONE: then type is "<provider>.<its event type>" and dedupe the provider's delivery id. Placeholders: {header:N}, {query:N},
 * {form:N}, {json:/p}, {/p} (from the item), {body:/p} (from the body's root), {event} (the provider's own value),
 * {suffix} (of the path). */
int mapping_init(struct mapping *m, const struct provider *p, struct slice type, struct slice dedupe, struct slice subject,
                 struct err *e) MUST_CHECK;
/* Where the source says itself when it happened. name: of the header or field, or a JSON pointer; borrowed from the plan. */
int mapping_set_time(struct mapping *m, enum place_in in, struct slice name, enum timestamp_format format,
                     struct err *e) MUST_CHECK;
/* What tells deliveries apart. */
enum id_from mapping_key_from(const struct mapping *m);
/* Does it look into the body's JSON, but for what the provider says? */
bool mapping_needs_json(const struct mapping *m);
void mapping_clear(struct mapping *m);

struct mapped { /* in `memory`, or borrowed from the delivery */
    struct slice type, key, subject; /* key, subject: empty when there is none */
    int64_t happened_us;             /* 0: not known */
};
/* memory: reset by the call. -1: no type, or longer than 255 bytes (the caller answers 400 with e's text). */
int mapping_apply(const struct mapping *m, struct reading *r, struct buf *memory, struct mapped *out, struct err *e) MUST_CHECK;
/* Bytes outside [A-Za-z0-9_.:/-] become '_', in place. */
void event_type_clean(char *text, size_t len);

#endif
