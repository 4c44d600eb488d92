#include "net/call.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/egress.h"

#define HEAD_MAX (16 * 1024)
#define HEAD_FIELDS_MAX 64
#define BODY_KEEP (64 * 1024) /* memory that an idle call keeps */

static bool allowed(struct call *call, enum egress verdict, const char *address)
{
    if (verdict == EGRESS_OK || (verdict == EGRESS_PRIVATE && call->allow_private))
        return true;
    snprintf(call->refused, sizeof call->refused, "%s", address);
    return false;
}

/* New connections. A refused address fails like one that does not answer: curl goes on to the name's next one. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    char text[INET6_ADDRSTRLEN] = "an unknown address";
    struct sockaddr_storage sa = { 0 };

    if (purpose != CURLSOCKTYPE_IPCXN || a->addrlen > sizeof sa)
        return CURL_SOCKET_BAD;
    memcpy(&sa, &a->addr, a->addrlen);
    if (sa.ss_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)&sa)->sin_addr, text, sizeof text);
    else if (sa.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&sa)->sin6_addr, text, sizeof text);
    if (!allowed(arg, egress_judge((struct sockaddr *)&sa), text)) {
        errno = EACCES;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
}

/* Every connection, also one that is used again: it may have been opened by a call that was allowed more. */
static int on_before_request(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    (void)local_ip;
    (void)port;
    (void)local_port;
    return allowed(arg, egress_judge_text(ip), ip) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t on_head(char *line, size_t one, size_t len, void *arg)
{
    struct call *call = arg;
    struct slice s = slice_of(line, len);

    (void)one;
    if (slice_starts(s, SLICE("HTTP/"))) { /* also after a 1xx */
        buf_reset(&call->head);
        call->head_fields = 0;
        return len;
    }
    while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r'))
        s.len--;
    if (s.len == 0)
        return len;
    buf_put(&call->head, s);
    buf_putc(&call->head, '\n');
    call->head_too_large = call->head.failed || ++call->head_fields > HEAD_FIELDS_MAX;
    return call->head_too_large ? 0 : len;
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
    struct call *call = arg;

    (void)one;
    if (len > call->answer_max - call->body.len) {
        call->body_too_large = true;
        return 0;
    }
    buf_put(&call->body, slice_of(data, len));
    return len;
}

static void global_init(void)
{
    curl_global_init(CURL_GLOBAL_ALL);
}

/* What is the same for all calls. */
static void set_for_good(struct call *call)
{
    CURL *h = call->easy;

    curl_easy_setopt(h, CURLOPT_PRIVATE, call);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, call->curl_error);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    /* Else a time-out while the name is looked up waits for the resolver's thread, and the loop with it. */
    curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_PROXY, ""); /* the environment's proxies would go round the egress policy */
    curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(h, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(h, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(h, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, on_before_request);
    curl_easy_setopt(h, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, call);
}

struct call *call_new(struct client *client, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, global_init);
    struct call *call = mem_zalloc(sizeof *call);
    call->client = client;
    call->easy = curl_easy_init();
    if (!call->easy) {
        err_set(e, ERR_SYSTEM, "curl cannot make a handle");
        free(call);
        return NULL;
    }
    buf_init(&call->head, HEAD_MAX);
    set_for_good(call);
    return call;
}

void call_free(struct call *call)
{
    if (!call)
        return;
    curl_easy_cleanup(call->easy);
    buf_clear(&call->head);
    buf_clear(&call->body);
    free(call->fields);
    free(call);
}

/* One block: the list's nodes, then their text. "Expect:" without a value keeps curl from asking 100-continue for large
 * bodies. */
static struct curl_slist *fields_copy(const char *const *headers)
{
    size_t n = 1, bytes = sizeof "Expect:";

    for (const char *const *h = headers; h && *h; h++, n++)
        bytes += strlen(*h) + 1;
    struct curl_slist *nodes = mem_alloc(n * sizeof *nodes + bytes);
    char *text = (char *)(nodes + n);
    for (size_t i = 0; i < n; i++) {
        const char *line = i + 1 < n ? headers[i] : "Expect:";
        size_t len = strlen(line) + 1;
        nodes[i] = (struct curl_slist){ memcpy(text, line, len), i + 1 < n ? &nodes[i + 1] : NULL };
        text += len;
    }
    return nodes;
}

static void set_method(CURL *h, const char *method, struct slice body)
{
    bool post = strcmp(method, "POST") == 0, get = strcmp(method, "GET") == 0;

    if (post || body.len) {
        curl_easy_setopt(h, CURLOPT_POST, 1L);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, body.len ? body.ptr : "");
    } else {
        curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, post || (get && !body.len) ? NULL : method);
}

void call_prepare(struct call *call, const struct call_options *o)
{
    call->timeout_us = o->timeout_us;
    call->answer_max = o->answer_max;
    call->allow_private = o->allow_private;
    call->head_too_large = call->body_too_large = false;
    call->refused[0] = call->curl_error[0] = '\0';
    buf_reset(&call->head);
    call->head_fields = 0;
    if (call->body.cap > BODY_KEEP)
        buf_clear(&call->body);
    buf_reset(&call->body);
    call->body.max = o->answer_max;
    free(call->fields);
    call->fields = fields_copy(o->headers);

    long timeout_ms = o->timeout_us > 1000 ? (long)(o->timeout_us / 1000) : 1;
    curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(call->easy, CURLOPT_URL, o->url);
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->fields);
    set_method(call->easy, o->method, o->body);
}

/* "127.0.0.1:9000", from the URL. */
static void put_peer(struct call *call, char *out, size_t size)
{
    char *url = NULL, *host = NULL, *port = NULL;
    CURLU *u = curl_url();

    curl_easy_getinfo(call->easy, CURLINFO_EFFECTIVE_URL, &url);
    bool good = url && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    snprintf(out, size, "%.100s%s%.6s", good ? host : "the endpoint", good ? ":" : "", good ? port : "");
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
}

static void put_connect_error(struct call *call, const char *peer, char *out, size_t size)
{
    long code = 0;

    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &code);
    if (code == ECONNREFUSED)
        snprintf(out, size, "connection refused by %s", peer);
    else
        snprintf(out, size, "cannot connect to %s: %.80s", peer,
                 code && code != EINPROGRESS ? strerrordesc_np((int)code) : call->curl_error);
}

static void put_error(struct call *call, CURLcode code, char *out, size_t size)
{
    char peer[128];

    put_peer(call, peer, sizeof peer);
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        snprintf(out, size, "timed out: no whole answer from %s within %.3g s", peer, (double)call->timeout_us / US_PER_S);
        break;
    case CURLE_COULDNT_CONNECT:
        put_connect_error(call, peer, out, size);
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
        snprintf(out, size, "cannot find the address of %s", peer);
        break;
    case CURLE_GOT_NOTHING:
        snprintf(out, size, "%s closed the connection without an answer", peer);
        break;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        snprintf(out, size, "the connection to %s was lost before the answer was whole", peer);
        break;
    default:
        snprintf(out, size, "%s: %.100s", peer, call->curl_error[0] ? call->curl_error : curl_easy_strerror(code));
    }
}

static int64_t retry_after_us(const struct answer *a)
{
    struct slice s = answer_header(a, "Retry-After");
    uint64_t seconds;
    char date[64];

    if (!s.ptr || s.len >= sizeof date)
        return -1;
    if (slice_u64(s, &seconds) == 0)
        return seconds > INT32_MAX ? INT32_MAX * US_PER_S : (int64_t)seconds * US_PER_S;
    snprintf(date, sizeof date, "%.*s", SLICE_FMT(s));
    time_t at = curl_getdate(date, NULL);
    if (at < 0)
        return -1;
    int64_t wait = (int64_t)at * US_PER_S - clock_wall_us();
    return wait > 0 ? wait : 0;
}

void call_conclude(struct call *call, CURLcode code)
{
    struct answer *a = &call->answer;
    long status = 0;

    *a = (struct answer){ .result = CALL_ANSWERED, .retry_after_us = -1 };
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK || call->body_too_large) {
        a->status = (int)status;
        a->body = buf_slice(&call->body);
        a->head = buf_slice(&call->head);
        a->retry_after_us = retry_after_us(a);
    }
    if (call->body_too_large) {
        a->result = CALL_TOO_LARGE;
        snprintf(a->error, sizeof a->error, "the answer's body is larger than %zu bytes", call->answer_max);
    } else if (call->head_too_large) {
        a->result = CALL_FAILED;
        snprintf(a->error, sizeof a->error, "the answer's head is larger than %d fields or %d KiB", HEAD_FIELDS_MAX,
                 HEAD_MAX / 1024);
    } else if (call->refused[0] && (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK)) {
        a->result = CALL_REFUSED_BY_POLICY;
        snprintf(a->error, sizeof a->error, "calls to %s are not allowed%s", call->refused,
                 egress_judge_text(call->refused) == EGRESS_PRIVATE ? " (a private address)" : "");
    } else if (code != CURLE_OK) {
        a->result = code == CURLE_OPERATION_TIMEDOUT ? CALL_TIMEOUT : CALL_FAILED;
        put_error(call, code, a->error, sizeof a->error);
    }
}

struct slice answer_header(const struct answer *a, const char *name)
{
    struct slice rest = a->head, line, field, value, found = SLICE_NONE;

    while (rest.len) {
        slice_cut(rest, '\n', &line, &rest);
        if (slice_cut(line, ':', &field, &value) && slice_eq_nocase(field, slice_z(name)))
            found = slice_trim(value);
    }
    return found;
}

int client_fetch(const struct call_options *o, int *status, struct buf *answer, struct err *e)
{
    struct call *call = call_new(NULL, e);

    if (!call)
        return -1;
    call_prepare(call, o);
    call_conclude(call, curl_easy_perform(call->easy));
    const struct answer *a = &call->answer;
    int result = 0;
    if (a->result == CALL_ANSWERED) {
        *status = a->status;
        buf_put(answer, a->body);
        if (answer->failed)
            result = err_set(e, ERR_LIMIT, "the answer's body is larger than %zu bytes", answer->max);
    } else {
        result = err_set(e, a->result == CALL_TOO_LARGE ? ERR_LIMIT : ERR_SYSTEM, "%s", a->error);
    }
    call_free(call);
    return result;
}
