#include "http/target.h"

#include <arpa/inet.h>

#define T CHAR_TOKEN
#define G CHAR_TARGET
#define F CHAR_FIELD
#define H CHAR_HOST
const unsigned char target_char_class[256] = {
    ['\t'] = F,
    [' '] = F,
    ['!'] = T | G | F | H, ['"'] = G | F, ['#'] = T | F, ['$'] = T | G | F | H, ['%'] = T | G | F,
    ['&'] = T | G | F | H, ['\''] = T | G | F | H, ['('] = G | F | H, [')'] = G | F | H, ['*'] = T | G | F | H,
    ['+'] = T | G | F | H, [','] = G | F | H, ['-'] = T | G | F | H, ['.'] = T | G | F | H, ['/'] = G | F,
    ['0' ... '9'] = T | G | F | H,
    [':'] = G | F | H, [';'] = G | F | H, ['<'] = G | F, ['='] = G | F | H, ['>'] = G | F, ['?'] = G | F,
    ['@'] = G | F,
    ['A' ... 'Z'] = T | G | F | H,
    ['['] = G | F | H, ['\\'] = G | F, [']'] = G | F | H, ['^'] = T | G | F, ['_'] = T | G | F | H, ['`'] = T | G | F,
    ['a' ... 'z'] = T | G | F | H,
    ['{'] = G | F, ['|'] = T | G | F, ['}'] = G | F, ['~'] = T | G | F | H,
    [0x80 ... 0xff] = F,
};
#undef T
#undef G
#undef F
#undef H

int target_check_method(struct slice method, struct http_refusal *why)
{
    static const char *const served[] = { "POST", "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS" };

    for (size_t i = 0; i < sizeof served / sizeof *served; i++)
        if (slice_eq_z(method, served[i]))
            return 0;
    if (method.len == 0 || target_run(method, CHAR_TOKEN) != method.len)
        return REFUSE(why, 400, "bad-request-line", "Send \"METHOD target HTTP/1.1\" as the first line.");
    if (slice_eq_z(method, "CONNECT") || slice_eq_z(method, "TRACE"))
        return REFUSE(why, 405, "method-not-allowed", "CONNECT and TRACE are not served here.");
    return REFUSE(why, 501, "unknown-method", "Use POST, GET, HEAD, PUT, PATCH, DELETE or OPTIONS.");
}

static bool ipv6_ok(struct slice s)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (s.len == 0 || s.len >= sizeof text)
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = 0;
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* No user info, no escapes, no IPvFuture. */
bool target_authority_ok(struct slice s)
{
    size_t end = s.len;
    uint64_t port;

    if (target_run(s, CHAR_HOST) != s.len)
        return false;
    while (end > 0 && s.ptr[end - 1] >= '0' && s.ptr[end - 1] <= '9')
        end--;
    if (end > 0 && s.ptr[end - 1] == ':') {
        if (end < s.len && (slice_u64(slice_from(s, end), &port) || port > 65535))
            return false;
        s.len = end - 1;
    }
    if (s.len && s.ptr[0] == '[')
        return s.len > 2 && s.ptr[s.len - 1] == ']' && ipv6_ok(slice_of(s.ptr + 1, s.len - 2));
    return slice_find(s, ':') == s.len && slice_find(s, '[') == s.len && slice_find(s, ']') == s.len;
}

static bool has_nul_escape(struct slice path)
{
    for (size_t i = 0; i + 2 < path.len; i++)
        if (path.ptr[i] == '%' && path.ptr[i + 1] == '0' && path.ptr[i + 2] == '0')
            return true;
    return false;
}

static size_t scheme_length(struct slice target)
{
    return slice_starts_nocase(target, SLICE("http://"))    ? 7
           : slice_starts_nocase(target, SLICE("https://")) ? 8
                                                            : 0;
}

struct slice target_origin_form(struct slice target)
{
    size_t scheme = scheme_length(target);
    struct slice rest = slice_from(target, scheme);

    if (scheme == 0)
        return target;
    size_t path = slice_find(rest, '/'), query = slice_find(rest, '?');
    return slice_from(rest, path < query ? path : query);
}

static int check_absolute(struct slice target, struct slice *path, struct http_refusal *why)
{
    size_t scheme = scheme_length(target), end = 0;
    struct slice rest = slice_from(target, scheme);

    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    if (scheme == 0 || end == 0 || !target_authority_ok(slice_first(rest, end)))
        return REFUSE(why, 400, "bad-target", "Send a path that begins with \"/\", or a whole http or https URL.");
    *path = slice_from(rest, end);
    return 0;
}

int target_check(struct slice method, struct slice target, size_t max, struct http_refusal *why)
{
    struct slice path = target, query;

    if (target.len > max)
        return REFUSE(why, 414, "uri-too-long", "Shorten the URL.");
    if (target.len == 0 || target_run(target, CHAR_TARGET) != target.len)
        return REFUSE(why, 400, "bad-target", "Percent-encode what is not visible ASCII in the URL; leave out \"#\".");
    if (target.len == 1 && target.ptr[0] == '*') {
        if (!slice_eq(method, SLICE("OPTIONS")))
            return REFUSE(why, 400, "bad-target", "Only OPTIONS may have \"*\" as its target.");
        return 0;
    }
    if (target.ptr[0] != '/' && check_absolute(target, &path, why))
        return -1;
    /* Mostly a base URL with a slash at its end; others would read the first segment as an authority. */
    if (path.ptr == target.ptr && slice_starts(path, SLICE("//")))
        return REFUSE(why, 400, "double-slash", "The path begins with two slashes: take one out of the URL.");
    slice_cut(path, '?', &path, &query);
    if (has_nul_escape(path))
        return REFUSE(why, 400, "nul-in-path", "Take %00 out of the path.");
    return 0;
}
