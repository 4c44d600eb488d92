#include "verify/verifier.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/id.h"
#include "verify/place.h"
#include "verify/verifier_fields.h"

struct signing {
    const struct verifier *v;
    const struct provider *p;
    struct verify_scratch *s;
    struct content content;
    struct header *headers; /* of the scratch's memory */
    size_t n;
};

static void add_header(struct signing *g, struct slice name, struct slice value)
{
    g->headers[g->n++] = (struct header){ name, arena_slice(&g->s->memory, value) };
    g->content.extra = g->headers;
    g->content.n_extra = g->n;
}

static int put_time(struct signing *g, int64_t now_us, struct err *e)
{
    const struct provider *p = g->p;
    const struct place *place = &p->timestamp.place;
    struct slice text = SLICE_NONE;
    bool there = false;

    if (!p->timestamp.present)
        return 0;
    buf_reset(&g->s->time);
    if (!p->timestamp.in_signature)
        there = place_find(place, g->content.reading, &g->s->time, &text) == PLACE_ONE && text.len > 0;
    if (!there) {
        timestamp_put(p->timestamp.format, now_us, &g->s->time);
        text = buf_slice(&g->s->time);
        if (!p->timestamp.in_signature && place->in != PLACE_HEADER)
            return err_set(e, ERR_INPUT, "the request has to hold its time: %.*s expects it at %.*s",
                           SLICE_FMT(provider_name(p)), SLICE_FMT(place->name));
    }
    g->content.timestamp = arena_slice(&g->s->memory, text);
    if (!there && !p->timestamp.in_signature)
        add_header(g, place->name, g->content.timestamp);
    return 0;
}

/* Headers that are signed and not there, such as webhook-id, get a value of their own. */
static void put_signed_headers(struct signing *g, const struct template *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        struct slice value;
        unsigned char bytes[12];
        char text[4 + 2 * sizeof bytes] = "msg_";
        if (part->kind.len == 0 || part->code != CONTENT_HEADER ||
            content_value(&g->content, part, &value) != VERIFY_MISSING_HEADER)
            continue;
        random_bytes(bytes, sizeof bytes);
        hex_encode(slice_of(bytes, sizeof bytes), text + 4);
        add_header(g, part->arg, slice_of(text, sizeof text));
    }
}

static void put_text(const struct signature_form *f, struct slice timestamp, struct slice signature, struct buf *out)
{
    bool time_first = f->timestamp_key.len || f->timestamp_index == 0;
    switch (f->format) {
    case SIGNATURE_PLAIN:
        buf_printf(out, "%.*s%.*s", SLICE_FMT(f->prefix), SLICE_FMT(signature));
        break;
    case SIGNATURE_PAIRS:
        if (time_first)
            buf_printf(out, "%.*s%c%.*s%c", SLICE_FMT(f->timestamp_key), f->kv, SLICE_FMT(timestamp), f->separator);
        buf_printf(out, "%.*s%c%.*s", SLICE_FMT(f->key), f->kv, SLICE_FMT(signature));
        break;
    case SIGNATURE_LIST:
        if (time_first)
            buf_printf(out, "%.*s%c", SLICE_FMT(timestamp), f->separator);
        buf_put(out, signature);
        if (f->timestamp_index > 0)
            buf_printf(out, "%c%.*s", f->separator, SLICE_FMT(timestamp));
        break;
    }
}

static int put_hmac(struct signing *g, struct buf *out, struct err *e)
{
    char text[DIGEST_TEXT_MAX];
    size_t len;
    const struct template_part *bad;
    enum verify_reason reason;

    put_signed_headers(g, &g->p->contents[0]);
    reason = verifier_hmac_text(g->p, g->v->keys[0].hmac, &g->content, &g->p->contents[0], g->s, text, &len, &bad);
    if (reason != VERIFY_OK)
        return err_set(e, ERR_INPUT, "cannot sign: {%.*s:%.*s} of the signed content: %s", SLICE_FMT(bad->kind),
                       SLICE_FMT(bad->arg), verify_reason_name(reason));
    if (len == 0)
        return err_set(e, ERR_SYSTEM, "cannot sign: OpenSSL failed");
    put_text(&g->p->form, g->content.timestamp, slice_of(text, len), out);
    return 0;
}

static int put_basic(struct signing *g, struct buf *out)
{
    const struct key *k = &g->v->keys[0];
    char *text = mem_alloc(BASE64_LEN(k->len));
    size_t len = base64_encode(slice_of(k->bytes, k->len), text);
    put_text(&g->p->form, SLICE_NONE, slice_of(text, len), out);
    mem_wipe(text, len);
    free(text);
    return 0;
}

static int put_signature(struct signing *g, struct buf *out, struct err *e)
{
    switch (g->p->scheme) {
    case SCHEME_HMAC:
        return put_hmac(g, out, e);
    case SCHEME_BASIC:
        return put_basic(g, out);
    case SCHEME_TOKEN:
        put_text(&g->p->form, g->content.timestamp, slice_of(g->v->keys[0].bytes, g->v->keys[0].len), out);
        return 0;
    case SCHEME_NONE:
        break;
    }
    return 0;
}

static size_t header_room(const struct provider *p)
{
    size_t room = 2; /* the signature and the time */
    for (uint32_t i = 0; i < p->n_contents; i++)
        room += p->contents[i].count;
    return room;
}

int verify_sign(const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                const struct header **headers, size_t *n, struct err *e)
{
    const struct provider *p = v->provider;
    struct signing g = { .v = v, .p = p, .s = s, .content = verifier_content(v, r, s) };

    *n = 0;
    if (p->scheme == SCHEME_NONE)
        return 0;
    if (p->signature.list[0].in != PLACE_HEADER)
        return err_set(e, ERR_INPUT, "%.*s has its signature in the %s, not in a header: it cannot be signed here",
                       SLICE_FMT(provider_name(p)), p->signature.list[0].in == PLACE_QUERY ? "URL" : "body");
    arena_clear(&s->memory);
    g.headers = arena_zalloc(&s->memory, header_room(p) * sizeof *g.headers);
    buf_reset(&s->signature);
    if (put_time(&g, now_us, e) || put_signature(&g, &s->signature, e))
        return -1;
    if (s->signature.failed)
        return err_set(e, ERR_LIMIT, "cannot sign: the signature is too long");
    add_header(&g, p->signature.list[0].name, buf_slice(&s->signature));
    *headers = g.headers;
    *n = g.n;
    return 0;
}
