/* receive: a small step endpoint for trying things out. It verifies the signature when it is given the secret, prints a
 * line a call, and answers as it is told: any status, late, or failing at first, so that retries can be watched. */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "config/secret.h"
#include "flow/sign.h"
#include "http/server.h"

#define TOLERANCE_S 300
#define BODY_MAX ((size_t)64 << 20)

static const struct option long_options[] = {
    { "port", required_argument, NULL, 'p' },   { "secret", required_argument, NULL, 's' },
    { "status", required_argument, NULL, 't' }, { "delay", required_argument, NULL, 'd' },
    { "fail-first", required_argument, NULL, 'f' }, { "quiet", no_argument, NULL, 'q' },
    { "verbose", no_argument, NULL, 'v' },      { NULL, 0, NULL, 0 },
};

struct options {
    uint64_t port, status, delay_ms, fail_first;
    const char *secret;
    bool has_port, quiet, verbose;
};

struct receiver {
    struct options o;
    struct loop *loop;
    struct server *server;
    struct server_budget budget;
    struct signer *signer;
    struct secret secret;        /* bytes NULL: none, anybody may call */
    struct json_doc doc;
    struct buf line, answer;
    uint64_t calls;
    struct late *late;           /* answers that wait */
};

struct late {
    struct late *next, **at;
    struct request *request;
    struct timer *timer;
    int status;
    char *body;
};

static int read_number(const char *name, uint64_t most, uint64_t *out)
{
    if (slice_u64(slice_z(optarg), out) == 0 && *out <= most)
        return 0;
    fprintf(stderr, "hooklatch receive: --%s takes a number up to %llu\n", name, (unsigned long long)most);
    return CLI_USAGE;
}

static int read_options(int argc, char **argv, struct options *o)
{
    int c, bad = 0;

    while (!bad && (c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (c) {
        case 'p': bad = read_number("port", 65535, &o->port); o->has_port = true; break;
        case 's': o->secret = optarg; break;
        case 't': bad = read_number("status", 599, &o->status); break;
        case 'd': bad = read_number("delay", 3600 * 1000, &o->delay_ms); break;
        case 'f': bad = read_number("fail-first", UINT32_MAX, &o->fail_first); break;
        case 'q': o->quiet = true; break;
        case 'v': o->verbose = true; break;
        default: bad = CLI_USAGE;
        }
    }
    if (!bad && o->status < 200) {
        fprintf(stderr, "hooklatch receive: --status is from 200 to 599\n");
        return CLI_USAGE;
    }
    return bad || optind != argc || !o->has_port ? cli_usage("receive") : 0;
}

/* NULL: all is well, or no secret was given. */
static const char *signature_fault(struct receiver *r, struct request *q)
{
    struct slice signature = request_header(q, SLICE("webhook-signature"));
    struct signed_content c = { request_header(q, SLICE("webhook-id")), request_header(q, SLICE("webhook-timestamp")),
                                request_body(q) };
    uint64_t seconds;

    if (!r->secret.bytes)
        return NULL;
    if (!c.id.len || !c.timestamp.len || !signature.len)
        return "webhook-id, webhook-timestamp or webhook-signature is missing";
    if (slice_u64(c.timestamp, &seconds))
        return "webhook-timestamp is no number of seconds";
    int64_t age_s = clock_wall_us() / US_PER_S - (int64_t)(seconds & INT64_MAX);
    if (age_s > TOLERANCE_S || age_s < -TOLERANCE_S)
        return "webhook-timestamp is more than five minutes off";
    return signer_verify(r->signer, &r->secret, &c, signature) ? NULL : "no signature matches";
}

/* The member as JSON text, or "null": of a document that may be anything. */
static struct slice text_at(const struct json_doc *d, const char *outer, const char *inner)
{
    uint32_t node = d->count ? json_member(d, 0, slice_z(outer)) : JSON_NONE;

    node = node == JSON_NONE ? node : json_member(d, node, slice_z(inner));
    return node == JSON_NONE ? SLICE("null") : json_raw(d, node);
}

static void print_line(struct receiver *r, struct request *q, int status, const char *fault)
{
    const char *signature = fault ? fault : r->secret.bytes ? "good" : "not checked";

    if (r->o.quiet)
        return;
    buf_reset(&r->line);
    buf_printf(&r->line, "%llu ", (unsigned long long)r->calls);
    log_put_json_string(&r->line, request_path(q));
    buf_printf(&r->line, " event %.*s step %.*s attempt %.*s, signature: %s -> %d\n",
               SLICE_FMT(text_at(&r->doc, "event", "type")), SLICE_FMT(text_at(&r->doc, "run", "step")),
               SLICE_FMT(text_at(&r->doc, "run", "attempt")), signature, status);
    if (r->o.verbose) {
        log_put_json_string(&r->line, request_body(q));
        buf_putc(&r->line, '\n');
    }
    fwrite(r->line.ptr, 1, r->line.len, stdout);
    fflush(stdout);
}

static void answer(struct request *q, int status, const char *body)
{
    const struct header type = { SLICE("Content-Type"), SLICE("application/json") };
    bool bare = status == 204 || status == 304;

    request_answer(q, status, &type, bare ? 0 : 1, bare ? SLICE_NONE : slice_z(body));
}

static void answer_late(void *arg)
{
    struct late *l = arg;

    *l->at = l->next;
    if (l->next)
        l->next->at = l->at;
    answer(l->request, l->status, l->body);
    timer_free(l->timer);
    free(l->body);
    free(l);
}

static void delay(struct receiver *r, struct request *q, int status)
{
    struct late *l = mem_alloc(sizeof *l);

    *l = (struct late){ .next = r->late, .at = &r->late, .request = q, .status = status };
    l->timer = timer_new(r->loop, answer_late, l);
    l->body = mem_strdup(r->answer.ptr);
    if (l->next)
        l->next->at = &l->next;
    r->late = l;
    timer_set(l->timer, (int64_t)r->o.delay_ms * 1000);
}

static void on_request(struct request *q, void *arg)
{
    struct receiver *r = arg;
    struct json_fault ignored;
    const char *fault = signature_fault(r, q);
    int status = fault ? 401 : ++r->calls <= r->o.fail_first ? 503 : (int)r->o.status;

    if (json_parse(&r->doc, request_body(q), &JSON_LIMITS_DEFAULT, &ignored) && r->o.verbose)
        fprintf(stderr, "hooklatch receive: the body is not JSON: %s\n", ignored.text);
    print_line(r, q, status, fault);
    buf_reset(&r->answer);
    buf_printf(&r->answer, "{\"ok\":%s,\"event\":%.*s,\"attempt\":%.*s}\n", status < 300 ? "true" : "false",
               SLICE_FMT(text_at(&r->doc, "event", "type")), SLICE_FMT(text_at(&r->doc, "run", "attempt")));
    if (r->o.delay_ms && !fault)
        delay(r, q, status);
    else
        answer(q, status, r->answer.ptr);
}

static int open_receiver(struct receiver *r, struct err *e)
{
    unsigned char key[SIGN_KEY_MAX];
    char address[32];
    size_t len;

    snprintf(address, sizeof address, "127.0.0.1:%d", (int)r->o.port);
    r->budget.max_connections = 1000;
    r->budget.max_body_bytes = 4 * (int64_t)BODY_MAX;
    struct server_options so = {
        .address = address,
        .limits = { 8192, 65536, 100, BODY_MAX },
        .request_timeout_s = 60,
        .idle_timeout_s = 300,
        .budget = &r->budget,
        .handler = on_request,
        .arg = r,
    };
    if (r->o.secret && secret_from_argument(&r->secret, slice_z(r->o.secret), e))
        return -1;
    if (r->secret.bytes && sign_key(slice_of(r->secret.bytes, r->secret.len), key, &len))
        return err_set(e, ERR_INPUT, "the secret is not base64 (with or without \"whsec_\" before it)");
    mem_wipe(key, sizeof key);
    r->signer = signer_new(e);
    r->loop = r->signer ? loop_new(true, e) : NULL;
    r->server = r->loop ? server_new(r->loop, &so, e) : NULL;
    return r->server ? 0 : -1;
}

static void close_receiver(struct receiver *r)
{
    while (r->late)
        answer_late(r->late);
    server_free(r->server);
    loop_free(r->loop);
    signer_free(r->signer);
    secret_clear(&r->secret);
    json_doc_clear(&r->doc);
    buf_clear(&r->line);
    buf_clear(&r->answer);
}

static void *run_loop(void *arg)
{
    loop_run(arg);
    return NULL;
}

/* Until Ctrl-C. The loop has a thread of its own, so that this one can wait for signals. */
static int run(struct receiver *r, const sigset_t *set, struct err *e)
{
    pthread_t thread;
    int signal;

    if (pthread_create(&thread, NULL, run_loop, r->loop))
        return err_sys(e, "cannot start a thread");
    printf("listening on http://127.0.0.1:%d, %s\n", server_port(r->server),
           r->secret.bytes ? "signatures are checked" : "signatures are not checked (--secret)");
    fflush(stdout);
    sigwait(set, &signal);
    loop_stop(r->loop);
    pthread_join(thread, NULL);
    return 0;
}

int cli_receive(int argc, char **argv)
{
    struct receiver r = { .o.status = 200 };
    sigset_t set;
    struct err e;

    if (read_options(argc, argv, &r.o))
        return CLI_USAGE;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    json_doc_init(&r.doc);
    buf_init(&r.line, 8 * BODY_MAX);
    buf_init(&r.answer, 64 * 1024);
    int result = open_receiver(&r, &e) || run(&r, &set, &e) ? CLI_FAILED : 0;
    if (result)
        fprintf(stderr, "hooklatch receive: %s\n", e.text);
    close_receiver(&r);
    return result;
}
