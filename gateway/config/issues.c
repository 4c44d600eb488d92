#include "config/issues.h"

#include <stdlib.h>

#include "base/buf.h"

#define KEPT_MAX 100

void issues_init(struct issues *is)
{
    *is = (struct issues){ 0 };
    arena_init(&is->memory);
}

void issues_clear(struct issues *is)
{
    free(is->list);
    arena_clear(&is->memory);
    issues_init(is);
}

void issues_add(struct issues *is, const struct issue *issue)
{
    if (!issue->warning)
        is->errors++;
    if (is->count == KEPT_MAX)
        return;
    if (is->count == is->capacity) {
        is->capacity = is->capacity ? 2 * is->capacity : 16;
        is->list = mem_grow(is->list, is->capacity, sizeof *is->list);
    }
    struct issue *copy = &is->list[is->count++];
    *copy = *issue;
    copy->file = arena_slice(&is->memory, issue->file);
    copy->path = arena_slice(&is->memory, issue->path);
    copy->text = arena_slice(&is->memory, issue->text);
    copy->hint = arena_slice(&is->memory, issue->hint);
}

/* By place; what has the same place stays in the order it was found. */
static int compare_places(const void *left, const void *right)
{
    const struct issue *a = *(const struct issue *const *)left, *b = *(const struct issue *const *)right;
    int order = slice_cmp(a->file, b->file);

    if (order == 0)
        order = (a->line > b->line) - (a->line < b->line);
    if (order == 0)
        order = (a->column > b->column) - (a->column < b->column);
    return order ? order : (a > b) - (a < b);
}

/* Files and environment are foreign bytes: nothing of them may steer a terminal. */
static void put_shown(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\x%02x", c);
        else
            buf_putc(out, (char)c);
    }
}

static void put_issue(const struct issue *issue, struct buf *out)
{
    put_shown(out, issue->file);
    if (issue->line)
        buf_printf(out, ":%u:%u", issue->line, issue->column);
    buf_puts(out, issue->warning ? ": warning: " : ": error: ");
    if (issue->path.len) {
        put_shown(out, issue->path);
        buf_puts(out, ": ");
    }
    put_shown(out, issue->text);
    buf_putc(out, '\n');
    if (issue->hint.len) {
        buf_puts(out, "    hint: ");
        put_shown(out, issue->hint);
        buf_putc(out, '\n');
    }
}

void issues_put_text(const struct issues *is, struct buf *out)
{
    const struct issue **sorted = mem_alloc((is->count + 1) * sizeof *sorted);
    size_t errors = 0;

    for (size_t i = 0; i < is->count; i++) {
        sorted[i] = &is->list[i];
        errors += !is->list[i].warning;
    }
    qsort(sorted, is->count, sizeof *sorted, compare_places);
    for (size_t i = 0; i < is->count; i++)
        put_issue(sorted[i], out);
    if (is->errors > errors)
        buf_printf(out, "and %zu more errors\n", is->errors - errors);
    free(sorted);
}
