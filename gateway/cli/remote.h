/* cli/remote.h - the running gateway, as the commands talk to it: HOOKLATCH_URL and HOOKLATCH_TOKEN, or a configuration file. */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/doc.h"

struct remote {
    char *url;   /* "http://127.0.0.1:8081" */
    char *token;
};
/* config may be NULL. What is missing is said with what to set. */
int remote_open(struct remote *r, const char *config, struct err *e) MUST_CHECK;
void remote_close(struct remote *r);

struct reply {
    int status;
    struct buf text;
    struct json_doc doc; /* of text, when it is JSON */
};
void reply_init(struct reply *r);
void reply_clear(struct reply *r);
/* body may be empty. -1: no answer. Any HTTP status is an answer; see reply_fail. */
int remote_call(const struct remote *r, const char *method, const char *path, struct slice body, struct reply *out,
                struct err *e) MUST_CHECK;
/* Is it a 2xx? If not, prints what the gateway said ("hooklatch NAME: …") to standard error. */
bool reply_ok(const struct reply *r, const char *name);
/* A member's text: strings unescaped, anything else as written; "" when absent. Copied into the arena. */
struct slice reply_text(const struct reply *r, uint32_t object, const char *key, struct arena *a);
/* For a terminal: foreign text may hold escape sequences and lines of its own, so control characters become spaces. Ends
 * at the first NUL. */
struct slice reply_line(const struct reply *r, uint32_t object, const char *key, struct arena *a);

/* "127.0.0.1:8081" for "0.0.0.0:8081": a listener on all addresses is called on loopback. In the arena. */
char *reachable(struct slice address, struct arena *a);


#endif
