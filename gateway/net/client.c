#include "net/client.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/call.h"

#define IDLE_CALLS_MAX 256
#define CONNECTIONS_KEPT 512L

struct client {
    struct event_base *base;
    CURLM *multi;
    struct event *timer; /* when curl wants to be called without news from a socket */
    struct call *idle, *running;
    int n_idle;
};

/* A socket that curl wants to be watched. */
struct watch {
    struct client *client;
    struct event *event;
};

static void list_put(struct call **list, struct call *call)
{
    call->next = *list;
    call->at = list;
    if (call->next)
        call->next->at = &call->next;
    *list = call;
}

static void list_remove(struct call *call)
{
    *call->at = call->next;
    if (call->next)
        call->next->at = call->at;
}

static void put_back(struct call *call)
{
    struct client *c = call->client;

    if (c->n_idle >= IDLE_CALLS_MAX) {
        call_free(call);
        return;
    }
    list_put(&c->idle, call);
    c->n_idle++;
}

static void finish(struct client *c, struct call *call, CURLcode code)
{
    call_conclude(call, code);
    curl_multi_remove_handle(c->multi, call->easy);
    list_remove(call);
    call->done(call->arg, &call->answer);
    put_back(call);
}

/* done may start and cancel calls: we are outside of curl's callbacks here, and read one message at a time. */
static void drive(struct client *c, curl_socket_t fd, int what)
{
    struct call *call;
    CURLMsg *msg;
    int n;

    curl_multi_socket_action(c->multi, fd, what, &n);
    while ((msg = curl_multi_info_read(c->multi, &n))) {
        CURLcode code = msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
        finish(c, call, code);
    }
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
    struct watch *w = arg;

    /* curl may close the socket, and so free the watch, inside. */
    drive(w->client, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* Curl's callback. A time of 0 goes through the loop as well: curl must not be called from its own callback. */
static int on_curl_timer(CURLM *multi, long ms, void *arg)
{
    struct client *c = arg;
    struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

    (void)multi;
    if (ms < 0)
        evtimer_del(c->timer);
    else
        evtimer_add(c->timer, &tv);
    return 0;
}

/* Curl says CURL_POLL_REMOVE before it closes a socket: the loop never watches a closed one. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct client *c = arg;
    struct watch *w = socket_arg;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w)
            event_free(w->event);
        free(w);
        curl_multi_assign(c->multi, fd, NULL);
        return 0;
    }
    short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
    if (!w) {
        w = mem_alloc(sizeof *w);
        *w = (struct watch){ c, event_new(c->base, fd, events | EV_PERSIST, on_watch, w) };
        curl_multi_assign(c->multi, fd, w);
    } else {
        event_del(w->event);
        event_assign(w->event, c->base, fd, events | EV_PERSIST, on_watch, w);
    }
    event_add(w->event, NULL);
    return 0;
}

struct client *client_new(struct loop *loop, struct err *e)
{
    struct client *c = mem_zalloc(sizeof *c);

    c->base = loop_base(loop);
    struct call *first = call_new(c, e); /* also initialises curl */
    c->multi = first ? curl_multi_init() : NULL;
    if (!c->multi) {
        if (first)
            err_set(e, ERR_SYSTEM, "curl cannot make a multi handle");
        call_free(first);
        free(c);
        return NULL;
    }
    put_back(first);
    c->timer = evtimer_new(c->base, on_timer, c);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    return c;
}

void client_free(struct client *c)
{
    struct call *call;

    if (!c)
        return;
    while ((call = c->running)) {
        curl_multi_remove_handle(c->multi, call->easy);
        list_remove(call);
        call_free(call);
    }
    while ((call = c->idle)) {
        list_remove(call);
        call_free(call);
    }
    curl_multi_cleanup(c->multi);
    event_free(c->timer);
    free(c);
}

static struct call *take_idle(struct client *c)
{
    struct call *call = c->idle;
    struct err e;

    if (!call) {
        call = call_new(c, &e);
        assert(call); /* only without memory, and then curl could not have started */
        return call;
    }
    list_remove(call);
    c->n_idle--;
    return call;
}

struct call *client_call(struct client *c, const struct call_options *o, call_done done, void *arg)
{
    struct call *call = take_idle(c);

    call->done = done;
    call->arg = arg;
    call_prepare(call, o);
    list_put(&c->running, call);
    /* A bad URL shows later, as an answer. */
    CURLMcode added = curl_multi_add_handle(c->multi, call->easy);
    assert(added == CURLM_OK);
    return call;
}

void call_cancel(struct call *call)
{
    curl_multi_remove_handle(call->client->multi, call->easy);
    list_remove(call);
    put_back(call);
}
