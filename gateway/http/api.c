#include "http/api.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "http/problem.h"

static const struct route {
    const char *method, *path; /* "*" in the path is an id */
    api_route run;
    bool public; /* on listen.api too */
} routes[] = {
    { "GET", "/api/v1/events", api_list_events, false },
    { "POST", "/api/v1/events", api_post_event, true },
    { "GET", "/api/v1/events/*", api_get_event, false },
    { "GET", "/api/v1/events/*/body", api_get_event_body, false },
    { "GET", "/api/v1/held", api_list_held, false },
    { "POST", "/api/v1/held/*/release", api_release, false },
    { "GET", "/api/v1/refused", api_list_refused, false },
    { "GET", "/api/v1/refused/*", api_get_refused, false },
    { "GET", "/api/v1/runs", api_list_runs, false },
    { "GET", "/api/v1/runs/*", api_get_run, false },
    { "GET", "/api/v1/plan", api_get_plan, false },
    { "POST", "/api/v1/reload", api_reload, false },
};
#define N_ROUTES (sizeof routes / sizeof routes[0])

static bool path_matches(struct slice pattern, struct slice path, struct slice *id)
{
    struct slice want, have;

    while (pattern.len || path.len) {
        slice_cut(pattern, '/', &want, &pattern);
        slice_cut(path, '/', &have, &path);
        if (slice_eq(want, SLICE("*")))
            *id = have;
        else if (!slice_eq(want, have))
            return false;
    }
    return true;
}

static int status_named(struct slice name)
{
    for (int i = EVENT_ACCEPTED; i <= EVENT_IGNORED; i++) {
        if (slice_eq_z(name, event_status_name((enum event_status)i)))
            return i;
    }
    return -1;
}

static int state_named(struct slice name)
{
    for (int i = RUN_RUNNING; i <= RUN_CANCELLED; i++) {
        if (slice_eq_z(name, run_state_name((enum run_state)i)))
            return i;
    }
    return -1;
}

/* Events have a status, runs a state. */
static int set_filter(struct api_call *call, struct slice name, struct slice value)
{
    bool runs = slice_eq(request_path(call->req), SLICE("/api/v1/runs"));
    struct list_filter *f = &call->filter;
    uint64_t n;

    if (slice_eq(name, SLICE("source")))
        f->source = value;
    else if (slice_eq(name, SLICE("type")))
        f->type = value;
    else if (slice_eq(name, SLICE("workflow")))
        f->workflow = value;
    else if (slice_eq(name, SLICE("status")) && !runs)
        return (f->status = status_named(value)) < 0 ? -1 : 0;
    else if (slice_eq(name, SLICE("state")) && runs)
        return (f->status = state_named(value)) < 0 ? -1 : 0;
    else if (slice_eq(name, SLICE("before")))
        return f->has_before = true, id_parse(value, &f->before);
    else if (slice_eq(name, SLICE("event")))
        return f->has_event = true, id_parse(value, &f->event);
    else if (slice_eq(name, SLICE("limit")))
        return slice_u64(value, &n) || n < 1 || n > 1000 ? -1 : (f->limit = n, 0);
    else
        return -1;
    return 0;
}

static int read_filter(struct api_call *call, struct slice query)
{
    struct slice pair, name, value;
    struct buf text;

    call->filter = (struct list_filter){ .status = -1, .limit = 50 };
    while (query.len) {
        slice_cut(query, '&', &pair, &query);
        slice_cut(pair, '=', &name, &value);
        buf_init(&text, 1024);
        int bad = percent_decode(value, true, &text);
        struct slice decoded = arena_slice(&call->memory, buf_slice(&text));
        buf_clear(&text);
        if (bad || set_filter(call, name, decoded))
            return err_set(&call->e, ERR_INPUT, "the query parameter \"%.*s\" is not known here or has a bad value",
                           SLICE_FMT(slice_first(name, 40)));
    }
    return 0;
}

static struct api_call *call_new(struct admin *a, struct request *r)
{
    struct api_call *call = mem_zalloc(sizeof *call);

    call->admin = a;
    call->req = r;
    call->plan = plan_ref(a->o.plan);
    arena_init(&call->memory);
    buf_init(&call->body, 64 * 1024 * 1024);
    return call;
}

static void call_free(struct api_call *call)
{
    json_object_put(call->answer);
    arena_clear(&call->memory);
    buf_clear(&call->body);
    plan_unref(call->plan);
    free(call);
}

void api_answer(struct api_call *call)
{
    struct header type = { SLICE("Content-Type"), SLICE("application/json") };

    if (call->body_type) {
        type.value = slice_z(call->body_type);
        request_answer(call->req, 200, &type, 1, buf_slice(&call->body));
    } else if (call->answer) {
        size_t len;
        const char *text = json_object_to_json_string_length(
            call->answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
        request_answer(call->req, call->status ? call->status : 200, &type, 1, slice_of(text, len));
    } else {
        request_problem(call->req, call->status, call->reason, slice_z(call->e.text), call->status == 503 ? 1 : 0);
    }
    call_free(call);
}

void api_fail(struct api_call *call, int status, const char *reason, const char *fmt, ...)
{
    va_list ap;

    call->status = status;
    call->reason = reason;
    va_start(ap, fmt);
    vsnprintf(call->e.text, sizeof call->e.text, fmt, ap);
    va_end(ap);
}

void api_fail_err(struct api_call *call)
{
    static const struct {
        int status;
        const char *reason;
    } by_code[] = {
        [ERR_NONE] = { 500, "internal" },       [ERR_INPUT] = { 400, "bad-request" }, [ERR_LIMIT] = { 503, "overload" },
        [ERR_NOT_FOUND] = { 404, "not-found" }, [ERR_CONFLICT] = { 409, "conflict" }, [ERR_TEMP] = { 503, "store" },
        [ERR_SYSTEM] = { 500, "internal" },
    };

    call->status = by_code[call->e.code].status;
    call->reason = by_code[call->e.code].reason;
}

void api_then_answer(struct query *q)
{
    api_answer(api_call_of(q));
}

void api_ask(struct api_call *call, void (*run)(struct query *q, struct store_reader *r), void (*then)(struct query *q))
{
    call->query.run = run;
    call->query.done = then;
    call->query.home = call->admin->loop;
    if (readers_put(call->admin->o.readers, &call->query))
        return;
    api_fail(call, 503, "overload", "too many questions wait for the store; ask again");
    api_answer(call);
}

static bool token_ok(const struct admin *a, const struct request *r)
{
    struct slice value = request_header(r, SLICE("Authorization"));

    return slice_starts_nocase(value, SLICE("Bearer ")) &&
           slice_eq_const_time(slice_trim(slice_from(value, 7)), a->o.token);
}

static const struct route *find(struct request *r, bool public_listener, struct slice *id, bool *path_known)
{
    for (size_t i = 0; i < N_ROUTES; i++) {
        *id = SLICE_NONE;
        if ((public_listener && !routes[i].public) || !path_matches(slice_z(routes[i].path), request_path(r), id))
            continue;
        *path_known = true;
        if (slice_eq_z(request_method(r), routes[i].method))
            return &routes[i];
    }
    return NULL;
}

void api_handle(struct admin *a, struct request *r, bool public_listener)
{
    bool path_known = false;
    struct slice id;

    if (!token_ok(a, r)) {
        request_problem(r, 401, "token", SLICE("send the token as \"Authorization: Bearer …\"; it is in the file <store>.token"), 0);
        return;
    }
    const struct route *route = find(r, public_listener, &id, &path_known);
    if (!route) {
        request_problem(r, path_known ? 405 : 404, path_known ? "method" : "no-such-route",
                        path_known ? SLICE("this route does not take this method") : SLICE("no such route; see docs/api.md"), 0);
        return;
    }
    struct api_call *call = call_new(a, r);
    if (id.ptr && id_parse(id, &call->id)) {
        api_fail(call, 404, "not-found", "\"%.*s\" is not an id", SLICE_FMT(slice_first(id, 60)));
        api_answer(call);
    } else if (read_filter(call, request_query(r))) {
        api_fail_err(call);
        api_answer(call);
    } else {
        route->run(call);
    }
}
