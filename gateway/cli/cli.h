/* cli/cli.h - the commands: each takes the arguments from its own name on and returns the exit code. One file each. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* Exit codes beside 0. */
#define CLI_FAILED 1 /* refused, invalid, not done */
#define CLI_USAGE 2  /* the call's words are off */

int cli_check(int argc, char **argv);
int cli_events(int argc, char **argv); /* events, held, refused, runs: see lists.c */
int cli_explain(int argc, char **argv);
int cli_infer(int argc, char **argv);
int cli_init(int argc, char **argv);
int cli_nursery(int argc, char **argv); /* started by serve, not by people */
int cli_plugin(int argc, char **argv);
int cli_plugin_host(int argc, char **argv); /* started by serve and others, not by people */
int cli_plugins(int argc, char **argv);
int cli_providers(int argc, char **argv);
int cli_push(int argc, char **argv);
int cli_receive(int argc, char **argv);
int cli_reload(int argc, char **argv);
int cli_secrets(int argc, char **argv);
int cli_send(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_sign(int argc, char **argv);
int cli_validate(int argc, char **argv);
int cli_verify(int argc, char **argv);

struct cli_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments; /* "[-c FILE] …" */
    const char *summary;   /* NULL: not for people */
    const char *help;      /* options and examples, or NULL */
};
extern const struct cli_command cli_commands[]; /* ends with a NULL name */
/* Prints "usage: hooklatch NAME …" to standard error; returns CLI_USAGE. */
int cli_usage(const char *name);
struct issues;
/* Errors and warnings, each with its line and hint, to standard error. */
void cli_print_issues(const struct issues *is);

#endif
