/* http/problem.h - RFC 9457 problem details: the body of every 4xx and 5xx. */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "base/buf.h"

/* {"type":"urn:hooklatch:problem:<reason>","title":<standard text of status>,"status":…,"detail":…}; extra, when it is
 * not empty, is further members as JSON text ("\"line\":3,\"column\":7"). */
void problem_put(struct buf *out, int status, struct slice reason, struct slice detail, struct slice extra);
/* The standard reason phrase ("Not Found"), never NULL. */
const char *problem_title(int status);

#endif
