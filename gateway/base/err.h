/* base/err.h - what went wrong, in words that say what to change.
 * A function that can fail takes a struct err * last and returns -1 (or NULL) after err_set. The maker of a failure sets
 * it; callers put context before it with err_add; it is logged once, where it is handled. e is never NULL. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#define MUST_CHECK __attribute__((warn_unused_result))

enum err_code {
    ERR_NONE,
    ERR_INPUT,     /* what somebody gave us is wrong: they must change it */
    ERR_LIMIT,     /* a bound of ours was reached */
    ERR_NOT_FOUND,
    ERR_CONFLICT,  /* the state does not allow it */
    ERR_TEMP,      /* may work when tried again */
    ERR_SYSTEM,    /* the machine refused: file, socket, disk */
};

struct err {
    enum err_code code;
    char text[1024];
};

/* Both return -1, so that `return err_set(...)` reads well. Longer text is cut, never overrun. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* As err_set(ERR_SYSTEM) with ": " and the text of errno at the end. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts "context: " before the text that is there. */
int err_add(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
