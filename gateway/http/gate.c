#include "http/gate.h"

#include "http/certificate.h"

#define TOKEN_SHOWN "<path_token>"
/* So many proxies stand in a row nowhere; a stranger may write any number of addresses. */
#define HOPS_MAX 32

/* What the sender reads: a wrong token looks like no source, and nobody learns which addresses or names would do. */
#define AS_UNKNOWN                                                                                                     \
    .public_reason = "unknown-source", .public_detail = "no source has this path; webhooks go to /webhooks/<source>"
#define AS_FORBIDDEN .public_reason = "forbidden", .public_detail = "this source does not take webhooks from here"
#define AS_UNSIGNED                                                                                                    \
    .public_reason = "signature", .public_detail = "the signature of this delivery could not be verified"

static const struct gate_refusal unknown = {
    .status = 404,
    .outcome = OUTCOME_UNKNOWN,
    .reason = "unknown-source",
    .detail = "no source has this path; webhooks go to /webhooks/<source>",
    AS_UNKNOWN,
};
static const struct gate_refusal bad_suffix = {
    .status = 404,
    .outcome = OUTCOME_UNKNOWN,
    .reason = "path-suffix",
    .detail = "the source takes no such path behind its own: path_suffix says which",
    AS_UNKNOWN,
};
static const struct gate_refusal bad_token = {
    .status = 404,
    .outcome = OUTCOME_PATH_TOKEN,
    .reason = "path-token",
    .detail = "the path holds none of the source's tokens",
    AS_UNKNOWN,
};
static const struct gate_refusal bad_address = {
    .status = 403,
    .outcome = OUTCOME_ADDRESS,
    .reason = "address-not-allowed",
    .detail = "the client's address is in none of the source's networks (allow)",
    AS_FORBIDDEN,
};
static const struct gate_refusal unknown_address = {
    .status = 403,
    .outcome = OUTCOME_ADDRESS,
    .reason = "address-not-allowed",
    .detail = "the client's address is not known: X-Forwarded-For of a trusted proxy cannot be read",
    AS_FORBIDDEN,
};
static const struct gate_refusal bad_certificate = {
    .status = 401,
    .outcome = OUTCOME_CERTIFICATE,
    .reason = "client-certificate",
    .detail = "the client's certificate has none of the source's subjects",
    AS_UNSIGNED,
};
static const struct gate_refusal no_certificate = {
    .status = 401,
    .outcome = OUTCOME_CERTIFICATE,
    .reason = "client-certificate",
    .detail = "the client has shown no certificate",
    AS_UNSIGNED,
};

/* "/webhooks/<source>", and what is behind it. */
static void find_source(const struct plan *p, struct slice path, struct visitor *v)
{
    struct slice behind = slice_from(path, sizeof GATE_PREFIX - 1);
    size_t end = slice_find(behind, '/');

    v->source = slice_starts(path, SLICE(GATE_PREFIX)) ? plan_source(p, slice_first(behind, end)) : NULL;
    v->rest = v->source ? slice_from(behind, end) : SLICE_NONE;
}

/* The first segment of the rest, which begins with '/', and what is behind it. */
static void cut_token(struct slice rest, struct slice *token, struct slice *behind)
{
    struct slice text = slice_from(rest, 1);
    size_t end = slice_find(text, '/');

    *token = slice_first(text, end);
    *behind = slice_from(text, end);
}

/* All are compared, and each whole: how long it takes tells nothing of them but their lengths. */
static bool is_token(const struct access *a, struct slice given)
{
    bool found = false;

    for (size_t i = 0; i < a->n_path_tokens; i++)
        found |= slice_eq_const_time(given, slice_of(a->path_tokens[i].bytes, a->path_tokens[i].len));
    return found;
}

static bool takes_suffix(const struct access *a, struct slice suffix)
{
    for (size_t i = 0; i < a->n_suffixes; i++) {
        if (slice_eq(a->suffixes[i], suffix))
            return true;
    }
    return suffix.len == 0 || a->any_suffix;
}

const struct gate_refusal *gate_look_at_path(const struct plan *p, struct slice path, struct visitor *v)
{
    struct slice suffix, token;

    find_source(p, path, v);
    v->suffix = SLICE_NONE;
    if (!v->source)
        return &unknown;
    const struct access *a = &v->source->access;
    suffix = v->rest;
    if (a->n_path_tokens) {
        cut_token(v->rest, &token, &suffix);
        if (!is_token(a, token))
            return &bad_token;
    }
    v->suffix = slice_from(suffix, 1);
    return takes_suffix(a, suffix) ? NULL : &bad_suffix;
}

static bool is_proxy(const struct settings *s, const struct ip *ip)
{
    return cidr_has(s->trusted_proxies, s->n_trusted_proxies, ip);
}

/* One line's entries from its right end: 1 when the client is found, 0 when all were proxies, -1 when nobody can know. */
static int read_forwarded(const struct settings *s, struct slice line, int *hops, struct ip *client)
{
    size_t end = line.len;

    for (bool more = line.len > 0; more;) {
        size_t at = end;
        while (at > 0 && line.ptr[at - 1] != ',')
            at--;
        if (++*hops > HOPS_MAX || ip_parse_forwarded(slice_trim(slice_of(line.ptr + at, end - at)), client))
            return -1;
        if (!is_proxy(s, client))
            return 1;
        more = at > 0;
        end = at - more;
    }
    return 0;
}

/* Each proxy adds the address that it was called from at the right end. Only what a trusted one has written is believed:
 * the client is the first, from there, that is none of them. */
bool gate_forwarded(const struct settings *s, const struct header *headers, size_t n, struct ip *client)
{
    int result = 0, hops = 0;

    while (result == 0 && n-- > 0) {
        if (slice_eq_nocase(headers[n].name, SLICE("X-Forwarded-For")))
            result = read_forwarded(s, headers[n].value, &hops, client);
    }
    return result >= 0;
}

/* False: nobody knows the client's address, and remote is the peer's. */
static bool look_from_where(const struct settings *s, const struct request *r, struct visitor *v, struct ip *client)
{
    size_t n;

    if (ip_parse(v->remote, client))
        return false;
    if (!r || !is_proxy(s, client))
        return true;
    const struct header *headers = request_headers(r, &n);
    if (!gate_forwarded(s, headers, n, client))
        return false;
    ip_text(client, v->text);
    v->remote = slice_z(v->text);
    return true;
}

static const struct gate_refusal *look_at_address(const struct plan *p, const struct request *r, struct visitor *v)
{
    const struct access *a = v->source ? &v->source->access : NULL;
    struct ip client;

    if (!p->settings.n_trusted_proxies && !(a && a->n_allow))
        return NULL;
    bool known = look_from_where(&p->settings, r, v, &client);
    if (!a || !a->n_allow)
        return NULL;
    if (!known)
        return &unknown_address;
    return cidr_has(a->allow, a->n_allow, &client) ? NULL : &bad_address;
}

const struct gate_refusal *gate_look(const struct plan *p, const struct request *r, struct visitor *v)
{
    v->remote = request_remote(r);
    const struct gate_refusal *path = gate_look_at_path(p, request_path(r), v), *address = look_at_address(p, r, v);
    if (path || address)
        return path ? path : address;
    return v->source->access.n_subjects ? gate_look_at_certificate(v->source, request_client(r)) : NULL;
}

const struct gate_refusal *gate_look_at_certificate(const struct source *s, const struct client_names *names)
{
    const struct access *a = &s->access;

    if (!names)
        return &no_certificate;
    for (size_t i = 0; i < a->n_subjects; i++) {
        if (certificate_has(names, a->subjects[i]))
            return NULL;
    }
    return &bad_certificate;
}

void gate_recognize(const struct plan *p, const struct request *headed, struct slice path, struct slice peer,
                    struct visitor *v)
{
    v->remote = peer;
    gate_look_at_path(p, path, v);
    look_at_address(p, headed, v);
}

void gate_hide_tokens(const struct plan *p, struct buf *text)
{
    for (size_t at = 0, len; at < text->len; at += len) {
        at += plan_find_token(p, slice_from(buf_slice(text), at), &len);
        memset(text->ptr + at, '*', len);
    }
}

/* Tokens of all sources: a URL with a slip in it before the token leads to no source, and has the token all the same. */
void gate_put_path(const struct plan *p, const struct visitor *v, struct slice path, struct buf *out)
{
    struct slice token, left = path;
    size_t len;

    if (v->source && v->source->access.n_path_tokens && v->rest.len) {
        cut_token(v->rest, &token, &left);
        buf_put(out, slice_of(path.ptr, (size_t)(v->rest.ptr + 1 - path.ptr)));
        buf_puts(out, TOKEN_SHOWN);
    }
    while (left.len) {
        size_t at = plan_find_token(p, left, &len);
        buf_put(out, slice_first(left, at));
        if (len)
            buf_puts(out, TOKEN_SHOWN);
        left = slice_from(left, at + len);
    }
}
