/* The process that a plugin runs in: a child of serve (flow/plugin.c), plugin (cli/plugin.c); with --describe and --try
 * of whoever reads a configuration (plan/plugin.c). */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/cli.h"
#include "flow/plugin_host.h"

static int describe(const char *path)
{
    struct buf out;
    struct err e;

    buf_init(&out, 1 << 20);
    int result = plugin_host_describe(path, &out, &e);
    if (result)
        fprintf(stderr, "%s\n", e.text);
    else
        fwrite(out.ptr, 1, out.len, stdout);
    buf_clear(&out);
    return result || fflush(stdout) ? CLI_FAILED : 0;
}

static int try_args(const char *path, const char *args)
{
    struct err e;

    if (plugin_host_try_args(path, slice_z(args), &e) == 0)
        return 0;
    fprintf(stderr, "%s\n", e.text);
    return CLI_FAILED;
}

int cli_plugin_host(int argc, char **argv)
{
    int type;
    socklen_t len = sizeof type;

    if (argc == 3 && strcmp(argv[1], "--describe") == 0)
        return describe(argv[2]);
    if (argc == 4 && strcmp(argv[1], "--try") == 0)
        return try_args(argv[2], argv[3]);
    if (argc == 2 && getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM)
        return plugin_host_serve(argv[1]);
    fputs("hooklatch plugin-host: this is started by hooklatch serve; see \"hooklatch plugin run\"\n", stderr);
    return CLI_USAGE;
}
