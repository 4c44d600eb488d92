#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "config.h"

static int help(const char *name)
{
    const struct cli_command *c = cli_commands;

    if (name) {
        while (c->name && (!c->summary || strcmp(c->name, name) != 0))
            c++;
        if (!c->name) {
            fprintf(stderr, "hooklatch: there is no command \"%s\"; see \"hooklatch help\"\n", name);
            return CLI_USAGE;
        }
        printf("usage: hooklatch %s %s\n\n%s.\n%s", c->name, c->arguments, c->summary, c->help ? c->help : "");
        return 0;
    }
    puts("hooklatch: the durable front door for webhooks\n\nusage: hooklatch COMMAND …\n");
    for (; c->summary; c++) /* the last ones are not for people */
        printf("  %-9s %s\n", c->name, c->summary);
    puts("\n\"hooklatch help COMMAND\" tells more. A secret argument is env:NAME, file:PATH or value:TEXT.");
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";

    /* A closed pipe or socket is an error of the write, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        puts(PACKAGE_STRING);
        return 0;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
        return help(name);
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c->run(argc - 1, argv + 1);
    }
    fprintf(stderr, "hooklatch: there is no command \"%s\"; see \"hooklatch help\"\n", name);
    return CLI_USAGE;
}
