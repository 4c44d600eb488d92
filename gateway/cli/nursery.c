/* The process that starts the commands of steps: a child of serve, by flow/child.c. */
#include <stdio.h>
#include <sys/socket.h>

#include "cli/cli.h"
#include "flow/nursery.h"

int cli_nursery(int argc, char **argv)
{
    int type;
    socklen_t len = sizeof type;

    (void)argv;
    if (argc == 1 && getsockopt(NURSERY_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET)
        return nursery_run();
    fputs("hooklatch nursery: this is started by hooklatch serve, and by nobody else\n", stderr);
    return CLI_USAGE;
}
