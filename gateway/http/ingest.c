#include "http/ingest.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/handover.h"
#include "http/inflate.h"
#include "http/ingest_answer.h"

#define BATCH_CPU_US US_PER_S
#define BATCH_RUNS_MAX 20000 /* of one body: a second and less of the writer's time, in which everybody else waits */

/* A delivery that waits for the disk. */
struct pending {
    struct ingest *in;
    struct request *req;
    struct plan *plan; /* a reference: the source lives in it */
    struct source *source;
};

static struct pending *pending_new(struct ingest *in, struct request *r, struct source *s)
{
    struct pending *p = mem_alloc(sizeof *p);

    *p = (struct pending){ in, r, plan_ref(in->o.plan), s };
    return p;
}

static void pending_free(struct pending *p)
{
    plan_unref(p->plan);
    free(p);
}

static void on_admitted(void *arg, enum admit_outcome outcome, const struct admitted *list, size_t n)
{
    struct pending *p = arg;

    if (outcome == ADMIT_STORED)
        ingest_answer_stored(p->in, p->req, p->source, list, n);
    else
        ingest_answer_unstored(p->in, p->req, p->source, outcome == ADMIT_UNKNOWN);
    pending_free(p);
}

static void on_handover(void *arg, enum handover_outcome outcome, const struct verdict *answer)
{
    struct pending *p = arg;
    struct judgement late = { 0 };

    if (outcome == HANDOVER_TAKEN) {
        ingest_answer_handshake(p->in, p->req, p->source, answer);
    } else if (outcome == HANDOVER_LATE) {
        judge_late_handover(VERIFY_MISSING_SIGNATURE, &late);
        gate_look(p->plan, p->req, &p->in->visitor); /* others came in meanwhile */
        ingest_refuse(p->in, p->req, &late, request_body(p->req));
    } else {
        ingest_answer_unstored(p->in, p->req, p->source, outcome == HANDOVER_UNKNOWN);
    }
    pending_free(p);
}

static void take_secret(struct ingest *in, struct request *r, struct source *s, const struct verdict *v, struct slice body)
{
    struct pending *p = pending_new(in, r, s);
    struct judgement why = { 0 };
    struct err e;

    if (handover_put(in->o.writer, in->loop, p->plan, s, v, in->visitor.remote, on_handover, p, &e) == 0)
        return;
    pending_free(p);
    if (e.code == ERR_TEMP) {
        ingest_answer_overload(in, r, s);
        return;
    }
    judge_late_handover(VERIFY_NO_SECRET, &why);
    why.handover = false;
    why.reason = "secret-of-no-use";
    why.detail = slice_z(e.text);
    ingest_refuse(in, r, &why, body);
}

/* The body after content coding. 0, or -1 after an answer. */
static int decode_body(struct ingest *in, struct request *r, const struct source *s, struct slice *body)
{
    struct slice coding = request_header(r, SLICE("Content-Encoding"));

    *body = request_body(r);
    if (coding.len == 0 || slice_eq_nocase(coding, SLICE("identity")))
        return 0;
    if (!slice_eq_nocase(coding, SLICE("gzip"))) {
        ingest_refuse_simply(in, r, 415, OUTCOME_MEDIA_TYPE, "content-encoding",
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
        ingest_refuse_simply(in, r, 413, OUTCOME_TOO_LARGE, "body-too-large", SLICE("the body is too large when inflated"));
        return -1;
    case INFLATE_BAD:
        break;
    }
    ingest_refuse_simply(in, r, 400, OUTCOME_MALFORMED, "malformed-gzip", SLICE("the body is not valid gzip"));
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
    int64_t wait_us = rate_take(&ingest_stats_of(in, s)->rate, clock_mono_us(), s->rate_per_second, s->rate_burst);
    if (wait_us == 0)
        return true;
    struct slice detail = SLICE("more than this source may send in a second; send it again later");
    struct judgement why = { .status = 429, .outcome = OUTCOME_RATE, .reason = "rate", .public_reason = "rate",
                             .public_detail = detail, .detail = detail,
                             .retry_after_s = (int)((wait_us + US_PER_S - 1) / US_PER_S) };
    ingest_refuse(in, r, &why, body);
    return false;
}

static void store(struct ingest *in, struct request *r, struct source *s, struct judgement *j, struct slice body)
{
    if (!rate_ok(in, r, s, body))
        return;
    struct pending *p = pending_new(in, r, s);
    if (admit_put(in->admit, &j->admission, on_admitted, p) == 0)
        return;
    pending_free(p);
    ingest_answer_overload(in, r, s);
}

/* What one event may cost is bounded elsewhere; this is for many that cost nearly as much: each with a key of kilobytes that the body
 * has once, each with a pattern to search. 10,000 events are judged in less than a tenth of it. NULL: it may go on. */
static const char *too_much(const struct ingest *in, const struct source *s, const struct admit_batch *b, int64_t began_us)
{
    if (admit_batch_bytes(b) > (size_t)in->o.plan->settings.writer_mailbox + 4 * s->body_max)
        return "the events of this body take too much memory together";
    if (clock_cpu_us() - began_us > BATCH_CPU_US)
        return "the events of this body take too long to judge together";
    if (admit_batch_runs(b) > BATCH_RUNS_MAX)
        return "the events of this body start too many workflows together";
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
            ingest_refuse(in, r, &item, d->body);
            return;
        }
        admit_batch_add(b, &item.admission);
        if ((excess = too_much(in, s, b, began_us))) {
            admit_batch_free(b);
            ingest_refuse_simply(in, r, 413, OUTCOME_TOO_LARGE, "too-many-items", slice_z(excess));
            return;
        }
    }
    if (!rate_ok(in, r, s, d->body)) {
        admit_batch_free(b);
        return;
    }
    struct pending *p = pending_new(in, r, s);
    if (admit_batch_put(b, on_admitted, p) == 0)
        return;
    pending_free(p);
    ingest_answer_overload(in, r, s);
}

static void take_delivery(struct ingest *in, struct request *r, struct source *s)
{
    struct delivery d = {
        .method = request_method(r),
        .path = request_path(r),
        .query = request_query(r),
        .suffix = in->visitor.suffix,
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
        ingest_refuse_method(in, r, s);
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
            ingest_answer_handshake(in, r, s, j.handshake);
        break;
    case JUDGE_REFUSE:
        ingest_refuse(in, r, &j, d.body);
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
    if (closed)
        ingest_refuse_visitor(in, r, closed);
    else if (!provider_method_ok(s->provider, request_method(r)) &&
             !provider_method_handshake(s->provider, request_method(r)))
        ingest_refuse_method(in, r, s);
    else
        take_delivery(in, r, s);
}

/* Before a body is read: how much of it this source takes. Who may not come in is answered without it, below /webhooks/. */
static bool on_head(void *arg, const struct http_head *head, size_t *body_bytes, struct http_refusal *why)
{
    struct ingest *in = arg;
    struct visitor v;
    const struct gate_refusal *closed = gate_look(in->o.plan, head->request, &v);
    /* What the sender wants for a wrong signature is answered to the whole request: all 401s of a source look alike. */
    bool later = closed && closed->status == 401 && provider_has_refusal(v.source->provider);

    if (!closed || later)
        *body_bytes = v.source->body_max;
    if (!closed || later || (head->has_length && head->length == 0) || !slice_starts(request_path(head->request), SLICE(GATE_PREFIX)))
        return true;
    *why = (struct http_refusal){
        .status = closed->status, .reason = closed->public_reason, .detail = closed->public_detail, .mark = closed
    };
    return false;
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
        .on_refused = ingest_on_refused,
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
