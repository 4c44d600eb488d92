#include "plan/build.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define OUTPUT_MAX_DEFAULT (INT64_C(1) << 20)

static bool is_program(const char *path)
{
    struct stat file;

    return stat(path, &file) == 0 && S_ISREG(file.st_mode) && access(path, X_OK) == 0;
}

/* As a shell would, but not among functions and aliases. NULL: there is none. */
static char *find_in_path(struct slice name, struct arena *a)
{
    const char *from = getenv("PATH");
    struct slice rest = slice_z(from && *from ? from : DEFAULT_PATH), folder;

    while (rest.len) {
        slice_cut(rest, ':', &folder, &rest);
        char *path = arena_printf(a, "%.*s/%.*s", SLICE_FMT(folder), SLICE_FMT(name));
        if (folder.len && folder.ptr[0] == '/' && is_program(path))
            return path;
    }
    return NULL;
}

/* What is written once is looked for once: a stored definition has the path that was found then. */
static void find_program(const struct reading_steps *r, uint32_t node, uint32_t first, struct exec *x)
{
    struct arena *a = &r->w->memory;
    struct slice known = tree_text(r->t, node, "path", a), name = x->arguments[0];

    if (known.len) {
        x->path = known;
        return;
    }
    bool is_name = slice_find(name, '/') == name.len;
    char *path = is_name ? find_in_path(name, a) : tree_file_path(r->t, name, a);
    x->path = slice_z(path);
    if (name.len == 0 || !path)
        tree_error(r->t, first, r->is, "install it, or write its whole path", "there is no program \"%.*s\" in PATH",
                   SLICE_FMT(name));
    else if (!is_program(path))
        tree_error(r->t, first, r->is, "check the path, and that this user may execute it", "%s is no program: %s", path,
                   access(path, F_OK) ? "there is no such file" : "it is not an executable file");
}

static struct slice *read_strings(const struct reading_steps *r, uint32_t list, size_t *n)
{
    const struct json_doc *d = &r->t->doc;

    *n = 0;
    if (list == JSON_NONE || json_type_of(d, list) != JSON_ARRAY)
        return NULL;
    struct slice *out = arena_zalloc(&r->w->memory, (json_count(d, list) + 1) * sizeof *out);
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        struct slice one = tree_string(r->t, i, &r->w->memory);
        if (memchr(one.ptr ? one.ptr : "", '\0', one.len))
            tree_error(r->t, i, r->is, "leave it out", "a NUL character, which no argument can hold");
        out[(*n)++] = one;
    }
    return out;
}

static void read_user(const struct reading_steps *r, uint32_t node, struct exec *x)
{
    x->user = tree_text(r->t, node, "user", &r->w->memory);
    x->uid = x->gid = UINT32_MAX;
    if (!x->user.len)
        return;
    errno = 0;
    const struct passwd *user = getpwnam(x->user.ptr);
    if (!user) {
        tree_error(r->t, tree_get(r->t, node, "user"), r->is, "for example nobody", "there is no user \"%.*s\"",
                   SLICE_FMT(x->user));
        return;
    }
    x->uid = user->pw_uid;
    x->gid = user->pw_gid;
    if (geteuid() != 0 && geteuid() != x->uid)
        tree_error(r->t, tree_get(r->t, node, "user"), r->is, "run the gateway as root, or leave user out",
                   "only root may run a command as another user");
}

static void read_folder(const struct reading_steps *r, uint32_t node, struct exec *x)
{
    struct slice written = tree_text(r->t, node, "dir", &r->w->memory);
    struct stat file;

    x->folder = slice_z(tree_file_path(r->t, written.len ? written : SLICE("."), &r->w->memory));
    if (written.len && (stat(x->folder.ptr, &file) || !S_ISDIR(file.st_mode)))
        tree_error(r->t, tree_get(r->t, node, "dir"), r->is, "make it, or name another one", "there is no folder %s",
                   x->folder.ptr);
}

void exec_read(const struct reading_steps *r, uint32_t node, struct step *step)
{
    uint32_t command = tree_get(r->t, node, "command"), limits = tree_get(r->t, node, "limits");
    struct exec *x = arena_zalloc(&r->w->memory, sizeof *x);

    step->kind = STEP_EXEC;
    step->exec = x;
    x->arguments = read_strings(r, command, &x->n_arguments);
    x->environment = read_strings(r, tree_get(r->t, node, "env"), &x->n_environment);
    read_user(r, node, x);
    read_folder(r, node, x);
    if (x->n_arguments)
        find_program(r, node, command + 1, x);
    x->output_max = (size_t)tree_bytes(r->t, node, "output_max", OUTPUT_MAX_DEFAULT);
    x->files = (uint64_t)tree_int(r->t, limits, "files", 0);
    x->processes = (uint64_t)tree_int(r->t, limits, "processes", 0);
    x->memory_bytes = (uint64_t)tree_bytes(r->t, limits, "memory", 0);
    x->cpu_s = (uint64_t)((tree_duration_us(r->t, limits, "cpu", 0) + US_PER_S - 1) / US_PER_S);
}
