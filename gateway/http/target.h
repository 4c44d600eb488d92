/* http/target.h - what may stand in a request line and in Host: methods, targets, authorities. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "http/parser.h"

/* Fills *why; -1, so that `return REFUSE(...)` reads well. */
#define REFUSE(why, code, word, text)                                                                                  \
    (*(why) = (struct http_refusal){ .status = (code), .reason = (word), .detail = (text) }, -1)

/* RFC 9110 tchar; a target's visible bytes without '#'; field values (HTAB, SP, visible, obs-text); Host. */
enum { CHAR_TOKEN = 1, CHAR_TARGET = 2, CHAR_FIELD = 4, CHAR_HOST = 8 };
extern const unsigned char target_char_class[256];

/* Length of the run at the start of s whose bytes are all of the class. */
static inline size_t target_run(struct slice s, unsigned char class)
{
    size_t i = 0;

    while (i < s.len && target_char_class[(unsigned char)s.ptr[i]] & class)
        i++;
    return i;
}

/* 0, or -1 with *why. */
int target_check_method(struct slice method, struct http_refusal *why);
int target_check(struct slice method, struct slice target, size_t max, struct http_refusal *why);
/* Absolute-form without its scheme and authority; anything else as it is. For everybody who looks for a path. */
struct slice target_origin_form(struct slice target);
/* host [ ":" port ], as in Host; may be empty. */
bool target_authority_ok(struct slice s);

#endif
