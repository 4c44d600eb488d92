#include "flow/plugin_host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../plugins/hooklatch_plugin.h"
#include "base/mem.h"
#include "flow/kept.h"
#include "flow/plugin_frame.h"
#include "json/doc.h"
#include "json/pointer.h"

#define INSTANCES_MAX 64 /* steps with different args that are kept open */

/* What open made of some args. */
struct instance {
    struct slice args; /* own memory */
    void *self;
};

struct host {
    struct hl_step_plugin plugin; /* a copy: what an older plugin does not have is 0 */
    int socket;
    struct buf in;  /* what was read and not served yet, from `at` */
    size_t at;
    struct buf out; /* one reply */
    struct log_tail log; /* of this call: stderr and stdout */
    bool marked;    /* it printed something */
    struct instance *instances[INSTANCES_MAX]; /* the last used one first */
    size_t n_instances;
};

/* One call's; hl_reply comes first, so that one is the other. */
struct reply {
    struct hl_reply public;
    struct slice document;
    struct json_doc doc; /* of document, once something is looked for */
    bool parsed;
    struct buf output;
    char words[PLUGIN_WORDS_MAX + 1];
};

/* -- What a plugin may call -- */

static int reply_write(struct hl_reply *public, struct hl_bytes bytes)
{
    struct reply *r = (struct reply *)public;

    buf_put(&r->output, slice_of(bytes.ptr, bytes.len));
    return r->output.failed ? -1 : 0;
}

static void reply_error(struct hl_reply *public, const char *words)
{
    struct reply *r = (struct reply *)public;

    snprintf(r->words, sizeof r->words, "%s", words);
}

/* JSON_NONE: nothing is there. */
static uint32_t look_up(struct reply *r, const char *pointer)
{
    struct json_limits limits = { .max_depth = 10000, .max_nodes = UINT32_MAX, .allow_duplicate_keys = true };
    struct json_fault fault;
    struct pointer p;
    struct err e;

    if (!r->parsed && json_parse(&r->doc, r->document, &limits, &fault)) /* the gateway made it: any limit was its own */
        return JSON_NONE;
    r->parsed = true;
    if (pointer_init(&p, slice_z(pointer), &e))
        return JSON_NONE;
    uint32_t node = pointer_get(&p, &r->doc, 0);
    pointer_clear(&p);
    return node;
}

static struct hl_bytes reply_find(struct hl_reply *public, const char *pointer)
{
    struct reply *r = (struct reply *)public;
    uint32_t node = look_up(r, pointer);
    struct slice raw = node == JSON_NONE ? SLICE_NONE : json_raw(&r->doc, node);

    return (struct hl_bytes){ raw.ptr, raw.len };
}

static long reply_text(struct hl_reply *public, const char *pointer, char *out, size_t size)
{
    struct reply *r = (struct reply *)public;
    uint32_t node = look_up(r, pointer);
    long result = -1;
    struct buf own;

    if (size)
        out[0] = '\0';
    if (node == JSON_NONE || json_type_of(&r->doc, node) != JSON_STRING)
        return -1;
    buf_init(&own, FRAME_MAX);
    struct slice s = json_string(&r->doc, node, &own);
    if (s.len < size && !memchr(s.ptr, '\0', s.len)) {
        memcpy(out, s.ptr, s.len);
        out[s.len] = '\0';
        result = (long)s.len;
    }
    buf_clear(&own);
    return result;
}

static void reply_init(struct reply *r)
{
    *r = (struct reply){ .public = { sizeof r->public, reply_write, reply_error, reply_find, reply_text } };
    json_doc_init(&r->doc);
    buf_init(&r->output, FRAME_MAX);
}

static void reply_begin(struct reply *r, struct slice document, size_t output_max)
{
    buf_reset(&r->output);
    r->output.max = output_max;
    r->document = document;
    r->parsed = false;
    r->words[0] = '\0';
}

/* -- Loading -- */

static int check(const char *path, const struct hl_step_plugin *p, struct err *e)
{
    const size_t least = offsetof(struct hl_step_plugin, close) + sizeof p->close;

    if (p->abi != HL_STEP_ABI)
        return err_set(e, ERR_INPUT, "%s is built for plugin ABI %u, this gateway has %d: build it again with the "
                       "hooklatch_plugin.h of this version", path, p->abi, HL_STEP_ABI);
    if (p->size < least)
        return err_set(e, ERR_INPUT, "%s says that its struct hl_step_plugin has %u bytes, less than the %zu that ABI %d began "
                       "with: set .size = sizeof hl_step_plugin", path, p->size, least, HL_STEP_ABI);
    if (!p->name || !p->config_schema || !p->run)
        return err_set(e, ERR_INPUT, "%s: its hl_step_plugin has no name, no config_schema or no run", path);
    return 0;
}

static int load(const char *path, struct hl_step_plugin *out, struct err *e)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct hl_step_plugin *p = object ? dlsym(object, "hl_step_plugin") : NULL;

    if (!object)
        return err_set(e, ERR_INPUT, "cannot load %s", dlerror());
    if (!p)
        return err_set(e, ERR_INPUT, "%s is no plugin: it exports no hl_step_plugin", path);
    if (check(path, p, e))
        return -1;
    memset(out, 0, sizeof *out);
    memcpy(out, p, p->size < sizeof *out ? p->size : sizeof *out);
    return 0;
}

int plugin_host_describe(const char *path, struct buf *out, struct err *e)
{
    struct hl_step_plugin p;
    struct json_fault fault;
    struct json_doc schema;

    if (load(path, &p, e))
        return -1;
    json_doc_init(&schema);
    if (json_parse(&schema, slice_z(p.config_schema), &JSON_LIMITS_DEFAULT, &fault)) {
        json_doc_clear(&schema);
        return err_set(e, ERR_INPUT, "%s: its config_schema is no JSON: line %u, column %u: %s", path, fault.line, fault.column,
                       fault.text);
    }
    buf_printf(out, "{\"abi\":%u,\"name\":", p.abi);
    json_quote(out, slice_z(p.name));
    buf_puts(out, ",\"config_schema\":");
    buf_puts(out, p.config_schema);
    buf_putc(out, '}');
    json_doc_clear(&schema);
    return 0;
}

/* -- Instances -- */

static void close_instance(struct host *h, struct instance *i)
{
    if (h->plugin.close && i->self)
        h->plugin.close(i->self);
    free((char *)i->args.ptr);
    free(i);
}

static void to_front(struct host *h, size_t at, struct instance *i)
{
    memmove(h->instances + 1, h->instances, at * sizeof *h->instances);
    h->instances[0] = i;
}

static struct instance *find_instance(struct host *h, struct slice args)
{
    for (size_t i = 0; i < h->n_instances; i++) {
        if (slice_eq(h->instances[i]->args, args)) {
            to_front(h, i, h->instances[i]);
            return h->instances[0];
        }
    }
    return NULL;
}

/* HL_DONE with *out, or what open said. */
static int open_instance(struct host *h, struct slice args, struct reply *r, struct instance **out)
{
    struct instance *i = mem_zalloc(sizeof *i);

    i->args = slice_of(slice_dup_z(args), args.len);
    int result = h->plugin.open ? h->plugin.open((struct hl_bytes){ i->args.ptr, i->args.len }, &i->self, &r->public) : HL_DONE;
    if (result != HL_DONE) {
        close_instance(h, i);
        return result;
    }
    if (h->n_instances == INSTANCES_MAX)
        close_instance(h, h->instances[--h->n_instances]);
    to_front(h, h->n_instances++, i);
    *out = i;
    return HL_DONE;
}

static void say_of_open(struct reply *r)
{
    char words[PLUGIN_WORDS_MAX + 1];

    snprintf(words, sizeof words, "%s", r->words[0] ? r->words : "the plugin does not say why (reply->error)");
    snprintf(r->words, sizeof r->words, "its args are refused: %.250s", words);
}

int plugin_host_try_args(const char *path, struct slice args, struct err *e)
{
    struct host h = { .socket = -1 };
    struct instance *i = NULL;
    struct reply r;

    if (load(path, &h.plugin, e))
        return -1;
    reply_init(&r);
    reply_begin(&r, args, 0);
    int result = open_instance(&h, args, &r, &i), failed = result == HL_FAIL ? -1 : 0;
    if (i)
        close_instance(&h, i);
    if (failed) {
        say_of_open(&r);
        err_set(e, ERR_INPUT, "%s", r.words);
    }
    json_doc_clear(&r.doc);
    buf_clear(&r.output);
    return failed;
}

/* -- What it prints -- */

static void mark(void)
{
    const char text[] = { PLUGIN_LOG_MARK, '\n' };

    if (write(STDERR_FILENO, text, sizeof text) < 0)
        return; /* nobody reads it */
}

/* What the plugin prints belongs to the call under way; it also goes where it would be found after a crash. */
static ssize_t on_print(void *cookie, const char *bytes, size_t n)
{
    struct host *h = cookie;

    if (!h->marked)
        mark();
    h->marked = true;
    log_tail_put(&h->log, slice_of(bytes, n));
    return write(STDERR_FILENO, bytes, n) < 0 ? -1 : (ssize_t)n;
}

static void catch_prints(struct host *h)
{
    FILE *stream = fopencookie(h, "w", (cookie_io_functions_t){ .write = on_print });

    if (!stream)
        return;
    setvbuf(stream, NULL, _IOLBF, 0);
    stderr = stdout = stream;
}

/* -- One request -- */

static int call(struct host *h, const struct request_head *head, const char *bytes, struct reply *r)
{
    struct slice args = slice_of(bytes, head->args_len);
    struct instance *i = find_instance(h, args);

    reply_begin(r, args, head->output_max);
    int result = i ? HL_DONE : open_instance(h, args, r, &i);
    if (result != HL_DONE) {
        say_of_open(r);
        return result;
    }
    reply_begin(r, slice_of(bytes + head->args_len, head->document_len), head->output_max);
    return h->plugin.run(i->self, (struct hl_bytes){ r->document.ptr, r->document.len }, &r->public);
}

static int send_reply(struct host *h, uint32_t id, enum reply_status status, struct slice body)
{
    struct slice log = log_tail_slice(&h->log);
    struct reply_head head = { id, status, (uint32_t)log.len, (uint32_t)body.len };

    buf_reset(&h->out);
    buf_put(&h->out, slice_of(&head, sizeof head));
    buf_put(&h->out, log);
    buf_put(&h->out, body);
    h->log.len = 0;
    return h->out.failed ? -1 : frame_send(h->socket, buf_slice(&h->out));
}

static int serve_one(struct host *h, const struct request_head *head, const char *bytes, struct reply *r)
{
    int result = call(h, head, bytes, r);

    fflush(stdout);
    fflush(stderr);
    if (h->marked)
        mark();
    h->marked = false;
    if (r->output.failed)
        return send_reply(h, head->id, REPLY_TOO_LARGE, SLICE_NONE);
    if (result == HL_DONE)
        return send_reply(h, head->id, REPLY_DONE, buf_slice(&r->output));
    if (result != HL_FAIL && result != HL_RETRY)
        snprintf(r->words, sizeof r->words, "it returned %d, which is none of HL_DONE, HL_RETRY and HL_FAIL", result);
    else if (!r->words[0])
        reply_error(&r->public, "the plugin does not say why (reply->error)");
    return send_reply(h, head->id, result == HL_FAIL ? REPLY_FAIL : REPLY_RETRY, slice_z(r->words));
}

/* -- The process -- */

/* The socket is put where a plugin that means standard input does not find it. */
static int take_socket(void)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC), fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

    if (null < 0 || fd < 0)
        return -1;
    dup2(null, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    return fd;
}

/* More of the stream; -1 at its end. */
static int read_more(struct host *h)
{
    char *room = frame_room(&h->in, &h->at);
    ssize_t n = room ? read(h->socket, room, FRAME_READ_BYTES) : -1;
    if (n < 0 && errno == EINTR)
        return 0;
    if (n <= 0)
        return -1;
    h->in.len += (size_t)n;
    return 0;
}

/* The next request, whole; its bytes lie behind it. NULL: the stream ended. */
static const char *next_request(struct host *h, struct request_head *head)
{
    for (;;) {
        size_t have = h->in.len - h->at;
        if (have >= sizeof *head) {
            memcpy(head, h->in.ptr + h->at, sizeof *head);
            size_t whole = sizeof *head + (size_t)head->args_len + head->document_len;
            if (have >= whole) {
                const char *bytes = h->in.ptr + h->at + sizeof *head;
                h->at += whole;
                return bytes;
            }
        }
        if (read_more(h))
            return NULL;
    }
}

static void serve(struct host *h)
{
    struct request_head head;
    struct reply r;
    const char *bytes;

    reply_init(&r);
    while ((bytes = next_request(h, &head)) && serve_one(h, &head, bytes, &r) == 0)
        ;
    while (h->n_instances)
        close_instance(h, h->instances[--h->n_instances]);
    json_doc_clear(&r.doc);
    buf_clear(&r.output);
}

int plugin_host_serve(const char *path)
{
    static struct host h; /* what prints at exit still finds it */
    struct err e;

    h.socket = take_socket();
    if (h.socket < 0)
        return 1;
    prctl(PR_SET_NAME, "hooklatch-plugi");
    signal(SIGPIPE, SIG_DFL); /* as a program expects it */
    buf_init(&h.in, FRAME_MAX);
    buf_init(&h.out, FRAME_MAX);
    catch_prints(&h);
    if (load(path, &h.plugin, &e)) {
        send_reply(&h, 0, REPLY_FAIL, slice_first(slice_z(e.text), PLUGIN_WORDS_MAX));
        return 1;
    }
    if (send_reply(&h, 0, REPLY_DONE, SLICE_NONE) == 0)
        serve(&h);
    buf_clear(&h.in);
    buf_clear(&h.out);
    return 0;
}
