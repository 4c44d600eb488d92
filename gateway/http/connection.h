/* http/connection.h - the inside of http/server: one connection, from accept to close. Only server.c, connection.c,
 * request.c and tls.c include this.
 *
 * A connection's state is the list it is in; each list is in order of time, so that the sweep looks at its head only:
 *
 *   HANDSHAKE -> IDLE -> READING -> WAITING -> WRITING -> IDLE
 *                          any -> LINGERING
 *
 * An idle connection holds no buffer. With a request's first byte it gets a struct request, which owns the block that
 * the bytes are read into; the parser works in that block. From WAITING to the end of WRITING bytes of a next request
 * stay where they are, unread, and reading stops when more come; so a refusal never cuts or reorders an answer. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "http/server.h"
#include "http/socket.h"

enum conn_state {
    CONN_HANDSHAKE, /* TLS, until the first byte of a request */
    CONN_IDLE,
    CONN_READING,   /* from a request's first byte */
    CONN_WAITING,   /* with the handler */
    CONN_WRITING,   /* the answer, or a refusal, that the socket did not take at once */
    CONN_LINGERING, /* all is said; input is discarded until the peer closes or the time is over */
    CONN_NSTATES
};

struct conn {
    struct server *server;
    TAILQ_ENTRY(conn) link;
    enum conn_state state;
    int64_t since_us; /* in this state */
    struct sock sock;
    struct event readable, writable;
    bool paused;      /* not told of input */
    bool serving;     /* serve() is at work on it: whoever answers leaves the rest to it */
    bool turn_over;   /* others come first: it goes on when the loop has been round */
    bool failed;      /* while serving: to be closed */
    bool keep_alive;  /* after the answer that is being written */
    struct request *request; /* from its first byte until its answer is written */
    struct buf unsent;       /* of the answer, from sent on */
    size_t sent;
    size_t discarded;        /* bytes, while LINGERING */
    bool client_asked;       /* client is what TLS says */
    struct client_names *client; /* owned; or NULL */
    char remote[INET6_ADDRSTRLEN];
};
TAILQ_HEAD(conn_list, conn);
TAILQ_HEAD(request_list, request);

struct request {
    struct server *server; /* NULL when it is gone */
    struct conn *conn;     /* NULL when it is gone */
    struct server_budget *budget;
    TAILQ_ENTRY(request) link; /* among the spare ones */
    char *block;           /* owned: the request's bytes, then those of what follows */
    size_t len, cap;
    struct parser parser;
    int64_t start_us;
    size_t charged; /* bytes of body in the budget */
    bool collected;
    char remote[INET6_ADDRSTRLEN];
    struct header *headers; /* as many as the limits allow, behind fields */
    struct field fields[];
};

struct server {
    struct server_options o; /* address is not kept */
    struct event_base *base;
    struct evconnlistener *listener; /* NULL from server_drain on */
    struct tls *tls;
    struct event *sweep;
    int port;
    bool paused; /* out of descriptors: no accept until the next sweep */
    bool draining;
    int64_t limit_us[CONN_NSTATES]; /* 0: for ever */
    struct conn_list conns[CONN_NSTATES];
    int n_conns[CONN_NSTATES];
    int64_t tick_us; /* when the next sweep is due: a cheap upper bound of now */
    char date[40];
    struct request_list spare;
    int n_spare;
    struct buf scratch; /* an answer being made */
};

/* A socket that was accepted; takes it. May close it at once. */
void conn_new(struct server *s, int fd, const struct sockaddr *peer);
/* At once; the conn is gone after it. A request that waits is answered into nothing. */
void conn_close(struct conn *c);
/* What its state's time limit demands. */
void conn_expire(struct conn *c);
/* The server's scratch holds the answer to c->request, or a refusal. The conn may be gone after it. */
void conn_send(struct conn *c, bool keep_alive);

/* A spare or a new one, without bytes. */
struct request *request_new(struct conn *c);
/* Fills the server's scratch with the answer that refuses it. */
void request_put_refusal(struct server *s, const struct http_refusal *why, bool with_body);
/* To the spare ones, or to the heap. */
void request_free(struct request *r);
/* Its bytes return to the budget; what follows it in the block is the next request. */
void request_restart(struct request *r);
/* Room for more bytes in the block. */
void request_grow(struct request *r);
void request_forget_spares(struct server *s);

/* Gives n bytes back. */
void budget_release(struct server_budget *b, size_t n);

/* A new session for a connection that was accepted. Never NULL. */
SSL *tls_accept(struct tls *t, int fd);
/* Was it made by t (or neither is there)? */
bool tls_is_of(SSL *ssl, const struct tls *t);
/* After the handshake: the names in the client's certificate, in one piece of memory (free), or NULL: it has none. */
struct client_names *tls_client_names(SSL *ssl);

#endif
