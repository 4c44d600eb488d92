/* plugin run: one call of a plugin, by the same worker process that serve would have. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/self.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/remote.h"
#include "config.h"
#include "flow/environment.h"
#include "flow/plugin_frame.h"
#include "plan/plan.h"

#define OUTPUT_MAX (64u << 20)
#define TIMEOUT_S 30

static const struct option long_options[] = {
    { "args", required_argument, NULL, 'a' },
    { "config", required_argument, NULL, 'c' },
    { "document", no_argument, NULL, 'd' },
    { "timeout", required_argument, NULL, 't' },
    { NULL, 0, NULL, 0 },
};

struct options {
    const char *name, *args, *config, *file;
    bool whole; /* the file is the document */
    int timeout_s;
};

static int read_options(int argc, char **argv, struct options *o)
{
    int c;

    *o = (struct options){ .args = "{}", .file = "-", .timeout_s = TIMEOUT_S };
    while ((c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (c == 'a')
            o->args = optarg;
        else if (c == 'c')
            o->config = optarg;
        else if (c == 'd')
            o->whole = true;
        else if (c != 't' || (o->timeout_s = atoi(optarg)) <= 0)
            return cli_usage("plugin");
    }
    argc -= optind;
    argv += optind;
    if (argc < 2 || argc > 3 || strcmp(argv[0], "run") != 0)
        return cli_usage("plugin");
    o->name = argv[1];
    if (argc == 3)
        o->file = argv[2];
    return 0;
}

/* "jq" → "/…/jq.so"; "./my.so" → its real path, and the name "my". */
static char *find(const struct options *o, struct slice *name, struct arena *a, struct err *e)
{
    struct issues is;
    struct tree t;
    char *path;

    *name = slice_z(o->name);
    if (strchr(o->name, '/')) {
        char *real = realpath(o->name, NULL);
        if (!real) {
            err_sys(e, "%s", o->name);
            return NULL;
        }
        path = arena_printf(a, "%s", real);
        free(real);
        *name = slice_z(strrchr(path, '/') + 1);
        name->len -= slice_ends(*name, SLICE(".so")) ? 3 : 0;
        return path;
    }
    issues_init(&is);
    bool loaded = o->config && tree_load(&t, o->config, &is) == 0;
    cli_print_issues(&is);
    issues_clear(&is);
    path = plugin_file(loaded ? &t : NULL, *name, a);
    if (loaded)
        tree_clear(&t);
    if (!path)
        err_set(e, ERR_NOT_FOUND, "there is no plugin \"%s\": \"hooklatch plugins\" lists them; those of a configuration's "
                "plugin_path need -c FILE; a file is named with its folder: ./%s%s", o->name, o->name,
                slice_ends(*name, SLICE(".so")) ? "" : ".so");
    return path;
}

static int check_args(const char *path, struct slice name, struct slice args, struct err *e)
{
    struct schema *schema = plugin_args_schema(path, name, e);
    struct schema_scratch *scratch;
    struct schema_report report;
    struct json_doc d;

    if (!schema)
        return -1;
    json_doc_init(&d);
    scratch = schema_scratch_new();
    int result = json_parse_err(&d, args, &JSON_LIMITS_DEFAULT, e) ? err_add(e, "--args") : 0;
    if (result == 0 && schema_check(schema, &d, 0, scratch) != SCHEMA_VALID) {
        schema_report_make(&report, schema, &d, 0, scratch, 1);
        struct schema_error first = report.count ? report.errors[0] : (struct schema_error){ 0 };
        result = err_set(e, ERR_INPUT, "--args%.*s: %.*s", SLICE_FMT(first.instance_path), SLICE_FMT(first.message));
        schema_report_clear(&report);
    }
    schema_scratch_free(scratch);
    json_doc_clear(&d);
    schema_unref(schema);
    return result;
}

static int read_document(const struct options *o, struct buf *out, struct err *e)
{
    struct json_limits limits = { .max_depth = 10000, .max_nodes = UINT32_MAX, .allow_duplicate_keys = true };
    struct json_doc d;
    struct buf given;

    buf_init(&given, OUTPUT_MAX);
    buf_init(out, 2 * (size_t)OUTPUT_MAX);
    json_doc_init(&d);
    int result = read_input(o->file, &given, e) || json_parse_err(&d, buf_slice(&given), &limits, e) ? err_add(e, "%s", o->file) : 0;
    if (result == 0 && !o->whole)
        buf_puts(out, "{\"event\":{\"specversion\":\"1.0\",\"id\":\"00000000-0000-7000-8000-000000000000\",\"source\":\"hooklatch\","
                      "\"type\":\"plugin.run\"},\"input\":");
    if (result == 0)
        buf_put(out, json_raw(&d, 0));
    if (result == 0 && !o->whole)
        buf_puts(out, ",\"steps\":{},\"run\":{\"id\":\"00000000-0000-7000-8000-000000000001\",\"workflow\":\"try\",\"step\":\"try\","
                      "\"attempt\":1,\"max_attempts\":1}}");
    json_doc_clear(&d);
    buf_clear(&given);
    return result;
}

static int spawn(const char *path, int theirs, pid_t *pid, struct err *e)
{
    const char *arguments[] = { "hooklatch", "plugin-host", path, NULL };
    struct environment environment;

    environment_init(&environment);
    environment_begin(&environment, NULL, 0);
    int result = self_spawn(arguments, environment_end(&environment), &(struct self_fd){ theirs, STDIN_FILENO }, 1, pid, e);
    environment_clear(&environment);
    return result;
}

/* An endless loop does not end by itself: the socket has a time limit. */
static bool receive(int fd, void *out, size_t len)
{
    return len == 0 || recv(fd, out, len, MSG_WAITALL) == (ssize_t)len;
}

static void limit(int fd, int timeout_s)
{
    struct timeval patience = { .tv_sec = timeout_s };

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
#ifndef WITH_SANITIZERS /* which need address space without end */
    setrlimit(RLIMIT_AS, &(struct rlimit){ PLUGIN_MEMORY_DEFAULT, PLUGIN_MEMORY_DEFAULT }); /* ours too: the worker inherits it */
#endif
}

/* As serve would look at it. */
static bool is_json(struct slice output)
{
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json_fault fault;
    struct json_doc d;

    json_doc_init(&d);
    bool good = json_parse(&d, output, &limits, &fault) == 0;
    json_doc_clear(&d);
    if (!good)
        fprintf(stderr, "hooklatch plugin: its output is no JSON: line %u, column %u: %s\n", fault.line, fault.column, fault.text);
    return good;
}

/* body: its output or words. */
static bool receive_reply(int fd, struct reply_head *head, struct buf *body)
{
    if (!receive(fd, head, sizeof *head) || head->len > OUTPUT_MAX || head->log_len > OUTPUT_MAX)
        return false;
    buf_reset(body);
    char *room = buf_room(body, head->log_len + head->len + 1);
    if (!room || !receive(fd, room, head->log_len) || !receive(fd, room, head->len)) /* the log was shown already */
        return false;
    body->len = head->len;
    return true;
}

static bool talk(int fd, struct slice args, struct slice document, struct reply_head *reply, struct buf *body)
{
    struct request_head head = { 1, OUTPUT_MAX, (uint32_t)args.len, (uint32_t)document.len };

    if (!receive_reply(fd, reply, body))
        return false;
    if (reply->status != REPLY_DONE) /* it cannot be loaded */
        return true;
    return !frame_send(fd, slice_of(&head, sizeof head)) && !frame_send(fd, args) && !frame_send(fd, document) &&
           receive_reply(fd, reply, body);
}

static int print_result(const struct reply_head *reply, const struct buf *body)
{
    static const char *const how[] = { [REPLY_RETRY] = "not done, worth another attempt", [REPLY_FAIL] = "not done, for good",
                                       [REPLY_TOO_LARGE] = "its output is too large" };

    if (reply->status == REPLY_DONE) {
        fwrite(body->len ? body->ptr : "null", 1, body->len ? body->len : 4, stdout);
        putchar('\n');
        return (body->len && !is_json(buf_slice(body))) || fflush(stdout) ? CLI_FAILED : 0;
    }
    fprintf(stderr, "hooklatch plugin: %s%s%.*s\n", how[reply->status <= REPLY_TOO_LARGE ? reply->status : REPLY_FAIL],
            body->len ? ": " : "", (int)body->len, body->len ? body->ptr : "");
    return CLI_FAILED;
}

static int say_end(int status, struct err *e)
{
    if (WIFSIGNALED(status))
        return err_set(e, ERR_INPUT, "the worker was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return err_set(e, ERR_INPUT, "the worker ended with exit code %d in the middle of it", WEXITSTATUS(status));
}

static int call(const char *path, const struct options *o, struct slice document, struct err *e)
{
    struct reply_head reply;
    int pair[2], status = 0;
    struct buf body;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return err_sys(e, "cannot make a socket");
    limit(pair[0], o->timeout_s);
    int failed = spawn(path, pair[1], &pid, e);
    close(pair[1]);
    if (failed) {
        close(pair[0]);
        return -1;
    }
    buf_init(&body, 2 * (size_t)OUTPUT_MAX);
    bool answered = talk(pair[0], slice_z(o->args), document, &reply, &body), late = !answered && errno == EAGAIN;
    close(pair[0]);
    if (late)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    int result = answered ? print_result(&reply, &body) : -1;
    buf_clear(&body);
    if (answered)
        return result;
    return late ? err_set(e, ERR_LIMIT, "timed out after %d s: the worker was killed", o->timeout_s) : say_end(status, e);
}

int cli_plugin(int argc, char **argv)
{
    struct options o;
    struct slice name;
    struct buf document;
    struct arena a;
    struct err e;

    if (read_options(argc, argv, &o))
        return CLI_USAGE;
    arena_init(&a);
    buf_init(&document, 0);
    char *path = find(&o, &name, &a, &e);
    int result = !path || check_args(path, name, slice_z(o.args), &e) || read_document(&o, &document, &e) ? -1 : 0;
    if (result == 0)
        result = call(path, &o, buf_slice(&document), &e);
    if (result < 0)
        fprintf(stderr, "hooklatch plugin: %s\n", e.text);
    buf_clear(&document);
    arena_clear(&a);
    return result < 0 ? CLI_FAILED : result;
}
