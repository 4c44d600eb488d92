#include <getopt.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/remote.h"

static const struct option long_options[] = { { "config", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 } };

static int ask(const struct remote *r)
{
    struct reply reply;
    struct arena a;
    struct err e;
    int result = CLI_FAILED;

    reply_init(&reply);
    arena_init(&a);
    if (remote_call(r, "POST", "/api/v1/reload", SLICE(""), &reply, &e)) {
        fprintf(stderr, "hooklatch reload: %s\n", e.text);
    } else if (reply.status == 200 || reply.status == 422) {
        result = reply.status == 200 ? 0 : CLI_FAILED;
        struct slice text = reply_text(&reply, 0, "text", &a);
        fprintf(result ? stderr : stdout, "%.*s", SLICE_FMT(text));
    } else {
        reply_ok(&reply, "reload");
    }
    arena_clear(&a);
    reply_clear(&reply);
    return result;
}

int cli_reload(int argc, char **argv)
{
    const char *config = NULL;
    struct remote r;
    struct err e;
    int c, result = CLI_USAGE;

    while ((c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (c != 'c')
            return cli_usage("reload");
        config = optarg;
    }
    if (optind != argc)
        return cli_usage("reload");
    if (remote_open(&r, config, &e))
        fprintf(stderr, "hooklatch reload: %s\n", e.text);
    else
        result = ask(&r);
    remote_close(&r);
    return result;
}
