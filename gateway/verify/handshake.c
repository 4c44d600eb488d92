#include "verify/verifier_fields.h"

#include "verify/place.h"

static bool json_holds(const struct condition *c, struct reading *r)
{
    uint32_t node;
    if (reading_json(r))
        return false; /* an unreadable body is no handshake */
    node = pointer_get(&c->place.pointer, &r->doc, 0);
    if (node == JSON_NONE || c->any)
        return node != JSON_NONE;
    if (c->is_string)
        return json_type_of(&r->doc, node) == JSON_STRING && json_string_eq(&r->doc, node, c->value);
    return json_type_of(&r->doc, node) != JSON_STRING && slice_eq(json_raw(&r->doc, node), c->value);
}

static bool condition_holds(const struct condition *c, struct reading *r, struct buf *tmp)
{
    struct slice value;
    if (c->place.in == PLACE_JSON)
        return json_holds(c, r);
    buf_reset(tmp);
    return place_find(&c->place, r, tmp, &value) != PLACE_ABSENT && (c->any || slice_eq(value, c->value));
}

static bool handshake_holds(const struct handshake *h, struct reading *r, struct buf *tmp)
{
    if (h->method.len && !slice_eq(h->method, r->delivery->method))
        return false;
    for (uint32_t i = 0; i < h->n_when; i++)
        if (!condition_holds(&h->when[i], r, tmp))
            return false;
    return true;
}

struct answer {
    struct buf *out;
    bool is_json;   /* escape values for a JSON string */
    bool is_header; /* leave control characters out */
};

/* The escaped text without json_quote's own quotes. */
static void put_json(struct buf *out, struct slice value)
{
    size_t start = out->len;
    json_quote(out, value);
    if (out->failed)
        return;
    memmove(out->ptr + start, out->ptr + start + 1, out->len - start - 2);
    out->len -= 2;
    out->ptr[out->len] = '\0';
}

static void put_value(struct answer *a, struct slice value)
{
    if (a->is_json) {
        put_json(a->out, value);
    } else if (a->is_header) {
        for (size_t i = 0; i < value.len; i++)
            if ((unsigned char)value.ptr[i] >= 0x20 && value.ptr[i] != 0x7f)
                buf_putc(a->out, value.ptr[i]);
    } else {
        buf_put(a->out, value);
    }
}

/* Appends the template; what is absent is empty. */
static void put_template(struct answer *a, const struct template *t, const struct content *c)
{
    for (uint32_t i = 0; i < t->count; i++) {
        struct slice value;
        if (t->parts[i].kind.len == 0)
            buf_put(a->out, t->parts[i].literal);
        else if (content_value(c, &t->parts[i], &value) == VERIFY_OK)
            put_value(a, value);
    }
}

static void put_headers(const struct handshake *h, const struct content *c, struct verify_scratch *s,
                        struct verdict *out)
{
    struct header *list;
    if (h->n_headers == 0)
        return;
    list = arena_zalloc(&s->memory, h->n_headers * sizeof *list);
    for (uint32_t i = 0; i < h->n_headers; i++) {
        buf_reset(&s->body);
        put_template(&(struct answer){ .out = &s->body, .is_header = true }, &h->headers[i].value, c);
        list[i] = (struct header){ h->headers[i].name, arena_slice(&s->memory, buf_slice(&s->body)) };
    }
    out->headers = list;
    out->n_headers = h->n_headers;
}

bool handshake_answer(const struct verifier *v, bool is_signed, const struct content *c, struct verify_scratch *s,
                      struct verdict *out)
{
    const struct provider *p = v->provider;
    for (uint32_t i = 0; i < p->n_handshakes; i++) {
        const struct handshake *h = &p->handshakes[i];
        if (h->is_signed != is_signed || !handshake_holds(h, c->reading, &s->piece))
            continue;
        out->result = VERIFY_HANDSHAKE;
        out->handshake = h->name;
        out->status = h->status;
        out->content_type = h->content_type;
        arena_clear(&s->memory);
        put_headers(h, c, s, out);
        buf_reset(&s->body);
        put_template(&(struct answer){ .out = &s->body, .is_json = h->is_json }, &h->body, c);
        out->body = buf_slice(&s->body);
        return true;
    }
    return false;
}
