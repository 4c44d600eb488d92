#include "verify/explain.h"

#include <stdlib.h>

#include "base/clock.h"
#include "config/nearest.h"
#include "verify/place.h"
#include "verify/trial.h"

void explain_put_shown(struct buf *out, struct slice s, size_t max)
{
    for (size_t i = 0; i < s.len && i < max; i++)
        buf_putc(out, (unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f ? '.' : s.ptr[i]);
    if (s.len > max)
        buf_puts(out, "…");
}

void explain_put_duration(struct buf *out, int64_t s)
{
    if (s >= 2 * 86400)
        buf_printf(out, "%lld days", (long long)(s / 86400));
    else if (s >= 2 * 3600)
        buf_printf(out, "%lld h %lld min", (long long)(s / 3600), (long long)(s % 3600 / 60));
    else if (s >= 120)
        buf_printf(out, "%lld min %lld s", (long long)(s / 60), (long long)(s % 60));
    else
        buf_printf(out, "%lld s", (long long)s);
}

static bool contains_nocase(struct slice s, struct slice part)
{
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (slice_starts_nocase(slice_from(s, i), part))
            return true;
    return false;
}

/* Letters and digits only, in lower case: X_Hub-Signature is xhubsignature. */
static struct slice plain_name(struct slice name, char out[64])
{
    size_t n = 0;
    for (size_t i = 0; i < name.len && n < 64; i++) {
        char c = name.ptr[i];
        if (c >= 'A' && c <= 'Z')
            out[n++] = (char)(c + 32);
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[n++] = c;
    }
    return slice_of(out, n);
}

static bool is_similar(struct slice name, struct slice wanted, const char *const *words)
{
    char a[64], b[64];
    struct slice known = plain_name(wanted, b);

    for (const char *const *w = words; *w; w++)
        if (contains_nocase(name, slice_z(*w)))
            return true;
    return known.len && nearest(plain_name(name, a), &known, 1) == 0;
}

/* Has the provider another use for this header? */
static bool is_used(const struct explanation *x, struct slice name)
{
    const struct way *w = x->c.way;

    for (uint32_t i = 0; i < w->signature.count; i++)
        if (w->signature.list[i].in == PLACE_HEADER && slice_eq_nocase(w->signature.list[i].name, name))
            return true;
    return w->timestamp.present && !w->timestamp.in_signature && w->timestamp.place.in == PLACE_HEADER &&
           slice_eq_nocase(w->timestamp.place.name, name);
}

static void put_similar_headers(struct explanation *x, struct slice wanted, const char *const *words)
{
    const struct delivery *d = x->c.content.reading->delivery;
    unsigned shown = 0;

    for (size_t i = 0; i < d->n_headers && shown < 8; i++) {
        struct slice name = d->headers[i].name;
        if (is_used(x, name) || !is_similar(name, wanted, words))
            continue;
        buf_puts(x->out, shown++ ? ", " : "- The request has a similar header: ");
        explain_put_shown(x->out, name, 80);
    }
    if (shown)
        buf_puts(x->out, ". Is it the right provider?\n");
}

static void put_expected(struct explanation *x, const char *what, const struct place *place)
{
    buf_printf(x->out, "- The %s is expected in ", what);
    place_put_name(place, x->out);
    buf_puts(x->out, ".\n");
}

static void explain_missing_signature(struct explanation *x)
{
    static const char *const words[] = { "sign", "hmac", "hash", "digest", "authorization", "token", "secret", NULL };
    const struct places *places = &x->c.way->signature;

    if (places->count == 0)
        return;
    put_expected(x, "signature", &places->list[0]);
    for (uint32_t i = 1; i < places->count; i++)
        put_expected(x, "signature", &places->list[i]);
    put_similar_headers(x, places->list[0].in == PLACE_HEADER ? places->list[0].name : SLICE_NONE, words);
    trial_providers(x->c.v, x->c.content.reading->delivery, x->c.now_us, x->out);
}

static void explain_missing_timestamp(struct explanation *x)
{
    static const char *const words[] = { "time", "date", NULL };
    const struct signature_form *form = &x->c.checker->form;
    const struct place *place = &x->c.way->timestamp.place;

    if (x->c.way->timestamp.in_signature) {
        if (form->format == SIGNATURE_LIST)
            buf_printf(x->out, "- The time is expected in the signature itself, as item %d.\n", form->timestamp_index + 1);
        else
            buf_printf(x->out, "- The time is expected in the signature itself, as %.*s%c….\n",
                       SLICE_FMT(form->timestamp_key), form->kv ? form->kv : ' ');
        return;
    }
    put_expected(x, "time", place);
    put_similar_headers(x, place->in == PLACE_HEADER ? place->name : SLICE_NONE, words);
}

/* Values of these schemes are secrets, or as good as: never shown. */
static bool shows_value(enum scheme scheme)
{
    return scheme != SCHEME_TOKEN && scheme != SCHEME_BASIC && scheme != SCHEME_JWT;
}

static void explain_malformed_signature(struct explanation *x)
{
    const struct signature_form *f = &x->c.checker->form;
    const struct place *place = &x->c.way->signature.list[0];

    if (check_signatures(&x->c) == VERIFY_OK) { /* the header's form is right: what is in it is not */
        explain_form(x);
        return;
    }
    if (f->format == SIGNATURE_PAIRS)
        buf_printf(x->out, "- Expected is %.*s%c<signature>, items separated by '%c'.\n", SLICE_FMT(f->key), f->kv,
                   f->separator);
    else if (f->prefix.len)
        buf_printf(x->out, "- Expected is %.*s<%s>.\n", SLICE_FMT(f->prefix),
                   shows_value(x->c.v->provider->scheme) ? "signature" : "value");
    if (!shows_value(x->c.v->provider->scheme) || place->in != PLACE_HEADER)
        return;
    buf_puts(x->out, "- It begins with \"");
    explain_put_shown(x->out, delivery_header(x->c.content.reading->delivery, place->name), 12);
    buf_puts(x->out, "\".\n");
}

static void explain_clock(struct explanation *x)
{
    char then[CLOCK_TEXT_LEN], now[CLOCK_TEXT_LEN];
    const struct way *w = x->c.way;
    int64_t t, off;

    if (x->c.v->provider->scheme == SCHEME_JWT) {
        explain_token_clock(x);
        return;
    }
    if (timestamp_read(w->timestamp.format, x->c.content.timestamp, &t))
        return;
    off = (x->c.now_us - t) / US_PER_S;
    clock_text(x->c.now_us, now);
    if (t > INT64_C(253402300799) * US_PER_S) {
        buf_puts(x->out, "- Its time is beyond the year 9999: are they milliseconds where seconds are expected?\n");
        return;
    }
    clock_text(t, then);
    buf_printf(x->out, "- It was signed at %s; now it is %s: ", then, now);
    explain_put_duration(x->out, off < 0 ? -off : off);
    buf_printf(x->out, " %s. Allowed are %lld s.\n", off < 0 ? "ahead" : "ago",
               (long long)(w->timestamp.tolerance_us / US_PER_S));
    if (w->timestamp.format == TIMESTAMP_UNIX_MS && t < INT64_C(100000000) * US_PER_S)
        buf_puts(x->out, "- Are they seconds where milliseconds are expected?\n");
    else
        buf_puts(x->out, off < 0
                             ? "- One of the two clocks is wrong.\n"
                             : "- A stored request is being replayed (give its time with --now), or a clock is wrong.\n");
}

static void explain_malformed_timestamp(struct explanation *x)
{
    static const char *const words[] = { [TIMESTAMP_UNIX] = "seconds since 1970 (digits only)",
                                         [TIMESTAMP_UNIX_MS] = "milliseconds since 1970 (digits only)",
                                         [TIMESTAMP_RFC3339] = "RFC 3339 (2026-03-04T09:11:02Z)",
                                         [TIMESTAMP_HTTP_DATE] = "an HTTP date" };
    buf_puts(x->out, "- The time is \"");
    explain_put_shown(x->out, x->c.content.timestamp, 40);
    buf_printf(x->out, "\"; expected are %s.\n", words[x->c.way->timestamp.format]);
}

/* Headers and fields that are signed and not there. */
static void explain_missing_part(struct explanation *x)
{
    static const char *const words[] = { NULL };

    for (uint32_t i = 0; i < x->c.way->n_contents; i++) {
        const struct template *t = &x->c.way->contents[i];
        for (uint32_t j = 0; j < t->count; j++) {
            const struct template_part *part = &t->parts[j];
            struct slice value;
            if (part->kind.len == 0 || content_value(&x->c.content, part, &value) == VERIFY_OK)
                continue;
            buf_printf(x->out, "- Signed is {%.*s:%.*s}, which the request does not have.\n", SLICE_FMT(part->kind),
                       SLICE_FMT(slice_first(part->arg, 100)));
            if (part->code == CONTENT_HEADER)
                put_similar_headers(x, part->arg, words);
        }
    }
}

static void explain_unreadable(struct explanation *x)
{
    struct reading *r = x->c.content.reading;
    if (reading_json(r))
        buf_printf(x->out, "- The body, line %u, column %u: %s.\n", r->fault.line, r->fault.column, r->fault.text);
}

static void explain_verify_token(struct explanation *x)
{
    struct slice what, name;
    for (size_t i = 0; (name = provider_param(x->c.v->provider, i, &what)).len; i++)
        buf_printf(x->out, "- Is --param %.*s=… what was typed into the sender's form%s%.*s?\n", SLICE_FMT(name),
                   what.len ? " as " : "", SLICE_FMT(what));
}

/* A digest of the body alone, wherever it stands. */
static bool digest_fits(struct trial *t, const char *what)
{
    const struct way *w = t->c->way;
    char text[DIGEST_TEXT_MAX];
    struct slice got;
    size_t n;

    buf_reset(&t->c->s->piece);
    if (place_find(&w->body_digest.place, t->c->content.reading, &t->c->s->piece, &got) != PLACE_ONE)
        return false;
    n = encoding_hash(w->body_digest.encoding, w->body_digest.hash, t->c->content.body, text);
    if (n == 0 || !slice_starts(got, w->body_digest.prefix) ||
        !slice_eq_nocase(slice_from(got, w->body_digest.prefix.len), slice_of(text, n)))
        return false;
    buf_printf(t->out, "- It would match %s.\n", what);
    return true;
}

static void explain_body_digest(struct explanation *x)
{
    struct trial t = { .c = &x->c, .out = x->out };

    if (x->c.v->provider->scheme == SCHEME_JWT)
        explain_token_body(x);
    else if (!trial_bodies(&t, digest_fits))
        buf_puts(x->out, "- The body was changed on the way (compare its length with Content-Length).\n");
}

/* Where several values of a body are signed one by one: the first that fails. */
static void find_item(struct explanation *x)
{
    struct reading *r = x->c.content.reading;
    uint32_t *nodes;
    size_t n;

    if (!x->c.way->items || reading_json(r))
        return;
    nodes = mem_alloc(SIGNED_ITEMS_MAX * sizeof *nodes);
    n = pointer_all(x->c.way->items, &r->doc, 0, nodes, SIGNED_ITEMS_MAX);
    for (size_t i = 0; i < n && i < SIGNED_ITEMS_MAX; i++) {
        r->item = nodes[i];
        x->c.out->secret = -1;
        if (check_signatures(&x->c) == VERIFY_OK &&
            (x->c.v->provider->scheme == SCHEME_TOKEN ? match_token(&x->c) : match_digest(&x->c)) == VERIFY_OK)
            continue;
        if (n > 1)
            buf_printf(x->out, "- It is about value %zu of the %zu in the body, which are signed one by one.\n", i + 1, n);
        break;
    }
    free(nodes);
}

static void explain_reason(struct explanation *x, enum verify_reason reason)
{
    static void (*const words[VERIFY_NREASONS])(struct explanation *) = {
        [VERIFY_MISSING_SIGNATURE] = explain_missing_signature,
        [VERIFY_MALFORMED_SIGNATURE] = explain_malformed_signature,
        [VERIFY_MISSING_TIMESTAMP] = explain_missing_timestamp,
        [VERIFY_MALFORMED_TIMESTAMP] = explain_malformed_timestamp,
        [VERIFY_STALE] = explain_clock,
        [VERIFY_FUTURE] = explain_clock,
        [VERIFY_MISSING_HEADER] = explain_missing_part,
        [VERIFY_MISSING_FIELD] = explain_missing_part,
        [VERIFY_MALFORMED_BODY] = explain_unreadable,
        [VERIFY_BAD_BODY_DIGEST] = explain_body_digest,
        [VERIFY_BAD_CLAIMS] = explain_claims,
        [VERIFY_BAD_VERIFY_TOKEN] = explain_verify_token,
        [VERIFY_BAD_SIGNATURE] = explain_contents,
    };
    find_item(x);
    if (check_signatures(&x->c) == VERIFY_OK && check_time(&x->c) != VERIFY_OK)
        x->c.content.timestamp = SLICE_NONE;
    if (words[reason])
        words[reason](x);
    x->c.content.reading->item = 0;
}

static void put_right_request(struct explanation *x)
{
    struct signed_request q;
    struct err e;

    if (verify_sign(x->c.v, x->c.content.reading, x->c.now_us, x->c.s, &q, &e)) {
        buf_printf(x->out, "- No right signature to show: %s.\n", e.text);
        return;
    }
    buf_puts(x->out, "- Right would be:\n");
    for (size_t i = 0; i < q.n_headers; i++)
        buf_printf(x->out, "    %.*s: %.*s\n", SLICE_FMT(q.headers[i].name), SLICE_FMT(q.headers[i].value));
    if (q.query.ptr)
        buf_printf(x->out, "    ?%.*s\n", SLICE_FMT(q.query));
    if (q.body.ptr) {
        buf_puts(x->out, "    ");
        explain_put_shown(x->out, q.body, 4096);
        buf_putc(x->out, '\n');
    }
}

void verify_explain(const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                    const struct verdict *verdict, bool show_signature, struct buf *out)
{
    struct explanation x = { .out = out };
    struct verdict ignored = { .secret = -1 };

    buf_printf(out, "refused: %s\n", verify_reason_name(verdict->reason));
    if (verdict->detail[0])
        buf_printf(out, "- %s\n", verdict->detail);
    check_init(&x.c, v, r, now_us, s, &ignored);
    if (provider_needs_secret(v->provider) && v->n_keys > 0)
        explain_reason(&x, verdict->reason);
    if (show_signature)
        put_right_request(&x);
}
