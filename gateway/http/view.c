#include "http/view.h"

#include <stdlib.h>

#include "base/clock.h"
#include "http/handed.h"

static json_object *text(struct slice s)
{
    struct buf clean;

    /* Foreign bytes may not be UTF-8; quoting makes them so, and json-c prints what it is given. */
    buf_init(&clean, s.len * 6 + 2);
    json_quote(&clean, s);
    json_object *o = json_object_new_string("");
    json_object_set_serializer(o, json_object_userdata_to_json_string, buf_take(&clean, NULL), json_object_free_userdata);
    return o;
}

/* JSON text that is printed as it is. */
static json_object *raw(struct slice json)
{
    json_object *o = json_object_new_string("");

    json_object_set_serializer(o, json_object_userdata_to_json_string, slice_dup_z(json), json_object_free_userdata);
    return o;
}

static void put(json_object *o, const char *key, json_object *value)
{
    json_object_object_add(o, key, value);
}

static void put_text(json_object *o, const char *key, struct slice s)
{
    if (s.len)
        put(o, key, text(s));
}

static void put_int(json_object *o, const char *key, int64_t n)
{
    put(o, key, json_object_new_int64(n));
}

static void put_id(json_object *o, const char *key, struct id id)
{
    char out[ID_TEXT_LEN + 1];

    id_text(id, out);
    put(o, key, json_object_new_string(out));
}

static void put_time(json_object *o, const char *key, int64_t us)
{
    char out[CLOCK_TEXT_LEN];

    if (us == 0)
        return;
    clock_text(us, out);
    put(o, key, json_object_new_string(out));
}

/* "Name: value\n" lines → [["Name","value"], …] */
static json_object *headers(struct slice lines)
{
    json_object *list = json_object_new_array();
    struct slice line, name, value;

    while (lines.len) {
        slice_cut(lines, '\n', &line, &lines);
        slice_cut(line, ':', &name, &value);
        json_object *pair = json_object_new_array_ext(2);
        json_object_array_add(pair, text(name));
        json_object_array_add(pair, text(slice_trim(value)));
        json_object_array_add(list, pair);
    }
    return list;
}

static void put_batch(json_object *o, const struct event_item *item)
{
    if (item->count <= 1)
        return;
    json_object *batch = json_object_new_object();
    put_id(batch, "id", item->batch);
    put_int(batch, "index", item->index);
    put_int(batch, "count", item->count);
    put(o, "batch", batch);
}

json_object *view_event(const struct event_row *row, bool whole)
{
    const struct event *ev = &row->event;
    json_object *o = json_object_new_object();

    put_id(o, "id", ev->id);
    put_text(o, "source", ev->source);
    put_text(o, "type", ev->type);
    put_text(o, "subject", ev->subject);
    put_time(o, "time", ev->time_us);
    put_time(o, "happened", ev->happened_us);
    put_batch(o, &ev->item);
    put(o, "status", json_object_new_string(event_status_name(ev->status)));
    put(o, "verdict", json_object_new_string(event_verdict_name(ev->verdict)));
    put_text(o, "key", ev->delivery_key);
    put_int(o, "body_bytes", (int64_t)row->body_bytes);
    put_int(o, "runs", row->runs);
    if (ev->decisions.len)
        put(o, "workflows", raw(ev->decisions));
    if (ev->errors.len)
        put(o, "errors", raw(ev->errors));
    if (!whole)
        return o;
    put_text(o, "content_type", ev->content_type);
    put(o, "headers", headers(ev->headers));
    put_int(o, "plan_version", ev->plan_def);
    put_int(o, "source_version", ev->source_def);
    put_int(o, "schema_version", ev->schema_def);
    put(o, "data", raw(ev->data));
    return o;
}

static json_object *view_step(const struct step_row *s)
{
    json_object *o = json_object_new_object();

    put_text(o, "id", s->id);
    put(o, "state", json_object_new_string(step_state_name(s->state)));
    if (!step_state_final(s->state) && s->state != STEP_BLOCKED)
        put_time(o, "due", s->due_us);
    put_int(o, "attempts", s->attempts);
    put_int(o, "generation", s->generation);
    put_text(o, "queue", s->queue);
    return o;
}

static json_object *view_attempt(const struct run_row *run, const struct attempt_row *a)
{
    json_object *o = json_object_new_object();

    put_text(o, "step", a->step < run->n_steps ? run->steps[a->step].id : SLICE("?"));
    put_int(o, "attempt", a->attempt);
    put_int(o, "generation", a->generation);
    put_time(o, "started", a->started_us);
    put_int(o, "took_ms", (a->ended_us - a->started_us) / 1000);
    put(o, "outcome", json_object_new_string(attempt_outcome_name(a->outcome)));
    if (a->status)
        put_int(o, "status", a->status);
    put_text(o, "error", a->error);
    if (a->output.len)
        put(o, "output", a->outcome == ATTEMPT_OK ? raw(a->output) : text(a->output));
    put_text(o, "log", a->log);
    return o;
}

json_object *view_run(const struct run_row *row)
{
    json_object *o = json_object_new_object(), *steps = json_object_new_array(), *attempts;

    put_id(o, "id", row->id);
    put_id(o, "event", row->event);
    put_text(o, "workflow", row->workflow);
    put_int(o, "workflow_version", row->workflow_def);
    put_text(o, "event_type", row->event_type);
    put_text(o, "source", row->source);
    put(o, "state", json_object_new_string(run_state_name(row->state)));
    put_time(o, "started", row->started_us);
    put_time(o, "ended", row->ended_us);
    for (size_t i = 0; i < row->n_steps; i++)
        json_object_array_add(steps, view_step(&row->steps[i]));
    put(o, "steps", steps);
    if (row->n_attempts == 0)
        return o;
    attempts = json_object_new_array();
    for (size_t i = 0; i < row->n_attempts; i++)
        json_object_array_add(attempts, view_attempt(row, &row->attempts[i]));
    put(o, "attempts", attempts);
    return o;
}

json_object *view_refused(const struct refused_row *row, bool whole)
{
    json_object *o = json_object_new_object();

    put_id(o, "id", row->id);
    put_text(o, "source", row->source);
    put_time(o, "time", row->time_us);
    put_int(o, "status", row->status);
    put_text(o, "reason", row->reason);
    put_text(o, "detail", row->detail);
    put_text(o, "method", row->method);
    put_text(o, "path", row->path);
    put_text(o, "remote", row->remote);
    put_int(o, "body_bytes", (int64_t)row->body_bytes);
    if (!whole)
        return o;
    put(o, "headers", headers(row->headers));
    put(o, "body", text(row->body));
    return o;
}

json_object *view_handed(const struct handed_view *v, const char *state)
{
    json_object *o = json_object_new_object();

    put_text(o, "source", v->source);
    put(o, "state", json_object_new_string(state));
    put_time(o, "time", v->time_us);
    put_text(o, "handshake", v->handshake);
    put_text(o, "remote", v->remote);
    put_int(o, "late", (int64_t)counter_get(v->late));
    return o;
}

static json_object *names_of_endpoints(const struct plan *p)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < p->n_endpoints; i++) {
        json_object *o = json_object_new_object();
        put_text(o, "name", p->endpoints[i]->name);
        put_text(o, "url", p->endpoints[i]->url);
        json_object_array_add(list, o);
    }
    return list;
}

static void put_handed(json_object *o, struct handed_slot *slot)
{
    struct arena memory;

    arena_init(&memory);
    struct handed_view v = handed_look(slot, &memory);
    put(o, "secret", json_object_new_string(v.there ? "handed-over" : "waiting"));
    put_time(o, "secret_time", v.time_us);
    arena_clear(&memory);
}

json_object *view_plan(const struct plan *p)
{
    json_object *o = json_object_new_object(), *sources = json_object_new_array(), *workflows = json_object_new_array();

    for (size_t i = 0; i < p->n_sources; i++) {
        json_object *s = json_object_new_object();
        put_text(s, "name", p->sources[i].name);
        put_text(s, "provider", provider_id(p->sources[i].provider));
        put_text(s, "url", p->sources[i].shown_url);
        put(s, "verified", json_object_new_boolean(provider_scheme(p->sources[i].provider) != SCHEME_NONE));
        put_int(s, "version", p->sources[i].def->row);
        if (p->sources[i].handed)
            put_handed(s, p->sources[i].handed);
        json_object_array_add(sources, s);
    }
    for (size_t i = 0; i < p->n_workflows; i++) {
        json_object *w = json_object_new_object();
        put_text(w, "id", p->workflows[i]->id);
        put_text(w, "description", p->workflows[i]->description);
        put_text(w, "on", p->workflows[i]->pattern.text);
        json_object_array_add(workflows, w);
    }
    put_int(o, "version", p->def.row);
    put(o, "sources", sources);
    put(o, "workflows", workflows);
    put(o, "endpoints", names_of_endpoints(p));
    return o;
}
