/* hooklatch verify --batch: one request a line:
 *     {"provider": "github", "request": {"method": …, "url": …, "headers": [[name, value], …], "body_b64": …},
 *      "secrets": […], "params": {…}, "now": 1700000000}
 * and one verdict a line, in the same order. Only the signature is judged, by verify_delivery as the ingest path does: not
 * methods, content types, or whether the body is JSON. A bad line gives {"error": …}, and the run goes on. */
#include "cli/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/codec.h"
#include "cli/cli.h"
#include "cli/request.h"

#define PROVIDERS_MAX 256 /* kept between lines */

struct batch {
    struct json_doc doc;      /* the line */
    struct buf tmp;           /* a string of it, unescaped */
    struct arena memory;      /* of the line */
    struct reading reading;
    struct verify_scratch *scratch;
    struct known { char *name; struct provider *provider; } known[PROVIDERS_MAX];
    size_t n_known;
    struct buf out;
};

/* What the line asks for. */
struct question {
    struct provider *provider;
    struct delivery delivery;
    struct secret *secrets;
    struct param *params;
    size_t n_secrets, n_params;
    int64_t now_us;
};

static void forget_providers(struct batch *b)
{
    for (size_t i = 0; i < b->n_known; i++) {
        provider_free(b->known[i].provider);
        free(b->known[i].name);
    }
    b->n_known = 0;
}

static int first_issue(const struct issues *is, struct slice name, struct err *e)
{
    for (size_t i = 0; i < is->count; i++) {
        const struct issue *issue = &is->list[i];
        if (!issue->warning && issue->line > 0)
            return err_set(e, ERR_INPUT, "%.*s:%u: %.*s", SLICE_FMT(issue->file), issue->line, SLICE_FMT(issue->text));
        if (!issue->warning && slice_ends(name, SLICE(".yaml")))
            return err_set(e, ERR_INPUT, "%.*s: %.*s", SLICE_FMT(name), SLICE_FMT(issue->text));
        if (!issue->warning)
            return err_set(e, ERR_INPUT, "%.*s", SLICE_FMT(issue->text));
    }
    return err_set(e, ERR_INPUT, "the provider %.*s cannot be read", SLICE_FMT(name));
}

static int find_provider(struct batch *b, struct slice name, struct provider **p, struct err *e)
{
    struct issues is;

    for (size_t i = 0; i < b->n_known; i++) {
        if (slice_eq_z(name, b->known[i].name)) {
            *p = b->known[i].provider;
            return 0;
        }
    }
    if (b->n_known == PROVIDERS_MAX)
        forget_providers(b);
    issues_init(&is);
    *p = provider_open(name, &is);
    if (*p)
        b->known[b->n_known++] = (struct known){ slice_dup_z(name), *p };
    else
        first_issue(&is, name, e);
    issues_clear(&is);
    return *p ? 0 : -1;
}

static struct slice string_of(struct batch *b, uint32_t node)
{
    buf_reset(&b->tmp);
    struct slice s = json_string(&b->doc, node, &b->tmp);
    return s.len && s.ptr == b->tmp.ptr ? arena_slice(&b->memory, s) : s;
}

static bool is_a(const struct batch *b, uint32_t node, enum json_kind kind)
{
    return node != JSON_NONE && json_type_of(&b->doc, node) == kind;
}

/* JSON_NONE when it is absent or null. */
static uint32_t member(const struct batch *b, uint32_t obj, const char *key)
{
    uint32_t node = json_member(&b->doc, obj, slice_z(key));
    return is_a(b, node, JSON_NULL) ? JSON_NONE : node;
}

/* An absent member leaves *out as it is. */
static int read_text(struct batch *b, uint32_t obj, const char *key, struct slice *out, struct err *e)
{
    uint32_t node = member(b, obj, key);
    if (node == JSON_NONE)
        return 0;
    if (!is_a(b, node, JSON_STRING))
        return err_set(e, ERR_INPUT, "\"%s\" must be a string", key);
    *out = string_of(b, node);
    return 0;
}

/* The member of that kind: its node, or JSON_NONE when it is absent. */
static int read_member(struct batch *b, uint32_t obj, const char *key, enum json_kind kind, uint32_t *out,
                       struct err *e)
{
    *out = member(b, obj, key);
    if (*out != JSON_NONE && !is_a(b, *out, kind))
        return err_set(e, ERR_INPUT, "\"%s\" must be an %s", key, kind == JSON_ARRAY ? "array" : "object");
    return 0;
}

static int read_headers(struct batch *b, uint32_t request, struct delivery *d, struct err *e)
{
    uint32_t list;
    struct header *headers;

    if (read_member(b, request, "headers", JSON_ARRAY, &list, e))
        return -1;
    if (list == JSON_NONE)
        return 0;
    headers = arena_alloc(&b->memory, ((size_t)json_count(&b->doc, list) + 1) * sizeof *headers);
    for (uint32_t i = list + 1; i < json_end(&b->doc, list); i = json_next(&b->doc, i)) {
        if (!is_a(b, i, JSON_ARRAY) || json_count(&b->doc, i) != 2 || !is_a(b, i + 1, JSON_STRING) ||
            !is_a(b, i + 2, JSON_STRING))
            return err_set(e, ERR_INPUT, "\"headers\" must be an array of [name, value]");
        headers[d->n_headers].name = string_of(b, i + 1);
        headers[d->n_headers++].value = slice_trim(string_of(b, i + 2));
    }
    d->headers = headers;
    return 0;
}

static int read_base64(struct batch *b, uint32_t obj, const char *key, struct slice *out, struct err *e)
{
    struct slice text = SLICE("");
    unsigned char *bytes;
    size_t len;

    if (read_text(b, obj, key, &text, e))
        return -1;
    bytes = arena_alloc(&b->memory, text.len / 4 * 3 + 3);
    if (base64_decode(text, bytes, &len))
        return err_set(e, ERR_INPUT, "\"%s\" is not base64", key);
    *out = slice_of(bytes, len);
    return 0;
}

/* {"prefix_b64": …, "unit_b64": …, "count": n, "suffix_b64": …}: large bodies in few characters. */
static int read_generated(struct batch *b, uint32_t gen, struct slice *body, struct err *e)
{
    struct slice prefix, unit, suffix;
    int64_t count;
    char *at;

    if (read_base64(b, gen, "prefix_b64", &prefix, e) || read_base64(b, gen, "unit_b64", &unit, e) ||
        read_base64(b, gen, "suffix_b64", &suffix, e))
        return -1;
    uint32_t node = member(b, gen, "count");
    if (node == JSON_NONE || json_int64(&b->doc, node, &count) || count < 0)
        return err_set(e, ERR_INPUT, "\"count\" of \"body_gen\" must be a number from 0");
    if (unit.len > 0 && (size_t)count > REQUEST_BODY_MAX / unit.len)
        return err_set(e, ERR_LIMIT, "the body is larger than 32 MiB");
    *body = slice_of(NULL, prefix.len + unit.len * (size_t)count + suffix.len);
    body->ptr = at = arena_alloc(&b->memory, body->len + 1);
    at = (char *)memcpy(at, prefix.ptr, prefix.len) + prefix.len;
    for (; unit.len > 0 && count > 0; count--)
        at = (char *)memcpy(at, unit.ptr, unit.len) + unit.len;
    memcpy(at, suffix.ptr, suffix.len);
    return 0;
}

static int read_body(struct batch *b, uint32_t request, struct slice *body, struct err *e)
{
    uint32_t gen = member(b, request, "body_gen");
    int result;

    if (is_a(b, gen, JSON_OBJECT))
        result = read_generated(b, gen, body, e);
    else
        result = read_base64(b, request, "body_b64", body, e);
    if (!result && body->len > REQUEST_BODY_MAX)
        result = err_set(e, ERR_LIMIT, "the body is larger than 32 MiB");
    return result;
}

static int read_request(struct batch *b, struct delivery *d, struct err *e)
{
    uint32_t request = member(b, 0, "request");
    struct slice url = SLICE("");

    if (!is_a(b, request, JSON_OBJECT))
        return err_set(e, ERR_INPUT, "a line must be {\"provider\": …, \"request\": {…}, …}");
    d->method = SLICE("POST");
    if (read_text(b, request, "method", &d->method, e) || read_text(b, request, "url", &url, e) ||
        request_set_url(d, url, e) || read_headers(b, request, d, e))
        return -1;
    return read_body(b, request, &d->body, e);
}

static int read_secrets(struct batch *b, struct question *q, struct err *e)
{
    uint32_t list;

    if (read_member(b, 0, "secrets", JSON_ARRAY, &list, e))
        return -1;
    if (list == JSON_NONE)
        return 0;
    q->secrets = arena_alloc(&b->memory, ((size_t)json_count(&b->doc, list) + 1) * sizeof *q->secrets);
    for (uint32_t i = list + 1; i < json_end(&b->doc, list); i = json_next(&b->doc, i)) {
        if (!is_a(b, i, JSON_STRING))
            return err_set(e, ERR_INPUT, "\"secrets\" must be an array of strings");
        struct slice s = arena_slice(&b->memory, string_of(b, i));
        char *label = arena_printf(&b->memory, "number %zu", q->n_secrets + 1);
        q->secrets[q->n_secrets++] = (struct secret){ (char *)s.ptr, s.len, label };
    }
    return 0;
}

static int read_params(struct batch *b, struct question *q, struct err *e)
{
    uint32_t obj;

    if (read_member(b, 0, "params", JSON_OBJECT, &obj, e))
        return -1;
    if (obj == JSON_NONE)
        return 0;
    q->params = arena_alloc(&b->memory, ((size_t)json_count(&b->doc, obj) + 1) * sizeof *q->params);
    for (uint32_t k = obj + 1; k < json_end(&b->doc, obj); k = json_next(&b->doc, k + 1)) {
        if (!is_a(b, k + 1, JSON_STRING))
            return err_set(e, ERR_INPUT, "\"params\" must be an object of strings");
        struct slice name = string_of(b, k);
        q->params[q->n_params++] = (struct param){ name, string_of(b, k + 1) };
    }
    return 0;
}

static int read_now(struct batch *b, struct question *q, struct err *e)
{
    uint32_t node = member(b, 0, "now");
    int64_t s;

    q->now_us = clock_wall_us();
    if (node == JSON_NONE)
        return 0;
    if (json_int64(&b->doc, node, &s) || s < 0 || s > INT64_MAX / US_PER_S)
        return err_set(e, ERR_INPUT, "\"now\" must be seconds since 1970");
    q->now_us = s * US_PER_S;
    return 0;
}

static int read_question(struct batch *b, struct question *q, struct slice line, struct err *e)
{
    struct slice provider = SLICE("");

    if (json_parse_err(&b->doc, line, &JSON_LIMITS_DEFAULT, e))
        return -1;
    if (json_type_of(&b->doc, 0) != JSON_OBJECT)
        return err_set(e, ERR_INPUT, "a line must be {\"provider\": …, \"request\": {…}, …}");
    if (read_text(b, 0, "provider", &provider, e))
        return -1;
    if (provider.len == 0)
        return err_set(e, ERR_INPUT, "\"provider\" is absent");
    if (find_provider(b, provider, &q->provider, e) || read_request(b, &q->delivery, e) || read_secrets(b, q, e) ||
        read_params(b, q, e) || read_now(b, q, e))
        return -1;
    if (provider_uses_url(q->provider) && q->delivery.url.len == 0)
        return err_set(e, ERR_INPUT, "%.*s signs the URL: \"url\" of the request is absent",
                       SLICE_FMT(provider_name(q->provider)));
    return 0;
}

static void put_member(struct buf *out, const char *key, struct slice value)
{
    buf_printf(out, ",\"%s\":", key);
    json_quote(out, value);
}

static void put_accepted(struct batch *b, const struct provider *p)
{
    request_first_item(p, &b->reading);
    buf_reset(&b->tmp);
    struct slice type = provider_event_type(p, &b->reading, &b->tmp);
    if (type.len)
        put_member(&b->out, "event_type", type);
    buf_reset(&b->tmp);
    struct slice id = provider_delivery_id(p, &b->reading, &b->tmp);
    if (id.len)
        put_member(&b->out, "delivery_id", id);
}

static void put_handshake(struct batch *b, const struct verdict *v)
{
    const char *comma = "";

    put_member(&b->out, "handshake", slice_z(v->handshake));
    buf_printf(&b->out, ",\"status\":%d,\"headers\":{", v->status);
    if (v->content_type.len) {
        buf_puts(&b->out, "\"Content-Type\":");
        json_quote(&b->out, v->content_type);
        comma = ",";
    }
    for (size_t i = 0; i < v->n_headers; i++, comma = ",") {
        buf_puts(&b->out, comma);
        json_quote(&b->out, v->headers[i].name);
        buf_putc(&b->out, ':');
        json_quote(&b->out, v->headers[i].value);
    }
    buf_putc(&b->out, '}');
    put_member(&b->out, "body", v->body);
}

static int judge(struct batch *b, struct slice line, struct err *e)
{
    static const char *const results[] = {
        [VERIFY_ACCEPT] = "accept", [VERIFY_REJECT] = "reject", [VERIFY_HANDSHAKE] = "handshake"
    };
    struct question q = { 0 };
    struct verifier *v;
    struct verdict verdict;

    if (read_question(b, &q, line, e))
        return -1;
    v = verifier_new(q.provider, q.secrets, q.n_secrets, q.params, q.n_params, e);
    if (!v)
        return -1;
    reading_start(&b->reading, &q.delivery, provider_form_json_field(q.provider), &JSON_LIMITS_DEFAULT);
    verify_delivery(v, &b->reading, q.now_us, b->scratch, &verdict);
    buf_printf(&b->out, "{\"result\":\"%s\"", results[verdict.result]);
    put_member(&b->out, "reason", slice_z(verify_reason_name(verdict.reason)));
    if (verdict.result == VERIFY_ACCEPT)
        put_accepted(b, q.provider);
    else if (verdict.result == VERIFY_HANDSHAKE)
        put_handshake(b, &verdict);
    verifier_free(v);
    return 0;
}

/* The line's own `id`, whatever it is, so that answers can be told apart without counting. */
static void put_id(struct batch *b)
{
    uint32_t id = b->doc.count > 0 ? json_member(&b->doc, 0, SLICE("id")) : JSON_NONE;
    if (id == JSON_NONE)
        return;
    buf_puts(&b->out, ",\"id\":");
    buf_put(&b->out, json_raw(&b->doc, id));
}

static bool answer(struct batch *b, struct slice line)
{
    struct err e = { 0 };
    bool judged;

    buf_reset(&b->out);
    judged = judge(b, line, &e) == 0 && !b->out.failed;
    if (!judged) {
        buf_reset(&b->out);
        buf_puts(&b->out, "{\"error\":");
        json_quote(&b->out, slice_z(e.text[0] ? e.text : "the answer is too large"));
    }
    put_id(b);
    buf_puts(&b->out, "}\n");
    fwrite(b->out.ptr, 1, b->out.len, stdout);
    fflush(stdout);
    arena_clear(&b->memory);
    return judged;
}

int verify_batch(void)
{
    struct batch *b = mem_zalloc(sizeof *b);
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    int status = 0;

    json_doc_init(&b->doc);
    buf_init(&b->tmp, UINT32_MAX);
    buf_init(&b->out, (size_t)256 << 20);
    arena_init(&b->memory);
    reading_init(&b->reading);
    b->scratch = verify_scratch_new();
    while ((len = getline(&line, &size, stdin)) > 0) {
        size_t n = (size_t)len - (line[len - 1] == '\n');
        if (!answer(b, slice_of(line, n)))
            status = CLI_USAGE;
    }
    if (ferror(stdin) || ferror(stdout))
        status = CLI_USAGE;
    mem_wipe(line, size); /* secrets */
    free(line);
    verify_scratch_free(b->scratch);
    reading_clear(&b->reading);
    arena_clear(&b->memory);
    buf_clear(&b->out);
    buf_clear(&b->tmp);
    json_doc_clear(&b->doc);
    forget_providers(b);
    free(b);
    return status;
}
