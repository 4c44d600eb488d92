/* Appends a line of JSON to a file, and is done when the disk has it. Several workers, and several steps, may have the same file:
 * an append holds a lock on it. A line that was cut off (power, a full disk) is put aside by the next append: nobody was told that
 * it is there. */
#include "hooklatch_plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct target {
    char path[PATH_MAX - 16];
    int whole;            /* a line is the document, not its input only */
    long long rotate;     /* bytes; 0: never */
    int keep;             /* older files */
    int fd;               /* -1: not open */
    int known;            /* the folder's entry of it is on the disk */
};

static long long number(struct hl_reply *reply, const char *pointer, long long absent)
{
    struct hl_bytes text = reply->find(reply, pointer);

    return text.ptr ? (long long)strtod(text.ptr, NULL) : absent; /* 1e6 is an integer too */
}

static int say(struct hl_reply *reply, const struct target *t, const char *what)
{
    char words[300];

    snprintf(words, sizeof words, "%s %.200s: %.60s", what, t->path, strerror(errno));
    reply->error(reply, words);
    return HL_RETRY;
}

static int open_file(struct hl_bytes args, void **self, struct hl_reply *reply)
{
    struct target *t = calloc(1, sizeof *t);
    char line[16];

    (void)args;
    if (!t)
        return HL_RETRY;
    *self = t;
    t->fd = -1;
    t->rotate = number(reply, "/rotate", 0);
    t->keep = (int)number(reply, "/keep", 5);
    t->whole = reply->text(reply, "/line", line, sizeof line) > 0 && strcmp(line, "document") == 0;
    if (reply->text(reply, "/path", t->path, sizeof t->path) > 0)
        return HL_DONE;
    reply->error(reply, "the path is empty, too long, or holds a NUL");
    return HL_FAIL;
}

static void close_file(void *self)
{
    struct target *t = self;

    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

static int sync_folder(const struct target *t)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof copy, "%s", t->path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return result;
}

/* The file that has this name now, locked: another worker may have put another one there meanwhile. */
static int lock_current(struct target *t, struct stat *file)
{
    struct stat named;

    for (;;) {
        if (t->fd < 0) {
            t->known = 0;
            t->fd = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        }
        if (t->fd < 0)
            return -1;
        if (flock(t->fd, LOCK_EX) || fstat(t->fd, file))
            return -1;
        if (!S_ISREG(file->st_mode)) {
            errno = EINVAL;
            return -1;
        }
        if (stat(t->path, &named) == 0 && named.st_ino == file->st_ino && named.st_dev == file->st_dev)
            return 0;
        close(t->fd);
        t->fd = -1;
    }
}

/* path.4 → path.5, …, path → path.1; what was path.keep is gone. The lock goes with the file. */
static int rotate(struct target *t)
{
    char from[PATH_MAX], to[PATH_MAX];

    for (int i = t->keep; i > 0; i--) {
        snprintf(to, sizeof to, "%s.%d", t->path, i);
        if (i > 1)
            snprintf(from, sizeof from, "%s.%d", t->path, i - 1);
        else
            snprintf(from, sizeof from, "%s", t->path);
        if (rename(from, to) && errno != ENOENT)
            return -1;
    }
    if (t->keep == 0 && unlink(t->path))
        return -1;
    close(t->fd);
    t->fd = -1;
    return 0;
}

/* Behind the last whole line, or -1. */
static off_t end_of_lines(int fd, off_t size)
{
    char block[4096];

    while (size > 0) {
        size_t n = size < (off_t)sizeof block ? (size_t)size : sizeof block;
        if (pread(fd, block, n, size - (off_t)n) != (ssize_t)n)
            return -1;
        char *newline = memrchr(block, '\n', n);
        if (newline)
            return size - (off_t)n + (newline - block) + 1;
        size -= (off_t)n;
    }
    return 0;
}

static int write_at(int fd, const char *bytes, size_t len, off_t at)
{
    while (len) {
        ssize_t n = pwrite(fd, bytes, len, at);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
            at += n;
        }
    }
    return 0;
}

/* What stands behind the last newline goes to PATH.cut: nobody was told that a line of ours is there, but somebody else may have
 * written it. */
static int set_aside(struct target *t, off_t from, off_t to)
{
    char name[PATH_MAX], block[4096];
    int result = 0;

    snprintf(name, sizeof name, "%s.cut", t->path);
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    for (off_t at = from; fd >= 0 && result == 0 && at < to;) {
        ssize_t n = pread(t->fd, block, to - at < (off_t)sizeof block ? (size_t)(to - at) : sizeof block, at);
        result = n <= 0 || write(fd, block, (size_t)n) != n ? -1 : 0;
        at += n;
    }
    if (fd >= 0 && result == 0)
        result = write(fd, "\n", 1) == 1 ? fsync(fd) : -1;
    if (fd >= 0)
        close(fd);
    return fd < 0 || result ? -1 : ftruncate(t->fd, from);
}

/* Locked, and with whole lines only, up to *at. */
static int lock_lines(struct target *t, off_t *at)
{
    struct stat file;

    if (lock_current(t, &file) || (*at = end_of_lines(t->fd, file.st_size)) < 0)
        return -1;
    return *at < file.st_size ? set_aside(t, *at, file.st_size) : 0;
}

/* The file is locked when it returns 0. */
static int make_room(struct target *t, size_t len, off_t *at)
{
    if (lock_lines(t, at))
        return -1;
    if (t->rotate == 0 || *at == 0 || *at + (off_t)len <= t->rotate)
        return 0;
    return rotate(t) || lock_lines(t, at) ? -1 : 0;
}

static int append(struct target *t, const char *line, size_t len)
{
    off_t at = 0;

    if (make_room(t, len, &at))
        return -1;
    int failed = write_at(t->fd, line, len, at) || fsync(t->fd) || (!t->known && sync_folder(t)), why = errno;
    if (failed && ftruncate(t->fd, at))
        why = errno;
    t->known = !failed;
    errno = why;
    return failed ? -1 : 0;
}

static int run_file(void *self, struct hl_bytes document, struct hl_reply *reply)
{
    struct hl_bytes value = document;
    struct target *t = self;

    if (!t->whole)
        value = reply->find(reply, "/input");
    char *line = malloc(value.len + 1);
    if (!value.ptr || !line) {
        free(line);
        reply->error(reply, value.ptr ? "no memory" : "the document has no input");
        return value.ptr ? HL_RETRY : HL_FAIL;
    }
    for (size_t i = 0; i < value.len; i++) /* between values only: strings hold no raw newline */
        line[i] = value.ptr[i] == '\n' || value.ptr[i] == '\r' ? ' ' : value.ptr[i];
    line[value.len] = '\n';
    int failed = append(t, line, value.len + 1);
    if (t->fd >= 0 && !failed)
        flock(t->fd, LOCK_UN);
    free(line);
    if (!failed)
        return HL_DONE;
    int result = say(reply, t, "cannot append to");
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    return result;
}

const struct hl_step_plugin hl_step_plugin = {
    .abi = HL_STEP_ABI,
    .size = sizeof hl_step_plugin,
    .name = "file",
    .config_schema = "{\"description\": \"appends a line of JSON to a file, and is done when the disk has it\", \"type\": \"object\","
                     " \"additionalProperties\": false, \"required\": [\"path\"], \"properties\": {"
                     "\"path\": {\"description\": \"relative to the configuration's folder\", \"type\": \"string\", \"minLength\": 1},"
                     "\"line\": {\"description\": \"input (default) or the whole document\", \"enum\": [\"input\", \"document\"]},"
                     "\"rotate\": {\"description\": \"bytes: a line that would make the file larger begins a new one (never)\","
                     " \"type\": \"integer\", \"minimum\": 1},"
                     "\"keep\": {\"description\": \"older files, PATH.1 the youngest (5)\", \"type\": \"integer\", \"minimum\": 0,"
                     " \"maximum\": 1000}}}",
    .open = open_file,
    .run = run_file,
    .close = close_file,
};
