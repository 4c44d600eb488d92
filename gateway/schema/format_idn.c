#include "schema/format_idn.h"

#include <idn2.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "schema/format_check.h"

#define ALABEL_MAX 63
#define NAME_MAX_LEN 253   /* in A-labels */
#define NAME_TEXT_MAX 4096 /* more than 253 characters can take, normalized or not */
#define ALEF "\xd7\x90"

/* idn2_register_u8 makes all tests of RFC 5891, section 4.2, on one label: form C, "--", hyphens at the ends, leading
 * marks, disallowed and unassigned code points, the rules of context (which idn2_lookup_u8 leaves out), direction. It
 * ends at a NUL and takes any ASCII label, so neither must come here. *size: of the A-label. */
static int ask(const char *text, int flags, size_t *size)
{
    uint8_t *alabel = NULL;
    int rc = idn2_register_u8((const uint8_t *)text, NULL, &alabel, flags);

    *size = rc == IDN2_OK ? strlen((const char *)alabel) : 0;
    idn2_free(alabel);
    return rc;
}

/* The same of a text made of a label. */
static int ask_about(const char *before, struct slice label, const char *after, int flags, size_t *size)
{
    struct buf b;
    int rc;

    buf_init(&b, NAME_TEXT_MAX + 16);
    buf_puts(&b, before);
    buf_put(&b, label);
    buf_puts(&b, after);
    rc = b.failed || !b.ptr ? IDN2_TOO_BIG_LABEL : ask(b.ptr, flags, size);
    buf_clear(&b);
    return rc;
}

bool format_idn_alabel(struct slice s)
{
    uint8_t text[ALABEL_MAX + 1];

    if (s.len > ALABEL_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        text[i] = (uint8_t)(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? s.ptr[i] | 0x20 : s.ptr[i]);
    text[s.len] = '\0';
    return idn2_register_u8(NULL, text, NULL, 0) == IDN2_OK;
}

/* The length of the separator at the start of s, or 0: U+002E, U+3002, U+FF0E, U+FF61 (RFC 3490, section 3.1). */
static size_t dot_len(struct slice s)
{
    static const struct slice dots[] = {
        { ".", 1 }, { "\xe3\x80\x82", 3 }, { "\xef\xbc\x8e", 3 }, { "\xef\xbd\xa1", 3 }
    };

    for (size_t i = 0; i < sizeof dots / sizeof dots[0]; i++)
        if (slice_starts(s, dots[i]))
            return dots[i].len;
    return 0;
}

/* The next label of the name; false when all were taken. */
static bool take_label(struct slice *name, struct slice *label)
{
    if (!name->ptr)
        return false;
    for (size_t i = 0; i < name->len; i++) {
        size_t dot = dot_len(slice_from(*name, i));

        if (dot > 0) {
            *label = slice_first(*name, i);
            *name = slice_from(*name, i + dot);
            return true;
        }
    }
    *label = *name;
    *name = SLICE_NONE;
    return true;
}

/* Direction (RFC 5893). libidn2 looks at each label for itself, but section 2 binds all labels of a name as soon as
 * one of them is written from right to left. It does not tell the direction of a character; its refusals do: a label
 * that starts from the left may hold nothing from the right, and the other way round. */

static bool from_right(struct slice label, int flags)
{
    size_t size;

    /* two letters, lest hyphens move into third and fourth place */
    return ask_about("aa", label, "", flags, &size) == IDN2_BIDI;
}

static bool is_left(struct slice character)
{
    size_t size;

    return ask_about(ALEF, character, ALEF, 0, &size) == IDN2_BIDI;
}

/* Class R, AL, EN, AN or NSM: what may end a label from the right. */
static bool ends_from_right(struct slice character)
{
    size_t size;

    return ask_about(ALEF, character, "", 0, &size) == IDN2_OK;
}

static bool is_mark(struct slice character)
{
    size_t size;

    return ask_about("", character, "", 0, &size) == IDN2_LEADING_COMBINING;
}

static struct slice last_character(struct slice s)
{
    size_t at = s.len - 1;

    while (at > 0 && utf8_is_tail((unsigned char)s.ptr[at]))
        at--;
    return slice_from(s, at);
}

/* Rules 3 and 6: the end, marks aside. */
static bool ends_well(struct slice label)
{
    while (label.len > 0) {
        struct slice last = last_character(label);

        if (is_left(last))
            return true;
        if (!ends_from_right(last))
            return false;
        if (format_ascii(last) || !is_mark(last))
            return true;
        label.len -= last.len;
    }
    return false;
}

/* Rule 4: European and Arabic digits do not mix. Those of class AN that IDNA allows at all are U+0660… and U+10D30…;
 * of class EN, beside ASCII's, U+06F0…. */
static bool digits_mix(struct slice label)
{
    const char *p = label.ptr, *end = label.ptr + label.len;
    bool european = false, arabic = false;

    while (p < end) {
        uint32_t c = utf8_next(&p);

        european |= (c >= '0' && c <= '9') || (c >= 0x6f0 && c <= 0x6f9);
        arabic |= (c >= 0x660 && c <= 0x669) || (c >= 0x10d30 && c <= 0x10d39);
    }
    return european && arabic;
}

/* Rules 1, 3, 4 and 6; libidn2 saw to 2 and 5. An A-label is ASCII here: it starts with a letter. */
static bool direction_fits(struct slice label, int flags)
{
    const char *second = label.ptr;

    if (from_right(label, flags))
        return ends_well(label) && !digits_mix(label);
    if (format_ascii(label))
        return format_letter(label.ptr[0]);
    utf8_next(&second);
    return is_left(slice_first(label, (size_t)(second - label.ptr))) && ends_well(label);
}

/* *size: of the A-label. */
static bool label_valid(struct slice label, int flags, size_t *size)
{
    *size = label.len;
    if (format_ascii(label))
        return format_is_hostname(label);
    return ask_about("", label, "", flags, size) == IDN2_OK;
}

bool format_idn_name(struct slice s, bool normalize)
{
    int flags = normalize ? IDN2_NFC_INPUT : 0;
    size_t total = 0, size;
    struct slice rest = s, label;
    bool right = false;

    if (s.len == 0 || s.len > NAME_TEXT_MAX || slice_find(s, '\0') < s.len)
        return false;
    while (take_label(&rest, &label)) {
        if (!label_valid(label, flags, &size))
            return false;
        total += size + (total > 0 ? 1 : 0);
        right |= from_right(label, flags);
    }
    rest = s;
    while (right && take_label(&rest, &label))
        if (!direction_fits(label, flags))
            return false;
    return total <= NAME_MAX_LEN;
}
