#include "unit/store/fault_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct fault_vfs fault_vfs;

/* Behind SQLite's own file, in the same memory: another VFS may stand on this one and have its own methods there. */
struct fault {
    const sqlite3_io_methods *real;
    sqlite3_io_methods ours;
};
static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;

static struct fault *fault_of(sqlite3_file *f)
{
    return (struct fault *)(void *)((char *)f + real_vfs->szOsFile);
}

static int on_sync(sqlite3_file *f, int flags)
{
    long left = atomic_load(&fault_vfs.fail_syncs);

    atomic_fetch_add(&fault_vfs.syncs, 1);
    if (left) {
        if (left > 0)
            atomic_fetch_sub(&fault_vfs.fail_syncs, 1);
        return SQLITE_IOERR_FSYNC;
    }
    return fault_of(f)->real->xSync(f, flags);
}

static int on_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    atomic_fetch_add(&fault_vfs.writes, 1);
    return atomic_load(&fault_vfs.full) ? SQLITE_FULL : fault_of(f)->real->xWrite(f, bytes, n, at);
}

static int on_open(sqlite3_vfs *self, const char *name, sqlite3_file *f, int flags, int *out)
{
    int rc = real_vfs->xOpen(real_vfs, name, f, flags, out);

    (void)self;
    if (!f->pMethods)
        return rc;
    struct fault *fault = fault_of(f);
    *fault = (struct fault){ f->pMethods, *f->pMethods };
    fault->ours.xSync = on_sync;
    fault->ours.xWrite = on_write;
    f->pMethods = &fault->ours;
    return rc;
}

void fault_vfs_install(void)
{
    if (real_vfs)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "fault";
    vfs.szOsFile += (int)sizeof(struct fault);
    vfs.pNext = NULL;
    vfs.xOpen = on_open;
    sqlite3_vfs_register(&vfs, 1);
}
