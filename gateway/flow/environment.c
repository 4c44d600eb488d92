#include "flow/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/nursery.h"

void environment_init(struct environment *v)
{
    *v = (struct environment){ 0 };
    buf_init(&v->text, ORDER_BYTES_MAX);
}

void environment_clear(struct environment *v)
{
    buf_clear(&v->text);
    free(v->list);
    v->list = NULL;
    v->capacity = 0;
}

void environment_put(struct environment *v, const char *name, struct slice value)
{
    buf_puts(&v->text, name);
    buf_putc(&v->text, '=');
    buf_put(&v->text, value);
    buf_putc(&v->text, '\0');
    v->n++;
}

static void put_inherited(struct environment *v, const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    if (value || otherwise)
        environment_put(v, name, slice_z(value ? value : otherwise));
}

void environment_begin(struct environment *v, const struct slice *names, size_t n)
{
    buf_reset(&v->text);
    v->n = 0;
    put_inherited(v, "PATH", "/usr/local/bin:/usr/bin:/bin");
    put_inherited(v, "LANG", NULL);
    for (size_t i = 0; i < n; i++)
        put_inherited(v, names[i].ptr, NULL);
}

/* Only when all strings are written are their places known. */
const char *const *environment_end(struct environment *v)
{
    const char *at = v->text.ptr;

    if (v->text.failed)
        return NULL;
    if (v->n + 1 > v->capacity) {
        v->capacity = v->n + 16;
        v->list = mem_grow(v->list, v->capacity, sizeof *v->list);
    }
    for (size_t i = 0; i < v->n; i++, at += strlen(at) + 1)
        v->list[i] = at;
    v->list[v->n] = NULL;
    return v->list;
}
