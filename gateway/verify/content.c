#include "verify/content.h"

#include "verify/place.h"

const struct template_kind content_kinds[] = {
    [CONTENT_BODY] = { "body", TEMPLATE_ARG_NONE },
    [CONTENT_TIMESTAMP] = { "timestamp", TEMPLATE_ARG_NONE },
    [CONTENT_METHOD] = { "method", TEMPLATE_ARG_NONE },
    [CONTENT_URL] = { "url", TEMPLATE_ARG_NONE },
    [CONTENT_PATH_QUERY] = { "path_query", TEMPLATE_ARG_NONE },
    [CONTENT_HEADER] = { "header", TEMPLATE_ARG_NEEDED },
    [CONTENT_QUERY] = { "query", TEMPLATE_ARG_NEEDED },
    [CONTENT_FORM] = { "form", TEMPLATE_ARG_NEEDED },
    [CONTENT_PARAM] = { "param", TEMPLATE_ARG_NEEDED },
    [CONTENT_JSON] = { "json", TEMPLATE_ARG_POINTER },
    { NULL, TEMPLATE_ARG_NONE },
};

static struct slice path_query(const struct content *c)
{
    const struct delivery *d = c->reading->delivery;
    if (d->query.len == 0)
        return d->path;
    buf_put(c->tmp, d->path);
    buf_putc(c->tmp, '?');
    buf_put(c->tmp, d->query);
    return buf_slice(c->tmp);
}

static enum verify_reason header_value(const struct content *c, struct slice name, struct slice *value)
{
    for (size_t i = 0; i < c->n_extra; i++) {
        if (slice_eq_nocase(c->extra[i].name, name)) {
            *value = c->extra[i].value;
            return VERIFY_OK;
        }
    }
    switch (delivery_header_count(c->reading->delivery, name, value)) {
    case 0:
        return VERIFY_MISSING_HEADER;
    case 1:
        return VERIFY_OK;
    default:
        return VERIFY_DUPLICATE_HEADER;
    }
}

static enum verify_reason place_value(const struct content *c, enum place_in in, const struct template_part *part,
                                      struct slice *value)
{
    struct place place = { .in = in, .name = part->arg, .pointer = part->pointer };
    switch (place_find(&place, c->reading, c->tmp, value)) {
    case PLACE_ONE:
        return VERIFY_OK;
    case PLACE_ABSENT: /* an absent or null JSON member is the empty text */
        return in == PLACE_JSON ? VERIFY_OK : VERIFY_MISSING_FIELD;
    case PLACE_SEVERAL:
        return VERIFY_DUPLICATE_HEADER;
    case PLACE_UNREADABLE:
        break;
    }
    return VERIFY_MALFORMED_BODY;
}

static struct slice param_value(const struct content *c, struct slice name)
{
    for (size_t i = 0; i < c->n_params; i++)
        if (slice_eq(c->params[i].name, name))
            return c->params[i].value;
    return SLICE_NONE;
}

enum verify_reason content_value(const struct content *c, const struct template_part *part, struct slice *value)
{
    enum verify_reason reason = VERIFY_OK;

    buf_reset(c->tmp);
    *value = SLICE_NONE;
    switch ((enum content_kind)part->code) {
    case CONTENT_BODY:
        *value = c->body;
        break;
    case CONTENT_TIMESTAMP:
        *value = c->timestamp;
        break;
    case CONTENT_METHOD:
        *value = c->reading->delivery->method;
        break;
    case CONTENT_URL:
        *value = c->reading->delivery->url;
        break;
    case CONTENT_PATH_QUERY:
        *value = path_query(c);
        break;
    case CONTENT_HEADER:
        reason = header_value(c, part->arg, value);
        break;
    case CONTENT_QUERY:
        reason = place_value(c, PLACE_QUERY, part, value);
        break;
    case CONTENT_FORM:
        reason = place_value(c, PLACE_FORM, part, value);
        break;
    case CONTENT_PARAM:
        *value = param_value(c, part->arg);
        break;
    case CONTENT_JSON:
        reason = place_value(c, PLACE_JSON, part, value);
        break;
    }
    return c->tmp->failed ? VERIFY_MALFORMED_BODY : reason;
}

enum verify_reason content_feed(const struct content *c, const struct template *t, content_sink sink, void *arg,
                                const struct template_part **bad)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        struct slice piece = part->literal;
        if (part->kind.len > 0) {
            enum verify_reason reason = content_value(c, part, &piece);
            if (reason != VERIFY_OK) {
                *bad = part;
                return reason;
            }
        }
        sink(arg, piece);
    }
    return VERIFY_OK;
}

bool content_uses(const struct template *t, enum content_kind kind)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->parts[i].kind.len > 0 && t->parts[i].code == (int)kind)
            return true;
    return false;
}
