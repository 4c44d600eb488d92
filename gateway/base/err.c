#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct err *e, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void set_text(struct err *e, const char *fmt, va_list ap)
{
    vsnprintf(e->text, sizeof e->text, fmt, ap);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    e->code = code;
    va_start(ap, fmt);
    set_text(e, fmt, ap);
    va_end(ap);
    return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
    char reason[128];
    const char *text = strerror_r(errno, reason, sizeof reason);
    va_list ap;

    e->code = ERR_SYSTEM;
    va_start(ap, fmt);
    set_text(e, fmt, ap);
    va_end(ap);
    size_t len = strlen(e->text);
    snprintf(e->text + len, sizeof e->text - len, ": %s", text);
    return -1;
}

int err_add(struct err *e, const char *fmt, ...)
{
    char context[sizeof e->text];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(context, sizeof context, fmt, ap);
    va_end(ap);
    size_t len = strnlen(context, sizeof e->text - 3);
    memmove(e->text + len + 2, e->text, sizeof e->text - len - 2);
    memcpy(e->text, context, len);
    memcpy(e->text + len, ": ", 2);
    e->text[sizeof e->text - 1] = '\0';
    return -1;
}
