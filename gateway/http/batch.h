/* http/batch.h - what a stored delivery is answered and counted as: one event, or the events of its body. */
#ifndef HTTP_BATCH_H
#define HTTP_BATCH_H

#include "http/admit.h"
#include "http/stats.h"

/* What all of them are; accepted when they are not all the same. */
enum outcome batch_outcome(const struct admitted *list, size_t n);
/* {"id":…,"status":"accepted"}, of several {"status":"accepted","events":[{"id":…,"status":…}, …]} in the body's order. */
void batch_put_answer(struct buf *out, enum outcome all, const struct admitted *list, size_t n);
size_t batch_answer_max(size_t n); /* bytes */
/* The events of a body, each by its own outcome; the delivery is counted apart. */
void batch_count(struct source_stats *stats, const struct admitted *list, size_t n);

#endif
