/* libFuzzer: any bytes as schema documents, one a line, that may refer to each other; the first is compiled for each of
 * the three drafts, with and without asserting formats. Whatever they hold: a schema, or words with the place. What
 * compiles, compiles to the same size again, whatever the set was asked for in between. */
#include <stdio.h>
#include <stdlib.h>

#include "schema/schema.h"

#define DOCUMENTS_MAX 4

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static void must_say(const struct err *e)
{
    must(e->code != ERR_NONE && e->text[0] != '\0', "a refusal without words");
}

static const struct {
    const char *uri, *name;
} documents[DOCUMENTS_MAX] = {
    { "https://fuzz.example/a", "a.json" },
    { "https://fuzz.example/b", "b.json" },
    { "https://fuzz.example/c/d", "d.json" },
    { "file:///e", "e.json" },
};

/* The set of all documents; false when the first was refused. */
static bool add_all(struct schema_set *set, struct slice rest)
{
    struct slice text;
    bool first = false;

    for (int i = 0; i < DOCUMENTS_MAX && rest.len > 0; i++) {
        struct err e = { 0 };

        slice_cut(rest, '\n', &text, &rest);
        if (schema_set_add(set, slice_z(documents[i].uri), slice_z(documents[i].name), text, &e))
            must_say(&e);
        else if (i == 0)
            first = true;
    }
    return first;
}

static size_t compile(struct schema_set *set, const struct schema_options *options)
{
    struct err e = { 0 };
    struct schema *s = schema_compile(set, slice_z(documents[0].uri), options, &e);
    size_t bytes = 0;

    if (s) {
        bytes = schema_bytes(s);
        must(bytes > 0, "a schema of no size");
    } else {
        must_say(&e);
    }
    schema_unref(s);
    return bytes;
}

#define WAYS 6
static struct schema_options way(int i)
{
    return (struct schema_options){ .draft = (enum schema_draft)(i % 3), .assert_format = i >= 3 };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct schema_set *set = schema_set_new();
    size_t bytes[WAYS];

    if (add_all(set, slice_of(data, size))) {
        for (int i = 0; i < WAYS; i++) {
            struct schema_options options = way(i);

            bytes[i] = compile(set, &options);
        }
        for (int i = WAYS; i-- > 0;) {
            struct schema_options options = way(i);

            must(compile(set, &options) == bytes[i], "another result the second time");
        }
    }
    schema_set_free(set);
    return 0;
}
