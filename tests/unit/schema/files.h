/* tests/unit/schema/files.h - third-party data beside the source tree, for tests. */
#ifndef TESTS_UNIT_SCHEMA_FILES_H
#define TESTS_UNIT_SCHEMA_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/slice.h"

/* "<shared>/<path>" on the heap. HOOKLATCH_SHARED says where; else it is ../shared of the top source folder. */
static inline char *shared_path(const char *path)
{
    const char *shared = getenv("HOOKLATCH_SHARED"), *top = getenv("srcdir");
    char *text;

    if (shared ? asprintf(&text, "%s/%s", shared, path) < 0
               : asprintf(&text, "%s/../shared/%s", top ? top : ".", path) < 0)
        abort();
    return text;
}

/* The whole file, on the heap; ptr is NULL when it cannot be read. */
static inline struct slice file_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    char *text;

    if (!f)
        return SLICE_NONE;
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
        fclose(f);
        return SLICE_NONE;
    }
    text = mem_alloc((size_t)st.st_size + 1);
    if (fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
        abort();
    fclose(f);
    return slice_of(text, (size_t)st.st_size);
}

/* Calls visit for each *.json in the folder and, when deep, below it. `name` is relative to the folder first given. */
static inline void folder_each(const char *folder, const char *prefix, bool deep,
                               void (*visit)(const char *path, const char *name, void *arg), void *arg)
{
    struct dirent **list;
    int n = scandir(folder, &list, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        char *path, *name;
        struct stat st;

        if (asprintf(&path, "%s/%s", folder, list[i]->d_name) < 0 ||
            asprintf(&name, "%s%s", prefix, list[i]->d_name) < 0)
            abort();
        if (list[i]->d_name[0] != '.' && stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode) && deep) {
                char *below;

                if (asprintf(&below, "%s/", name) < 0)
                    abort();
                folder_each(path, below, deep, visit, arg);
                free(below);
            } else if (slice_ends(slice_z(name), SLICE(".json"))) {
                visit(path, name, arg);
            }
        }
        free(path);
        free(name);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
}

#endif
