#include "plan/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/nearest.h"
#include "schema/folder.h"

#define FILES_MAX 10000
#define DEPTH_MAX 16
#define FILE_BYTES_MAX ((16u << 20) + 65536)

struct schema_file {
    struct slice name; /* below its folder, as `events` names it */
    struct slice path, uri;
    const char *problem;   /* why it is not among the registered ones, or NULL */
    struct schema *schemas[2]; /* once compiled: with "format" as an annotation, and asserted */
    struct definition *def;
    bool failed; /* compiling it was tried, and its errors are told */
};

struct folders {
    struct schema_set *set;
    struct schema_file *files; /* in the order of the folders */
    size_t count, capacity;
    struct slice base; /* URI of the first folder: what inline schemas are relative to */
};

static struct slice file_uri(const char *path, struct arena *a)
{
    struct buf uri;

    buf_init(&uri, 65536);
    schema_file_uri(&uri, slice_z(path));
    struct slice copy = arena_slice(a, buf_slice(&uri));
    buf_clear(&uri);
    return copy;
}

static struct schema_file *new_file(struct folders *f)
{
    if (f->count == f->capacity) {
        f->capacity = f->capacity ? 2 * f->capacity : 64;
        f->files = mem_grow(f->files, f->capacity, sizeof *f->files);
    }
    struct schema_file *file = &f->files[f->count++];
    *file = (struct schema_file){ 0 };
    return file;
}

static void add_file(struct build *b, const char *path, size_t folder_len)
{
    struct folders *f = b->folders;
    struct schema_file *file = new_file(f);
    struct err e;

    file->path = arena_slice(&b->scratch, slice_z(path));
    file->name = slice_from(file->path, folder_len + 1);
    file->uri = file_uri(path, &b->scratch);
    if (schema_set_add_file(f->set, path, file->name, &e) < 0)
        file->problem = (char *)arena_slice(&b->scratch, slice_z(e.text)).ptr;
}

static int by_name(const struct dirent **x, const struct dirent **y)
{
    return strcmp((*x)->d_name, (*y)->d_name);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Sorted, so that the same folder always gives the same plan. Symbolic links are followed: a mounted ConfigMap is made
 * of them. */
static void add_folder(struct build *b, const char *folder, size_t folder_len, unsigned depth, size_t *seen)
{
    struct dirent **entries;
    int n = depth < DEPTH_MAX ? scandir(folder, &entries, visible, by_name) : -1;

    for (int i = 0; i < n; i++) {
        char *path = arena_printf(&b->scratch, "%s/%s", folder, entries[i]->d_name);
        struct stat st;
        if (++*seen <= FILES_MAX && stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                add_folder(b, path, folder_len, depth + 1, seen);
            else if (S_ISREG(st.st_mode) && schema_is_file(slice_z(path)))
                add_file(b, path, folder_len);
        }
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

static void open_folder(struct build *b, uint32_t node)
{
    struct slice name = tree_string(b->t, node, &b->scratch);
    char *given = tree_file_path(b->t, name, &b->scratch), *path = realpath(given, NULL);
    size_t seen = 0;
    struct stat st;

    if (!path || stat(path, &st) < 0) {
        tree_error(b->t, node, b->is, NULL, "the folder %s: %s", given, strerror(errno));
    } else if (!S_ISDIR(st.st_mode)) {
        tree_error(b->t, node, b->is, NULL, "%s is not a folder", given);
    } else {
        if (!b->folders->base.ptr)
            b->folders->base = file_uri(path, &b->scratch);
        add_folder(b, path, strlen(path), 0, &seen);
        if (seen > FILES_MAX)
            tree_error(b->t, node, b->is, NULL, "more than %d files in the folder %s", FILES_MAX, given);
    }
    free(path);
}

void folders_open(struct build *b)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t list = tree_get(b->t, 0, "schemas");

    b->folders = mem_zalloc(sizeof *b->folders);
    b->folders->set = schema_set_new();
    if (list == JSON_NONE || json_type_of(d, list) != JSON_ARRAY)
        return;
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        if (build_is_sound(b, i))
            open_folder(b, i);
    }
}

/* A broken file that nobody asked for may be none of ours, or the one that a $ref needs: it is a warning. */
void folders_close(struct build *b)
{
    struct folders *f = b->folders;

    for (size_t i = 0; i < f->count; i++) {
        struct schema_file *file = &f->files[i];
        if (file->problem && !file->failed)
            tree_warn(b->t, tree_get(b->t, 0, "schemas"), b->is,
                      "it is in a schema folder, but no schema can refer to it", "%s", file->problem);
        schema_unref(file->schemas[0]);
        schema_unref(file->schemas[1]);
    }
    schema_set_free(f->set);
    free(f->files);
    free(f);
    b->folders = NULL;
}

static struct schema_file *find_file(const struct folders *f, struct slice name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (slice_eq(f->files[i].name, name))
            return &f->files[i];
    }
    return NULL;
}

static void say_no_file(struct build *b, uint32_t node, struct slice name)
{
    const struct folders *f = b->folders;
    struct slice *names = mem_grow(NULL, f->count + 1, sizeof *names);
    struct buf hint;

    buf_init(&hint, 65536);
    for (size_t i = 0; i < f->count; i++)
        names[i] = f->files[i].name;
    if (!f->base.ptr)
        buf_puts(&hint, "name the folders first: schemas: [schemas]");
    else if (!slice_ends(name, SLICE(".json")))
        buf_puts(&hint, "the name of a schema file ends with .json");
    else if (slice_starts(name, SLICE("/")) || slice_starts(name, SLICE(".")))
        buf_puts(&hint, "write it as it is called within its folder: github/push.schema.json");
    else
        nearest_put_hint(name, names, f->count, &hint);
    tree_error(b->t, node, b->is, hint.len ? hint.ptr : NULL, "no schema folder has a file %.*s", SLICE_FMT(name));
    buf_clear(&hint);
    free(names);
}

/* The definition of a schema is its file's text: once more from the disk, since only the files in use are kept. */
static int define_file(struct build *b, struct schema_file *file, struct err *e)
{
    int fd = open(file->path.ptr, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    struct buf text;

    buf_init(&text, FILE_BYTES_MAX);
    while (n > 0) {
        char *room = buf_room(&text, 65536);
        n = room ? read(fd, room, 65536) : 0;
        if (n > 0)
            text.len += (size_t)n;
    }
    int result = n < 0 ? err_sys(e, "%s", file->path.ptr) : 0;
    if (fd >= 0)
        close(fd);
    if (result == 0)
        file->def = build_define(b, "schema", file->name, buf_slice(&text));
    buf_clear(&text);
    return result;
}

struct warned {
    struct build *b;
    uint32_t node;
};

static void on_warning(const char *text, void *arg)
{
    struct warned *w = arg;

    tree_warn(w->b->t, w->node, w->b->is, NULL, "%s", text);
}

static void compile_file(struct build *b, uint32_t node, struct schema_file *file, bool assert_format)
{
    struct warned warned = { b, node };
    struct schema_options options = {
        .draft = SCHEMA_DRAFT_2020_12, .assert_format = assert_format, .warn = on_warning, .warn_arg = &warned
    };
    struct schema **schema = &file->schemas[assert_format];
    struct err e;

    if (file->problem)
        err_set(&e, ERR_INPUT, "%s", file->problem);
    else
        *schema = schema_compile(b->folders->set, file->uri, &options, &e);
    if (*schema && (file->def || define_file(b, file, &e) == 0))
        return;
    file->failed = true;
    tree_error(b->t, node, b->is, NULL, "%s", e.text);
}

struct schema_ask folders_file(struct build *b, uint32_t node, bool assert_format)
{
    struct slice name = tree_string(b->t, node, b->memory);
    struct schema_file *file = find_file(b->folders, name);

    if (!file) {
        say_no_file(b, node, name);
        return (struct schema_ask){ .name = name };
    }
    if (!file->schemas[assert_format] && !file->failed)
        compile_file(b, node, file, assert_format);
    struct schema *schema = file->schemas[assert_format];
    return (struct schema_ask){ schema ? schema_ref(schema) : NULL, file->def, name, file->path };
}

struct schema *folders_inline(struct build *b, uint32_t node, struct slice workflow)
{
    struct schema_options options = { .draft = SCHEMA_DRAFT_2020_12 };
    struct slice base = b->folders->base;
    struct schema *schema = NULL;
    struct err e;

    if (!base.ptr)
        base = file_uri(b->t->dir, &b->scratch);
    struct slice uri = slice_z(arena_printf(&b->scratch, "%.*s/when-%.*s", SLICE_FMT(base), SLICE_FMT(workflow)));
    struct slice name = slice_z(arena_printf(&b->scratch, "when of workflow %.*s", SLICE_FMT(workflow)));
    if (schema_set_add(b->folders->set, uri, name, json_raw(&b->t->doc, node), &e) == 0)
        schema = schema_compile(b->folders->set, uri, &options, &e);
    if (!schema)
        tree_error(b->t, node, b->is, NULL, "%s", e.text);
    return schema;
}
