#include "http/ingest.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/batch.h"
#include "http/gate.h"
#include "http/handover.h"
#include "http/inflate.h"
#include "http/judge.h"
#include "http/problem.h"
#include "http/target.h"

#define PREFIX "/webhooks/" /* what is below it is answered before its body comes */
#define REFUSED_BODY_BYTES (64 * 1024)
#define BATCH_CPU_US US_PER_S

struct ingest {
    struct ingest_options o;
    struct loop *loop;
    struct server *server;
    struct admit *admit;
    struct judge *judge;
    struct source_stats **stats; /* by source->index of the plan */
    struct source_stats *nobody; /* deliveries to no known source */
    struct buf inflated, headers, path, url, answer;
    struct visitor visitor; /* of the request that is being judged */
    struct timer *drain;
    struct mail drain_mail;
    int64_t drain_deadline_us;
    pthread_t thread;
    bool started;
};

/* A delivery that waits for the disk. */
struct pending {
    struct ingest *in;
    struct request *req;
    struct plan *plan; /* a reference: the source lives in it */
    struct source *source;
    struct source_stats *stats;
};

static const struct header json_type = { { "Content-Type", 12 }, { "application/json", 16 } };

static struct source_stats *stats_for(const struct ingest *in, const struct source *s)
{
    const struct plan *plan = in->o.plan;

    if (!s)
        return in->nobody;
    /* The plan may have changed while the request waited for the disk. */
    return s->index < plan->n_sources && s == &plan->sources[s->index] ? in->stats[s->index] : stats_of(s->name);
}

static void count(struct source_stats *stats, enum outcome o, const struct request *r)
{
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

/* Where a secret is handed over, what is refused may hold it: what waits for one keeps no bodies, nor is a late one kept. */
static bool body_is_kept(const struct source *s, const struct judgement *why)
{
    return !s || !s->handed || (!why->handover && !handed_waits(s->handed));
}

static void keep_refusal(struct ingest *in, const struct request *r, const struct judgement *why, int status,
                         struct slice body)
{
    const struct source *s = in->visitor.source;
    size_t n;
    const struct header *headers = request_headers(r, &n);

    buf_reset(&in->headers);
    kept_headers(s ? s->provider : NULL, headers, n, &in->headers);
    if (s)
        gate_hide_tokens(&s->access, &in->headers);
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

/* The visitor's request. Some senders want an answer of their own to a signature that is wrong. */
static void refuse(struct ingest *in, struct request *r, const struct judgement *why, struct slice body)
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
        counter_add(&stats_for(in, s)->signatures[why->signature], 1);
    count(stats_for(in, s), why->outcome, r);
    if (own)
        request_answer(r, status, &type, type.value.len ? 1 : 0, told);
    else
        answer_problem(in, r, why, allow);
}

static void refuse_simply(struct ingest *in, struct request *r, int status, enum outcome o, const char *reason,
                          struct slice detail)
{
    struct judgement why = { .status = status, .outcome = o, .reason = reason, .public_reason = reason,
                             .public_detail = detail, .detail = detail };

    refuse(in, r, &why, request_body(r));
}

static void refuse_visitor(struct ingest *in, struct request *r, const struct gate_refusal *g)
{
    struct judgement why = { .status = g->status, .outcome = g->outcome, .reason = g->reason,
                             .detail = slice_z(g->detail), .public_reason = g->public_reason,
                             .public_detail = slice_z(g->public_detail) };

    refuse(in, r, &why, request_body(r));
}

static void answer_stored(struct ingest *in, struct request *r, const struct source *s, enum outcome all,
                          const struct admitted *list, size_t n)
{
    struct header type = json_type;
    int code = s->answer_status;
    struct slice body = s->answer_body;
    struct buf several;

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

static void answer_unstored(struct pending *p, bool unknown)
{
    struct slice detail = unknown ? SLICE("the disk did not answer in time; send it again")
                                  : SLICE("the event could not be stored; send it again");
    struct judgement why = { .status = 503, .public_reason = "store", .public_detail = detail };

    count(p->stats, OUTCOME_STORE, p->req);
    answer_problem(p->in, p->req, &why, SLICE_NONE);
}

static void on_admitted(void *arg, enum admit_outcome outcome, const struct admitted *list, size_t n)
{
    struct pending *p = arg;
    struct ingest *in = p->in;

    if (outcome == ADMIT_STORED) {
        enum outcome all = batch_outcome(list, n);
        if (n > 1)
            batch_count(p->stats, list, n);
        count(p->stats, all, p->req);
        answer_stored(in, p->req, p->source, all, list, n);
    } else {
        answer_unstored(p, outcome == ADMIT_UNKNOWN);
    }
    plan_unref(p->plan);
    free(p);
}

/* What it echoes is a stranger's: no browser may take it for a page. */
static void answer_handshake(struct ingest *in, struct request *r, const struct source *s, const struct verdict *v)
{
    struct header headers[16] = { { SLICE("X-Content-Type-Options"), SLICE("nosniff") } };
    size_t n = 1;

    if (v->content_type.len)
        headers[n++] = (struct header){ SLICE("Content-Type"), v->content_type };
    for (size_t i = 0; i < v->n_headers && n < sizeof headers / sizeof headers[0]; i++)
        if (!slice_eq_nocase(v->headers[i].name, headers[0].name))
            headers[n++] = v->headers[i];
    count(stats_for(in, s), OUTCOME_HANDSHAKE, r);
    request_answer(r, v->status, headers, n, v->body);
}

static void on_handover(void *arg, enum handover_outcome outcome, const struct verdict *answer)
{
    struct pending *p = arg;
    struct judgement late = { 0 };

    if (outcome == HANDOVER_TAKEN) {
        answer_handshake(p->in, p->req, p->source, answer);
    } else if (outcome == HANDOVER_LATE) {
        judge_late_handover(VERIFY_MISSING_SIGNATURE, &late);
        gate_look(p->plan, p->req, &p->in->visitor); /* others came in meanwhile */
        refuse(p->in, p->req, &late, request_body(p->req));
    } else {
        answer_unstored(p, outcome == HANDOVER_UNKNOWN);
    }
    plan_unref(p->plan);
    free(p);
}

static void answer_overload(struct ingest *in, struct request *r, const struct source *s)
{
    struct judgement why = { .status = 503,
                             .public_reason = "overload",
                             .public_detail = SLICE("too many events wait for the disk") };

    count(stats_for(in, s), OUTCOME_OVERLOAD, r);
    answer_problem(in, r, &why, SLICE_NONE);
}

static void take_secret(struct ingest *in, struct request *r, struct source *s, const struct verdict *v, struct slice body)
{
    struct pending *p = mem_alloc(sizeof *p);
    struct judgement why = { 0 };
    struct err e;

    *p = (struct pending){ in, r, plan_ref(in->o.plan), s, stats_for(in, s) };
    if (handover_put(in->o.writer, in->loop, p->plan, s, v, in->visitor.remote, on_handover, p, &e) == 0)
        return;
    if (e.code == ERR_TEMP) {
        answer_overload(in, r, s);
    } else {
        judge_late_handover(VERIFY_NO_SECRET, &why);
        why.handover = false;
        why.reason = "secret-of-no-use";
        why.detail = slice_z(e.text);
        refuse(in, r, &why, body);
    }
    plan_unref(p->plan);
    free(p);
}

static struct pending *new_pending(struct ingest *in, struct request *r, struct source *s)
{
    struct pending *p = mem_alloc(sizeof *p);

    *p = (struct pending){ in, r, plan_ref(in->o.plan), s, stats_for(in, s) };
    return p;
}

/* put: what admit said of it. */
static void stored_or_overload(struct ingest *in, struct request *r, struct source *s, struct pending *p, int put)
{
    if (put == 0)
        return;
    answer_overload(in, r, s);
    plan_unref(p->plan);
    free(p);
}

static void refuse_method(struct ingest *in, struct request *r, const struct source *s)
{
    char detail[128];

    snprintf(detail, sizeof detail, "this source does not take this method; it takes %.*s",
             SLICE_FMT(provider_allow(s->provider)));
    refuse_simply(in, r, 405, OUTCOME_METHOD, "method", slice_z(detail));
}

/* The body after content coding. 0, or -1 after an answer. */
static int decode_body(struct ingest *in, struct request *r, const struct source *s, struct slice *body)
{
    struct slice coding = request_header(r, SLICE("Content-Encoding"));

    *body = request_body(r);
    if (coding.len == 0 || slice_eq_nocase(coding, SLICE("identity")))
        return 0;
    if (!slice_eq_nocase(coding, SLICE("gzip"))) {
        refuse_simply(in, r, 415, OUTCOME_MEDIA_TYPE, "content-encoding",
                      SLICE("of content codings only gzip is taken"));
        return -1;
    }
    buf_clear(&in->inflated);
    buf_init(&in->inflated, s->body_max);
    switch (inflate_gzip(*body, &in->inflated)) {
    case INFLATE_OK:
        *body = buf_slice(&in->inflated);
        return 0;
    case INFLATE_TOO_LARGE:
        refuse_simply(in, r, 413, OUTCOME_TOO_LARGE, "body-too-large", SLICE("the body is too large when inflated"));
        return -1;
    case INFLATE_BAD:
        break;
    }
    refuse_simply(in, r, 400, OUTCOME_MALFORMED, "malformed-gzip", SLICE("the body is not valid gzip"));
    return -1;
}

/* The source's, and what the sender's request had behind it. */
static struct slice public_url(struct ingest *in, struct slice query)
{
    const struct visitor *v = &in->visitor;

    if (query.len == 0 && v->rest.len == 0)
        return v->source->url;
    buf_reset(&in->url);
    buf_put(&in->url, v->source->url);
    buf_put(&in->url, v->rest);
    if (query.len)
        buf_putc(&in->url, '?');
    buf_put(&in->url, query);
    return buf_slice(&in->url);
}

/* Asked only when the signature is good, so that nobody else can use up what the sender may send. */
static bool rate_ok(struct ingest *in, struct request *r, const struct source *s, struct slice body)
{
    if (!s->rate_per_second)
        return true;
    int64_t wait_us = rate_take(&stats_for(in, s)->rate, clock_mono_us(), s->rate_per_second, s->rate_burst);
    if (wait_us == 0)
        return true;
    struct slice detail = SLICE("more than this source may send in a second; send it again later");
    struct judgement why = { .status = 429, .outcome = OUTCOME_RATE, .reason = "rate", .public_reason = "rate",
                             .public_detail = detail, .detail = detail,
                             .retry_after_s = (int)((wait_us + US_PER_S - 1) / US_PER_S) };
    refuse(in, r, &why, body);
    return false;
}

static void store(struct ingest *in, struct request *r, struct source *s, struct judgement *j, struct slice body)
{
    if (!rate_ok(in, r, s, body))
        return;
    struct pending *p = new_pending(in, r, s);
    stored_or_overload(in, r, s, p, admit_put(in->admit, &j->admission, on_admitted, p));
}

/* What one event may cost is bounded elsewhere; this is for many that cost nearly as much: each with a key of kilobytes that the body
 * has once, each with a pattern to search. 10,000 events are judged in less than a tenth of it. NULL: it may go on. */
static const char *too_much(const struct ingest *in, const struct source *s, const struct admit_batch *b, int64_t began_us)
{
    if (admit_batch_bytes(b) > (size_t)in->o.plan->settings.writer_mailbox + 4 * s->body_max)
        return "the events of this body take too much memory together";
    if (clock_cpu_us() - began_us > BATCH_CPU_US)
        return "the events of this body take too long to judge together";
    return NULL;
}

/* All events of a body or none: one that is refused refuses the delivery. */
static void store_all(struct ingest *in, struct request *r, struct source *s, const struct judgement *j,
                      const struct delivery *d)
{
    struct admit_batch *b = admit_batch_new(in->admit, &j->whole);
    int64_t began_us = clock_cpu_us();
    struct judgement item;
    const char *excess;

    for (uint32_t i = 0; i < j->items; i++) {
        judge_item(in->judge, in->o.plan, s, d, j, i, &item);
        if (item.what == JUDGE_REFUSE) {
            admit_batch_free(b);
            refuse(in, r, &item, d->body);
            return;
        }
        admit_batch_add(b, &item.admission);
        if ((excess = too_much(in, s, b, began_us))) {
            admit_batch_free(b);
            refuse_simply(in, r, 413, OUTCOME_TOO_LARGE, "too-many-items", slice_z(excess));
            return;
        }
    }
    if (!rate_ok(in, r, s, d->body)) {
        admit_batch_free(b);
        return;
    }
    struct pending *p = new_pending(in, r, s);
    stored_or_overload(in, r, s, p, admit_batch_put(b, on_admitted, p));
}

static void take_delivery(struct ingest *in, struct request *r, struct source *s)
{
    struct delivery d = {
        .method = request_method(r),
        .path = request_path(r),
        .query = request_query(r),
        .suffix = in->visitor.suffix,
        .remote = in->visitor.remote,
        .client = request_client(r),
        .received_us = clock_wall_us(),
    };
    struct judgement j;

    if (decode_body(in, r, s, &d.body))
        return;
    d.headers = request_headers(r, &d.n_headers);
    d.url = public_url(in, d.query);
    judge_delivery(in->judge, in->o.plan, s, &d, &j);
    bool failed_handshake = j.what == JUDGE_REFUSE && j.signature == VERIFY_BAD_VERIFY_TOKEN;
    if (j.what != JUDGE_ANSWER && !failed_handshake && !provider_method_ok(s->provider, d.method)) {
        refuse_method(in, r, s);
        return;
    }
    switch (j.what) {
    case JUDGE_STORE:
        store(in, r, s, &j, d.body);
        break;
    case JUDGE_STORE_ALL:
        store_all(in, r, s, &j, &d);
        break;
    case JUDGE_ANSWER:
        if (j.handshake->handed.len)
            take_secret(in, r, s, j.handshake, d.body);
        else
            answer_handshake(in, r, s, j.handshake);
        break;
    case JUDGE_REFUSE:
        refuse(in, r, &j, d.body);
        break;
    }
}

static void on_request(struct request *r, void *arg)
{
    struct ingest *in = arg;

    if (health_answer(in->o.health, r))
        return;
    const struct gate_refusal *closed = gate_look(in->o.plan, r, &in->visitor);
    struct source *s = in->visitor.source;
    if (!closed)
        closed = gate_look_at_certificate(s, s->access.n_subjects ? request_client(r) : NULL);
    if (closed)
        refuse_visitor(in, r, closed);
    else if (!provider_method_ok(s->provider, request_method(r)) &&
             !provider_method_handshake(s->provider, request_method(r)))
        refuse_method(in, r, s);
    else
        take_delivery(in, r, s);
}

/* Before a body is read: how much of it this source takes. Who may not come in is answered without reading it. */
static bool on_head(void *arg, const struct http_head *head, size_t *body_bytes, struct http_refusal *why)
{
    struct ingest *in = arg;
    struct visitor v;
    const struct gate_refusal *closed = gate_look(in->o.plan, head->request, &v);

    if (!closed)
        *body_bytes = v.source->body_max;
    if (!closed || (head->has_length && head->length == 0) || !slice_starts(request_path(head->request), SLICE(PREFIX)))
        return true;
    *why = (struct http_refusal){
        .status = closed->status, .reason = closed->public_reason, .detail = closed->public_detail, .mark = closed
    };
    return false;
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

static void on_refused(void *arg, const struct http_refusal *why, const struct request *headed, struct slice target,
                       struct slice remote)
{
    struct ingest *in = arg;
    const struct gate_refusal *closed = why->mark;
    struct slice path, query;
    struct visitor v;

    slice_cut(target_origin_form(target), '?', &path, &query);
    gate_recognize(in->o.plan, headed, path, remote, &v);
    count(stats_for(in, v.source), closed ? closed->outcome : outcome_of_status(why->status), NULL);
    struct refused_row row = new_refusal(in, &v, why->status, closed ? closed->reason : why->reason,
                                         slice_z(closed ? closed->detail : why->detail), path);
    writer_refuse(in->o.writer, &row);
}

static void take_plan(struct ingest *in, struct plan *plan)
{
    free(in->stats);
    in->stats = mem_grow(NULL, plan->n_sources, sizeof *in->stats);
    for (size_t i = 0; i < plan->n_sources; i++)
        in->stats[plan->sources[i].index] = stats_of(plan->sources[i].name);
    in->o.plan = plan;
}

static int listen_on(struct ingest *in, struct err *e)
{
    const struct settings *s = &in->o.plan->settings;
    struct server_options o = {
        .address = s->ingest.address.ptr,
        .reuse_port = true,
        .tls = in->o.tls,
        .limits = { (size_t)s->uri_bytes, (size_t)s->head_bytes, s->headers, (size_t)s->body_max },
        .request_timeout_s = s->request_timeout_s,
        .idle_timeout_s = s->idle_timeout_s,
        .budget = in->o.budget,
        .handler = on_request,
        .on_head = on_head,
        .on_refused = on_refused,
        .arg = in,
    };

    in->server = server_new(in->loop, &o, e);
    return in->server ? 0 : -1;
}

struct ingest *ingest_new(const struct ingest_options *o, struct err *e)
{
    struct ingest *in = mem_zalloc(sizeof *in);

    in->o = *o;
    in->o.tls = o->tls ? tls_ref(o->tls) : NULL;
    in->nobody = stats_of(SLICE(""));
    take_plan(in, plan_ref(o->plan));
    buf_init(&in->headers, 64 * 1024);
    buf_init(&in->path, 128 * 1024);
    buf_init(&in->url, 128 * 1024);
    buf_init(&in->answer, 256 * 1024);
    in->loop = loop_new(true, e);
    if (!in->loop || listen_on(in, e)) {
        ingest_free(in);
        return NULL;
    }
    in->judge = judge_new();
    in->admit = admit_new(in->loop, o->writer, o->hash_secret);
    return in;
}

int ingest_port(const struct ingest *in)
{
    return server_port(in->server);
}

static void *run(void *arg)
{
    loop_run(((struct ingest *)arg)->loop);
    return NULL;
}

int ingest_start(struct ingest *in, struct err *e)
{
    int failed = pthread_create(&in->thread, NULL, run, in);

    if (failed)
        return err_set(e, ERR_SYSTEM, "cannot start an ingest thread");
    in->started = true;
    return 0;
}

struct new_plan {
    struct mail mail;
    struct ingest *in;
    struct plan *plan;
    struct tls *tls;
};

static void on_new_plan(struct mail *m)
{
    struct new_plan *np = (struct new_plan *)m;
    struct plan *old = np->in->o.plan;

    take_plan(np->in, np->plan);
    plan_unref(old);
    if (np->tls) {
        server_set_tls(np->in->server, np->tls);
        tls_unref(np->tls);
    }
    free(np);
}

void ingest_set_plan(struct ingest *in, struct plan *plan, struct tls *tls)
{
    struct new_plan *np = mem_alloc(sizeof *np);

    *np = (struct new_plan){ { .run = on_new_plan }, in, plan_ref(plan), tls ? tls_ref(tls) : NULL };
    loop_post(in->loop, &np->mail);
}

static void look_whether_drained(void *arg)
{
    struct ingest *in = arg;
    bool waiting = server_open_requests(in->server) > 0 || admit_waiting(in->admit) > 0;

    if (!waiting || clock_mono_us() >= in->drain_deadline_us)
        loop_stop(in->loop);
}

static void on_drain(struct mail *m)
{
    struct ingest *in = (struct ingest *)((char *)m - offsetof(struct ingest, drain_mail));

    server_drain(in->server);
    in->drain = timer_every(in->loop, 10, look_whether_drained, in);
}

void ingest_drain(struct ingest *in, int timeout_s)
{
    if (!in->started)
        return;
    in->drain_deadline_us = clock_mono_us() + timeout_s * US_PER_S;
    in->drain_mail.run = on_drain;
    loop_post(in->loop, &in->drain_mail);
}

void ingest_join(struct ingest *in)
{
    if (!in->started)
        return;
    pthread_join(in->thread, NULL);
    timer_free(in->drain);
    in->drain = NULL;
    in->started = false;
}

void ingest_free(struct ingest *in)
{
    if (!in)
        return;
    admit_free(in->admit);
    server_free(in->server);
    loop_free(in->loop);
    judge_free(in->judge);
    buf_clear(&in->inflated);
    buf_clear(&in->headers);
    buf_clear(&in->path);
    buf_clear(&in->url);
    buf_clear(&in->answer);
    tls_unref(in->o.tls);
    plan_unref(in->o.plan);
    free(in->stats);
    free(in);
}
