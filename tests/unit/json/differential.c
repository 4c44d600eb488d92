/* json_parse beside two other readers: a naive one, which must agree about every text, and json-c, which must agree
 * about the content of what is accepted (but for what it is known to lose). Fixed seeds, bounded counts. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <json-c/json.h>

#include "json/doc.h"
#include "naive.h"
#include "tape.h"

static const struct json_limits limits = { .max_depth = 64, .max_nodes = 100000, .allow_duplicate_keys = true };
static struct json_doc doc;
static struct json_tokener *tok;
static struct guarded guarded;

static uint64_t next_random(void)
{
    static uint64_t x = 0x9e3779b97f4a7c15u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static bool same_as_json_c(const struct json_doc *d, uint32_t n, struct json_object *o);

static bool same_object(const struct json_doc *d, uint32_t n, struct json_object *o)
{
    char key[1024];

    if (!json_object_is_type(o, json_type_object))
        return false;
    for (uint32_t k = n + 1; k < json_end(d, n); k = json_next(d, k + 1)) {
        struct json_object *value;
        struct buf tmp;

        buf_init(&tmp, sizeof key);
        snprintf(key, sizeof key, "%.*s", SLICE_FMT(json_string(d, k, &tmp)));
        buf_clear(&tmp);
        if (!json_object_object_get_ex(o, key, &value))
            return false;
        if (json_member(d, n, slice_z(key)) == k + 1 && !same_as_json_c(d, k + 1, value))
            return false; /* of equal keys, json-c too keeps the last */
    }
    return true;
}

static bool same_array(const struct json_doc *d, uint32_t n, struct json_object *o)
{
    size_t i = 0;

    if (!json_object_is_type(o, json_type_array) || json_object_array_length(o) != json_count(d, n))
        return false;
    for (uint32_t e = n + 1; e < json_end(d, n); e = json_next(d, e)) {
        if (!same_as_json_c(d, e, json_object_array_get_idx(o, i++)))
            return false;
    }
    return true;
}

static bool same_number(const struct json_doc *d, uint32_t n, struct json_object *o)
{
    char digits[512];
    int64_t value;

    snprintf(digits, sizeof digits, "%.*s", SLICE_FMT(json_inner(d, n)));
    if (!(d->nodes[n].meta & JSON_INTEGER))
        return json_object_is_type(o, json_type_double) && json_object_get_double(o) == strtod(digits, NULL);
    if (!json_object_is_type(o, json_type_int))
        return slice_eq_z(json_inner(d, n), "-0"); /* a double there */
    return json_int64(d, n, &value) < 0 || value == json_object_get_int64(o); /* json-c clamps the others */
}

static bool same_string(const struct json_doc *d, uint32_t n, struct json_object *o)
{
    return json_object_is_type(o, json_type_string) &&
           json_string_eq(d, n, slice_of(json_object_get_string(o), (size_t)json_object_get_string_len(o)));
}

static bool same_as_json_c(const struct json_doc *d, uint32_t n, struct json_object *o)
{
    enum json_kind kind = json_type_of(d, n);

    switch (kind) {
    case JSON_NULL:
        return o == NULL;
    case JSON_FALSE:
    case JSON_TRUE:
        return json_object_is_type(o, json_type_boolean) && json_object_get_boolean(o) == (kind == JSON_TRUE);
    case JSON_NUMBER:
        return same_number(d, n, o);
    case JSON_STRING:
        return same_string(d, n, o);
    case JSON_ARRAY:
        return same_array(d, n, o);
    default:
        return same_object(d, n, o);
    }
}

/* Does json-c read the same from a text that we accept? Keys with U+0000 it cuts: not asked. */
static bool json_c_agrees(const char *text, size_t len)
{
    struct json_object *o;
    bool same;

    for (uint32_t n = 0; n < doc.count; n++) {
        if (json_type_of(&doc, n) == JSON_KEY && memmem(text + doc.nodes[n].at, doc.nodes[n].len, "\\u0000", 6))
            return true;
    }
    json_tokener_reset(tok);
    o = json_tokener_parse_ex(tok, text, (int)len + 1);
    same = json_tokener_get_error(tok) == json_tokener_success && same_as_json_c(&doc, 0, o);
    json_object_put(o);
    return same;
}

/* text ends with a NUL. True when it was accepted. */
static bool check(const char *text, size_t len, bool content)
{
    struct json_fault fault;
    bool accepted = json_parse(&doc, guarded_copy(&guarded, text, len), &limits, &fault) == 0;

    if (accepted != naive_accepts(text, len))
        fail_msg("%s by json_parse only: %s", accepted ? "accepted" : "refused", text);
    if (!accepted || !content)
        return accepted;
    if (!tape_holds(&doc) || !tape_reparses(&doc, 0, &limits))
        fail_msg("tape of: %s", text);
    if (!json_c_agrees(text, len))
        fail_msg("json-c reads another content: %s", text);
    return true;
}

/* All texts up to a length over a small alphabet; how many are JSON. */
static size_t check_all(const char *alphabet, unsigned max_len)
{
    size_t letters = strlen(alphabet), count = 1, accepted = 0;
    char text[16];

    for (unsigned len = 1; len <= max_len; len++) {
        count *= letters;
        for (size_t code = 0; code < count; code++) {
            size_t rest = code;

            for (unsigned i = 0; i < len; i++, rest /= letters)
                text[i] = alphabet[rest % letters];
            text[len] = '\0';
            accepted += check(text, len, false);
        }
    }
    return accepted;
}

static void test_all_short_texts(void **state)
{
    (void)state;
    assert_true(check_all("[]{},:\"1 ", 6) > 1000);
    assert_true(check_all("-+.0123eE", 6) > 1000);
    assert_true(check_all("{}\":,1", 7) > 50);
    assert_true(check_all("\"\\u0d8/n", 6) > 50);
    assert_true(check_all("\"\xc2\xe0\xed\xf4\x80\x9f\xa0 ", 6) > 50);
}

static void put_space(struct buf *b)
{
    static const char *const spaces[] = { "", "", "", " ", "\n  ", "\t", "\r\n" };

    buf_puts(b, spaces[next_random() % 7]);
}

static void put_random_string(struct buf *b)
{
    static const char *const pieces[] = {
        "a", "id", "name", "\\n", "\\\"", "\\\\", "\\u0041", "\\u00e9", "\\ud83d\\ude00", "\xc3\xa9", "\xe2\x82\xac",
        "\xf0\x9f\x98\x80", "a longer piece of text", "/", "\\/", " ", "http://example.com/", "0123456789abcdef",
        "\\u0000", "\x7f",
    };

    buf_putc(b, '"');
    for (uint64_t i = next_random() % 5; i > 0; i--)
        buf_puts(b, pieces[next_random() % (sizeof pieces / sizeof *pieces)]);
    buf_putc(b, '"');
}

static void put_random_number(struct buf *b)
{
    static const char *const exponents[] = { "e", "E+", "e-" };
    uint64_t r = next_random(), digits = next_random() >> (r / 8 % 63 + 1);

    buf_printf(b, "%s%llu", r % 3 ? "" : "-", (unsigned long long)digits);
    if (r / 1024 % 4 == 0)
        buf_printf(b, ".%u", (unsigned)(next_random() % 100000));
    if (r / 4096 % 8 == 0)
        buf_printf(b, "%s%u", exponents[next_random() % 3], (unsigned)(next_random() % 200));
}

static void put_random_value(struct buf *b, unsigned depth);

static void put_random_container(struct buf *b, bool object, unsigned depth)
{
    uint64_t members = next_random() % 6;

    buf_putc(b, object ? '{' : '[');
    put_space(b);
    for (uint64_t i = 0; i < members; i++) {
        buf_puts(b, i ? "," : "");
        if (object) {
            put_space(b);
            put_random_string(b);
            put_space(b);
            buf_putc(b, ':');
        }
        put_random_value(b, depth - 1);
    }
    buf_putc(b, object ? '}' : ']');
}

static void put_random_value(struct buf *b, unsigned depth)
{
    static const char *const words[] = { "null", "true", "false" };
    uint64_t kind = next_random() % (depth ? 9 : 5);

    put_space(b);
    if (kind < 3)
        buf_puts(b, words[kind]);
    else if (kind == 3)
        put_random_number(b);
    else if (kind == 4)
        put_random_string(b);
    else
        put_random_container(b, kind < 7, depth);
    put_space(b);
}

static void mutate(char *text, size_t *len)
{
    static const char bytes[] = "[]{}:,\"\\ue0-1.tfn \n\x1f\x80\xc3\xff";
    size_t at = next_random() % *len;

    switch (next_random() % 4) {
    case 0:
        memmove(text + at, text + at + 1, *len - at); /* with the NUL */
        --*len;
        break;
    case 1:
        text[at] = bytes[next_random() % (sizeof bytes - 1)];
        break;
    case 2:
        text[at] = (char)(text[at] ^ (1 << next_random() % 8));
        break;
    default:
        *len = at;
        text[at] = '\0';
    }
}

static void test_random_texts(void **state)
{
    size_t mutants_accepted = 0;
    struct buf b;

    (void)state;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < 6000; i++) {
        size_t len;

        buf_reset(&b);
        put_random_value(&b, 6);
        assert_false(b.failed);
        assert_true(check(b.ptr, b.len, true));
        len = b.len;
        for (int k = 0; k < 4 && len > 1; k++) {
            mutate(b.ptr, &len);
            if (strlen(b.ptr) == len)
                mutants_accepted += check(b.ptr, len, true);
        }
    }
    assert_true(mutants_accepted > 1000);
    buf_clear(&b);
}

static int set_up(void **state)
{
    (void)state;
    json_doc_init(&doc);
    tok = json_tokener_new_ex(100);
    guarded = guarded_new(1 << 17);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_doc_clear(&doc);
    json_tokener_free(tok);
    guarded_free(&guarded);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_short_texts),
        cmocka_unit_test(test_random_texts),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
