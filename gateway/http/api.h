/* http/api.h - the routes under /api/v1 (docs/api.md): private to http/. */
#ifndef HTTP_API_H
#define HTTP_API_H

#include <json-c/json_object.h>

#include "http/admin.h"
#include "http/admit.h"

struct admin {
    struct admin_options o;
    struct loop *loop;
    struct server *server, *api_server;
    struct admit *admit;
    struct json_doc doc; /* of bodies; the loop's own */
    int reloading; /* requests that wait for a reload: who would answer them may be the one who ends us */
    struct mail drain_mail;
    struct timer *drain;
    int64_t drain_deadline_us;
    pthread_t thread;
    bool started;
};

/* One request to the API: from the loop to a reader and back, or to the writer and back. */
struct api_call {
    struct query query;
    struct admin *admin;
    struct request *req;
    struct plan *plan;       /* a reference */
    struct arena memory;
    struct list_filter filter;
    struct id id;
    struct slice name;       /* in memory: of a route that takes one */
    json_object *answer;     /* or NULL: a problem with status, reason and e's text */
    int status;
    const char *reason;
    struct err e;
    struct buf body;         /* when it is not JSON: the bytes, of this type */
    const char *body_type;
    struct write write;      /* of those that write */
    struct new_run runs[FLOW_RUNS_MAX];
};

typedef void (*api_route)(struct api_call *call);
/* Finds the route and runs it; problems are answered. public_listener: only what listen.api serves. */
void api_handle(struct admin *a, struct request *r, bool public_listener);

/* For the routes. */
void api_answer(struct api_call *call);  /* what answer, or status, reason and e say; frees the call. On the loop */
void api_fail(struct api_call *call, int status, const char *reason, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void api_fail_err(struct api_call *call); /* status from e.code */
/* Runs on a reader's thread, then api_answer on the loop. */
void api_ask(struct api_call *call, void (*run)(struct query *q, struct store_reader *r), void (*then)(struct query *q));
void api_then_answer(struct query *q);
static inline struct api_call *api_call_of(struct query *q) { return (struct api_call *)q; }

/* api_read.c */
void api_list_events(struct api_call *call);
void api_list_held(struct api_call *call);
void api_list_runs(struct api_call *call);
void api_list_refused(struct api_call *call);
void api_get_event(struct api_call *call);
void api_get_event_body(struct api_call *call);
void api_get_run(struct api_call *call);
void api_get_refused(struct api_call *call);
void api_get_plan(struct api_call *call);
/* api_write.c */
void api_post_event(struct api_call *call);
void api_release(struct api_call *call);
void api_reload(struct api_call *call);

/* api_secrets.c */
void api_list_secrets(struct api_call *call);
void api_show_secret(struct api_call *call);
void api_forget_secret(struct api_call *call);

/* metrics.c: Prometheus text */
void metrics_put(const struct admin *a, struct buf *out);

#endif
