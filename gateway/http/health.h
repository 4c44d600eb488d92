/* http/health.h - /healthz (the process runs) and /readyz (it accepts webhooks now), the same on every listener. */
#ifndef HTTP_HEALTH_H
#define HTTP_HEALTH_H

#include <stdatomic.h>
#include <stdbool.h>

#include "http/server.h"
#include "store/writer.h"

struct health {
    const struct writer_stats *writer;
    const struct server_budget *ingest_budget; /* for the metrics */
    atomic_bool draining;
};
/* Answers when the path is one of the two: true. */
bool health_answer(const struct health *h, struct request *r);

#endif
