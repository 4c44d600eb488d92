/* store/sqlite.h - the SQLite back end, by name only: everything else about it is private to store/sqlite*.c. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/store.h"

extern const struct store_backend sqlite_backend;

#endif
