/* schema/format_check.h - inside schema/: one question for each format, and what several of them ask.
 *
 * All take well-formed UTF-8 with any code point in it and look at no locale: letters and digits are ASCII's. */
#ifndef SCHEMA_FORMAT_CHECK_H
#define SCHEMA_FORMAT_CHECK_H

#include "base/slice.h"

/* format_time.c */
bool format_is_date_time(struct slice s);
bool format_is_date(struct slice s);
bool format_is_time(struct slice s);
bool format_is_duration(struct slice s);
/* format_email.c */
bool format_is_email(struct slice s);
bool format_is_idn_email(struct slice s);
/* format_host.c */
bool format_is_hostname(struct slice s);
bool format_is_idn_hostname(struct slice s);
/* format_ip.c */
bool format_is_ipv4(struct slice s);
bool format_is_ipv6(struct slice s);
/* format_uri.c */
bool format_is_uri(struct slice s);
bool format_is_uri_reference(struct slice s);
bool format_is_iri(struct slice s);
bool format_is_iri_reference(struct slice s);
/* format_template.c */
bool format_is_uri_template(struct slice s);
/* format_pointer.c */
bool format_is_json_pointer(struct slice s);
bool format_is_relative_json_pointer(struct slice s);
bool format_is_relative_json_pointer_2020(struct slice s);
/* format_regex.c */
bool format_is_regex(struct slice s);

static inline bool format_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool format_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool format_hex(char c)
{
    return format_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* How many digits s starts with. */
static inline size_t format_digits(struct slice s)
{
    size_t n = 0;

    while (n < s.len && format_digit(s.ptr[n]))
        n++;
    return n;
}

/* Takes c away from the start; false when something else stands there. */
static inline bool format_take(struct slice *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    *s = slice_from(*s, 1);
    return true;
}

/* s starts with "%" and two hex digits. */
static inline bool format_escape(struct slice s)
{
    return s.len >= 3 && s.ptr[0] == '%' && format_hex(s.ptr[1]) && format_hex(s.ptr[2]);
}

/* ucschar and iprivate of RFC 3987, section 2.2: all planes without their last two code points, without the first
 * 4,096 of plane 14 and without what is no character. */
static inline bool format_ucschar(uint32_t c)
{
    if (c < 0x10000)
        return (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xf900 && c <= 0xfdcf) || (c >= 0xfdf0 && c <= 0xffef);
    return c < 0xf0000 && (c & 0xffff) < 0xfffe && !(c >= 0xe0000 && c < 0xe1000);
}

static inline bool format_iprivate(uint32_t c)
{
    return (c >= 0xe000 && c <= 0xf8ff) || (c >= 0xf0000 && (c & 0xffff) < 0xfffe);
}

/* Names of letters, digits and hyphens, at most 253 bytes in labels of at most 63 (RFC 1123, section 2.1); what an
 * "xn--" label stands for is not looked at. */
bool format_ldh_name(struct slice s);
/* One such label. */
bool format_ldh_label(struct slice s);
bool format_ascii(struct slice s);

#endif
