#include "http/api.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "http/problem.h"

/* What a route lists, so which filters it knows. */
enum list { EVENTS = 1, HELD = 2, RUNS = 4, REFUSED = 8, ALL_LISTS = 15 };

static const struct route {
    const char *method, *path; /* "*" in the path is an id, or a name */
    api_route run;
    unsigned list; /* 0: none */
    bool public; /* on listen.api too */
    bool named; /* "*" is a name */
} routes[] = {
    { "GET", "/api/v1/events", api_list_events, EVENTS, false, false },
    { "POST", "/api/v1/events", api_post_event, 0, true, false },
    { "GET", "/api/v1/events/*", api_get_event, 0, false, false },
    { "GET", "/api/v1/events/*/body", api_get_event_body, 0, false, false },
    { "GET", "/api/v1/held", api_list_held, HELD, false, false },
    { "POST", "/api/v1/held/*/release", api_release, 0, false, false },
    { "GET", "/api/v1/refused", api_list_refused, REFUSED, false, false },
    { "GET", "/api/v1/refused/*", api_get_refused, 0, false, false },
    { "GET", "/api/v1/runs", api_list_runs, RUNS, false, false },
    { "GET", "/api/v1/runs/*", api_get_run, 0, false, false },
    { "GET", "/api/v1/plan", api_get_plan, 0, false, false },
    { "POST", "/api/v1/reload", api_reload, 0, false, false },
    { "GET", "/api/v1/secrets", api_list_secrets, 0, false, false },
    { "POST", "/api/v1/secrets/*/show", api_show_secret, 0, false, true },
    { "POST", "/api/v1/secrets/*/forget", api_forget_secret, 0, false, true },
};
#define N_ROUTES (sizeof routes / sizeof routes[0])

static bool path_matches(struct slice pattern, struct slice path, struct slice *id)
{
    struct slice want, have;

    while (pattern.len || path.len) {
        slice_cut(pattern, '/', &want, &pattern);
        slice_cut(path, '/', &have, &path);
        if (slice_eq(want, SLICE("*")) && have.len)
            *id = have;
        else if (!slice_eq(want, have))
            return false;
    }
    return true;
}

static int set_limit(struct list_filter *f, struct slice value)
{
    uint64_t n;

    if (slice_u64(value, &n) || n < 1 || n > 1000)
        return -1;
    f->limit = n;
    return 0;
}

static int set_before(struct list_filter *f, struct slice value)
{
    f->has_before = true;
    return id_parse(value, &f->before);
}

static int set_event(struct list_filter *f, struct slice value)
{
    f->has_event = true;
    return id_parse(value, &f->event);
}

static int set_source(struct list_filter *f, struct slice value)
{
    f->source = value;
    return 0;
}

static int set_type(struct list_filter *f, struct slice value)
{
    f->type = value;
    return 0;
}

static int set_workflow(struct list_filter *f, struct slice value)
{
    f->workflow = value;
    return 0;
}

static int set_status(struct list_filter *f, struct slice value)
{
    for (int i = EVENT_ACCEPTED; i <= EVENT_IGNORED; i++) {
        if (slice_eq_z(value, event_status_name((enum event_status)i)))
            return f->status = i, 0;
    }
    return -1;
}

static int set_state(struct list_filter *f, struct slice value)
{
    for (int i = RUN_RUNNING; i <= RUN_CANCELLED; i++) {
        if (slice_eq_z(value, run_state_name((enum run_state)i)))
            return f->status = i, 0;
    }
    return -1;
}

static const struct filter {
    const char *name;
    unsigned lists;
    int (*set)(struct list_filter *f, struct slice value);
    const char *wants;
} filters[] = {
    { "limit", ALL_LISTS, set_limit, "a number from 1 to 1000" },
    { "before", ALL_LISTS, set_before, "an id" },
    { "source", ALL_LISTS, set_source, "a name" },
    { "type", EVENTS | HELD | RUNS, set_type, "an event type" },
    { "status", EVENTS, set_status, "accepted, held, released or ignored" },
    { "state", RUNS, set_state, "running, done, failed or cancelled" },
    { "workflow", RUNS, set_workflow, "an id" },
    { "event", RUNS, set_event, "an event's id" },
};
#define N_FILTERS (sizeof filters / sizeof filters[0])

static int fail_unknown(unsigned list, struct slice name, struct err *e)
{
    char known[128] = "";
    size_t n = 0;

    for (size_t i = 0; i < N_FILTERS; i++) {
        if (filters[i].lists & list)
            n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", filters[i].name);
    }
    return err_set(e, ERR_INPUT, "there is no query parameter \"%.*s\" here; this route takes %s",
                   SLICE_FMT(slice_first(name, 40)), n ? known : "none");
}

static int set_filter(struct api_call *call, unsigned list, struct slice name, struct slice value)
{
    struct buf text;

    for (size_t i = 0; i < N_FILTERS; i++) {
        const struct filter *f = &filters[i];
        if (!(f->lists & list) || !slice_eq_z(name, f->name))
            continue;
        buf_init(&text, 1024);
        bool good = percent_decode(value, true, &text) == 0 &&
                    f->set(&call->filter, arena_slice(&call->memory, buf_slice(&text))) == 0;
        buf_clear(&text);
        return !good ? err_set(&call->e, ERR_INPUT, "the query parameter \"%s\" is to be %s", f->name, f->wants) : 0;
    }
    return fail_unknown(list, name, &call->e);
}

static int read_filter(struct api_call *call, unsigned list, struct slice query)
{
    struct slice pair, name, value;

    call->filter = (struct list_filter){ .status = -1, .limit = 50 };
    while (query.len) {
        slice_cut(query, '&', &pair, &query);
        slice_cut(pair, '=', &name, &value);
        if (set_filter(call, list, name, value))
            return -1;
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

/* A problem with a header that tells the caller more. */
static void answer_with(struct request *r, int status, const char *reason, struct slice detail, struct header header)
{
    struct header headers[] = { { SLICE("Content-Type"), SLICE("application/problem+json") }, header };
    struct buf body;

    buf_init(&body, 1024);
    problem_put(&body, status, slice_z(reason), detail, SLICE_NONE);
    request_answer(r, status, headers, 2, buf_slice(&body));
    buf_clear(&body);
}

static void answer_method(struct request *r, bool public_listener)
{
    char allow[16] = "", detail[64];
    struct slice id;

    for (size_t i = 0; i < N_ROUTES; i++) {
        if ((routes[i].public || !public_listener) && path_matches(slice_z(routes[i].path), request_path(r), &id))
            snprintf(allow + strlen(allow), sizeof allow - strlen(allow), "%s%s", *allow ? ", " : "", routes[i].method);
    }
    snprintf(detail, sizeof detail, "this route takes %s", allow);
    answer_with(r, 405, "method", slice_z(detail), (struct header){ SLICE("Allow"), slice_z(allow) });
}

void api_handle(struct admin *a, struct request *r, bool public_listener)
{
    bool path_known = false;
    struct slice id;

    if (!token_ok(a, r)) {
        answer_with(r, 401, "token", SLICE("send the token as \"Authorization: Bearer …\"; it is in the file <store>.token"),
                    (struct header){ SLICE("WWW-Authenticate"), SLICE("Bearer") });
        return;
    }
    const struct route *route = find(r, public_listener, &id, &path_known);
    if (!route) {
        if (path_known)
            answer_method(r, public_listener);
        else
            request_problem(r, 404, "no-such-route", SLICE("no such route; see docs/api.md"), 0);
        return;
    }
    struct api_call *call = call_new(a, r);
    if (route->named)
        call->name = arena_slice(&call->memory, id);
    if (id.ptr && !route->named && id_parse(id, &call->id)) {
        api_fail(call, 404, "not-found", "\"%.*s\" is not an id", SLICE_FMT(slice_first(id, 60)));
        api_answer(call);
    } else if (read_filter(call, route->list, request_query(r))) {
        api_fail_err(call);
        api_answer(call);
    } else {
        route->run(call);
    }
}
