/* bench/pacer.c - sends one signed webhook at a constant rate, whatever the answers do, over a few kept-alive connections.
 * An answer's time counts from when its request was due, so a stall shows in every request it delayed.
 * Usage: pacer PORT PATH BODY-FILE SIGNATURE RATE SECONDS; prints one line of JSON. */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { CONNECTIONS = 32, BODY_MAX = 1 << 20 };

struct pacer {
    struct event_base *base;
    struct evhttp_connection *connections[CONNECTIONS];
    const char *path, *signature;
    char *body;
    size_t body_len;
    uint64_t rate, total, due, answered, good;
    int64_t start_us;
    uint32_t *took_us; /* total */
};

struct call {
    struct pacer *pacer;
    int64_t due_us;
};

static int64_t mono_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void on_answer(struct evhttp_request *req, void *arg)
{
    struct call *call = arg;
    struct pacer *p = call->pacer;

    p->took_us[p->answered++] = (uint32_t)(mono_us() - call->due_us);
    if (req != NULL && evhttp_request_get_response_code(req) / 100 == 2)
        p->good++;
    free(call);
    if (p->answered == p->total)
        event_base_loopbreak(p->base);
}

static void guid(char out[37])
{
    unsigned char b[16];
    size_t n = 0;

    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        abort();
    for (size_t i = 0; i < sizeof b; i++)
        n += (size_t)sprintf(out + n, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
}

static void send_one(struct pacer *p, int64_t due_us)
{
    struct call *call = malloc(sizeof *call);
    struct evhttp_request *req = evhttp_request_new(on_answer, call);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    char id[37];

    *call = (struct call){.pacer = p, .due_us = due_us};
    guid(id);
    evhttp_add_header(headers, "Host", "127.0.0.1");
    evhttp_add_header(headers, "Content-Type", "application/json");
    evhttp_add_header(headers, "X-GitHub-Event", "push");
    evhttp_add_header(headers, "X-GitHub-Delivery", id);
    evhttp_add_header(headers, "X-Hub-Signature-256", p->signature);
    evbuffer_add_reference(evhttp_request_get_output_buffer(req), p->body, p->body_len, NULL, NULL);
    evhttp_make_request(p->connections[p->due % CONNECTIONS], req, EVHTTP_REQ_POST, p->path);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct pacer *p = arg;
    int64_t since = mono_us() - p->start_us;

    (void)fd;
    (void)what;
    while (p->due < p->total && (int64_t)(p->due * 1000000 / p->rate) <= since) {
        send_one(p, p->start_us + (int64_t)(p->due * 1000000 / p->rate));
        p->due++;
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void print_result(struct pacer *p)
{
    size_t last = p->answered - 1;

    qsort(p->took_us, p->answered, sizeof p->took_us[0], by_value);
    printf("{\"sent\":%llu,\"good\":%llu,\"seconds\":%.6f,\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n",
           (unsigned long long)p->total, (unsigned long long)p->good, (double)(mono_us() - p->start_us) / 1e6,
           p->took_us[last / 2], p->took_us[(size_t)((double)last * 0.99)], p->took_us[last]);
}

static int read_body(struct pacer *p, const char *file)
{
    FILE *f = fopen(file, "rb");

    p->body = malloc(BODY_MAX);
    if (f == NULL || p->body == NULL)
        return -1;
    p->body_len = fread(p->body, 1, BODY_MAX, f);
    fclose(f);
    return 0;
}

int main(int argc, char **argv)
{
    struct pacer p = {0};
    struct event *tick;

    if (argc != 7) {
        fputs("usage: pacer PORT PATH BODY-FILE SIGNATURE RATE SECONDS\n", stderr);
        return 2;
    }
    p.path = argv[2];
    p.signature = argv[4];
    p.rate = strtoull(argv[5], NULL, 10);
    p.total = p.rate * strtoull(argv[6], NULL, 10);
    p.took_us = calloc(p.total, sizeof p.took_us[0]);
    if (p.total == 0 || p.took_us == NULL || read_body(&p, argv[3]) != 0) {
        fprintf(stderr, "pacer: cannot read %s, or nothing to send\n", argv[3]);
        return 1;
    }
    p.base = event_base_new();
    for (int i = 0; i < CONNECTIONS; i++)
        p.connections[i] = evhttp_connection_base_new(p.base, NULL, "127.0.0.1", (ev_uint16_t)atoi(argv[1]));
    p.start_us = mono_us();
    tick = event_new(p.base, -1, EV_PERSIST, on_tick, &p);
    event_add(tick, &(struct timeval){.tv_usec = 500});
    event_base_dispatch(p.base);
    print_result(&p);
    return 0;
}
