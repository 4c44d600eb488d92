#include "schema/format_check.h"

#define IPV6_TEXT_MAX 45 /* ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 */

/* A leading zero is refused: to some readers it means octal. */
static bool take_octet(struct slice *s)
{
    size_t digits = format_digits(slice_first(*s, 4));
    unsigned value = 0;

    if (digits == 0 || digits > 3 || (digits > 1 && s->ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (unsigned)(s->ptr[i] - '0');
    *s = slice_from(*s, digits);
    return value <= 255;
}

/* RFC 2673, section 3.2: four decimal numbers; none of inet_aton's other forms. */
bool format_is_ipv4(struct slice s)
{
    for (int i = 0; i < 4; i++)
        if ((i > 0 && !format_take(&s, '.')) || !take_octet(&s))
            return false;
    return s.len == 0;
}

/* One to four hex digits, or an IPv4 address at the end. Returns how many 16-bit groups that was, 0 when none. */
static unsigned take_group(struct slice *s)
{
    size_t n = 0;

    if (format_is_ipv4(*s)) {
        *s = SLICE("");
        return 2;
    }
    while (n < s->len && format_hex(s->ptr[n]))
        n++;
    *s = slice_from(*s, n);
    return n >= 1 && n <= 4;
}

/* RFC 4291, section 2.2. A zone (RFC 4007) is no part of the address. */
bool format_is_ipv6(struct slice s)
{
    unsigned groups = 0;
    bool gap = slice_starts(s, SLICE("::"));

    if (s.len == 0 || s.len > IPV6_TEXT_MAX)
        return false;
    if (gap)
        s = slice_from(s, 2);
    while (s.len > 0) {
        unsigned n = take_group(&s);

        if (n == 0 || (groups += n) > 8)
            return false;
        if (s.len == 0)
            break;
        if (slice_starts(s, SLICE("::"))) {
            if (gap)
                return false;
            gap = true;
            s = slice_from(s, 2);
        } else if (!format_take(&s, ':') || s.len == 0) {
            return false;
        }
    }
    return gap ? groups < 8 : groups == 8;
}
