/* bench/stepsink.c - a step endpoint for measuring: answers every POST with 200 {} and notes how long after the event's own
 * time ("time" of its CloudEvents attributes, RFC 3339) the call came. Same machine, same clock.
 * GET /stats: what was counted since the last POST /reset, as JSON. Usage: stepsink PORT */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 4 << 20, HEAD = 4096 };

struct sink {
    struct evbuffer *answer;
    uint64_t count, no_time;
    int64_t first_us, last_us;
    uint32_t *late_us; /* SAMPLES */
    size_t samples;
};

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* The first "time":"YYYY-MM-DDThh:mm:ss.ffffffZ" in text, which ends with a NUL; -1 when there is none. */
static int64_t event_time_us(const char *text)
{
    const char *p = strstr(text, "\"time\":\"");
    struct tm tm = {0};
    int64_t us = 0;
    int scale = 100000;

    if (p == NULL || (p = strptime(p + 8, "%Y-%m-%dT%H:%M:%S", &tm)) == NULL)
        return -1;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
            us += (*p - '0') * scale;
    return *p == 'Z' ? timegm(&tm) * INT64_C(1000000) + us : -1;
}

static void on_step(struct evhttp_request *req, struct sink *sink)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    char head[HEAD + 1];
    ev_ssize_t n = evbuffer_copyout(in, head, HEAD);
    int64_t now = now_us(), sent;

    head[n > 0 ? n : 0] = '\0';
    sent = event_time_us(head);
    if (sink->count++ == 0)
        sink->first_us = now;
    sink->last_us = now;
    if (sent < 0)
        sink->no_time++;
    else if (sink->samples < SAMPLES)
        sink->late_us[sink->samples++] = now > sent ? (uint32_t)(now - sent) : 0;
    evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "application/json");
    evbuffer_add(sink->answer, "{}", 2);
    evhttp_send_reply(req, 200, "OK", sink->answer);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t percentile(const struct sink *sink, double p)
{
    return sink->samples == 0 ? 0 : sink->late_us[(size_t)((double)(sink->samples - 1) * p)];
}

static void on_stats(struct evhttp_request *req, struct sink *sink)
{
    qsort(sink->late_us, sink->samples, sizeof sink->late_us[0], by_value);
    evbuffer_add_printf(sink->answer,
                        "{\"count\":%llu,\"no_time\":%llu,\"seconds\":%.6f,\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n",
                        (unsigned long long)sink->count, (unsigned long long)sink->no_time,
                        (double)(sink->last_us - sink->first_us) / 1e6, percentile(sink, 0.5), percentile(sink, 0.99),
                        percentile(sink, 1));
    evhttp_send_reply(req, 200, "OK", sink->answer);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    struct sink *sink = arg;
    const char *uri = evhttp_request_get_uri(req);

    if (strcmp(uri, "/stats") == 0) {
        on_stats(req, sink);
    } else if (strcmp(uri, "/reset") == 0) {
        sink->count = sink->no_time = sink->samples = 0;
        sink->first_us = sink->last_us = 0;
        evhttp_send_reply(req, 204, "No Content", NULL);
    } else {
        on_step(req, sink);
    }
}

int main(int argc, char **argv)
{
    struct event_config *config = event_config_new();
    struct event_base *base;
    struct evhttp *http;
    struct sink sink = {0};

    if (argc != 2) {
        fputs("usage: stepsink PORT\n", stderr);
        return 2;
    }
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    base = event_base_new_with_config(config);
    http = evhttp_new(base);
    sink.answer = evbuffer_new();
    sink.late_us = calloc(SAMPLES, sizeof sink.late_us[0]);
    evhttp_set_max_body_size(http, 64 << 20);
    evhttp_set_gencb(http, on_request, &sink);
    if (sink.late_us == NULL || evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)atoi(argv[1])) != 0) {
        fprintf(stderr, "stepsink: cannot listen on 127.0.0.1:%s\n", argv[1]);
        return 1;
    }
    event_base_dispatch(base);
    return 0;
}
