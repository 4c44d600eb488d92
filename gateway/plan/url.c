#include "plan/build.h"

static bool good_port(struct slice port)
{
    uint64_t n;

    return port.len <= 5 && slice_u64(port, &n) == 0 && n > 0 && n <= 65535;
}

static const char *authority_fault(struct slice authority)
{
    struct slice host, rest = SLICE_NONE;

    if (slice_find(authority, '@') < authority.len)
        return "a URL with user or password in it";
    if (slice_starts(authority, SLICE("["))) {
        size_t end = slice_find(authority, ']');
        if (end == authority.len)
            return "a URL whose [ has no ]";
        host = slice_first(authority, end + 1);
        rest = slice_from(authority, end + 1);
    } else {
        host = slice_first(authority, slice_find(authority, ':'));
        rest = slice_from(authority, host.len);
    }
    if (host.len == 0)
        return "a URL without a host";
    if (rest.len && (rest.ptr[0] != ':' || !good_port(slice_from(rest, 1))))
        return "a URL with a bad port";
    return NULL;
}

const char *url_fault(struct slice url)
{
    struct slice rest;

    if (slice_starts_nocase(url, SLICE("http://")))
        rest = slice_from(url, 7);
    else if (slice_starts_nocase(url, SLICE("https://")))
        rest = slice_from(url, 8);
    else
        return "a URL that begins with neither http:// nor https://";
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.ptr[i] <= 0x20 || (unsigned char)url.ptr[i] >= 0x7f || strchr("\"<>\\^`{|}", url.ptr[i]))
            return "a URL with a character that must be percent-encoded";
    }
    if (slice_find(url, '#') < url.len)
        return "a URL with a fragment (#…)";
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    return authority_fault(slice_first(rest, end));
}
