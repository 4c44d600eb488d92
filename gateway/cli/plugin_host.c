/* The process that a plugin runs in: a child of serve (flow/plugin.c), plugin (cli/plugin.c); with --describe and --try
 * of whoever reads a configuration (plan/plugin.c). */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/cli.h"
#include "flow/plugin_host.h"

/* A process of a moment. It ends with whoever asked; what the plugin prints is no part of the answer, and what it would do at exit
 * nobody waits for. */
static _Noreturn void answer(const char *path, const char *args)
{
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct buf text;
    struct err e;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    buf_init(&text, 1 << 20);
    int failed = args ? plugin_host_try_args(path, slice_z(args), &e) : plugin_host_describe(path, &text, &e);
    if (failed)
        buf_puts(&text, e.text);
    _exit(out < 0 || write(out, text.len ? text.ptr : "", text.len) != (ssize_t)text.len || failed ? CLI_FAILED : 0);
}

int cli_plugin_host(int argc, char **argv)
{
    int type;
    socklen_t len = sizeof type;

    if (argc == 3 && strcmp(argv[1], "--describe") == 0)
        answer(argv[2], NULL);
    if (argc == 4 && strcmp(argv[1], "--try") == 0)
        answer(argv[2], argv[3]);
    if (argc == 2 && getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM)
        return plugin_host_serve(argv[1]);
    fputs("hooklatch plugin-host: this is started by hooklatch serve; see \"hooklatch plugin run\"\n", stderr);
    return CLI_USAGE;
}
