/* http/socket.h - reading and writing of one connection's socket, plain or through TLS. Nothing blocks. */
#ifndef HTTP_SOCKET_H
#define HTTP_SOCKET_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/types.h>

struct sock {
    int fd;
    SSL *ssl; /* NULL: plain. Owned */
};

/* Results beside a count of bytes above 0. */
enum {
    SOCK_END = 0,          /* the peer has closed its side (read only) */
    SOCK_FAILED = -1,      /* nothing more can be read or written */
    SOCK_WAIT_READ = -2,   /* try again when the socket is readable */
    SOCK_WAIT_WRITE = -3,  /* … writable */
};
ssize_t sock_read(struct sock *s, void *to, size_t n);
ssize_t sock_write(struct sock *s, const void *from, size_t n);
/* Bytes are there of which the kernel knows no more: no event will tell of them. */
bool sock_has_pending(const struct sock *s);
/* Is the TLS handshake over? Of a plain one: yes. */
bool sock_ready(const struct sock *s);
/* Nothing more is sent; the peer is told. */
void sock_end(struct sock *s);
void sock_close(struct sock *s);

#endif
