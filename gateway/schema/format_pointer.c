#include "schema/format_check.h"

/* RFC 6901, section 3. */
bool format_is_json_pointer(struct slice s)
{
    if (s.len > 0 && s.ptr[0] != '/')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == '~' && (i + 1 == s.len || (s.ptr[i + 1] != '0' && s.ptr[i + 1] != '1')))
            return false;
    return true;
}

/* A number without leading zeros. */
static bool take_integer(struct slice *s)
{
    size_t digits = format_digits(*s);

    if (digits == 0 || (digits > 1 && s->ptr[0] == '0'))
        return false;
    *s = slice_from(*s, digits);
    return true;
}

static bool is_goal(struct slice s)
{
    return slice_eq_z(s, "#") || format_is_json_pointer(s);
}

/* draft-handrews-relative-json-pointer-01 and -02. */
bool format_is_relative_json_pointer(struct slice s)
{
    return take_integer(&s) && is_goal(s);
}

/* draft-bhutton-relative-json-pointer-00: "0+1", the next element, and "0-1", the one before. */
bool format_is_relative_json_pointer_2020(struct slice s)
{
    if (!take_integer(&s))
        return false;
    if ((format_take(&s, '+') || format_take(&s, '-')) && (slice_starts(s, SLICE("0")) || !take_integer(&s)))
        return false;
    return is_goal(s);
}
