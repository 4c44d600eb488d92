/* Shapes data with a jq program (libjq). It is compiled once for each step.
 *
 * Numbers. libjq 1.6 reckons with doubles: 9007199254740993 becomes …992 as soon as it is read. Where a document has numbers that
 * no double stands for, the program is run three times: with the nearest double below each of them in its place, with the one
 * above, and with a stand-in: another number, exact, different for each of them, in the same order as they. What comes out the same
 * each time does not depend on them. Where the three results differ in just these three doubles, the number was passed on, and its
 * own digits are put there. Any other difference: the program reckons with a number that jq does not have, and the step fails with
 * words. So a number of the document is what it was, or it is refused.
 *
 * The stand-ins are small enough that what is added to one shows: 1234567890123456789 + 50 is no other double. */
#include "hooklatch_plugin.h"

#include <ctype.h>
#include <float.h>
#include <jq.h>
#include <jv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_MAX 65536
#define EXPONENT_MAX 100000000
#define DISTINCT_MAX 49999     /* as many as five digits tell apart by odd numbers */
#define STANDIN_LARGE 8.9e15   /* below 2^53 = 9.007e15, above all of 15 digits */

struct program {
    jq_state *jq;
    char words[300]; /* the last complaint of jq */
};

/* A number of the document that no double stands for. Different texts are different numbers. */
struct inexact {
    struct hl_bytes text;
    double below, above, standin;
    long double value; /* nearer, for their order */
};

struct inexacts {
    struct inexact *list; /* in the order of the document */
    struct inexact **distinct; /* one of each text, in the order of their values, and so of their stand-ins */
    size_t n, capacity, n_distinct;
};

enum variant { BELOW, ABOVE, STANDIN };

/* -- Scanning numbers in JSON text -- */

static size_t number_length(struct hl_bytes text, size_t at)
{
    size_t end = at;

    while (end < text.len && strchr("-+.0123456789eE", text.ptr[end]) && text.ptr[end]) /* what follows a number is none of these */
        end++;
    return end - at;
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
    x->value = strtold(text, NULL);
    if (!isfinite(value)) { /* what jq prints for infinity is the largest double */
        x->below = value > 0 ? DBL_MAX / 2 : -DBL_MAX;
        x->above = value > 0 ? DBL_MAX : -DBL_MAX / 2;
        return 0;
    }
    int up = x->value >= (long double)value;
    x->below = up ? value : nextafter(value, -INFINITY);
    x->above = up ? nextafter(value, INFINITY) : value;
    return 0;
}

static int same_text(const struct inexact *a, const struct inexact *b)
{
    return a->text.len == b->text.len && memcmp(a->text.ptr, b->text.ptr, a->text.len) == 0;
}

static int by_value(const void *left, const void *right)
{
    const struct inexact *a = *(struct inexact *const *)left, *b = *(struct inexact *const *)right;
    size_t len = a->text.len < b->text.len ? a->text.len : b->text.len;

    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    int order = memcmp(a->text.ptr, b->text.ptr, len);
    return order ? order : (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

/* Above 2^53: another odd number just below it. Else its first nine digits and five more that say which one it is. */
static double standin_of(const struct inexact *x, size_t rank, size_t n)
{
    size_t place = x->value < 0 ? n - rank : rank + 1; /* further from zero: larger */
    char digits[40], text[60];
    double magnitude;

    if (fabsl(x->value) >= 0x1p53L) {
        magnitude = STANDIN_LARGE + 2.0 * (double)place + 1;
        return x->value < 0 ? -magnitude : magnitude;
    }
    snprintf(digits, sizeof digits, "%.20Le", fabsl(x->value)); /* d.ddd…e±dd: cut, not rounded */
    long power = strtol(strchr(digits, 'e') + 1, NULL, 10);
    snprintf(text, sizeof text, "%.10s%05zue%ld", digits, (2 * place + 1) % 100000, power < -280 ? -280 : power);
    magnitude = strtod(text, NULL);
    return x->value < 0 ? -magnitude : magnitude;
}

/* -1: no memory. */
static int find_distinct(struct inexacts *all)
{
    all->distinct = malloc((all->n + 1) * sizeof(struct inexact *));
    if (!all->distinct)
        return -1;
    for (size_t i = 0; i < all->n; i++)
        all->distinct[i] = &all->list[i];
    qsort(all->distinct, all->n, sizeof *all->distinct, by_value);
    for (size_t i = 0; i < all->n; i++)
        all->n_distinct += i == 0 || !same_text(all->distinct[i - 1], all->distinct[i]);
    for (size_t i = 0, rank = 0; i < all->n; i++) {
        struct inexact *x = all->distinct[i];
        int is_new = i == 0 || !same_text(all->distinct[rank - 1], x);
        x->standin = is_new ? standin_of(x, rank, all->n_distinct) : all->distinct[rank - 1]->standin;
        if (is_new)
            all->distinct[rank++] = x;
    }
    return 0;
}

/* -1: no memory. */
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
    return all->n ? find_distinct(all) : 0;
}

static double variant_of(const struct inexact *x, enum variant which)
{
    return which == BELOW ? x->below : which == ABOVE ? x->above : x->standin;
}

/* The document with doubles in place of what is none. On the heap. */
static struct hl_bytes replaced(struct hl_bytes document, const struct inexacts *all, enum variant which)
{
    char *text = malloc(document.len + all->n * 32 + 1);
    size_t n = 0, from = 0;

    for (size_t i = 0; text && i < all->n; i++) {
        const struct inexact *x = &all->list[i];
        size_t until = (size_t)(x->text.ptr - document.ptr);
        memcpy(text + n, document.ptr + from, until - from);
        n += until - from;
        n += (size_t)sprintf(text + n, "%.17g", variant_of(x, which));
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

static struct hl_bytes bytes_of(jv text)
{
    return (struct hl_bytes){ jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)) };
}

/* The number whose three doubles these are, or NULL. */
static const struct inexact *passed_on(const struct inexacts *all, double below, double above, double standin)
{
    size_t low = 0, high = all->n_distinct;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct inexact *x = all->distinct[middle];
        if (x->standin == standin)
            return x->below == below && x->above == above ? x : NULL;
        if (x->standin < standin)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* One of the results, and how far it is read. */
struct result {
    struct hl_bytes text;
    size_t at;
};

/* Up to the next number, which begins at *number. */
static struct hl_bytes take_plain(struct result *r, struct hl_bytes *number)
{
    size_t from = r->at, next = next_number(r->text, from), len = number_length(r->text, next);

    *number = (struct hl_bytes){ r->text.ptr + next, len };
    r->at = next + len;
    return (struct hl_bytes){ r->text.ptr + from, next - from };
}

static int same_bytes(struct hl_bytes a, struct hl_bytes b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* All three results, number by number. -1: they differ in something else. */
static int write_merged(const jv *results, const struct inexacts *all, struct hl_reply *reply)
{
    struct result r[3];

    for (int i = 0; i < 3; i++)
        r[i] = (struct result){ bytes_of(results[i]), 0 };
    while (r[0].at < r[0].text.len || r[1].at < r[1].text.len || r[2].at < r[2].text.len) {
        struct hl_bytes plain[3], number[3];
        for (int i = 0; i < 3; i++)
            plain[i] = take_plain(&r[i], &number[i]);
        if (!same_bytes(plain[0], plain[1]) || !same_bytes(plain[0], plain[2]))
            return -1;
        reply->write(reply, plain[0]);
        if (!same_bytes(number[0], number[1]) || !same_bytes(number[0], number[2])) {
            const struct inexact *x = number[0].len && number[1].len && number[2].len
                                          ? passed_on(all, strtod(number[BELOW].ptr, NULL), strtod(number[ABOVE].ptr, NULL),
                                                      strtod(number[STANDIN].ptr, NULL))
                                          : NULL;
            if (!x)
                return -1;
            number[0] = x->text;
        }
        reply->write(reply, number[0]);
    }
    return 0;
}

static int refuse(const struct inexacts *all, struct hl_reply *reply)
{
    char number[60];

    snprintf(number, sizeof number, "%.*s", (int)all->list[0].text.len, all->list[0].text.ptr);
    return complain(reply, "the result depends on a number that jq, whose numbers are doubles, does not have; it can pass such a "
                    "number on, but not reckon with it: ", number);
}

/* What is wrong with all three is wrong; what is wrong with some of them depends on the difference. */
static int run_thrice(struct program *p, struct hl_bytes document, const struct inexacts *all, struct hl_reply *reply)
{
    jv out[3] = { jv_null(), jv_null(), jv_null() };
    int result[3] = { HL_RETRY, HL_RETRY, HL_RETRY }, end;

    for (int i = 0; i < 3; i++) {
        struct hl_bytes variant = replaced(document, all, (enum variant)i);
        if (variant.ptr)
            result[i] = evaluate(p, variant, &out[i], reply);
        else
            reply->error(reply, "no memory");
        free((char *)variant.ptr);
    }
    if (result[0] != result[1] || result[0] != result[2])
        end = refuse(all, reply);
    else
        end = result[0] == HL_DONE && write_merged(out, all, reply) ? refuse(all, reply) : result[0];
    for (int i = 0; i < 3; i++)
        jv_free(out[i]);
    return end;
}

/* -- The plugin -- */

static void close_jq(void *self)
{
    struct program *p = self;

    if (p->jq)
        jq_teardown(&p->jq);
    free(p);
}

/* A number in the program that no double stands for, or length 0. Numbers in names ($x2, @base64, a1) and in strings are none. */
static struct hl_bytes inexact_literal(const char *filter)
{
    struct hl_bytes text = { filter, strlen(filter) };

    for (size_t at = 0; at < text.len; at++) {
        char c = filter[at];
        if (c == '"' || c == '#') {
            char end = c == '"' ? '"' : '\n';
            for (at++; at < text.len && filter[at] != end; at++)
                at += filter[at] == '\\';
        } else if (isalpha((unsigned char)c) || strchr("_$@", c)) {
            while (at + 1 < text.len && (isalnum((unsigned char)filter[at + 1]) || filter[at + 1] == '_'))
                at++;
        } else if (isdigit((unsigned char)c)) {
            char *end;
            double value = strtod(filter + at, &end);
            size_t len = (size_t)(end - filter) - at;
            if (!is_exact(filter + at, len, value))
                return (struct hl_bytes){ filter + at, len };
            at += len - 1;
        }
    }
    return (struct hl_bytes){ NULL, 0 };
}

/* p->words, where it cannot be. */
static int compile(struct program *p, const char *filter)
{
    struct hl_bytes literal = inexact_literal(filter);

    if (literal.len) {
        snprintf(p->words, sizeof p->words, "it has a number that no double stands for: %.*s",
                 (int)(literal.len < 60 ? literal.len : 60), literal.ptr);
        return 0;
    }
    if (!(p->jq = jq_init()))
        return 0;
    jq_set_error_cb(p->jq, note, p);
    jq_set_debug_cb(p->jq, print_debug, NULL);
    return jq_compile(p->jq, filter);
}

static int open_jq(struct hl_bytes args, void **self, struct hl_reply *reply)
{
    struct program *p = calloc(1, sizeof *p);
    char *filter = malloc(FILTER_MAX);
    int compiled = 0;

    (void)args;
    *self = p;
    if (p && filter && reply->text(reply, "/filter", filter, FILTER_MAX) >= 0)
        compiled = compile(p, filter);
    free(filter);
    return compiled ? HL_DONE : complain(reply, "the filter cannot be compiled: ", p ? p->words : "no memory");
}

static int run_jq(void *self, struct hl_bytes document, struct hl_reply *reply)
{
    struct inexacts all = { 0 };
    struct program *p = self;
    int result = HL_RETRY;
    jv out;

    if (find_inexact(document, &all)) {
        reply->error(reply, "no memory");
    } else if (all.n_distinct > DISTINCT_MAX) {
        result = complain(reply, "the document has too many different numbers that jq, whose numbers are doubles, does not have", "");
    } else if (all.n) {
        result = run_thrice(p, document, &all, reply);
    } else if ((result = evaluate(p, document, &out, reply)) == HL_DONE) {
        reply->write(reply, bytes_of(out));
        jv_free(out);
    }
    free(all.distinct);
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
