/* config/issues.h - everything that is wrong with a configuration, shown together: file, line, path, what, and a hint. */
#ifndef CONFIG_ISSUES_H
#define CONFIG_ISSUES_H

#include <stdbool.h>

#include "base/mem.h"
#include "base/slice.h"

struct issue {
    bool warning;        /* else an error: the configuration is not taken */
    struct slice file;   /* as the user would name it */
    unsigned line, column; /* from 1; 0: the whole file */
    struct slice path;   /* "sources.github.secrets[0]", or empty */
    struct slice text;   /* what is wrong */
    struct slice hint;   /* what to do ("did you mean \"provider\"?"), or empty */
};

struct issues {
    struct arena memory;
    struct issue *list;
    size_t count, capacity, errors; /* at most 100 are kept; errors counts all */
};
void issues_init(struct issues *is);
void issues_clear(struct issues *is);
/* Copies every slice of it. */
void issues_add(struct issues *is, const struct issue *issue);
/* "conf/a.yaml:12:5: error: sources.github.secrets[0]: …\n    hint: …\n" for each, in order of file and line. */
struct buf;
void issues_put_text(const struct issues *is, struct buf *out);

#endif
