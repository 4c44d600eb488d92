#include "unit/store/fault_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct fault_vfs fault_vfs;

/* Method tables of SQLite's, and ours that stand in for them: it has one for the database and one for its log. */
#define KINDS 4
static struct kind {
    const sqlite3_io_methods *real;
    sqlite3_io_methods ours;
} kinds[KINDS];
static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;

static const sqlite3_io_methods *real_of(sqlite3_file *f)
{
    for (int i = 0; i < KINDS; i++) {
        if (f->pMethods == &kinds[i].ours)
            return kinds[i].real;
    }
    abort();
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
    return real_of(f)->xSync(f, flags);
}

static int on_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    return atomic_load(&fault_vfs.full) ? SQLITE_FULL : real_of(f)->xWrite(f, bytes, n, at);
}

static const sqlite3_io_methods *stand_in(const sqlite3_io_methods *real)
{
    for (int i = 0; i < KINDS; i++) {
        if (!kinds[i].real) {
            kinds[i].real = real;
            kinds[i].ours = *real;
            kinds[i].ours.xSync = on_sync;
            kinds[i].ours.xWrite = on_write;
        }
        if (kinds[i].real == real)
            return &kinds[i].ours;
    }
    abort();
}

static int on_open(sqlite3_vfs *self, const char *name, sqlite3_file *f, int flags, int *out)
{
    int rc = real_vfs->xOpen(real_vfs, name, f, flags, out);

    (void)self;
    if (f->pMethods)
        f->pMethods = stand_in(f->pMethods);
    return rc;
}

void fault_vfs_install(void)
{
    if (real_vfs)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "fault";
    vfs.pNext = NULL;
    vfs.xOpen = on_open;
    sqlite3_vfs_register(&vfs, 1);
}
