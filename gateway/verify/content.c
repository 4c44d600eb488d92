#include "verify/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "verify/encoding.h"
#include "verify/form.h"
#include "verify/place.h"
#include "verify/public_url.h"

const struct template_kind content_kinds[] = {
    [CONTENT_BODY] = { "body", TEMPLATE_ARG_NONE },
    [CONTENT_TIMESTAMP] = { "timestamp", TEMPLATE_ARG_NONE },
    [CONTENT_METHOD] = { "method", TEMPLATE_ARG_NONE },
    [CONTENT_SECRET] = { "secret", TEMPLATE_ARG_NONE },
    [CONTENT_URL] = { "url", TEMPLATE_ARG_NONE },
    [CONTENT_URL_PORT] = { "url_port", TEMPLATE_ARG_NONE },
    [CONTENT_URL_NOPORT] = { "url_noport", TEMPLATE_ARG_NONE },
    [CONTENT_URL_DECODED] = { "url_decoded", TEMPLATE_ARG_NONE },
    [CONTENT_PATH_QUERY] = { "path_query", TEMPLATE_ARG_NONE },
    [CONTENT_HEADER] = { "header", TEMPLATE_ARG_NEEDED },
    [CONTENT_QUERY] = { "query", TEMPLATE_ARG_NEEDED },
    [CONTENT_FORM] = { "form", TEMPLATE_ARG_NEEDED },
    [CONTENT_PARAM] = { "param", TEMPLATE_ARG_NEEDED },
    [CONTENT_JSON] = { "json", TEMPLATE_ARG_POINTER },
    [CONTENT_ITEM] = { "item", TEMPLATE_ARG_POINTER },
    [CONTENT_LINE] = { "line", TEMPLATE_ARG_NEEDED },
    [CONTENT_FORM_SORTED] = { "form_sorted", TEMPLATE_ARG_NONE },
    [CONTENT_SIGNED_HEADERS] = { "signed_headers", TEMPLATE_ARG_NEEDED },
    [CONTENT_CRC32] = { "crc32_dec", TEMPLATE_ARG_NEEDED },
    [CONTENT_HMAC_HEX] = { "hmac_hex", TEMPLATE_ARG_NEEDED },
    [CONTENT_HMAC_BASE64] = { "hmac_base64", TEMPLATE_ARG_NEEDED },
    { NULL, TEMPLATE_ARG_NONE },
};

static enum verify_reason header_value(const struct content *c, struct slice name, struct slice *value)
{
    for (size_t i = 0; i < c->n_extra; i++) {
        if (slice_eq_nocase(c->extra[i].name, name)) {
            *value = c->extra[i].value;
            return VERIFY_OK;
        }
    }
    switch (delivery_header_count(c->reading->delivery, name, value)) {
    case 0:
        return VERIFY_MISSING_HEADER;
    case 1:
        return VERIFY_OK;
    default:
        return VERIFY_DUPLICATE_HEADER;
    }
}

static enum verify_reason place_value(const struct content *c, enum place_in in, const struct template_part *part,
                                      struct slice *value)
{
    struct place place = { .in = in, .name = part->arg, .pointer = part->pointer };
    switch (place_find(&place, c->reading, c->tmp, value)) {
    case PLACE_ONE:
        return VERIFY_OK;
    case PLACE_ABSENT: /* an absent or null JSON member is the empty text */
        return in == PLACE_JSON || in == PLACE_ITEM ? VERIFY_OK : VERIFY_MISSING_FIELD;
    case PLACE_SEVERAL:
        return VERIFY_DUPLICATE_HEADER;
    case PLACE_UNREADABLE:
        break;
    }
    return VERIFY_MALFORMED_BODY;
}

static struct slice param_value(const struct content *c, struct slice name)
{
    for (size_t i = 0; i < c->n_params; i++)
        if (slice_eq(c->params[i].name, name))
            return c->params[i].value;
    return SLICE_NONE;
}

/* "N LF value LF" when the member N of the body exists. */
static enum verify_reason put_line(const struct content *c, struct slice name)
{
    struct reading *r = c->reading;
    uint32_t node;

    if (reading_json(r))
        return VERIFY_MALFORMED_BODY;
    node = json_type_of(&r->doc, 0) == JSON_OBJECT ? json_member(&r->doc, 0, name) : JSON_NONE;
    if (node == JSON_NONE || json_type_of(&r->doc, node) != JSON_STRING)
        return VERIFY_OK;
    buf_put(c->tmp, name);
    buf_putc(c->tmp, '\n');
    (void)json_string(&r->doc, node, c->tmp);
    if (!(r->doc.nodes[node].meta & JSON_ESCAPED))
        buf_put(c->tmp, json_inner(&r->doc, node));
    buf_putc(c->tmp, '\n');
    return VERIFY_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    return slice_cmp(*x, *y);
}

/* The names in that list, in lower case, sorted; the caller frees. The lower-case text goes into names. */
static struct slice *sorted_names(struct slice list, struct buf *names, size_t *n)
{
    struct slice rest, one, *out;
    size_t max = 1;

    for (size_t i = 0; i < list.len; i++) {
        max += list.ptr[i] == ',';
        buf_putc(names, list.ptr[i] >= 'A' && list.ptr[i] <= 'Z' ? (char)(list.ptr[i] + 32) : list.ptr[i]);
    }
    out = mem_alloc(max * sizeof *out);
    *n = 0;
    for (rest = buf_slice(names); rest.len;) {
        slice_cut(rest, ',', &one, &rest);
        one = slice_trim(one);
        if (one.len)
            out[(*n)++] = one;
    }
    qsort(out, *n, sizeof *out, by_name);
    return out;
}

static enum verify_reason put_signed_headers(const struct content *c, struct slice list_header)
{
    enum verify_reason reason;
    struct slice list, *names;
    struct buf text;
    size_t n;

    reason = header_value(c, list_header, &list);
    if (reason != VERIFY_OK)
        return reason;
    buf_init(&text, list.len + 1);
    names = sorted_names(list, &text, &n);
    for (size_t i = 0; i < n && reason == VERIFY_OK; i++) {
        struct slice value;
        /* once each: a short name many times would make much of a long header */
        reason = i > 0 && slice_eq(names[i], names[i - 1]) ? VERIFY_DUPLICATE_HEADER : header_value(c, names[i], &value);
        if (reason != VERIFY_OK)
            break;
        if (i > 0)
            buf_putc(c->tmp, ';');
        buf_put(c->tmp, names[i]);
        buf_putc(c->tmp, ':');
        buf_put(c->tmp, value);
    }
    free(names);
    buf_clear(&text);
    return reason;
}

/* The value of the placeholder that is named within another. Only in answers to handshakes, which are rare: it is
 * compiled on the way. */
static enum verify_reason inner_value(const struct content *c, struct slice placeholder, struct slice *value)
{
    char braced[256];
    struct template t;
    struct err ignored;
    enum verify_reason reason;

    if (placeholder.len + 2 > sizeof braced)
        return VERIFY_MISSING_FIELD;
    braced[0] = '{';
    memcpy(braced + 1, placeholder.ptr, placeholder.len);
    braced[placeholder.len + 1] = '}';
    if (template_init(&t, slice_of(braced, placeholder.len + 2), content_kinds, 0, &ignored))
        return VERIFY_MISSING_FIELD;
    reason = content_value(c, &t.parts[0], value); /* nothing of it is the template's */
    template_clear(&t);
    return reason;
}

static enum verify_reason put_hmac(const struct content *c, struct slice placeholder, enum encoding encoding)
{
    unsigned char digest[HASH_MAX_BYTES];
    struct slice value;
    size_t n;

    if (!c->hmac_key || inner_value(c, placeholder, &value) != VERIFY_OK)
        return VERIFY_MISSING_FIELD;
    hmac_start(c->hmac, c->hmac_key);
    hmac_update(c->hmac, value);
    n = hmac_end(c->hmac, digest);
    if (n == 0)
        return VERIFY_MISSING_FIELD;
    buf_reset(c->tmp);
    encoding_put(encoding, slice_of(digest, n), c->tmp);
    return VERIFY_OK;
}

bool content_is_hmac(const struct template_part *part)
{
    return part->kind.len > 0 && (part->code == CONTENT_HMAC_HEX || part->code == CONTENT_HMAC_BASE64);
}

/* 1 to max letters, digits and what base64 has besides. */
static bool is_challenge(struct slice s, size_t max)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || !strchr("-_.+/=", c)))
            return false;
    }
    return s.len > 0 && s.len <= max;
}

bool content_signs_challenges_only(const struct content *c, const struct template *t, size_t max)
{
    struct slice value;

    for (uint32_t i = 0; i < t->count; i++)
        if (content_is_hmac(&t->parts[i]) &&
            (inner_value(c, t->parts[i].arg, &value) != VERIFY_OK || !is_challenge(value, max)))
            return false;
    return true;
}

static enum verify_reason put_form_sorted(const struct content *c)
{
    struct reading *r = c->reading;

    if (delivery_is_form(r->delivery) && form_put_sorted(c->body, c->tmp))
        return VERIFY_MALFORMED_BODY;
    return VERIFY_OK;
}

/* Values that have to be made: appended to tmp, which is empty. */
static enum verify_reason put_made(const struct content *c, const struct template_part *part)
{
    switch ((enum content_kind)part->code) {
    case CONTENT_URL_PORT:
        public_url_put_port(c->url, c->tmp);
        return VERIFY_OK;
    case CONTENT_URL_NOPORT:
        public_url_put_noport(c->url, c->tmp);
        return VERIFY_OK;
    case CONTENT_URL_DECODED:
        public_url_put_decoded(c->url, c->tmp);
        return VERIFY_OK;
    case CONTENT_PATH_QUERY:
        public_url_put_path_query(c->url, c->tmp);
        return VERIFY_OK;
    case CONTENT_LINE:
        return put_line(c, part->arg);
    case CONTENT_FORM_SORTED:
        return put_form_sorted(c);
    case CONTENT_SIGNED_HEADERS:
        return put_signed_headers(c, part->arg);
    case CONTENT_CRC32:
        buf_printf(c->tmp, "%lu", crc32_z(0, (const Bytef *)c->body.ptr, c->body.len));
        return VERIFY_OK;
    case CONTENT_HMAC_HEX:
        return put_hmac(c, part->arg, ENCODING_HEX);
    case CONTENT_HMAC_BASE64:
        return put_hmac(c, part->arg, ENCODING_BASE64);
    default:
        return VERIFY_OK;
    }
}

enum verify_reason content_value(const struct content *c, const struct template_part *part, struct slice *value)
{
    enum verify_reason reason = VERIFY_OK;

    buf_reset(c->tmp);
    *value = SLICE_NONE;
    switch ((enum content_kind)part->code) {
    case CONTENT_BODY:
        *value = c->body;
        break;
    case CONTENT_TIMESTAMP:
        *value = c->timestamp;
        break;
    case CONTENT_METHOD:
        *value = c->reading->delivery->method;
        break;
    case CONTENT_SECRET:
        *value = c->secret;
        break;
    case CONTENT_URL:
        *value = c->url;
        break;
    case CONTENT_HEADER:
        reason = header_value(c, part->arg, value);
        break;
    case CONTENT_QUERY:
        reason = place_value(c, PLACE_QUERY, part, value);
        break;
    case CONTENT_FORM:
        reason = place_value(c, PLACE_FORM, part, value);
        break;
    case CONTENT_PARAM:
        *value = param_value(c, part->arg);
        break;
    case CONTENT_JSON:
        reason = place_value(c, PLACE_JSON, part, value);
        break;
    case CONTENT_ITEM:
        reason = place_value(c, PLACE_ITEM, part, value);
        break;
    default:
        reason = put_made(c, part);
        *value = buf_slice(c->tmp);
    }
    return c->tmp->failed ? VERIFY_MALFORMED_BODY : reason;
}

enum verify_reason content_feed(const struct content *c, const struct template *t, content_sink sink, void *arg,
                                const struct template_part **bad)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        struct slice piece = part->literal;
        if (part->kind.len > 0) {
            enum verify_reason reason = content_value(c, part, &piece);
            if (reason != VERIFY_OK) {
                *bad = part;
                return reason;
            }
        }
        sink(arg, piece);
    }
    return VERIFY_OK;
}

bool content_uses(const struct template *t, enum content_kind kind)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->parts[i].kind.len > 0 && t->parts[i].code == (int)kind)
            return true;
    return false;
}

bool content_uses_url(const struct template *t)
{
    return content_uses(t, CONTENT_URL) || content_uses(t, CONTENT_URL_PORT) || content_uses(t, CONTENT_URL_NOPORT) ||
           content_uses(t, CONTENT_URL_DECODED) || content_uses(t, CONTENT_PATH_QUERY);
}

const char *content_fault(const struct template_part *part, bool in_answer)
{
    char braced[256];
    struct template t;
    struct err ignored;
    bool ok;

    if (part->kind.len == 0 || (!content_is_hmac(part) && part->code != CONTENT_CRC32))
        return NULL;
    if (part->code == CONTENT_CRC32)
        return slice_eq(part->arg, SLICE("body")) ? NULL : "{crc32_dec:body} is the only checksum";
    if (!in_answer)
        return "{hmac_hex:…} and {hmac_base64:…} are possible in answers only";
    snprintf(braced, sizeof braced, "{%.*s}", SLICE_FMT(slice_first(part->arg, 200)));
    ok = part->arg.len <= 200 && template_init(&t, slice_z(braced), content_kinds, 0, &ignored) == 0;
    if (!ok)
        return "it needs the name of another placeholder: {hmac_hex:query:challenge}";
    ok = t.count == 1 && !content_is_hmac(&t.parts[0]);
    template_clear(&t);
    return ok ? NULL : "it needs one other placeholder";
}
