#include "base/utf8.h"
#include "schema/format_check.h"

/* RFC 6570, section 2. */

/* Section 2.1. The apostrophe is a literal since an erratum: the grammar left it out by mistake. */
static bool literal_char(struct slice s, size_t *size)
{
    const char *p = s.ptr;
    uint32_t code;

    if (s.ptr[0] == '%') {
        *size = 3;
        return format_escape(s);
    }
    code = utf8_next(&p);
    *size = (size_t)(p - s.ptr);
    if (code < 0x80)
        return code > ' ' && code < 0x7f && !strchr("\"<>\\^`{|}", (char)code);
    return format_ucschar(code) || format_iprivate(code);
}

/* varname: dots stand between other characters only. */
static bool take_name(struct slice *s)
{
    bool dot = true;

    while (s->len > 0) {
        char c = s->ptr[0];
        size_t size = format_escape(*s) ? 3 : 1;

        if (size == 1 && !format_letter(c) && !format_digit(c) && c != '_' && (c != '.' || dot))
            break;
        dot = c == '.';
        *s = slice_from(*s, size);
    }
    return !dot;
}

/* ":" and 1 to 9999, or "*", or nothing. */
static bool take_modifier(struct slice *s)
{
    size_t digits;

    if (format_take(s, '*') || !format_take(s, ':'))
        return true;
    digits = format_digits(*s);
    if (digits < 1 || digits > 4 || s->ptr[0] == '0')
        return false;
    *s = slice_from(*s, digits);
    return true;
}

/* What stands between the braces. Operators kept for later (op-reserve) are grammar already. */
static bool expression_valid(struct slice s)
{
    if (s.len > 0 && s.ptr[0] != '\0' && strchr("+#./;?&=,!@|", s.ptr[0]))
        s = slice_from(s, 1);
    do {
        if (!take_name(&s) || !take_modifier(&s))
            return false;
    } while (format_take(&s, ','));
    return s.len == 0;
}

bool format_is_uri_template(struct slice s)
{
    while (s.len > 0) {
        if (format_take(&s, '{')) {
            struct slice inside;

            if (!slice_cut(s, '}', &inside, &s) || !expression_valid(inside))
                return false;
        } else {
            size_t size;

            if (!literal_char(s, &size))
                return false;
            s = slice_from(s, size);
        }
    }
    return true;
}
