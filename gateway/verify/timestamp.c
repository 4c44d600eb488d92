#include "verify/timestamp.h"

#include <time.h>

#include "base/clock.h"

const char *const timestamp_words[] = { "unix", "unix-ms", "rfc3339", "http-date", NULL };

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

static int read_count(struct slice text, int64_t us_each, int64_t *us)
{
    uint64_t n;
    if (slice_u64(text, &n))
        return -1;
    *us = n > (uint64_t)(INT64_MAX / us_each) ? INT64_MAX : (int64_t)n * us_each;
    return 0;
}

/* Takes n digits off the front. */
static int take_digits(struct slice *text, size_t n, int *out)
{
    uint64_t value;
    if (text->len < n || slice_u64(slice_first(*text, n), &value))
        return -1;
    *out = (int)value;
    *text = slice_from(*text, n);
    return 0;
}

static int take(struct slice *text, const char *one_of)
{
    if (text->len == 0 || text->ptr[0] == '\0' || !strchr(one_of, text->ptr[0]))
        return -1;
    *text = slice_from(*text, 1);
    return 0;
}

static int take_clock(struct slice *text, struct tm *tm)
{
    return take_digits(text, 2, &tm->tm_hour) || take(text, ":") || take_digits(text, 2, &tm->tm_min) ||
           take(text, ":") || take_digits(text, 2, &tm->tm_sec);
}

/* timegm mends what is out of range; here 31 February is no day. */
static int tm_to_us(struct tm *tm, int64_t *us)
{
    struct tm asked = *tm;
    if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
        return -1;
    if (tm->tm_sec == 60) /* a leap second is the next minute's first */
        asked.tm_sec = tm->tm_sec = 59;
    *us = (int64_t)timegm(tm) * US_PER_S;
    return tm->tm_mday == asked.tm_mday && tm->tm_mon == asked.tm_mon ? 0 : -1;
}

static int take_fraction(struct slice *text, int64_t *us)
{
    size_t n = 0;
    int64_t scale = US_PER_S;
    *us = 0;
    if (text->len == 0 || text->ptr[0] != '.')
        return 0;
    *text = slice_from(*text, 1);
    for (; n < text->len && text->ptr[n] >= '0' && text->ptr[n] <= '9'; n++) {
        scale /= 10;
        *us += (text->ptr[n] - '0') * scale;
    }
    *text = slice_from(*text, n);
    return n ? 0 : -1;
}

static int take_zone(struct slice *text, int64_t *us)
{
    int hours, minutes, sign;
    *us = 0;
    if (text->len == 0)
        return 0;
    if (take(text, "Zz") == 0)
        return 0;
    sign = text->ptr[0] == '-' ? -1 : 1;
    if (take(text, "+-") || take_digits(text, 2, &hours) || take(text, ":") || take_digits(text, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return -1;
    *us = sign * (hours * 60 + minutes) * 60 * US_PER_S;
    return 0;
}

static int read_rfc3339(struct slice text, int64_t *us)
{
    struct tm tm = { 0 };
    int64_t fraction, zone;
    if (take_digits(&text, 4, &tm.tm_year) || take(&text, "-") || take_digits(&text, 2, &tm.tm_mon) ||
        take(&text, "-") || take_digits(&text, 2, &tm.tm_mday) || take(&text, "Tt ") || take_clock(&text, &tm) ||
        take_fraction(&text, &fraction) || take_zone(&text, &zone) || text.len)
        return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    if (tm_to_us(&tm, us))
        return -1;
    *us += fraction - zone;
    return 0;
}

static int take_name(struct slice *text, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (!slice_starts(*text, slice_z(names[i])))
            continue;
        *text = slice_from(*text, 3);
        return i;
    }
    return -1;
}

static int read_http_date(struct slice text, int64_t *us)
{
    struct tm tm = { 0 };
    if (take_name(&text, days, 7) < 0 || take(&text, ",") || take(&text, " ") || take_digits(&text, 2, &tm.tm_mday) ||
        take(&text, " ") || (tm.tm_mon = take_name(&text, months, 12)) < 0 || take(&text, " ") ||
        take_digits(&text, 4, &tm.tm_year) || take(&text, " ") || take_clock(&text, &tm) ||
        !slice_eq(text, SLICE(" GMT")))
        return -1;
    tm.tm_year -= 1900;
    return tm_to_us(&tm, us);
}

int timestamp_read(enum timestamp_format format, struct slice text, int64_t *us)
{
    switch (format) {
    case TIMESTAMP_UNIX:
        return read_count(text, US_PER_S, us);
    case TIMESTAMP_UNIX_MS:
        return read_count(text, 1000, us);
    case TIMESTAMP_RFC3339:
        return read_rfc3339(text, us);
    case TIMESTAMP_HTTP_DATE:
        return read_http_date(text, us);
    }
    return -1;
}

void timestamp_put(enum timestamp_format format, int64_t us, struct buf *out)
{
    time_t s = (time_t)(us / US_PER_S);
    struct tm tm;
    gmtime_r(&s, &tm);
    switch (format) {
    case TIMESTAMP_UNIX:
        buf_printf(out, "%lld", (long long)s);
        break;
    case TIMESTAMP_UNIX_MS:
        buf_printf(out, "%lld", (long long)(us / 1000));
        break;
    case TIMESTAMP_RFC3339:
        buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                   tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(us % US_PER_S / 1000));
        break;
    case TIMESTAMP_HTTP_DATE:
        buf_printf(out, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                   tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        break;
    }
}
