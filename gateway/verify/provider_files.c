#include "verify/provider_files.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/nearest.h"

#define EMBEDDED_DIR "conf/providers/"
#define FILE_END ".yaml"
#define ID_MAX 64
#define FILES_MAX 10000 /* of a folder */

/* As provider.schema.json has it. */
static bool id_ok(struct slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && (i == 0 || (c != '-' && c != '_')))
            return false;
    }
    return id.len > 0 && id.len <= ID_MAX;
}

/* "…/github.yaml" → "github"; false when it is no such name. */
static bool id_of(struct slice name, struct slice dir, struct slice *id)
{
    if (!slice_starts(name, dir) || !slice_ends(name, SLICE(FILE_END)))
        return false;
    *id = slice_of(name.ptr + dir.len, name.len - dir.len - strlen(FILE_END));
    return id_ok(*id);
}

static void add(struct provider_files *files, struct provider_file f)
{
    for (size_t i = 0; i < files->n; i++) {
        if (slice_eq(files->list[i].id, f.id)) {
            files->list[i] = f;
            return;
        }
    }
    files->list[files->n++] = f;
}

static void add_folder(struct provider_files *files, size_t room, const char *folder, struct arena *a)
{
    DIR *dir = opendir(folder);
    struct slice id;

    for (struct dirent *e; dir && files->n < room && (e = readdir(dir));) {
        if (id_of(slice_z(e->d_name), SLICE_NONE, &id))
            add(files, (struct provider_file){ .id = arena_slice(a, id), .path = arena_printf(a, "%s/%s", folder, e->d_name) });
    }
    if (dir)
        closedir(dir);
}

static int by_id(const void *x, const void *y)
{
    const struct provider_file *a = x, *b = y;
    return slice_cmp(a->id, b->id);
}

void provider_files_find(struct provider_files *files, const char *folder, struct arena *a)
{
    size_t room = folder ? FILES_MAX : 0;
    struct slice id;

    for (const struct embedded *f = embedded_files; f->name; f++)
        room++;
    *files = (struct provider_files){ .list = arena_zalloc(a, (room + 1) * sizeof *files->list) };
    for (const struct embedded *f = embedded_files; f->name; f++) {
        if (id_of(slice_z(f->name), SLICE(EMBEDDED_DIR), &id))
            add(files, (struct provider_file){ .id = id, .embedded = f });
    }
    if (folder)
        add_folder(files, room, folder, a);
    qsort(files->list, files->n, sizeof *files->list, by_id);
}

bool provider_file_find(struct slice id, const char *folder, struct provider_file *f, struct arena *a)
{
    struct slice one;

    *f = (struct provider_file){ .id = arena_slice(a, id) };
    if (!id_ok(id)) /* it becomes part of a path */
        return false;
    if (folder) {
        f->path = arena_printf(a, "%s/%.*s" FILE_END, folder, SLICE_FMT(id));
        if (access(f->path, F_OK) == 0)
            return true;
    }
    f->path = NULL;
    for (f->embedded = embedded_files; f->embedded->name; f->embedded++)
        if (id_of(slice_z(f->embedded->name), SLICE(EMBEDDED_DIR), &one) && slice_eq(one, id))
            return true;
    return false;
}

bool provider_file_named(struct slice path, struct provider_file *f)
{
    struct slice end = SLICE(FILE_END), id = path;

    if (!slice_ends(path, end))
        return false;
    id.len -= end.len;
    for (struct slice folder; slice_find(id, '/') < id.len;)
        slice_cut(id, '/', &folder, &id);
    *f = (struct provider_file){ .id = id, .path = path.ptr };
    return true;
}

void provider_put_hint(struct slice id, const char *folder, struct buf *out)
{
    struct provider_files files;
    struct arena a;

    arena_init(&a);
    provider_files_find(&files, folder, &a);
    struct slice *known = arena_alloc(&a, (files.n + 1) * sizeof *known);
    for (size_t i = 0; i < files.n; i++)
        known[i] = files.list[i].id;
    size_t at = nearest(id, known, files.n);
    if (at < files.n)
        buf_printf(out, "did you mean \"%.*s\"?", SLICE_FMT(known[at]));
    else
        buf_puts(out, "\"hooklatch providers\" lists those that there are");
    arena_clear(&a);
}

int provider_file_read(const struct provider_file *f, struct tree *t, struct issues *is)
{
    if (f->embedded)
        return tree_read(t, f->embedded->name, NULL, slice_of(f->embedded->bytes, f->embedded->len), is);
    if (tree_load(t, f->path, is) < 0)
        return -1;
    if (tree_check(t, 0, "schemas/hooklatch/provider.schema.json", is) == 0)
        return 0;
    tree_clear(t);
    return -1;
}

struct provider *provider_file_compile(const struct provider_file *f, const struct tree *t, struct issues *is)
{
    struct provider *p = provider_load(t, 0, is);

    if (!p || slice_eq(provider_id(p), f->id))
        return p;
    tree_error(t, 0, is, "it is the file's name without .yaml", "the id must be \"%.*s\"", SLICE_FMT(f->id));
    provider_free(p);
    return NULL;
}

struct provider *provider_file_load(const struct provider_file *f, struct issues *is)
{
    struct provider *p;
    struct tree t;

    if (provider_file_read(f, &t, is) < 0)
        return NULL;
    p = provider_file_compile(f, &t, is);
    tree_clear(&t);
    return p;
}

static void say_unknown(struct slice id, struct issues *is)
{
    struct slice shown = slice_first(id, ID_MAX);
    struct buf file, text, hint;

    buf_init(&file, 512);
    buf_init(&text, 512);
    buf_init(&hint, 8192);
    buf_printf(&file, EMBEDDED_DIR "%.*s" FILE_END, SLICE_FMT(shown));
    buf_printf(&text, "there is no provider \"%.*s\"", SLICE_FMT(shown));
    provider_put_hint(shown, NULL, &hint);
    issues_add(is, &(struct issue){ .file = buf_slice(&file), .text = buf_slice(&text), .hint = buf_slice(&hint) });
    buf_clear(&file);
    buf_clear(&text);
    buf_clear(&hint);
}

struct provider *provider_open(struct slice id_or_file, struct issues *is)
{
    struct provider *p = NULL;
    struct provider_file f;
    struct arena a;

    arena_init(&a);
    if (provider_file_named(arena_slice(&a, id_or_file), &f) || provider_file_find(id_or_file, NULL, &f, &a))
        p = provider_file_load(&f, is);
    else
        say_unknown(id_or_file, is);
    arena_clear(&a);
    return p;
}
