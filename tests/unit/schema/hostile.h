/* tests/unit/schema/hostile.h - asking of hostile schemas and values. Include it after cmocka.h. */
#ifndef TESTS_UNIT_SCHEMA_HOSTILE_H
#define TESTS_UNIT_SCHEMA_HOSTILE_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#include "cases.h"

#define TEXT_MAX ((size_t)64 << 20)
#define DEPTH_DEFAULT 0u
#define DEPTH_ANY 200000u
#define STACK ((size_t)1 << 30) /* touched only where it is used */

static inline void text_begin(struct buf *b, const char *start)
{
    buf_init(b, TEXT_MAX);
    buf_puts(b, start);
}

static inline void put_times(struct buf *b, const char *piece, unsigned n)
{
    while (n-- > 0)
        buf_puts(b, piece);
}

static inline void check_report(const struct schema *s, const struct json_doc *d, struct schema_scratch *scratch,
                         enum schema_verdict v)
{
    struct schema_report r;

    schema_report_make(&r, s, d, 0, scratch, 10);
    assert_int_equal(r.verdict, v);
    assert_int_equal(r.count == 0, v == SCHEMA_VALID);
    schema_report_clear(&r);
}

/* The verdict of the check, which the report must share. */
static inline enum schema_verdict judge(const struct schema *s, const char *instance, uint32_t depth)
{
    struct schema_scratch *scratch = schema_scratch_new();
    enum schema_verdict v;
    struct json_doc d;

    if (depth != DEPTH_DEFAULT)
        schema_scratch_set_depth(scratch, depth);
    case_parse(&d, instance);
    v = schema_check(s, &d, 0, scratch);
    check_report(s, &d, scratch, v);
    json_doc_clear(&d);
    schema_scratch_free(scratch);
    return v;
}

static inline enum schema_verdict verdict(const char *schema, const char *instance, uint32_t depth)
{
    struct schema *s = case_schema(schema, SCHEMA_DRAFT_2020_12);
    enum schema_verdict v = judge(s, instance, depth);

    schema_unref(s);
    return v;
}

static inline void assert_valid(const char *schema, const char *instance)
{
    assert_int_equal(verdict(schema, instance, DEPTH_DEFAULT), SCHEMA_VALID);
}

static inline void assert_invalid(const char *schema, const char *instance)
{
    assert_int_equal(verdict(schema, instance, DEPTH_DEFAULT), SCHEMA_INVALID);
}

/* Where the exact answer may cost more than it is worth. */
static inline void assert_answer_or_limit(const char *schema, const char *instance, enum schema_verdict right)
{
    enum schema_verdict v = verdict(schema, instance, DEPTH_DEFAULT);

    if (v != SCHEMA_LIMIT)
        assert_int_equal(v, right);
}

static inline void assert_refused(const char *schema, enum schema_draft draft, const char *says)
{
    struct err e = { 0 };
    struct schema *s = case_compile(schema, draft, &e);

    if (s)
        fail_msg("%.200s should be refused", schema);
    if (!strstr(e.text, says))
        fail_msg("%.200s: \"%s\" does not say \"%s\"", schema, e.text, says);
}

/* depth times open, inner, depth times close. */
static inline char *nested(const char *open, const char *inner, const char *close, unsigned depth)
{
    struct buf b;

    text_begin(&b, "");
    put_times(&b, open, depth);
    buf_puts(&b, inner);
    put_times(&b, close, depth);
    return b.ptr;
}

static inline void check_nested(const char *schema, const char *open, const char *inner, const char *close, unsigned depth,
                         enum schema_verdict want)
{
    char *text = nested(open, inner, close, depth);

    if (verdict(schema, text, DEPTH_ANY) != want)
        fail_msg("%s: %u times %s, then %s: should be %s", schema, depth, open, inner,
                 want == SCHEMA_VALID ? "valid" : "invalid");
    free(text);
}

/* Runs the tests on a thread whose stack is large enough for whatever depth is asked for; what main returns. */
static inline int run_with_stack(void *(*run)(void *failed))
{
    pthread_attr_t attr;
    pthread_t thread;
    int failed = 1;

    pthread_attr_init(&attr);
    if (pthread_attr_setstacksize(&attr, STACK) != 0 || pthread_create(&thread, &attr, run, &failed) != 0)
        return 1;
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    return failed;
}

#endif
