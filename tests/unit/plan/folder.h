/* tests/unit/plan/folder.h - a temporary folder with a configuration in it, and the project's schemas beside it. */
#ifndef TESTS_PLAN_FOLDER_H
#define TESTS_PLAN_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/plan.h"

static char folder_path[] = "/tmp/hooklatch-plan-XXXXXX";

/* The folder becomes the current one; schemas/ is a link to the source tree's. */
static int folder_setup(void **state)
{
    char target[4096];

    (void)state;
    snprintf(target, sizeof target, "%s/schemas", getenv("TOP_SRCDIR"));
    return mkdtemp(folder_path) && chdir(folder_path) == 0 && symlink(target, "schemas") == 0 ? 0 : -1;
}

static int folder_teardown(void **state)
{
    (void)state;
    return unlink("schemas") == 0 && unlink("c.yaml") == 0 && chdir("/") == 0 && rmdir(folder_path) == 0 ? 0 : -1;
}

static void folder_write(const char *name, struct slice text)
{
    FILE *out = fopen(name, "w");

    assert_non_null(out);
    assert_int_equal(fwrite(text.ptr, 1, text.len, out), text.len);
    assert_int_equal(fclose(out), 0);
}

/* Loads c.yaml; what was said goes into said (initialised). */
static struct plan *folder_load(const char *file, struct buf *said)
{
    struct issues is;

    issues_init(&is);
    struct plan *p = plan_load(file, &is);
    buf_reset(said);
    issues_put_text(&is, said);
    assert_int_equal(p == NULL, is.errors > 0);
    issues_clear(&is);
    return p;
}

static const char *text_of(const struct buf *b)
{
    return b->len ? b->ptr : "";
}

#endif
