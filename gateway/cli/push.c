#include <getopt.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/remote.h"

static const struct option long_options[] = {
    { "config", required_argument, NULL, 'c' },
    { "key", required_argument, NULL, 'k' },
    { "subject", required_argument, NULL, 's' },
    { NULL, 0, NULL, 0 },
};

struct options {
    const char *config, *key, *subject, *type, *data;
};

static int read_options(int argc, char **argv, struct options *o)
{
    int c;

    *o = (struct options){ .data = "null" };
    while ((c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (c == 'c')
            o->config = optarg;
        else if (c == 'k')
            o->key = optarg;
        else if (c == 's')
            o->subject = optarg;
        else
            return cli_usage("push");
    }
    if (argc - optind < 1 || argc - optind > 2)
        return cli_usage("push");
    o->type = argv[optind];
    if (argc - optind == 2)
        o->data = argv[optind + 1];
    return 0;
}

/* Read here too, so that a fault is told at its place in the data and not in what is made of it. */
static int check_data(struct slice data, struct err *e)
{
    struct json_limits limits = { .max_depth = 10000, .max_nodes = UINT32_MAX };
    struct json_doc doc;

    json_doc_init(&doc);
    int result = json_parse_err(&doc, data, &limits, e) ? err_add(e, "DATA") : 0;
    json_doc_clear(&doc);
    return result;
}

/* {"type":…,"data":<as given>} */
static int put_body(const struct options *o, struct buf *body, struct err *e)
{
    buf_puts(body, "{\"type\":");
    json_quote(body, slice_z(o->type));
    if (o->key) {
        buf_puts(body, ",\"key\":");
        json_quote(body, slice_z(o->key));
    }
    if (o->subject) {
        buf_puts(body, ",\"subject\":");
        json_quote(body, slice_z(o->subject));
    }
    buf_puts(body, ",\"data\":");
    size_t before = body->len;
    if (strcmp(o->data, "-") != 0)
        buf_puts(body, o->data);
    else if (read_input("-", body, e))
        return -1;
    if (!body->failed && check_data(slice_from(buf_slice(body), before), e))
        return -1;
    buf_putc(body, '}');
    return body->failed ? err_set(e, ERR_LIMIT, "the data is too large") : 0;
}

int cli_push(int argc, char **argv)
{
    struct options o;
    struct remote r = { 0 };
    struct reply reply;
    struct buf body;
    struct err e = { 0 };
    int result = read_options(argc, argv, &o);

    if (result)
        return result;
    reply_init(&reply);
    buf_init(&body, 64u * 1024 * 1024);
    if (remote_open(&r, o.config, &e) || put_body(&o, &body, &e) ||
        remote_call(&r, "POST", "/api/v1/events", buf_slice(&body), &reply, &e)) {
        fprintf(stderr, "hooklatch push: %s\n", e.text);
        result = CLI_FAILED;
    } else if (!reply_ok(&reply, "push")) {
        result = CLI_FAILED;
    } else {
        puts(reply.text.ptr);
    }
    remote_close(&r);
    buf_clear(&body);
    reply_clear(&reply);
    return result;
}
