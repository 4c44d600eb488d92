#include "plan/build.h"

#include <unistd.h>

#include "base/embedded.h"
#include "verify/provider_words.h"

struct loaded_provider {
    struct slice id;
    struct provider *provider; /* NULL: it could not be loaded, and that is told */
    struct definition *def;
    struct loaded_provider *next;
};

#define EMBEDDED_DIR "conf/providers/"
#define EMBEDDED_END ".yaml"

static const struct embedded *find_embedded(struct slice id, struct arena *a)
{
    char *name = arena_printf(a, EMBEDDED_DIR "%.*s" EMBEDDED_END, SLICE_FMT(id));

    for (const struct embedded *f = embedded_files; f->name; f++) {
        if (strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

static void say_unknown(struct build *b, uint32_t node, struct slice id, const char *folder)
{
    struct buf hint;

    buf_init(&hint, 65536);
    provider_put_hint(id, folder, &hint);
    tree_error(b->t, node, b->is, hint.ptr, "there is no provider \"%.*s\"", SLICE_FMT(id));
    buf_clear(&hint);
}

/* The provider's file: of the user's folder where it has one, else the embedded one. */
static int open_file(struct build *b, uint32_t node, struct slice id, struct tree *file)
{
    struct slice folder = tree_text(b->t, 0, "providers", &b->scratch);
    const struct embedded *f = find_embedded(id, &b->scratch);
    char *dir = folder.ptr ? tree_file_path(b->t, folder, &b->scratch) : NULL;

    if (dir) {
        char *path = arena_printf(&b->scratch, "%s/%.*s.yaml", dir, SLICE_FMT(id));
        if (access(path, F_OK) == 0)
            return tree_load(file, path, b->is);
    }
    if (f)
        return tree_read(file, f->name, NULL, slice_of(f->bytes, f->len), b->is);
    say_unknown(b, node, id, dir);
    return -1;
}

static void define_provider(struct build *b, struct loaded_provider *l, const struct tree *file)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    tree_put_canonical(file, 0, &text);
    l->def = build_define(b, "provider", l->id, buf_slice(&text));
    buf_clear(&text);
}

static void load(struct build *b, uint32_t node, struct loaded_provider *l)
{
    struct tree file = { 0 };

    if (open_file(b, node, l->id, &file) < 0)
        return;
    l->provider = provider_load(&file, 0, b->is);
    if (l->provider && !slice_eq(provider_id(l->provider), l->id)) {
        tree_error(&file, 0, b->is, "it is the file's name without .yaml", "the id must be \"%.*s\"", SLICE_FMT(l->id));
        provider_free(l->provider);
        l->provider = NULL;
    }
    if (l->provider)
        define_provider(b, l, &file);
    tree_clear(&file);
}

struct provider *provider_of_plan(struct build *b, uint32_t node, struct slice id, struct definition **def)
{
    struct loaded_provider *l = b->providers;

    while (l && !slice_eq(l->id, id))
        l = l->next;
    if (!l) {
        l = arena_zalloc(&b->scratch, sizeof *l);
        l->id = arena_slice(&b->scratch, id);
        l->next = b->providers;
        b->providers = l;
        load(b, node, l);
    }
    *def = l->def;
    return l->provider;
}
