/* The secrets that senders handed over. That one of them can be read is the exception among all secrets: some vendors want it
 * typed into a form of theirs before they send anything. It takes the token, and the log says that it was read. */
#include <stdlib.h>

#include "base/log.h"
#include "http/api.h"
#include "http/view.h"

static const char *state_of(const struct plan *plan, const struct handed_view *v)
{
    const struct source *source = plan_source(plan, v->source);

    if (!source || !source->handed_over)
        return v->there ? "unused" : NULL;
    return v->there ? "handed-over" : "waiting";
}

static int by_source(const void *left, const void *right)
{
    return slice_cmp(((const struct handed_view *)left)->source, ((const struct handed_view *)right)->source);
}

void api_list_secrets(struct api_call *call)
{
    json_object *items = json_object_new_array();
    struct handed_view *views = NULL;
    size_t n = 0, capacity = 0;

    for (struct handed_slot *s = handed_first(call->admin->o.handed); s; s = handed_next(s)) {
        if (n == capacity)
            views = mem_grow(views, capacity = capacity ? 2 * capacity : 16, sizeof *views);
        views[n++] = handed_look(s, &call->memory);
    }
    if (n)
        qsort(views, n, sizeof *views, by_source);
    for (size_t i = 0; i < n; i++) {
        const char *state = state_of(call->plan, &views[i]);
        if (state)
            json_object_array_add(items, view_handed(&views[i], state));
    }
    free(views);
    call->answer = json_object_new_object();
    json_object_object_add(call->answer, "items", items);
    json_object_object_add(call->answer, "next", NULL);
    api_answer(call);
}

/* NULL after an answer. */
static struct handed_slot *find(struct api_call *call)
{
    struct handed_slot *s = handed_find(call->admin->o.handed, call->name);
    bool there = s && handed_look(s, &call->memory).there;

    if (there)
        return s;
    if (plan_source(call->plan, call->name) || s)
        api_fail(call, 404, "not-found", "no secret was handed over to the source \"%.*s\"",
                 SLICE_FMT(slice_first(call->name, 60)));
    else
        api_fail(call, 404, "not-found", "there is no source \"%.*s\"", SLICE_FMT(slice_first(call->name, 60)));
    api_answer(call);
    return NULL;
}

void api_show_secret(struct api_call *call)
{
    struct handed_slot *s = find(call);
    struct buf secret;

    if (!s)
        return;
    buf_init(&secret, 2 * HANDED_SECRET_MAX);
    if (handed_show(s, &secret)) {
        LOG_WARN("the secret that a sender handed over was shown", LOG_SL("source", call->name),
                 LOG_SL("remote", request_remote(call->req)));
        buf_puts(&call->body, "{\"source\":");
        json_quote(&call->body, call->name);
        buf_puts(&call->body, ",\"secret\":");
        json_quote(&call->body, buf_slice(&secret));
        buf_putc(&call->body, '}');
        call->body_type = "application/json";
        mem_wipe(secret.ptr, secret.len);
    } else {
        api_fail(call, 409, "conflict", "the configuration does not use this secret, so it was not opened");
    }
    buf_clear(&secret);
    api_answer(call);
}

static void on_forgotten(struct mail *m)
{
    struct api_call *call = (struct api_call *)((char *)m - offsetof(struct api_call, write.mail));

    if (call->write.result && call->write.code != ERR_NOT_FOUND) {
        call->e.code = call->write.code;
        api_fail_err(call);
    } else {
        call->answer = json_object_new_object();
        json_object_object_add(call->answer, "source", json_object_new_string_len(call->name.ptr, (int)call->name.len));
        json_object_object_add(call->answer, "status", json_object_new_string("forgotten"));
    }
    api_answer(call);
}

/* On the writer's thread, in the order of the commits (see http/handover.c). */
static void on_committed(struct write *w)
{
    struct api_call *call = (struct api_call *)((char *)w - offsetof(struct api_call, write));

    bool gone = w->result == 0 || w->code == ERR_NOT_FOUND; /* of a commit before of which there was no word */
    if (gone)
        handed_forget(handed_find(call->admin->o.handed, call->name));
    w->mail.run = on_forgotten;
    loop_post(call->admin->loop, &w->mail);
}

void api_forget_secret(struct api_call *call)
{
    if (!find(call))
        return;
    call->write.kind = WRITE_FORGET;
    call->write.done = on_committed;
    call->write.err = &call->e;
    call->write.forget.source = call->name;
    writer_put_always(call->admin->o.writer, &call->write);
}
