/* A bundle, compiled alone, says of every instance what the documents said that it is made of. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "cases.h"
#include "schema/bundle.h"

#define D7 SCHEMA_DRAFT_7
#define D19 SCHEMA_DRAFT_2019_09
#define D20 SCHEMA_DRAFT_2020_12
#define S7 "\"$schema\":\"http://json-schema.org/draft-07/schema#\""
#define S19 "\"$schema\":\"https://json-schema.org/draft/2019-09/schema\""
#define S20 "\"$schema\":\"https://json-schema.org/draft/2020-12/schema\""
#define ROOT "file:///home/me/s/root.json"
#define BUNDLE SLICE("https://elsewhere.example/bundle.json")

enum { DOCUMENTS_MAX = 5, INSTANCES_MAX = 6 };

struct bundling {
    const char *what;
    enum schema_draft draft;
    struct {
        const char *uri, *text;
    } documents[DOCUMENTS_MAX]; /* the root first */
    const char *valid[INSTANCES_MAX], *invalid[INSTANCES_MAX];
    const char *holds[INSTANCES_MAX];
    const char *lacks[INSTANCES_MAX];
};

static const struct bundling bundlings[] = {
    { "relative references, of documents without $id",
      D20,
      { { ROOT, "{\"properties\":{\"a\":{\"$ref\":\"part/a.json\"},\"b\":{\"$ref\":\"./b.json#/$defs/b\"}}}" },
        { "file:///home/me/s/part/a.json", "{\"items\":{\"$ref\":\"../b.json#/$defs/b\"}}" },
        { "file:///home/me/s/b.json", "{\"$defs\":{\"b\":{\"type\":\"integer\"}}}" },
        { "file:///home/me/s/unused.json", "{\"title\":\"unused\"}" } },
      { "{\"a\":[1],\"b\":2}", "{\"a\":{}}" },
      { "{\"a\":[\"x\"]}", "{\"b\":\"x\"}" },
      { "{" S20 ",\"$id\":\"https://bundle.invalid/root.json\",\"properties\":{\"a\":{\"$ref\":\"part/a.json\"},",
        "\"$defs\":{\"https://bundle.invalid/part/a.json\":{\"$id\":\"https://bundle.invalid/part/a.json\",",
        "\"$ref\":\"../b.json#/$defs/b\"" },
      { "unused" } },
    { "folders above the root's keep their names to themselves",
      D20,
      { { ROOT, "{\"$ref\":\"../common/c.json\"}" },
        { "file:///home/me/common/c.json", "{\"allOf\":[{\"$ref\":\"d.json\"},{\"$ref\":\"/usr/e.json\"}]}" },
        { "file:///home/me/common/d.json", "{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"array\",\"items\":{\"$ref\":\"../s/root.json\"}}]}" },
        { "file:///usr/e.json", "{\"maxItems\":1}" } },
      { "null", "[null]", "[[null]]" },
      { "1", "[1]", "[null,null]" },
      { "\"https://up1.bundle.invalid/common/c.json\"", "\"$ref\":\"d.json\"", "https://up3.bundle.invalid/usr/e.json",
        "{\"$ref\":\"https://bundle.invalid/root.json\"}" },
      { "/me/", "/home/" } },
    { "an absolute $id behind a file's name, anchors, and an embedded resource",
      D20,
      { { ROOT, "{\"$defs\":{\"mine\":true},\"properties\":{\"a\":{\"$ref\":\"c.json#here\"},"
                "\"b\":{\"$ref\":\"c.json#/$defs/in/$defs/deep\"},\"c\":{\"$ref\":\"https://x.example/in\"},"
                "\"d\":{\"$ref\":\"own.json#/$defs/n\"}}}" },
        { "file:///home/me/s/c.json", "{\"$defs\":{\"h\":{\"$anchor\":\"here\",\"type\":\"string\"},\"in\":"
                                      "{\"$id\":\"https://x.example/in\",\"$ref\":\"#/$defs/deep\",\"$defs\":"
                                      "{\"deep\":{\"const\":1.50e+1}}}}}" },
        { "file:///home/me/s/own.json",
          "{\"$id\":\"https://x.example/own\",\"$defs\":{\"n\":{\"$ref\":\"sibling#s\"}}}" },
        { "file:///home/me/s/sib.json",
          "{\"$id\":\"https://x.example/sibling\",\"$defs\":{\"s\":{\"$anchor\":\"s\",\"type\":\"null\"}}}" } },
      { "{\"a\":\"x\",\"b\":15,\"c\":15,\"d\":null}" },
      { "{\"a\":1}", "{\"b\":1}", "{\"c\":1}", "{\"d\":1}" },
      { "\"$ref\":\"c.json#here\"", "\"$ref\":\"https://x.example/own#/$defs/n\"", "\"$ref\":\"sibling#s\"",
        "\"$defs\":{\"mine\":true,\"https://bundle.invalid/c.json\":{\"$id\":\"https://bundle.invalid/c.json\",",
        "1.50e+1" },
      { NULL } },
    { "relative $ids, of documents and within them",
      D19,
      { { ROOT, "{\"$id\":\"../r/root\",\"items\":{\"$ref\":\"other\"},\"additionalProperties\":{\"$ref\":\"in/x\"}}" },
        { "file:///home/me/s/o.json", "{\"$id\":\"../r/other\",\"anyOf\":[{\"$id\":\"in/x\",\"type\":\"null\"},"
                                      "{\"$id\":\"/top\",\"type\":\"string\"},{\"$ref\":\"/top#\"}]}" } },
      { "[null,\"x\"]", "{\"a\":null}" },
      { "[1]", "{\"a\":\"x\"}" },
      { "\"$id\":\"https://up1.bundle.invalid/r/root\"", "\"$ref\":\"other\"",
        "\"$id\":\"https://up3.bundle.invalid/top\"", "\"$ref\":\"https://up3.bundle.invalid/top\"" },
      { NULL } },
    { "file:// URIs written by people",
      D20,
      { { ROOT, "{\"items\":{\"$ref\":\"file:///home/me/s/a.json\"},\"$defs\":{\"x\":{\"$ref\":\"missing.json\"}}}" },
        { "file:///home/me/s/a.json", "{\"$id\":\"file:///srv/a\",\"type\":\"null\"}" } },
      { "[null]" },
      { "[1]" },
      { "\"$ref\":\"https://up3.bundle.invalid/srv/a\"", "\"$ref\":\"missing.json\"" },
      { "/me/" } },
    { "documents that are true or false",
      D20,
      { { ROOT, "{\"properties\":{\"a\":{\"$ref\":\"no.json\"},\"b\":{\"$ref\":\"yes.json\"}}}" },
        { "file:///home/me/s/no.json", " false\n" },
        { "file:///home/me/s/yes.json", "true" } },
      { "{\"b\":1}" },
      { "{\"a\":1}" },
      { "{ \"$id\": \"https://bundle.invalid/no.json\", \"allOf\": [false] }" },
      { NULL } },
    { "a root that is false", D20, { { ROOT, "false" } }, { NULL }, { "1" }, { "[false]\n}\n" }, { NULL } },
    { "an empty root", D7, { { ROOT, "{ }" } }, { "1" }, { NULL }, { "root.json\" }\n" }, { NULL } },
    { "draft-07: a root that is $ref, beside definitions",
      D20,
      { { ROOT, "{" S7 ",\"$ref\":\"#/definitions/a\",\"definitions\":{\"a\":{\"items\":{\"$ref\":\"b.json\"}}}}" },
        { "file:///home/me/s/b.json", "{" S7 ",\"$id\":\"http://x.example/b#\",\"$ref\":\"#/definitions/n\","
                                      "\"definitions\":{\"n\":{\"type\":\"null\"}}}" } },
      { "[null]" },
      { "[1]" },
      { "," S7 ",\"allOf\":[{\"$ref\":\"#/definitions/a\"}],\"definitions\":{\"a\":", "\"$id\":\"http://x.example/b#\"",
        "\"$ref\":\"http://x.example/b\"" },
      { NULL } },
    { "draft-07: what is ignored beside $ref stays ignored, and can be pointed to",
      D7,
      { { ROOT, "{\"$ref\":\"b.json\",\"type\":\"null\",\"definitions\":{\"x\":{\"$ref\":\"b.json#/not\"}}}" },
        { "file:///home/me/s/b.json", "{\"$id\":\"http://x.example/b\",\"$ref\":\"c.json\",\"not\":{\"type\":\"null\"}," S7 "}" },
        { "file:///home/me/s/c.json",
          "{\"$id\":\"http://x.example/c.json\",\"items\":{\"$ref\":\"http://x.example/b#/not\"},\"additionalProperties\":"
          "{\"$ref\":\"file:///home/me/s/root.json#/definitions/x\"}}" } },
      { "[null]", "1", "{\"a\":null}" },
      { "[1]", "{\"a\":1}" },
      { "\"allOf\": [{\"$ref\":\"http://x.example/b\", \"type\":\"null\",", "http://x.example/b#/allOf/0/not\"",
        "\"https://bundle.invalid/root.json#/allOf/0/definitions/x\"" },
      { NULL } },
    { "draft-07: an $id that is an anchor",
      D7,
      { { ROOT, "{\"items\":{\"$ref\":\"b.json#b\"},\"additionalProperties\":{\"$ref\":\"b.json#/definitions/n\"}}" },
        { "file:///home/me/s/b.json",
          "{\"$id\":\"#b\",\"type\":\"array\",\"items\":{\"$ref\":\"#n\"},\"definitions\":{\"n\":{\"$id\":\"#n\",\"type\":\"null\"}}}" } },
      { "[[null]]", "{\"a\":null}" },
      { "[[1]]", "[1]", "{\"a\":1}" },
      { "\"$ref\":\"b.json#b\"", "https://bundle.invalid/b.json#/allOf/0/definitions/n\"" },
      { NULL } },
    { "other drafts within: their $schema, and $ref's neighbours in a draft-07 root",
      D20,
      { { ROOT, "{" S7 ",\"definitions\":{\"https://bundle.invalid/n.json\":{}},\"items\":[{\"$ref\":\"n.json\"},"
                "{\"$ref\":\"n.json\"}]}" },
        { "file:///home/me/s/n.json", "{\"$ref\":\"o.json\",\"prefixItems\":[{\"type\":\"null\"}]}" },
        { "file:///home/me/s/o.json", "{" S19 ",\"items\":[true,{\"type\":\"string\"}],\"unevaluatedItems\":false}" } },
      { "[[null,\"x\"]]" },
      { "[[1]]", "[null,[null,1]]", "[[null,\"x\",1]]" },
      { "\"definitions\":{\"https://bundle.invalid/n.json\":{},\"https://bundle.invalid/n.json 1.0\":{" S20,
        "\"allOf\":[{\"$ref\":\"o.json\"}],\"prefixItems\"" },
      { NULL } },
    { "$dynamicRef across files",
      D20,
      { { ROOT, "{\"$dynamicAnchor\":\"node\",\"$ref\":\"tree.json\",\"unevaluatedProperties\":false}" },
        { "file:///home/me/s/tree.json",
          "{\"$dynamicAnchor\":\"node\",\"properties\":{\"v\":true,\"c\":{\"items\":{\"$dynamicRef\":\"#node\"}},"
          "\"l\":{\"$dynamicRef\":\"list.json#entry\"}}}" },
        { "file:///home/me/s/list.json", "{\"$id\":\"https://x.example/list\",\"$defs\":{\"e\":{\"$dynamicAnchor\":\"entry\","
                                         "\"type\":\"null\"}}}" } },
      { "{\"v\":1,\"c\":[{\"v\":1}]}", "{\"l\":null}" },
      { "{\"x\":1}", "{\"c\":[{\"x\":1}]}", "{\"l\":1}" },
      { "\"$dynamicRef\":\"#node\"", "\"$dynamicRef\":\"https://x.example/list#entry\"" },
      { NULL } },
    { "$recursiveRef across files",
      D19,
      { { ROOT, "{\"$recursiveAnchor\":true,\"$ref\":\"tree.json\",\"unevaluatedProperties\":false}" },
        { "file:///home/me/s/tree.json",
          "{\"$recursiveAnchor\":true,\"properties\":{\"c\":{\"items\":{\"$recursiveRef\":\"#\"}}}}" } },
      { "{\"c\":[{\"c\":[]}]}" },
      { "{\"x\":1}", "{\"c\":[{\"x\":1}]}" },
      { "\"$recursiveRef\":\"#\"", S19 },
      { NULL } },
    { "a dialect of somebody's own, without its validation vocabulary",
      D20,
      { { ROOT, "{\"$schema\":\"file:///home/me/s/meta.json\",\"type\":\"null\",\"items\":{\"$ref\":\"n.json\"}}" },
        { "file:///home/me/s/meta.json",
          "{" S20 ",\"$id\":\"https://x.example/meta\",\"$vocabulary\":{\"https://json-schema.org/draft/2020-12/vocab/core\":true,"
          "\"https://json-schema.org/draft/2020-12/vocab/applicator\":true},\"$dynamicAnchor\":\"meta\","
          "\"$ref\":\"https://json-schema.org/draft/2020-12/meta/core\"}" },
        { "file:///home/me/s/n.json", "{\"type\":\"null\"}" } },
      { "1", "[null]" },
      { "[1]" },
      { "root.json\",\"$schema\":\"https://x.example/meta\",", "{" S20 ",\"$id\":\"https://bundle.invalid/n.json\"" },
      { "\"https://json-schema.org/draft/2020-12/schema\":{" } },
    { "texts, numbers and keywords' look-alikes are copied as they are",
      D20,
      { { ROOT, "{\n  \"const\" : { \"$ref\":\"b.json\", \"n\":1.000000000000000000000001e-7 },\n  \"x\": \"\\u00e4\\/\",\n"
                "  \"\\u0024ref\": \"b.json#/\\u0024defs/b\"\n}\n" },
        { "file:///home/me/s/b.json", "{\"$id\":\"https://x.example/b\",\"$defs\":{\"b\":{\"maximum\":1E400}}}" } },
      { "{\"$ref\":\"b.json\",\"n\":1.000000000000000000000001e-7}" },
      { "{\"$ref\":\"b.json\",\"n\":1e-7}", "2" },
      { "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"$id\": \"https://bundle.invalid/root.json\","
        "\n  \"const\" : { \"$ref\":\"b.json\", \"n\":1.000000000000000000000001e-7 },\n  \"x\": \"\\u00e4\\/\",\n"
        "  \"\\u0024ref\": \"https://x.example/b#/$defs/b\",\n  \"$defs\": {\n",
        "1E400" },
      { NULL } },
    { "draft-07: an $id that is ignored",
      D7,
      { { ROOT, "{\"$ref\":\"#/definitions/a\",\"definitions\":{\"a\":{\"$id\":\"http://x.example/y/\",\"items\":"
                "{\"$ref\":\"n.json\"}}}}" },
        { "file:///home/me/s/n.json", "{\"type\":\"null\"}" } },
      { "[null]" },
      { "[1]" },
      { "#/allOf/0/definitions/a" },
      { NULL } },
    { "a copy counts as the same document",
      D20,
      { { ROOT, "{\"items\":{\"$ref\":\"a.json\"},\"additionalProperties\":{\"$ref\":\"copy.json\"}}" },
        { "file:///home/me/s/a.json", "{\"$id\":\"https://x.example/a\",\"type\":\"null\"}" },
        { "file:///home/me/s/copy.json", "{\"$id\":\"https://x.example/a\",\"type\":\"null\"}" } },
      { "[null]", "{\"a\":null}" },
      { "[1]", "{\"a\":1}" },
      { "\"$ref\":\"https://x.example/a\"" },
      { "copy.json" } },
    { "a host that is taken",
      D20,
      { { ROOT, "{\"$id\":\"https://bundle.invalid/a.json\",\"items\":{\"$ref\":\"file:///home/me/s/a.json\"}}" },
        { "file:///home/me/s/a.json", "{\"type\":\"null\"}" } },
      { "[null]" },
      { "[1]" },
      { "\"$ref\":\"https://bundle2.invalid/a.json\"" },
      { NULL } },
    { "standard meta-schemas, a file of one too",
      D20,
      { { ROOT, "{\"items\":{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"},"
                "\"additionalProperties\":{\"$ref\":\"draft.json\"}}" },
        { "file:///home/me/s/draft.json", "{\"$id\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"mine\","
                                          "\"type\":[\"object\",\"boolean\"]}" } },
      { "[{}]", "{\"a\":true}" },
      { "[1]", "{\"a\":1}" },
      { "\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}}" },
      { "mine" } },
};

static void add(struct schema_set *set, const char *uri, const char *text)
{
    struct err e;

    if (schema_set_add(set, slice_z(uri), slice_z(strrchr(uri, '/') + 1), slice_z(text), &e))
        fail_msg("%s", e.text);
}

static struct schema_set *set_of(const struct bundling *row)
{
    struct schema_set *set = schema_set_new();

    for (int i = 0; i < DOCUMENTS_MAX && row->documents[i].uri; i++)
        add(set, row->documents[i].uri, row->documents[i].text);
    return set;
}

static void assert_verdict(const struct bundling *row, const struct schema *s, const char *instance,
                           enum schema_verdict verdict)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct json_doc d;

    case_parse(&d, instance);
    if (schema_check(s, &d, 0, scratch) != verdict)
        fail_msg("%s: %s should be %s", row->what, instance, verdict == SCHEMA_VALID ? "valid" : "invalid");
    json_doc_clear(&d);
    schema_scratch_free(scratch);
}

static void assert_verdicts(const struct bundling *row, struct schema_set *set, struct slice uri,
                            enum schema_draft draft)
{
    struct schema_options options = { .draft = draft };
    struct err e;
    struct schema *s = schema_compile(set, uri, &options, &e);

    if (!s)
        fail_msg("%s: %s", row->what, e.text);
    for (int i = 0; i < INSTANCES_MAX && row->valid[i]; i++)
        assert_verdict(row, s, row->valid[i], SCHEMA_VALID);
    for (int i = 0; i < INSTANCES_MAX && row->invalid[i]; i++)
        assert_verdict(row, s, row->invalid[i], SCHEMA_INVALID);
    schema_unref(s);
}

static void bundle(struct schema_set *set, enum schema_draft draft, struct buf *out)
{
    struct schema_options options = { .draft = draft };
    struct err e;

    if (schema_bundle(set, SLICE(ROOT), &options, out, &e))
        fail_msg("%s\n%s", e.text, out->len ? out->ptr : "");
}

static void test_same_verdicts(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < sizeof bundlings / sizeof bundlings[0]; i++) {
        const struct bundling *row = &bundlings[i];
        struct schema_set *set = set_of(row), *alone = schema_set_new();
        struct err e;

        assert_verdicts(row, set, SLICE(ROOT), row->draft);
        buf_reset(&text);
        bundle(set, row->draft, &text);
        if (schema_set_add(alone, BUNDLE, SLICE("bundle"), buf_slice(&text), &e))
            fail_msg("%s: %s\n%s", row->what, e.text, text.ptr);
        for (int draft = D7; draft <= D20; draft++) /* it says its own */
            assert_verdicts(row, alone, BUNDLE, (enum schema_draft)draft);
        schema_set_free(alone);
        schema_set_free(set);
        for (int j = 0; j < INSTANCES_MAX && row->holds[j]; j++)
            if (!strstr(text.ptr, row->holds[j]))
                fail_msg("%s: there is no %s in\n%s", row->what, row->holds[j], text.ptr);
        for (int j = 0; j < INSTANCES_MAX && row->lacks[j]; j++)
            if (strstr(text.ptr, row->lacks[j]))
                fail_msg("%s: there is %s in\n%s", row->what, row->lacks[j], text.ptr);
        if (strstr(text.ptr, "file:"))
            fail_msg("%s: file: in\n%s", row->what, text.ptr);
    }
    buf_clear(&text);
}

/* A bundle is a schema like others: its bundle is itself. */
static void test_again(void **state)
{
    struct buf first, second;

    (void)state;
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    for (size_t i = 0; i < sizeof bundlings / sizeof bundlings[0]; i++) {
        struct schema_set *set = set_of(&bundlings[i]), *again = schema_set_new();

        buf_reset(&first);
        buf_reset(&second);
        bundle(set, bundlings[i].draft, &first);
        add(again, ROOT, first.ptr);
        bundle(again, D20, &second);
        assert_string_equal(first.ptr, second.ptr);
        schema_set_free(again);
        schema_set_free(set);
    }
    buf_clear(&first);
    buf_clear(&second);
}

static void assert_refused(struct schema_set *set, const char *uri, size_t max, const char *says)
{
    struct schema_options options = { .draft = D20 };
    struct buf out;
    struct err e;

    buf_init(&out, max);
    assert_int_equal(schema_bundle(set, slice_z(uri), &options, &out, &e), -1);
    if (!strstr(e.text, says))
        fail_msg("\"%s\" does not say \"%s\"", e.text, says);
    buf_clear(&out);
}

static void test_refused(void **state)
{
    struct schema_set *set = schema_set_new();

    (void)state;
    add(set, ROOT, "{\"$ref\":\"missing.json\"}");
    add(set, "file:///s/part.json", "{\"$defs\":{\"a\":{\"$id\":\"https://x.example/a\"}}}");
    add(set, "file:///s/unused.json", "{\"$defs\":{\"a\":{\"$ref\":\"wrong.json\"}}}");
    add(set, "file:///s/wrong.json", "{\"type\":\"strnig\"}");
    assert_refused(set, ROOT, 1000, "root.json#/$ref: nothing here has the URI file:///home/me/s/missing.json");
    assert_refused(set, "file:///s/part.json#/$defs/a", 1000, "only a whole document");
    assert_refused(set, "https://x.example/a", 1000, "is a part of part.json");
    assert_refused(set, "file:///s/part.json", 40, "too large");
    assert_refused(set, "file:///s/unused.json", 1000, "the bundle#/$defs/https:~1~1bundle.invalid~1wrong.json/type: ");
    schema_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_verdicts),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
