#include "http/api.h"

#include <stdlib.h>

#include "base/clock.h"

static json_object *accepted(const char *status, struct id id)
{
    json_object *o = json_object_new_object();
    char text[ID_TEXT_LEN + 1];

    id_text(id, text);
    json_object_object_add(o, "id", json_object_new_string(text));
    json_object_object_add(o, "status", json_object_new_string(status));
    return o;
}

static void on_admitted(void *arg, enum admit_outcome outcome, const struct admitted *list, size_t n)
{
    struct api_call *call = arg;

    (void)n; /* of one event */
    if (outcome == ADMIT_STORED)
        call->answer = accepted(list->duplicate ? "duplicate" : event_status_name(list->status), list->id);
    else
        api_fail(call, 503, "store", "the event could not be stored; send it again");
    api_answer(call);
}

static struct slice string_member(struct api_call *call, const struct json_doc *d, const char *key)
{
    uint32_t n = json_member(d, 0, slice_z(key));
    struct buf tmp;

    if (n == JSON_NONE || json_type_of(d, n) != JSON_STRING)
        return SLICE_NONE;
    buf_init(&tmp, json_inner(d, n).len);
    struct slice copy = arena_slice(&call->memory, json_string(d, n, &tmp));
    buf_clear(&tmp);
    return copy;
}

/* "type" as a trigger could match it: what a source's mapping would make of it. */
static int check_type(struct slice type, struct err *e)
{
    struct slice clean = SLICE("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/-");

    if (type.len == 0 || type.len > EVENT_TYPE_MAX)
        return err_set(e, ERR_INPUT, "\"type\" is needed: a string of 1 to %d bytes (\"user:created\")", EVENT_TYPE_MAX);
    for (size_t i = 0; i < type.len; i++) {
        if (slice_find(clean, type.ptr[i]) == clean.len)
            return err_set(e, ERR_INPUT, "\"type\" holds only letters, digits and _ . : / -");
    }
    return 0;
}

static int check_members(const struct json_doc *d, struct err *e)
{
    static const char *const known[] = { "type", "data", "subject", "key" };

    if (json_type_of(d, 0) != JSON_OBJECT)
        return err_set(e, ERR_INPUT, "the body is to be an object: {\"type\": …, \"data\": …}");
    for (uint32_t k = 1; k < json_end(d, 0); k = json_next(d, k + 1)) {
        bool found = false;
        for (size_t i = 0; i < 4; i++)
            found |= json_string_eq(d, k, slice_z(known[i]));
        if (!found)
            return err_set(e, ERR_INPUT, "\"%.*s\" is not known; known: type, data, subject, key",
                           SLICE_FMT(slice_first(json_inner(d, k), 60)));
        bool text = !json_string_eq(d, k, SLICE("data"));
        if (text && json_type_of(d, k + 1) != JSON_STRING)
            return err_set(e, ERR_INPUT, "\"%.*s\" is to be a string", SLICE_FMT(json_inner(d, k)));
    }
    return 0;
}

/* {"type", "data", "subject"?, "key"?} → an event without a source. Data's bytes stay what they are. */
static int read_event_body(struct api_call *call, struct admission *what, struct json_doc *data)
{
    struct admin *a = call->admin;
    struct json_limits limits = JSON_LIMITS_DEFAULT;

    limits.max_depth = call->plan->settings.json_depth + 1;
    limits.max_nodes = call->plan->settings.json_nodes;
    if (json_parse_err(&a->doc, request_body(call->req), &limits, &call->e) || check_members(&a->doc, &call->e))
        return -1;
    struct event *ev = &what->event;
    ev->type = string_member(call, &a->doc, "type");
    ev->subject = string_member(call, &a->doc, "subject");
    ev->delivery_key = string_member(call, &a->doc, "key");
    if (check_type(ev->type, &call->e))
        return -1;
    uint32_t n = json_member(&a->doc, 0, SLICE("data"));
    ev->body = ev->data = n == JSON_NONE ? SLICE("null") : json_raw(&a->doc, n);
    return json_parse_err(data, ev->data, &limits, &call->e);
}

void api_post_event(struct api_call *call)
{
    struct json_doc data;
    struct admission what = {
        .plan = call->plan,
        .event = { .source = SLICE(""),
                   .time_us = clock_wall_us(),
                   .content_type = SLICE("application/json"),
                   .plan_def = call->plan->def.row },
        .doc = &data,
        .start = true,
        .dedupe_by = DEDUPE_KEY,
        .dedupe_window_us = 7 * 24 * 3600 * US_PER_S,
    };

    json_doc_init(&data);
    if (read_event_body(call, &what, &data)) {
        call->e.code = ERR_INPUT;
        api_fail_err(call);
        api_answer(call);
    } else if (admit_put(call->admin->admit, &what, on_admitted, call)) {
        api_fail(call, 503, "overload", "too many events wait for the disk");
        api_answer(call);
    }
    json_doc_clear(&data);
}

/* A held event is matched against the workflows of now, on the reader's thread. */
static void match_held(struct query *q, struct store_reader *r)
{
    struct api_call *call = api_call_of(q);
    struct event_row row;
    struct json_doc doc;
    struct json_limits limits = { .max_depth = 10000, .max_nodes = UINT32_MAX, .allow_duplicate_keys = true };

    if (read_event(r, call->id, &call->memory, &row, &call->e)) {
        api_fail_err(call);
        return;
    }
    json_doc_init(&doc);
    if (json_parse_err(&doc, row.event.data, &limits, &call->e)) {
        api_fail_err(call);
    } else {
        struct schema_scratch *scratch = schema_scratch_new();
        struct buf decisions;
        buf_init(&decisions, 64 * 1024);
        call->write.release.n =
            flow_triggers(call->plan, row.event.type, &doc, 0, scratch, call->runs, FLOW_RUNS_MAX, &decisions);
        call->write.release.decisions = arena_slice(&call->memory, buf_slice(&decisions));
        buf_clear(&decisions);
        schema_scratch_free(scratch);
    }
    json_doc_clear(&doc);
}

static void on_released(struct write *w)
{
    struct api_call *call = (struct api_call *)((char *)w - offsetof(struct api_call, write));

    for (size_t i = 0; i < w->release.n; i++)
        workflow_unref(call->runs[i].workflow);
    if (w->result) {
        call->e.code = w->code;
        api_fail_err(call);
    } else {
        call->answer = accepted("released", call->id);
        json_object_object_add(call->answer, "runs", json_object_new_int64((int64_t)w->release.n));
    }
    api_answer(call);
}

static void release_matched(struct query *q)
{
    struct api_call *call = api_call_of(q);

    if (call->status) {
        api_answer(call);
        return;
    }
    call->write.kind = WRITE_RELEASE;
    call->write.home = call->admin->loop;
    call->write.done = on_released;
    call->write.err = &call->e;
    call->write.release.event = call->id;
    call->write.release.runs = call->runs;
    writer_put_always(call->admin->o.writer, &call->write);
}

void api_release(struct api_call *call)
{
    api_ask(call, match_held, release_matched);
}

struct reload_call {
    struct reload reload;
    struct api_call *call;
};

static void on_reloaded(struct mail *m)
{
    struct reload_call *rc = (struct reload_call *)m;
    struct api_call *call = rc->call;

    call->admin->reloading--;
    call->answer = json_object_new_object();
    call->status = rc->reload.ok ? 200 : 422;
    json_object_object_add(call->answer, "ok", json_object_new_boolean(rc->reload.ok));
    json_object_object_add(call->answer, "text", json_object_new_string(rc->reload.text.len ? rc->reload.text.ptr : ""));
    buf_clear(&rc->reload.text);
    free(rc);
    api_answer(call);
}

void api_reload(struct api_call *call)
{
    struct reload_call *rc = mem_zalloc(sizeof *rc);

    rc->call = call;
    rc->reload.home = call->admin->loop;
    rc->reload.done = on_reloaded;
    buf_init(&rc->reload.text, 256 * 1024);
    call->admin->reloading++;
    call->admin->o.reload(call->admin->o.reload_arg, &rc->reload);
}
