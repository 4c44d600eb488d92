/* libFuzzer: YAML into a tree, and the tree against the configuration's schema. Whatever the bytes, there is a tree
 * whose nodes all have a line and a path, or an error; and canonical JSON read again gives the same canonical JSON. */
#include <stdint.h>
#include <stdlib.h>

#include "config/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_marks(const struct tree *t)
{
    struct arena memory;

    arena_init(&memory);
    for (uint32_t i = 0; i < t->doc.count; i++) {
        if (t->marks[i].line == 0 || t->marks[i].column == 0)
            abort();
    }
    tree_path(t, t->doc.count - 1, &memory);
    arena_clear(&memory);
}

static void check_canonical(const struct tree *t)
{
    struct issues is;
    struct buf once, twice;
    struct tree again;

    issues_init(&is);
    buf_init(&once, 64 << 20);
    buf_init(&twice, 64 << 20);
    tree_put_canonical(t, 0, &once);
    if (tree_read_json(&again, "again", buf_slice(&once), &is) < 0)
        abort();
    tree_put_canonical(&again, 0, &twice);
    if (!slice_eq(buf_slice(&once), buf_slice(&twice)) || again.doc.count != t->doc.count)
        abort();
    tree_clear(&again);
    buf_clear(&once);
    buf_clear(&twice);
    issues_clear(&is);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct issues is;
    struct buf text;
    struct tree t;

    issues_init(&is);
    buf_init(&text, 1 << 20);
    if (tree_read(&t, "fuzz", "/", slice_of(data, size), &is) == 0) {
        check_marks(&t);
        check_canonical(&t);
        if (size < 2000 && tree_check(&t, 0, "schemas/hooklatch/config.schema.json", &is) < 0 && is.errors == 0)
            abort();
        tree_clear(&t);
    } else if (is.errors == 0) {
        abort();
    }
    issues_put_text(&is, &text);
    buf_clear(&text);
    issues_clear(&is);
    return 0;
}
