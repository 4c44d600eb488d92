/* verify/condition.h - when a handshake or a variant of a provider applies. Private to verify/. */
#ifndef VERIFY_CONDITION_H
#define VERIFY_CONDITION_H

#include "verify/provider.h"

enum condition_kind {
    CONDITION_PRESENT,
    CONDITION_TEXT,        /* the value's text is this */
    CONDITION_JSON_STRING, /* it is this string */
    CONDITION_JSON_RAW,    /* a number or boolean, written like this */
    CONDITION_JSON_EMPTY,  /* an array without elements */
    CONDITION_TYPE,        /* the content type, without parameters */
    CONDITION_NOT_TYPE,    /* there is another one; an absent one is none */
};

struct condition {
    enum condition_kind kind;
    struct place place; /* not for the content type */
    struct slice value;
};

struct when {
    struct slice method; /* empty: any */
    struct condition *list;
    uint32_t count;
};

/* Do all of them hold? An unreadable body fulfils no condition about its JSON. tmp is reset. */
bool when_holds(const struct when *w, struct reading *r, struct buf *tmp);

#endif
