/* json_parse: what it takes, what it refuses and how it says so. Every text stands right before a page that must not
 * be read. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "json/doc.h"
#include "tape.h"

#define GUARDED_BYTES (4u << 20)
static const struct json_limits deep = { .max_depth = 10000, .max_nodes = 1000000 };

struct text {
    const char *bytes;
    size_t len;
};
#define T(literal) { literal, sizeof(literal) - 1 }
#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct guarded guarded;
static struct json_doc doc; /* one for all, as in the gateway: its memory is used again and again */
static struct json_fault fault;

static int parse(const void *bytes, size_t len, const struct json_limits *limits)
{
    return json_parse(&doc, guarded_copy(&guarded, bytes, len), limits, &fault);
}

static int parse_z(const char *z)
{
    return parse(z, strlen(z), &JSON_LIMITS_DEFAULT);
}

static const struct text accepted[] = {
    /* one value of each kind, alone */
    T("null"), T("true"), T("false"), T("0"), T("42"), T("-0.1"), T("\"\""), T("\"asd\""), T("[]"), T("{}"),
    /* white space */
    T(" \t\r\n[] \t\r\n"), T("[[]   ]"), T("[ 4]"), T("[1\n]"), T("[2] "), T(" [1]"),
    T("{\n\"a\" :\r\n1\t,\"b\":2\n}\n"),
    T("                                        1                                        "),
    /* arrays */
    T("[\"\"]"), T("[false]"), T("[null, 1, \"1\", {}]"), T("[null]"), T("[1,null,null,null,2]"), T("[[],[[]],[]]"),
    /* numbers */
    T("-0"), T("[0]"), T("[-1]"), T("[-123]"), T("[123]"), T("[123.456789]"), T("[123e65]"), T("[0e+1]"), T("[0e1]"),
    T("[20e1]"), T("[1E22]"), T("[1E-2]"), T("[1E+2]"), T("[123e45]"), T("[123.456e78]"), T("[1e-2]"), T("[1e+2]"),
    T("[1e00]"), T("[0.0]"), T("[-0.0e-00]"), T("[1.000000000000000000000000000000000000000000000001]"),
    T("[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]"), T("[10]"), T("[1e0001]"),
    /* numbers that some readers round, clamp or refuse: here they are their digits */
    T("[1e400]"), T("[-1e+9999]"), T("[1.5e+9999]"), T("[123123e100000]"),
    T("[0.4e0066999999999999999999999999999999]"),
    T("[123e-10000000]"), T("[100000000000000000000]"), T("[-123123123123123123123123123123]"),
    T("[-237462374673276894279832749832423479823246327846]"), T("[9007199254740993]"),
    /* objects */
    T("{\"a\":\"b\"}"), T("{\"\":0}"), T("{\"a\":1,\"A\":2,\"a \":3}"), T("{\"foo\\u0000bar\": 42}"), T("{\"a\":[]}"),
    T("{\"a\":{\"a\":{\"a\":null}}}"), T("{ \"min\": -1.0e+28, \"max\": 1.0e+28 }"),
    T("{\"title\":\"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430\"}"),
    T("{\"x\":[{\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}], \"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxx\"}"),
    /* escapes */
    T("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), T("[\"\\u0060\\u012a\\u12AB\"]"), T("[\"\\u0000\"]"), T("[\"\\u0012\"]"),
    T("[\"\\\\u0000\"]"), T("[\"\\\\a\"]"), T("[\"\\\\n\"]"), T("[\"\\\"\"]"), T("[\"\\uFFFF\\ufffe\\ufdd0\"]"),
    T("[\"\\uD801\\udc37\"]"), T("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"), T("[\"\\uDBFF\\uDFFF\"]"),
    T("[\"\\uDBFF\\uDFFE\"]"), T("[\"\\uD834\\uDd1e\"]"), T("[\"\\u0061\\u30af\\u30EA\"]"), T("[\"new\\u000Aline\"]"),
    T("[\"\\uA66D\"]"), T("[\"\\u005C\\u0022\"]"), T("[\"\\u200B\\u2064\"]"), T("[\"a/*b*/c/*d//e\"]"),
    T("[\"\\ud7ff\\ue000\"]"),
    /* characters */
    T("[\"\x7f\"]"), T("[\"a\x7f" "a\"]"), T("[\" \"]"), T("[ \"asd\"]"), T("[\",\"]"), T("[\"\xcf\x80\"]"),
    T("[\"\xf0\x9b\xbf\xbf\"]"), T("[\"\xe2\x8d\x82\xe3\x88\xb4\xe2\x8d\x82\"]"), T("[\"\xc2\x80\xdf\xbf\"]"),
    T("[\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"]"), T("[\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]"),
    T("[\"\xe2\x80\xa8\xe2\x80\xa9\"]"), T("[\"\xef\xbb\xbf\"]"), T("[\"\xc2\xa0\"]"), T("\"\xf0\x9d\x84\x9e\""),
    T("{\"\xe2\x82\xac\":\"\xe2\x82\xac uro\"}"),
};

/* Refused as bad syntax. */
static const struct text refused[] = {
    /* nothing, or not all */
    T(""), T(" "), T("\n\n"), T("["), T("{"), T("[\"x\""), T("[\"\""), T("[\"a"), T("\""), T("\"\\"), T("\"\\\""),
    T("[1,"),
    T("[1"), T("{\"a\""), T("{\"a\":"), T("{\"a\":1"), T("{\"a\":1,"), T("{\"a\":\"a"), T("[\"a\",\n4\n,1,"),
    T("[[[{\"\":"),
    T("[fals"), T("nul"), T("tru"), T("t"), T("-"), T("[-"), T("1."), T("1e"), T("1e+"), T("[ false, nul"),
    T("[{\"\":[{\"\":["),
    T("[ true, fals"), T("{\"a"), T("{\""), T("[\\n"), T("\"\\u"), T("\"\\u00"), T("\"\\u00A"), T("\"\\ud834\\"),
    /* commas, colons, brackets */
    T("[1 true]"), T("[\"\": 1]"), T("[\"\"],"), T("[,1]"), T("[1,,2]"), T("[\"x\",,]"), T("[\"x\"]]"),
    T("[\"\",]"), T("[3[4]]"),
    T("[1:2]"), T("[,]"), T("[   , \"\"]"), T("[1,]"), T("[1,,]"), T("]"), T("}"), T("[][]"), T("[]]"), T("{}}"),
    T("[1]x"),
    T("{\"x\", null}"), T("{\"x\"::\"b\"}"), T("{\"a\" b}"), T("{:\"b\"}"), T("{\"a\" \"b\"}"), T("{\"a\":}"),
    T("{1:1}"),
    T("{9999E9999:1}"), T("{null:null,null:null}"), T("{\"id\":0,,,,,}"), T("{\"id\":0,}"),
    T("{\"a\":\"b\",,\"c\":\"d\"}"),
    T("{\"a\":true} \"x\""), T("{\"a\":\"b\"}#{}"), T("{[: \"x\"}"), T("{\"x\":1]"), T("[1}"), T("{,}"),
    T("{\"a\"}"), T("{\"asd\":\"asd\""),
    T("{ \"foo\" : \"bar\", \"a\" }"), T("2@"), T("{]"), T("[1;2]"), T("{\"a\":[}"), T("1 2"), T("null null"),
    T("\"a\"\"b\""),
    /* other notations */
    T("{'a':0}"), T("['']"), T("'a'"), T("[abc]"), T("{a: \"b\"}"), T("{\"a\":\"a\" 123}"), T("{\"a\":\"b\"}/**/"),
    T("{\"a\":\"b\"}/"),
    T("{\"a\":\"b\"}//"), T("{\"a\":/*comment*/\"b\"}"), T("/**/1"), T("[True]"), T("[TRUE]"), T("[truex]"),
    T("[nulll]"), T("undefined"),
    T("<null>"), T("<.>"), T("*"), T("[*]"), T("a\xc3\xa5"), T("asd"), T("[a"), T("[NaN]"), T("[-NaN]"), T("[Inf]"),
    T("[+Inf]"),
    T("[Infinity]"), T("[-Infinity]"), T("[-foo]"), T("[1_000]"), T("[1+2]"), T("[0x1]"), T("[0x42]"),
    T("[ 1 000.0]"), T("[-2.]"),
    T("{\"a\":1}x"), T("[1]\x00"), T("\\u000A\"\""), T("[\"asd]"), T("1true"), T("truefalse"), T("[1\"a\"]"),
    T("[\"a\"1]"),
    /* numbers */
    T("[++1234]"), T("[+1]"), T("[-01]"), T("[-1.0.]"), T("[.-1]"), T("[.2e-3]"), T("[0.1.2]"), T("[0.3e+]"),
    T("[0.3e]"), T("[0.e1]"),
    T("[0E+]"), T("[0E]"), T("[0e+]"), T("[0e]"), T("[1.0e+]"), T("[1.0e-]"), T("[1.0e]"), T("[1eE2]"),
    T("[2.e+3]"), T("[2.e3]"),
    T("[2.e-3]"), T("[9.e+]"), T("[0e+-1]"), T("[-123.123foo]"), T("[- 1]"), T("[-012]"), T("[-.123]"), T("[-1x]"),
    T("[1ea]"), T("[1.]"),
    T("[.123]"), T("[1.2a-3]"), T("[1.8011670033376514H-308]"), T("[012]"), T("[00]"), T("00"), T("-00"),
    T("[1.5e]"), T("[--1]"),
    T("[1 2]"), T("[1.-2]"), T("[1e1.5]"), T("[\xef\xbc\x91]"), T("1\x00"), T("[1,\x00" "2]"), T("[0.\xe5]"),
    T("[1e1\xe5]"), T("[123\xe5]"),
    T("[1e\xe5]"), T("-\xe5"),
    /* strings */
    T("[\"\\x00\"]"), T("[\"\\\\\\\"]"), T("[\"\\\t\"]"), T("[\"\\a\"]"), T("[\"\\v\"]"), T("[\"\\0\"]"),
    T("[\"\\'\"]"), T("[\"\\uqqqq\"]"),
    T("[\"\\u00g0\"]"), T("[\"\\U0061\"]"), T("[\"\\u-001\"]"), T("[\"\\u 001\"]"), T("[\"\\u+001\"]"),
    T("[\"\\u00\"]"), T("[\"\\\x00\"]"),
    T("[\"\\\xf0\x9f\x8c\x80\"]"), T("[\"\\\xe5\"]"), T("[\"\\u\xe5\"]"), T("[\"\\"), T("[\"a\x00" "a\"]"),
    T("[\"new\nline\"]"), T("[\"\t\"]"),
    T("[\"\x1f\"]"), T("[\"\x01\"]"), T("\"\"x"), T("[\\u0020\"asd\"]"), T("[\"\r\"]"), T("{\"a\tb\":1}"),
    T("{\"\\x\":1}"), T("{\"\\"),
    /* surrogates */
    T("[\"\\uD800\\u\"]"), T("[\"\\uD800\\u1\"]"), T("[\"\\uD800\\u1x\"]"), T("[\"\\uD800\\\"]"),
    T("[\"\\uD834\\uDd\"]"), T("[\"\\uD800\\uD800\\x\"]"),
    T("[\"\\uDADA\"]"), T("[\"\\uD888\\u1234\"]"), T("[\"\\uDd1ea\"]"), T("[\"\\ud800abc\"]"),
    T("[\"\\uDd1e\\uD834\"]"), T("[\"\\uDFAA\"]"),
    T("[\"\\uD800\\n\"]"), T("[\"\\ud800\"]"), T("[\"\\uD800\\uD800\"]"), T("{\"\\udc00\":1}"), T("\"\\ud800"),
    T("[\"\\uD800\\uE000\"]"),
    T("[\"\\uD800\\uDBFF\"]"), T("[\"\\uD800xxxxxx\"]"),
    /* no white space of JSON; byte order marks; other encodings */
    T("[\v1]"), T("[\f]"), T("[1\f]"), T("\xc2\xa0[]"), T("[\xe2\x81\xa0]"), T("\xe2\x80\xa8[]"), T("\x00"),
    T("[\x00]"), T("\xef\xbb\xbf"),
    T("\xef\xbb\xbf{}"), T("\xef\xbb"), T("\xff\xfe[\x00]\x00"), T("\x00[\x00]"), T("\xfe\xff\x00["), T("\xe5"),
    T("[\xff]"), T("\xc3\xa9"),
    T("{\"\xf0\x9f\x87\xa8\" \xf0\x9f\x87\xad}"), T("[\xf0\x9f\x98\x80]"), T("\x1f\x8b\x08"),
};

/* Refused as bad UTF-8: all inside strings. */
static const struct text refused_utf8[] = {
    T("[\"\xff\"]"), T("[\"\xe9\"]"), T("[\"\x80\"]"), T("[\"\xbf\"]"), T("[\"\x81\xb0\"]"), T("[\"\xc3\"]"),
    T("\"\xc3"), T("\"\xe2\x82"), T("\"\xf0\x9f\x98"),
    T("[\"\xc0\x80\"]"), T("[\"\xc1\xbf\"]"), T("[\"\xc0\xaf\"]"), T("[\"\xe0\x80\xaf\"]"), T("[\"\xe0\x9f\xbf\"]"),
    T("[\"\xf0\x80\x80\xaf\"]"),
    T("[\"\xf0\x8f\xbf\xbf\"]"), T("[\"\xfc\x80\x80\x80\x80\x80\"]"), T("[\"\xfc\x83\xbf\xbf\xbf\xbf\"]"),
    T("[\"\xed\xa0\x80\"]"),
    T("[\"\xed\xbf\xbf\"]"), T("[\"\xed\xa0\x81\xed\xb0\x80\"]"), T("[\"\xf4\x90\x80\x80\"]"),
    T("[\"\xf5\x80\x80\x80\"]"), T("[\"\xf4\xbf\xbf\xbf\"]"),
    T("[\"\xe6\x97\xa5\xd1\x88\xfa\"]"), T("[\"\xe2\x28\xa1\"]"), T("[\"\xe2\x82\x28\"]"),
    T("[\"\xf0\x9f\x98\x28\"]"), T("[\"\xfe\"]"),
    T("{\"\xb9\":\"0\",}"), T("{\"a\xc3\":1}"), T("[\"0123456789abcdef\xff\"]"), T("[\"\xc3\xa9\xc3\"]"),
    T("[\"\\n\xe5\"]"),
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        if (parse(accepted[i].bytes, accepted[i].len, &JSON_LIMITS_DEFAULT) < 0)
            fail_msg("%s: %s", accepted[i].bytes, fault.text);
        assert_int_equal(fault.code, JSON_OK);
        assert_true(tape_holds(&doc));
        for (uint32_t n = 0; n < doc.count; n++)
            assert_true(json_type_of(&doc, n) == JSON_KEY || tape_reparses(&doc, n, &JSON_LIMITS_DEFAULT));
        /* a prefix of a container or a string is never a text */
        for (size_t len = 0; strchr("[{\"", accepted[i].bytes[0]) && accepted[i].bytes[accepted[i].len - 1] > ' '
                             && len < accepted[i].len; len++)
            assert_int_equal(parse(accepted[i].bytes, len, &JSON_LIMITS_DEFAULT), -1);
    }
}

static void check_refused(const struct text *texts, size_t count, enum json_error code)
{
    for (size_t i = 0; i < count; i++) {
        if (parse(texts[i].bytes, texts[i].len, &JSON_LIMITS_DEFAULT) == 0)
            fail_msg("accepted: %s", texts[i].bytes);
        if (fault.code != code)
            fail_msg("%s: %s", texts[i].bytes, fault.text);
        assert_int_equal(doc.count, 0);
        assert_true(fault.offset <= texts[i].len && fault.line > 0 && fault.column > 0);
        for (const char *p = fault.text; *p; p++)
            assert_true(*p >= 0x20 && *p < 0x7f);
    }
}

static void test_refused(void **state)
{
    (void)state;
    check_refused(refused, COUNT(refused), JSON_ERR_SYNTAX);
    check_refused(refused_utf8, COUNT(refused_utf8), JSON_ERR_UTF8);
}

static const struct {
    const char *text;
    enum json_error code;
    uint32_t offset, line, column;
    const char *words;
} faults[] = {
    { "", JSON_ERR_SYNTAX, 0, 1, 1, "expected a JSON value, found the end of the text" },
    { "[1,\n 2,\n]", JSON_ERR_SYNTAX, 8, 3, 1, "expected a value after ',', found ']'" },
    { "[1,\r\n 2 3]", JSON_ERR_SYNTAX, 8, 2, 4, "expected ',' or ']' after an element, found '3'" },
    { "[\"\xc3\xa4\xe2\x82\xac\", x]", JSON_ERR_SYNTAX, 10, 1, 8, "expected a value after ',', found 'x'" },
    { "{\"a\":1,}", JSON_ERR_SYNTAX, 7, 1, 8, "expected a key in double quotes after ',', found '}'" },
    { "{a:1}", JSON_ERR_SYNTAX, 1, 1, 2, "expected a key in double quotes or '}', found 'a'" },
    { "{\"a\" 1}", JSON_ERR_SYNTAX, 5, 1, 6, "expected ':' after the key, found '1'" },
    { "{\"a\":}", JSON_ERR_SYNTAX, 5, 1, 6, "expected a value after ':', found '}'" },
    { "{\"a\":1 \"b\"}", JSON_ERR_SYNTAX, 7, 1, 8, "expected ',' or '}' after a member, found '\"'" },
    { "[undefined]", JSON_ERR_SYNTAX, 1, 1, 2, "expected a value or ']', found 'undefined'" },
    { "['a']", JSON_ERR_SYNTAX, 1, 1, 2, "expected a value or ']', found \"'\" (JSON strings take double quotes)" },
    { "{} // x", JSON_ERR_SYNTAX, 3, 1, 4,
      "expected the end of the text after the value, found '/' (JSON has no comments)" },
    { "\xef\xbb\xbf{}", JSON_ERR_SYNTAX, 0, 1, 1,
      "expected a JSON value, found a byte order mark (send UTF-8 without one)" },
    { "[\xc3\xa9]", JSON_ERR_SYNTAX, 1, 1, 2, "expected a value or ']', found U+00E9" },
    { "[\xff]", JSON_ERR_SYNTAX, 1, 1, 2, "expected a value or ']', found byte 0xff" },
    { "[-]", JSON_ERR_SYNTAX, 2, 1, 3, "expected a digit after '-', found ']'" },
    { "[1.]", JSON_ERR_SYNTAX, 3, 1, 4, "expected a digit after the decimal point, found ']'" },
    { "[1e]", JSON_ERR_SYNTAX, 3, 1, 4, "expected a digit of the exponent, found ']'" },
    { "[-012]", JSON_ERR_SYNTAX, 2, 1, 3, "a number does not start with a superfluous 0" },
    { "[\"a\nb\"]", JSON_ERR_SYNTAX, 3, 1, 4, "control character 0x0a in a string: write it as \\u000a" },
    { "\"\\x41\"", JSON_ERR_SYNTAX, 2, 1, 3, "expected one of \" \\ / b f n r t u after '\\', found 'x'" },
    { "\"\\u12g4\"", JSON_ERR_SYNTAX, 1, 1, 2, "expected four hexadecimal digits after '\\u'" },
    { "\"ab\\ud800\"", JSON_ERR_SYNTAX, 3, 1, 4, "\\ud800 is one half of a surrogate pair without the other" },
    { "\"abc", JSON_ERR_SYNTAX, 4, 1, 5, "expected the '\"' that ends the string, found the end of the text" },
    { "\"\xc3\xa9\xc3(\"", JSON_ERR_UTF8, 3, 1, 3, "byte 0xc3 starts no valid UTF-8 character" },
    { "{\"a\":1,\n\"b\":{\"a\":2},\n \"a\":3}", JSON_ERR_DUPLICATE_KEY, 22, 3, 2, "duplicate key \"a\"" },
    { "{\"\xc3\xa9\":1,\"\xc3\xa9\":2}", JSON_ERR_DUPLICATE_KEY, 8, 1, 8, "duplicate key \"\\xc3\\xa9\"" },
};

static void test_fault_words_and_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct err e;
        char words[256];

        assert_int_equal(parse_z(faults[i].text), -1);
        assert_string_equal(fault.text, faults[i].words);
        assert_int_equal(fault.code, faults[i].code);
        assert_int_equal(fault.offset, faults[i].offset);
        assert_int_equal(fault.line, faults[i].line);
        assert_int_equal(fault.column, faults[i].column);
        assert_int_equal(json_parse_err(&doc, slice_z(faults[i].text), &JSON_LIMITS_DEFAULT, &e), -1);
        snprintf(words, sizeof words, "line %u, column %u: %s", faults[i].line, faults[i].column, faults[i].words);
        assert_string_equal(e.text, words);
        assert_int_equal(e.code, ERR_INPUT);
    }
}

static void test_long_foreign_text_is_cut(void **state)
{
    char text[600];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(parse(text, sizeof text, &JSON_LIMITS_DEFAULT), -1);
    assert_string_equal(fault.text, "expected a JSON value, found 'xxxxxxxxxxxxxxxxxxxxxxxx...'");
    memcpy(text, "{\"", 2);
    memcpy(text + 202, "\":1,\"", 5);
    memcpy(text + 407, "\":1}", 4);
    assert_int_equal(parse(text, 411, &JSON_LIMITS_DEFAULT), -1);
    assert_int_equal(fault.code, JSON_ERR_DUPLICATE_KEY);
    assert_non_null(strstr(fault.text, "xxx...\""));
}

/* depth opening brackets, as arrays or as objects, and as many closing ones. */
static size_t nest(char *out, uint32_t depth, bool objects)
{
    char *p = out;

    for (uint32_t i = 0; i < depth; i++)
        p = stpcpy(p, objects ? "{\"k\":" : "[");
    *p++ = '1';
    memset(p, objects ? '}' : ']', depth);
    return (size_t)(p + depth - out);
}

static void test_depth(void **state)
{
    char *text = malloc(1 << 20);
    struct err e;

    (void)state;
    for (int objects = 0; objects < 2; objects++) {
        assert_int_equal(parse(text, nest(text, 256, objects), &JSON_LIMITS_DEFAULT), 0);
        assert_int_equal(parse(text, nest(text, 257, objects), &JSON_LIMITS_DEFAULT), -1);
        assert_int_equal(fault.code, JSON_ERR_DEPTH);
        assert_int_equal(fault.offset, 256 * (objects ? 5 : 1));
        assert_string_equal(fault.text, "nested deeper than 256 levels");
        assert_int_equal(parse(text, nest(text, 10000, objects), &deep), 0);
        assert_true(tape_reparses(&doc, 0, &deep));
        assert_int_equal(parse(text, nest(text, 10001, objects), &deep), -1);
        assert_int_equal(json_parse_err(&doc, slice_of(text, nest(text, 10001, objects)), &deep, &e), -1);
        assert_int_equal(e.code, ERR_LIMIT);
    }
    memset(text, '[', 100000);
    assert_int_equal(parse(text, 100000, &deep), -1);
    assert_int_equal(fault.code, JSON_ERR_DEPTH);
    assert_int_equal(parse(text, 9999, &deep), -1);
    assert_int_equal(fault.code, JSON_ERR_SYNTAX);
    free(text);
    assert_int_equal(parse("[]", 2, &(struct json_limits){ .max_depth = 0, .max_nodes = 9 }), -1);
    assert_int_equal(parse("1", 1, &(struct json_limits){ .max_depth = 0, .max_nodes = 9 }), 0);
}

static void test_nodes(void **state)
{
    const struct json_limits five = { .max_depth = 9, .max_nodes = 5 };

    (void)state;
    for (int fresh = 0; fresh < 2; fresh++) {
        assert_int_equal(parse("[1,2,3,4]", 9, &five), 0);
        assert_int_equal(parse("{\"a\":1,\"b\":2}", 13, &five), 0);
        assert_int_equal(parse("[1,2,3,4,5]", 11, &five), -1);
        assert_int_equal(fault.code, JSON_ERR_NODES);
        assert_int_equal(fault.offset, 9);
        assert_string_equal(fault.text, "more than 5 values and keys in one document");
        assert_int_equal(parse("{\"a\":1,\"b\":[2]}", 15, &five), -1);
        assert_int_equal(fault.code, JSON_ERR_NODES);
        json_doc_clear(&doc); /* capacity left by an earlier parse must not widen the limit, nor its lack narrow it */
    }
    assert_int_equal(parse("1", 1, &(struct json_limits){ .max_depth = 1, .max_nodes = 0 }), -1);
    assert_int_equal(fault.code, JSON_ERR_NODES);
}

static void test_million_nodes(void **state)
{
    char *text = malloc(2000003);

    (void)state;
    for (uint32_t i = 0; i < 1000000; i++)
        memcpy(text + 2 * i, i ? ",0" : "[0", 2);
    memcpy(text + 1999998, "]", 1);
    assert_int_equal(parse(text, 1999999, &JSON_LIMITS_DEFAULT), 0);
    assert_int_equal(doc.count, 1000000);
    assert_int_equal(json_count(&doc, 0), 999999);
    memcpy(text + 1999998, ",0]", 3);
    assert_int_equal(parse(text, 2000001, &JSON_LIMITS_DEFAULT), -1);
    assert_int_equal(fault.code, JSON_ERR_NODES);
    free(text);
}

/* A special byte at every place of a string of every length around the width of a vector. */
static void test_scan_boundaries(void **state)
{
    static const struct {
        struct text bytes;
        enum json_error code;
        uint32_t at;
    } specials[] = {
        { T("\x1f"), JSON_ERR_SYNTAX, 0 }, { T(" "), JSON_OK, 0 }, { T("\x7f"), JSON_OK, 0 },
        { T("\x80"), JSON_ERR_UTF8, 0 },
        { T("\xc3\xa9"), JSON_OK, 0 }, { T("\xf0\x9f\x98\x80"), JSON_OK, 0 }, { T("\xe2\x82"), JSON_ERR_UTF8, 0 },
        { T("\\n"), JSON_OK, 0 }, { T("\\u00e9"), JSON_OK, 0 }, { T("\\ud83d\\ude00"), JSON_OK, 0 },
        { T("\\q"), JSON_ERR_SYNTAX, 1 },
        { T("\x00"), JSON_ERR_SYNTAX, 0 }, { T("!"), JSON_OK, 0 }, { T("#"), JSON_OK, 0 }, { T("["), JSON_OK, 0 },
        { T("]"), JSON_OK, 0 },
    };
    char text[128];

    (void)state;
    for (size_t s = 0; s < COUNT(specials); s++) {
        const struct text *special = &specials[s].bytes;

        for (size_t len = 0; len < 52; len++) {
            for (size_t at = 0; at <= len; at++) {
                memset(text, 'a', sizeof text);
                text[0] = '"';
                memcpy(text + 1 + at, special->bytes, special->len);
                text[1 + len + special->len] = '"';
                int result = parse(text, len + special->len + 2, &JSON_LIMITS_DEFAULT);
                assert_int_equal(fault.code, specials[s].code);
                assert_int_equal(result, specials[s].code == JSON_OK ? 0 : -1);
                if (result < 0)
                    assert_int_equal(fault.offset, 1 + at + specials[s].at);
                else
                    assert_int_equal(doc.nodes[0].len, len + special->len);
            }
        }
    }
}

/* The definition, by decoding without any check and encoding again. */
static bool well_formed(const unsigned char *p, unsigned n)
{
    uint32_t c = n == 2 ? p[0] & 0x1fu : n == 3 ? p[0] & 0x0fu : p[0] & 0x07u;
    char again[4];

    if (p[0] < 0xc0 || p[0] > 0xf7 || (p[0] < 0xe0 ? 2u : p[0] < 0xf0 ? 3u : 4u) != n)
        return false;
    for (unsigned i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fu);
    return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) && utf8_put(c, again) == n && memcmp(again, p, n) == 0;
}

static void check_sequence(const unsigned char *p, unsigned n)
{
    char text[8] = "\"";

    memcpy(text + 1, p, n);
    text[n + 1] = '"';
    if ((parse(text, n + 2, &JSON_LIMITS_DEFAULT) == 0) != well_formed(p, n))
        fail_msg("%02x %02x %02x %02x of %u", p[0], p[1], p[2], p[3], n);
}

static void test_every_utf8_sequence(void **state)
{
    static const unsigned char edges[] = { 0x00, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbe, 0xbf, 0xc0, 0xff };

    (void)state;
    for (unsigned a = 0x80; a < 0x100; a++) {
        for (unsigned b = 0x80; b < 0x100; b++) {
            check_sequence((unsigned char[4]){ (unsigned char)a, (unsigned char)b }, 2);
            for (size_t c = 0; a >= 0xe0 && c < COUNT(edges); c++) {
                if (edges[c] > 0x7f)
                    check_sequence((unsigned char[4]){ (unsigned char)a, (unsigned char)b, edges[c] }, 3);
                for (size_t d = 0; a >= 0xf0 && d < COUNT(edges); d++) {
                    if (edges[c] > 0x7f && edges[d] > 0x7f)
                        check_sequence((unsigned char[4]){ (unsigned char)a, (unsigned char)b, edges[c], edges[d] }, 4);
                }
            }
        }
    }
}

/* The example of the header. */
static void test_tape(void **state)
{
    static const struct json_node want[] = {
        { 0, 15, 5, JSON_OBJECT | JSON_UNIQUE | 1 << 8 },
        { 2, 1, 0, JSON_KEY },
        { 6, 8, 5, JSON_ARRAY | 2 << 8 },
        { 7, 1, 1, JSON_NUMBER | JSON_INTEGER },
        { 11, 1, 0, JSON_STRING },
    };

    (void)state;
    assert_int_equal(parse_z("{\"a\": [1, \"x\"]}"), 0);
    assert_int_equal(doc.count, COUNT(want));
    for (uint32_t i = 0; i < doc.count; i++) {
        assert_int_equal(doc.nodes[i].at, want[i].at);
        assert_int_equal(doc.nodes[i].len, want[i].len);
        assert_int_equal(doc.nodes[i].link, i == 1 ? json_hash(SLICE("a")) : want[i].link);
        assert_int_equal(doc.nodes[i].meta, want[i].meta);
    }
}

static void test_numbers_are_flagged(void **state)
{
    static const struct {
        const char *text;
        uint32_t flags;
    } cases[] = {
        { "1", JSON_INTEGER }, { "-1", JSON_INTEGER | JSON_NEGATIVE }, { "-0", JSON_INTEGER | JSON_NEGATIVE },
        { "1.0", 0 },
        { "1e2", 0 }, { "-1E2", JSON_NEGATIVE }, { "-1.5e-2", JSON_NEGATIVE }, { "0", JSON_INTEGER },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(parse_z(cases[i].text), 0);
        assert_int_equal(doc.nodes[0].meta, JSON_NUMBER | cases[i].flags);
        assert_true(slice_eq_z(json_inner(&doc, 0), cases[i].text));
    }
}

static void test_huge_and_absent_texts(void **state)
{
    (void)state;
    assert_int_equal(json_parse(&doc, SLICE_NONE, &JSON_LIMITS_DEFAULT, &fault), -1);
    assert_int_equal(fault.code, JSON_ERR_SYNTAX);
    assert_int_equal(json_parse(&doc, slice_of("1", (size_t)UINT32_MAX + 1), &JSON_LIMITS_DEFAULT, &fault), -1);
    assert_int_equal(fault.code, JSON_ERR_SIZE);
}

static int set_up(void **state)
{
    (void)state;
    guarded = guarded_new(GUARDED_BYTES);
    json_doc_init(&doc);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_doc_clear(&doc);
    guarded_free(&guarded);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_fault_words_and_places),
        cmocka_unit_test(test_long_foreign_text_is_cut),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_million_nodes),
        cmocka_unit_test(test_scan_boundaries),
        cmocka_unit_test(test_every_utf8_sequence),
        cmocka_unit_test(test_tape),
        cmocka_unit_test(test_numbers_are_flagged),
        cmocka_unit_test(test_huge_and_absent_texts),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
