#include "http/socket.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t of_errno(ssize_t would_block)
{
    return errno == EAGAIN || errno == EINTR ? would_block : SOCK_FAILED;
}

static ssize_t of_ssl(const struct sock *s, int result)
{
    int error = SSL_get_error(s->ssl, result);

    ERR_clear_error();
    switch (error) {
    case SSL_ERROR_WANT_READ:
        return SOCK_WAIT_READ;
    case SSL_ERROR_WANT_WRITE:
        return SOCK_WAIT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return SOCK_END;
    default:
        return SOCK_FAILED;
    }
}

ssize_t sock_read(struct sock *s, void *to, size_t n)
{
    size_t got;

    if (!s->ssl) {
        ssize_t r = recv(s->fd, to, n, 0);
        return r >= 0 ? r : of_errno(SOCK_WAIT_READ);
    }
    ERR_clear_error(); /* the queue is the thread's: others' errors would be taken for ours */
    int r = SSL_read_ex(s->ssl, to, n, &got);
    return r == 1 ? (ssize_t)got : of_ssl(s, r);
}

ssize_t sock_write(struct sock *s, const void *from, size_t n)
{
    size_t put;

    if (!s->ssl) {
        ssize_t r = send(s->fd, from, n, MSG_NOSIGNAL);
        return r >= 0 ? r : of_errno(SOCK_WAIT_WRITE);
    }
    ERR_clear_error();
    int r = SSL_write_ex(s->ssl, from, n, &put);
    return r == 1 ? (ssize_t)put : of_ssl(s, r);
}

bool sock_has_pending(const struct sock *s)
{
    return s->ssl && SSL_has_pending(s->ssl);
}

bool sock_ready(const struct sock *s)
{
    return !s->ssl || SSL_is_init_finished(s->ssl);
}

static void end_tls(struct sock *s)
{
    if (s->ssl && SSL_is_init_finished(s->ssl)) {
        SSL_shutdown(s->ssl);
        ERR_clear_error();
    }
}

void sock_end(struct sock *s)
{
    end_tls(s);
    shutdown(s->fd, SHUT_WR);
}

void sock_close(struct sock *s)
{
    end_tls(s);
    SSL_free(s->ssl);
    close(s->fd);
}
