#include "schema/format_check.h"
#include "schema/format_idn.h"

/* Mailbox of RFC 5321, section 4.1.2, as a grammar: the 64 octets of section 4.5.3.1.1 are what every server must take,
 * and longer local parts are in use. RFC 6531, section 3.3, adds everything beyond ASCII. */

static bool is_atext(char c, bool idn)
{
    if ((unsigned char)c >= 0x80)
        return idn;
    return format_letter(c) || format_digit(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Atoms with single dots between them: how long they are at the start of s, or 0. */
static size_t dot_string_len(struct slice s, bool idn)
{
    bool dot = true;
    size_t i = 0;

    for (; i < s.len && (is_atext(s.ptr[i], idn) || (s.ptr[i] == '.' && !dot)); i++)
        dot = s.ptr[i] == '.';
    return dot ? 0 : i;
}

static size_t quoted_string_len(struct slice s, bool idn)
{
    for (size_t i = 1; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c == '"')
            return i + 1;
        if (c == '\\') { /* a pair is ASCII, in RFC 6531 too */
            if (++i == s.len || (unsigned char)s.ptr[i] < ' ' || (unsigned char)s.ptr[i] > '~')
                return 0;
        } else if (c < ' ' || c == 0x7f || (c >= 0x80 && !idn)) {
            return 0;
        }
    }
    return 0;
}

/* After '['. IANA knows no tag but "IPv6", so the general form says nothing. */
static bool literal_valid(struct slice s)
{
    if (s.len == 0 || s.ptr[s.len - 1] != ']')
        return false;
    s.len--;
    if (slice_starts_nocase(s, SLICE("IPv6:")))
        return format_is_ipv6(slice_from(s, 5));
    return format_is_ipv4(s);
}

/* A mail system may take a domain that is not normalized yet. */
static bool domain_valid(struct slice s, bool idn)
{
    if (format_take(&s, '['))
        return literal_valid(s);
    return idn && !format_ascii(s) ? format_idn_name(s, true) : format_ldh_name(s);
}

static bool mailbox_valid(struct slice s, bool idn)
{
    bool quoted = slice_starts(s, SLICE("\""));
    size_t local = quoted ? quoted_string_len(s, idn) : dot_string_len(s, idn);

    if (local == 0)
        return false;
    s = slice_from(s, local);
    return format_take(&s, '@') && domain_valid(s, idn);
}

bool format_is_email(struct slice s)
{
    return mailbox_valid(s, false);
}

bool format_is_idn_email(struct slice s)
{
    return mailbox_valid(s, true);
}
