#include "verify/public_url.h"

#include "base/codec.h"

/* scheme://host[:port] and the rest. */
struct parts {
    struct slice scheme, host, port, rest;
};

static bool cut(struct slice url, struct parts *p)
{
    struct slice after, authority;
    size_t end = 0;

    if (!slice_cut(url, ':', &p->scheme, &after) || !slice_starts(after, SLICE("//")))
        return false;
    after = slice_from(after, 2);
    while (end < after.len && after.ptr[end] != '/' && after.ptr[end] != '?' && after.ptr[end] != '#')
        end++;
    authority = slice_first(after, end);
    p->rest = slice_from(after, end);
    p->host = authority;
    p->port = SLICE_NONE;
    for (size_t i = authority.len; i > 0 && authority.ptr[i - 1] != ']'; i--) {
        if (authority.ptr[i - 1] != ':')
            continue;
        p->host = slice_first(authority, i - 1);
        p->port = slice_from(authority, i);
        break;
    }
    return true;
}

static void put_host(const struct parts *p, struct buf *out)
{
    buf_put(out, p->scheme);
    buf_puts(out, "://");
    buf_put(out, p->host);
}

void public_url_put_port(struct slice url, struct buf *out)
{
    struct parts p;

    if (!cut(url, &p)) {
        buf_put(out, url);
        return;
    }
    put_host(&p, out);
    buf_putc(out, ':');
    if (p.port.len)
        buf_put(out, p.port);
    else
        buf_puts(out, slice_eq_nocase(p.scheme, SLICE("https")) ? "443" : "80");
    buf_put(out, p.rest);
}

void public_url_put_noport(struct slice url, struct buf *out)
{
    struct parts p;

    if (!cut(url, &p)) {
        buf_put(out, url);
        return;
    }
    put_host(&p, out);
    buf_put(out, p.rest);
}

void public_url_put_decoded(struct slice url, struct buf *out)
{
    for (size_t i = 0; i < url.len; i++) {
        unsigned char byte;
        bool escape = url.ptr[i] == '%' && i + 2 < url.len && hex_decode(slice_of(url.ptr + i + 1, 2), &byte) == 0;
        if (escape && byte && strchr(":/?@!$'()*,;", byte)) {
            buf_putc(out, (char)byte);
            i += 2;
        } else {
            buf_putc(out, url.ptr[i]);
        }
    }
}

void public_url_put_path_query(struct slice url, struct buf *out)
{
    struct parts p;

    if (!cut(url, &p))
        return;
    if (!slice_starts(p.rest, SLICE("/")))
        buf_putc(out, '/');
    buf_put(out, slice_first(p.rest, slice_find(p.rest, '#')));
}
