#include "verify/signing.h"

#include "verify/form.h"
#include "verify/place.h"

static struct slice keep(struct signing *g, struct slice s)
{
    return arena_slice(&g->check.s->memory, s);
}

static void restart(struct signing *g)
{
    uint32_t item = g->reading.item;
    reading_start(&g->reading, &g->delivery, g->p->form_json_field, &JSON_LIMITS_DEFAULT);
    g->reading.item = item;
    g->check.content.body = g->delivery.body;
    g->check.content.url = g->delivery.url;
}

static int put_header(struct signing *g, struct slice name, struct slice value, struct err *e)
{
    for (size_t i = 0; i < g->n_headers; i++) {
        if (slice_eq_nocase(g->headers[i].name, name)) {
            g->headers[i].value = keep(g, value);
            return 0;
        }
    }
    if (g->n_headers == SIGNING_HEADERS_MAX)
        return err_set(e, ERR_LIMIT, "too many headers would have to be added");
    g->headers[g->n_headers++] = (struct header){ keep(g, name), keep(g, value) };
    g->check.content.extra = g->headers;
    g->check.content.n_extra = g->n_headers;
    return 0;
}

static void put_percent(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-_.~", c));
        if (plain)
            buf_putc(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* The fields without those of that name, then the new one. */
static void put_field(struct slice fields, struct slice name, struct slice value, struct buf *out)
{
    struct slice rest = fields, raw, old;
    struct buf encoded;

    buf_init(&encoded, 3 * name.len + 1);
    put_percent(&encoded, name);
    while (form_next(&rest, &raw, &old)) {
        if (slice_eq(raw, name) || slice_eq(raw, buf_slice(&encoded)))
            continue;
        buf_printf(out, "%s%.*s=%.*s", out->len ? "&" : "", SLICE_FMT(raw), SLICE_FMT(old));
    }
    if (out->len)
        buf_putc(out, '&');
    buf_put(out, buf_slice(&encoded));
    buf_putc(out, '=');
    put_percent(out, value);
    buf_clear(&encoded);
}

static void put_query(struct signing *g, struct slice name, struct slice value, struct buf *out)
{
    struct delivery *d = &g->delivery;
    struct slice url = slice_first(d->url, slice_find(d->url, '?'));

    put_field(d->query, name, value, out);
    d->query = keep(g, buf_slice(out));
    g->query_changed = true;
    if (d->url.len == 0)
        return;
    buf_reset(out);
    buf_put(out, url);
    buf_putc(out, '?');
    buf_put(out, d->query);
    d->url = keep(g, buf_slice(out));
}

/* Members that are not there yet, from the i-th token on. */
static void put_members(const struct pointer *p, uint32_t i, struct slice value, struct buf *out)
{
    for (uint32_t k = i; k < p->count; k++) {
        if (k > i)
            buf_putc(out, '{');
        json_quote(out, p->tokens[k].name);
        buf_putc(out, ':');
    }
    json_quote(out, value);
    for (uint32_t k = i + 1; k < p->count; k++)
        buf_putc(out, '}');
}

static void put_text_with(const struct json_doc *d, struct slice old, struct slice end, struct buf *out,
                          const struct pointer *p, uint32_t i, struct slice value)
{
    buf_put(out, slice_of(d->text.ptr, (size_t)(old.ptr - d->text.ptr)));
    if (i == p->count)
        json_quote(out, value);
    else
        put_members(p, i, value, out);
    buf_put(out, end);
}

/* The JSON text with that value at the place. */
static int set_json(struct signing *g, const struct place *place, struct slice value, struct buf *out, struct err *e)
{
    struct reading *r = &g->reading;
    const struct json_doc *d = &r->doc;
    const struct pointer *p = &place->pointer;
    uint32_t node, next;
    struct slice old, end;
    uint32_t i = 0;

    if (reading_json(r))
        return err_set(e, ERR_INPUT, "the signature stands in the body, which is not JSON: line %u, column %u: %s",
                       r->fault.line, r->fault.column, r->fault.text);
    node = place->in == PLACE_ITEM ? r->item : 0;
    for (; i < p->count; i++, node = next) {
        next = pointer_get(&(struct pointer){ .tokens = p->tokens + i, .count = 1 }, d, node);
        if (next == JSON_NONE)
            break;
    }
    old = json_raw(d, node);
    end = slice_of(old.ptr + old.len, (size_t)(d->text.ptr + d->text.len - (old.ptr + old.len)));
    if (i < p->count) { /* the first member of that object */
        if (json_type_of(d, node) != JSON_OBJECT)
            return err_set(e, ERR_INPUT, "the body has no object to hold %.*s", SLICE_FMT(place->name));
        bool empty = json_count(d, node) == 0;
        put_text_with(d, slice_from(old, 1), SLICE_NONE, out, p, i, value);
        if (!empty)
            buf_putc(out, ',');
        buf_put(out, slice_of(old.ptr + 1, (size_t)(d->text.ptr + d->text.len - old.ptr - 1)));
        return 0;
    }
    put_text_with(d, old, end, out, p, i, value);
    return 0;
}

static int put_json(struct signing *g, const struct place *place, struct slice value, struct buf *out, struct err *e)
{
    if (delivery_is_form(&g->delivery))
        return err_set(e, ERR_INPUT, "the signature stands in JSON, but the body is a form");
    if (set_json(g, place, value, out, e))
        return -1;
    g->delivery.body = keep(g, buf_slice(out));
    g->body_changed = true;
    return 0;
}

static int put_form(struct signing *g, struct slice name, struct slice value, struct buf *out, struct err *e)
{
    if (!delivery_is_form(&g->delivery))
        return err_set(e, ERR_INPUT,
                       "the signature stands in a form: give the header Content-Type: application/x-www-form-urlencoded");
    put_field(g->delivery.body, name, value, out);
    g->delivery.body = keep(g, buf_slice(out));
    g->body_changed = true;
    return 0;
}

int signing_put(struct signing *g, const struct place *place, struct slice value, struct err *e)
{
    struct buf out;
    int rc = 0;

    if (place->in == PLACE_HEADER)
        return put_header(g, place->name, value, e);
    buf_init(&out, 4 * (g->delivery.body.len + g->delivery.url.len + value.len) + 4096);
    switch (place->in) {
    case PLACE_QUERY:
        put_query(g, place->name, value, &out);
        break;
    case PLACE_FORM:
        rc = put_form(g, place->name, value, &out, e);
        break;
    case PLACE_JSON:
    case PLACE_ITEM:
        rc = put_json(g, place, value, &out, e);
        break;
    case PLACE_HEADER:
        break;
    }
    if (rc == 0 && out.failed)
        rc = err_set(e, ERR_LIMIT, "the signed request is too large");
    buf_clear(&out);
    restart(g);
    return rc;
}
