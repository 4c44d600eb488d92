/* Hostile schemas and values: each must have its answer at once, and the right one: valid, invalid, or LIMIT, which
 * never passes. Nothing here looks at a clock; what takes long is a failure to whoever waits for it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "json/hash.h"

#include "cases.h"

#define TEXT_MAX ((size_t)64 << 20)
#define DEPTH_DEFAULT 0u
#define DEPTH_ANY 200000u
#define STACK ((size_t)1 << 30) /* touched only where it is used */

static void text_begin(struct buf *b, const char *start)
{
    buf_init(b, TEXT_MAX);
    buf_puts(b, start);
}

static void put_times(struct buf *b, const char *piece, unsigned n)
{
    while (n-- > 0)
        buf_puts(b, piece);
}

static void check_report(const struct schema *s, const struct json_doc *d, struct schema_scratch *scratch,
                         enum schema_verdict v)
{
    struct schema_report r;

    schema_report_make(&r, s, d, 0, scratch, 10);
    assert_int_equal(r.verdict, v);
    assert_int_equal(r.count == 0, v == SCHEMA_VALID);
    schema_report_clear(&r);
}

/* The verdict of the check, which the report must share. */
static enum schema_verdict judge(const struct schema *s, const char *instance, uint32_t depth)
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

static enum schema_verdict verdict(const char *schema, const char *instance, uint32_t depth)
{
    struct schema *s = case_schema(schema, SCHEMA_DRAFT_2020_12);
    enum schema_verdict v = judge(s, instance, depth);

    schema_unref(s);
    return v;
}

static void assert_valid(const char *schema, const char *instance)
{
    assert_int_equal(verdict(schema, instance, DEPTH_DEFAULT), SCHEMA_VALID);
}

static void assert_invalid(const char *schema, const char *instance)
{
    assert_int_equal(verdict(schema, instance, DEPTH_DEFAULT), SCHEMA_INVALID);
}

/* Where the exact answer may cost more than it is worth. */
static void assert_answer_or_limit(const char *schema, const char *instance, enum schema_verdict right)
{
    enum schema_verdict v = verdict(schema, instance, DEPTH_DEFAULT);

    if (v != SCHEMA_LIMIT)
        assert_int_equal(v, right);
}

static void assert_refused(const char *schema, enum schema_draft draft, const char *says)
{
    struct err e = { 0 };
    struct schema *s = case_compile(schema, draft, &e);

    if (s)
        fail_msg("%.200s should be refused", schema);
    if (!strstr(e.text, says))
        fail_msg("%.200s: \"%s\" does not say \"%s\"", schema, e.text, says);
}

/* depth times open, inner, depth times close. */
static char *nested(const char *open, const char *inner, const char *close, unsigned depth)
{
    struct buf b;

    text_begin(&b, "");
    put_times(&b, open, depth);
    buf_puts(&b, inner);
    put_times(&b, close, depth);
    return b.ptr;
}

static void check_nested(const char *schema, const char *open, const char *inner, const char *close, unsigned depth,
                         enum schema_verdict want)
{
    char *text = nested(open, inner, close, depth);

    if (verdict(schema, text, DEPTH_ANY) != want)
        fail_msg("%s: %u times %s, then %s: should be %s", schema, depth, open, inner,
                 want == SCHEMA_VALID ? "valid" : "invalid");
    free(text);
}

#define LIST "{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}"
#define CHAIN "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"additionalProperties\":false}"
#define OPEN_CHAIN "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"unevaluatedProperties\":false}"
#define DYNAMIC                                                                                                        \
    "{\"$dynamicAnchor\":\"n\",\"type\":\"array\",\"items\":{\"$dynamicRef\":\"#n\"},\"unevaluatedItems\":false}"

static void test_deep(void **state)
{
    char *text = nested("[", "", "]", 10000);

    (void)state;
    assert_int_equal(verdict(LIST, text, DEPTH_DEFAULT), SCHEMA_LIMIT);
    assert_int_equal(verdict(LIST, text, DEPTH_ANY), SCHEMA_VALID);
    assert_int_equal(verdict("{\"uniqueItems\":true}", text, DEPTH_ANY), SCHEMA_VALID);
    free(text);
    check_nested(LIST, "[", "0", "]", 10000, SCHEMA_INVALID);
    check_nested(CHAIN, "{\"a\":", "{}", "}", 9999, SCHEMA_VALID);
    check_nested(CHAIN, "{\"a\":", "{\"b\":0}", "}", 9999, SCHEMA_INVALID);
    check_nested(OPEN_CHAIN, "{\"a\":", "{}", "}", 9999, SCHEMA_VALID);
    check_nested(OPEN_CHAIN, "{\"a\":", "{\"b\":0}", "}", 9999, SCHEMA_INVALID);
    check_nested(DYNAMIC, "[", "[]", "]", 9999, SCHEMA_VALID);
    check_nested(DYNAMIC, "[", "0", "]", 9999, SCHEMA_INVALID);
}

/* Two values, each 9,998 deep, that differ at the bottom or do not. */
static void test_deep_equals(void **state)
{
    char *one = nested("[", "1", "]", 9998), *same = nested("[", "1.0", "]", 9998);
    char *other = nested("[", "2", "]", 9998);
    struct buf b;

    (void)state;
    text_begin(&b, "");
    buf_printf(&b, "[%s,0,1,2,3,4,5,6,7,8,%s]", one, same);
    assert_int_equal(verdict("{\"uniqueItems\":true}", b.ptr, DEPTH_ANY), SCHEMA_INVALID);
    buf_reset(&b);
    buf_printf(&b, "[%s,0,1,2,3,4,5,6,7,8,%s]", one, other);
    assert_int_equal(verdict("{\"uniqueItems\":true}", b.ptr, DEPTH_ANY), SCHEMA_VALID);
    buf_clear(&b);
    free(one);
    free(same);
    free(other);
}

/* Keys of one hash. A block of 16 bytes is mixed in as (a ^ A ^ state) * (b ^ B): with the factors exchanged it leaves
 * the same state. Where the state lets both ways be plain letters, a key has two spellings; blocks before look for such
 * states. BLOCKS pairs make 2^BLOCKS keys. */
#define BLOCKS 12
#define KEY_LEN (32 * BLOCKS)
#define KEYS 2700 /* a megabyte */

static uint32_t seed = 1;

static unsigned char any_letter(void)
{
    seed = seed * 1664525 + 1013904223;
    return (unsigned char)(' ' + (seed >> 16) % 95);
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Two letters that are each other's under xor with `difference`. */
static bool find_letter(unsigned char difference, unsigned char *out)
{
    if (difference & 0x80)
        return false;
    for (int tries = 0; tries < 1000; tries++) {
        *out = any_letter();
        if (is_plain(*out) && is_plain(*out ^ difference))
            return true;
    }
    return false;
}

static bool find_word(uint64_t difference, uint64_t *out)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        if (!find_letter((unsigned char)(difference >> (8 * i)), &bytes[i]))
            return false;
    *out = 0;
    for (int i = 0; i < 8; i++)
        *out |= (uint64_t)bytes[i] << (8 * i);
    return true;
}

struct pair {
    uint64_t first[2], a, b, difference; /* the other spelling: b ^ difference, a ^ difference */
};

static void find_pair(struct pair *p, uint64_t *state)
{
    for (;;) {
        uint64_t next;

        if (!find_word(0, &p->first[0]) || !find_word(0, &p->first[1]))
            continue;
        next = hash_block(*state, p->first[0], p->first[1]);
        p->difference = HASH_A ^ HASH_B ^ next;
        if (!find_word(p->difference, &p->a) || !find_word(p->difference, &p->b))
            continue;
        if (p->a == (p->b ^ p->difference))
            continue;
        *state = hash_block(next, p->a, p->b);
        return;
    }
}

static void colliding_keys(char (*keys)[KEY_LEN + 1])
{
    struct pair pairs[BLOCKS];
    uint64_t state = KEY_LEN;

    for (int i = 0; i < BLOCKS; i++)
        find_pair(&pairs[i], &state);
    for (unsigned n = 0; n < KEYS; n++) {
        char *at = keys[n];

        for (int i = 0; i < BLOCKS; i++, at += 32) {
            const struct pair *p = &pairs[i];
            uint64_t way[2][2] = { { p->a, p->b }, { p->b ^ p->difference, p->a ^ p->difference } };

            memcpy(at, p->first, 16);
            memcpy(at + 16, way[n >> i & 1], 16);
        }
        *at = '\0';
    }
    for (unsigned n = 1; n < KEYS; n++)
        assert_int_equal(json_hash(slice_z(keys[n])), json_hash(slice_z(keys[0])));
}

/* {"key":value,…}, from the first to the last key or the other way round. */
static char *object_of(char (*keys)[KEY_LEN + 1], unsigned n, bool backwards, const char *value, const char *last)
{
    struct buf b;

    text_begin(&b, "{");
    for (unsigned i = 0; i < n; i++) {
        unsigned at = backwards ? n - 1 - i : i;

        buf_printf(&b, "%s\"%s\":%s", i ? "," : "", keys[at], at == n - 1 ? last : value);
    }
    buf_puts(&b, "}");
    return b.ptr;
}

static void test_one_bucket(void **state)
{
    char(*keys)[KEY_LEN + 1] = malloc(KEYS * sizeof *keys), *good, *bad, *properties;
    struct json_limits limits = { .max_depth = 10, .max_nodes = 1000000 };
    struct json_fault fault;
    struct json_doc d;
    struct buf schema;

    (void)state;
    colliding_keys(keys);
    good = object_of(keys, KEYS, false, "1", "2");
    bad = object_of(keys, KEYS, true, "1", "\"\"");
    assert_true(strlen(good) > 1000000);
    assert_valid("{\"additionalProperties\":{\"type\":\"integer\"},\"minProperties\":2700,"
                 "\"unevaluatedProperties\":false}",
                 good);
    assert_invalid("{\"additionalProperties\":{\"type\":\"integer\"}}", bad);
    assert_invalid("{\"maxProperties\":2699}", good);
    assert_valid("{\"propertyNames\":{\"minLength\":384}}", good);

    /* the schema knows them all, too */
    properties = object_of(keys, KEYS, false, "{\"type\":\"integer\"}", "{\"minimum\":2}");
    text_begin(&schema, "");
    buf_printf(&schema, "{\"properties\":%s,\"required\":[\"%s\",\"%s\"],\"additionalProperties\":false}", properties,
               keys[KEYS - 1], keys[7]);
    assert_answer_or_limit(schema.ptr, good, SCHEMA_VALID);
    assert_answer_or_limit(schema.ptr, bad, SCHEMA_VALID); /* a string is no less than 2 */
    buf_clear(&schema);
    free(properties);

    /* the same key again, at the end */
    good[strlen(good) - 1] = ',';
    text_begin(&schema, good);
    buf_printf(&schema, "\"%s\":0}", keys[0]);
    json_doc_init(&d);
    assert_int_equal(json_parse(&d, buf_slice(&schema), &limits, &fault), -1);
    assert_int_equal(fault.code, JSON_ERR_DUPLICATE_KEY);
    json_doc_clear(&d);
    buf_clear(&schema);
    free(good);
    free(bad);
    free(keys);
}

/* Keys that meet in one slot of a table with `size` slots, whatever the rest of their hash is. */
static void test_one_slot(void **state)
{
    const unsigned n = 1000, size = 2048;
    unsigned found = 0;
    char name[32];
    struct buf b;

    (void)state;
    text_begin(&b, "{");
    for (unsigned i = 0; found < n; i++) {
        snprintf(name, sizeof name, "key%u", i);
        if ((json_hash(slice_z(name)) & (size - 1)) != 7)
            continue;
        buf_printf(&b, "%s\"%s\":%u", found ? "," : "", name, found);
        found++;
    }
    buf_puts(&b, "}");
    assert_valid("{\"additionalProperties\":{\"maximum\":999},\"maxProperties\":1000}", b.ptr);
    assert_invalid("{\"additionalProperties\":{\"maximum\":998}}", b.ptr);
    buf_clear(&b);
}

static void test_patterns_of_endless_search(void **state)
{
    char *a = nested("a", "\"", "", 5000), *word = malloc(strlen(a) + 4);
    static const char *const schemas[] = {
        "{\"pattern\":\"^(a+)+$\"}",
        "{\"not\":{\"pattern\":\"^(a+)+$\"}}",
        "{\"pattern\":\"^(a|a)*$\"}",
        "{\"pattern\":\"^(a|aa)+$\"}",
        "{\"pattern\":\"^(.*)*$(?=c)\"}",
        "{\"anyOf\":[{\"pattern\":\"^(a+)+$\"},{\"pattern\":\"^(a*)*$\"}]}",
    };

    (void)state;
    sprintf(word, "\"%s", a);
    assert_valid(schemas[0], word);
    assert_invalid(schemas[0], "\"aaab\"");
    sprintf(word, "\"%.*sb\"", (int)strlen(a) - 1, a);
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        enum schema_verdict right = i == 1 ? SCHEMA_VALID : SCHEMA_INVALID;

        assert_answer_or_limit(schemas[i], word, right);
    }
    free(a);
    a = malloc(strlen(word) + 8);
    sprintf(a, "{%s:1}", word);
    assert_answer_or_limit("{\"patternProperties\":{\"^(a+)+$\":false}}", a, SCHEMA_VALID);
    assert_answer_or_limit("{\"propertyNames\":{\"pattern\":\"^(a+)+$\"}}", a, SCHEMA_INVALID);
    free(a);
    free(word);
}

/* Patterns that would grow without end when they are made ready: refused, or good. */
static void test_patterns_of_endless_size(void **state)
{
    static const char *const patterns[] = {
        "((((((a{1,99}){1,99}){1,99}){1,99}){1,99}){1,99})",
        "(((a{1000}){1000}){1000}){1000}",
        "a{4294967296}",
        "(?=(?=(?=(?=a*)*)*)*)*",
    };
    char *deep = nested("(", "a", ")", 100000), *long_class = nested("[^\\\\d]|", "a", "", 200000);
    struct buf b;

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0] + 2; i++) {
        struct err e = { 0 };
        struct schema *s;

        text_begin(&b, "");
        buf_printf(&b, "{\"pattern\":\"%s\"}", i == 0 ? deep : i == 1 ? long_class : patterns[i - 2]);
        s = case_compile(b.ptr, SCHEMA_DRAFT_2020_12, &e);
        assert_true(s || strstr(e.text, "pattern"));
        schema_unref(s);
        buf_clear(&b);
    }
    free(deep);
    free(long_class);
}

/* {"keyword":[n times piece, last]} */
static char *list_of(const char *keyword, const char *piece, unsigned n, const char *last)
{
    struct buf b;

    text_begin(&b, "");
    buf_printf(&b, "{\"%s\":[", keyword);
    put_times(&b, piece, n);
    buf_printf(&b, "%s]}", last);
    return b.ptr;
}

static void check_list(const char *keyword, const char *piece, const char *last, const char *instance,
                       enum schema_verdict want)
{
    char *schema = list_of(keyword, piece, 9999, last);

    if (verdict(schema, instance, DEPTH_DEFAULT) != want)
        fail_msg("%s of 9,999 times %s, then %s: %s", keyword, piece, last, instance);
    free(schema);
}

static void test_many_branches(void **state)
{
    (void)state;
    check_list("allOf", "{\"minimum\":1},", "{\"minimum\":2}", "2", SCHEMA_VALID);
    check_list("allOf", "{\"minimum\":1},", "{\"minimum\":3}", "2", SCHEMA_INVALID);
    check_list("anyOf", "{\"minimum\":5},", "{\"minimum\":2}", "2", SCHEMA_VALID);
    check_list("anyOf", "{\"minimum\":5},", "{\"minimum\":3}", "2", SCHEMA_INVALID);
    check_list("oneOf", "{\"minimum\":5},", "{\"minimum\":2}", "2", SCHEMA_VALID);
    check_list("oneOf", "{\"minimum\":5},", "{\"minimum\":2}", "5", SCHEMA_INVALID);
    check_list("oneOf", "{\"required\":[\"a\"]},", "{\"required\":[\"b\"]}", "{\"b\":1}", SCHEMA_VALID);
    check_list("allOf", "{\"unevaluatedProperties\":true},", "{\"unevaluatedProperties\":false}", "{\"b\":1}",
               SCHEMA_INVALID);
    check_list("prefixItems", "{\"minimum\":1},", "{\"minimum\":2}", "[1,1,2]", SCHEMA_VALID);
}

/* {"$defs":{"d0":(piece of 1),"d1":(piece of 2),…,"dn":last},"$ref":"#/$defs/d0"}; %u of piece is the next number. */
static char *chain_of(const char *before, const char *after, unsigned n, const char *last)
{
    struct buf b;

    text_begin(&b, "{\"$defs\":{");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "\"d%u\":{%s{\"$ref\":\"#/$defs/d%u\"}%s},", i, before, i + 1, after);
    buf_printf(&b, "\"d%u\":%s},\"$ref\":\"#/$defs/d0\"}", n, last);
    return b.ptr;
}

static void check_chain(const char *before, const char *after, unsigned n, const char *instance,
                        enum schema_verdict want)
{
    char *text = chain_of(before, after, n, "{\"minimum\":2}");
    struct schema *s = case_schema(text, SCHEMA_DRAFT_2020_12);

    if (want == SCHEMA_LIMIT)
        assert_int_equal(judge(s, instance, DEPTH_DEFAULT), SCHEMA_LIMIT);
    else
        assert_int_equal(judge(s, instance, DEPTH_ANY), want);
    schema_unref(s);
    free(text);
}

static void test_chains(void **state)
{
    char *two = nested("{\"a\":", "2", "}", 9999), *one = nested("{\"a\":", "1", "}", 9999);

    (void)state;
    check_chain("\"allOf\":[", "]", 5000, "2", SCHEMA_VALID);
    check_chain("\"allOf\":[", "]", 5000, "1", SCHEMA_INVALID);
    check_chain("\"allOf\":[", "],\"maximum\":9", 5000, "2", SCHEMA_LIMIT);
    check_chain("\"allOf\":[", "],\"maximum\":9", 5000, "2", SCHEMA_VALID);
    check_chain("\"allOf\":[", "],\"maximum\":9", 5000, "1", SCHEMA_INVALID);
    /* down a step each */
    check_chain("\"properties\":{\"a\":", "}", 9999, two, SCHEMA_VALID);
    check_chain("\"properties\":{\"a\":", "}", 9999, one, SCHEMA_INVALID);
    free(two);
    free(one);
}

/* Each definition asks twice for the next: 2^60 ways. */
static void test_laughs(void **state)
{
    static const char *const keywords[] = { "allOf", "anyOf" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct buf b;

        text_begin(&b, "{\"$defs\":{");
        for (unsigned n = 0; n < 60; n++) {
            buf_printf(&b, "\"d%u\":{\"%s\":[{\"$ref\":\"#/$defs/d%u\"},{\"$ref\":\"#/$defs/d%u\"}],", n, keywords[i],
                       n + 1, n + 1);
            buf_puts(&b, "\"maxProperties\":5},");
        }
        buf_puts(&b, "\"d60\":{\"required\":[\"a\"],\"properties\":{\"a\":true}}},\"$ref\":\"#/$defs/d0\"}");
        assert_valid(b.ptr, "{\"a\":1}");
        assert_invalid(b.ptr, "{\"b\":1}");
        /* to know what each way evaluated, each has to be gone */
        b.ptr[b.len - 1] = ',';
        buf_puts(&b, "\"unevaluatedProperties\":false}");
        assert_answer_or_limit(b.ptr, "{\"a\":1}", SCHEMA_VALID);
        assert_answer_or_limit(b.ptr, "{\"a\":1,\"b\":1}", SCHEMA_INVALID);
        buf_clear(&b);
    }
}

static void test_cycles(void **state)
{
    static const char *const cycles[] = {
        "{\"$ref\":\"#\"}",
        "{\"allOf\":[{\"$ref\":\"#\"}]}",
        "{\"anyOf\":[true,{\"$ref\":\"#\"}]}",
        "{\"oneOf\":[{\"type\":\"null\"},{\"not\":{\"$ref\":\"#\"}}]}",
        "{\"if\":{\"$ref\":\"#\"},\"else\":true}",
        "{\"if\":true,\"then\":{\"$ref\":\"#\"}}",
        "{\"if\":true,\"else\":{\"$ref\":\"#\"}}",
        "{\"dependentSchemas\":{\"a\":{\"$ref\":\"#\"}}}",
        "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}},\"$ref\":\"#/$defs/a\"}",
        "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}},\"properties\":{\"x\":{\"$ref\":\"#/$defs/a\"}}}",
        "{\"$dynamicAnchor\":\"n\",\"$dynamicRef\":\"#n\"}",
        "{\"$dynamicAnchor\":\"n\",\"allOf\":[{\"$dynamicRef\":\"#n\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cycles / sizeof cycles[0]; i++)
        assert_refused(cycles[i], SCHEMA_DRAFT_2020_12, "lead back");
    assert_refused("{\"$recursiveAnchor\":true,\"anyOf\":[{\"$recursiveRef\":\"#\"}]}", SCHEMA_DRAFT_2019_09,
                   "lead back");
    assert_refused("{\"dependencies\":{\"a\":{\"$ref\":\"#\"}}}", SCHEMA_DRAFT_7, "lead back");
    /* nobody comes by */
    assert_valid("{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}}}", "1");
}

static void test_cycles_that_go_down(void **state)
{
    static const char *even =
        "{\"$defs\":{\"even\":{\"properties\":{\"n\":{\"$ref\":\"#/$defs/odd\"}}},"
        "\"odd\":{\"properties\":{\"n\":{\"$ref\":\"#/$defs/even\"}},\"required\":[\"n\"]}},\"$ref\":\"#/$defs/even\"}";

    (void)state;
    check_nested(even, "{\"n\":", "{}", "}", 4000, SCHEMA_VALID);
    check_nested(even, "{\"n\":", "{}", "}", 4001, SCHEMA_INVALID);
    check_nested("{\"propertyNames\":{\"$ref\":\"#\"},\"additionalProperties\":{\"$ref\":\"#\"},\"maxLength\":1}",
                 "{\"a\":", "{\"ab\":1}", "}", 100, SCHEMA_INVALID);
    check_nested("{\"contains\":{\"$ref\":\"#\"},\"minContains\":0,\"maxItems\":1}", "[", "[[],[]]", "]", 100,
                 SCHEMA_VALID);
}

/* [before,0,1,…,after] */
static char *numbers_between(const char *before, unsigned n, const char *after)
{
    struct buf b;

    text_begin(&b, "[");
    buf_puts(&b, before);
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "%s%u", b.len > 1 ? "," : "", i);
    buf_printf(&b, "%s%s]", *after ? "," : "", after);
    return b.ptr;
}

static void check_unique(const char *before, const char *after, enum schema_verdict want)
{
    char *text = numbers_between(before, 100000, after);

    if (verdict("{\"uniqueItems\":true}", text, DEPTH_DEFAULT) != want)
        fail_msg("[%s,…,%s]", before, after);
    free(text);
}

static void test_unique_items(void **state)
{
    struct buf b;

    (void)state;
    check_unique("", "", SCHEMA_VALID);
    check_unique("", "99999.0", SCHEMA_INVALID);
    check_unique("", "\"99999\"", SCHEMA_VALID);
    check_unique("", "0", SCHEMA_INVALID);
    check_unique("{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"\\u0061\":1}", SCHEMA_INVALID);
    check_unique("{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"\\u0061\":2}", SCHEMA_VALID);
    text_begin(&b, "[");
    for (unsigned i = 0; i < 100000; i++)
        buf_printf(&b, "{\"a\":%u,\"b\":\"%u\"},", i, i);
    buf_puts(&b, "{\"b\":\"77777\",\"a\":77777.0}]");
    assert_invalid("{\"uniqueItems\":true}", b.ptr);
    buf_clear(&b);
}

/* Strings, and keys of objects, of one hash. */
static void test_unique_of_one_hash(void **state)
{
    char(*keys)[KEY_LEN + 1] = malloc(KEYS * sizeof *keys), *there, *back, *other;
    struct buf b;

    (void)state;
    colliding_keys(keys);
    text_begin(&b, "[");
    for (unsigned i = 0; i < KEYS; i++)
        buf_printf(&b, "%s\"%s\"", i ? "," : "", keys[i]);
    buf_putc(&b, ']');
    assert_answer_or_limit("{\"uniqueItems\":true}", b.ptr, SCHEMA_VALID);
    b.ptr[b.len - 1] = ',';
    buf_printf(&b, "\"%s\"]", keys[KEYS - 1]);
    assert_answer_or_limit("{\"uniqueItems\":true}", b.ptr, SCHEMA_INVALID);

    there = object_of(keys, KEYS, false, "1", "1");
    back = object_of(keys, KEYS, true, "1.0", "1");
    other = object_of(keys, KEYS, true, "1", "2");
    buf_reset(&b);
    buf_printf(&b, "[%s,%s]", there, back);
    assert_answer_or_limit("{\"uniqueItems\":true}", b.ptr, SCHEMA_INVALID);
    buf_reset(&b);
    buf_printf(&b, "[%s,%s]", there, other);
    assert_answer_or_limit("{\"uniqueItems\":true}", b.ptr, SCHEMA_VALID);
    buf_clear(&b);
    free(there);
    free(back);
    free(other);
    free(keys);
}

#define REF "{\"$ref\":\"#/$defs/t\"}"
#define RECURSIVE(t) "{\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":" t "}}"
#define ARRAYS                                                                                                         \
    "{\"type\":\"array\",\"items\":" REF "},{\"type\":\"array\",\"items\":" REF ",\"minItems\":1}"
#define OBJECTS                                                                                                        \
    "{\"properties\":{\"n\":" REF "},\"required\":[\"n\"]},{\"properties\":{\"n\":" REF "},\"minProperties\":1}"

/* Every level has two ways to ask the next one: each is answered once, not 2^200 times. */
static void test_recursive_branches(void **state)
{
    static const char *any = RECURSIVE("{\"anyOf\":[" ARRAYS ",{\"type\":\"integer\"}]}");
    static const char *one = RECURSIVE("{\"oneOf\":[" ARRAYS ",{\"type\":\"integer\"}]}");
    static const char *not_any = RECURSIVE("{\"not\":{\"anyOf\":[" ARRAYS ",{\"type\":\"integer\"}]}}");
    static const char *conditions = RECURSIVE("{\"if\":{\"items\":" REF "},\"then\":{\"items\":" REF "},"
                                              "\"else\":{\"items\":" REF "},\"type\":[\"array\",\"integer\"]}");
    static const char *objects = RECURSIVE("{\"type\":[\"object\",\"integer\"],\"anyOf\":[" OBJECTS
                                           ",{\"type\":\"integer\"}],\"unevaluatedProperties\":false}");
    static const char *dependent =
        RECURSIVE("{\"type\":\"object\",\"dependentSchemas\":{\"n\":{\"properties\":{\"n\":" REF "}},"
                  "\"m\":{\"properties\":{\"n\":" REF "}}}}");

    (void)state;
    check_nested(any, "[", "\"\"", "]", 200, SCHEMA_INVALID);
    check_nested(any, "[", "1", "]", 200, SCHEMA_VALID);
    check_nested(any, "[1,", "\"\"", "]", 200, SCHEMA_INVALID);
    check_nested(one, "[", "\"\"", "]", 200, SCHEMA_INVALID);
    check_nested(one, "[", "1", "]", 200, SCHEMA_INVALID); /* both arrays fit the innermost */
    check_nested(one, "[", "1", "]", 0, SCHEMA_VALID);
    check_nested(not_any, "[", "\"\"", "]", 200, SCHEMA_VALID);
    check_nested(not_any, "[", "\"\"", "]", 201, SCHEMA_INVALID);
    check_nested(conditions, "[", "\"\"", "]", 200, SCHEMA_INVALID);
    check_nested(conditions, "[", "1", "]", 200, SCHEMA_VALID);
    check_nested(objects, "{\"n\":", "\"\"", "}", 200, SCHEMA_INVALID);
    check_nested(objects, "{\"n\":", "1", "}", 200, SCHEMA_VALID);
    check_nested(objects, "{\"n\":", "{\"n\":1,\"m\":1}", "}", 200, SCHEMA_INVALID);
    check_nested(dependent, "{\"m\":0,\"n\":", "{}", "}", 200, SCHEMA_VALID);
    check_nested(dependent, "{\"m\":0,\"n\":", "0", "}", 200, SCHEMA_INVALID);
}

/* The leaf, four times in an array, that four times in an array, … */
static char *four_times(const char *leaf, int levels)
{
    char *text = strdup(leaf);

    for (int i = 0; i < levels; i++) {
        struct buf b;

        text_begin(&b, "");
        buf_printf(&b, "[%s,%s,%s,%s]", text, text, text, text);
        free(text);
        text = b.ptr;
    }
    return text;
}

static void test_recursive_branches_wide(void **state)
{
    static const char *any = RECURSIVE("{\"anyOf\":[" ARRAYS ",{\"type\":\"integer\"}]}");
    char *good = four_times("1", 8), *bad = strdup(good);

    (void)state;
    assert_valid(any, good);
    memcpy(strrchr(bad, '1') - 2, "1.5", 3); /* "1,1" at the very end */
    assert_invalid(any, bad);
    free(good);
    free(bad);
}

/* Levels of allOf or anyOf around each other, each with a property of its own and perhaps unevaluatedProperties. */
static char *unevaluated_levels(const char *keyword, unsigned levels, const char *each, const char *outermost)
{
    struct buf b;

    text_begin(&b, "");
    for (unsigned i = 0; i < levels; i++)
        buf_printf(&b, "{%s\"%s\":[{\"properties\":{\"p%u\":{\"type\":\"integer\"}}},", i ? each : outermost,
                   keyword, i);
    buf_printf(&b, "{\"properties\":{\"p%u\":{}}}", levels);
    put_times(&b, "]}", levels);
    return b.ptr;
}

static char *level_properties(unsigned n, const char *last)
{
    struct buf b;

    text_begin(&b, "{");
    for (unsigned i = 0; i <= n; i++)
        buf_printf(&b, "\"p%u\":%u,", i, i);
    buf_printf(&b, "%s}", last);
    return b.ptr;
}

#define NONE_ELSE "\"unevaluatedProperties\":false,"
#define INTEGERS "\"unevaluatedProperties\":{\"type\":\"integer\"},"

static void test_unevaluated_levels(void **state)
{
    static const char *const keywords[] = { "allOf", "anyOf" };
    char *good = level_properties(50, "\"p7\\u0037\":1"), *plain = level_properties(50, "\"p0\\u0000\":\"\"");
    char *only = level_properties(49, "\"p\\u00350\":\"\"");

    (void)state;
    for (int i = 0; i < 2; i++) {
        char *strict = unevaluated_levels(keywords[i], 50, "", NONE_ELSE);
        char *loose = unevaluated_levels(keywords[i], 50, INTEGERS, INTEGERS);

        assert_valid(strict, only);
        assert_invalid(strict, good);  /* p77 */
        assert_valid(loose, good);     /* … is evaluated by the innermost */
        assert_invalid(loose, plain); /* a string */
        free(strict);
        free(loose);
    }
    free(good);
    free(plain);
    free(only);
}

static void test_huge_enum(void **state)
{
    struct buf b;

    (void)state;
    text_begin(&b, "{\"enum\":[");
    for (unsigned i = 0; i < 100000; i++)
        buf_printf(&b, i % 4 == 0   ? "%u,"
                       : i % 4 == 1 ? "\"v%u\","
                       : i % 4 == 2 ? "[%u],"
                                    : "{\"n\":%u},",
                   i);
    buf_puts(&b, "null]}");
    assert_valid(b.ptr, "99996.0");
    assert_valid(b.ptr, "\"v\\u0039\"");
    assert_valid(b.ptr, "{\"n\":99999e0}");
    assert_valid(b.ptr, "[2]");
    assert_valid(b.ptr, "null");
    assert_invalid(b.ptr, "99997");
    assert_invalid(b.ptr, "\"v8\"");
    assert_invalid(b.ptr, "[2,2]");
    buf_clear(&b);
}

static char *keys_of(unsigned n, const char *last)
{
    struct buf b;

    text_begin(&b, "{");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "\"p%u\":%u,", i, i);
    buf_printf(&b, "%s}", last);
    return b.ptr;
}

static void check_patterns(const char *pattern, bool exact)
{
    char *good = keys_of(10000, "\"x\":\"\""), *bad = keys_of(10000, "\"p999\\u0039x\":\"\"");
    struct buf b;

    text_begin(&b, "{\"patternProperties\":{");
    for (unsigned i = 0; i < 1000; i++) {
        buf_putc(&b, '"');
        buf_printf(&b, pattern, 9000 + i);
        buf_puts(&b, "\":{\"type\":\"integer\"},");
    }
    buf_puts(&b, "\"^y\":false}}");
    if (exact) {
        assert_valid(b.ptr, good);
        assert_invalid(b.ptr, bad);
    } else {
        assert_answer_or_limit(b.ptr, bad, SCHEMA_INVALID);
    }
    buf_clear(&b);
    free(good);
    free(bad);
}

static void test_many_patterns(void **state)
{
    (void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    check_patterns("^p%u", true);
    check_patterns("^p+%u[0-9]?x?$", false);
#pragma GCC diagnostic pop
}

static void test_many_properties(void **state)
{
    char *good = keys_of(100000, "\"q\":0"), *bad = keys_of(99999, "\"p99999\":\"\""), *unknown = keys_of(1, "\"r\":0");
    struct buf b, required;
    struct schema *s;

    (void)state;
    text_begin(&b, "{\"properties\":{");
    for (unsigned i = 0; i < 100000; i++)
        buf_printf(&b, "\"p%u\":{\"type\":\"integer\"},", i);
    buf_puts(&b, "\"q\":{}},\"additionalProperties\":false}");
    s = case_schema(b.ptr, SCHEMA_DRAFT_2020_12);
    assert_int_equal(judge(s, good, DEPTH_DEFAULT), SCHEMA_VALID);
    assert_int_equal(judge(s, bad, DEPTH_DEFAULT), SCHEMA_INVALID);
    assert_int_equal(judge(s, unknown, DEPTH_DEFAULT), SCHEMA_INVALID);
    schema_unref(s);
    text_begin(&required, "{\"required\":[");
    for (unsigned i = 0; i < 100000; i++)
        buf_printf(&required, "\"p%u\",", i);
    buf_puts(&required, "\"q\"]}");
    assert_answer_or_limit(required.ptr, good, SCHEMA_VALID);
    assert_answer_or_limit(required.ptr, bad, SCHEMA_INVALID);
    assert_invalid(required.ptr, unknown);
    buf_clear(&required);
    buf_clear(&b);
    free(good);
    free(bad);
    free(unknown);
}

static void test_long_numbers(void **state)
{
    char *sevens = nested("7", "", "", 100000), *seventy = nested("7", "8", "", 99999);
    char *fraction = nested("7", ".25", "", 99998), *both = nested("7", "", "", 20000);
    struct buf b;

    (void)state;
    assert_valid("{\"multipleOf\":7,\"type\":\"integer\"}", sevens);
    assert_invalid("{\"multipleOf\":7}", seventy);
    assert_valid("{\"multipleOf\":0.25}", fraction);
    assert_invalid("{\"multipleOf\":0.2}", fraction);
    assert_invalid("{\"type\":\"integer\"}", fraction);
    text_begin(&b, "");
    buf_printf(&b, "{\"minimum\":%s}", seventy);
    assert_valid(b.ptr, seventy);
    assert_invalid(b.ptr, sevens);
    buf_reset(&b);
    buf_printf(&b, "{\"const\":%s}", seventy);
    assert_valid(b.ptr, seventy);
    assert_invalid(b.ptr, sevens);
    buf_reset(&b);
    buf_printf(&b, "{\"multipleOf\":%s}", both);
    assert_answer_or_limit(b.ptr, sevens, SCHEMA_VALID); /* five times as many sevens */
    assert_answer_or_limit(b.ptr, seventy, SCHEMA_INVALID);
    buf_clear(&b);
    free(sevens);
    free(seventy);
    free(fraction);
    free(both);
}

static void test_huge_exponents(void **state)
{
    (void)state;
    assert_valid("{\"multipleOf\":2,\"type\":\"integer\"}", "1e999999999");
    assert_invalid("{\"multipleOf\":7}", "1e999999999");
    assert_valid("{\"multipleOf\":7}", "7e999999999");
    assert_invalid("{\"multipleOf\":1}", "1e-999999999");
    assert_invalid("{\"type\":\"integer\"}", "1e-999999999");
    assert_valid("{\"multipleOf\":1e-999999999}", "12345.678e999999999");
    assert_invalid("{\"multipleOf\":1e-999999999}", "1e-1000000000");
    assert_invalid("{\"multipleOf\":1e999999999}", "1");
    assert_valid("{\"multipleOf\":1e999999999}", "0");
    assert_valid("{\"const\":1e999999999}", "10.0e999999998");
    assert_invalid("{\"const\":1e999999999}", "1e999999998");
    assert_valid("{\"maximum\":1e999999999}", "9.99e999999998");
    assert_invalid("{\"maximum\":1e999999999}", "1.01e999999999");
    assert_invalid("{\"minimum\":0}", "-1e-999999999");
    assert_invalid("{\"uniqueItems\":true}", "[1e999999999,10e999999998]");
    assert_answer_or_limit("{\"maximum\":1e99999999999999999999}", "1e99999999999999999998", SCHEMA_VALID);
    assert_answer_or_limit("{\"multipleOf\":3}", "1e99999999999999999999", SCHEMA_INVALID);
    assert_refused("{\"maxLength\":1e-999999999}", SCHEMA_DRAFT_2020_12, "whole number");
    assert_valid("{\"maxLength\":1e999999999,\"maxItems\":1e999999999}", "\"a\"");
    assert_invalid("{\"minLength\":1e999999999}", "\"a\"");
}

static void *run_all(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_deep_equals),
        cmocka_unit_test(test_one_bucket),
        cmocka_unit_test(test_one_slot),
        cmocka_unit_test(test_patterns_of_endless_search),
        cmocka_unit_test(test_patterns_of_endless_size),
        cmocka_unit_test(test_many_branches),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_laughs),
        cmocka_unit_test(test_cycles),
        cmocka_unit_test(test_cycles_that_go_down),
        cmocka_unit_test(test_unique_items),
        cmocka_unit_test(test_unique_of_one_hash),
        cmocka_unit_test(test_recursive_branches),
        cmocka_unit_test(test_recursive_branches_wide),
        cmocka_unit_test(test_unevaluated_levels),
        cmocka_unit_test(test_huge_enum),
        cmocka_unit_test(test_many_patterns),
        cmocka_unit_test(test_many_properties),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_huge_exponents),
    };

    *(int *)failed = cmocka_run_group_tests(tests, NULL, NULL);
    return NULL;
}

/* On a thread whose stack is large enough for whatever depth is asked for. */
int main(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    int failed = 1;

    pthread_attr_init(&attr);
    if (pthread_attr_setstacksize(&attr, STACK) != 0 || pthread_create(&thread, &attr, run_all, &failed) != 0)
        return 1;
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    return failed;
}
