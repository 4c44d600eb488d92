#include "event/mapping.h"

#include "base/mem.h"
#include "verify/place.h"

enum { KIND_HEADER, KIND_QUERY, KIND_FORM, KIND_JSON, KIND_BODY, KIND_EVENT, KIND_SUFFIX };

static const struct template_kind kinds[] = {
    [KIND_HEADER] = { "header", TEMPLATE_ARG_NEEDED },
    [KIND_QUERY] = { "query", TEMPLATE_ARG_NEEDED },
    [KIND_FORM] = { "form", TEMPLATE_ARG_NEEDED },
    [KIND_JSON] = { "json", TEMPLATE_ARG_POINTER },
    [KIND_BODY] = { "body", TEMPLATE_ARG_POINTER },
    [KIND_EVENT] = { "event", TEMPLATE_ARG_NONE },
    [KIND_SUFFIX] = { "suffix", TEMPLATE_ARG_NONE },
    { NULL, TEMPLATE_ARG_NONE },
};

/* Types are cut off above 255 bytes; keys and subjects are foreign text of any length: this much is enough for them. */
#define MAPPED_MAX 4096
#define SUBJECT_MAX 1024 /* a longer one is none */

/* What RFC 3339, and so CloudEvents, can write ends here. */
#define YEAR_10000_US INT64_C(253402300800000000)

static int init_one(struct template *t, struct slice text, unsigned flags, const char *what, struct err *e)
{
    if (text.len == 0)
        return 0;
    if (template_init(t, text, kinds, flags, e))
        return err_add(e, "%s", what);
    return 0;
}

int mapping_init(struct mapping *m, const struct provider *p, struct slice type, struct slice dedupe, struct slice subject,
                 struct err *e)
{
    *m = (struct mapping){ .provider = p };
    if (init_one(&m->type, type, TEMPLATE_DROP_SEPARATOR, "type", e) || init_one(&m->dedupe, dedupe, 0, "dedupe", e) ||
        init_one(&m->subject, subject, 0, "subject", e)) {
        mapping_clear(m);
        return -1;
    }
    return 0;
}

int mapping_set_time(struct mapping *m, enum place_in in, struct slice name, enum timestamp_format format, struct err *e)
{
    struct place place = { .in = in, .name = name };

    if ((in == PLACE_JSON || in == PLACE_ITEM) && pointer_init(&place.pointer, name, e))
        return -1;
    m->time.present = true;
    m->time.place = place;
    m->time.format = format;
    return 0;
}

static bool template_needs_json(const struct template *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->parts[i].kind.len && (t->parts[i].code == KIND_JSON || t->parts[i].code == KIND_BODY))
            return true;
    return false;
}

bool mapping_needs_json(const struct mapping *m)
{
    return template_needs_json(&m->type) || template_needs_json(&m->dedupe) || template_needs_json(&m->subject) ||
           (m->time.present && (m->time.place.in == PLACE_JSON || m->time.place.in == PLACE_ITEM));
}

enum id_from mapping_key_from(const struct mapping *m)
{
    if (m->dedupe.count == 0)
        return provider_id_from(m->provider);
    for (uint32_t i = 0; i < m->dedupe.count; i++)
        if (m->dedupe.parts[i].kind.len && m->dedupe.parts[i].code == KIND_JSON)
            return ID_FROM_ITEM;
    return ID_FROM_DELIVERY;
}

void mapping_clear(struct mapping *m)
{
    pointer_clear(&m->time.place.pointer);
    template_clear(&m->type);
    template_clear(&m->dedupe);
    template_clear(&m->subject);
}

struct filling {
    const struct mapping *mapping;
    struct reading *reading;
    bool found; /* some placeholder was there */
};

static int put_json(struct reading *r, const struct pointer *pointer, bool from_root, struct buf *out)
{
    if (reading_json(r))
        return 1;
    uint32_t n = pointer_get(pointer, &r->doc, from_root ? 0 : r->item);
    if (n == JSON_NONE || json_type_of(&r->doc, n) == JSON_NULL || json_type_of(&r->doc, n) >= JSON_ARRAY)
        return 1;
    if (json_type_of(&r->doc, n) != JSON_STRING) {
        buf_put(out, json_raw(&r->doc, n));
        return 0;
    }
    struct buf tmp;
    buf_init(&tmp, json_inner(&r->doc, n).len);
    struct slice text = json_string(&r->doc, n, &tmp);
    buf_put(out, text);
    int absent = text.len == 0;
    buf_clear(&tmp);
    return absent;
}

static int put_header(struct reading *r, struct slice name, struct buf *out)
{
    struct slice value = delivery_header(r->delivery, name);

    buf_put(out, value);
    return value.len == 0;
}

static int put_event(const struct filling *f, struct buf *out)
{
    struct buf tmp;

    buf_init(&tmp, MAPPED_MAX);
    struct slice value = provider_event_type(f->mapping->provider, f->reading, &tmp);
    buf_put(out, value);
    int absent = value.len == 0;
    buf_clear(&tmp);
    return absent;
}

static int fill(const struct template_part *part, struct buf *out, void *arg)
{
    struct filling *f = arg;
    int absent = 1;

    switch (part->code) {
    case KIND_HEADER:
        absent = put_header(f->reading, part->arg, out);
        break;
    case KIND_QUERY:
        absent = !reading_query(f->reading, part->arg, out);
        break;
    case KIND_FORM:
        absent = !reading_form(f->reading, part->arg, out);
        break;
    case KIND_JSON:
    case KIND_BODY:
        absent = put_json(f->reading, &part->pointer, part->code == KIND_BODY, out);
        break;
    case KIND_EVENT:
        absent = put_event(f, out);
        break;
    case KIND_SUFFIX:
        buf_put(out, f->reading->delivery->suffix);
        absent = f->reading->delivery->suffix.len == 0;
        break;
    }
    f->found |= !absent;
    return absent;
}

void event_type_clean(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '_' && c != '.' && c != ':' && c != '/' && c != '-')
            text[i] = '_';
    }
}

/* "<provider>.<its event type>", or the provider alone when it names none. */
static void default_type(const struct mapping *m, struct reading *r, struct buf *out)
{
    struct buf tmp;

    buf_init(&tmp, MAPPED_MAX);
    struct slice value = provider_event_type(m->provider, r, &tmp);
    buf_put(out, provider_id(m->provider));
    if (value.len)
        buf_putc(out, '.');
    buf_put(out, value);
    buf_clear(&tmp);
}

/* Appends to memory; the part's place there, since memory may move. */
struct span {
    size_t at, len;
};

static struct span map_type(const struct mapping *m, struct reading *r, struct buf *memory)
{
    struct filling f = { m, r, false };
    size_t start = memory->len;

    if (m->type.count == 0)
        default_type(m, r, memory);
    else if (template_render(&m->type, fill, &f, memory))
        memory->len = start;
    return (struct span){ start, memory->len - start };
}

/* A key of which no placeholder was there is no key: "order-" must not make all deliveries one. */
static struct span map_optional(const struct mapping *m, const struct template *t, struct reading *r, struct buf *memory)
{
    struct filling f = { m, r, false };
    size_t start = memory->len;

    if (t->count && (template_render(t, fill, &f, memory) || !f.found))
        memory->len = start;
    return (struct span){ start, memory->len - start };
}

static struct span map_key(const struct mapping *m, struct reading *r, struct buf *memory)
{
    struct buf tmp;

    if (m->dedupe.count)
        return map_optional(m, &m->dedupe, r, memory);
    size_t start = memory->len;
    buf_init(&tmp, MAPPED_MAX);
    buf_put(memory, provider_delivery_id(m->provider, r, &tmp));
    buf_clear(&tmp);
    return (struct span){ start, memory->len - start };
}

/* Without a template the provider's. It only says what the event is about: no event is refused because that is long. */
static struct span map_subject(const struct mapping *m, struct reading *r, struct buf *memory)
{
    struct buf tmp;
    size_t start = memory->len;
    bool failed = memory->failed;

    buf_init(&tmp, MAPPED_MAX);
    if (m->subject.count)
        map_optional(m, &m->subject, r, memory);
    else
        buf_put(memory, provider_subject(m->provider, r, &tmp));
    buf_clear(&tmp);
    if (memory->failed || memory->len - start > SUBJECT_MAX) {
        memory->failed = failed;
        memory->len = start;
    }
    return (struct span){ start, memory->len - start };
}

/* What cannot be read is not known: an event is not refused for it. */
static int64_t map_time(const struct mapping *m, struct reading *r)
{
    struct buf tmp;
    struct slice text;
    int64_t us = 0;

    buf_init(&tmp, MAPPED_MAX);
    if (m->time.present) {
        enum place_found found = place_find(&m->time.place, r, &tmp, &text);
        if ((found != PLACE_ONE && found != PLACE_SEVERAL) || timestamp_read(m->time.format, text, &us))
            us = 0;
    } else if (!provider_time(m->provider, r, &tmp, &us)) {
        us = 0;
    }
    buf_clear(&tmp);
    return us > 0 && us < YEAR_10000_US ? us : 0;
}

static struct slice at(const struct buf *memory, struct span s)
{
    return s.len ? slice_of(memory->ptr + s.at, s.len) : SLICE_NONE;
}

int mapping_apply(const struct mapping *m, struct reading *r, struct buf *memory, struct mapped *out, struct err *e)
{
    buf_reset(memory);
    struct span type = map_type(m, r, memory);
    struct span key = map_key(m, r, memory);
    struct span subject = map_subject(m, r, memory);

    if (memory->failed)
        return err_set(e, ERR_INPUT, "event type and dedupe key take more than %zu bytes", memory->max);
    if (type.len == 0)
        return err_set(e, ERR_INPUT, "the delivery does not say its event type");
    if (type.len > EVENT_TYPE_MAX)
        return err_set(e, ERR_INPUT, "the event type has %zu bytes; %d are allowed", type.len, EVENT_TYPE_MAX);
    event_type_clean(memory->ptr + type.at, type.len);
    *out = (struct mapped){ at(memory, type), at(memory, key), at(memory, subject), map_time(m, r) };
    return 0;
}
