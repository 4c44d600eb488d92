#include "http/api.h"

#include <stdio.h>

#include "base/clock.h"
#include "config.h"
#include "http/stats.h"

static void put_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP hooklatch_%s %s\n# TYPE hooklatch_%s %s\n", name, help, name, type);
}

static void put_counter(struct buf *out, const char *name, const char *help, const struct counter *c)
{
    put_head(out, name, "counter", help);
    buf_printf(out, "hooklatch_%s %llu\n", name, (unsigned long long)counter_get(c));
}

static void put_gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
    put_head(out, name, "gauge", help);
    buf_printf(out, "hooklatch_%s %lld\n", name, (long long)value);
}

/* unit: how many of the histogram's values make one of the metric's (10^6 for microseconds → seconds). labels: "" or `source="x",`. */
static void put_histogram(struct buf *out, const char *name, const char *labels, const struct histogram *h, double unit)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        total += counter_get(&h->bucket[i]);
        if (i + 1 < HISTOGRAM_BUCKETS)
            buf_printf(out, "hooklatch_%s_bucket{%sle=\"%.6g\"} %llu\n", name, labels, (double)(h->first << i) / unit,
                       (unsigned long long)total);
    }
    size_t n = strlen(labels);
    buf_printf(out, "hooklatch_%s_bucket{%sle=\"+Inf\"} %llu\n", name, labels, (unsigned long long)total);
    buf_printf(out, "hooklatch_%s_sum%s%.*s%s %.6f\n", name, n ? "{" : "", n ? (int)n - 1 : 0, labels, n ? "}" : "",
               (double)counter_get(&h->sum) / unit);
    buf_printf(out, "hooklatch_%s_count%s%.*s%s %llu\n", name, n ? "{" : "", n ? (int)n - 1 : 0, labels, n ? "}" : "",
               (unsigned long long)total);
}

static void put_deliveries(struct buf *out)
{
    char labels[300];

    put_head(out, "deliveries_total", "counter", "Deliveries by source and outcome.");
    for (struct source_stats *s = stats_first(); s; s = s->next) {
        for (int o = 0; o < OUTCOME_N; o++)
            buf_printf(out, "hooklatch_deliveries_total{source=\"%s\",outcome=\"%s\"} %llu\n", s->name,
                       outcome_name((enum outcome)o), (unsigned long long)counter_get(&s->outcomes[o]));
    }
    put_head(out, "batch_events_total", "counter", "Events of bodies that hold several, by source and outcome.");
    for (struct source_stats *s = stats_first(); s; s = s->next) {
        for (int o = 0; o < OUTCOME_HANDSHAKE; o++)
            buf_printf(out, "hooklatch_batch_events_total{source=\"%s\",outcome=\"%s\"} %llu\n", s->name,
                       outcome_name((enum outcome)o), (unsigned long long)counter_get(&s->batch_events[o]));
    }
    put_head(out, "bad_signatures_total", "counter", "Deliveries refused with 401, by source and true reason.");
    for (struct source_stats *s = stats_first(); s; s = s->next) {
        for (int r = VERIFY_OK + 1; r < VERIFY_NREASONS; r++)
            buf_printf(out, "hooklatch_bad_signatures_total{source=\"%s\",reason=\"%s\"} %llu\n", s->name,
                       verify_reason_name((enum verify_reason)r), (unsigned long long)counter_get(&s->signatures[r]));
    }
    put_head(out, "answer_seconds", "histogram", "From a request's first byte to its answer.");
    for (struct source_stats *s = stats_first(); s; s = s->next) {
        snprintf(labels, sizeof labels, "source=\"%s\",", s->name);
        put_histogram(out, "answer_seconds", labels, &s->answer_us, US_PER_S);
    }
}

static void put_handed(struct buf *out, const struct admin *a)
{
    struct arena memory;

    arena_init(&memory);
    put_head(out, "handed_secrets_total", "counter", "Secrets that senders handed over, by source and what became of them.");
    for (struct handed_slot *s = handed_first(a->o.handed); s; s = handed_next(s)) {
        struct handed_view v = handed_look(s, &memory);
        const struct counter *counters[] = { v.taken, v.late, v.forgotten };
        static const char *const outcomes[] = { "taken", "late", "forgotten" };
        for (int i = 0; i < 3; i++)
            buf_printf(out, "hooklatch_handed_secrets_total{source=\"%.*s\",outcome=\"%s\"} %llu\n", SLICE_FMT(v.source),
                       outcomes[i], (unsigned long long)counter_get(counters[i]));
    }
    put_head(out, "secret_waiting", "gauge", "1 while a source waits for the secret that its sender hands over.");
    for (size_t i = 0; i < a->o.plan->n_sources; i++) {
        const struct source *s = &a->o.plan->sources[i];
        if (s->handed)
            buf_printf(out, "hooklatch_secret_waiting{source=\"%.*s\"} %d\n", SLICE_FMT(s->name), handed_waits(s->handed));
    }
    arena_clear(&memory);
}

static void put_writer(struct buf *out, const struct writer_stats *w)
{
    put_counter(out, "commits_total", "Transactions committed.", &w->batches);
    put_counter(out, "writes_total", "Writes in them.", &w->writes);
    put_counter(out, "commits_failed_total", "Transactions that failed.", &w->failed_batches);
    put_counter(out, "checkpoints_total", "Checkpoints of the store's log.", &w->checkpoints);
    put_counter(out, "refused_written_total", "Refused deliveries kept.", &w->refused_written);
    put_counter(out, "refused_dropped_total", "Refused deliveries that were counted but not kept.", &w->refused_dropped);
    put_head(out, "commit_batch_size", "histogram", "Writes in a transaction.");
    put_histogram(out, "commit_batch_size", "", &w->batch_size, 1);
    put_head(out, "commit_seconds", "histogram", "Time of a commit, the disk's part included.");
    put_histogram(out, "commit_seconds", "", &w->commit_us, US_PER_S);
    put_gauge(out, "store_failing", "1 while the last commit has failed.", w->last_commit_failed_us != 0);
}

static void put_flow(struct buf *out, const struct flow_stats *f)
{
    put_head(out, "step_attempts_total", "counter", "Attempts of steps by outcome.");
    for (int o = 0; o < ATTEMPT_NOUTCOMES; o++)
        buf_printf(out, "hooklatch_step_attempts_total{outcome=\"%s\"} %llu\n", attempt_outcome_name((enum attempt_outcome)o),
                   (unsigned long long)counter_get(&f->attempts[o]));
    put_counter(out, "runs_ended_total", "Runs that ended.", &f->runs_ended);
    put_head(out, "step_seconds", "histogram", "Time of one attempt.");
    put_histogram(out, "step_seconds", "", &f->step_us, US_PER_S);
    put_head(out, "step_start_seconds", "histogram", "From an event's receipt to the first attempt of a step.");
    put_histogram(out, "step_start_seconds", "", &f->start_us, US_PER_S);
    put_head(out, "run_seconds", "histogram", "From an event's receipt to the end of a run, stored.");
    put_histogram(out, "run_seconds", "", &f->run_us, US_PER_S);
    put_gauge(out, "steps_held", "Steps in memory, waiting or under way.", f->held);
    put_gauge(out, "step_calls", "Calls of steps under way.", f->calls);
    put_counter(out, "plugin_workers_lost_total", "Workers of plugins that ended by a crash, a limit, a time-out or nonsense.",
                &f->plugin_workers_lost);
}

void metrics_put(const struct admin *a, struct buf *out)
{
    put_head(out, "build_info", "gauge", "The version that runs.");
    buf_printf(out, "hooklatch_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
    put_deliveries(out);
    put_handed(out, a);
    put_writer(out, writer_stats(a->o.writer));
    put_flow(out, flow_stats(a->o.flow));
    put_gauge(out, "commit_waiting", "Events that wait for their commit.", admit_depth());
    put_gauge(out, "connections", "Connections of senders.", a->o.health->ingest_budget->connections);
    put_gauge(out, "bodies_bytes", "Bytes of bodies in flight.", a->o.health->ingest_budget->body_bytes);
}
