#include "verify/verifier.h"

#include "base/clock.h"
#include "verify/place.h"
#include "verify/trial.h"
#include "verify/verifier_fields.h"

struct explanation {
    const struct verifier *v;
    const struct provider *p;
    const struct checker *checker;
    const struct way *way;
    struct reading *r;
    struct verify_scratch *s;
    int64_t now_us;
    struct buf *out;
};

/* Foreign text for a terminal. */
static void put_shown(struct buf *out, struct slice s, size_t max)
{
    for (size_t i = 0; i < s.len && i < max; i++)
        buf_putc(out, (unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f ? '.' : s.ptr[i]);
    if (s.len > max)
        buf_puts(out, "…");
}

static bool contains_nocase(struct slice s, struct slice part)
{
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (slice_starts_nocase(slice_from(s, i), part))
            return true;
    return false;
}

static void put_similar_headers(struct explanation *x, struct slice wanted, const char *const *words)
{
    const struct delivery *d = x->r->delivery;
    unsigned shown = 0;
    for (size_t i = 0; i < d->n_headers && shown < 8; i++) {
        struct slice name = d->headers[i].name;
        bool similar = false;
        for (const char *const *w = words; *w && !similar; w++)
            similar = contains_nocase(name, slice_z(*w));
        if (!similar || slice_eq_nocase(name, wanted))
            continue;
        buf_puts(x->out, shown++ ? ", " : "- The request has a similar header: ");
        put_shown(x->out, name, 80);
    }
    if (shown)
        buf_puts(x->out, ". Is it the right provider?\n");
}

static void explain_missing_signature(struct explanation *x)
{
    static const char *const words[] = { "sign", "hmac", "hash", "digest", "authorization", "token", "secret", NULL };
    const struct place *place = &x->way->signature.list[0];
    buf_puts(x->out, "- The signature is expected in ");
    place_put_name(place, x->out);
    buf_puts(x->out, ".\n");
    put_similar_headers(x, place->in == PLACE_HEADER ? place->name : SLICE_NONE, words);
}

static void explain_missing_timestamp(struct explanation *x)
{
    static const char *const words[] = { "time", "date", NULL };
    const struct place *place = &x->way->timestamp.place;
    if (x->way->timestamp.in_signature) {
        buf_printf(x->out, "- The time is expected in the signature itself, as %.*s%c….\n",
                   SLICE_FMT(x->checker->form.timestamp_key), x->checker->form.kv ? x->checker->form.kv : ' ');
        return;
    }
    buf_puts(x->out, "- The time is expected in ");
    place_put_name(place, x->out);
    buf_puts(x->out, ".\n");
    put_similar_headers(x, place->in == PLACE_HEADER ? place->name : SLICE_NONE, words);
}

static void explain_malformed_signature(struct explanation *x)
{
    const struct signature_form *f = &x->checker->form;
    struct slice value = delivery_header(x->r->delivery, x->way->signature.list[0].name);
    if (f->format == SIGNATURE_PAIRS)
        buf_printf(x->out, "- Expected is %.*s%c<signature>, items separated by '%c'.\n", SLICE_FMT(f->key), f->kv,
                   f->separator);
    else if (f->prefix.len)
        buf_printf(x->out, "- Expected is %.*s<signature>.\n", SLICE_FMT(f->prefix));
    if (x->p->scheme != SCHEME_HMAC || x->way->signature.list[0].in != PLACE_HEADER)
        return; /* a token is a secret: not shown */
    buf_puts(x->out, "- It begins with \"");
    put_shown(x->out, value, 12);
    buf_puts(x->out, "\".\n");
}

static void put_duration(struct buf *out, int64_t s)
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

static void explain_clock(struct explanation *x, struct slice text)
{
    char then[CLOCK_TEXT_LEN], now[CLOCK_TEXT_LEN];
    int64_t t, off;
    if (timestamp_read(x->way->timestamp.format, text, &t))
        return;
    off = (x->now_us - t) / US_PER_S;
    clock_text(x->now_us, now);
    if (t > INT64_C(253402300799) * US_PER_S) {
        buf_puts(x->out, "- Its time is beyond the year 9999: are they milliseconds where seconds are expected?\n");
        return;
    }
    clock_text(t, then);
    buf_printf(x->out, "- It was signed at %s; now it is %s: ", then, now);
    put_duration(x->out, off < 0 ? -off : off);
    buf_printf(x->out, " %s. Allowed are %lld s.\n", off < 0 ? "ahead" : "ago",
               (long long)(x->way->timestamp.tolerance_us / US_PER_S));
    buf_puts(x->out, off < 0
                         ? "- One of the two clocks is wrong.\n"
                         : "- A stored request is being replayed (give its time with --now), or a clock is wrong.\n");
}

static void explain_malformed_timestamp(struct explanation *x, struct slice text)
{
    static const char *const words[] = { [TIMESTAMP_UNIX] = "seconds since 1970 (digits only)",
                                         [TIMESTAMP_UNIX_MS] = "milliseconds since 1970 (digits only)",
                                         [TIMESTAMP_RFC3339] = "RFC 3339 (2026-03-04T09:11:02Z)",
                                         [TIMESTAMP_HTTP_DATE] = "an HTTP date" };
    buf_puts(x->out, "- The time is \"");
    put_shown(x->out, text, 40);
    buf_printf(x->out, "\"; expected are %s.\n", words[x->way->timestamp.format]);
}

/* The signed content with the body left out. */
static void put_content(struct explanation *x, const struct content *c, const struct template *t)
{
    buf_puts(x->out, "- Signed is: ");
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        struct slice value;
        if (part->kind.len == 0)
            put_shown(x->out, part->literal, 200);
        else if (part->code == CONTENT_BODY)
            buf_printf(x->out, "<body, %zu bytes>", c->body.len);
        else if (content_value(c, part, &value) == VERIFY_OK)
            put_shown(x->out, value, 200);
        else
            buf_printf(x->out, "<no %.*s>", SLICE_FMT(part->kind));
    }
    buf_putc(x->out, '\n');
}

static size_t text_length(const struct hash *h, enum encoding e)
{
    return e == ENCODING_HEX ? 2 * h->len : e == ENCODING_BASE64 ? (h->len + 2) / 3 * 4 : (4 * h->len + 2) / 3;
}

static void put_lengths(struct explanation *x)
{
    static const char *const words[] = {
        [ENCODING_HEX] = "hex", [ENCODING_BASE64] = "base64", [ENCODING_BASE64URL] = "base64url"
    };
    size_t wanted = text_length(x->way->hash, x->way->encoding);
    for (unsigned i = 0; i < x->s->presented.count && i < 3; i++) {
        size_t got = x->s->presented.list[i].len;
        if (got == wanted)
            continue;
        buf_printf(x->out, "- The signature has %zu characters; %s in %s has %zu.", got, x->way->hash->name,
                   words[x->way->encoding], wanted);
        for (const struct hash *const *h = hash_all; *h; h++)
            for (int e = ENCODING_HEX; e <= ENCODING_BASE64URL; e++)
                if (text_length(*h, (enum encoding)e) == got)
                    buf_printf(x->out, " %s in %s has %zu.", (*h)->name, words[e], got);
        buf_putc(x->out, '\n');
    }
}

static void explain_hmac(struct explanation *x, const struct content *c)
{
    put_content(x, c, &x->way->contents[0]);
    put_lengths(x);
    if (trial_run(x->v, c, x->s, x->out))
        return;
    buf_puts(x->out,
             "- Also tried without success: other hashes and encodings; the body with and without a last newline, with "
             "other line ends, as compact JSON; the secret decoded and not decoded.\n"
             "- So the secret is another one, or the body was changed on the way (compare its length above with "
             "Content-Length).\n");
    if (provider_uses_url(x->p))
        buf_puts(x->out, "- The URL is signed: is --url exactly what the sender has registered?\n");
}

/* Lengths only: the value may be almost the secret. */
static void explain_fixed(struct explanation *x)
{
    for (unsigned i = 0; i < x->s->presented.count && x->p->scheme == SCHEME_TOKEN; i++)
        buf_printf(x->out, "- The value has %zu characters; the secret has %zu.\n", x->s->presented.list[i].len,
                   x->v->checkers[0].keys[0].len);
    if (x->p->scheme == SCHEME_BASIC)
        buf_puts(x->out, "- User or password are not those of the secret (user:password).\n");
}

static void put_right_headers(struct explanation *x)
{
    struct signed_request right;
    struct err e;
    if (verify_sign(x->v, x->r, x->now_us, x->s, &right, &e)) {
        buf_printf(x->out, "- No right signature to show: %s.\n", e.text);
        return;
    }
    buf_puts(x->out, "- Right would be:\n");
    for (size_t i = 0; i < right.n_headers; i++)
        buf_printf(x->out, "    %.*s: %.*s\n", SLICE_FMT(right.headers[i].name), SLICE_FMT(right.headers[i].value));
}

static void explain_reason(struct explanation *x, enum verify_reason reason)
{
    struct verdict ignored;
    struct check check;

    check_init(&check, x->v, x->r, x->now_us, x->s, &ignored);
    if (check_signatures(&check) == VERIFY_OK)
        check_time(&check);
    switch (reason) {
    case VERIFY_MISSING_SIGNATURE:
        explain_missing_signature(x);
        break;
    case VERIFY_MALFORMED_SIGNATURE:
        explain_malformed_signature(x);
        break;
    case VERIFY_MISSING_TIMESTAMP:
        explain_missing_timestamp(x);
        break;
    case VERIFY_MALFORMED_TIMESTAMP:
        explain_malformed_timestamp(x, check.content.timestamp);
        break;
    case VERIFY_STALE:
    case VERIFY_FUTURE:
        explain_clock(x, check.content.timestamp);
        break;
    case VERIFY_BAD_SIGNATURE:
        if (x->p->scheme == SCHEME_HMAC)
            explain_hmac(x, &check.content);
        else
            explain_fixed(x);
        break;
    default:
        break;
    }
}

void verify_explain(const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                    const struct verdict *verdict, bool show_signature, struct buf *out)
{
    const struct checker *checker = verifier_checker(v, r, s);
    struct explanation x = { v, v->provider, checker, checker->way, r, s, now_us, out };
    buf_printf(out, "refused: %s\n", verify_reason_name(verdict->reason));
    if (verdict->detail[0])
        buf_printf(out, "- %s\n", verdict->detail);
    if (v->n_keys > 0)
        explain_reason(&x, verdict->reason);
    if (show_signature)
        put_right_headers(&x);
}
