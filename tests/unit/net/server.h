/* tests/unit/net/server.h - an HTTP server for tests that does what the path of the request says, right or wrong, byte
 * by byte. A thread a connection; on 127.0.0.1. */
#ifndef TEST_NET_SERVER_H
#define TEST_NET_SERVER_H

#include <stdatomic.h>
#include <stddef.h>

/* What a path is answered with: these bytes, then as `then` says. */
struct server_rule {
    const char *path;
    const char *answer; /* bytes as they are */
    enum { THEN_KEEP, THEN_CLOSE, THEN_WAIT /* for the client to leave */ } then;
};

struct test_server;
/* rules end with a NULL path and are borrowed. An unknown path is answered 404. */
struct test_server *test_server_new(const struct server_rule *rules);
void test_server_free(struct test_server *s);
int test_server_port(const struct test_server *s);
int test_server_connections(struct test_server *s); /* accepted so far */
/* The n-th request (from 0) as received, NUL-terminated; NULL when there were fewer. Good until free. */
const char *test_server_request(struct test_server *s, int n);
/* Blocks until there were n requests. */
void test_server_wait(struct test_server *s, int n);

#endif
