/* libFuzzer: a provider's file and a request, with "\n%%\n" between them. Whatever the file holds, it is refused with words or
 * it verifies, answers, names and signs the request, which looks like this:
 *
 *     POST /path?query
 *     Header: value
 *
 *     body */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "verify/verifier.h"

#define HEADERS_MAX 30
#define ITEMS_MAX 8
#define NOW_US (INT64_C(1700000000) * US_PER_S)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

/* One of them fits each scheme. The keys are public, and of RFC 8032's first test. */
static const char *const secrets[] = {
    "user:password",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n",
    ("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n"),
    "c2VjcmV0IG9mIHRoZSBmdXp6ZXI=",
};

static struct verifier *make_verifier(const struct provider *p)
{
    struct param params[16];
    struct slice what;
    size_t n = 0;

    for (; n < 16 && provider_param(p, n, &what).len; n++)
        params[n] = (struct param){ provider_param(p, n, &what), SLICE("a param") };
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        struct secret secret = { (char *)secrets[i], strlen(secrets[i]), (char *)"fuzz" };
        struct err e = { 0 };
        struct verifier *v = verifier_new(p, &secret, 1, params, n, &e);
        if (v)
            return v;
        require(e.code != ERR_NONE && e.text[0], "a refusal without words");
    }
    return NULL;
}

/* Takes a delivery from the text; its URL is the path and query. */
static void read_request(struct slice text, struct header headers[HEADERS_MAX], struct delivery *d)
{
    struct slice line, name, value, target;

    *d = (struct delivery){ .headers = headers };
    slice_cut(text, '\n', &line, &text);
    slice_cut(line, ' ', &d->method, &target);
    d->url = target;
    slice_cut(target, '?', &d->path, &d->query);
    while (slice_cut(text, '\n', &line, &text) && line.len) {
        slice_cut(line, ':', &name, &value);
        if (d->n_headers < HEADERS_MAX)
            headers[d->n_headers++] = (struct header){ name, slice_trim(value) };
    }
    d->body = text;
}

static void name_items(const struct provider *p, struct reading *r)
{
    uint32_t nodes[ITEMS_MAX];
    const struct pointer *split = provider_split(p);
    size_t n = 1;
    struct buf tmp;

    nodes[0] = 0;
    if (split && reading_json(r) == 0)
        n = pointer_all(split, &r->doc, 0, nodes, ITEMS_MAX);
    for (size_t i = 0; i < n && i < ITEMS_MAX; i++) {
        int64_t us;
        r->item = nodes[i];
        buf_init(&tmp, 1 << 16);
        provider_event_type(p, r, &tmp);
        provider_delivery_id(p, r, &tmp);
        provider_subject(p, r, &tmp);
        provider_time(p, r, &tmp, &us);
        buf_clear(&tmp);
    }
    r->item = 0;
}

static void check_verdict(const struct verdict *v)
{
    require((v->reason == VERIFY_OK) == (v->result != VERIFY_REJECT), "a reason without a rejection, or none with it");
    require(v->reason < VERIFY_NREASONS, "a reason out of range");
    for (size_t i = 0; i < v->n_headers; i++)
        for (size_t k = 0; k < v->headers[i].value.len; k++)
            require((unsigned char)v->headers[i].value.ptr[k] >= 0x20 || v->result != VERIFY_HANDSHAKE,
                    "a control character in a header of the answer");
}

static void use(const struct provider *p, const struct verifier *v, const struct delivery *d)
{
    struct verify_scratch *s = verify_scratch_new();
    struct signed_request right;
    struct reading r;
    struct verdict out;
    struct buf text;
    struct err e = { 0 };

    reading_init(&r);
    reading_start(&r, d, provider_form_json_field(p), &JSON_LIMITS_DEFAULT);
    verify_delivery(v, &r, NOW_US, s, &out);
    check_verdict(&out);
    require(r.item == 0, "an item is left");
    name_items(p, &r);
    buf_init(&text, 1 << 16);
    if (out.result == VERIFY_REJECT && d->body.len % 64 == 63) /* seldom: it tries every preset that there is */
        verify_explain(v, &r, NOW_US, s, &out, true, &text);
    buf_clear(&text);
    reading_start(&r, d, provider_form_json_field(p), &JSON_LIMITS_DEFAULT);
    require(verify_sign(v, &r, NOW_US, s, &right, &e) == 0 || e.text[0], "it cannot sign and does not say why");
    reading_clear(&r);
    verify_scratch_free(s);
}

static struct slice cut_file(struct slice text, struct slice *request)
{
    const char *mark = text.len ? memmem(text.ptr, text.len, "\n%%\n", 4) : NULL;
    size_t at = mark ? (size_t)(mark - text.ptr) : text.len;

    *request = slice_from(text, mark ? at + 4 : at);
    return slice_first(text, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice request, file = cut_file(slice_of(data, size), &request);
    struct header headers[HEADERS_MAX];
    struct provider *p = NULL;
    struct verifier *v;
    struct delivery d;
    struct issues is;
    struct tree t;

    if (size > 20000)
        return 0;
    issues_init(&is);
    if (tree_read(&t, "fuzz.yaml", NULL, file, &is) == 0) {
        p = provider_load(&t, 0, &is);
        tree_clear(&t);
        require(p || is.errors, "a refusal without words");
    }
    issues_clear(&is);
    v = p ? make_verifier(p) : NULL;
    if (v) {
        read_request(request, headers, &d);
        use(p, v, &d);
    }
    verifier_free(v);
    provider_free(p);
    return 0;
}
