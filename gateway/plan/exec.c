#include "plan/build.h"

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

static void find_program(const struct reading_steps *r, uint32_t first, struct exec *x)
{
    struct arena *a = &r->w->memory;
    struct slice name = x->arguments[0];
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

struct slice *build_strings(const struct tree *t, struct issues *is, uint32_t list, struct arena *a, size_t *n)
{
    const struct json_doc *d = &t->doc;

    *n = 0;
    if (list == JSON_NONE || json_type_of(d, list) != JSON_ARRAY)
        return NULL;
    struct slice *out = arena_zalloc(a, (json_count(d, list) + 1) * sizeof *out);
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        struct slice one = tree_string(t, i, a);
        if (memchr(one.ptr ? one.ptr : "", '\0', one.len))
            tree_error(t, i, is, "leave it out", "a NUL character, which no argument can hold");
        out[(*n)++] = one;
    }
    return out;
}

void build_user(const struct tree *t, struct issues *is, uint32_t node, struct slice name, uint32_t *uid, uint32_t *gid)
{
    struct passwd room, *user = NULL;
    char text[16384];

    if (getpwnam_r(name.ptr, &room, text, sizeof text, &user) || !user) {
        tree_error(t, node, is, "for example nobody", "there is no user \"%.*s\"", SLICE_FMT(name));
        return;
    }
    if (geteuid() != 0 && geteuid() != user->pw_uid)
        tree_error(t, node, is, "run the gateway as root, or leave user out",
                   "only root may run something as another user");
    if (geteuid() == user->pw_uid)
        return; /* as it is */
    *uid = user->pw_uid;
    *gid = user->pw_gid;
}

static void find_folder(const struct reading_steps *r, uint32_t node, struct exec *x)
{
    struct stat file;

    if (!x->folder.len) {
        x->folder = slice_z(tree_file_path(r->t, SLICE("."), &r->w->memory));
        return;
    }
    x->folder = slice_z(tree_file_path(r->t, x->folder, &r->w->memory));
    if (stat(x->folder.ptr, &file) || !S_ISDIR(file.st_mode))
        tree_error(r->t, node, r->is, "make it, or name another one", "there is no folder %s", x->folder.ptr);
}

/* A configuration is held against this machine. A definition that was stored has what was found then, and is taken as it is:
 * what is gone since shows when the step is tried, and only there. */
static void find_all(const struct reading_steps *r, uint32_t node, struct exec *x)
{
    x->path = tree_text(r->t, node, "path", &r->w->memory);
    x->uid = (uint32_t)tree_int(r->t, node, "uid", UINT32_MAX);
    x->gid = (uint32_t)tree_int(r->t, node, "gid", UINT32_MAX);
    if (x->path.len)
        return;
    if (x->n_arguments)
        find_program(r, tree_get(r->t, node, "command") + 1, x);
    if (x->user.len)
        build_user(r->t, r->is, tree_get(r->t, node, "user"), x->user, &x->uid, &x->gid);
    find_folder(r, tree_get(r->t, node, "dir"), x);
}

static void at_least(const struct reading_steps *r, uint32_t limits, const char *key, bool zero, const char *least)
{
    uint32_t node = tree_get(r->t, limits, key);

    if (node != JSON_NONE && zero)
        tree_error(r->t, node, r->is, "leave it out where there shall be no limit", "must be at least %s", least);
}

void exec_read(const struct reading_steps *r, uint32_t node, struct step *step)
{
    uint32_t limits = tree_get(r->t, node, "limits");
    struct exec *x = arena_zalloc(&r->w->memory, sizeof *x);

    step->kind = STEP_EXEC;
    step->exec = x;
    x->arguments = build_strings(r->t, r->is, tree_get(r->t, node, "command"), &r->w->memory, &x->n_arguments);
    x->environment = build_strings(r->t, r->is, tree_get(r->t, node, "env"), &r->w->memory, &x->n_environment);
    x->user = tree_text(r->t, node, "user", &r->w->memory);
    x->folder = tree_text(r->t, node, "dir", &r->w->memory);
    find_all(r, node, x);
    x->output_max = (size_t)tree_bytes(r->t, node, "output_max", OUTPUT_MAX_DEFAULT);
    x->files = (uint64_t)tree_int(r->t, limits, "files", 0);
    x->processes = (uint64_t)tree_int(r->t, limits, "processes", 0);
    x->memory_bytes = (uint64_t)tree_bytes(r->t, limits, "memory", 0);
    x->cpu_s = (uint64_t)((tree_duration_us(r->t, limits, "cpu", 0) + US_PER_S - 1) / US_PER_S);
    at_least(r, limits, "memory", x->memory_bytes == 0, "1 byte");
    at_least(r, limits, "cpu", x->cpu_s == 0, "1ms");
}
