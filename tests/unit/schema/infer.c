#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "schema/infer.h"

#define DIALECT "\"$schema\":\"https://json-schema.org/draft/2020-12/schema\""
#define TEXT_MAX ((size_t)1 << 24)

static const struct infer_options USUAL = { .enum_max = INFER_ENUM_MAX };

/* What is learned from the samples, on the heap. base: an older schema, or NULL. */
static char *learn(const struct infer_options *o, const char *base, char *const *samples, size_t n)
{
    struct infer *i = infer_new(o);
    struct json_doc old, d;
    struct buf out;
    struct err e;
    uint32_t at;

    buf_init(&out, TEXT_MAX);
    if (base) {
        case_parse(&old, base);
        if (infer_merge(i, &old, &at, &e))
            fail_msg("%s: %s", base, e.text);
    }
    for (size_t k = 0; k < n; k++) {
        case_parse(&d, samples[k]);
        assert_int_equal(infer_add(i, &d, 0, &e), 0);
        json_doc_clear(&d);
    }
    infer_write(i, &out);
    infer_free(i);
    if (base)
        json_doc_clear(&old);
    return buf_take(&out, NULL);
}

/* How many are valid; valids (or NULL) gets each verdict. */
static size_t check_valid(const char *schema, char *const *samples, size_t n, bool *valids)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema *s = case_schema(schema, SCHEMA_DRAFT_7);
    size_t valid = 0;

    for (size_t k = 0; k < n; k++) {
        struct json_doc d;
        bool ok;

        case_parse(&d, samples[k]);
        ok = schema_check(s, &d, 0, scratch) == SCHEMA_VALID;
        valid += ok;
        if (valids)
            valids[k] = ok;
        json_doc_clear(&d);
    }
    schema_unref(s);
    schema_scratch_free(scratch);
    return valid;
}

static size_t count_valid(const char *schema, char *const *samples, size_t n)
{
    return check_valid(schema, samples, n, NULL);
}

/* Without the white space between its tokens. */
static void compact(char *text)
{
    char *to = text;
    bool quoted = false;

    for (const char *p = text; *p; p++) {
        if (*p == '"' && (p == text || p[-1] != '\\'))
            quoted = !quoted;
        if (quoted || (*p != ' ' && *p != '\n'))
            *to++ = *p;
    }
    *to = '\0';
}

/* Samples, one a line. */
static size_t split(char *text, char **samples)
{
    size_t n = 0;

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        samples[n++] = line;
    return n;
}

struct row {
    const char *samples, *schema; /* the schema's members behind $schema, compact */
    const char *base;
    struct infer_options options;
};

static void check_row(const struct row *row)
{
    struct infer_options o = row->options;
    char *text = strdup(row->samples), *samples[1000], *got, *want;
    size_t n = split(text, samples);

    if (o.enum_max == 0)
        o.enum_max = INFER_ENUM_MAX;
    got = learn(&o, row->base, samples, n);
    if (count_valid(got, samples, n) != n)
        fail_msg("%s does not hold for\n%s", got, row->samples);
    compact(got);
    if (asprintf(&want, "{" DIALECT "%s%s}", row->schema[0] ? "," : "", row->schema) < 0)
        abort();
    assert_string_equal(got, want);
    free(want);
    free(got);
    free(text);
}

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_row(&rows[i]);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof rows[0])

static void test_types(void **state)
{
    const struct row rows[] = {
        { .samples = "1\n2.0\n3e2", .schema = "\"type\":\"integer\"" },
        { .samples = "1\n1.5", .schema = "\"type\":\"number\"" },
        { .samples = "true\nfalse", .schema = "\"type\":\"boolean\"" },
        { .samples = "null\n\"x y\"\n1", .schema = "\"type\":[\"string\",\"integer\",\"null\"]" },
        { .samples = "[]", .schema = "\"type\":\"array\"" },
        { .samples = "{}", .schema = "\"type\":\"object\"" },
        { .samples = "[1,null]\n[[\"x\"]]",
          .schema = "\"type\":\"array\",\"items\":{\"type\":[\"array\",\"integer\",\"null\"],"
                    "\"items\":{\"type\":\"string\"}}" },
        { .samples = "{\"b\":1,\"a\":null}\n{\"c\":true,\"b\":1.5}",
          .schema = "\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"null\"},\"b\":{\"type\":\"number\"},"
                    "\"c\":{\"type\":\"boolean\"}},\"required\":[\"b\"]" },
        { .samples = "{\"\\u0061\":1}\n{\"a\":2}\n7",
          .schema = "\"type\":[\"object\",\"integer\"],\"properties\":{\"a\":{\"type\":\"integer\"}},"
                    "\"required\":[\"a\"]" },
    };

    (void)state;
    CHECK_ROWS(rows);
}

#define FORMAT(name) "\"type\":\"string\",\"format\":\"" name "\""
#define PLAIN "\"type\":\"string\""

static void test_formats(void **state)
{
    const struct row rows[] = {
        { .samples = "\"2024-05-01T10:00:00Z\"", .schema = FORMAT("date-time") },
        { .samples = "\"2024-05-01\"\n\"2024-05-02\"", .schema = FORMAT("date") },
        { .samples = "\"2024-05-01\"\n\"\"", .schema = PLAIN },
        { .samples = "\"0190a6e2-7b3c-7def-8123-456789abcdef\"", .schema = FORMAT("uuid") },
        { .samples = "\"a@example.com\"", .schema = FORMAT("email") },
        { .samples = "\"https://example.com/x?y\"", .schema = FORMAT("uri") },
        { .samples = "\"push:main\"", .schema = PLAIN },
        { .samples = "\"1.2.3.4\"\n\"1.2.3.5\"", .schema = PLAIN },
        { .samples = "\"1.2.3.4\"\n\"1.2.3.5\"\n\"10.0.0.1\"", .schema = FORMAT("ipv4") },
        { .samples = "\"::1\"\n\"fe80::1\"\n\"ab::cd\"", .schema = FORMAT("ipv6") },
    };

    (void)state;
    CHECK_ROWS(rows);
}

#define SIX(a, b) a "\n" b "\n" a "\n" b "\n" b "\n" a

static void test_enums(void **state)
{
    const struct row rows[] = {
        { .samples = SIX("\"paid\"", "\"void\""), .schema = PLAIN ",\"enum\":[\"paid\",\"void\"]" },
        { .samples = SIX("\"paid\"", "\"void\"") "\nnull",
          .schema = "\"type\":[\"string\",\"null\"],\"enum\":[\"paid\",\"void\",null]" },
        { .samples = SIX("\"paid\"", "\"void\"") "\n1", .schema = "\"type\":[\"string\",\"integer\"]" },
        { .samples = SIX("\"paid\"", "\"void\"") "\n\"open\"\n\"paid\"\n\"paid\"", .schema = PLAIN }, /* seen once */
        { .samples = "\"paid\"\n\"void\"\n\"void\"\n\"paid\"\n\"void\"", .schema = PLAIN },           /* too few */
        { .samples = SIX("\"paid\"", "\"paid\""), .schema = PLAIN },                                  /* one only */
        { .samples = SIX("\"not paid\"", "\"void\""), .schema = PLAIN },
        { .samples = SIX("\"cus_NffrFeUf2\"", "\"cus_AbcdEfg3\""), .schema = PLAIN },
        { .samples = SIX("\"order-1001\"", "\"order-1002\""), .schema = PLAIN },
        { .samples = SIX("\"2024-05-01\"", "\"2024-05-02\""), .schema = FORMAT("date") },
        { .samples = SIX("\"paid\"", "\"void\""), .schema = PLAIN, .options = { .enum_max = 1 } },
    };
    const struct infer_options none = { .enum_max = 0 };
    char *text = strdup(SIX("\"paid\"", "\"void\"")), *samples[10], *got;

    (void)state;
    CHECK_ROWS(rows);
    got = learn(&none, NULL, samples, split(text, samples));
    assert_null(strstr(got, "enum"));
    free(got);
    free(text);
}

static void test_ranges(void **state)
{
    const struct row rows[] = {
        { .samples = "5\n-1.5\n1e1", .schema = "\"type\":\"number\",\"minimum\":-1.5,\"maximum\":1e1",
          .options = { .ranges = true } },
        { .samples = "1.0\n1\n10e-1", .schema = "\"type\":\"integer\",\"minimum\":1,\"maximum\":1",
          .options = { .ranges = true } },
        { .samples = "9007199254740993\n9007199254740992\n1e400",
          .schema = "\"type\":\"integer\",\"minimum\":9007199254740992,\"maximum\":1e400",
          .options = { .ranges = true } },
        { .samples = "\"äö\"\n\"a b c\"", .schema = PLAIN ",\"minLength\":2,\"maxLength\":5",
          .options = { .ranges = true } },
        { .samples = "[1,2]\n[]",
          .schema = "\"type\":\"array\",\"maxItems\":2,\"items\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":2}",
          .options = { .ranges = true } },
        { .samples = "{\"a\":{}}",
          .schema = "\"title\":\"T \\\"1\\\"\",\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"object\","
                    "\"additionalProperties\":false}},\"required\":[\"a\"],\"additionalProperties\":false",
          .options = { .closed = true, .title = SLICE("T \"1\"") } },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_ids(void **state)
{
    const struct row rows[] = {
        { .samples = "{\"1001\":{\"n\":1},\"1002\":{\"n\":2},\"1003\":{}}",
          .schema = "\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\",\"properties\":{\"n\":{"
                    "\"type\":\"integer\"}}}" },
        { .samples = "{\"1\":[\"a\",\"a\",\"b\",\"b\"],\"2\":[\"a\",\"b\"],\"3\":[\"no word\"]}",
          .schema = "\"type\":\"object\",\"additionalProperties\":{\"type\":\"array\",\"items\":{" PLAIN "}}" },
        { .samples = "{\"1\":[\"no word\"],\"2\":[\"a\",\"b\"],\"3\":[\"a\",\"a\",\"b\",\"b\"]}",
          .schema = "\"type\":\"object\",\"additionalProperties\":{\"type\":\"array\",\"items\":{" PLAIN "}}" },
        { .samples = "{\"1001\":1,\"1002\":2,\"total\":3}",
          .schema = "\"type\":\"object\",\"properties\":{\"1001\":{\"type\":\"integer\"},\"1002\":{\"type\":"
                    "\"integer\"},\"total\":{\"type\":\"integer\"}},\"required\":[\"1001\",\"1002\",\"total\"]" },
    };

    (void)state;
    CHECK_ROWS(rows);
}

/* n objects with `each` members of names that never come back, and `always` in front. */
static char *many_names(unsigned n, unsigned each, const char *always)
{
    char *samples[600], *got;

    for (unsigned s = 0; s < n; s++) {
        struct buf b;

        buf_init(&b, TEXT_MAX);
        buf_printf(&b, "{%s", always);
        for (unsigned m = 0; m < each; m++)
            buf_printf(&b, "%s\"name-%c%u\":%u", m || *always ? "," : "", 'a' + (char)(m % 26), s * each + m, m);
        buf_putc(&b, '}');
        samples[s] = buf_take(&b, NULL);
    }
    got = learn(&USUAL, NULL, samples, n);
    assert_int_equal(count_valid(got, samples, n), n);
    for (unsigned s = 0; s < n; s++)
        free(samples[s]);
    compact(got);
    return got;
}

static void test_many_names(void **state)
{
    const char *map = "{" DIALECT ",\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}";
    char *got;

    (void)state;
    got = many_names(10, 6, ""); /* 60 names, each in one of ten */
    assert_string_equal(got, map);
    free(got);
    got = many_names(10, 6, "\"id\":1"); /* a record with one name in all */
    assert_non_null(strstr(got, "\"required\":[\"id\"]"));
    free(got);
    got = many_names(3, 20, "");
    assert_non_null(strstr(got, "\"properties\""));
    free(got);
    got = many_names(1, 501, ""); /* beyond what is kept by name */
    assert_string_equal(got, map);
    free(got);
}

/* Maps within a map: one by the number of its names, one by what both have together. */
static void test_maps_joined(void **state)
{
    static const struct {
        unsigned names;
        const char *value;
    } maps[] = { { 501, "1" }, { 300, "null" }, { 300, "[\"a b\"]" } };
    char *sample, *got;
    struct buf b;

    (void)state;
    buf_init(&b, TEXT_MAX);
    for (unsigned k = 0; k < 3; k++) {
        buf_printf(&b, "%c\"%u\":{\"n\":%s", k ? ',' : '{', k, maps[k].value);
        for (unsigned n = 0; n < maps[k].names; n++)
            buf_printf(&b, ",\"n%u.%u\":%s", k, n, maps[k].value);
        buf_putc(&b, '}');
    }
    buf_putc(&b, '}');
    sample = buf_take(&b, NULL);
    got = learn(&USUAL, NULL, &sample, 1);
    assert_int_equal(count_valid(got, &sample, 1), 1);
    compact(got);
    assert_string_equal(got, "{" DIALECT ",\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\","
                             "\"additionalProperties\":{\"type\":[\"array\",\"integer\",\"null\"],\"items\":"
                             "{\"type\":\"string\"}}}}");
    free(sample);
    free(got);
}

static void test_merge(void **state)
{
    const struct row rows[] = {
        { .base = "{\"type\":\"integer\"}", .samples = "1.5\nnull", .schema = "\"type\":[\"number\",\"null\"]" },
        { .base = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"title\":\"A\"}},"
                  "\"required\":[\"a\",\"z\"]}",
          .samples = "{\"a\":null,\"b\":1}",
          .schema = "\"type\":\"object\",\"properties\":{\"a\":{\"title\":\"A\",\"type\":[\"string\",\"null\"]},\"b\":{"
                    "\"type\":\"integer\"}},\"required\":[\"a\"]" },
        { .base = "{\"enum\":[\"in x\",\"b\"]}", .samples = "\"c\"",
          .schema = PLAIN ",\"enum\":[\"b\",\"c\",\"in x\"]" },
        { .base = "{\"const\":\"a\"}", .samples = "\"a\"", .schema = PLAIN ",\"const\":\"a\"" },
        { .base = "{\"const\":\"a\"}", .samples = "null",
          .schema = "\"type\":[\"string\",\"null\"],\"enum\":[\"a\",null]" },
        { .base = "{\"enum\":[\"a\",\"b\"]}", .samples = "\"no word\"", .schema = PLAIN },
        { .base = "{\"enum\":[\"a\",\"b\"]}", .samples = "\"c\"", .schema = PLAIN, .options = { .enum_max = 2 } },
        { .base = "{\"type\":\"string\"}", .samples = SIX("\"a\"", "\"b\""), .schema = PLAIN },
        { .base = "{\"type\":\"null\"}", .samples = SIX("\"a\"", "\"b\""),
          .schema = "\"type\":[\"string\",\"null\"],\"enum\":[\"a\",\"b\",null]" },
        { .base = "{\"type\":\"string\",\"format\":\"ipv4\"}", .samples = "\"1.2.3.4\"", .schema = FORMAT("ipv4") },
        { .base = "{\"type\":\"string\",\"format\":\"ipv4\"}", .samples = "\"x y\"", .schema = PLAIN },
        { .base = "{\"type\":\"string\"}", .samples = "\"2024-05-01\"", .schema = PLAIN },
        { .base = "{\"type\":\"integer\",\"minimum\":0}", .samples = "-3\n7",
          .schema = "\"type\":\"integer\",\"minimum\":-3" },
        { .base = "{\"type\":\"integer\",\"minimum\":0}", .samples = "3\n\"a b\"",
          .schema = "\"type\":[\"string\",\"integer\"],\"minimum\":0,\"minLength\":3,\"maxLength\":3",
          .options = { .ranges = true } },
        { .base = "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}", .samples = "{\"x\":null}",
          .schema = "\"type\":\"object\",\"additionalProperties\":{\"type\":[\"integer\",\"null\"]}" },
        { .base = "{\"properties\":{\"a\":true,\"b\":{\"description\":\"B\"}},\"additionalProperties\":false}",
          .samples = "{\"a\":1,\"b\":2,\"c\":3}",
          .schema = "\"properties\":{\"a\":{},\"b\":{\"description\":\"B\"},\"c\":{\"type\":\"integer\"}},"
                    "\"additionalProperties\":false" },
        { .base = "{\"$id\":\"https://x/y\",\"title\":\"Old\",\"examples\":[{\"a\":[]}],\"type\":\"array\"}",
          .samples = "[1]",
          .schema = "\"$id\":\"https://x/y\",\"title\":\"Old\",\"examples\":[{\"a\":[]}],\"type\":\"array\","
                    "\"items\":{\"type\":\"integer\"}" },
        { .base = "{\"title\":\"Old\",\"type\":\"null\"}", .samples = "null",
          .schema = "\"title\":\"New\",\"type\":\"null\"", .options = { .title = SLICE("New") } },
        { .base = "true", .samples = "1", .schema = "" },
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_merge_refused(void **state)
{
    const struct {
        const char *base, *says;
    } rows[] = {
        { "{\"properties\":{\"a/b\":{\"items\":{\"pattern\":\"x\"}}}}",
          "\"pattern\" cannot be merged with (#/properties/a~1b/items/pattern): infer knows type, " },
        { "{\"$ref\":\"#\"}", "\"$ref\" cannot" },
        { "{\"items\":{\"$id\":\"x\"}}", "(#/items/$id)" },
        { "{\"enum\":[\"a\",1]}", "an enum of more than strings and null cannot be merged with (#/enum/1)" },
        { "{\"type\":\"integer\",\"enum\":[\"a\"]}", "no value of its type" },
        { "{\"items\":[true]}", "a list of schemas cannot be merged with (#/items)" },
        { "false", "false cannot" },
        { "{\"type\":\"string\",\"format\":\"colour\"}", "an unknown format cannot be merged with (#/format)" },
    };

    (void)state;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        struct infer *i = infer_new(&USUAL);
        struct json_doc d;
        struct err e;
        uint32_t at = JSON_NONE;

        case_parse(&d, rows[k].base);
        assert_int_equal(infer_merge(i, &d, &at, &e), -1);
        assert_true(at < d.count);
        if (!strstr(e.text, rows[k].says))
            fail_msg("\"%s\" does not say \"%s\"", e.text, rows[k].says);
        infer_free(i);
        json_doc_clear(&d);
    }
}

static void test_too_many_places(void **state)
{
    struct infer *i = infer_new(&USUAL);
    struct json_doc d;
    struct buf b;
    struct err e;

    (void)state;
    buf_init(&b, TEXT_MAX);
    for (int n = 0; n < 200; n++) {
        buf_printf(&b, "%s\"a%d\":{", n ? "," : "{", n);
        for (int m = 0; m < 400; m++)
            buf_printf(&b, "%s\"b%d\":0", m ? "," : "", m);
        buf_putc(&b, '}');
    }
    buf_putc(&b, '}');
    case_parse(&d, b.ptr);
    assert_int_equal(infer_add(i, &d, 0, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    json_doc_clear(&d);
    buf_clear(&b);
    infer_free(i);
}

/* Random documents: what is in them depends on one seed, the order of their members on another. */
struct gen {
    uint64_t what, order;
    bool ids, empties;
    unsigned depth; /* where the outermost object counts from: 3 is flat */
};

static unsigned roll(uint64_t *seed, unsigned n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (unsigned)(*seed >> 33) % n;
}

static void put_scalar(struct gen *g, struct buf *b)
{
    static const char *const texts[] = {
        "null", "true", "false", "0", "-0", "1", "1.0", "1e0", "2.5", "-7", "1e300", "12345678901234567890",
        "\"a\"", "\"b\"", "\"b\"", "\"\\u0062\"", "\"not a word\"", "\"2024-05-01T10:00:00Z\"", "\"2024-05-01\"",
        "\"0190a6e2-7b3c-7def-8123-456789abcdef\"", "\"https://example.com/a\"", "\"x@example.com\"", "\"\"",
    };

    buf_puts(b, texts[roll(&g->what, sizeof texts / sizeof texts[0])]);
}

static void put_random(struct gen *g, struct buf *b, unsigned depth);

static void put_object(struct gen *g, struct buf *b, unsigned depth)
{
    static const char *const names[] = { "a", "b", "c", "\\u0064", "e f", "1", "22", "333", "4444" };
    unsigned n_names = g->ids ? 9 : 5, n = 0;
    char *members[9];

    for (unsigned k = 0; k < n_names; k++) {
        struct buf m;

        if (roll(&g->what, 4) == 0)
            continue;
        buf_init(&m, TEXT_MAX);
        buf_printf(&m, "\"%s\":", names[k]);
        put_random(g, &m, depth);
        members[n++] = buf_take(&m, NULL);
    }
    buf_putc(b, '{');
    for (bool first = true; n > 0; first = false) {
        unsigned k = roll(&g->order, n);

        buf_puts(b, first ? "" : ",");
        buf_puts(b, members[k]);
        free(members[k]);
        members[k] = members[--n];
    }
    buf_putc(b, '}');
}

static void put_random(struct gen *g, struct buf *b, unsigned depth)
{
    unsigned kind = depth > 2 ? 9 : roll(&g->what, 10);

    if (kind < 4) {
        put_object(g, b, depth + 1);
    } else if (kind < 6) {
        unsigned n = roll(&g->what, 4) + !g->empties;

        buf_putc(b, '[');
        for (unsigned k = 0; k < n; k++) {
            buf_puts(b, k ? "," : "");
            put_random(g, b, depth + 1);
        }
        buf_putc(b, ']');
    } else {
        put_scalar(g, b);
    }
}

#define DOCS 24

static void make_docs(struct gen g, char **docs)
{
    for (int k = 0; k < DOCS; k++) {
        struct buf b;

        buf_init(&b, TEXT_MAX);
        put_object(&g, &b, g.depth);
        docs[k] = buf_take(&b, NULL);
    }
}

static void free_docs(char **docs)
{
    for (int k = 0; k < DOCS; k++)
        free(docs[k]);
}

static void shuffle(char **docs, uint64_t seed)
{
    for (unsigned k = DOCS - 1; k > 0; k--) {
        unsigned other = roll(&seed, k + 1);
        char *keep = docs[k];

        docs[k] = docs[other];
        docs[other] = keep;
    }
}

static struct infer_options options_of(uint64_t seed)
{
    return (struct infer_options){ .enum_max = seed % 2 ? INFER_ENUM_MAX : 0,
                                   .ranges = seed % 3 == 0,
                                   .closed = seed % 5 == 0 };
}

static void test_order_does_not_show(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct gen g = { .what = seed * 0x9e3779b97f4a7c15, .order = 1, .ids = seed % 2 == 0, .empties = true };
        struct infer_options o = options_of(seed);
        char *docs[DOCS], *others[DOCS], *a, *b;

        make_docs(g, docs);
        g.order = 77;
        make_docs(g, others);
        shuffle(others, seed);
        a = learn(&o, NULL, docs, DOCS);
        b = learn(&o, NULL, others, DOCS);
        assert_string_equal(a, b);
        assert_int_equal(count_valid(a, docs, DOCS), DOCS);
        free(a);
        free(b);
        free_docs(docs);
        free_docs(others);
    }
}

/* The documents as one array, or as one object whose names begin with `name`. */
static char *gather(char *const *docs, char open, const char *name, char close)
{
    struct buf b;

    buf_init(&b, TEXT_MAX);
    buf_putc(&b, open);
    for (unsigned k = 0; k < DOCS; k++) {
        buf_puts(&b, k ? "," : "");
        if (name)
            buf_printf(&b, "\"%s%u\":", name, k);
        buf_puts(&b, docs[k]);
    }
    buf_putc(&b, close);
    return buf_take(&b, NULL);
}

/* The values of a map, joined when it turns out to be one, say what elements of an array say. */
static void test_joined_is_seen_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct gen g = { .what = seed * 0x9e3779b97f4a7c15, .order = 1, .ids = seed % 2 == 0, .empties = true };
        struct infer_options o = options_of(seed);
        char *docs[DOCS], *array, *map, *a, *b;

        make_docs(g, docs);
        array = gather(docs, '[', NULL, ']');
        map = gather(docs, '{', "100", '}');
        a = learn(&o, NULL, &array, 1);
        b = learn(&o, NULL, &map, 1);
        assert_int_equal(count_valid(b, &map, 1), 1);
        assert_non_null(strstr(a, "\"items\": {"));
        assert_string_equal(strstr(b, "\"additionalProperties\": {") + 24, strstr(a, "\"items\": {") + 9);
        free(array);
        free(map);
        free(a);
        free(b);
        free_docs(docs);
    }
}

/* Half of the samples, then the others merged in, is all at once; where enums and ids depend on no count. */
static void test_merge_is_more_samples(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct gen g = { .what = seed * 0x9e3779b97f4a7c15, .order = 1, .empties = true };
        struct infer_options o = options_of(seed);
        char *docs[DOCS], *all, *half, *both, *again;

        o.enum_max = 0;
        make_docs(g, docs);
        all = learn(&o, NULL, docs, DOCS);
        half = learn(&o, NULL, docs, DOCS / 2);
        both = learn(&o, half, docs + DOCS / 2, DOCS / 2);
        assert_string_equal(both, all);
        again = learn(&o, all, docs, DOCS);
        assert_string_equal(again, all);
        free(all);
        free(half);
        free(both);
        free(again);
        free_docs(docs);
    }
}

/* What the older schema accepts, the merged one accepts; and the samples of both. */
static void test_merge_only_widens(void **state)
{
    size_t accepted = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct gen g = { .what = seed * 0x9e3779b97f4a7c15, .order = 1, .ids = seed % 2 == 0 };
        struct infer_options o = options_of(seed);
        char *docs[DOCS], *strangers[DOCS], *old, *merged;
        bool before[DOCS], after[DOCS];

        o.closed = true;
        make_docs(g, docs);
        g.what = seed + 12345;
        g.depth = 3;
        make_docs(g, strangers);
        old = learn(&o, NULL, docs, DOCS / 2);
        merged = learn(&o, old, docs + DOCS / 2, DOCS / 2);
        assert_int_equal(count_valid(merged, docs, DOCS), DOCS);
        accepted += check_valid(old, strangers, DOCS, before);
        check_valid(merged, strangers, DOCS, after);
        for (int k = 0; k < DOCS; k++)
            if (before[k] && !after[k])
                fail_msg("%s\naccepts %s\nbut merged with more samples it does not:\n%s", old, strangers[k], merged);
        free(old);
        free(merged);
        free_docs(docs);
        free_docs(strangers);
    }
    assert_true(accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_enums),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_maps_joined),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_refused),
        cmocka_unit_test(test_too_many_places),
        cmocka_unit_test(test_order_does_not_show),
        cmocka_unit_test(test_joined_is_seen_at_once),
        cmocka_unit_test(test_merge_is_more_samples),
        cmocka_unit_test(test_merge_only_widens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
