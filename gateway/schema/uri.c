#include "schema/uri.h"

struct uri {
    struct slice scheme, authority, path, query; /* without their marks */
    bool has_scheme, has_authority, has_query;
};

static size_t scheme_len(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

        if (c == ':')
            return i;
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
            return 0;
    }
    return 0;
}

bool uri_is_absolute(struct slice s)
{
    return scheme_len(s) > 0;
}

/* s has no fragment. */
static struct uri split(struct slice s)
{
    struct uri u = { 0 };
    size_t n = scheme_len(s);

    if (n > 0) {
        u.has_scheme = true;
        u.scheme = slice_first(s, n);
        s = slice_from(s, n + 1);
    }
    u.has_query = slice_cut(s, '?', &s, &u.query);
    if (slice_starts(s, SLICE("//"))) {
        u.has_authority = true;
        s = slice_from(s, 2);
        n = slice_find(s, '/');
        u.authority = slice_first(s, n);
        s = slice_from(s, n);
    }
    u.path = s;
    return u;
}

/* Section 5.2.4. out has room for the path's length. */
static size_t remove_dots(char *out, struct slice path)
{
    size_t len = 0;

    while (path.len > 0) {
        size_t n;

        if (slice_starts(path, SLICE("../"))) {
            path = slice_from(path, 3);
        } else if (slice_starts(path, SLICE("./"))) {
            path = slice_from(path, 2);
        } else if (slice_starts(path, SLICE("/./"))) {
            path = slice_from(path, 2);
        } else if (slice_eq_z(path, "/.")) {
            path = SLICE("/");
        } else if (slice_starts(path, SLICE("/../")) || slice_eq_z(path, "/..")) {
            path = path.len == 3 ? SLICE("/") : slice_from(path, 3);
            while (len > 0 && out[--len] != '/')
                ;
        } else if (slice_eq_z(path, ".") || slice_eq_z(path, "..")) {
            path.len = 0;
        } else {
            n = 1 + slice_find(slice_from(path, 1), '/');
            memcpy(out + len, path.ptr, n);
            len += n;
            path = slice_from(path, n);
        }
    }
    return len;
}

/* Section 5.2.3. */
static struct slice merge(struct arena *a, const struct uri *base, struct slice path)
{
    size_t keep = base->path.len;
    char *text;

    if (base->has_authority && keep == 0)
        return slice_z(arena_printf(a, "/%.*s", SLICE_FMT(path)));
    while (keep > 0 && base->path.ptr[keep - 1] != '/')
        keep--;
    text = arena_alloc(a, keep + path.len + 1);
    if (keep > 0)
        memcpy(text, base->path.ptr, keep);
    if (path.len > 0)
        memcpy(text + keep, path.ptr, path.len);
    return slice_of(text, keep + path.len);
}

static struct slice join(struct arena *a, const struct uri *u)
{
    return slice_z(arena_printf(a, "%.*s%s%s%.*s%.*s%s%.*s", SLICE_FMT(u->scheme), u->has_scheme ? ":" : "",
                                u->has_authority ? "//" : "", SLICE_FMT(u->authority), SLICE_FMT(u->path),
                                u->has_query ? "?" : "", SLICE_FMT(u->query)));
}

struct slice uri_resolve(struct arena *a, struct slice base, struct slice ref, struct slice *fragment)
{
    struct uri from = split(base), to;
    bool tidy = true;

    slice_cut(ref, '#', &ref, fragment);
    if (ref.len == 0)
        return base;
    to = split(ref);
    if (!to.has_scheme && !to.has_authority) {
        if (to.path.len == 0) {
            to.path = from.path;
            tidy = false;
        } else if (to.path.ptr[0] != '/') {
            to.path = merge(a, &from, to.path);
        }
        to.authority = from.authority;
        to.has_authority = from.has_authority;
    }
    if (!to.has_scheme) {
        to.scheme = from.scheme;
        to.has_scheme = from.has_scheme;
    }
    if (tidy && (to.has_authority || slice_starts(to.path, SLICE("/")))) {
        char *path = arena_alloc(a, to.path.len + 1);

        to.path = slice_of(path, remove_dots(path, to.path));
    }
    return join(a, &to);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct slice uri_decode(struct arena *a, struct slice s)
{
    char *out;
    size_t len = 0;

    if (slice_find(s, '%') == s.len)
        return s;
    out = arena_alloc(a, s.len + 1);
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '%' && i + 2 < s.len && hex(s.ptr[i + 1]) >= 0 && hex(s.ptr[i + 2]) >= 0) {
            out[len++] = (char)(hex(s.ptr[i + 1]) << 4 | hex(s.ptr[i + 2]));
            i += 2;
        } else {
            out[len++] = s.ptr[i];
        }
    }
    return slice_of(out, len);
}

void uri_put_encoded(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
            (c && strchr("/-._~!$&'()*+,;=:@", c)))
            buf_putc(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}
