#include "http/ingest_answer.h"

#include <stdio.h>

#include "base/clock.h"
#include "http/batch.h"
#include "http/handed.h"
#include "http/problem.h"
#include "http/target.h"

#define REFUSED_BODY_BYTES (64 * 1024)

struct source_stats *ingest_stats_of(const struct ingest *in, const struct source *s)
{
    const struct plan *plan = in->o.plan;

    if (!s)
        return in->nobody;
    return s->index < plan->n_sources && s == &plan->sources[s->index] ? in->stats[s->index] : stats_of(s->name);
}

/* r: NULL where the listener answered. */
static void count(struct ingest *in, const struct source *s, enum outcome o, const struct request *r)
{
    struct source_stats *stats = ingest_stats_of(in, s);

    counter_add(&stats->outcomes[o], 1);
    if (r)
        histogram_add(&stats->answer_us, (uint64_t)(clock_mono_us() - request_start_us(r)));
}

/* What every refusal has; the rest is the caller's. */
static struct refused_row new_refusal(struct ingest *in, const struct visitor *v, int status, const char *reason,
                                      struct slice detail, struct slice path)
{
    buf_reset(&in->path);
    gate_put_path(in->o.plan, v, path, &in->path);
    return (struct refused_row){
        .id = id_new(),
        .source = v->source ? v->source->name : SLICE(""),
        .time_us = clock_wall_us(),
        .status = status,
        .reason = slice_z(reason),
        .detail = detail,
        .path = in->path.failed ? SLICE_NONE : buf_slice(&in->path),
        .remote = v->remote,
    };
}

/* Where a secret is handed over, what is refused may hold it: what waits for one keeps no bodies, nor is a late one kept, nor
 * any where the source does not take what its sender may hand over. */
static bool body_is_kept(const struct source *s, const struct judgement *why)
{
    if (!s || !provider_hands_secret(s->provider))
        return true;
    return s->handed && !why->handover && !handed_waits(s->handed);
}

static void keep_refusal(struct ingest *in, const struct request *r, const struct judgement *why, int status,
                         struct slice body)
{
    const struct source *s = in->visitor.source;
    size_t n;
    const struct header *headers = request_headers(r, &n);

    buf_reset(&in->headers);
    kept_headers(s ? s->provider : NULL, headers, n, &in->headers);
    gate_hide_tokens(in->o.plan, &in->headers);
    struct refused_row row = new_refusal(in, &in->visitor, status, why->reason, why->detail, request_path(r));
    row.method = request_method(r);
    row.headers = in->headers.failed ? SLICE_NONE : buf_slice(&in->headers);
    row.body = body_is_kept(s, why) ? slice_first(body, REFUSED_BODY_BYTES) : SLICE_NONE;
    row.body_bytes = body.len;
    writer_refuse(in->o.writer, &row);
}

static void answer_problem(struct ingest *in, struct request *r, const struct judgement *why, struct slice allow)
{
    struct header headers[3] = { { SLICE("Content-Type"), SLICE("application/problem+json") } };
    char seconds[16];
    size_t n = 1;

    buf_reset(&in->answer);
    problem_put(&in->answer, why->status, slice_z(why->public_reason), why->public_detail, why->extra);
    if (allow.len)
        headers[n++] = (struct header){ SLICE("Allow"), allow };
    if (why->retry_after_s || why->status == 503) {
        snprintf(seconds, sizeof seconds, "%d", why->retry_after_s ? why->retry_after_s : 1);
        headers[n++] = (struct header){ SLICE("Retry-After"), slice_z(seconds) };
    }
    request_answer(r, why->status, headers, n, buf_slice(&in->answer));
}

void ingest_refuse(struct ingest *in, struct request *r, const struct judgement *why, struct slice body)
{
    const struct source *s = in->visitor.source;
    struct slice allow = why->status == 405 && s ? provider_allow(s->provider) : SLICE_NONE, told = SLICE_NONE;
    struct header type = { .name = SLICE("Content-Type") };
    int status = why->status;
    bool own = status == 401 && s && provider_refusal(s->provider, &status, &type.value, &told);

    keep_refusal(in, r, why, status, body);
    if (why->handover)
        handed_note_late(s->handed, in->visitor.remote);
    if (why->outcome == OUTCOME_BAD_SIGNATURE)
        counter_add(&ingest_stats_of(in, s)->signatures[why->signature], 1);
    count(in, s, why->outcome, r);
    if (own)
        request_answer(r, status, &type, type.value.len ? 1 : 0, told);
    else
        answer_problem(in, r, why, allow);
}

void ingest_refuse_simply(struct ingest *in, struct request *r, int status, enum outcome o, const char *reason,
                          struct slice detail)
{
    struct judgement why = { .status = status, .outcome = o, .reason = reason, .public_reason = reason,
                             .public_detail = detail, .detail = detail };

    ingest_refuse(in, r, &why, request_body(r));
}

void ingest_refuse_visitor(struct ingest *in, struct request *r, const struct gate_refusal *g)
{
    struct judgement why = { .status = g->status, .outcome = g->outcome, .reason = g->reason,
                             .detail = slice_z(g->detail), .public_reason = g->public_reason,
                             .public_detail = slice_z(g->public_detail) };

    ingest_refuse(in, r, &why, request_body(r));
}

void ingest_answer_stored(struct ingest *in, struct request *r, const struct source *s, const struct admitted *list, size_t n)
{
    struct header type = { SLICE("Content-Type"), SLICE("application/json") };
    enum outcome all = batch_outcome(list, n);
    int code = s->answer_status;
    struct slice body = s->answer_body;
    struct buf several;

    if (n > 1)
        batch_count(ingest_stats_of(in, s), list, n);
    count(in, s, all, r);
    buf_init(&several, batch_answer_max(n));
    if (code) {
        type.value = s->answer_content_type;
    } else if (!provider_ack(s->provider, &code, &type.value, &body)) {
        struct buf *out = n == 1 ? &in->answer : &several;
        buf_reset(out);
        batch_put_answer(out, all, list, n);
        code = 200;
        body = buf_slice(out);
    }
    request_answer(r, code, &type, type.value.len ? 1 : 0, body);
    buf_clear(&several);
}

/* What it echoes is a stranger's: no browser may take it for a page. */
void ingest_answer_handshake(struct ingest *in, struct request *r, const struct source *s, const struct verdict *v)
{
    struct header headers[16] = { { SLICE("X-Content-Type-Options"), SLICE("nosniff") } };
    size_t n = 1;

    if (v->content_type.len)
        headers[n++] = (struct header){ SLICE("Content-Type"), v->content_type };
    for (size_t i = 0; i < v->n_headers && n < sizeof headers / sizeof headers[0]; i++)
        if (!slice_eq_nocase(v->headers[i].name, headers[0].name))
            headers[n++] = v->headers[i];
    count(in, s, OUTCOME_HANDSHAKE, r);
    request_answer(r, v->status, headers, n, v->body);
}

/* Not kept among the refused: nothing is wrong with the delivery. */
static void answer_unavailable(struct ingest *in, struct request *r, const struct source *s, enum outcome o,
                               const char *reason, struct slice detail)
{
    struct judgement why = { .status = 503, .public_reason = reason, .public_detail = detail };

    count(in, s, o, r);
    answer_problem(in, r, &why, SLICE_NONE);
}

void ingest_answer_unstored(struct ingest *in, struct request *r, const struct source *s, bool unknown)
{
    answer_unavailable(in, r, s, OUTCOME_STORE, "store",
                       unknown ? SLICE("the disk did not answer in time; send it again")
                               : SLICE("the event could not be stored; send it again"));
}

void ingest_answer_overload(struct ingest *in, struct request *r, const struct source *s)
{
    answer_unavailable(in, r, s, OUTCOME_OVERLOAD, "overload", SLICE("too many events wait for the disk"));
}

void ingest_refuse_method(struct ingest *in, struct request *r, const struct source *s)
{
    char detail[128];

    snprintf(detail, sizeof detail, "this source does not take this method; it takes %.*s",
             SLICE_FMT(provider_allow(s->provider)));
    ingest_refuse_simply(in, r, 405, OUTCOME_METHOD, "method", slice_z(detail));
}

static enum outcome outcome_of_status(int status)
{
    switch (status) {
    case 404:
        return OUTCOME_UNKNOWN;
    case 405:
    case 501:
        return OUTCOME_METHOD;
    case 408:
        return OUTCOME_TIMEOUT;
    case 413:
    case 414:
    case 431:
        return OUTCOME_TOO_LARGE;
    case 503:
        return OUTCOME_OVERLOAD;
    default:
        return OUTCOME_FRAMING;
    }
}

void ingest_on_refused(void *arg, const struct http_refusal *why, const struct request *headed, struct slice target,
                       struct slice remote)
{
    struct ingest *in = arg;
    const struct gate_refusal *closed = why->mark;
    struct slice path, query;
    struct visitor v;

    slice_cut(target_origin_form(target), '?', &path, &query);
    gate_recognize(in->o.plan, headed, path, remote, &v);
    count(in, v.source, closed ? closed->outcome : outcome_of_status(why->status), NULL);
    struct refused_row row = new_refusal(in, &v, why->status, closed ? closed->reason : why->reason,
                                         slice_z(closed ? closed->detail : why->detail), path);
    writer_refuse(in->o.writer, &row);
}
