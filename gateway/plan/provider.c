#include "plan/build.h"

#include <unistd.h>

#include "config/embedded.h"

struct loaded_provider {
    struct slice id;
    struct provider *provider; /* NULL: it could not be loaded, and that is told */
    struct definition *def;
    struct loaded_provider *next;
};

static const struct embedded *find_embedded(struct slice id, struct arena *a)
{
    char *name = arena_printf(a, "conf/providers/%.*s.yaml", SLICE_FMT(id));

    for (const struct embedded *f = embedded_files; f->name; f++) {
        if (strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

/* The provider's file: of the user's folder where it has one, else the embedded one. */
static int open_file(struct build *b, uint32_t node, struct slice id, struct tree *file)
{
    struct slice folder = tree_text(b->t, 0, "providers", &b->scratch);
    const struct embedded *f = find_embedded(id, &b->scratch);
    struct buf hint;

    if (folder.ptr) {
        char *path = arena_printf(&b->scratch, "%s/%.*s.yaml", tree_file_path(b->t, folder, &b->scratch), SLICE_FMT(id));
        if (access(path, F_OK) == 0)
            return tree_load(file, path, b->is);
    }
    if (f)
        return tree_read(file, f->name, NULL, slice_of(f->bytes, f->len), b->is);
    buf_init(&hint, 65536);
    buf_puts(&hint, "known: ");
    provider_put_known(&hint);
    tree_error(b->t, node, b->is, hint.ptr, "there is no provider \"%.*s\"", SLICE_FMT(id));
    buf_clear(&hint);
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

struct provider *provider_none(struct build *b)
{
    struct tree t;

    if (tree_read_json(&t, "verify: none", SLICE("{\"scheme\":\"none\"}"), b->is) < 0)
        return NULL;
    struct provider *p = provider_load(&t, 0, b->is);
    tree_clear(&t);
    return p;
}
