#include "json/fault.h"

#include <stdio.h>

#include "base/utf8.h"

#define WORD_MAX 24

static const struct {
    const char *start, *found;
} mistakes[] = {
    { "'", "\"'\" (JSON strings take double quotes)" },
    { "/", "'/' (JSON has no comments)" },
    { "#", "'#' (JSON has no comments)" },
    { "\xef\xbb\xbf", "a byte order mark (send UTF-8 without one)" },
    { "\xff\xfe", "a UTF-16 byte order mark (send UTF-8)" },
    { "\xfe\xff", "a UTF-16 byte order mark (send UTF-8)" },
    { "\x1f\x8b", "gzip data (is Content-Encoding missing?)" },
};

static size_t word_length(struct slice s)
{
    size_t n = 0;

    while (n < s.len && ((s.ptr[n] >= 'a' && s.ptr[n] <= 'z') || (s.ptr[n] >= 'A' && s.ptr[n] <= 'Z')))
        n++;
    return n;
}

void fault_found(struct slice rest, char out[FAULT_FOUND_LEN])
{
    unsigned char c = rest.len ? (unsigned char)rest.ptr[0] : 0;
    struct slice word = slice_first(rest, word_length(rest));

    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        if (slice_starts(rest, slice_z(mistakes[i].start))) {
            snprintf(out, FAULT_FOUND_LEN, "%s", mistakes[i].found);
            return;
        }
    }
    if (rest.len == 0)
        snprintf(out, FAULT_FOUND_LEN, "the end of the text");
    else if (word.len > WORD_MAX)
        snprintf(out, FAULT_FOUND_LEN, "'%.*s...'", WORD_MAX, word.ptr);
    else if (word.len)
        snprintf(out, FAULT_FOUND_LEN, "'%.*s'", SLICE_FMT(word));
    else if (c >= 0x20 && c < 0x7f)
        snprintf(out, FAULT_FOUND_LEN, "'%c'", c);
    else if (c > 0x7f && utf8_sequence(rest.ptr, rest.len))
        snprintf(out, FAULT_FOUND_LEN, "U+%04X", (unsigned)utf8_next(&rest.ptr));
    else
        snprintf(out, FAULT_FOUND_LEN, "byte 0x%02x", c);
}

void fault_quote(struct slice key, char out[FAULT_FOUND_LEN])
{
    size_t len = 0;

    out[len++] = '"';
    for (size_t i = 0; i < key.len; i++) {
        unsigned char c = (unsigned char)key.ptr[i];

        if (len > FAULT_FOUND_LEN - 10) { /* room for one escape, the dots, the quote and the NUL */
            memcpy(out + len, "...", 3);
            len += 3;
            break;
        }
        if (c >= 0x20 && c < 0x7f)
            out[len++] = (char)c;
        else
            len += (size_t)snprintf(out + len, FAULT_FOUND_LEN - len, "\\x%02x", c);
    }
    out[len++] = '"';
    out[len] = '\0';
}
