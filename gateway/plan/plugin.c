/* Plugins are never loaded here: what one says of itself is asked of a process of its own. */
#include "plan/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/self.h"
#include "config/nearest.h"

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define OUTPUT_MAX ((size_t)16 << 20)
#define ANSWER_MAX (1u << 20)
#define ARGS_TRIED_MAX 100000 /* an argument of a process has at most 128 KiB */
#define ANSWER_WAIT_US (10 * US_PER_S)

/* -- Where plugins are -- */

/* The settings' folders, then where the binary is: in a build folder, or installed. */
size_t plugin_folders(const struct tree *t, struct arena *a, struct slice *out, size_t max)
{
    uint32_t list = t ? tree_get(t, 0, "plugin_path") : JSON_NONE;
    char self[4096];
    size_t n = 0;

    if (list != JSON_NONE && json_type_of(&t->doc, list) == JSON_ARRAY) {
        for (uint32_t i = list + 1; i < json_end(&t->doc, list) && n < max - 4; i = json_next(&t->doc, i))
            out[n++] = slice_z(tree_file_path(t, tree_string(t, i, a), a));
    }
    ssize_t len = readlink("/proc/self/exe", self, sizeof self);
    while (len > 0 && self[len - 1] != '/')
        len--;
    if (len > 0) {
        out[n++] = slice_z(arena_printf(a, "%.*s", (int)len - 1, self));
        out[n++] = slice_z(arena_printf(a, "%.*splugins", (int)len, self));
        out[n++] = slice_z(arena_printf(a, "%.*splugins/.libs", (int)len, self));
    }
    out[n++] = SLICE(PKGLIBDIR);
    return n;
}

static int by_name(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

size_t plugin_names(const struct slice *folders, size_t n_folders, struct arena *a, struct slice *out, size_t max)
{
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < n_folders; i++) {
        DIR *folder = opendir(slice_z(arena_printf(a, "%.*s", SLICE_FMT(folders[i]))).ptr);
        struct dirent *entry;
        while (folder && n < max && (entry = readdir(folder))) {
            struct slice file = slice_z(entry->d_name);
            if (slice_ends(file, SLICE(".so")) && !slice_starts(file, SLICE("lib")))
                out[n++] = arena_slice(a, slice_first(file, file.len - 3));
        }
        if (folder)
            closedir(folder);
    }
    qsort(out, n, sizeof *out, by_name);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || !slice_eq(out[kept - 1], out[i]))
            out[kept++] = out[i];
    }
    return kept;
}

char *plugin_file(const struct tree *t, struct slice name, struct arena *a)
{
    struct slice folders[PLUGIN_FOLDERS_MAX];
    size_t n = plugin_folders(t, a, folders, PLUGIN_FOLDERS_MAX);
    struct stat file;

    for (size_t i = 0; i < n; i++) {
        char *path = arena_printf(a, "%.*s/%.*s.so", SLICE_FMT(folders[i]), SLICE_FMT(name));
        if (stat(path, &file) == 0 && S_ISREG(file.st_mode))
            return path;
    }
    return NULL;
}

/* -- What it says of itself -- */

static int wait_for(int fd, int64_t end_us)
{
    struct pollfd polled = { fd, POLLIN, 0 };
    int64_t left_us = end_us - clock_mono_us();

    return left_us > 0 ? poll(&polled, 1, (int)(left_us / 1000) + 1) : 0;
}

/* All that comes until the end; false when that takes too long, or is too much. */
static bool read_all(int fd, int64_t end_us, struct buf *out)
{
    char room[4096];

    for (;;) {
        int ready = wait_for(fd, end_us);
        ssize_t n = ready > 0 ? read(fd, room, sizeof room) : -1;
        if (n == 0)
            return true;
        if (ready == 0 || out->failed)
            return false;
        buf_put(out, slice_of(room, n > 0 ? (size_t)n : 0));
    }
}

/* The end of the output need not be the end of the process. */
static bool has_ended(pid_t pid, int64_t end_us)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0), ready;

    do
        ready = wait_for(fd, end_us);
    while (ready < 0 && errno == EINTR);
    if (fd >= 0)
        close(fd);
    return fd < 0 || ready > 0;
}

/* args NULL: --describe. */
static int ask(const char *path, const char *args, struct buf *out, struct err *e)
{
    const char *arguments[] = { "hooklatch", "plugin-host", args ? "--try" : "--describe", path, args, NULL };
    const char *environment[] = { NULL };
    int64_t end_us = clock_mono_us() + ANSWER_WAIT_US;
    int pipe_fds[2], status = 0;
    pid_t pid;

    buf_init(out, ANSWER_MAX);
    if (pipe2(pipe_fds, O_CLOEXEC))
        return err_sys(e, "cannot make a pipe");
    const struct self_fd fds[] = { { -1, STDIN_FILENO }, { pipe_fds[1], STDOUT_FILENO }, { pipe_fds[1], STDERR_FILENO } };
    int failed = self_spawn(arguments, environment, fds, 3, &pid, e);
    close(pipe_fds[1]);
    if (failed) {
        close(pipe_fds[0]);
        return -1;
    }
    bool whole = read_all(pipe_fds[0], end_us, out) && has_ended(pid, end_us);
    close(pipe_fds[0]);
    kill(-pid, SIGKILL); /* whom it started, too: it is not buried, so the group is its own */
    if (!whole)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!whole)
        return err_set(e, ERR_INPUT, "%s does not come back within %d s (an endless loop while it is loaded or opened?)", path, (int)(ANSWER_WAIT_US / US_PER_S));
    if (WIFSIGNALED(status))
        return err_set(e, ERR_INPUT, "%s: loading or opening it ends the process by signal %d (%s)", path, WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    if (status && out->len == 0)
        return err_set(e, ERR_INPUT, "%s ends its process while it is loaded or opened, with exit code %d", path, WEXITSTATUS(status));
    if (status) {
        struct slice words = slice_first(buf_slice(out), slice_find(buf_slice(out), '\n'));
        return err_set(e, ERR_INPUT, "%.*s", SLICE_FMT(slice_first(words, 600)));
    }
    return 0;
}

static bool is_answer(const struct json_doc *d)
{
    uint32_t name = json_member(d, 0, SLICE("name"));

    return name != JSON_NONE && json_type_of(d, name) == JSON_STRING && json_member(d, 0, SLICE("config_schema")) != JSON_NONE;
}

int plugin_ask(const char *path, struct buf *out, struct err *e)
{
    struct json_doc d;

    json_doc_init(&d);
    int result = ask(path, NULL, out, e);
    if (result == 0 && (json_parse_err(&d, buf_slice(out), &JSON_LIMITS_DEFAULT, e) || !is_answer(&d)))
        result = err_set(e, ERR_INPUT, "%s ends its process while it is loaded or opened", path);
    json_doc_clear(&d);
    return result;
}

/* What its schema cannot tell, such as a jq program that cannot be compiled. */
static int try_args(const char *path, struct slice args, struct err *e)
{
    struct buf out;

    if (args.len > ARGS_TRIED_MAX)
        return 0;
    int result = ask(path, args.ptr, &out, e);
    buf_clear(&out);
    return result;
}

static struct schema *read_answer(struct slice text, struct slice name, struct err *e)
{
    struct schema_options options = { .draft = SCHEMA_DRAFT_2020_12 };
    struct slice uri = SLICE("urn:hooklatch:plugin");
    struct json_doc doc;
    struct buf own;

    json_doc_init(&doc);
    buf_init(&own, ANSWER_MAX);
    struct schema_set *set = schema_set_new();
    int result = json_parse_err(&doc, text, &JSON_LIMITS_DEFAULT, e);
    if (result == 0) {
        struct slice calls_itself = json_string(&doc, json_member(&doc, 0, SLICE("name")), &own);
        if (!slice_eq(calls_itself, name))
            result = err_set(e, ERR_INPUT, "it calls itself \"%.*s\": the file must be called %.*s.so", SLICE_FMT(calls_itself),
                             SLICE_FMT(calls_itself));
    }
    if (result == 0)
        result = schema_set_add(set, uri, SLICE("config_schema"), json_raw(&doc, json_member(&doc, 0, SLICE("config_schema"))), e);
    struct schema *schema = result == 0 ? schema_compile(set, uri, &options, e) : NULL;
    schema_set_free(set);
    json_doc_clear(&doc);
    buf_clear(&own);
    return schema;
}

struct schema *plugin_args_schema(const char *path, struct slice name, struct err *e)
{
    struct schema *schema = NULL;
    struct buf answer;

    if (plugin_ask(path, &answer, e) == 0 && !(schema = read_answer(buf_slice(&answer), name, e)))
        err_add(e, "%s", path);
    buf_clear(&answer);
    return schema;
}

/* -- Settings -- */

static void read_limits(struct build *b, uint32_t node, struct plugin *p)
{
    uint32_t limits = tree_get(b->t, node, "limits");

    p->memory_bytes = (uint64_t)build_bytes(b, limits, "memory", PLUGIN_MEMORY_DEFAULT, 64 * MIB, 1024 * GIB);
    p->files = (uint64_t)tree_int(b->t, limits, "files", 0);
    p->processes = (uint64_t)tree_int(b->t, limits, "processes", 0);
}

/* Changes whenever workers that run would not be the same if they were started now. */
static void set_fingerprint(struct build *b, uint32_t node, struct plugin *p)
{
    struct stat file = { 0 };
    struct buf text;

    stat(p->path.ptr, &file); /* gone since: loading it says so */
    buf_init(&text, 1 << 20);
    buf_printf(&text, "%s %lld %lld %lld.%09ld ", p->path.ptr, (long long)file.st_ino, (long long)file.st_size,
               (long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
    if (node != JSON_NONE)
        tree_put_canonical(b->t, node, &text);
    p->fingerprint = arena_slice(b->memory, buf_slice(&text));
    buf_clear(&text);
}

static void say_no_plugin(struct build *b, uint32_t node, struct slice name)
{
    struct slice folders[PLUGIN_FOLDERS_MAX], known[100];
    size_t n = plugin_folders(b->t, &b->scratch, folders, PLUGIN_FOLDERS_MAX), n_known;
    struct buf hint;

    buf_init(&hint, 65536);
    n_known = plugin_names(folders, n, &b->scratch, known, sizeof known / sizeof *known);
    nearest_put_hint(name, known, n_known, &hint);
    tree_error(b->t, node, b->is, hint.len ? hint.ptr : "put it into one of plugin_path, or see \"hooklatch plugins\"",
               "there is no plugin \"%.*s\": no %.*s.so in plugin_path, beside the binary, or in " PKGLIBDIR, SLICE_FMT(name),
               SLICE_FMT(name));
    buf_clear(&hint);
}

/* node: of its name; settings: its own under `plugins`, or JSON_NONE. */
static struct plugin *add_plugin(struct build *b, uint32_t node, struct slice name, uint32_t settings)
{
    struct plugin *p = arena_zalloc(b->memory, sizeof *p);
    struct err e;

    p->name = arena_slice(b->memory, name);
    p->queue = slice_z(arena_printf(b->memory, "plugin:%.*s", SLICE_FMT(name)));
    p->next = b->plan->plugins;
    b->plan->plugins = p;
    p->workers = (int)tree_int(b->t, settings, "workers", 1);
    p->folder = slice_z(tree_file_path(b->t, SLICE("."), b->memory));
    p->uid = p->gid = UINT32_MAX;
    p->environment = build_strings(b->t, b->is, tree_get(b->t, settings, "env"), b->memory, &p->n_environment);
    p->user = tree_text(b->t, settings, "user", b->memory);
    if (p->user.len)
        build_user(b->t, b->is, tree_get(b->t, settings, "user"), p->user, &p->uid, &p->gid);
    read_limits(b, settings, p);
    char *path = plugin_file(b->t, name, b->memory);
    if (!path) {
        say_no_plugin(b, node, name);
        return p;
    }
    p->path = slice_z(path);
    set_fingerprint(b, settings, p);
    if (!(p->args_schema = plugin_args_schema(path, name, &e)))
        tree_error(b->t, node, b->is, NULL, "%s", e.text);
    return p;
}

static void check_folders(struct build *b)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t list = tree_get(b->t, 0, "plugin_path");
    struct stat folder;

    if (list == JSON_NONE || json_type_of(d, list) != JSON_ARRAY)
        return;
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        const char *path = tree_file_path(b->t, tree_string(b->t, i, &b->scratch), &b->scratch);
        if (stat(path, &folder) || !S_ISDIR(folder.st_mode))
            tree_warn(b->t, i, b->is, "make it, or leave it out", "there is no folder %s", path);
    }
}

void plugins_build(struct build *b)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t all = tree_get(b->t, 0, "plugins");

    check_folders(b);
    if (all == JSON_NONE || json_type_of(d, all) != JSON_OBJECT)
        return;
    for (uint32_t k = all + 1; k < json_end(d, all); k = json_next(d, k + 1)) {
        if (build_is_sound(b, k + 1))
            add_plugin(b, k, tree_string(b->t, k, b->memory), k + 1);
    }
}

void plugins_clear(struct plan *p)
{
    for (struct plugin *one = p->plugins; one; one = one->next)
        schema_unref(one->args_schema);
}

struct plugin *plan_plugin(const struct plan *p, struct slice name)
{
    struct plugin *one = p->plugins;

    while (one && !slice_eq(one->name, name))
        one = one->next;
    return one;
}

/* -- A step's use of it -- */

/* args: JSON_NONE where the step has none, which is {}; node: where that is said. */
static bool check_args(const struct reading_steps *r, uint32_t node, uint32_t args, const struct plugin *p)
{
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema_report report;
    struct json_fault fault;
    struct json_doc none;
    char hint[400];

    snprintf(hint, sizeof hint, "\"hooklatch plugins -c %.250s %.*s\" shows its settings", r->t->file, SLICE_FMT(p->name));
    json_doc_init(&none);
    int parsed = json_parse(&none, SLICE("{}"), &JSON_LIMITS_DEFAULT, &fault);
    const struct json_doc *d = args == JSON_NONE ? &none : &r->t->doc;
    uint32_t at = args == JSON_NONE ? 0 : args;
    bool good = parsed == 0 && schema_check(p->args_schema, d, at, scratch) == SCHEMA_VALID;
    if (!good) {
        schema_report_make(&report, p->args_schema, d, at, scratch, 20);
        for (size_t i = 0; i < report.count; i++)
            tree_error(r->t, args == JSON_NONE ? node : report.errors[i].node, r->is, hint, "%s%.*s",
                       args == JSON_NONE ? "no args: " : "", SLICE_FMT(report.errors[i].message));
        schema_report_clear(&report);
    }
    schema_scratch_free(scratch);
    json_doc_clear(&none);
    return good;
}

/* A stored definition is taken as it is: what is gone since shows when the step is tried. */
static void check_against_plugin(const struct reading_steps *r, uint32_t node, const struct plugin_step *x, uint32_t args)
{
    struct plugin *p = plan_plugin(r->plan, x->name);
    struct err e;

    if (!r->b)
        return;
    if (!p)
        p = add_plugin(r->b, tree_get(r->t, node, "name"), x->name, JSON_NONE);
    if (p->args_schema && check_args(r, node, args, p) && try_args(p->path.ptr, x->args, &e))
        tree_error(r->t, args == JSON_NONE ? node : args, r->is, NULL, "%s", e.text);
}

void plugin_read(const struct reading_steps *r, uint32_t node, struct step *step)
{
    struct plugin_step *x = arena_zalloc(&r->w->memory, sizeof *x);
    uint32_t args = tree_get(r->t, node, "args");
    struct buf text;

    step->kind = STEP_PLUGIN;
    step->plugin = x;
    x->name = tree_text(r->t, node, "name", &r->w->memory);
    x->queue = slice_z(arena_printf(&r->w->memory, "plugin:%.*s", SLICE_FMT(x->name)));
    x->output_max = (size_t)tree_bytes(r->t, node, "output_max", MIB);
    if (x->output_max > OUTPUT_MAX)
        tree_error(r->t, tree_get(r->t, node, "output_max"), r->is, NULL, "must be at most 16MiB");
    buf_init(&text, 4 * MIB);
    if (args != JSON_NONE)
        tree_put_canonical(r->t, args, &text);
    else
        buf_puts(&text, "{}");
    x->args = arena_slice(&r->w->memory, buf_slice(&text));
    buf_clear(&text);
    if (x->name.len)
        check_against_plugin(r, node, x, args);
}
