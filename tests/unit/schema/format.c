/* The official suite's files of formats, asked of format_valid directly and without exception, and tables of edges. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "json/doc.h"
#include "schema/format.h"

#include "files.h"

struct suite {
    const char *folder;
    enum schema_draft draft;
    unsigned files, tests, wrong;
};

/* {"format": X}, perhaps with $schema: X, or the empty slice. */
static struct slice lone_format(const struct json_doc *d, uint32_t schema)
{
    uint32_t format = json_member(d, schema, SLICE("format"));
    uint32_t known = json_member(d, schema, SLICE("$schema")) == JSON_NONE ? 1 : 2;

    return format != JSON_NONE && json_count(d, schema) == known ? json_inner(d, format) : SLICE("");
}

static void run_case(struct suite *s, const struct json_doc *d, uint32_t node, const char *file)
{
    struct slice name = lone_format(d, json_member(d, node, SLICE("schema")));
    uint32_t tests = json_member(d, node, SLICE("tests"));
    enum format f = format_find(name, s->draft);
    struct buf text;

    if (name.len == 0)
        fail_msg("%s/%s: a schema that is more than a format", s->folder, file);
    if (f == FORMAT_COUNT && !slice_eq_z(name, "unknown"))
        fail_msg("%s/%s: format %.*s is not known", s->folder, file, SLICE_FMT(name));
    buf_init(&text, 100000);
    for (uint32_t t = tests + 1; t < json_end(d, tests); t = json_next(d, t)) {
        uint32_t data = json_member(d, t, SLICE("data"));
        bool want = json_type_of(d, json_member(d, t, SLICE("valid"))) == JSON_TRUE;
        bool got = json_type_of(d, data) != JSON_STRING || f == FORMAT_COUNT;

        buf_reset(&text);
        if (!got)
            got = format_valid(f, json_string(d, data, &text));
        s->tests++;
        if (got == want)
            continue;
        s->wrong++;
        print_error("%s/%s: %.*s: %.*s should be %s\n", s->folder, file,
                    SLICE_FMT(json_inner(d, json_member(d, t, SLICE("description")))), SLICE_FMT(json_raw(d, data)),
                    want ? "valid" : "invalid");
    }
    buf_clear(&text);
}

static void run_file(const char *path, const char *name, void *arg)
{
    struct suite *s = arg;
    struct slice text = file_read(path);
    struct json_doc d;
    struct err e;

    s->files++;
    json_doc_init(&d);
    if (json_parse_err(&d, text, &JSON_LIMITS_DEFAULT, &e))
        fail_msg("%s: %s", path, e.text);
    for (uint32_t c = 1; c < json_end(&d, 0); c = json_next(&d, c))
        run_case(s, &d, c, name);
    json_doc_clear(&d);
    free((char *)text.ptr);
}

static void run_folder(const char *folder, enum schema_draft draft)
{
    struct suite s = { .folder = folder, .draft = draft };
    char path[128], *full;

    snprintf(path, sizeof path, "json-schema-test-suite/tests/%s/optional/format", folder);
    full = shared_path(path);
    folder_each(full, "", false, run_file, &s);
    free(full);
    if (s.files == 0)
        skip();
    print_message("%s: %u files, %u tests, %u wrong\n", folder, s.files, s.tests, s.wrong);
    assert_int_equal(s.wrong, 0);
}

static void test_draft7(void **state)
{
    (void)state;
    run_folder("draft7", SCHEMA_DRAFT_7);
}

static void test_draft2019_09(void **state)
{
    (void)state;
    run_folder("draft2019-09", SCHEMA_DRAFT_2019_09);
}

static void test_draft2020_12(void **state)
{
    (void)state;
    run_folder("draft2020-12", SCHEMA_DRAFT_2020_12);
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < FORMAT_COUNT; i++) {
        enum format f = (enum format)i;

        if (f != FORMAT_RELATIVE_JSON_POINTER)
            assert_int_equal(format_find(slice_z(format_name(f)), SCHEMA_DRAFT_2020_12), f);
        assert_non_null(strchr(format_hint(f), ' '));
    }
    assert_int_equal(format_find(SLICE("uuid"), SCHEMA_DRAFT_7), FORMAT_COUNT);
    assert_int_equal(format_find(SLICE("duration"), SCHEMA_DRAFT_7), FORMAT_COUNT);
    assert_int_equal(format_find(SLICE("duration"), SCHEMA_DRAFT_2019_09), FORMAT_DURATION);
    assert_int_equal(format_find(SLICE("relative-json-pointer"), SCHEMA_DRAFT_2019_09), FORMAT_RELATIVE_JSON_POINTER);
    assert_int_equal(format_find(SLICE("relative-json-pointer"), SCHEMA_DRAFT_2020_12),
                     FORMAT_RELATIVE_JSON_POINTER_2020);
    assert_int_equal(format_find(SLICE("Date"), SCHEMA_DRAFT_7), FORMAT_COUNT);
    assert_int_equal(format_find(SLICE(""), SCHEMA_DRAFT_7), FORMAT_COUNT);
    assert_int_equal(format_find(SLICE_NONE, SCHEMA_DRAFT_7), FORMAT_COUNT);
}

struct row {
    enum format f;
    const char *yes[24], *no[32];
};

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63 A50 "aaaaaaaaaaaaa"
#define A64 A63 "a"

static const struct row rows[] = {
    { FORMAT_DATE,
      { "2000-02-29", "0000-01-01", "9999-12-31", "2024-02-29" },
      { "", "1900-02-29", "2023-02-29", "2024-02-30", "2024-04-31", "2024-1-1", "2024-01-1 ", "2024-00-01",
        "2024-01-00", "2024-13-01", "20240101", "２024-01-01" } },
    { FORMAT_TIME,
      { "00:00:00z", "23:59:59+23:59", "12:00:00.0-00:00", "23:59:60Z", "23:59:60.999z", "00:59:60+01:00",
        "18:29:60-05:30", "05:44:60+05:45", "12:00:00.00000000000000000000000001Z" },
      { "", "12:00Z", "12:00:00", "12:00:00.Z", "12:00:00,5Z", "24:00:00Z", "12:60:00Z", "12:00:61Z",
        "12:00:00+24:00", "12:00:00+1:00", "12:00:00+0100", "12:00:00+01", "12:00:60Z", "23:59:60+00:01",
        "00:00:60+01:00", "12:00:00 Z", "12:00:00Zz", "12:00:00-", "1:00:00Z",
        "12:00:00\xe2\x88\x92" "01:00" } },
    { FORMAT_DATE_TIME,
      { "2016-12-31T23:59:60Z", "2017-01-01T00:59:60+01:00", "2016-12-31T15:59:60-08:00",
        "2016-06-30T23:59:60Z", "2016-07-01T05:44:60.5+05:45", "2016-02-29T23:59:60Z", "2016-02-28T23:59:59Z",
        "2024-02-29t00:00:00z" },
      { "", "2016-12-30T23:59:60Z", "2016-12-31T23:58:60Z", "2016-02-28T23:59:60Z", "2016-12-31T00:59:60+01:00",
        "2016-12-31 23:59:59Z", "2016-12-31T23:59:59", "2023-02-29T00:00:00Z", "2016-12-31", "2016-12-31T",
        "T00:00:00Z", "2016-12-31TT00:00:00Z", "2016-12-31T00:00:00Z " } },
    { FORMAT_DURATION,
      { "P1Y", "P1M", "P1D", "P1W", "PT1H", "PT1M", "PT1S", "P1Y2M3DT4H5M6S", "P0D", "PT0S", "P3DT4M5S",
        "p1dt2h", "P00W", "P1MT1M" },
      { "", "P", "PT", "P1", "P1Y1D", "PT1H1S", "P1D1M", "P1M1Y", "P1DT", "P1W1D", "P1DT1W", "P1D1D", "P1S",
        "PT1D", "1D", "P-1D", "P1.5D", "PT1.5S", "P1DT1H ", "PT1H1", "P 1D", "P1\xc3\x84", "PW", "PD", "P1T1H",
        "P1DT1H1M1S1" } },
    { FORMAT_EMAIL,
      { "a@b", "a.b+c@d-e.example", "!#$%&'*+-/=?^_`{|}~@x.y", "\"\"@x.y", "\"a\\\"b\\\\ @\"@x.y",
        "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "a@[ipv6:::]", A64 "@x.y", "a@1.2" },
      { "", "@", "a", "a@", "@b", "a@b@c", "a..b@c", ".a@c", "a.@c", "a b@c", "\"a@c", "\"a\"b@c", "\"a\" @c",
        "\"\\", "\"", "a@-b", "a@b-", "a@b.", "a@.b", "a@b..c", "a@b_c", "a@[]", "a@[1.2.3]", "a@[::1]",
        "a@[IPv6:1.2.3.4]", "a@[1.2.3.4", "\xc3\xa4@b.c", "a@\xc3\xa4.c", "\"\t\"@c", "a@" A64 } },
    { FORMAT_IDN_EMAIL,
      { "a@b", "\xc3\xa4.\xc3\xb6@\xc3\xbc.example", "\"\xc3\xa4 \xc3\xb6\"@b", "a@[192.0.2.1]",
        "a@bu\xcc\x88" "cher.example", "a@xn--bcher-kva.example" },
      { "", "\xc3\xa4", "\xc3\xa4@", "@\xc3\xa4", "\xc3\xa4..\xc3\xa4@b", "\"\\\xc3\xa4\"@b", "a@\xc3\xa4_",
        "a@\xc3\xa4.", "a@-\xc3\xa4", "a@\xe2\x82\xac" } },
    { FORMAT_HOSTNAME,
      { "a", "1", "1.2.3.4", "a-b", "ab--cd", "A.B", A63, A63 "." A63 "." A63 "." A50 "aaaaaaaaaaa",
        "xn--bcher-kva", "XN--BCHER-KVA", "localhost", "0a.xn--4db" },
      { "", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a_b", "a b", "a/b", "\xc3\xa4", A64,
        A63 "." A63 "." A63 "." A50 "aaaaaaaaaaaa", "xn--", "xn--a", "xn--bcher-kvb0", "xn---",
        "a\xe3\x80\x82" "b", "a:1", "xn--bcher-KVA-" } },
    { FORMAT_IDN_HOSTNAME,
      { "a", "ab--cd", "xn--bcher-kva", "b\xc3\xbc" "cher.example", "xn--bcher-kva.b\xc3\xbc" "cher",
        "b\xc3\xbc\xe3\x80\x82" "c", "\xd7\x90", "\xd7\x90.a", "\xd7\x90" "1.a1", "a-\xc3\xbc.\xd7\x90",
        "\xce\xb1--\xce\xb2", "\xce\xb1--\xce\xb2.\xd7\x90", "\xc3\xbc" "1.\xd7\x90", "\xd7\x90\xd6\xb7",
        "\xd7\x90.o\xe0\xa4\x81", "0a.xn--4db", "stra\xc3\x9f" "e", "\xf0\xa0\x80\x80.example" },
      { "", ".", "\xc3\xbc.", ".\xc3\xbc", "\xc3\xbc..a", "-\xc3\xbc", "\xc3\xbc-", "ab--\xc3\xbc",
        "a_\xc3\xbc", "a_b.\xc3\xbc", "\xc3\x9c", "A\xc3\xbc", "bu\xcc\x88" "cher", "\xe2\x82\xac",
        "\xe2\x84\xaa", "\xcc\x88" "a", "1.\xd7\x90", "\xd7\x90.1a", "\xd7\x90" "a", "a\xd7\x90", "\xd7\x90-",
        "\xd7\x90-\xd6\xb7", "\xc3\xbc.xn--a", "1\xc3\xbc.\xd7\x90", "\xd9\xa0.a", "\xd8\xa8\xd9\xa0" "1",
        "a\xe2\x80\x8d", "\xf0\x9f\x98\x80", "\xef\xbc\xa1", "\xc3\xbc\xef\xbd\xa1", "a b.\xc3\xbc" } },
    { FORMAT_IPV4,
      { "0.0.0.0", "255.255.255.255", "1.2.3.4" },
      { "", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", ".1.2.3", "1..2.3", "256.0.0.1", "01.2.3.4",
        "1.2.3.00", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4/8", "+1.2.3.4", "1.2.3.0004", "1.2.3.4\n",
        "1.2.3.\xd9\xa4" } },
    { FORMAT_IPV6,
      { "::", "::1", "1::", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4",
        "::1.2.3.4", "1::1.2.3.4", "1:2:3:4:5::1.2.3.4", "ABCD:ef01::",
        "0000:0000:0000:0000:0000:0000:255.255.255.255" },
      { "", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8", "1::2::3", "12345::", "g::", "::1%eth0", "::1%25eth0", "fe80::1%", "::1/64",
        "[::1]", "1.2.3.4", "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6::7:1.2.3.4",
        "::01.2.3.4", "::1.2.3.256", " ::1", "::1\n" } },
    { FORMAT_URI,
      { "a:", "http://", "http://a", "http://a:", "http://a:80/b", "http://u:p@a/b?c=d/?e#f/?g", "urn:a:b",
        "a:/b", "a:b", "a:?q#f", "file:///etc", "http://[::1]", "http://[::1]:80/", "http://[v1.a:b]/",
        "http://%41", "a+b-c.d:", "mailto:a@b", "a:b:c//d", "http://a//b", "http://300.1.1.1", "HTTP://A" },
      { "", "a", "/a", "//a", "#", "?", ":a", "1a:b", "a b:c", "a:b c", "a:%", "a:%4", "a:%4g", "a:#b#c",
        "http://[::1", "http://::1]", "http://[]", "http://[v.a]", "http://[v1.]", "http://[v1.%41]",
        "http://[vg.a]", "http://[::1%25a]", "http://[1.2.3.4]", "http://[::1]a", "http://a:b", "http://a@b@c",
        "http://a[b", "a:[b]", "a:b|c", "a:\xc3\xa4", "a:\"" } },
    { FORMAT_URI_REFERENCE,
      { "", "a", "/", "//", "//a", "a/b:c", "./a:b", "?a:b", "#a:b", "a:b", "/a:b", "..", "a?b?c", "a;b=c,d",
        "a@b" },
      { ":", "1:2", "a b", "\\", "a[", "#a#", "%", "//a:b", "//[a]", "a^b", "\x7f", "\xc2\xa0", "@:" } },
    { FORMAT_IRI,
      { "a:", "http://\xc3\xa4/\xc3\xb6?\xc3\xbc#\xc3\xa9", "http://\xc3\xa4@\xc3\xb6:80", "a:?\xee\x80\x80",
        "a:\xf0\x9f\x98\x80", "a:%C3" },
      { "", "\xc3\xa4", "\xc3\xa4:b", "a:\xee\x80\x80", "a:#\xee\x80\x80", "a:\xc2\x80", "a:\xef\xbf\xbf",
        "a:\xef\xb7\x90", "a:\xe2\x80\x8f", "a:\xe2\x80\xae", "a:\xf0\x9f\xbf\xbe", "a:\xf3\xa0\x80\x81",
        "a:\xef\xbf\xb0", "http://[\xc3\xa4]", "http://a:\xd9\xa1" } },
    { FORMAT_IRI_REFERENCE,
      { "", "\xc3\xa4", "//\xc3\xa4", "?\xf3\xb0\x80\x80" },
      { "\xc3\xa4:b", "\xc3\xa4 ", "#\xf3\xb0\x80\x80" } },
    { FORMAT_UUID,
      { "00000000-0000-0000-0000-000000000000", "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF" },
      { "", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000000",
        "{0000000-0000-0000-0000-00000000000}", "0000000000000-0000-0000-000000000000",
        "00000000-0000-0000-0000-00000000000g" } },
    { FORMAT_URI_TEMPLATE,
      { "", "a", "{a}", "{a}{b}", "{a,b*,c:3}", "{+a.b_c}", "{#a}", "{%41%42}", "{=a}", "{a:9999}", "'", "%41",
        "a]b[c", "\xc3\xa4", "\xee\x80\x80", "{9}", "{_}" },
      { "{", "}", "{}", "{+}", "{a", "a}", "{{a}}", "{a}}", "{a b}", "{a,}", "{,}", "{a,,b}", "{.a.}", "{a.}",
        "{a..b}", "{a:}", "{a:0}", "{a:10000}", "{a:1*}", "{a**}", "{\xc3\xa4}", "%", "%4", "%4g", "{%4}", " ",
        "<", "\\", "^", "\x7f", "\xc2\x80" } },
    { FORMAT_JSON_POINTER,
      { "", "/", "//", "/a/b", "/~0~1", "/ ", "/\xc3\xa4", "/#" },
      { "a", "#", "#/a", "/~", "/~2", "/a~", "~0", " /" } },
    { FORMAT_RELATIVE_JSON_POINTER,
      { "0", "0#", "1/", "10/a~0", "99999999999999999999999999/a" },
      { "", "/", "#", "-1", "+1", "01", "00", "1a", "1##", "1#/", "0+1", "0-1/a", "1 ", "1/~", "\xd9\xa1" } },
    { FORMAT_RELATIVE_JSON_POINTER_2020,
      { "0", "0#", "1/", "0+1", "0-1/a", "2+10#", "10-1" },
      { "", "/", "0+", "0+0", "0-01", "0+1+1", "0+-1", "+1", "1a", "0#+1", "01+1" } },
    { FORMAT_REGEX,
      { "", "a", "^[a-z]+$", "(?<=a+)b", "(?<!a|bc*)d", "[(?<=]", "\\(?<=a", "(?<n>a)\\k<n>", "\\u{1F600}",
        "\\p{L}", "a{2,3}?", "[]", "[^]", "(?=a)(?!b)(?:c)", "\\d\\-\\/", "(?<=(?<!a*)b+)c", "[\\](?<=]" },
      { "(", ")", "[", "a**", "*", "a{2,1}", "\\", "\\a", "\\Z", "\\k<n>", "(?P<n>a)", "(?i)a", "(?>a)", "a++",
        "[b-a]", "(?<=a", "(?<=a))", "(?<=*)", "(?#a)", "(*ACCEPT)", "\\p{Nope}", "\\u{110000}",
        "(?<n>a)(?<n>b)", "(?<", "(?<=" } },
};

static void test_edges(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];

        for (int j = 0; j < 24 && r->yes[j]; j++) {
            if (!format_valid(r->f, slice_z(r->yes[j]))) {
                print_error("%s: \"%s\" should be valid\n", format_name(r->f), r->yes[j]);
                wrong++;
            }
        }
        for (int j = 0; j < 32 && r->no[j]; j++) {
            if (format_valid(r->f, slice_z(r->no[j]))) {
                print_error("%s: \"%s\" should be invalid\n", format_name(r->f), r->no[j]);
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* A NUL is a character like others: it hides nothing behind it. */
static void test_nul(void **state)
{
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum format f = rows[i].f;
        bool allowed = f == FORMAT_JSON_POINTER || f == FORMAT_RELATIVE_JSON_POINTER ||
                       f == FORMAT_RELATIVE_JSON_POINTER_2020 || f == FORMAT_REGEX;

        for (int j = 0; j < 24 && rows[i].yes[j]; j++) {
            size_t len = strlen(rows[i].yes[j]);

            if (len == 0 || len > sizeof text - 2)
                continue;
            memcpy(text, rows[i].yes[j], len);
            memset(text + len, 0, 2);
            if (!allowed && format_valid(f, slice_of(text, len + 1)))
                fail_msg("%s: \"%s\" with a NUL should be invalid", format_name(f), text);
            text[len + 1] = 'a';
            if (!allowed && format_valid(f, slice_of(text, len + 2)))
                fail_msg("%s: \"%s\" with a NUL and more should be invalid", format_name(f), text);
            memmove(text + 1, text, len);
            text[0] = '\0';
            if (f != FORMAT_REGEX && format_valid(f, slice_of(text, len + 1)))
                fail_msg("%s: \"%s\" after a NUL should be invalid", format_name(f), text + 1);
        }
        assert_int_equal(format_valid(f, SLICE_NONE), format_valid(f, SLICE("")));
        assert_false(!allowed && format_valid(f, SLICE("\0")));
    }
    assert_true(format_valid(FORMAT_JSON_POINTER, SLICE("/\0")));
    assert_true(format_valid(FORMAT_REGEX, SLICE("a\0b")));
    assert_false(format_valid(FORMAT_IDN_HOSTNAME, SLICE("\xc3\xbc\0.a")));
    assert_false(format_valid(FORMAT_IDN_HOSTNAME, SLICE("\xc3\xbc.a\0" "b")));
    assert_false(format_valid(FORMAT_EMAIL, SLICE("a\0@b")));
    assert_false(format_valid(FORMAT_URI_TEMPLATE, SLICE("{\0a}")));
}

static void fill(struct buf *b, const char *start, const char *unit, size_t len)
{
    buf_reset(b);
    buf_puts(b, start);
    while (b->len < len)
        buf_puts(b, unit);
    assert_false(b->failed);
}

static void ask_long(enum format f, const struct buf *b, const char *unit)
{
    struct timespec from, to;
    double ms;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    format_valid(f, buf_slice(b));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    if (getenv("FORMAT_SHOW"))
        print_message("%.1f ms: %s of %zu bytes of \"%s\"\n", ms, format_name(f), b->len, unit);
    if (ms > 1000)
        fail_msg("%s of %zu bytes of \"%s\": %.0f ms", format_name(f), b->len, unit, ms);
}

static void test_long(void **state)
{
    static const char *const starts[] = { "", "a:", "//", "P", "\"", "a@", "1/", "{", "2026-01-01T00:00:00." };
    static const char *const units[] = { "a",       "1",   "a.", "{a}", "\xc3\xbc", "\xc3\xbc.", "u\xcc\x88",
                                         "(?<=a)", "%41", ":",  "1:",  "/",        "a,",        "\\S", "@" };
    struct buf b;

    (void)state;
    buf_init(&b, 2u << 20);
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
            fill(&b, starts[s], units[u], 1u << 20);
            for (int f = 0; f < FORMAT_COUNT; f++)
                ask_long((enum format)f, &b, units[u]);
        }
        /* as much as the tables of IDNA and the regular expressions are given */
        fill(&b, "\xd7\x90.", units[u], 4090);
        ask_long(FORMAT_IDN_HOSTNAME, &b, units[u]);
        fill(&b, "a@\xd7\x90", units[u], 4090);
        ask_long(FORMAT_IDN_EMAIL, &b, units[u]);
        fill(&b, "", units[u], 65500);
        ask_long(FORMAT_REGEX, &b, units[u]);
    }
    fill(&b, "(?:", "(?:a{1,99}){1,99}", 2000);
    buf_puts(&b, "){1,99}");
    ask_long(FORMAT_REGEX, &b, "(?:a{1,99}){1,99}");
    fill(&b, "https://example.com/?", "a=%41&", 1u << 20);
    assert_true(format_valid(FORMAT_URI, buf_slice(&b)));
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draft7), cmocka_unit_test(test_draft2019_09), cmocka_unit_test(test_draft2020_12),
        cmocka_unit_test(test_names),  cmocka_unit_test(test_edges),        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
