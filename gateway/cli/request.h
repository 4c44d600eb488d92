/* cli/request.h - a request described on the command line, and the provider and secrets it is about: the options that
 * `verify` and `sign` share. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "plan/plan.h"

struct request {
    struct plan *plan;           /* -c: the source's, and with it provider and verifier; else NULL */
    const struct source *source; /* of the plan, or NULL */
    struct provider *provider;
    struct verifier *verifier;
    struct delivery delivery;
    struct reading reading;    /* started on the delivery */
    int64_t now_us;
    bool show_signature;       /* verify: --show-signature */
    bool json;                 /* sign: --output json */
    const char *body_to;       /* sign: --body-to, or NULL */
    struct arena memory;
};

/* Says on standard error what is wrong. 0, or not: the exit status is CLI_USAGE. After either, request_clear. */
int request_read(struct request *q, int argc, char **argv) MUST_CHECK;
void request_clear(struct request *q);

#define REQUEST_REPEAT_MAX 128 /* of --secret, --header, --param each */
/* An option's argument, added to a list with room for so many. */
int request_add_header(struct header *list, size_t *n, const char *text, struct err *e) MUST_CHECK;
int request_add_param(struct param *list, size_t *n, const char *text, struct err *e) MUST_CHECK;

#define REQUEST_BODY_MAX ((size_t)32 << 20)
/* Fills url, path and query; an empty url leaves the path "/". */
int request_set_url(struct delivery *d, struct slice url, struct err *e) MUST_CHECK;
/* The plan's source; ERR_NOT_FOUND names those that there are. file: the plan's. */
struct source *request_find_source(const struct plan *plan, const char *file, struct slice name, struct err *e);
/* Are all settings there that the provider asks for? */
int request_check_params(const struct provider *p, const struct param *params, size_t n, struct err *e) MUST_CHECK;
/* Where the provider splits bodies: the first event's value is the reading's item. */
void request_first_item(const struct provider *p, struct reading *r);

#endif
