#include "verify/signing.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/id.h"
#include "verify/place.h"

/* The time of signing: what stands in the request, or now, put there. */
static int put_time(struct signing *g, struct err *e)
{
    const struct way *w = g->check.way;
    const struct place *place = &w->timestamp.place;
    struct slice text = SLICE_NONE;
    struct buf time;
    int rc = 0;

    if (!w->timestamp.present)
        return 0;
    buf_init(&time, SHORT_VALUE_MAX);
    bool there = !w->timestamp.in_signature && place_find(place, &g->reading, &time, &text) == PLACE_ONE && text.len > 0;
    if (!there) {
        buf_reset(&time);
        timestamp_put(w->timestamp.format, g->check.now_us, &time);
        text = buf_slice(&time);
    }
    g->check.content.timestamp = arena_slice(&g->check.s->memory, text);
    if (!there && !w->timestamp.in_signature)
        rc = signing_put(g, place, g->check.content.timestamp, e);
    buf_clear(&time);
    return rc;
}

/* The list of signed headers: itself and the time, where that is a header. */
static int put_header_list(struct signing *g, struct slice name, struct err *e)
{
    const struct way *w = g->check.way;
    struct buf list;
    int rc;

    buf_init(&list, SHORT_VALUE_MAX);
    buf_put(&list, name);
    if (w->timestamp.present && !w->timestamp.in_signature && w->timestamp.place.in == PLACE_HEADER)
        buf_printf(&list, ",%.*s", SLICE_FMT(w->timestamp.place.name));
    rc = signing_put(g, &(struct place){ .in = PLACE_HEADER, .name = name }, buf_slice(&list), e);
    buf_clear(&list);
    return rc;
}

static int put_random_header(struct signing *g, struct slice name, struct err *e)
{
    unsigned char bytes[12];
    char text[4 + 2 * sizeof bytes] = "msg_";

    random_bytes(bytes, sizeof bytes);
    hex_encode(slice_of(bytes, sizeof bytes), text + 4);
    return signing_put(g, &(struct place){ .in = PLACE_HEADER, .name = name }, slice_of(text, sizeof text), e);
}

/* Headers that are signed and not there, such as webhook-id, get a value of their own. */
static int put_signed_headers(struct signing *g, const struct template *t, struct err *e)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        struct slice value;
        bool list = part->kind.len && part->code == CONTENT_SIGNED_HEADERS;
        bool header = part->kind.len && part->code == CONTENT_HEADER;
        if ((!list && !header) || content_value(&g->check.content, part, &value) != VERIFY_MISSING_HEADER)
            continue;
        if (list ? put_header_list(g, part->arg, e) : put_random_header(g, part->arg, e))
            return -1;
    }
    return 0;
}

static void put_text(const struct signature_form *f, struct slice timestamp, struct slice signature, struct buf *out)
{
    bool time_first = f->timestamp_key.len || f->timestamp_index == 0;
    switch (f->format) {
    case SIGNATURE_PLAIN:
        buf_put(out, f->prefix);
        buf_put(out, signature);
        break;
    case SIGNATURE_PAIRS:
        if (time_first)
            buf_printf(out, "%.*s%c%.*s%c", SLICE_FMT(f->timestamp_key), f->kv, SLICE_FMT(timestamp), f->separator);
        buf_printf(out, "%.*s%c", SLICE_FMT(f->key), f->kv);
        buf_put(out, signature);
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

static int fail_content(enum verify_reason reason, const struct template_part *bad, struct err *e)
{
    return err_set(e, ERR_INPUT, "cannot sign: {%.*s:%.*s} of the signed content: %s", SLICE_FMT(bad->kind),
                   SLICE_FMT(bad->arg), verify_reason_name(reason));
}

/* HMAC or digest. */
static int put_digest(struct signing *g, struct buf *out, struct err *e)
{
    char text[DIGEST_TEXT_MAX];
    size_t len;
    const struct template_part *bad;
    enum verify_reason reason =
        check_digest_text(&g->check, &g->check.checker->keys[0], &g->check.way->contents[0], text, &len, &bad);

    if (reason != VERIFY_OK)
        return fail_content(reason, bad, e);
    if (len == 0)
        return err_set(e, ERR_SYSTEM, "cannot sign: OpenSSL failed");
    buf_put(out, slice_of(text, len));
    return 0;
}

static int put_public(struct signing *g, struct buf *out, struct err *e)
{
    const struct public_key *k = g->check.checker->keys[0].public[0];
    unsigned char bytes[PUBLIC_SIGNATURE_MAX];
    const struct template_part *bad;
    struct slice message;
    enum verify_reason reason;
    size_t n;

    if (!public_key_can_sign(k))
        return err_set(e, ERR_INPUT, "cannot sign: the secret is the sender's public key; to try it out give a private key of your "
                                       "own in PEM, to the source too");
    reason = check_message(&g->check, &g->check.way->contents[0], &message, &bad);
    if (reason != VERIFY_OK)
        return fail_content(reason, bad, e);
    n = public_key_sign(k, g->check.way->hash, message, bytes);
    if (n == 0)
        return err_set(e, ERR_SYSTEM, "cannot sign: OpenSSL failed");
    encoding_put(g->check.way->encoding, slice_of(bytes, n), out);
    return 0;
}

static int put_fixed(struct signing *g, struct buf *out, struct err *e)
{
    const struct key *k = &g->check.checker->keys[0];
    (void)e;
    if (g->p->scheme == SCHEME_BASIC)
        encoding_put(ENCODING_BASE64, slice_of(k->bytes, k->len), out);
    else
        buf_put(out, slice_of(k->bytes, k->len));
    return 0;
}

/* A scheme: appends the signature itself, encoded. */
static int (*const signers[])(struct signing *g, struct buf *out, struct err *e) = {
    [SCHEME_HMAC] = put_digest,    [SCHEME_DIGEST] = put_digest, [SCHEME_ED25519] = put_public,
    [SCHEME_ECDSA] = put_public,   [SCHEME_RSA] = put_public,    [SCHEME_TOKEN] = put_fixed,
    [SCHEME_BASIC] = put_fixed,    [SCHEME_JWT] = signing_put_token,
};

static int put_body_digest(struct signing *g, struct err *e)
{
    const struct way *w = g->check.way;
    char text[DIGEST_TEXT_MAX];
    struct buf value;
    size_t n;

    if (!w->body_digest.present)
        return 0;
    n = encoding_hash(w->body_digest.encoding, w->body_digest.hash, g->check.content.body, text);
    if (n == 0)
        return err_set(e, ERR_SYSTEM, "cannot sign: OpenSSL failed");
    buf_init(&value, SHORT_VALUE_MAX);
    buf_put(&value, w->body_digest.prefix);
    buf_put(&value, slice_of(text, n));
    int rc = signing_put(g, &w->body_digest.place, buf_slice(&value), e);
    buf_clear(&value);
    return rc;
}

static int put_signature(struct signing *g, struct err *e)
{
    const struct way *w = g->check.way;
    struct place place = w->signature.list[0];
    struct buf signature, text, name;
    int rc = 0;

    buf_init(&signature, SHORT_VALUE_MAX);
    buf_init(&text, 2 * SHORT_VALUE_MAX);
    buf_init(&name, SHORT_VALUE_MAX);
    if (w->n_contents)
        rc = put_signed_headers(g, &w->contents[0], e);
    if (rc == 0)
        rc = put_body_digest(g, e);
    if (rc == 0)
        rc = signers[g->p->scheme](g, &signature, e);
    if (rc == 0) {
        put_text(&g->check.checker->form, g->check.content.timestamp, buf_slice(&signature), &text);
        buf_put(&name, place.name);
        if (w->numbered_max)
            buf_putc(&name, '1');
        place.name = buf_slice(&name);
        rc = text.failed || signature.failed ? err_set(e, ERR_LIMIT, "cannot sign: the signature is too long")
                                             : signing_put(g, &place, buf_slice(&text), e);
    }
    if (signature.len)
        mem_wipe(signature.ptr, signature.len); /* it may be the secret itself */
    if (text.len)
        mem_wipe(text.ptr, text.len);
    buf_clear(&signature);
    buf_clear(&text);
    buf_clear(&name);
    return rc;
}

/* Every value that is signed by itself: each signature changes the body, so they are looked for anew. */
static int put_item_signatures(struct signing *g, struct err *e)
{
    size_t n = 1;
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        uint32_t *nodes;
        if (reading_json(&g->reading))
            return err_set(e, ERR_INPUT, "the signatures stand in the body, which is not JSON");
        nodes = mem_alloc((i + 1) * sizeof *nodes);
        n = pointer_all(g->check.way->items, &g->reading.doc, 0, nodes, i + 1);
        if (n == 0)
            rc = err_set(e, ERR_INPUT, "the signatures stand in the items of the body, and it has none");
        else if (n > SIGNED_ITEMS_MAX)
            rc = err_set(e, ERR_INPUT, "the body has %zu values to sign", n);
        else
            g->reading.item = nodes[i];
        free(nodes);
        if (rc == 0)
            rc = put_signature(g, e);
    }
    g->reading.item = 0;
    return rc;
}

static void give(const struct signing *g, struct signed_request *out)
{
    struct header *headers = arena_alloc(&g->check.s->memory, sizeof g->headers);

    memcpy(headers, g->headers, sizeof g->headers);
    *out = (struct signed_request){ .headers = headers, .n_headers = g->n_headers };
    if (g->body_changed)
        out->body = g->delivery.body;
    if (g->query_changed)
        out->query = g->delivery.query;
}

int verify_sign(const struct verifier *v, struct reading *r, int64_t now_us, struct verify_scratch *s,
                struct signed_request *out, struct err *e)
{
    struct signing *g;
    struct verdict ignored;
    int rc;

    *out = (struct signed_request){ .n_headers = 0 };
    if (!provider_needs_secret(v->provider))
        return 0;
    if (v->n_keys == 0)
        return err_set(e, ERR_INPUT, "cannot sign without a secret");
    arena_clear(&s->memory);
    g = mem_zalloc(sizeof *g);
    g->p = v->provider;
    g->delivery = *r->delivery;
    reading_init(&g->reading);
    reading_start(&g->reading, &g->delivery, g->p->form_json_field, &r->limits);
    check_init(&g->check, v, &g->reading, now_us, s, &ignored);
    rc = put_time(g, e);
    if (rc == 0)
        rc = g->check.way->items ? put_item_signatures(g, e) : put_signature(g, e);
    if (rc == 0)
        give(g, out);
    reading_clear(&g->reading);
    free(g);
    return rc;
}
