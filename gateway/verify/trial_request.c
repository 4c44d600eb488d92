/* The request as tools and people change it: tries for verify_explain. */
#include "verify/trial.h"

#include <stdio.h>

#include "base/codec.h"

#include "verify/form.h"
#include "verify/reprint.h"

static bool try_body(struct trial *t, struct slice body, trial_match match, const char *what)
{
    struct slice before = t->c->content.body;
    bool found;

    t->c->content.body = body;
    found = match(t, what);
    t->c->content.body = before;
    return found;
}

static bool try_text(struct trial *t, const struct buf *body, trial_match match, const char *what)
{
    return !body->failed && try_body(t, buf_slice(body), match, what);
}

static bool try_end(struct trial *t, trial_match match, struct buf *b)
{
    struct slice body = t->c->content.body, stripped = body;

    while (stripped.len > 0 && (stripped.ptr[stripped.len - 1] == '\n' || stripped.ptr[stripped.len - 1] == '\r'))
        stripped.len--;
    if (stripped.len < body.len &&
        try_body(t, stripped, match, "without the newline at the body's end: a tool or editor added it"))
        return true;
    buf_put(b, body);
    buf_putc(b, '\n');
    return try_text(t, b, match, "with a newline at the body's end: something removed it");
}

/* Line ends: every CRLF as LF, or every lone LF as CRLF. */
static void put_lines(struct buf *out, struct slice body, bool crlf)
{
    for (size_t i = 0; i < body.len; i++) {
        if (body.ptr[i] == '\r' && i + 1 < body.len && body.ptr[i + 1] == '\n')
            continue;
        if (body.ptr[i] == '\n' && crlf)
            buf_putc(out, '\r');
        buf_putc(out, body.ptr[i]);
    }
}

static bool try_lines(struct trial *t, trial_match match, struct buf *b)
{
    put_lines(b, t->c->content.body, false);
    if (try_text(t, b, match, "with LF line ends in the body: something made them CRLF"))
        return true;
    buf_reset(b);
    put_lines(b, t->c->content.body, true);
    return try_text(t, b, match, "with CRLF line ends in the body: something made them LF");
}

static bool try_mark(struct trial *t, trial_match match, struct buf *b)
{
    struct slice mark = SLICE("\xef\xbb\xbf"), body = t->c->content.body;

    (void)b;
    return slice_starts(body, mark) &&
           try_body(t, slice_from(body, mark.len), match, "without the byte order mark before the body: a tool added it");
}

static bool try_json(struct trial *t, trial_match match, struct buf *b)
{
    struct json_limits limits = { .max_depth = 256, .max_nodes = 1000000, .allow_duplicate_keys = true };
    struct json_fault ignored;
    struct json_doc d;
    char what[256];
    bool found = false;

    json_doc_init(&d);
    if (json_parse(&d, t->c->content.body, &limits, &ignored) == 0) {
        for (int sorted = 0; sorted < 2 && !found; sorted++) {
            for (const struct reprint_style *style = reprint_styles; style->words && !found; style++) {
                buf_reset(b);
                reprint(&d, style, sorted, b);
                snprintf(what, sizeof what, "with the body as %s%s: it was parsed and printed again. Verify the bytes as "
                         "received", style->words, sorted ? ", members sorted by name" : "");
                found = try_text(t, b, match, what);
            }
        }
    }
    json_doc_clear(&d);
    return found;
}

/* The whole body or one field of it, decoded; and the other way round. */
static bool try_form(struct trial *t, trial_match match, struct buf *b)
{
    struct slice field = t->c->v->provider->form_json_field, body = t->c->content.body, rest = body, name, value;

    if (field.len && form_find(body, field, b) > 0 && try_text(t, b, match, "over the decoded form field alone"))
        return true;
    buf_reset(b);
    if (body.len && form_next(&rest, &name, &value) && rest.len == 0 && percent_decode(value, true, b) == 0 &&
        value.len + name.len + 1 == body.len && value.len && try_text(t, b, match, "over the decoded form field alone"))
        return true;
    buf_reset(b);
    return percent_decode(body, true, b) == 0 && !slice_eq(buf_slice(b), body) &&
           try_text(t, b, match, "with the body form-decoded: something encoded it");
}

bool trial_bodies(struct trial *t, trial_match match)
{
    static bool (*const tries[])(struct trial *t, trial_match match, struct buf *b) = {
        try_end, try_lines, try_mark, try_json, try_form,
    };
    struct buf b;
    bool found = false;

    buf_init(&b, 8 * t->c->content.body.len + 4096);
    for (size_t i = 0; i < sizeof tries / sizeof tries[0] && !found; i++) {
        buf_reset(&b);
        found = tries[i](t, match, &b);
    }
    buf_clear(&b);
    return found;
}

/* A URL taken apart: "https" "://" "example.com" ":443" "/hooks" "?a=b". */
struct url {
    struct slice scheme, host, port, path, query;
};

static bool url_read(struct slice text, struct url *u)
{
    size_t end = 0, at;

    *u = (struct url){ .scheme = slice_first(text, slice_starts_nocase(text, SLICE("https")) ? 5 : 4) };
    text = slice_from(text, u->scheme.len);
    if (!slice_starts(text, SLICE("://")))
        return false;
    text = slice_from(text, 3);
    while (end < text.len && text.ptr[end] != '/' && text.ptr[end] != '?')
        end++;
    u->host = slice_first(text, end);
    text = slice_from(text, end);
    for (at = u->host.len; at > 0 && u->host.ptr[at - 1] >= '0' && u->host.ptr[at - 1] <= '9';)
        at--;
    if (at > 0 && at < u->host.len && u->host.ptr[at - 1] == ':') {
        u->port = slice_from(u->host, at - 1);
        u->host.len = at - 1;
    }
    at = slice_find(text, '?');
    u->path = slice_first(text, at);
    u->query = slice_from(text, at);
    return true;
}

static void toggle_scheme(struct url *u)
{
    u->scheme = u->scheme.len == 5 ? SLICE("http") : SLICE("https");
}

static void toggle_slash(struct url *u)
{
    if (slice_ends(u->path, SLICE("/")))
        u->path.len--;
    else if (u->path.len == 0)
        u->path = SLICE("/");
}

static void toggle_port(struct url *u)
{
    if (u->port.len)
        u->port = SLICE_NONE;
    else
        u->port = u->scheme.len == 5 ? SLICE(":443") : SLICE(":80");
}

static void drop_query(struct url *u)
{
    u->query = SLICE_NONE;
}

static bool try_url(struct trial *t, const struct url *u, bool slash, trial_match match, struct buf *text)
{
    struct slice before = t->c->content.url;
    char what[1200];
    bool found;

    buf_reset(text);
    buf_printf(text, "%.*s://%.*s%.*s%.*s%s%.*s", SLICE_FMT(u->scheme), SLICE_FMT(u->host), SLICE_FMT(u->port),
               SLICE_FMT(u->path), slash ? "/" : "", SLICE_FMT(u->query));
    if (text->failed || slice_eq(buf_slice(text), before))
        return false;
    t->c->content.url = buf_slice(text);
    snprintf(what, sizeof what, "with the URL %.*s: give it exactly as the sender has it", SLICE_FMT(t->c->content.url));
    found = match(t, what);
    t->c->content.url = before;
    return found;
}

static bool signs_url(const struct trial *t)
{
    bool any = t->c->v->provider->scheme == SCHEME_JWT;
    for (uint32_t i = 0; i < t->c->way->n_contents && !any; i++)
        any = content_uses_url(&t->c->way->contents[i]);
    return any;
}

/* Every combination of the four changes. */
bool trial_urls(struct trial *t, trial_match match)
{
    static void (*const changes[])(struct url *) = { toggle_scheme, toggle_slash, toggle_port, drop_query };
    struct url whole;
    struct buf text;
    bool found = false;

    if (!signs_url(t) || t->c->content.url.len == 0 || t->c->content.url.len > 1000 || !url_read(t->c->content.url, &whole))
        return false;
    buf_init(&text, 2048);
    for (unsigned set = 1; set < 16 && !found; set++) {
        struct url u = whole;
        bool add_slash = (set & 2) && u.path.len && !slice_ends(u.path, SLICE("/"));
        for (unsigned i = 0; i < 4; i++)
            if (set >> i & 1)
                changes[i](&u);
        found = try_url(t, &u, add_slash, match, &text);
    }
    buf_clear(&text);
    return found;
}
