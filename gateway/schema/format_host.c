#include "schema/format_check.h"
#include "schema/format_idn.h"

#define LABEL_MAX 63
#define NAME_MAX_LEN 253 /* of the 255 octets of RFC 1035 the first length and the root are not written */

bool format_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

/* RFC 1123, section 2.1: letters, digits, and hyphens between them. */
bool format_ldh_label(struct slice s)
{
    if (s.len == 0 || s.len > LABEL_MAX || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!format_letter(s.ptr[i]) && !format_digit(s.ptr[i]) && s.ptr[i] != '-')
            return false;
    return true;
}

static bool name_valid(struct slice s, bool (*label_valid)(struct slice))
{
    bool more = true;

    if (s.len > NAME_MAX_LEN)
        return false;
    while (more) {
        struct slice label;

        more = slice_cut(s, '.', &label, &s);
        if (!label_valid(label))
            return false;
    }
    return true;
}

bool format_ldh_name(struct slice s)
{
    return name_valid(s, format_ldh_label);
}

/* What looks like an A-label must be one (RFC 5890, section 2.3.2.1). */
static bool hostname_label(struct slice s)
{
    return format_ldh_label(s) && (!slice_starts_nocase(s, SLICE("xn--")) || format_idn_alabel(s));
}

bool format_is_hostname(struct slice s)
{
    return name_valid(s, hostname_label);
}

/* Whatever is a host name is an internationalized one, says JSON Schema. */
bool format_is_idn_hostname(struct slice s)
{
    return format_ascii(s) ? format_is_hostname(s) : format_idn_name(s, false);
}
