#include "schema/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/clock.h"
#include "base/mem.h"
#include "schema/chain.h"
#include "schema/ecma.h"

#define PATTERN_MAX (64u << 10)   /* bytes as written */
#define TRANSLATED_MAX (1u << 20) /* bytes after translation */
#define MATCH_LIMIT_FIRST 2000u   /* + 16 a byte of the subject */
#define MATCH_LIMIT_HARD 1000000u
/* One step that PCRE2 counts may run through the whole subject, so a limit alone bounds no time: it starts small, and is
 * raised only while the time spent is. */
#define MATCH_WORK_FIRST (64u << 10) /* the first limit times the subject's bytes: below 0.1 ms */
#define MATCH_LIMIT_LEAST 16u
#define MATCH_RAISE 4u
#define MATCH_US_MAX 50000
#define COST_PER_US 100 /* SCHEMA_STEPS_MAX are half a second */
#define HEAP_LIMIT_KIB (16u << 10)
#define JIT_STACK_START (32u << 10)
#define JIT_STACK_MAX (512u << 10)

struct regex {
    enum { LITERAL, WORDS, CHAIN, CODE } kind;
    struct ecma_literal literal;
    struct chain chain;
    struct slice words;
    struct buf text; /* of literal and words */
    pcre2_code *code;
};

struct regex_scratch {
    pcre2_general_context *general;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint64_t cost;
};

static int compile(struct regex *r, struct slice pattern, struct err *e)
{
    uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS |
                       PCRE2_NEVER_BACKSLASH_C;
    int code;
    PCRE2_SIZE offset;

    buf_init(&r->text, TRANSLATED_MAX);
    if (ecma_to_pcre(pattern, &r->text, e))
        return -1;
    r->code = pcre2_compile((PCRE2_SPTR)(r->text.ptr ? r->text.ptr : ""), r->text.len, options, &code, &offset, NULL);
    buf_clear(&r->text);
    if (!r->code) {
        char why[128];

        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
        return err_set(e, ERR_INPUT, "not a usable pattern: %s", why);
    }
    /* Where the machine has no JIT the interpreter does the same, slower. */
    if (pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == PCRE2_ERROR_NOMEMORY)
        return err_set(e, ERR_SYSTEM, "no memory for a compiled pattern");
    return 0;
}

/* Patterns that need no engine. */
static int simple_kind(struct regex *r, struct slice pattern)
{
    struct slice words;

    buf_init(&r->text, PATTERN_MAX);
    if (ecma_literal(pattern, &r->text, &r->literal))
        return LITERAL;
    buf_clear(&r->text);
    if (chain_parse(pattern, &r->chain))
        return CHAIN;
    if (!chain_words(pattern, &words))
        return CODE;
    buf_put(&r->text, words);
    r->words = buf_slice(&r->text);
    return WORDS;
}

struct regex *regex_new(struct slice pattern, struct err *e)
{
    struct regex *r;

    if (pattern.len > PATTERN_MAX) {
        err_set(e, ERR_LIMIT, "a pattern of %zu bytes: at most %u are allowed", pattern.len, PATTERN_MAX);
        return NULL;
    }
    r = mem_zalloc(sizeof *r);
    r->kind = simple_kind(r, pattern);
    if (r->kind == CODE && compile(r, pattern, e)) {
        regex_free(r);
        return NULL;
    }
    return r;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    buf_clear(&r->text);
    pcre2_code_free(r->code);
    free(r);
}

size_t regex_bytes(const struct regex *r)
{
    size_t code = 0, jit = 0;

    if (r->code) {
        pcre2_pattern_info(r->code, PCRE2_INFO_SIZE, &code);
        pcre2_pattern_info(r->code, PCRE2_INFO_JITSIZE, &jit);
    }
    return sizeof *r + r->text.cap + code + jit;
}

static void *on_alloc(PCRE2_SIZE size, void *unused)
{
    (void)unused;
    return mem_alloc(size);
}

static void on_free(void *ptr, void *unused)
{
    (void)unused;
    free(ptr);
}

struct regex_scratch *regex_scratch_new(void)
{
    struct regex_scratch *s = mem_zalloc(sizeof *s);

    s->general = pcre2_general_context_create(on_alloc, on_free, NULL);
    s->data = pcre2_match_data_create(1, s->general);
    s->context = pcre2_match_context_create(s->general);
    s->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, s->general);
    pcre2_jit_stack_assign(s->context, NULL, s->stack); /* without one: 32 KiB of the thread's own */
    pcre2_set_heap_limit(s->context, HEAP_LIMIT_KIB);
    return s;
}

void regex_scratch_free(struct regex_scratch *s)
{
    if (!s)
        return;
    pcre2_jit_stack_free(s->stack);
    pcre2_match_context_free(s->context);
    pcre2_match_data_free(s->data);
    pcre2_general_context_free(s->general);
    free(s);
}

static bool search_literal(const struct ecma_literal *l, struct slice subject)
{
    struct slice text = l->text;

    if (l->at_start)
        return l->at_end ? slice_eq(subject, text) : slice_starts(subject, text);
    if (l->at_end)
        return slice_ends(subject, text);
    return text.len == 0 || (subject.len >= text.len && memmem(subject.ptr, subject.len, text.ptr, text.len));
}

/* The subject is UTF-8 by the JSON reader's word: PCRE2 need not look again. */
static int match(const struct regex *r, struct slice subject, struct regex_scratch *s, uint32_t limit)
{
    PCRE2_SPTR text = (PCRE2_SPTR)(subject.ptr ? subject.ptr : "");
    int rc;

    pcre2_set_match_limit(s->context, limit);
    rc = pcre2_match(r->code, text, subject.len, 0, PCRE2_NO_UTF_CHECK, s->data, s->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(r->code, text, subject.len, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, s->data, s->context);
    return rc;
}

static uint32_t first_limit(size_t len)
{
    size_t limit = len < MATCH_LIMIT_HARD / 16 ? MATCH_LIMIT_FIRST + 16 * len : MATCH_LIMIT_HARD;

    if (len && limit > MATCH_WORK_FIRST / len)
        limit = MATCH_WORK_FIRST / len;
    return limit > MATCH_LIMIT_LEAST ? (uint32_t)limit : MATCH_LIMIT_LEAST;
}

/* The first limit was too low. */
static int match_longer(const struct regex *r, struct slice subject, struct regex_scratch *s, uint32_t limit)
{
    int64_t start = clock_cpu_us(), spent = 0;
    int rc = PCRE2_ERROR_MATCHLIMIT;

    while (rc == PCRE2_ERROR_MATCHLIMIT && limit < MATCH_LIMIT_HARD && spent < MATCH_US_MAX) {
        limit = limit < MATCH_LIMIT_HARD / MATCH_RAISE ? limit * MATCH_RAISE : MATCH_LIMIT_HARD;
        rc = match(r, subject, s, limit);
        spent = clock_cpu_us() - start;
    }
    s->cost += (uint64_t)spent * COST_PER_US + (rc == PCRE2_ERROR_MATCHLIMIT ? MATCH_LIMIT_HARD : 0);
    return rc;
}

enum regex_result regex_search(const struct regex *r, struct slice subject, struct regex_scratch *s)
{
    uint32_t first = first_limit(subject.len);
    int rc;

    s->cost += 1 + subject.len / 64;
    switch (r->kind) {
    case LITERAL:
        return search_literal(&r->literal, subject) ? REGEX_YES : REGEX_NO;
    case CHAIN:
        return chain_match(&r->chain, subject) ? REGEX_YES : REGEX_NO;
    case WORDS:
        return chain_is_word(r->words, subject) ? REGEX_YES : REGEX_NO;
    case CODE:
        break;
    }
    s->cost += 8 + subject.len / 16;
    rc = match(r, subject, s, first);
    if (rc == PCRE2_ERROR_MATCHLIMIT)
        rc = match_longer(r, subject, s, first);
    if (rc >= 0)
        return REGEX_YES;
    return rc == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_LIMIT;
}

uint64_t regex_scratch_take_cost(struct regex_scratch *s)
{
    uint64_t cost = s->cost;

    s->cost = 0;
    return cost;
}
