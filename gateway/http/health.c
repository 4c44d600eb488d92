#include "http/health.h"

static const struct header text_plain = { { "Content-Type", 12 }, { "text/plain; charset=utf-8", 25 } };

static void answer_ready(const struct health *h, struct request *r)
{
    if (atomic_load(&h->draining))
        request_problem(r, 503, "draining", SLICE("the gateway is shutting down"), 5);
    else if (atomic_load(&h->writer->last_commit_failed_us))
        request_problem(r, 503, "store", SLICE("the last commit failed; see the log"), 5);
    else
        request_answer(r, 200, &text_plain, 1, SLICE("ready\n"));
}

bool health_answer(const struct health *h, struct request *r)
{
    struct slice path = request_path(r);

    if (slice_eq(path, SLICE("/healthz")))
        request_answer(r, 200, &text_plain, 1, SLICE("ok\n"));
    else if (slice_eq(path, SLICE("/readyz")))
        answer_ready(h, r);
    else
        return false;
    return true;
}
