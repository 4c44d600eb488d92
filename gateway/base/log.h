/* base/log.h - one line an entry, logfmt or JSON, on standard error. Foreign bytes are escaped; callers never pass
 * secrets. Any thread. Values follow as key, kind, value triples through the macros:
 *     LOG_WARN("delivery refused", LOG_S("source", name), LOG_I("bytes", n)); */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_field {
    const char *key;
    enum { LOG_FIELD_SLICE, LOG_FIELD_INT, LOG_FIELD_ID } kind;
    struct slice s;
    int64_t i;
    struct id id;
};
#define LOG_Z(k, v) ((struct log_field){ .key = (k), .kind = LOG_FIELD_SLICE, .s = slice_z(v) })
#define LOG_SL(k, v) ((struct log_field){ .key = (k), .kind = LOG_FIELD_SLICE, .s = (v) })
#define LOG_I(k, v) ((struct log_field){ .key = (k), .kind = LOG_FIELD_INT, .i = (int64_t)(v) })
#define LOG_ID(k, v) ((struct log_field){ .key = (k), .kind = LOG_FIELD_ID, .id = (v) })

#define LOG_AT(level, msg, ...)                                                                                        \
    log_write(level, msg, (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(,) { .key = NULL } })
#define LOG_ERROR(msg, ...) LOG_AT(LOG_LEVEL_ERROR, msg __VA_OPT__(,) __VA_ARGS__)
#define LOG_WARN(msg, ...) LOG_AT(LOG_LEVEL_WARN, msg __VA_OPT__(,) __VA_ARGS__)
#define LOG_INFO(msg, ...) LOG_AT(LOG_LEVEL_INFO, msg __VA_OPT__(,) __VA_ARGS__)
#define LOG_DEBUG(msg, ...) LOG_AT(LOG_LEVEL_DEBUG, msg __VA_OPT__(,) __VA_ARGS__)

/* Before threads start, and again on reload. */
void log_setup(enum log_level max, bool json);
/* fields end with a NULL key. */
void log_write(enum log_level level, const char *msg, const struct log_field *fields);
/* Appends s as a JSON string with quotes; bytes that are not UTF-8 become U+FFFD. */
struct buf;
void log_put_json_string(struct buf *b, struct slice s);

#endif
