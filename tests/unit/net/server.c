#include "server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 256

struct test_server {
    const struct server_rule *rules;
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t came;
    int n_connections, n_requests;
    struct connection {
        struct test_server *server;
        int fd;
        pthread_t thread;
    } connections[MANY];
    char *requests[MANY];
};

/* One request, head and as many bytes of body as Content-Length says; NULL when the client left. */
static char *read_request(int fd)
{
    size_t len = 0, cap = 1 << 20, want = 0;
    char *text = malloc(cap);

    for (;;) {
        ssize_t n = recv(fd, text + len, want ? want - len : 1, 0);
        if (n <= 0) {
            free(text);
            return NULL;
        }
        len += (size_t)n;
        text[len] = '\0';
        assert(len + 2 < cap);
        if (!want && len >= 4 && memcmp(text + len - 4, "\r\n\r\n", 4) == 0) {
            const char *field = strcasestr(text, "\r\nContent-Length:");
            want = len + (field ? strtoul(field + 17, NULL, 10) : 0);
        }
        if (want && len == want)
            return text;
    }
}

static const struct server_rule *find_rule(const struct test_server *s, const char *request)
{
    static const struct server_rule unknown = { "", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", THEN_KEEP };
    const char *path = strchr(request, ' ') + 1;
    size_t len = strcspn(path, " ");

    for (const struct server_rule *r = s->rules; r->path; r++) {
        if (strlen(r->path) == len && memcmp(r->path, path, len) == 0)
            return r;
    }
    return &unknown;
}

static void *serve(void *arg)
{
    struct connection *c = arg;
    bool open = true;
    char *request, byte;

    while (open && (request = read_request(c->fd))) {
        pthread_mutex_lock(&c->server->lock);
        assert(c->server->n_requests < MANY);
        c->server->requests[c->server->n_requests++] = request;
        pthread_cond_broadcast(&c->server->came);
        pthread_mutex_unlock(&c->server->lock);
        const struct server_rule *r = find_rule(c->server, request);
        open = send(c->fd, r->answer, strlen(r->answer), MSG_NOSIGNAL) >= 0 && r->then == THEN_KEEP;
        while (r->then == THEN_WAIT && recv(c->fd, &byte, 1, 0) > 0)
            ;
    }
    shutdown(c->fd, SHUT_RDWR);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct test_server *s = arg;
    int fd;

    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        pthread_mutex_lock(&s->lock);
        assert(s->n_connections < MANY);
        struct connection *c = &s->connections[s->n_connections++];
        *c = (struct connection){ .server = s, .fd = fd };
        pthread_create(&c->thread, NULL, serve, c);
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

struct test_server *test_server_new(const struct server_rule *rules)
{
    struct test_server *s = calloc(1, sizeof *s);
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof sa;

    s->rules = rules;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->came, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s->fd, (struct sockaddr *)&sa, sizeof sa) || listen(s->fd, 64) ||
        getsockname(s->fd, (struct sockaddr *)&sa, &len))
        abort();
    s->port = ntohs(sa.sin_port);
    pthread_create(&s->thread, NULL, accept_all, s);
    return s;
}

void test_server_free(struct test_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    for (int i = 0; i < s->n_connections; i++) {
        shutdown(s->connections[i].fd, SHUT_RDWR);
        pthread_join(s->connections[i].thread, NULL);
        close(s->connections[i].fd);
    }
    for (int i = 0; i < s->n_requests; i++)
        free(s->requests[i]);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->came);
    free(s);
}

int test_server_port(const struct test_server *s)
{
    return s->port;
}

int test_server_connections(struct test_server *s)
{
    pthread_mutex_lock(&s->lock);
    int n = s->n_connections;
    pthread_mutex_unlock(&s->lock);
    return n;
}

const char *test_server_request(struct test_server *s, int n)
{
    pthread_mutex_lock(&s->lock);
    const char *request = n < s->n_requests ? s->requests[n] : NULL;
    pthread_mutex_unlock(&s->lock);
    return request;
}

void test_server_wait(struct test_server *s, int n)
{
    pthread_mutex_lock(&s->lock);
    while (s->n_requests < n)
        pthread_cond_wait(&s->came, &s->lock);
    pthread_mutex_unlock(&s->lock);
}
