/* Hostile schemas and values, by how many or how large their parts are; see hostile.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "json/hash.h"

#include "hostile.h"

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
        cmocka_unit_test(test_one_bucket),
        cmocka_unit_test(test_one_slot),
        cmocka_unit_test(test_unique_items),
        cmocka_unit_test(test_unique_of_one_hash),
        cmocka_unit_test(test_huge_enum),
        cmocka_unit_test(test_many_patterns),
        cmocka_unit_test(test_many_properties),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_huge_exponents),
    };

    *(int *)failed = cmocka_run_group_tests(tests, NULL, NULL);
    return NULL;
}

int main(void)
{
    return run_with_stack(run_all);
}
