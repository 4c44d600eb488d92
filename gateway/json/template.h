/* json/template.h - text with {placeholders}, compiled once, filled by a callback that knows what they mean.
 *     github.{header:X-GitHub-Event}.{/action}
 * A placeholder is {kind}, {kind:argument} or {/pointer} (short for {json:/pointer}); "{{" and "}}" are braces. With
 * TEMPLATE_DROP_SEPARATOR an absent part drops the separator ('.', ':' or '/') before it (event types). */
#ifndef JSON_TEMPLATE_H
#define JSON_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"
#include "json/pointer.h"

struct template_part {
    struct slice literal;    /* when kind is empty */
    struct slice kind, arg;  /* "header", "X-GitHub-Event" */
    int code;                /* the kind's index in the table given to template_init */
    struct pointer pointer;  /* compiled, where the kind's argument is one (kind "json") */
};
struct template {
    struct template_part *parts;
    uint32_t count;
    char *memory;
    bool drop_separator;
};
#define TEMPLATE_DROP_SEPARATOR 1

struct template_kind {
    const char *name;
    enum { TEMPLATE_ARG_NONE, TEMPLATE_ARG_NEEDED, TEMPLATE_ARG_POINTER } arg;
};
/* kinds: ends with a NULL name. Unknown kinds, a missing argument, an open brace: ERR_INPUT that names the place and
 * the known kinds. */
int template_init(struct template *t, struct slice text, const struct template_kind *kinds, unsigned flags,
                  struct err *e) MUST_CHECK;
void template_clear(struct template *t);

/* Appends the part's value to out. 0; 1 when it is absent (nothing may have been appended); -1 to stop. */
typedef int (*template_fill)(const struct template_part *part, struct buf *out, void *arg);
/* 0; -1 when fill said so. An absent part without TEMPLATE_DROP_SEPARATOR is the empty text. */
int template_render(const struct template *t, template_fill fill, void *arg, struct buf *out) MUST_CHECK;

#endif
