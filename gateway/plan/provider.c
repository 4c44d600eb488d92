#include "plan/build.h"

#include "verify/provider_files.h"

struct loaded_provider {
    struct slice id;
    struct provider *provider; /* NULL: it could not be loaded, and that is told */
    struct definition *def;
    struct loaded_provider *next;
};

#define TEXT_MAX (1 << 20)

static void say_unknown(struct build *b, uint32_t node, struct slice id, const char *folder)
{
    struct buf hint;

    buf_init(&hint, 65536);
    provider_put_hint(id, folder, &hint);
    tree_error(b->t, node, b->is, hint.ptr, "there is no provider \"%.*s\"", SLICE_FMT(id));
    buf_clear(&hint);
}

/* The provider's file, read. Its name stays in *f, borrowed from the scratch. */
static int open_file(struct build *b, uint32_t node, struct slice id, struct provider_file *f, struct tree *file)
{
    struct slice folder = tree_text(b->t, 0, "providers", &b->scratch);
    const char *dir = folder.ptr ? tree_file_path(b->t, folder, &b->scratch) : NULL;

    if (provider_file_find(id, dir, f, &b->scratch))
        return provider_file_read(f, file, b->is);
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
    struct provider_file f;
    struct tree file;

    if (open_file(b, node, l->id, &f, &file) < 0)
        return;
    l->provider = provider_file_compile(&f, &file, b->is);
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

/* A null takes a field away. One that finds none is mistyped, and what it was to change stays as it is. */
static void check_removals(struct build *b, const struct tree *file, uint32_t node, uint32_t changes, struct slice id)
{
    const struct json_doc *d = &b->t->doc;
    bool object = node != JSON_NONE && json_type_of(&file->doc, node) == JSON_OBJECT;

    for (uint32_t k = changes + 1; k < json_end(d, changes); k = json_next(d, k + 1)) {
        struct slice name = tree_string(b->t, k, &b->scratch);
        uint32_t there = object ? json_member(&file->doc, node, name) : JSON_NONE;
        if (json_type_of(d, k + 1) == JSON_OBJECT)
            check_removals(b, file, there, k + 1, id);
        else if (json_type_of(d, k + 1) == JSON_NULL && there == JSON_NONE)
            tree_warn(b->t, k + 1, b->is, NULL, "null takes a field away, and provider %.*s has no such one", SLICE_FMT(id));
    }
}

/* Said aloud: a change may take away what the preset guards against. */
static void warn_of_lost_guards(struct build *b, const struct tree *file, uint32_t changes, struct slice id,
                                const struct provider *changed)
{
    static const struct { enum provider_guard guard; const char *words; } lost[] = {
        { GUARD_REPLAY, "how old a delivery may be" },
        { GUARD_BODY, "that the body is what was signed" },
        { GUARD_BODY_DIGEST, "that the body has the digest that was signed" },
    };
    struct issues ignored;

    issues_init(&ignored);
    struct provider *preset = provider_load(file, 0, &ignored);
    unsigned gone = preset ? provider_guards(preset) & ~provider_guards(changed) : 0;
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++)
        if (gone & lost[i].guard)
            tree_warn(b->t, changes, b->is, NULL, "provider %.*s checks %s; so changed, nothing does", SLICE_FMT(id),
                      lost[i].words);
    provider_free(preset);
    issues_clear(&ignored);
}

struct provider *provider_changed(struct build *b, uint32_t node, struct slice id, uint32_t changes,
                                  struct slice source, struct definition **def)
{
    struct provider *p = NULL;
    struct provider_file f;
    struct tree file;
    struct buf text;

    *def = NULL;
    if (tree_get(b->t, changes, "id") != JSON_NONE) {
        tree_error(b->t, tree_get(b->t, changes, "id"), b->is, "remove it", "the provider keeps its id");
        return NULL;
    }
    if (open_file(b, node, id, &f, &file) < 0)
        return NULL;
    check_removals(b, &file, 0, changes, id);
    buf_init(&text, TEXT_MAX);
    tree_put_merged(&file, 0, b->t, changes, &text);
    if (text.failed)
        tree_error(b->t, changes, b->is, NULL, "more than 1 MiB");
    else
        p = load_merged(b, changes, id, buf_slice(&text), source, def);
    if (p)
        warn_of_lost_guards(b, &file, changes, id, p);
    buf_clear(&text);
    tree_clear(&file);
    return p;
}
