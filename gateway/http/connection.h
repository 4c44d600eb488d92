/* http/connection.h - the inside of http/server: one connection, from accept to close. Only server.c, connection.c and
 * request.c include this.
 *
 * evhttp owns bufferevent and socket; a conn goes along with them and ends in evhttp's close callback, whatever the
 * cause. Its evbuffer callback shows every new byte to the guard before evhttp reads it. A connection's state is the
 * list it is in; each list is in order of time, so that the sweep looks at its head only:
 *
 *   FRESH -> HANDSHAKE -> IDLE -> READING -> DUE -> WAITING -> WRITING -> IDLE
 *     any but DUE, WAITING, WRITING -> REFUSED -> LINGERING
 *
 * From DUE to WRITING bytes of a next request stay in the input buffer, unseen by guard and evhttp (`held`), and
 * reading stops; so a refusal never cuts or reorders an answer. evhttp must take exactly the bytes that the guard
 * counted: what it leaves is compared with `held`, and a difference is answered as an attack. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "http/server.h"

enum conn_state {
    CONN_FRESH,     /* accepted in this turn of the loop: evhttp is still setting it up */
    CONN_HANDSHAKE, /* TLS, until the first byte of a request */
    CONN_IDLE,
    CONN_READING,   /* from a request's first byte */
    CONN_DUE,       /* the guard has seen the request's end: evhttp hands it over in this turn */
    CONN_WAITING,   /* with the handler */
    CONN_WRITING,
    CONN_REFUSED,   /* gets its refusal in this turn of the loop */
    CONN_LINGERING, /* refusal on its way; input is discarded until the peer closes or the time is over */
    CONN_NSTATES
};

struct conn {
    struct server *server;
    TAILQ_ENTRY(conn) link;
    enum conn_state state;
    int64_t since_us; /* in this state */
    int64_t start_us; /* first byte of the request */
    struct guard *guard;
    struct bufferevent *bev;
    struct evhttp_connection *evcon; /* from the end of FRESH */
    struct evbuffer_cb_entry *input_cb;
    int fd;
    size_t held;             /* bytes at the end of the input that the guard has not seen */
    size_t discarded;        /* bytes, while LINGERING */
    bool no_body;            /* the refusal answers HEAD */
    size_t charged;          /* bytes of the body being received, in the budget */
    struct request *request; /* while WAITING */
    struct guard_refusal refusal;
};
TAILQ_HEAD(conn_list, conn);
TAILQ_HEAD(request_list, request);

struct server {
    struct server_options o; /* address is not kept */
    struct event_base *base;
    struct evhttp *http;
    struct evconnlistener *listener; /* NULL from server_drain on */
    struct tls *tls;
    struct event *sweep, *turn;
    int port;
    bool paused; /* out of descriptors: no accept until the next sweep */
    bool draining;
    int64_t limit_us[CONN_NSTATES]; /* 0: for ever */
    struct conn_list conns[CONN_NSTATES];
    int n_conns[CONN_NSTATES];
    int64_t tick_us; /* when the next sweep is due: a cheap upper bound of now */
    char date[40];
    struct conn **by_fd; /* evhttp gives us the socket, not the conn */
    size_t n_by_fd;
    bufferevent_data_cb evhttp_write;
    bufferevent_event_cb evhttp_event;
    struct request_list open, spare;
    int n_open, n_spare;
    struct buf scratch;
};

/* For evhttp_set_bevcb; arg is the server. */
struct bufferevent *conn_new(struct event_base *base, void *arg);
/* evhttp is done setting it up. May close it. */
void conn_ready(struct conn *c);
/* Its refusal is sent, then it lingers. May close it. */
void conn_send_refusal(struct conn *c);
void conn_move(struct conn *c, enum conn_state to);
/* At once; the conn is gone after it. */
void conn_close(struct conn *c);
/* What its state's time limit demands. */
void conn_expire(struct conn *c);
/* The request is the handler's now: false when evhttp and guard do not agree on where it ended. */
bool conn_dispatch(struct conn *c, struct request *r);
/* evhttp has put the answer into the output buffer. The conn may be gone after it. */
void conn_push(struct conn *c);
/* The answer was sent; ev is about to be freed by evhttp. */
void conn_answered(struct evhttp_request *ev, void *arg);

/* Gives n bytes back. */
void budget_release(struct server_budget *b, size_t n);

/* For evhttp_set_gencb; arg is the server. */
void request_dispatch(struct evhttp_request *ev, void *arg);
/* The connection went away before the answer. */
void request_orphan(struct request *r);
/* The server goes away before the answer; and the list of spare ones. */
void request_forget_server(struct server *s);

/* A new session for a connection that was accepted. Never NULL. */
SSL *tls_accept(struct tls *t);

#endif
