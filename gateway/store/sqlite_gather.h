/* store/sqlite_gather.h - a VFS for the writing connection that gathers what SQLite writes to its log piece by piece: two
 * small pieces a page (24 bytes of header, then the page), all of them one behind the other. They reach the kernel as few
 * large writes instead, at the latest when the log is synced, read there, measured or cut.
 *
 * Readers have descriptors of their own. They look at a frame of the log only once the index names it, which with
 * synchronous=FULL is after the sync. With synchronous=NORMAL there is none: then gathering must be off. */
#ifndef STORE_SQLITE_GATHER_H
#define STORE_SQLITE_GATHER_H

#include <sqlite3.h>
#include <stdbool.h>

/* The VFS's name for sqlite3_open_v2; it stands on the default VFS of that moment. Registered at the first call. */
const char *sqlite_gather_vfs(void);
/* Of the log of a connection that was opened by it; what was gathered so far is written. An SQLite code. */
int sqlite_gather_log(sqlite3 *db, bool on);

#endif
