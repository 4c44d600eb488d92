/* verify/provider_files.h - where the files of providers are: embedded in the binary, and in a folder of the user's, which
 * come first. */
#ifndef VERIFY_PROVIDER_FILES_H
#define VERIFY_PROVIDER_FILES_H

#include "base/embedded.h"
#include "base/mem.h"
#include "verify/provider.h"

struct provider_file {
    struct slice id;
    const struct embedded *embedded; /* or NULL, and */
    const char *path;                /* a file of the user's */
};

struct provider_files { /* sorted by id; in the arena */
    struct provider_file *list;
    size_t n;
};

/* All that there are. folder may be NULL. */
void provider_files_find(struct provider_files *files, const char *folder, struct arena *a);
/* The one with that id. False when there is none. */
bool provider_file_find(struct slice id, const char *folder, struct provider_file *f, struct arena *a);
/* "…/mine.yaml", there or not: the file of the provider "mine". False when it is no such name. Borrows the path; a NUL follows it. */
bool provider_file_named(struct slice path, struct provider_file *f);
/* For an id that is none of them: the nearest one, or where they are listed. */
void provider_put_hint(struct slice id, const char *folder, struct buf *out);

/* Checks the form of what is the user's. 0, or -1 with issues. */
int provider_file_read(const struct provider_file *f, struct tree *t, struct issues *is) MUST_CHECK;
/* provider_load, and its id has to be that of the file. */
struct provider *provider_file_compile(const struct provider_file *f, const struct tree *t, struct issues *is);
/* Both. */
struct provider *provider_file_load(const struct provider_file *f, struct issues *is);

#endif
