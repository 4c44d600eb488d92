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
#define TEXT_MAX (1 << 20)

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

static struct definition *define_provider(struct build *b, struct slice name, const struct tree *file)
{
    struct buf text;

    buf_init(&text, TEXT_MAX);
    tree_put_canonical(file, 0, &text);
    struct definition *def = build_define(b, "provider", name, buf_slice(&text));
    buf_clear(&text);
    return def;
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
        l->def = define_provider(b, l->id, &file);
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

/* The deepest node of the source's changes on the path of what came of them; *path: what is left of it. */
static uint32_t nearest_change(const struct tree *t, uint32_t at, struct slice *path)
{
    while (path->len && json_type_of(&t->doc, at) == JSON_OBJECT) {
        size_t end = 0;
        while (end < path->len && path->ptr[end] != '.' && path->ptr[end] != '[')
            end++;
        uint32_t next = json_member(&t->doc, at, slice_first(*path, end));
        if (next == JSON_NONE)
            break;
        at = next;
        *path = slice_from(*path, end + (end < path->len && path->ptr[end] == '.'));
    }
    return at;
}

/* What is wrong with the preset as it was changed stands in no file: it is told where the source changes it. */
static void tell_at_changes(struct build *b, uint32_t changes, struct slice id, const struct issues *found)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct issue *one = &found->list[i];
        struct slice path = one->path;
        uint32_t node = nearest_change(b->t, changes, &path);
        char *hint = one->hint.len ? arena_printf(&b->scratch, "%.*s", SLICE_FMT(one->hint)) : NULL;
        (one->warning ? tree_warn : tree_error)(b->t, node, b->is, hint, "provider %.*s, so changed: %.*s%s%.*s",
                                                SLICE_FMT(id), SLICE_FMT(path), path.len ? ": " : "",
                                                SLICE_FMT(one->text));
    }
}

static struct provider *load_merged(struct build *b, uint32_t changes, struct slice id, struct slice text,
                                    struct slice source, struct definition **def)
{
    struct provider *p = NULL;
    struct tree merged;
    struct issues found;

    issues_init(&found);
    if (tree_read_json(&merged, "provider", text, &found) == 0) {
        p = provider_load(&merged, 0, &found);
        if (p)
            *def = define_provider(b, slice_z(arena_printf(&b->scratch, "%.*s+%.*s", SLICE_FMT(id), SLICE_FMT(source))),
                                   &merged);
        tree_clear(&merged);
    }
    tell_at_changes(b, changes, id, &found);
    issues_clear(&found);
    return p;
}

struct provider *provider_changed(struct build *b, uint32_t node, struct slice id, uint32_t changes,
                                  struct slice source, struct definition **def)
{
    struct tree file = { 0 };
    struct provider *p = NULL;
    struct buf text;

    *def = NULL;
    if (tree_get(b->t, changes, "id") != JSON_NONE) {
        tree_error(b->t, tree_get(b->t, changes, "id"), b->is, "remove it", "the provider keeps its id");
        return NULL;
    }
    if (open_file(b, node, id, &file) < 0)
        return NULL;
    buf_init(&text, TEXT_MAX);
    tree_put_merged(&file, 0, b->t, changes, &text);
    if (text.failed)
        tree_error(b->t, changes, b->is, NULL, "more than 1 MiB");
    else
        p = load_merged(b, changes, id, buf_slice(&text), source, def);
    buf_clear(&text);
    tree_clear(&file);
    return p;
}
