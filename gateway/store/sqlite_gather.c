#include "store/sqlite_gather.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* SQLite's os_unix.c masks the size of a write to 17 bits: no write may be larger. */
#define GATHER_BYTES 0x1ffff
/* A write as large as this is events that were appended. */
#define APPEND_BYTES (64 << 10)
/* Of these the kernel keeps the last ones. The older ones are hardly read again, and without a word they would push
 * everything else out of memory; on a virtual machine each page that the kernel takes anew for them may also cost a
 * fault in the hypervisor (measured: up to 15 µs an event of 7 KB). */
#define KEPT_BYTES (32 << 20)

/* Behind SQLite's own file, in the same memory. */
struct gather {
    const sqlite3_io_methods *real;
    sqlite3_io_methods ours;
    char *bytes;
    int len;
    sqlite3_int64 at; /* in the file, of bytes[0] */
    bool off;
    int fd;           /* of the database, to say what the kernel need not keep; else -1 */
    sqlite3_int64 kept_from, kept_to; /* what was appended and the kernel still keeps */
};

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static size_t gather_offset;

static struct gather *gather_of(sqlite3_file *f)
{
    return (struct gather *)(void *)((char *)f + gather_offset);
}

static void note_append(struct gather *g, int len)
{
    if (g->at < g->kept_to)
        return;
    if (!g->kept_to)
        g->kept_from = g->at;
    g->kept_to = g->at + len;
}

/* After a sync: only clean pages can go. That the kernel does not do it is no error. */
static void let_go(struct gather *g)
{
    sqlite3_int64 n = g->kept_to - KEPT_BYTES - g->kept_from;

    if (n <= 0)
        return;
    posix_fadvise(g->fd, g->kept_from, n, POSIX_FADV_DONTNEED);
    g->kept_from += n;
}

/* What cannot be written is dropped: whoever is told so rolls back, and what nobody synced nobody relies on. */
static int flush(sqlite3_file *f)
{
    struct gather *g = gather_of(f);
    int len = g->len;

    g->len = 0;
    if (g->fd >= 0 && len >= APPEND_BYTES)
        note_append(g, len);
    return len ? g->real->xWrite(f, g->bytes, len, g->at) : SQLITE_OK;
}

static int on_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    struct gather *g = gather_of(f);

    if (g->len && (g->off || at != g->at + g->len || n > GATHER_BYTES - g->len)) {
        int rc = flush(f);
        if (rc != SQLITE_OK)
            return rc;
    }
    if (g->off || n > GATHER_BYTES)
        return g->real->xWrite(f, bytes, n, at);
    if (!g->bytes)
        g->bytes = mem_alloc(GATHER_BYTES);
    if (!g->len)
        g->at = at;
    memcpy(g->bytes + g->len, bytes, (size_t)n);
    g->len += n;
    return SQLITE_OK;
}

static int on_read(sqlite3_file *f, void *bytes, int n, sqlite3_int64 at)
{
    struct gather *g = gather_of(f);
    int rc = g->len && at < g->at + g->len && g->at < at + n ? flush(f) : SQLITE_OK;

    return rc == SQLITE_OK ? g->real->xRead(f, bytes, n, at) : rc;
}

static int on_sync(sqlite3_file *f, int flags)
{
    struct gather *g = gather_of(f);
    int rc = flush(f);

    if (rc == SQLITE_OK)
        rc = g->real->xSync(f, flags);
    if (rc == SQLITE_OK)
        let_go(g);
    return rc;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct gather *g = gather_of(f);
    int rc = flush(f);

    g->kept_from = g->kept_to = 0;
    return rc == SQLITE_OK ? g->real->xTruncate(f, size) : rc;
}

static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    int rc = flush(f);

    return rc == SQLITE_OK ? gather_of(f)->real->xFileSize(f, size) : rc;
}

static int on_close(sqlite3_file *f)
{
    struct gather *g = gather_of(f);
    int flushed = flush(f);

    free(g->bytes);
    g->bytes = NULL;
    int rc = g->real->xClose(f);
    if (g->fd >= 0)
        close(g->fd);
    return flushed == SQLITE_OK ? rc : flushed;
}

/* Temporary files and the like are left as they are. */
static int on_open(sqlite3_vfs *self, const char *name, sqlite3_file *f, int flags, int *out)
{
    struct gather *g = gather_of(f);
    int rc = real_vfs->xOpen(real_vfs, name, f, flags, out);

    (void)self;
    if (rc != SQLITE_OK || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
        return rc;
    *g = (struct gather){ .real = f->pMethods, .ours = *f->pMethods, .fd = -1 };
    /* Closed after SQLite's: closing it drops the locks of all descriptors of the file (POSIX), so others must not rely on
     * them; the store's own lock is on another file. */
    if (flags & SQLITE_OPEN_MAIN_DB)
        g->fd = open(name, O_RDONLY | O_CLOEXEC);
    g->ours.xWrite = on_write;
    g->ours.xRead = on_read;
    g->ours.xSync = on_sync;
    g->ours.xTruncate = on_truncate;
    g->ours.xFileSize = on_size;
    g->ours.xClose = on_close;
    f->pMethods = &g->ours;
    return rc;
}

static void install(void)
{
    const size_t align = _Alignof(struct gather);

    real_vfs = sqlite3_vfs_find(NULL);
    gather_offset = ((size_t)real_vfs->szOsFile + align - 1) / align * align;
    vfs = *real_vfs;
    vfs.zName = "gather";
    vfs.szOsFile = (int)(gather_offset + sizeof(struct gather));
    vfs.pNext = NULL;
    vfs.xOpen = on_open;
    sqlite3_vfs_register(&vfs, 0);
}

const char *sqlite_gather_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, install);
    return vfs.zName;
}

int sqlite_gather_log(sqlite3 *db, bool on)
{
    sqlite3_file *log = NULL;
    int rc = sqlite3_file_control(db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log);

    if (rc != SQLITE_OK || !log || !log->pMethods || log->pMethods->xWrite != on_write)
        return rc;
    gather_of(log)->off = !on;
    return flush(log);
}
