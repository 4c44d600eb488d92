/* Duplicate keys: found however they are written and however many there are, also among keys made to collide. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "json/hash.h"
#include "json/keys.h"
#include "tape.h"

static struct json_doc doc;
static struct json_fault fault;
static struct buf text;

/* The text built so far, closed and parsed. */
static int parse_built(void)
{
    buf_putc(&text, '}');
    assert_false(text.failed);
    return json_parse(&doc, buf_slice(&text), &JSON_LIMITS_DEFAULT, &fault);
}

static void start(void)
{
    buf_reset(&text);
    buf_putc(&text, '{');
}

/* Every second key with an object as its value, so that stacks of hashes get on top of each other. */
static void add(const char *key, size_t len)
{
    static unsigned inner; /* keys in there occur once in the whole text */

    if (text.len > 1)
        buf_putc(&text, ',');
    json_quote(&text, slice_of(key, len));
    if (inner++ % 2)
        buf_printf(&text, ":{\"in%u\":1,\"also in%u\":2}", inner, inner);
    else
        buf_puts(&text, ":3");
}

static void add_numbered(size_t i)
{
    char key[32];

    add(key, (size_t)snprintf(key, sizeof key, "k%zu", i));
}

static void test_written_differently(void **state)
{
    static const char *const refused[] = {
        "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}", "{\"\\u0061\":1,\"a\":2}", "{\"\\u0061\":1,\"\\u0061\":2}",
        "{\"\":1,\"\":2}", "{\"/\":1,\"\\/\":2}", "{\"\\n\":1,\"\\u000A\":2}", "{\"\\u00e9\":1,\"\\u00E9\":1}",
        "{\"\xc3\xa9\":1,\"\\u00e9\":2}", "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
        "[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]",
        "{\"a\\u0000b\":1,\"a\\u0000b\":2}", "{\"a\":{\"a\":{\"a\":1}},\"b\":1,\"a\":2}",
        "{\"a\":1,\"b\":{\"x\":1,\"y\":2},\"a\":2}", "{\"a\":1,\"b\":[{\"x\":1,\"y\":2,\"z\":3}],\"a\":2}",
        "{\"a long key of more than sixteen\":1,\"a long key of more than si\\u0078teen\":2}",
    };
    static const char *const accepted[] = {
        "{\"a\":1,\"A\":2}", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", "[{\"a\":1},{\"a\":1}]",
        "{\"a\\u0000b\":1,\"a\\u0000c\":2,\"a\":3}",
        "{\"\\\\u0061\":1,\"a\":2}", "{\"e\\u0301\":1,\"\\u00e9\":2}", "{\"a\":1,\"a\\u0000\":2}",
        "{\"\":1,\"\\u0000\":2}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(json_parse(&doc, slice_z(refused[i]), &JSON_LIMITS_DEFAULT, &fault), -1);
        assert_int_equal(fault.code, JSON_ERR_DUPLICATE_KEY);
    }
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
        assert_int_equal(json_parse(&doc, slice_z(accepted[i]), &JSON_LIMITS_DEFAULT, &fault), 0);
}

/* For every number of keys around the places where the ways of looking change, every place of the repeated key. */
static void test_every_place(void **state)
{
    (void)state;
    for (size_t count = 1; count <= KEYS_SMALL + 12; count++) {
        start();
        for (size_t i = 0; i < count; i++)
            add_numbered(i);
        assert_int_equal(parse_built(), 0);
        assert_int_equal(json_count(&doc, 0), count);
        for (size_t twin = 0; twin < count; twin++) {
            text.len--; /* the closing brace of the last round */
            size_t before = text.len;
            add_numbered(twin);
            assert_int_equal(parse_built(), -1);
            assert_int_equal(fault.code, JSON_ERR_DUPLICATE_KEY);
            assert_int_equal(fault.offset, before + 1);
            text.len = before;
            buf_putc(&text, '}');
        }
    }
}

static void test_first_repetition_is_reported(void **state)
{
    size_t at = 0;

    (void)state;
    for (size_t count = 8; count <= 3000; count *= 5) {
        start();
        for (size_t i = 0; i < count; i++)
            add_numbered(i);
        for (size_t i = count; i-- > 0;) {
            at = i == count - 1 ? text.len + 1 : at;
            add_numbered(i);
        }
        assert_int_equal(parse_built(), -1);
        assert_int_equal(fault.offset, at);
    }
}

static void test_many(void **state)
{
    (void)state;
    start();
    for (size_t i = 0; i < 200000; i++)
        add_numbered(i);
    assert_int_equal(parse_built(), 0);
    text.len--;
    add_numbered(123456);
    assert_int_equal(parse_built(), -1);
    assert_int_equal(fault.code, JSON_ERR_DUPLICATE_KEY);
    assert_string_equal(fault.text, "duplicate key \"k123456\"");
}

/* A key of 32 bytes whose second block takes back what the first one did: all of them have one hash. False where it
 * would not be ASCII. */
static bool colliding_key(uint64_t i, char key[32])
{
    static const char target[] = "~~~~~~~~";
    uint64_t first;

    snprintf(key, 32, "%016llx", (unsigned long long)i);
    first = hash_block(32, hash_load(key), hash_load(key + 8)) ^ hash_load(target);
    memcpy(key + 16, &first, 8);
    memcpy(key + 24, "same end", 8);
    for (int k = 16; k < 24; k++) {
        if ((unsigned char)key[k] > 0x7f)
            return false;
    }
    return true;
}

/* With a quadratic search this would take minutes, not a second. */
static void test_equal_hashes(void **state)
{
    uint32_t hash = 0, made = 0;
    char key[32], early[32] = "";

    (void)state;
    start();
    for (uint64_t i = 0; made < 30000; i++) {
        if (!colliding_key(i, key))
            continue;
        assert_true(made == 0 || json_hash(slice_of(key, 32)) == hash);
        hash = json_hash(slice_of(key, 32));
        if (made++ == 1000)
            memcpy(early, key, 32);
        add(key, 32);
    }
    assert_int_equal(parse_built(), 0);
    assert_int_equal(doc.nodes[1].link, hash);
    assert_true(doc.nodes[0].meta & JSON_UNIQUE);
    text.len--;
    add(early, 32);
    assert_int_equal(parse_built(), -1);
    assert_int_equal(fault.code, JSON_ERR_DUPLICATE_KEY);
}

/* Different hashes that all want the same slots of the table. */
static void test_crowded_slots(void **state)
{
    size_t made = 0;

    (void)state;
    start();
    for (size_t i = 0; made < 4000; i++) {
        char key[32];
        size_t len = (size_t)snprintf(key, sizeof key, "%zu", i);

        if ((json_hash(slice_of(key, len)) & 0xff) != 0x77)
            continue;
        made++;
        add(key, len);
    }
    assert_int_equal(parse_built(), 0);
}

static void test_distinct_gives_up_early(void **state)
{
    uint32_t hashes[1000 + KEYS_PAD], table[4096];

    (void)state;
    assert_true(keys_table_size(1000) <= 4096);
    for (uint32_t i = 0; i < 1000; i++)
        hashes[i] = i << 16; /* all different, all in slot 0 */
    assert_false(keys_distinct(hashes, 1000, table));
    for (uint32_t i = 0; i < 1000; i++)
        hashes[i] = i * 7 + 1;
    assert_true(keys_distinct(hashes, 1000, table));
    hashes[999] = hashes[0];
    assert_false(keys_distinct(hashes, 1000, table));
}

static int set_up(void **state)
{
    (void)state;
    json_doc_init(&doc);
    buf_init(&text, 16 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_doc_clear(&doc);
    buf_clear(&text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_differently),
        cmocka_unit_test(test_every_place),
        cmocka_unit_test(test_first_repetition_is_reported),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_equal_hashes),
        cmocka_unit_test(test_crowded_slots),
        cmocka_unit_test(test_distinct_gives_up_early),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
