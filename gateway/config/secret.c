#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES_MAX 65536

/* What was said about a secret that can be used all the same. */
enum remark { REMARK_NONE, REMARK_WORLD_READABLE };

static int take_bytes(struct secret *s, struct slice bytes, struct err *e)
{
    if (bytes.len == 0)
        return err_set(e, ERR_INPUT, "the secret %s is empty", s->label);
    s->bytes = slice_dup_z(bytes);
    s->len = bytes.len;
    return 0;
}

static int read_env(struct secret *s, struct slice name, struct err *e)
{
    s->label = mem_alloc(name.len + sizeof "env:");
    sprintf(s->label, "env:%.*s", SLICE_FMT(name));
    const char *value = getenv(s->label + 4);
    if (!value)
        return err_set(e, ERR_INPUT, "the environment variable %s is not set", s->label + 4);
    if (!*value)
        return err_set(e, ERR_INPUT, "the environment variable %s is empty", s->label + 4);
    return take_bytes(s, slice_z(value), e);
}

static int check_file(int fd, const char *path, enum remark *remark, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_sys(e, "the secret file %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INPUT, "the secret %s is not a regular file", path);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return err_set(e, ERR_INPUT, "others may write to the secret file %s (mode %03o); chmod go-w it", path,
                       st.st_mode & 0777u);
    if (st.st_size > SECRET_BYTES_MAX)
        return err_set(e, ERR_INPUT, "the secret file %s is larger than 64 KiB", path);
    if (st.st_mode & S_IROTH)
        *remark = REMARK_WORLD_READABLE;
    return 0;
}

static struct slice without_newline(struct slice s)
{
    if (slice_ends(s, SLICE("\r\n")))
        return slice_first(s, s.len - 2);
    return slice_ends(s, SLICE("\n")) ? slice_first(s, s.len - 1) : s;
}

static int read_descriptor(struct secret *s, int fd, const char *path, struct err *e)
{
    char *room = mem_alloc(SECRET_BYTES_MAX + 1);
    size_t len = 0;
    ssize_t n;
    int result = -1;

    while ((n = read(fd, room + len, SECRET_BYTES_MAX + 1 - len)) > 0)
        len += (size_t)n;
    if (n < 0)
        err_sys(e, "the secret file %s", path);
    else if (len > SECRET_BYTES_MAX)
        err_set(e, ERR_INPUT, "the secret file %s is larger than 64 KiB", path);
    else
        result = take_bytes(s, without_newline(slice_of(room, len)), e);
    mem_wipe(room, SECRET_BYTES_MAX + 1);
    free(room);
    return result;
}

/* The same descriptor is looked at and read: nobody can swap the file in between. */
static int read_file(struct secret *s, const char *path, struct slice shown, enum remark *remark, struct err *e)
{
    s->label = mem_alloc(shown.len + sizeof "file:");
    sprintf(s->label, "file:%.*s", SLICE_FMT(shown));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_sys(e, "the secret file %s", path);
    int result = check_file(fd, path, remark, e);
    if (result == 0)
        result = read_descriptor(s, fd, path, e);
    close(fd);
    return result;
}

static int read_value(struct secret *s, struct slice value, struct err *e)
{
    s->label = mem_strdup("value");
    return take_bytes(s, value, e);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool has_outer_space(const struct secret *s)
{
    return is_space(s->bytes[0]) || is_space(s->bytes[s->len - 1]);
}

static int read_node(struct secret *s, const struct tree *t, uint32_t node, struct arena *memory, enum remark *remark,
                     struct err *e)
{
    struct slice env = tree_text(t, node, "env", memory), file = tree_text(t, node, "file", memory),
                 value = tree_text(t, node, "value", memory);

    if (!env.ptr + !file.ptr + !value.ptr != 2)
        return err_set(e, ERR_INPUT, "a secret is one of {env: NAME}, {file: PATH}, {value: TEXT}");
    if (env.ptr)
        return read_env(s, env, e);
    if (file.ptr)
        return read_file(s, tree_file_path(t, file, memory), file, remark, e);
    return read_value(s, value, e);
}

static const char *env_hint(const struct secret *s)
{
    if (!s->label || !slice_starts(slice_z(s->label), SLICE("env:")))
        return NULL;
    return getenv(s->label + 4) ? "write its value where it is set, in hooklatch.env after the =; then again: set -a; . ./hooklatch.env"
                                : "set it where hooklatch is started: set -a; . ./hooklatch.env; or EnvironmentFile= of its unit";
}

int secret_read(struct secret *s, const struct tree *t, uint32_t node, struct issues *is)
{
    enum remark remark = REMARK_NONE;
    struct arena memory;
    struct err e;

    *s = (struct secret){ 0 };
    arena_init(&memory);
    int result = read_node(s, t, node, &memory, &remark, &e);
    if (result < 0) {
        tree_error(t, node, is, env_hint(s), "%s", e.text);
        secret_clear(s);
    } else if (remark == REMARK_WORLD_READABLE) {
        tree_warn(t, node, is, "chmod o-r it", "everybody on this machine can read %s", s->label);
    } else if (has_outer_space(s)) {
        tree_warn(t, node, is, "remove it unless it belongs to the secret",
                  "the secret %s begins or ends with white space", s->label);
    }
    arena_clear(&memory);
    return result;
}

int secret_from_argument(struct secret *s, struct slice text, struct err *e)
{
    enum remark remark;
    struct slice kind, rest;
    int result = -1;

    *s = (struct secret){ 0 };
    bool cut = slice_cut(text, ':', &kind, &rest);
    if (cut && slice_eq_z(kind, "env")) {
        result = read_env(s, rest, e);
    } else if (cut && slice_eq_z(kind, "file")) {
        char *path = slice_dup_z(rest);
        result = read_file(s, path, rest, &remark, e);
        free(path);
    } else if (cut && slice_eq_z(kind, "value")) {
        result = read_value(s, rest, e);
    } else {
        err_set(e, ERR_INPUT, "a secret is env:NAME, file:PATH or value:TEXT");
    }
    if (result < 0)
        secret_clear(s);
    return result;
}

void secret_clear(struct secret *s)
{
    if (s->bytes)
        mem_wipe(s->bytes, s->len);
    free(s->bytes);
    free(s->label);
    *s = (struct secret){ 0 };
}
