#include "base/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define LINE_BYTES 8192
#define VALUE_BYTES 2048 /* of one foreign value: a log line is no place for more */

static _Atomic int max_level = LOG_LEVEL_INFO;
static atomic_bool as_json;

void log_setup(enum log_level max, bool json)
{
    atomic_store(&max_level, (int)max);
    atomic_store(&as_json, json);
}

/* The length of the UTF-8 character at p (1..4), or 0 when there is none. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] >= 0xa0;
    bool beyond = p[0] == 0xf4 && p[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : n;
}

void log_put_json_string(struct buf *b, struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;

    buf_putc(b, '"');
    for (size_t i = 0; i < s.len;) {
        size_t n = utf8_length(p + i, s.len - i);
        if (n == 0)
            buf_puts(b, "\xef\xbf\xbd");
        else if (n > 1)
            buf_put(b, slice_of(p + i, n));
        else if (p[i] == '"' || p[i] == '\\')
            buf_printf(b, "\\%c", p[i]);
        else if (p[i] < 0x20 || p[i] == 0x7f)
            buf_printf(b, "\\u%04x", p[i]);
        else
            buf_putc(b, (char)p[i]);
        i += n ? n : 1;
    }
    buf_putc(b, '"');
}

static bool plain(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return s.len > 0;
}

static void put_slice(struct buf *b, struct slice s, bool json)
{
    s = slice_first(s, VALUE_BYTES);
    if (!json && plain(s))
        buf_put(b, s);
    else
        log_put_json_string(b, s);
}

static void put_field(struct buf *b, const struct log_field *f, bool json)
{
    char id[ID_TEXT_LEN + 1];

    buf_printf(b, json ? ",\"%s\":" : " %s=", f->key);
    switch (f->kind) {
    case LOG_FIELD_INT:
        buf_printf(b, "%lld", (long long)f->i);
        break;
    case LOG_FIELD_ID:
        id_text(f->id, id);
        put_slice(b, slice_z(id), json);
        break;
    case LOG_FIELD_SLICE:
        put_slice(b, f->s, json);
        break;
    }
}

static const char *const level_names[] = { "error", "warn", "info", "debug" };

/* One write(2) a line: lines of several threads never mix. */
void log_write(enum log_level level, const char *msg, const struct log_field *fields)
{
    if ((int)level > atomic_load_explicit(&max_level, memory_order_relaxed))
        return;

    bool json = atomic_load_explicit(&as_json, memory_order_relaxed);
    char now[CLOCK_TEXT_LEN];
    struct buf line;

    buf_init(&line, LINE_BYTES);
    clock_text(clock_wall_us(), now);
    buf_printf(&line, json ? "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":" : "time=%s level=%s msg=", now,
               level_names[level]);
    put_slice(&line, slice_z(msg), json);
    for (const struct log_field *f = fields; f->key; f++)
        put_field(&line, f, json);
    line.failed = false; /* a field that did not fit is left out; the end fits: its room was kept */
    line.max += 8;
    buf_puts(&line, json ? "}\n" : "\n");
    ssize_t written = write(STDERR_FILENO, line.ptr, line.len);
    (void)written; /* nobody is left to tell */
    buf_clear(&line);
}
