/* Shapes data with a jq program (libjq). It is compiled once for each step.
 *
 * Numbers. libjq 1.6 reckons with doubles: 9007199254740993 becomes …992 as soon as it is read. Where a document has numbers that
 * no double stands for, the program is run twice: once with the nearest double below each of them in its place, once with the one
 * above. What comes out the same does not depend on the difference. Where the two results differ in just these two doubles, the
 * number was passed on, and its own digits are put there. Any other difference: the program reckons with a number that jq does not
 * have, and the step fails with words. So a number is what it was, or it is refused. */
#include "hooklatch_plugin.h"

#include <float.h>
#include <jq.h>
#include <jv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_MAX 65536
#define EXPONENT_MAX 100000000

struct program {
    jq_state *jq;
    char words[300]; /* the last complaint of jq */
};

/* A number of the document that no double stands for. */
struct inexact {
    struct hl_bytes text;
    double below, above;
};

struct inexacts {
    struct inexact *list;
    size_t n, capacity;
};

/* -- Scanning numbers in JSON text -- */

static size_t number_length(struct hl_bytes text, size_t at)
{
    return at < text.len ? strspn(text.ptr + at, "-+.0123456789eE") : 0; /* what follows a number in JSON is none of these */
}

/* The next byte of a number at or behind `at`, or text.len. Strings are skipped. */
static size_t next_number(struct hl_bytes text, size_t at)
{
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '-' || (c >= '0' && c <= '9'))
            return at;
        if (c != '"')
            continue;
        for (at++; at < text.len && text.ptr[at] != '"'; at++)
            at += text.ptr[at] == '\\';
    }
    return text.len;
}

/* Digits without zeros at either end, and the exponent: 0.DIGITS times ten to it is the value. 0: it is zero. */
static size_t significant(const char *text, size_t len, char *digits, size_t max, long *exponent)
{
    size_t n = 0, zeros = 0;
    long point = 0, seen = 0;
    int fraction = 0;

    for (size_t i = text[0] == '-'; i < len && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] == '.') {
            fraction = 1;
            continue;
        }
        point += !fraction;
        seen++;
        if (n == 0 && text[i] == '0')
            continue;
        if (n == 0)
            *exponent = 1 - seen;
        if (n < max)
            digits[n] = text[i];
        n++;
        zeros = text[i] == '0' ? zeros + 1 : 0;
    }
    const char *e = memchr(text, 'e', len) ? memchr(text, 'e', len) : memchr(text, 'E', len);
    long power = e ? strtol(e + 1, NULL, 10) : 0;
    *exponent += point + (power < -EXPONENT_MAX ? -EXPONENT_MAX : power > EXPONENT_MAX ? EXPONENT_MAX : power);
    return n - zeros;
}

/* Is that text what the double is written as, in the fewest digits that tell it from others? */
static int is_exact(const char *text, size_t len, double value)
{
    char mine[20], theirs[20], shortest[40];
    long exponent = 0, other = 0;
    size_t n = significant(text, len, mine, sizeof mine, &exponent), m = 0;

    if (n == 0)
        return 1;
    if (n > 17 || !isfinite(value))
        return 0;
    if (n <= 15 && exponent > -290 && exponent < 290)
        return 1;
    for (int precision = 14; precision < 17; precision++) {
        snprintf(shortest, sizeof shortest, "%.*e", precision, value);
        if (strtod(shortest, NULL) == value)
            break;
    }
    m = significant(shortest, strlen(shortest), theirs, sizeof theirs, &other);
    return n == m && exponent == other && memcmp(mine, theirs, n) == 0;
}

static int add_inexact(struct inexacts *all, const char *text, size_t len, double value)
{
    if (all->n == all->capacity) {
        size_t capacity = all->capacity ? 2 * all->capacity : 16;
        struct inexact *list = realloc(all->list, capacity * sizeof *list);
        if (!list)
            return -1;
        all->list = list;
        all->capacity = capacity;
    }
    struct inexact *x = &all->list[all->n++];
    x->text = (struct hl_bytes){ text, len };
    if (!isfinite(value)) { /* what jq prints for infinity is the largest double */
        x->below = value > 0 ? DBL_MAX / 2 : -DBL_MAX;
        x->above = value > 0 ? DBL_MAX : -DBL_MAX / 2;
        return 0;
    }
    int up = strtold(text, NULL) >= (long double)value;
    x->below = up ? value : nextafter(value, -INFINITY);
    x->above = up ? nextafter(value, INFINITY) : value;
    return 0;
}

static int find_inexact(struct hl_bytes document, struct inexacts *all)
{
    for (size_t at = next_number(document, 0); at < document.len; at = next_number(document, at)) {
        const char *text = document.ptr + at;
        size_t len = number_length(document, at);
        double value = strtod(text, NULL);
        if (!is_exact(text, len, value) && add_inexact(all, text, len, value))
            return -1;
        at += len;
    }
    return 0;
}

/* The document with doubles in place of what is none. On the heap. */
static struct hl_bytes replaced(struct hl_bytes document, const struct inexacts *all, int above)
{
    char *text = malloc(document.len + all->n * 32 + 1);
    size_t n = 0, from = 0;

    for (size_t i = 0; text && i < all->n; i++) {
        const struct inexact *x = &all->list[i];
        size_t until = (size_t)(x->text.ptr - document.ptr);
        memcpy(text + n, document.ptr + from, until - from);
        n += until - from;
        n += (size_t)sprintf(text + n, "%.17g", above ? x->above : x->below);
        from = until + x->text.len;
    }
    if (text) {
        memcpy(text + n, document.ptr + from, document.len - from);
        n += document.len - from;
        text[n] = '\0';
    }
    return (struct hl_bytes){ text, n };
}

/* -- Running the program -- */

/* One line, and no word of shells: this is none. */
static void tidy(char *words)
{
    static const char shell[] = " (Unix shell quoting issues?)";
    char *at = strstr(words, shell);
    size_t n = 0;

    if (at)
        memmove(at, at + sizeof shell - 1, strlen(at + sizeof shell - 1) + 1);
    for (char *c = words; *c; c++) {
        char plain = *c == '\n' ? ' ' : *c;
        if (plain != ' ' || (n && words[n - 1] != ' '))
            words[n++] = plain;
    }
    words[n && words[n - 1] == ' ' ? n - 1 : n] = '\0';
}

static void note(void *arg, jv message)
{
    struct program *p = arg;
    jv text = jq_format_error(message);

    if (jv_is_valid(text) && jv_get_kind(text) == JV_KIND_STRING && !p->words[0]) {
        snprintf(p->words, sizeof p->words, "%s", jv_string_value(text));
        tidy(p->words);
    }
    jv_free(text);
}

static void print_debug(void *arg, jv message)
{
    jv text = jv_dump_string(message, 0);

    (void)arg;
    fprintf(stderr, "%s\n", jv_string_value(text));
    jv_free(text);
}

static int complain(struct hl_reply *reply, const char *what, const char *why)
{
    char words[400];

    snprintf(words, sizeof words, "%s%s", what, why);
    reply->error(reply, words);
    return HL_FAIL;
}

/* A failed jq_next: the end, or an error. */
static int judge_end(struct program *p, jv end, struct hl_reply *reply, const char *otherwise)
{
    if (jv_invalid_has_msg(jv_copy(end))) {
        note(p, jv_invalid_get_msg(end));
        return complain(reply, "", p->words);
    }
    jv_free(end);
    return jq_halted(p->jq) ? complain(reply, "the program halted", "") : complain(reply, "", otherwise);
}

/* HL_DONE with the only output as JSON text, a jv. */
static int evaluate(struct program *p, struct hl_bytes document, jv *out, struct hl_reply *reply)
{
    jv input = jv_parse_sized(document.ptr, (int)document.len);

    p->words[0] = '\0';
    if (!jv_is_valid(input))
        return judge_end(p, input, reply, "the document is empty");
    jq_start(p->jq, input, 0);
    jv first = jq_next(p->jq);
    if (!jv_is_valid(first))
        return judge_end(p, first, reply, "the program has no output: a step has one; \"// null\" gives one in any case");
    jv second = jq_next(p->jq);
    if (!jv_is_valid(second) && !jv_invalid_has_msg(jv_copy(second)) && !jq_halted(p->jq)) {
        jv_free(second);
        *out = jv_dump_string(first, 0);
        return HL_DONE;
    }
    jv_free(first);
    if (!jv_is_valid(second))
        return judge_end(p, second, reply, "");
    jv_free(second);
    return complain(reply, "the program has more than one output: put it into [ ] to make one of them", "");
}

static int write_jv(jv text, struct hl_reply *reply)
{
    return reply->write(reply, (struct hl_bytes){ jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)) });
}

/* The number whose two neighbours these are, when only one of them can be meant. */
static const struct inexact *passed_on(const struct inexacts *all, double below, double above)
{
    const struct inexact *found = NULL;

    for (size_t i = 0; i < all->n; i++) {
        const struct inexact *x = &all->list[i];
        if (x->below != below || x->above != above)
            continue;
        if (found && (found->text.len != x->text.len || memcmp(found->text.ptr, x->text.ptr, x->text.len) != 0))
            return NULL;
        found = x;
    }
    return found;
}

/* Both results, number by number. -1: they differ in something else. */
static int write_merged(struct hl_bytes a, struct hl_bytes b, const struct inexacts *all, struct hl_reply *reply)
{
    size_t i = 0, j = 0;

    while (i < a.len || j < b.len) {
        size_t next = next_number(a, i), other = next_number(b, j);
        if (next - i != other - j || memcmp(a.ptr + i, b.ptr + j, next - i) != 0)
            return -1;
        reply->write(reply, (struct hl_bytes){ a.ptr + i, next - i });
        size_t len = number_length(a, next), other_len = number_length(b, other);
        struct hl_bytes text = { a.ptr + next, len };
        if (len != other_len || memcmp(a.ptr + next, b.ptr + other, len) != 0) {
            const struct inexact *x = passed_on(all, strtod(a.ptr + next, NULL), strtod(b.ptr + other, NULL));
            if (!x)
                return -1;
            text = x->text;
        }
        if (text.len)
            reply->write(reply, text);
        i = next + len;
        j = other + other_len;
    }
    return 0;
}

static struct hl_bytes bytes_of(jv text)
{
    return (struct hl_bytes){ jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)) };
}

/* What is wrong with both is wrong; what is wrong with one of them depends on the difference. */
static int run_twice(struct program *p, struct hl_bytes document, const struct inexacts *all, struct hl_reply *reply)
{
    struct hl_bytes low = replaced(document, all, 0), high = replaced(document, all, 1);
    jv a = jv_null(), b = jv_null();
    int result = HL_RETRY;

    if (low.ptr && high.ptr) {
        int below = evaluate(p, low, &a, reply), above = evaluate(p, high, &b, reply);
        result = below;
        if (below != above || (below == HL_DONE && write_merged(bytes_of(a), bytes_of(b), all, reply))) {
            char number[60];
            snprintf(number, sizeof number, "%.*s", (int)all->list[0].text.len, all->list[0].text.ptr);
            result = complain(reply, "the result depends on a number that jq, whose numbers are doubles, does not have; it can pass "
                              "such a number on, but not reckon with it: ", number);
        }
    } else {
        reply->error(reply, "no memory");
    }
    jv_free(a);
    jv_free(b);
    free((char *)low.ptr);
    free((char *)high.ptr);
    return result;
}

/* -- The plugin -- */

static void close_jq(void *self)
{
    struct program *p = self;

    if (p->jq)
        jq_teardown(&p->jq);
    free(p);
}

static int open_jq(struct hl_bytes args, void **self, struct hl_reply *reply)
{
    struct program *p = calloc(1, sizeof *p);
    char *filter = malloc(FILTER_MAX);
    int compiled = 0;

    (void)args;
    *self = p;
    if (p && filter && reply->text(reply, "/filter", filter, FILTER_MAX) >= 0 && (p->jq = jq_init())) {
        jq_set_error_cb(p->jq, note, p);
        jq_set_debug_cb(p->jq, print_debug, NULL);
        compiled = jq_compile(p->jq, filter);
    }
    free(filter);
    return compiled ? HL_DONE : complain(reply, "the filter cannot be compiled: ", p ? p->words : "no memory");
}

static int run_jq(void *self, struct hl_bytes document, struct hl_reply *reply)
{
    struct inexacts all = { NULL, 0, 0 };
    struct program *p = self;
    int result = HL_RETRY;
    jv out;

    if (find_inexact(document, &all)) {
        reply->error(reply, "no memory");
    } else if (all.n) {
        result = run_twice(p, document, &all, reply);
    } else if ((result = evaluate(p, document, &out, reply)) == HL_DONE) {
        write_jv(out, reply);
        jv_free(out);
    }
    free(all.list);
    return result;
}

const struct hl_step_plugin hl_step_plugin = {
    .abi = HL_STEP_ABI,
    .size = sizeof hl_step_plugin,
    .name = "jq",
    .config_schema = "{\"description\": \"shapes data with a jq program\", \"type\": \"object\","
                     " \"additionalProperties\": false, \"required\": [\"filter\"], \"properties\": {"
                     "\"filter\": {\"description\": \"the program; its input is the document {event, input, steps, run}\","
                     " \"type\": \"string\", \"maxLength\": 65000}}}",
    .open = open_jq,
    .run = run_jq,
    .close = close_jq,
};
