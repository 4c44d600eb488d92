#include "schema/format_check.h"

/* RFC 3339, section 5.6 for dates and times, appendix A for durations. As all ABNF they know no case. */

struct date {
    unsigned year, month, day;
};

struct time {
    unsigned minute; /* of the day, as written */
    unsigned second;
    int offset; /* minutes east of UTC */
};

static bool take_number(struct slice *s, size_t digits, unsigned *out)
{
    if (s->len < digits || format_digits(slice_first(*s, digits)) != digits)
        return false;
    *out = 0;
    for (size_t i = 0; i < digits; i++)
        *out = *out * 10 + (unsigned)(s->ptr[i] - '0');
    *s = slice_from(*s, digits);
    return true;
}

static unsigned days_of(const struct date *d)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);

    return d->month == 2 && leap ? 29 : days[d->month - 1];
}

static bool take_date(struct slice *s, struct date *d)
{
    if (!take_number(s, 4, &d->year) || !format_take(s, '-') || !take_number(s, 2, &d->month) || !format_take(s, '-') ||
        !take_number(s, 2, &d->day))
        return false;
    return d->month >= 1 && d->month <= 12 && d->day >= 1 && d->day <= days_of(d);
}

/* "12:34" within one day, as minutes. */
static bool take_clock(struct slice *s, unsigned *minutes)
{
    unsigned hour, minute;

    if (!take_number(s, 2, &hour) || !format_take(s, ':') || !take_number(s, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = hour * 60 + minute;
    return true;
}

static bool take_offset(struct slice *s, int *offset)
{
    bool west = slice_starts(*s, SLICE("-"));
    unsigned minutes;

    *offset = 0;
    if (format_take(s, 'Z') || format_take(s, 'z'))
        return true;
    if (!(format_take(s, '+') || format_take(s, '-')) || !take_clock(s, &minutes))
        return false;
    *offset = west ? -(int)minutes : (int)minutes;
    return true;
}

static bool take_time(struct slice *s, struct time *t)
{
    if (!take_clock(s, &t->minute) || !format_take(s, ':') || !take_number(s, 2, &t->second) || t->second > 60)
        return false;
    if (format_take(s, '.')) {
        size_t digits = format_digits(*s);

        if (digits == 0)
            return false;
        *s = slice_from(*s, digits);
    }
    return take_offset(s, &t->offset);
}

/* Section 5.7: a leap second is the last one of a day in UTC, whatever the clock on the wall shows. */
static bool second_fits(const struct time *t)
{
    int utc = (int)t->minute - t->offset;

    return t->second < 60 || (utc + 1440) % 1440 == 1439;
}

/* …and that day the last one of a month. Which months had one is news, not grammar. */
static bool leap_day_fits(const struct date *d, const struct time *t)
{
    int utc = (int)t->minute - t->offset;

    if (t->second < 60)
        return true;
    if (utc < 0)
        return d->day == 1;
    return d->day == days_of(d) - (utc >= 1440 ? 1 : 0);
}

bool format_is_date(struct slice s)
{
    struct date d;

    return take_date(&s, &d) && s.len == 0;
}

bool format_is_time(struct slice s)
{
    struct time t;

    return take_time(&s, &t) && s.len == 0 && second_fits(&t);
}

bool format_is_date_time(struct slice s)
{
    struct date d;
    struct time t;

    if (!take_date(&s, &d) || !(format_take(&s, 'T') || format_take(&s, 't')) || !take_time(&s, &t) || s.len > 0)
        return false;
    return second_fits(&t) && leap_day_fits(&d, &t);
}

/* Numbers with the units given, from any of them on and none left out between two. False when there is none. */
static bool take_units(struct slice *s, const char *units)
{
    const char *unit = NULL;

    for (;;) {
        size_t digits = format_digits(*s);
        char c;

        if (digits == 0)
            return unit != NULL;
        if (digits == s->len)
            return false;
        c = (char)(s->ptr[digits] & ~0x20); /* upper case */
        if (unit)
            unit = unit[1] == c ? unit + 1 : NULL;
        else
            unit = strchr(units, c);
        if (!unit || *unit == '\0')
            return false;
        *s = slice_from(*s, digits + 1);
    }
}

bool format_is_duration(struct slice s)
{
    size_t digits;
    bool date;

    if (!format_take(&s, 'P') && !format_take(&s, 'p'))
        return false;
    digits = format_digits(s);
    if (digits > 0 && digits + 1 == s.len && (s.ptr[digits] == 'W' || s.ptr[digits] == 'w'))
        return true; /* weeks stand alone */
    date = digits > 0;
    if (date && !take_units(&s, "YMD"))
        return false;
    if (s.len == 0)
        return date;
    return (format_take(&s, 'T') || format_take(&s, 't')) && take_units(&s, "HMS") && s.len == 0;
}
