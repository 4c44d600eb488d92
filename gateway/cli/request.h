/* cli/request.h - a request described on the command line, and the provider and secrets it is about: the options that
 * `verify` and `sign` share. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "verify/verifier.h"

struct request {
    struct provider *provider;
    struct verifier *verifier;
    struct delivery delivery;
    struct reading reading;    /* started on the delivery */
    int64_t now_us;
    bool show_signature;       /* --show-signature */
    struct arena memory;
};

/* Says on standard error what is wrong. 0, or not: the exit status is CLI_USAGE. After either, request_clear. */
int request_read(struct request *q, int argc, char **argv) MUST_CHECK;
void request_clear(struct request *q);

#endif
