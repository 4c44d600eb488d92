#include "http/judge.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "event/data.h"
#include "http/gate.h"
#include "http/handed.h"

#define MAPPED_MAX 16384
#define HEADERS_MAX (64 * 1024)
#define ERRORS_MAX (64 * 1024)
#define ITEMS_FIRST 64
/* A larger one is not kept for the next delivery. */
#define TEXT_KEEP (1024 * 1024)
/* What all events of one body may keep of schema errors; each one that comes after keeps its first. */
#define BATCH_ERRORS_MAX (1024 * 1024)

struct judge {
    struct reading reading;
    struct verify_scratch *verify;
    struct schema_scratch *schema;
    struct verdict verdict;
    struct buf mapped, headers, errors, detail, item;
    struct json_doc text;   /* the data of a source whose bodies are text or binary */
    struct buf text_data;
    uint32_t *items;        /* nodes of the events of the body at hand */
    size_t items_capacity;
    size_t errors_left;     /* of BATCH_ERRORS_MAX */
};

struct judge *judge_new(void)
{
    struct judge *j = mem_zalloc(sizeof *j);

    reading_init(&j->reading);
    j->verify = verify_scratch_new();
    j->schema = schema_scratch_new();
    buf_init(&j->mapped, MAPPED_MAX);
    buf_init(&j->headers, HEADERS_MAX);
    buf_init(&j->errors, ERRORS_MAX);
    buf_init(&j->detail, 2048);
    buf_init(&j->item, ERRORS_MAX + 2048);
    json_doc_init(&j->text);
    j->items_capacity = ITEMS_FIRST;
    j->items = mem_grow(NULL, ITEMS_FIRST, sizeof *j->items);
    return j;
}

void judge_free(struct judge *j)
{
    if (!j)
        return;
    reading_clear(&j->reading);
    verify_scratch_free(j->verify);
    schema_scratch_free(j->schema);
    buf_clear(&j->mapped);
    buf_clear(&j->headers);
    buf_clear(&j->errors);
    buf_clear(&j->detail);
    buf_clear(&j->item);
    json_doc_clear(&j->text);
    buf_clear(&j->text_data);
    free(j->items);
    free(j);
}

static void refuse(struct judgement *out, int status, enum outcome outcome, const char *reason, struct slice detail)
{
    out->what = JUDGE_REFUSE;
    out->status = status;
    out->outcome = outcome;
    out->reason = out->public_reason = reason;
    out->public_detail = out->detail = detail;
}

/* The sender learns nothing about why: a forger must not be helped. The reason goes to the refused log. */
static void refuse_signature(const struct verdict *v, struct judgement *out)
{
    refuse(out, 401, OUTCOME_BAD_SIGNATURE, verify_reason_name(v->reason), slice_z(v->detail));
    out->signature = v->reason;
    out->public_reason = "signature";
    out->public_detail = SLICE("the signature of this delivery could not be verified");
}

void judge_late_handover(enum verify_reason signature, struct judgement *out)
{
    struct verdict v = { .reason = signature };

    refuse_signature(&v, out);
    out->reason = "secret-handed-over-before";
    out->detail = SLICE("a secret was handed over before; \"hooklatch secrets forget\" makes room for another one");
    out->handover = true;
}

/* With the secret where the sender has handed one over, else with the source's own verifier, which may be waiting for it. */
static void verify(struct judge *j, const struct plan *plan, const struct source *source, struct judgement *out)
{
    struct handed_use *use = source->handed ? handed_use(source->handed, plan, source) : NULL;
    const struct verifier *verifier = use ? handed_verifier(use) : source->verifier;
    struct verdict again;

    verify_delivery(verifier, &j->reading, clock_wall_us(), j->verify, &j->verdict);
    if (use && j->verdict.result == VERIFY_REJECT) {
        verify_delivery(source->verifier, &j->reading, clock_wall_us(), j->verify, &again);
        out->handover = again.result == VERIFY_HANDSHAKE && again.handed.len;
        if (out->handover && handed_is(source->handed, again.handed)) { /* its answer was lost */
            out->handover = false;
            again.handed = SLICE_NONE;
            j->verdict = again;
        }
    }
    handed_unuse(use);
}

static void refuse_json(struct judge *j, struct judgement *out)
{
    const struct json_fault *f = &j->reading.fault;

    buf_reset(&j->detail);
    buf_reset(&j->errors);
    buf_printf(&j->detail, "line %u, column %u: %s", f->line, f->column, f->text);
    buf_printf(&j->errors, "\"line\":%u,\"column\":%u", f->line, f->column);
    refuse(out, 400, OUTCOME_MALFORMED, "malformed-json", buf_slice(&j->detail));
    out->extra = buf_slice(&j->errors);
}

void judge_put_errors(const struct schema_report *report, const struct json_doc *doc, uint32_t node, struct buf *out)
{
    struct slice text = json_raw(doc, node);

    if (node == 0)
        text = doc->text;
    buf_putc(out, '[');
    for (size_t i = 0; i < report->count; i++) {
        const struct schema_error *e = &report->errors[i];
        uint32_t line, column;
        size_t before = out->len;

        json_position(text, (size_t)(json_raw(doc, e->node).ptr - text.ptr), &line, &column);
        buf_puts(out, i ? ",{\"instance\":" : "{\"instance\":");
        json_quote(out, e->instance_path);
        buf_puts(out, ",\"schema\":");
        json_quote(out, e->schema_place);
        buf_puts(out, ",\"message\":");
        json_quote(out, e->message);
        buf_printf(out, ",\"line\":%u,\"column\":%u}", line, column);
        if (out->failed) { /* better some than none */
            out->failed = false;
            out->len = before;
            break;
        }
    }
    buf_putc(out, ']');
}

static void report_errors(struct judge *j, const struct schema *s, unsigned max, const char *prefix)
{
    struct schema_report report;

    buf_reset(&j->errors);
    buf_puts(&j->errors, prefix);
    schema_report_make(&report, s, &j->reading.doc, j->reading.item, j->schema, max);
    judge_put_errors(&report, &j->reading.doc, j->reading.item, &j->errors);
    buf_reset(&j->detail);
    if (report.verdict == SCHEMA_INVALID && report.count)
        buf_printf(&j->detail, "the payload violates its schema: %.*s%s%.*s", SLICE_FMT(report.errors[0].instance_path),
                   report.errors[0].instance_path.len ? ": " : "", SLICE_FMT(report.errors[0].message));
    else
        buf_puts(&j->detail, "the payload could not be checked against its schema within the limits");
    schema_report_clear(&report);
}

/* What the source wants done with an event type that its list does not name. */
static void judge_unlisted(const struct source *source, struct judgement *out)
{
    struct event *ev = &out->admission.event;

    switch (source->on_unlisted) {
    case ON_UNLISTED_ACCEPT:
        return;
    case ON_UNLISTED_IGNORE:
        ev->status = EVENT_IGNORED;
        break;
    case ON_UNLISTED_HOLD:
        ev->status = EVENT_HELD;
        break;
    case ON_UNLISTED_REJECT:
        refuse(out, 422, OUTCOME_SCHEMA, "unlisted-event-type", SLICE("this source does not take events of this type"));
        return;
    }
    ev->verdict = VERDICT_UNLISTED;
}

static void judge_invalid(struct judge *j, const struct source *source, const struct binding *b, struct judgement *out)
{
    struct event *ev = &out->admission.event;

    if (source->on_invalid == ON_INVALID_REJECT) {
        report_errors(j, b->schema, source->schema_errors, "\"errors\":");
        refuse(out, 422, OUTCOME_SCHEMA, ev->verdict == VERDICT_LIMIT ? "schema-limit" : "schema-violated",
               buf_slice(&j->detail));
        out->extra = j->errors.failed ? SLICE_NONE : buf_slice(&j->errors);
        return;
    }
    report_errors(j, b->schema, j->errors_left ? source->schema_errors : 1, "");
    ev->errors = j->errors.failed ? SLICE_NONE : buf_slice(&j->errors);
    j->errors_left -= ev->errors.len < j->errors_left ? ev->errors.len : j->errors_left;
    if (source->on_invalid == ON_INVALID_HOLD)
        ev->status = EVENT_HELD;
}

static void judge_schema(struct judge *j, const struct source *source, struct judgement *out)
{
    struct event *ev = &out->admission.event;
    const struct binding *b = source_binding(source, ev->type);

    if (!b) {
        judge_unlisted(source, out);
        return;
    }
    if (!b->schema)
        return;
    enum schema_verdict v = schema_check(b->schema, &j->reading.doc, j->reading.item, j->schema);
    ev->schema_def = b->schema_def ? b->schema_def->row : 0;
    ev->verdict = v == SCHEMA_VALID ? VERDICT_VALID : v == SCHEMA_INVALID ? VERDICT_INVALID : VERDICT_LIMIT;
    if (v != SCHEMA_VALID)
        judge_invalid(j, source, b, out);
}

static bool header_is_ours(struct slice name)
{
    static const struct slice hop[] = {
        { "connection", 10 }, { "keep-alive", 10 },        { "proxy-authenticate", 18 }, { "te", 2 },
        { "trailer", 7 },     { "transfer-encoding", 17 }, { "upgrade", 7 },             { "content-length", 14 },
        { "content-encoding", 16 },
    };

    for (size_t i = 0; i < sizeof hop / sizeof hop[0]; i++) {
        if (slice_eq_nocase(name, hop[i]))
            return true;
    }
    return false;
}

void kept_headers(const struct provider *p, const struct header *headers, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (header_is_ours(headers[i].name) || provider_header_is_secret(p, headers[i].name))
            continue;
        buf_put(out, headers[i].name);
        buf_put(out, SLICE(": "));
        buf_put(out, headers[i].value);
        buf_putc(out, '\n');
    }
}

/* What holds for every event of the delivery. */
static void fill_event(struct judge *j, const struct plan *plan, const struct source *source, const struct delivery *d,
                       const struct mapped *mapped, struct event *ev)
{
    struct reading *r = &j->reading;

    *ev = (struct event){
        .source = source->name,
        .type = mapped->type,
        .subject = mapped->subject,
        .time_us = d->received_us,
        .happened_us = mapped->happened_us,
        .delivery_key = mapped->key,
        .content_type = delivery_header(d, SLICE("Content-Type")),
        .form = r->data_is_body ? EVENT_DATA_IS_BODY : EVENT_DATA_IN_FORM,
        .form_field = r->data_is_body ? SLICE_NONE : r->form_json_field,
        .body = d->body,
        .data = r->data,
        .status = EVENT_ACCEPTED,
        .plan_def = plan->def.row,
        .source_def = source->def->row,
    };
}

static struct slice headers_to_keep(struct judge *j, const struct plan *plan, const struct source *source,
                                    const struct delivery *d)
{
    buf_reset(&j->headers);
    kept_headers(source->provider, d->headers, d->n_headers, &j->headers);
    if (source->access.n_path_tokens)
        gate_hide_tokens(plan, &j->headers);
    return j->headers.failed ? SLICE_NONE : buf_slice(&j->headers);
}

static void refuse_content_type(struct judge *j, const struct source *source, struct judgement *out)
{
    buf_reset(&j->detail);
    buf_puts(&j->detail, "this source does not take this content type; it takes ");
    provider_put_content_types(source->provider, &j->detail);
    refuse(out, 415, OUTCOME_MEDIA_TYPE, "content-type", buf_slice(&j->detail));
}

/* From the reading's item to an admission, or a refusal. item.count 0: the whole body is the event. */
static void judge_event(struct judge *j, struct plan *plan, struct source *source, const struct delivery *d,
                        struct event_item item, struct judgement *out)
{
    struct event *ev = &out->admission.event;
    struct mapped mapped;
    struct err e;

    if (mapping_apply(&source->mapping, &j->reading, &j->mapped, &mapped, &e)) {
        buf_reset(&j->detail);
        buf_puts(&j->detail, e.text);
        refuse(out, 400, OUTCOME_MALFORMED, "event-type", buf_slice(&j->detail));
        return;
    }
    fill_event(j, plan, source, d, &mapped, ev);
    out->admission.doc = &j->reading.doc;
    out->admission.node = j->reading.item;
    if (item.count) {
        ev->data = json_raw(&j->reading.doc, j->reading.item);
        item.at = (size_t)(ev->data.ptr - j->reading.data.ptr);
        ev->item = item;
    }
    judge_schema(j, source, out);
    out->admission.plan = plan;
    out->admission.start = ev->status == EVENT_ACCEPTED;
    out->admission.dedupe_by = source->dedupe_by;
    out->admission.dedupe_window_us = source->dedupe_window_us;
}

/* Finds the events of the body: j->items. How many; more than the limit: only that it is so. */
static size_t split(struct judge *j, const struct source *source, size_t limit)
{
    const struct pointer *p = source_split(source);
    size_t n = p ? pointer_all(p, &j->reading.doc, 0, j->items, j->items_capacity) : 0;

    if (n <= j->items_capacity || n > limit)
        return n;
    j->items_capacity = n;
    j->items = mem_grow(j->items, n, sizeof *j->items);
    return pointer_all(p, &j->reading.doc, 0, j->items, n);
}

static void judge_json(struct judge *j, struct plan *plan, struct source *source, const struct delivery *d,
                       struct judgement *out)
{
    size_t limit = plan->settings.batch_items;

    if (reading_json(&j->reading)) {
        refuse_json(j, out);
        return;
    }
    size_t n = split(j, source, limit);
    if (n > limit) {
        buf_reset(&j->detail);
        buf_printf(&j->detail, "the body holds %zu events; %zu are taken at once", n, limit);
        refuse(out, 413, OUTCOME_TOO_LARGE, "too-many-items", buf_slice(&j->detail));
        return;
    }
    if (n > 1) {
        out->what = JUDGE_STORE_ALL;
        out->items = (uint32_t)n;
        out->whole = (struct whole){ .id = id_new(), .headers = headers_to_keep(j, plan, source, d), .body = d->body };
        return;
    }
    j->reading.item = n ? j->items[0] : 0;
    judge_event(j, plan, source, d, (struct event_item){ .count = (uint32_t)n }, out);
    out->admission.event.headers = headers_to_keep(j, plan, source, d);
}

/* A body that is no JSON: its data is made here, a JSON string. There is no schema for it (the plan sees to that). */
static void judge_other(struct judge *j, struct plan *plan, struct source *source, const struct delivery *d,
                        struct judgement *out)
{
    enum event_form form = source->data == DATA_TEXT ? EVENT_DATA_TEXT : EVENT_DATA_BINARY;
    struct json_fault fault;
    struct slice data;

    buf_reset(&j->text_data);
    j->text_data.max = event_data_max(d->body.len);
    if (event_data(form, SLICE_NONE, d->body, &j->text_data, &data) ||
        json_parse(&j->text, data, &source->json_limits, &fault)) {
        buf_reset(&j->detail);
        buf_printf(&j->detail, "the body is not UTF-8 from byte %zu on", event_utf8_prefix(d->body));
        refuse(out, 400, OUTCOME_MALFORMED, "malformed-text", buf_slice(&j->detail));
        return;
    }
    judge_event(j, plan, source, d, (struct event_item){ .count = 0 }, out);
    struct event *ev = &out->admission.event;
    ev->form = form;
    ev->form_field = SLICE_NONE;
    ev->data = data;
    ev->headers = headers_to_keep(j, plan, source, d);
    out->admission.doc = &j->text;
    out->admission.node = 0;
}

/* The same refusal, with the item's number: the first one is 0, as in a JSON pointer. */
static void name_item(struct judge *j, uint32_t i, struct judgement *out)
{
    struct buf *b = &j->item;

    buf_reset(b);
    buf_printf(b, "item %u: %.*s", i, SLICE_FMT(out->public_detail));
    size_t end = b->len;
    buf_printf(b, "\"item\":%u%s", i, out->extra.len ? "," : "");
    buf_put(b, out->extra);
    if (b->failed)
        return;
    out->public_detail = out->detail = slice_first(buf_slice(b), end);
    out->extra = slice_from(buf_slice(b), end);
}

void judge_item(struct judge *j, struct plan *plan, struct source *source, const struct delivery *d,
                const struct judgement *all, uint32_t i, struct judgement *out)
{
    struct event_item item = { .batch = all->whole.id, .index = i, .count = all->items };

    *out = (struct judgement){ .what = JUDGE_STORE };
    j->reading.item = j->items[i];
    judge_event(j, plan, source, d, item, out);
    /* It owns its data only: see event/whole.h. */
    out->admission.event.body = SLICE_NONE;
    if (out->what == JUDGE_REFUSE)
        name_item(j, i, out);
}

void judge_delivery(struct judge *j, struct plan *plan, struct source *source, const struct delivery *d, struct judgement *out)
{
    *out = (struct judgement){ .what = JUDGE_STORE };
    j->errors_left = BATCH_ERRORS_MAX;
    if (j->text_data.cap > TEXT_KEEP)
        buf_clear(&j->text_data);
    if (source->data == DATA_JSON && !provider_content_type_ok(source->provider, d)) {
        refuse_content_type(j, source, out);
        return;
    }
    reading_start(&j->reading, d, provider_form_json_field(source->provider), &source->json_limits);
    verify(j, plan, source, out);
    if (j->verdict.result == VERIFY_HANDSHAKE) {
        out->what = JUDGE_ANSWER;
        out->outcome = OUTCOME_HANDSHAKE;
        out->handshake = &j->verdict;
        return;
    }
    if (j->verdict.result == VERIFY_REJECT) {
        if (out->handover)
            judge_late_handover(j->verdict.reason, out);
        else
            refuse_signature(&j->verdict, out);
        return;
    }
    if (source->data == DATA_JSON)
        judge_json(j, plan, source, d, out);
    else
        judge_other(j, plan, source, d, out);
}
