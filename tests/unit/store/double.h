/* A store in memory, as simple as it can be: begin copies everything, rollback takes the copy back. It is what SQLite
 * is compared with. "double:NAME" lives until the process ends, so that it can be closed and opened again. */
#ifndef TESTS_DOUBLE_H
#define TESTS_DOUBLE_H

#include "store/store.h"

void double_register(void);
/* The next commit of that many fails; 0: none. */
void double_fail_commit(int n);

#endif
