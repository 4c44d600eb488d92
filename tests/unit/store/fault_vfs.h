/* A disk that fails when told to: SQLite's own file layer with its sync and write in our hands. */
#ifndef TESTS_FAULT_VFS_H
#define TESTS_FAULT_VFS_H

#include <stdatomic.h>
#include <stdbool.h>

struct fault_vfs {
    atomic_long syncs;      /* made so far */
    atomic_long writes;     /* made so far, or tried */
    atomic_long fail_syncs; /* that many from now on fail; -1: all */
    atomic_bool full;       /* no write finds room */
};
extern struct fault_vfs fault_vfs;
/* Before the first database is opened. */
void fault_vfs_install(void);

#endif
