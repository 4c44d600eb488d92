#include "http/api.h"

#include "http/view.h"

/* {"items":[…],"next":"<id>"|null} */
static void set_list(struct api_call *call, json_object *items, const struct list_page *page)
{
    char cursor[ID_TEXT_LEN + 1];

    call->answer = json_object_new_object();
    json_object_object_add(call->answer, "items", items);
    if (page->more)
        id_text(page->last, cursor);
    json_object_object_add(call->answer, "next", page->more ? json_object_new_string(cursor) : NULL);
}

static void ask_events(struct query *q, struct store_reader *r)
{
    struct api_call *call = api_call_of(q);
    struct event_row *rows;
    struct list_page page;

    if (read_events(r, &call->filter, &call->memory, &rows, &page, &call->e)) {
        api_fail_err(call);
        return;
    }
    json_object *items = json_object_new_array();
    for (size_t i = 0; i < page.count; i++)
        json_object_array_add(items, view_event(&rows[i], false));
    set_list(call, items, &page);
}

static void ask_runs(struct query *q, struct store_reader *r)
{
    struct api_call *call = api_call_of(q);
    struct run_row *rows;
    struct list_page page;

    if (read_runs(r, &call->filter, &call->memory, &rows, &page, &call->e)) {
        api_fail_err(call);
        return;
    }
    json_object *items = json_object_new_array();
    for (size_t i = 0; i < page.count; i++)
        json_object_array_add(items, view_run(&rows[i]));
    set_list(call, items, &page);
}

static void ask_refused(struct query *q, struct store_reader *r)
{
    struct api_call *call = api_call_of(q);
    struct refused_row *rows;
    struct list_page page;

    if (read_refused(r, &call->filter, &call->memory, &rows, &page, &call->e)) {
        api_fail_err(call);
        return;
    }
    json_object *items = json_object_new_array();
    for (size_t i = 0; i < page.count; i++)
        json_object_array_add(items, view_refused(&rows[i], false));
    set_list(call, items, &page);
}

static void ask_event(struct query *q, struct store_reader *r)
{
    struct api_call *call = api_call_of(q);
    struct event_row row;

    if (read_event(r, call->id, &call->memory, &row, &call->e))
        api_fail_err(call);
    else
        call->answer = view_event(&row, true);
}

static void ask_event_body(struct query *q, struct store_reader *r)
{
    struct api_call *call = api_call_of(q);
    struct event_row row;

    if (read_event(r, call->id, &call->memory, &row, &call->e)) {
        api_fail_err(call);
        return;
    }
    call->body_type = "application/octet-stream";
    buf_put(&call->body, row.event.body);
}

static void ask_run(struct query *q, struct store_reader *r)
{
    struct api_call *call = api_call_of(q);
    struct run_row row;

    if (read_run(r, call->id, &call->memory, &row, &call->e))
        api_fail_err(call);
    else
        call->answer = view_run(&row);
}

static void ask_refusal(struct query *q, struct store_reader *r)
{
    struct api_call *call = api_call_of(q);
    struct refused_row row;

    if (read_refusal(r, call->id, &call->memory, &row, &call->e))
        api_fail_err(call);
    else
        call->answer = view_refused(&row, true);
}

void api_list_events(struct api_call *call)
{
    api_ask(call, ask_events, api_then_answer);
}

void api_list_held(struct api_call *call)
{
    call->filter.status = EVENT_HELD;
    api_ask(call, ask_events, api_then_answer);
}

void api_list_runs(struct api_call *call)
{
    api_ask(call, ask_runs, api_then_answer);
}

void api_list_refused(struct api_call *call)
{
    api_ask(call, ask_refused, api_then_answer);
}

void api_get_event(struct api_call *call)
{
    api_ask(call, ask_event, api_then_answer);
}

void api_get_event_body(struct api_call *call)
{
    api_ask(call, ask_event_body, api_then_answer);
}

void api_get_run(struct api_call *call)
{
    api_ask(call, ask_run, api_then_answer);
}

void api_get_refused(struct api_call *call)
{
    api_ask(call, ask_refusal, api_then_answer);
}

void api_get_plan(struct api_call *call)
{
    call->answer = view_plan(call->plan);
    api_answer(call);
}
