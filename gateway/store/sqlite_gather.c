#include "store/sqlite_gather.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* SQLite's os_unix.c masks the size of a write to 17 bits: no write may be larger. */
#define GATHER_BYTES 0x1ffff
/* Behind SQLite's own file, in the same memory. */
struct gather {
    const sqlite3_io_methods *real;
    sqlite3_io_methods ours;
    char *bytes;
    int len;
    sqlite3_int64 at; /* in the file, of bytes[0] */
    bool off;
};

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static size_t gather_offset;

static struct gather *gather_of(sqlite3_file *f)
{
    return (struct gather *)(void *)((char *)f + gather_offset);
}

/* What cannot be written is dropped: whoever is told so rolls back, and what nobody synced nobody relies on. */
static int flush(sqlite3_file *f)
{
    struct gather *g = gather_of(f);
    int len = g->len;

    g->len = 0;
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
    int rc = flush(f);

    return rc == SQLITE_OK ? gather_of(f)->real->xSync(f, flags) : rc;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = flush(f);

    return rc == SQLITE_OK ? gather_of(f)->real->xTruncate(f, size) : rc;
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
    return flushed == SQLITE_OK ? rc : flushed;
}

/* The log alone: of the database a checkpoint lets readers see pages without any call in which we could write them. */
static int on_open(sqlite3_vfs *self, const char *name, sqlite3_file *f, int flags, int *out)
{
    struct gather *g = gather_of(f);
    int rc = real_vfs->xOpen(real_vfs, name, f, flags, out);

    (void)self;
    if (rc != SQLITE_OK || !(flags & SQLITE_OPEN_WAL))
        return rc;
    *g = (struct gather){ .real = f->pMethods, .ours = *f->pMethods };
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
