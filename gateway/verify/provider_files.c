#include <dirent.h>
#include <stdlib.h>

#include "config/nearest.h"
#include "verify/provider_words.h"

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

void provider_put_hint(struct slice name, const char *folder, struct buf *out)
{
    struct provider_files files;
    struct arena a;

    arena_init(&a);
    provider_files_find(&files, folder, &a);
    struct slice *known = arena_alloc(&a, (files.n + 1) * sizeof *known);
    for (size_t i = 0; i < files.n; i++)
        known[i] = files.list[i].id;
    size_t at = nearest(name, known, files.n);
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
