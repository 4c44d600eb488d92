#include "base/utf8.h"
#include "schema/format_check.h"
#include "schema/uri.h"

/* RFC 3986, appendix A, by the characters that each part may hold. Parts are found by their marks first, which no part
 * before them may contain. RFC 3987 is the same with more letters. */
enum {
    PLAIN = 1, /* unreserved, sub-delims */
    COLON = 2,
    AT = 4,
    SLASH = 8,
    QUESTION = 16,
    BEYOND = 32,  /* ucschar */
    PRIVATE = 64, /* iprivate */

    USERINFO = PLAIN | COLON,
    PATH = PLAIN | COLON | AT | SLASH,
    TAIL = PATH | QUESTION, /* query, fragment */
};

static const uint8_t classes[128] = {
    ['A' ... 'Z'] = PLAIN, ['a' ... 'z'] = PLAIN, ['0' ... '9'] = PLAIN, ['-'] = PLAIN, ['.'] = PLAIN,
    ['_'] = PLAIN,         ['~'] = PLAIN,         ['!'] = PLAIN,         ['$'] = PLAIN, ['&'] = PLAIN,
    ['\''] = PLAIN,        ['('] = PLAIN,         [')'] = PLAIN,         ['*'] = PLAIN, ['+'] = PLAIN,
    [','] = PLAIN,         [';'] = PLAIN,         ['='] = PLAIN,         [':'] = COLON, ['@'] = AT,
    ['/'] = SLASH,         ['?'] = QUESTION,
};

/* The marks that turn the direction of writing may stand in no IRI (RFC 3987, section 4.1), though ucschar has them. */
static bool turns(uint32_t c)
{
    return c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e);
}

static bool holds_only(struct slice s, unsigned allowed)
{
    const char *end = s.len ? s.ptr + s.len : s.ptr;

    for (const char *p = s.ptr; p < end;) {
        unsigned char c = (unsigned char)*p;

        if (c == '%') {
            if (!format_escape(slice_of(p, (size_t)(end - p))))
                return false;
            p += 3;
        } else if (c < 0x80) {
            if (!(classes[c] & allowed))
                return false;
            p++;
        } else {
            uint32_t code = utf8_next(&p);

            if (!((allowed & BEYOND) && format_ucschar(code) && !turns(code)) &&
                !((allowed & PRIVATE) && format_iprivate(code)))
                return false;
        }
    }
    return true;
}

/* What may stand between brackets: IPv6, or IPvFuture's "v1.x". No zone: RFC 6874 is not part of RFC 3986. */
static bool literal_valid(struct slice s)
{
    struct slice version, rest;

    if (s.len == 0 || (s.ptr[0] | 0x20) != 'v')
        return format_is_ipv6(s);
    if (!slice_cut(slice_from(s, 1), '.', &version, &rest) || version.len == 0 || rest.len == 0)
        return false;
    for (size_t i = 0; i < version.len; i++)
        if (!format_hex(version.ptr[i]))
            return false;
    return slice_find(rest, '%') == rest.len && holds_only(rest, PLAIN | COLON);
}

/* An IPv4 address needs no look of its own: what is none is still a reg-name. */
static bool authority_valid(struct slice s, unsigned more)
{
    struct slice userinfo, after, host, port;

    if (slice_cut(s, '@', &userinfo, &after)) {
        if (!holds_only(userinfo, USERINFO | more))
            return false;
        s = after;
    }
    if (format_take(&s, '[')) {
        if (!slice_cut(s, ']', &host, &port) || !literal_valid(host) || (port.len > 0 && !format_take(&port, ':')))
            return false;
    } else {
        slice_cut(s, ':', &host, &port);
        if (!holds_only(host, PLAIN | more))
            return false;
    }
    return format_digits(port) == port.len;
}

/* more: BEYOND for IRIs, else 0. */
static bool reference_valid(struct slice s, bool whole, unsigned more)
{
    struct slice query, fragment;

    slice_cut(s, '#', &s, &fragment);
    slice_cut(s, '?', &s, &query);
    if (!holds_only(fragment, TAIL | more) || !holds_only(query, TAIL | more | (more ? PRIVATE : 0)))
        return false;
    if (uri_is_absolute(s))
        s = slice_from(s, slice_find(s, ':') + 1);
    else if (whole || slice_find(s, ':') < slice_find(s, '/'))
        return false; /* a first segment with a colon would read as a scheme (section 4.2) */
    if (slice_starts(s, SLICE("//"))) {
        size_t end;

        s = slice_from(s, 2);
        end = slice_find(s, '/');
        if (!authority_valid(slice_first(s, end), more))
            return false;
        s = slice_from(s, end);
    }
    return holds_only(s, PATH | more);
}

bool format_is_uri(struct slice s)
{
    return reference_valid(s, true, 0);
}

bool format_is_uri_reference(struct slice s)
{
    return reference_valid(s, false, 0);
}

bool format_is_iri(struct slice s)
{
    return reference_valid(s, true, BEYOND);
}

bool format_is_iri_reference(struct slice s)
{
    return reference_valid(s, false, BEYOND);
}
