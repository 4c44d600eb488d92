#include "base/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#define LINE_BYTES 8192
#define VALUE_BYTES 2048 /* of one foreign value: a log line is no place for more */

static _Atomic int max_level = LOG_LEVEL_INFO;
static atomic_bool as_json;

void log_setup(enum log_level max, bool json)
{
    atomic_store(&max_level, (int)max);
    atomic_store(&as_json, json);
}

/* The length of the run at the start of s that stands in a JSON string as it is. */
static size_t literal_run(struct slice s)
{
    size_t i = 0;

    while (i < s.len) {
        unsigned char c = (unsigned char)s.ptr[i];
        size_t n = c > 0x7f ? utf8_sequence(s.ptr + i, s.len - i) : c >= 0x20 && c != 0x7f && c != '"' && c != '\\';

        if (n == 0)
            break;
        i += n;
    }
    return i;
}

void log_put_json_string(struct buf *b, struct slice s)
{
    buf_putc(b, '"');
    while (s.len) {
        size_t run = literal_run(s);

        buf_put(b, slice_first(s, run));
        s = slice_from(s, run);
        if (s.len == 0)
            break;
        if (s.ptr[0] == '"' || s.ptr[0] == '\\')
            buf_put(b, slice_of((char[]){ '\\', s.ptr[0] }, 2));
        else if ((unsigned char)s.ptr[0] > 0x7f)
            buf_puts(b, "\xef\xbf\xbd");
        else
            buf_printf(b, "\\u%04x", (unsigned)s.ptr[0]);
        s = slice_from(s, 1);
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
