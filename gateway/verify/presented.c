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

static enum verify_reason add_value(struct check *c, const struct place *place, struct slice value)
{
    const struct signature_form *form = &c->checker->form;
    char what[120];
    const char *wrong = signature_read(form, value, &c->s->presented);
    if (!wrong)
        return VERIFY_OK;
    if (form->prefix.len)
        snprintf(what, sizeof what, "is malformed: %s \"%.*s\"", wrong, SLICE_FMT(slice_first(form->prefix, 40)));
    else
        snprintf(what, sizeof what, "is malformed: %s", wrong);
    return blame(c->out, VERIFY_MALFORMED_SIGNATURE, place, what);
}

/* Several header lines of one name, where the provider sends them. */
static enum verify_reason read_lines(struct check *c, const struct place *place, bool *seen)
{
    const struct delivery *d = c->content.reading->delivery;
    enum verify_reason reason = VERIFY_OK;
    for (size_t i = 0; i < d->n_headers && reason == VERIFY_OK; i++) {
        if (!slice_eq_nocase(d->headers[i].name, place->name) || d->headers[i].value.len == 0)
            continue;
        *seen = true;
        reason = add_value(c, place, d->headers[i].value);
    }
    return reason;
}

/* X-Signature-1, X-Signature-2, …: one of each. The headers are looked through once. */
static enum verify_reason read_numbered(struct check *c, const struct place *place, bool *seen)
{
    const struct delivery *d = c->content.reading->delivery;
    enum verify_reason reason = VERIFY_OK;
    for (size_t i = 0; i < d->n_headers && reason == VERIFY_OK; i++) {
        struct slice name = d->headers[i].name, ignored;
        uint64_t number;
        if (d->headers[i].value.len == 0 || !slice_starts_nocase(name, place->name) ||
            slice_u64(slice_from(name, place->name.len), &number) || number < 1 || number > c->way->numbered_max)
            continue;
        if (delivery_header_count(d, name, &ignored) > 1)
            return blame(c->out, VERIFY_DUPLICATE_HEADER, place, "occurs more than once with one number");
        *seen = true;
        reason = add_value(c, place, d->headers[i].value);
    }
    return reason;
}

static enum verify_reason read_one(struct check *c, const struct place *place, bool *seen)
{
    struct slice value;
    if (c->way->numbered_max && place == &c->way->signature.list[0])
        return read_numbered(c, place, seen);
    if (c->way->repeat && place->in == PLACE_HEADER)
        return read_lines(c, place, seen);
    switch (place_find(place, c->content.reading, &c->s->signature, &value)) {
    case PLACE_ABSENT:
        return VERIFY_OK;
    case PLACE_SEVERAL:
        return blame(c->out, VERIFY_DUPLICATE_HEADER, place, "occurs more than once");
    case PLACE_UNREADABLE:
        return blame(c->out, VERIFY_MALFORMED_BODY, place, "cannot be read: the body is not JSON");
    case PLACE_ONE:
        break;
    }
    if (value.len == 0)
        return VERIFY_OK;
    *seen = true;
    return add_value(c, place, value);
}

enum verify_reason check_signatures(struct check *c)
{
    const struct places *places = &c->way->signature;
    bool seen = false;
    c->s->presented.count = 0;
    c->s->presented.timestamp = SLICE_NONE;
    buf_reset(&c->s->signature);
    for (uint32_t i = 0; i < places->count; i++) {
        enum verify_reason reason = read_one(c, &places->list[i], &seen);
        if (reason != VERIFY_OK)
            return reason;
    }
    return seen ? VERIFY_OK : blame(c->out, VERIFY_MISSING_SIGNATURE, &places->list[0], "is absent or empty");
}

enum verify_reason check_time(struct check *c)
{
    const struct way *w = c->way;
    const struct place *place = &w->timestamp.place;
    struct slice *text = &c->content.timestamp;

    *text = SLICE_NONE;
    if (!w->timestamp.present)
        return VERIFY_OK;
    if (w->timestamp.in_signature) {
        *text = c->s->presented.timestamp;
        if (text->len)
            return VERIFY_OK;
        return blame(c->out, VERIFY_MISSING_TIMESTAMP, &w->signature.list[0], "holds no time");
    }
    buf_reset(&c->s->time);
    switch (place_find(place, c->content.reading, &c->s->time, text)) {
    case PLACE_SEVERAL:
        return blame(c->out, VERIFY_DUPLICATE_HEADER, place, "occurs more than once");
    case PLACE_UNREADABLE:
        return blame(c->out, VERIFY_MALFORMED_BODY, place, "cannot be read: the body is not JSON");
    case PLACE_ABSENT:
    case PLACE_ONE:
        break;
    }
    return text->len ? VERIFY_OK : blame(c->out, VERIFY_MISSING_TIMESTAMP, place, "is absent or empty");
}
