#include "schema/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/set.h"
#include "schema/uri.h"

#define FILES_MAX 10000u
#define FILE_BYTES_MAX (16u << 20)
#define LEVELS_MAX 16u

struct folder {
    struct schema_set *set;
    unsigned files;
    struct buf path; /* of the folder or file at hand */
    size_t root_len; /* of the folder given, with its slash */
};

bool schema_is_file(struct slice name)
{
    return slice_ends(name, SLICE(".json")) && !slice_ends(name, SLICE(SCHEMA_EXAMPLE_END));
}

void schema_file_uri(struct buf *out, struct slice path)
{
    buf_puts(out, "file://");
    uri_put_encoded(out, path);
}

static int read_all(int fd, struct buf *out)
{
    for (;;) {
        char *room = buf_room(out, 65536);
        ssize_t n;

        if (!room)
            return -1;
        n = read(fd, room, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        out->len += (size_t)n;
    }
}

/* The bytes of a regular file into out, whose ceiling is its limit. */
static int read_file(const char *path, struct slice name, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    int rc = 0;

    if (fd < 0)
        return err_sys(e, "schema %.*s cannot be read", SLICE_FMT(name));
    if (fstat(fd, &st) != 0)
        rc = err_sys(e, "schema %.*s cannot be read", SLICE_FMT(name));
    else if (!S_ISREG(st.st_mode))
        rc = err_set(e, ERR_INPUT, "schema %.*s is no regular file", SLICE_FMT(name));
    else if (st.st_size > (off_t)FILE_BYTES_MAX)
        rc = err_set(e, ERR_LIMIT, "schema %.*s is larger than %u MiB", SLICE_FMT(name), FILE_BYTES_MAX >> 20);
    else if (read_all(fd, out) != 0)
        rc = err_sys(e, "schema %.*s cannot be read", SLICE_FMT(name));
    close(fd);
    return rc;
}

int schema_set_add_file(struct schema_set *s, const char *path, struct slice name, struct err *e)
{
    char *real = realpath(path, NULL);
    struct buf text, uri;
    int rc;

    if (!real)
        return err_sys(e, "schema %.*s cannot be read", SLICE_FMT(name));
    buf_init(&text, FILE_BYTES_MAX + 2 * 65536);
    buf_init(&uri, 3 * PATH_MAX + 16);
    schema_file_uri(&uri, slice_z(real));
    rc = read_file(real, name, &text, e);
    if (rc == 0)
        rc = schema_set_add(s, buf_slice(&uri), name, buf_slice(&text), e);
    buf_clear(&text);
    buf_clear(&uri);
    free(real);
    return rc;
}

static int add_folder(struct folder *f, unsigned level, struct err *e);

static int add_entry(struct folder *f, unsigned level, struct err *e)
{
    struct slice name = slice_from(buf_slice(&f->path), f->root_len);
    struct stat st;

    if (stat(f->path.ptr, &st) != 0)
        return err_sys(e, "schema %.*s cannot be read", SLICE_FMT(name));
    if (S_ISDIR(st.st_mode))
        return add_folder(f, level + 1, e);
    if (!schema_is_file(name))
        return 0;
    if (++f->files > FILES_MAX)
        return err_set(e, ERR_LIMIT, "schema folder %.*s holds more than %u files", (int)f->root_len, f->path.ptr,
                       FILES_MAX);
    return schema_set_add_file(f->set, f->path.ptr, name, e);
}

static int skip_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* f->path is the folder, ending in a slash. Sorted, so that messages do not depend on the disk. */
static int add_folder(struct folder *f, unsigned level, struct err *e)
{
    struct dirent **entries;
    size_t len;
    int n, rc = 0;

    if (f->path.len > 0 && f->path.ptr[f->path.len - 1] != '/')
        buf_putc(&f->path, '/');
    len = f->path.len;
    if (level == 0)
        f->root_len = len;
    if (level > LEVELS_MAX)
        return err_set(e, ERR_LIMIT, "schema folder %s is more than %u levels deep: a link that leads back up?",
                       f->path.ptr, LEVELS_MAX);
    n = scandir(f->path.ptr, &entries, skip_hidden, alphasort);
    if (n < 0)
        return err_sys(e, "schema folder %s cannot be read", f->path.ptr);
    for (int i = 0; i < n; i++) {
        if (rc == 0) {
            buf_puts(&f->path, entries[i]->d_name);
            rc = f->path.failed ? err_set(e, ERR_LIMIT, "schema folder: a path is too long") : add_entry(f, level, e);
            f->path.len = len;
            f->path.ptr[len] = '\0';
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int schema_set_add_folder(struct schema_set *s, const char *folder, struct err *e)
{
    struct folder f = { .set = s };
    int rc;

    buf_init(&f.path, PATH_MAX);
    buf_puts(&f.path, folder);
    rc =
        f.path.failed || f.path.len == 0 ? err_set(e, ERR_INPUT, "a schema folder needs a name") : add_folder(&f, 0, e);
    buf_clear(&f.path);
    return rc;
}

static bool is_registered(const struct schema_set *s, struct slice uri)
{
    for (uint32_t i = 0; i < s->documents.n; i++)
        if (slice_eq(s->documents.at[i]->uri, uri))
            return true;
    return false;
}

static bool is_reference(const struct json_doc *d, uint32_t n)
{
    return json_type_of(d, n) == JSON_KEY &&
           (json_string_eq(d, n, SLICE("$ref")) || json_string_eq(d, n, SLICE("$dynamicRef")));
}

/* Relative references count from the file, whatever its $id says: a neighbour is found in the folder and then known by
 * its own $id. */
static int follow(struct schema_set *s, const struct document *doc, uint32_t value, struct err *e)
{
    struct slice ref = json_inner(&doc->json, value), fragment, uri, path;
    char *name;

    if (json_type_of(&doc->json, value) != JSON_STRING || ref.len == 0 || ref.ptr[0] == '#')
        return 0;
    uri = uri_resolve(&s->arena, set_resource(doc, value)->base, ref, &fragment);
    if (set_place(s, uri)) /* by an $id, perhaps within the file itself */
        return 0;
    uri = uri_resolve(&s->arena, doc->uri, ref, &fragment);
    if (!slice_starts(uri, SLICE("file:///")) || is_registered(s, uri))
        return 0;
    path = uri_decode(&s->arena, slice_from(uri, sizeof "file://" - 1));
    name = arena_printf(&s->arena, "%.*s", SLICE_FMT(path));
    return access(name, R_OK) == 0 ? schema_set_add_file(s, name, path, e) : 0;
}

int schema_set_follow(struct schema_set *s, struct err *e)
{
    for (uint32_t i = 0; i < s->documents.n && i < FILES_MAX; i++) {
        const struct document *doc = s->documents.at[i];

        set_scan(s, SCHEMA_DRAFT_2020_12);
        for (uint32_t n = 0; n < doc->json.count; n++)
            if (is_reference(&doc->json, n) && follow(s, doc, n + 1, e))
                return -1;
    }
    return 0;
}
