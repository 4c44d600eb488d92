#include "verify/verifier_fields.h"

#include <stdio.h>

#include "verify/place.h"

struct writing {
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

static void put_value(struct writing *a, struct slice value)
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
static void put_template(struct writing *a, const struct template *t, const struct content *c)
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
        put_template(&(struct writing){ .out = &s->body, .is_header = true }, &h->headers[i].value, c);
        list[i] = (struct header){ h->headers[i].name, arena_slice(&s->memory, buf_slice(&s->body)) };
    }
    out->headers = list;
    out->n_headers = h->n_headers;
}

/* Are both sides there and equal? In constant time: one of them may be a secret. */
static bool pair_is_equal(const struct template_pair *pair, const struct content *c, struct verify_scratch *s)
{
    struct slice left;

    buf_reset(&s->body);
    put_template(&(struct writing){ .out = &s->body }, &pair->left, c);
    left = arena_slice(&s->memory, buf_slice(&s->body));
    buf_reset(&s->body);
    put_template(&(struct writing){ .out = &s->body }, &pair->right, c);
    return left.len > 0 && slice_eq_const_time(left, buf_slice(&s->body));
}

static bool checks_hold(const struct handshake *h, const struct content *c, struct verify_scratch *s)
{
    for (uint32_t i = 0; i < h->n_checks; i++)
        if (!pair_is_equal(&h->checks[i], c, s))
            return false;
    return true;
}

/* The secret that the sender hands over; empty when it is not there. */
static struct slice handed_secret(const struct handshake *h, const struct content *c, struct verify_scratch *s)
{
    struct slice value;

    buf_reset(&s->piece);
    if (place_find(&h->secret.list[0], c->reading, &s->piece, &value) != PLACE_ONE)
        return SLICE_NONE;
    return arena_slice(&s->memory, value);
}

/* An unsigned request may not have everything signed that it likes. */
static bool may_be_answered(const struct handshake *h, const struct content *c)
{
    if (h->is_signed)
        return true;
    for (uint32_t i = 0; i < h->n_headers; i++)
        if (!content_signs_challenges_only(c, &h->headers[i].value, h->challenge_max))
            return false;
    return content_signs_challenges_only(c, &h->body, h->challenge_max);
}

static void give_answer(const struct handshake *h, const struct content *c, struct verify_scratch *s,
                        struct verdict *out)
{
    out->result = VERIFY_HANDSHAKE;
    out->handshake = h->name;
    out->status = h->status;
    out->content_type = h->content_type;
    put_headers(h, c, s, out);
    buf_reset(&s->body);
    put_template(&(struct writing){ .out = &s->body, .is_json = h->is_json }, &h->body, c);
    out->body = buf_slice(&s->body);
}

/* Does it apply? One that brings a secret does only while there is none. */
static bool applies(const struct verifier *v, const struct handshake *h, bool is_signed, struct reading *r,
                    struct buf *tmp)
{
    return h->is_signed == is_signed && (h->secret.count == 0 || verifier_waits(v)) && when_holds(&h->when, r, tmp);
}

bool handshake_answer(const struct verifier *v, bool is_signed, const struct content *c, struct verify_scratch *s,
                      struct verdict *out)
{
    const struct provider *p = v->provider;

    for (uint32_t i = 0; i < p->n_handshakes; i++) {
        const struct handshake *h = &p->handshakes[i];
        if (!applies(v, h, is_signed, c->reading, &s->piece))
            continue;
        arena_clear(&s->memory);
        if (h->secret.count) {
            out->handed = handed_secret(h, c, s);
            if (out->handed.len == 0)
                continue;
        }
        if (checks_hold(h, c, s) && may_be_answered(h, c)) {
            give_answer(h, c, s, out);
        } else {
            out->result = VERIFY_REJECT;
            out->reason = VERIFY_BAD_VERIFY_TOKEN;
            snprintf(out->detail, sizeof out->detail, "handshake %s: what it has to bring is absent or another value",
                     h->name);
        }
        return true;
    }
    return false;
}
