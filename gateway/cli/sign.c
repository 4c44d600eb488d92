#include <stdio.h>

#include "cli/cli.h"
#include "cli/request.h"

/* The headers that are missing, one a line, as `curl -H @-` and `--header` take them. */
static int sign(struct request *q)
{
    struct verify_scratch *s = verify_scratch_new();
    struct signed_request r;
    struct err e;
    int status = verify_sign(q->verifier, &q->reading, q->now_us, s, &r, &e) == 0 ? 0 : CLI_FAILED;

    if (status)
        fprintf(stderr, "hooklatch sign: %s\n", e.text);
    for (size_t i = 0; i < r.n_headers; i++)
        printf("%.*s: %.*s\n", SLICE_FMT(r.headers[i].name), SLICE_FMT(r.headers[i].value));
    verify_scratch_free(s);
    return status;
}

int cli_sign(int argc, char **argv)
{
    struct request q;
    int status = request_read(&q, argc, argv) == 0 ? sign(&q) : CLI_USAGE;
    request_clear(&q);
    return status;
}
