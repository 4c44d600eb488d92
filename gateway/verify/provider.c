#include "verify/provider.h"

#include "verify/content.h"
#include "verify/place.h"
#include "verify/provider_load.h"

struct slice provider_id(const struct provider *p)
{
    return p->id;
}

struct slice provider_name(const struct provider *p)
{
    return p->name.len ? p->name : p->id;
}

struct slice provider_secret_what(const struct provider *p)
{
    return p->secret_what.len ? p->secret_what : SLICE("secret");
}

enum scheme provider_scheme(const struct provider *p)
{
    return p->scheme;
}

const char *provider_scheme_name(const struct provider *p)
{
    return load_schemes[p->scheme];
}

bool provider_needs_secret(const struct provider *p)
{
    return p->scheme != SCHEME_NONE && p->scheme != SCHEME_MTLS;
}

bool provider_hands_secret(const struct provider *p)
{
    for (uint32_t i = 0; i < p->n_handshakes; i++)
        if (p->handshakes[i].secret.count)
            return true;
    return false;
}

struct slice provider_param(const struct provider *p, size_t i, struct slice *what)
{
    *what = i < p->n_params ? p->params[i].what : SLICE_NONE;
    return i < p->n_params ? p->params[i].name : SLICE_NONE;
}

bool provider_uses_url(const struct provider *p)
{
    for (uint32_t w = 0; w < p->n_ways; w++)
        for (uint32_t i = 0; i < p->ways[w].n_contents; i++)
            if (content_uses_url(&p->ways[w].contents[i]))
                return true;
    return p->jwt.url_claim.len > 0;
}

/* Is the body in what is signed, whatever the signature matches? */
static bool signs_body(const struct way *w)
{
    for (uint32_t i = 0; i < w->n_contents; i++)
        if (!content_uses(&w->contents[i], CONTENT_BODY))
            return false;
    return w->n_contents > 0;
}

unsigned provider_guards(const struct provider *p)
{
    unsigned guards = GUARD_REPLAY | GUARD_BODY;
    bool digest = false;

    for (uint32_t i = 0; i < p->n_ways; i++) {
        const struct way *w = &p->ways[i];
        if (!w->timestamp.present || w->timestamp.tolerance_us < 0)
            guards &= ~(unsigned)GUARD_REPLAY;
        if (!signs_body(w) && !w->body_digest.present)
            guards &= ~(unsigned)GUARD_BODY;
        digest = digest || w->body_digest.present;
    }
    if (p->jwt.body_claim.len && p->jwt.body_required == JWT_BODY_ALWAYS)
        guards |= GUARD_BODY;
    return guards | (digest ? GUARD_BODY_DIGEST : 0);
}

const struct way *provider_way(const struct provider *p, struct reading *r, struct buf *tmp)
{
    for (uint32_t i = 1; i < p->n_ways; i++)
        if (when_holds(&p->ways[i].when, r, tmp))
            return &p->ways[i];
    return &p->ways[0];
}

bool provider_method_ok(const struct provider *p, struct slice method)
{
    for (uint32_t i = 0; i < p->n_methods; i++)
        if (slice_eq(p->methods[i], method))
            return true;
    return false;
}

bool provider_method_handshake(const struct provider *p, struct slice method)
{
    for (uint32_t i = 0; i < p->n_handshakes; i++)
        if (slice_eq(p->handshakes[i].when.method, method))
            return true;
    return false;
}

struct slice provider_allow(const struct provider *p)
{
    return p->allow;
}

bool provider_content_type_ok(const struct provider *p, const struct delivery *d)
{
    struct slice type = delivery_content_type(d);
    for (uint32_t i = 0; i < p->n_content_types; i++)
        if (slice_eq_nocase(p->content_types[i], type))
            return true;
    return type.len == 0;
}

void provider_put_content_types(const struct provider *p, struct buf *out)
{
    for (uint32_t i = 0; i < p->n_content_types; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "", SLICE_FMT(p->content_types[i]));
}

struct slice provider_form_json_field(const struct provider *p)
{
    return p->form_json_field;
}

const struct pointer *provider_split(const struct provider *p)
{
    return p->split.count ? &p->split : NULL;
}

/* All parts, joined by ':'; empty when one is absent. What is appended stands behind what tmp holds. */
static struct slice joined(const struct places *parts, struct reading *r, struct buf *tmp)
{
    struct buf text;
    struct slice value = SLICE_NONE;

    buf_init(&text, tmp->max);
    for (uint32_t i = 0; i < parts->count; i++) {
        enum place_found found = place_find(&parts->list[i], r, tmp, &value);
        if ((found != PLACE_ONE && found != PLACE_SEVERAL) || value.len == 0) {
            buf_clear(&text);
            return SLICE_NONE;
        }
        if (i > 0)
            buf_putc(&text, ':');
        buf_put(&text, value);
    }
    size_t start = tmp->len;
    bool cut = text.failed; /* half of it would name another delivery */
    buf_put(tmp, buf_slice(&text));
    buf_clear(&text);
    return cut || tmp->failed ? SLICE_NONE : slice_from(buf_slice(tmp), start);
}

/* The first choice that has something in it. */
static struct slice first_value(const struct choices *choices, struct reading *r, struct buf *tmp)
{
    for (uint32_t i = 0; i < choices->count; i++) {
        const struct places *parts = &choices->list[i];
        struct slice value = SLICE_NONE;
        if (parts->count > 1) {
            value = joined(parts, r, tmp);
        } else {
            enum place_found found = place_find(&parts->list[0], r, tmp, &value);
            if (found != PLACE_ONE && found != PLACE_SEVERAL)
                value = SLICE_NONE;
        }
        if (value.len > 0)
            return value;
    }
    return SLICE_NONE;
}

/* provider_way with a buffer of its own, where there is a choice: tmp holds values of the caller's. */
static const struct way *way_of(const struct provider *p, struct reading *r)
{
    struct buf own;
    if (p->n_ways == 1)
        return &p->ways[0];
    buf_init(&own, r->delivery->body.len + r->delivery->query.len + 1);
    const struct way *w = provider_way(p, r, &own);
    buf_clear(&own);
    return w;
}

struct slice provider_event_type(const struct provider *p, struct reading *r, struct buf *tmp)
{
    struct slice value = first_value(&way_of(p, r)->event_type, r, tmp);
    for (uint32_t i = 0; i < p->n_event_map; i++)
        if (slice_eq(p->event_map[i].from, value))
            return p->event_map[i].to;
    return value;
}

enum id_from provider_id_from(const struct provider *p)
{
    const struct choices *id = &p->ways[0].delivery_id;

    if (id->count == 0)
        return ID_FROM_NOWHERE;
    for (uint32_t i = 0; i < id->list[0].count; i++)
        if (id->list[0].list[i].in == PLACE_ITEM)
            return ID_FROM_ITEM;
    return ID_FROM_DELIVERY;
}

struct slice provider_delivery_id(const struct provider *p, struct reading *r, struct buf *tmp)
{
    return first_value(&way_of(p, r)->delivery_id, r, tmp);
}

struct slice provider_subject(const struct provider *p, struct reading *r, struct buf *tmp)
{
    return first_value(&p->subject, r, tmp);
}

bool provider_time(const struct provider *p, struct reading *r, struct buf *tmp, int64_t *us)
{
    struct slice text;
    return p->time.present && place_find(&p->time.place, r, tmp, &text) == PLACE_ONE &&
           timestamp_read(p->time.format, text, us) == 0;
}

static bool word_at(struct slice name, size_t at, const struct slice *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((name.ptr[at + 1] | 0x20) == words[i].ptr[1] && slice_starts_nocase(slice_from(name, at), words[i]))
            return true;
    return false;
}

/* Words of two and more lower-case letters, anywhere in the name. Asked for every header of every delivery: one pass, in
 * which the set of the words' first letters passes over nearly all. */
static bool sounds_like(struct slice name, const struct slice *words, size_t n)
{
    uint32_t first = 0;
    for (size_t i = 0; i < n; i++)
        first |= 1u << (words[i].ptr[0] & 31);
    for (size_t at = 0; at + 1 < name.len; at++)
        if (first >> (name.ptr[at] & 31) & 1 && word_at(name, at, words, n))
            return true;
    return false;
}

/* Is the header one of those that hold signatures? */
static bool holds_signature(const struct way *w, struct slice name)
{
    for (uint32_t i = 0; i < w->signature.count; i++) {
        const struct place *p = &w->signature.list[i];
        if (p->in == PLACE_HEADER && (w->numbered_max && i == 0 ? slice_starts_nocase(name, p->name)
                                                                : slice_eq_nocase(name, p->name)))
            return true;
    }
    return false;
}

/* Without a provider (sent to no source, perhaps for want of a letter) the name alone says what it is. */
bool provider_header_is_secret(const struct provider *p, struct slice name)
{
    static const struct slice always[] = { { "authorization", 13 }, { "cookie", 6 },  { "token", 5 }, { "secret", 6 },
                                           { "password", 8 },       { "api-key", 7 }, { "apikey", 6 } };
    static const struct slice signatures[] = { { "signature", 9 }, { "hmac", 4 }, { "verif-hash", 10 } };
    if (sounds_like(name, always, sizeof always / sizeof always[0]) ||
        (!p && sounds_like(name, signatures, sizeof signatures / sizeof signatures[0])))
        return true;
    for (uint32_t i = 0; p && i < p->n_ways; i++)
        if (holds_signature(&p->ways[i], name))
            return true;
    for (uint32_t i = 0; p && i < p->n_handshakes; i++) {
        const struct places *s = &p->handshakes[i].secret;
        if (s->count && s->list[0].in == PLACE_HEADER && slice_eq_nocase(name, s->list[0].name))
            return true;
    }
    return false;
}

static bool give_answer(const struct answer *a, int *status, struct slice *content_type, struct slice *body)
{
    if (!a->present)
        return false;
    *status = a->status;
    *content_type = a->content_type;
    *body = a->body;
    return true;
}

bool provider_ack(const struct provider *p, int *status, struct slice *content_type, struct slice *body)
{
    return give_answer(&p->ack, status, content_type, body);
}

bool provider_has_refusal(const struct provider *p)
{
    return p->refusal.present;
}

bool provider_refusal(const struct provider *p, int *status, struct slice *content_type, struct slice *body)
{
    return give_answer(&p->refusal, status, content_type, body);
}
