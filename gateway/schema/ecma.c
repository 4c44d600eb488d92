#include "schema/ecma.h"

#include "schema/ecma_property.h"

/* Members of \s as the inside of a class, and their complement. */
#define SPACE_SET                                                                                                      \
    "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
#define NOT_SPACE_SET                                                                                                  \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"                \
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{d7ff}\\x{e000}-\\x{fefe}\\x{ff00}-\\x{"    \
    "10ffff}"
#define NOT_DIGIT_SET "\\x{0}-\\x{2f}\\x{3a}-\\x{d7ff}\\x{e000}-\\x{10ffff}"
#define NOT_WORD_SET "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{5e}\\x{60}\\x{7b}-\\x{d7ff}\\x{e000}-\\x{10ffff}"

static const struct {
    char letter;
    const char *set;
} sets[] = {
    { 'd', "0-9" },        { 'D', NOT_DIGIT_SET }, { 'w', "A-Za-z0-9_" },
    { 'W', NOT_WORD_SET }, { 's', SPACE_SET },     { 'S', NOT_SPACE_SET },
};

struct reader {
    struct slice in;
    size_t at;
    struct buf *out;
    struct err *e;
    bool repeatable; /* the last thing may take a quantifier */
};

static int peek(const struct reader *r, size_t ahead)
{
    return r->at + ahead < r->in.len ? (unsigned char)r->in.ptr[r->at + ahead] : -1;
}

static int refuse(struct reader *r, const char *what)
{
    return err_set(r->e, ERR_INPUT, "not an ECMA-262 pattern: %s at byte %zu", what, r->at);
}

static int hex_value(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n hex digits that start `ahead` bytes on, or -1. */
static int32_t hex_digits(const struct reader *r, size_t ahead, int n)
{
    int32_t value = 0;

    for (int i = 0; i < n; i++) {
        int digit = hex_value(peek(r, ahead + (size_t)i));

        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* After "\u": XXXX, a surrogate pair, or {X…}. */
static int read_unicode(struct reader *r, int32_t *code)
{
    if (peek(r, 0) == '{') {
        int32_t value = 0;
        size_t i = 1;

        for (; hex_value(peek(r, i)) >= 0 && value <= 0x10ffff; i++)
            value = value << 4 | hex_value(peek(r, i));
        if (i == 1 || peek(r, i) != '}' || value > 0x10ffff)
            return refuse(r, "\\u{…} wants a code point in hex");
        r->at += i + 1;
        *code = value;
    } else {
        *code = hex_digits(r, 0, 4);
        if (*code < 0)
            return refuse(r, "\\u wants four hex digits");
        r->at += 4;
        if (*code >= 0xd800 && *code < 0xdc00 && peek(r, 0) == '\\' && peek(r, 1) == 'u') {
            int32_t low = hex_digits(r, 2, 4);

            if (low >= 0xdc00 && low < 0xe000) {
                *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
                r->at += 6;
            }
        }
    }
    if (*code >= 0xd800 && *code < 0xe000)
        return refuse(r, "half a surrogate pair (texts never hold one)");
    return 0;
}

/* One character of the pattern that stands for itself. */
static int32_t read_utf8(struct reader *r)
{
    int c = peek(r, 0);
    int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    int32_t code = more == 0 ? c : c & (0x3f >> more);

    r->at++;
    for (; more > 0 && r->at < r->in.len; more--)
        code = code << 6 | (r->in.ptr[r->at++] & 0x3f);
    return code;
}

/* After the backslash: an escape that names one character. 1 when it is none of those (nothing is read). */
static int read_char_escape(struct reader *r, bool in_class, int32_t *code)
{
    static const char controls[] = "tnvfr";
    int c = peek(r, 0);

    if (c > 0 && strchr(controls, c)) {
        static const char values[] = "\t\n\v\f\r";

        *code = values[strchr(controls, c) - controls];
    } else if (c == 'b' && in_class) {
        *code = 8;
    } else if (c == '0' && !(peek(r, 1) >= '0' && peek(r, 1) <= '9')) {
        *code = 0;
    } else if (c == 'c') {
        int letter = peek(r, 1) | 0x20;

        if (letter < 'a' || letter > 'z' || peek(r, 1) < 0)
            return refuse(r, "\\c wants a letter");
        *code = letter - 'a' + 1;
        r->at++;
    } else if (c == 'x') {
        *code = hex_digits(r, 1, 2);
        if (*code < 0)
            return refuse(r, "\\x wants two hex digits");
        r->at += 2;
    } else if (c == 'u') {
        r->at++;
        return read_unicode(r, code);
    } else if (c >= 0x80) {
        *code = read_utf8(r);
        return 0;
    } else if (c >= 0 && !((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))) {
        *code = c;
    } else {
        return 1;
    }
    r->at++;
    return 0;
}

/* After the backslash: \d \w \s, \p{…} and their opposites, written as the inside of a class. 1 when it is none. */
static int read_set_escape(struct reader *r)
{
    int c = peek(r, 0);

    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (c == sets[i].letter) {
            r->at++;
            buf_puts(r->out, sets[i].set);
            return 0;
        }
    }
    if (c == 'p' || c == 'P') {
        struct slice rest = slice_from(r->in, r->at + 1), name, after;

        if (rest.len == 0 || rest.ptr[0] != '{' || !slice_cut(slice_from(rest, 1), '}', &name, &after))
            return refuse(r, "\\p wants {a property}");
        if (!ecma_property_put(r->out, c == 'P', name))
            return refuse(r, "unknown Unicode property");
        r->at += 3 + name.len;
        return 0;
    }
    return 1;
}

static void put_char(struct reader *r, int32_t code)
{
    buf_printf(r->out, "\\x{%x}", (unsigned)code);
}

/* One member of a class. *code is -1 when it was a set (and is written already). */
static int read_class_atom(struct reader *r, int32_t *code)
{
    int rc;

    if (peek(r, 0) != '\\') {
        *code = read_utf8(r);
        return 0;
    }
    r->at++;
    rc = read_set_escape(r);
    if (rc <= 0) {
        *code = -1;
        return rc;
    }
    rc = read_char_escape(r, true, code);
    return rc > 0 ? refuse(r, "unknown escape in a class") : rc;
}

/* After '['. */
static int read_class(struct reader *r)
{
    buf_putc(r->out, '[');
    if (peek(r, 0) == '^') {
        r->at++;
        buf_putc(r->out, '^');
    }
    while (peek(r, 0) != ']') {
        int32_t from, to;

        if (peek(r, 0) < 0)
            return refuse(r, "a class without its ]");
        if (read_class_atom(r, &from))
            return -1;
        if (from >= 0)
            put_char(r, from);
        if (peek(r, 0) != '-' || peek(r, 1) == ']' || peek(r, 1) < 0)
            continue;
        r->at++;
        if (from < 0) { /* [\w-x]: the hyphen stands for itself */
            put_char(r, '-');
            continue;
        }
        buf_putc(r->out, '-');
        if (read_class_atom(r, &to))
            return -1;
        if (to < 0)
            return refuse(r, "a range that ends in a set");
        if (to < from)
            return refuse(r, "a range that runs backwards");
        put_char(r, to);
    }
    r->at++;
    buf_putc(r->out, ']');
    r->repeatable = true;
    return 0;
}

/* \1…: which group. */
static int read_backreference(struct reader *r)
{
    unsigned number = 0;

    while (peek(r, 0) >= '0' && peek(r, 0) <= '9' && number < 100000)
        number = number * 10 + (unsigned)(r->in.ptr[r->at++] - '0');
    buf_printf(r->out, "\\g{%u}", number);
    return 0;
}

/* After the backslash, outside a class. */
static int read_escape(struct reader *r)
{
    int c = peek(r, 0);
    int32_t code;
    size_t start;
    int rc;

    r->repeatable = c != 'b' && c != 'B';
    if (c == 'b' || c == 'B') {
        r->at++;
        buf_printf(r->out, "\\%c", c);
        return 0;
    }
    if (c >= '1' && c <= '9')
        return read_backreference(r);
    if (c == 'k' && peek(r, 1) == '<') {
        buf_puts(r->out, "\\k<");
        r->at += 2;
        return 0; /* the name and its > are copied as text: they need no change */
    }
    start = r->out->len;
    buf_putc(r->out, '[');
    rc = read_set_escape(r);
    if (rc <= 0) {
        buf_putc(r->out, ']');
        return rc;
    }
    r->out->len = start;
    rc = read_char_escape(r, false, &code);
    if (rc > 0)
        return refuse(r, c < 0 ? "a backslash at the end" : "unknown escape");
    if (rc == 0)
        put_char(r, code);
    return rc;
}

/* After '('. */
static int read_group(struct reader *r)
{
    r->repeatable = false;
    buf_putc(r->out, '(');
    if (peek(r, 0) == '*')
        return refuse(r, "nothing to repeat");
    if (peek(r, 0) != '?')
        return 0;
    if (peek(r, 1) == ':' || peek(r, 1) == '=' || peek(r, 1) == '!') {
        buf_put(r->out, slice_of(r->in.ptr + r->at, 2));
        r->at += 2;
    } else if (peek(r, 1) == '<') { /* a name, or a look behind */
        buf_puts(r->out, "?<");
        r->at += 2;
        if (peek(r, 0) == '=' || peek(r, 0) == '!')
            buf_putc(r->out, r->in.ptr[r->at++]);
    } else {
        return refuse(r, "unknown kind of group");
    }
    return 0;
}

/* {n}, {n,} or {n,m}: its length, else 0. */
static size_t braces_len(const struct reader *r)
{
    size_t i = 1, digits = 0;

    for (; peek(r, i) >= '0' && peek(r, i) <= '9'; i++)
        digits++;
    if (digits == 0)
        return 0;
    if (peek(r, i) == ',')
        for (i++; peek(r, i) >= '0' && peek(r, i) <= '9';)
            i++;
    return peek(r, i) == '}' ? i + 1 : 0;
}

static int read_quantifier(struct reader *r, size_t len)
{
    if (!r->repeatable)
        return refuse(r, "nothing to repeat");
    buf_put(r->out, slice_of(r->in.ptr + r->at, len));
    r->at += len;
    if (peek(r, 0) == '?') {
        buf_putc(r->out, '?');
        r->at++;
    }
    r->repeatable = false;
    return 0;
}

static int read_term(struct reader *r)
{
    int c = peek(r, 0);
    size_t braces;

    switch (c) {
    case '\\':
        r->at++;
        return read_escape(r);
    case '[':
        r->at++;
        return read_class(r);
    case '(':
        r->at++;
        return read_group(r);
    case '*':
    case '+':
    case '?':
        return read_quantifier(r, 1);
    case '{':
        braces = braces_len(r);
        if (braces > 0)
            return read_quantifier(r, braces);
        break;
    case '.':
        r->at++;
        r->repeatable = true;
        buf_puts(r->out, "[^\\n\\r\\x{2028}\\x{2029}]");
        return 0;
    case '^':
    case '$':
    case '|':
    case ')':
        r->at++;
        r->repeatable = c == ')';
        buf_putc(r->out, (char)c);
        return 0;
    default:
        break;
    }
    r->repeatable = true;
    if (c < 0x80 && !((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '>')) {
        r->at++;
        put_char(r, c);
        return 0;
    }
    buf_putc(r->out, (char)c); /* letters of names too; the bytes of one UTF-8 character follow each other */
    r->at++;
    return 0;
}

int ecma_to_pcre(struct slice pattern, struct buf *out, struct err *e)
{
    struct reader r = { .in = pattern, .out = out, .e = e };

    while (r.at < r.in.len)
        if (read_term(&r))
            return -1;
    if (out->failed)
        return err_set(e, ERR_LIMIT, "the pattern is too long");
    return 0;
}

bool ecma_literal(struct slice pattern, struct buf *out, struct ecma_literal *l)
{
    size_t start = out->len, at = 0, end = pattern.len;

    l->at_start = pattern.len > 0 && pattern.ptr[0] == '^';
    if (l->at_start)
        at++;
    l->at_end = end > at && pattern.ptr[end - 1] == '$' && !(end - 1 > at && pattern.ptr[end - 2] == '\\');
    if (l->at_end)
        end--;
    while (at < end) {
        char c = pattern.ptr[at++];

        if (c == '\\' && at < end && strchr("^$\\.*+?()[]{}|/-", pattern.ptr[at]))
            c = pattern.ptr[at++];
        else if (c == '\0' || strchr("^$\\.*+?()[]{}|", c))
            goto no;
        buf_putc(out, c);
    }
    if (out->failed)
        goto no;
    l->text = out->ptr ? slice_of(out->ptr + start, out->len - start) : SLICE("");
    return true;
no:
    out->len = start;
    return false;
}
