/* event/event.h - an immutable fact. Frozen when made, counted, shared between threads; it owns the raw bytes. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "base/id.h"
#include "base/mem.h"
#include "json/doc.h"
#include "verify/delivery.h"

enum event_status {      /* as stored; changes: EVENT_HELD → EVENT_RELEASED only */
    EVENT_ACCEPTED = 0,
    EVENT_HELD = 1,      /* violates its schema (or has none, on_unlisted: hold): starts nothing until released */
    EVENT_RELEASED = 2,  /* was held */
    EVENT_IGNORED = 3,   /* on_unlisted: ignore */
};
const char *event_status_name(enum event_status s); /* "accepted", … */

enum event_verdict { /* what the schema said */
    VERDICT_NONE = 0,    /* no schema for this type */
    VERDICT_VALID = 1,
    VERDICT_INVALID = 2, /* held, or stored and marked (on_invalid: accept) */
    VERDICT_LIMIT = 3,   /* a bound was hit while checking: treated as invalid */
    VERDICT_UNLISTED = 4, /* on_unlisted: hold or ignore */
};
const char *event_verdict_name(enum event_verdict v);

/* How `data` comes from `body`. */
enum event_form {
    EVENT_DATA_IS_BODY = 0,
    EVENT_DATA_IN_FORM = 1, /* decoded from the form that the body is (reading_data) */
    EVENT_DATA_TEXT = 2,    /* the body as a JSON string */
    EVENT_DATA_BINARY = 3,  /* its base64 as a JSON string */
};

/* An event's place among those of one body. */
struct event_item {
    struct id batch;           /* of the whole, where count > 1: all its events have it */
    uint32_t index, count;     /* count 0: the event is all of its body */
    size_t at;                 /* where data begins in what the body's form makes of the whole body */
};

struct event {
    struct ref refs;
    struct id id;
    struct slice source;       /* name; "" for internal events */
    struct slice type;         /* "github.push" */
    struct slice subject;      /* or empty */
    int64_t time_us;           /* when it was received */
    int64_t happened_us;       /* when it happened, as its sender says; 0: not known */
    struct slice delivery_key; /* the dedupe key as text, or empty */
    struct slice headers;      /* kept ones: "Name: value\n" each, in order */
    struct slice content_type; /* of the body; "application/json" for internal ones */
    enum event_form form;
    struct slice form_field;   /* EVENT_DATA_IN_FORM: the field with the JSON, or empty */
    struct slice body;         /* raw, after transfer and content coding. Of one of several (item.count > 1) the body and the
                                * headers of the whole where a reader gives them, else empty: see event/whole.h */
    struct slice data;         /* JSON text: the body, a slice of it, or decoded from it */
    struct event_item item;
    enum event_status status;
    enum event_verdict verdict;
    struct slice errors;       /* JSON array of the schema errors, or empty */
    struct slice decisions;    /* JSON array: [{"workflow":…,"started":true|false,"why":…}], or empty */
    int64_t plan_def, source_def, schema_def; /* rows of definitions; 0: none */
    struct slice packed;       /* the body as lz4 block, when that is smaller; made on the ingest thread. Else empty */
};

/* What compressing needs, once a thread. */
struct event_packer;
struct event_packer *event_packer_new(void);
void event_packer_free(struct event_packer *p); /* NULL ok */
/* The body as an lz4 block, good until the next call; empty when it is small or does not get smaller. */
struct slice event_pack(struct event_packer *p, struct slice body);
/* (libevent has the name event_new.) Copies every slice of `from` into one block; refs 1. from->id is used as given.
 * With a packer bodies above 1 KB are compressed. */
struct event *event_make(const struct event *from, struct event_packer *packer);
struct event *event_ref(struct event *ev);
void event_unref(struct event *ev); /* NULL ok */
size_t event_bytes(const struct event *ev); /* memory it holds, for budgets */
/* The body of a stored row: unpacks lz4. raw_len: of the body. 0; -1 when the row is damaged. */
int event_unpack(struct slice packed, size_t raw_len, char *out) MUST_CHECK;

/* When it happened, or was received where nobody says so. */
static inline int64_t event_happened_us(const struct event *ev)
{
    return ev->happened_us ? ev->happened_us : ev->time_us;
}
/* CloudEvents 1.0 attributes as members of a JSON object, without braces: "specversion":"1.0","id":… time is when it happened;
 * where that is not when it was received, the extension receivedtime says that. */
void event_put_cloudevent(const struct event *ev, struct buf *out);

#endif
