#include "verify/verifier_fields.h"

#include <stdio.h>

#include "verify/place.h"

/* What a refusal's detail says about a place: "header X-Signature is absent". */
static enum verify_reason blame(struct verdict *out, enum verify_reason reason, const struct place *p, const char *what)
{
    struct buf name;
    buf_init(&name, sizeof out->detail);
    place_put_name(p, &name);
    snprintf(out->detail, sizeof out->detail, "%.*s %s", SLICE_FMT(buf_slice(&name)), what);
    buf_clear(&name);
    return reason;
}

static enum verify_reason add_value(const struct provider *p, const struct place *place, struct slice value,
                                    struct verify_scratch *s, struct verdict *out)
{
    char what[120];
    const char *wrong = signature_read(&p->form, value, &s->presented);
    if (!wrong)
        return VERIFY_OK;
    if (p->form.prefix.len)
        snprintf(what, sizeof what, "is malformed: %s \"%.*s\"", wrong, SLICE_FMT(slice_first(p->form.prefix, 40)));
    else
        snprintf(what, sizeof what, "is malformed: %s", wrong);
    return blame(out, VERIFY_MALFORMED_SIGNATURE, place, what);
}

/* Several header lines of one name, where the provider sends them. */
static enum verify_reason read_lines(const struct provider *p, const struct place *place, const struct delivery *d,
                                     struct verify_scratch *s, bool *seen, struct verdict *out)
{
    enum verify_reason reason = VERIFY_OK;
    for (size_t i = 0; i < d->n_headers && reason == VERIFY_OK; i++) {
        if (!slice_eq_nocase(d->headers[i].name, place->name) || d->headers[i].value.len == 0)
            continue;
        *seen = true;
        reason = add_value(p, place, d->headers[i].value, s, out);
    }
    return reason;
}

static enum verify_reason read_one(const struct provider *p, const struct place *place, struct reading *r,
                                   struct verify_scratch *s, bool *seen, struct verdict *out)
{
    struct slice value;
    if (p->repeat && place->in == PLACE_HEADER)
        return read_lines(p, place, r->delivery, s, seen, out);
    switch (place_find(place, r, &s->signature, &value)) {
    case PLACE_ABSENT:
        return VERIFY_OK;
    case PLACE_SEVERAL:
        return blame(out, VERIFY_DUPLICATE_HEADER, place, "occurs more than once");
    case PLACE_UNREADABLE:
        return blame(out, VERIFY_MALFORMED_BODY, place, "cannot be read: the body is not JSON");
    case PLACE_ONE:
        break;
    }
    if (value.len == 0)
        return VERIFY_OK;
    *seen = true;
    return add_value(p, place, value, s, out);
}

enum verify_reason verifier_read_signatures(const struct provider *p, struct reading *r, struct verify_scratch *s,
                                            struct verdict *out)
{
    bool seen = false;
    s->presented.count = 0;
    s->presented.timestamp = SLICE_NONE;
    buf_reset(&s->signature);
    for (uint32_t i = 0; i < p->signature.count; i++) {
        enum verify_reason reason = read_one(p, &p->signature.list[i], r, s, &seen, out);
        if (reason != VERIFY_OK)
            return reason;
    }
    return seen ? VERIFY_OK : blame(out, VERIFY_MISSING_SIGNATURE, &p->signature.list[0], "is absent or empty");
}

enum verify_reason verifier_read_time(const struct provider *p, struct reading *r, struct verify_scratch *s,
                                      struct slice *text, struct verdict *out)
{
    const struct place *place = &p->timestamp.place;

    *text = SLICE_NONE;
    if (!p->timestamp.present)
        return VERIFY_OK;
    if (p->timestamp.in_signature) {
        *text = s->presented.timestamp;
        if (text->len)
            return VERIFY_OK;
        return blame(out, VERIFY_MISSING_TIMESTAMP, &p->signature.list[0], "holds no time");
    }
    buf_reset(&s->time);
    switch (place_find(place, r, &s->time, text)) {
    case PLACE_SEVERAL:
        return blame(out, VERIFY_DUPLICATE_HEADER, place, "occurs more than once");
    case PLACE_UNREADABLE:
        return blame(out, VERIFY_MALFORMED_BODY, place, "cannot be read: the body is not JSON");
    case PLACE_ABSENT:
    case PLACE_ONE:
        break;
    }
    return text->len ? VERIFY_OK : blame(out, VERIFY_MISSING_TIMESTAMP, place, "is absent or empty");
}
