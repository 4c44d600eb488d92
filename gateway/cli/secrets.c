#include <getopt.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/remote.h"

#define PATH "/api/v1/secrets"

static const struct option long_options[] = { { "config", required_argument, NULL, 'c' },
                                              { "json", no_argument, NULL, 'j' },
                                              { NULL, 0, NULL, 0 } };

static const struct column {
    const char *title, *key;
    int width;
} columns[] = {
    { "SOURCE", "source", 20 }, { "STATE", "state", 11 },           { "TIME", "time", 27 },
    { "FROM", "remote", 20 },   { "HANDSHAKE", "handshake", 20 },   { "LATE", "late", 0 },
};
#define N_COLUMNS (sizeof columns / sizeof columns[0])

static void print_line(const struct reply *reply, uint32_t item)
{
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < N_COLUMNS; i++) {
        struct slice text = item == JSON_NONE ? slice_z(columns[i].title) : reply_line(reply, item, columns[i].key, &a);
        printf("%-*.*s%s", columns[i].width, SLICE_FMT(text), i + 1 < N_COLUMNS ? "  " : "\n");
    }
    arena_clear(&a);
}

static void print_list(const struct reply *reply)
{
    const struct json_doc *d = &reply->doc;
    uint32_t items = d->count ? json_member(d, 0, SLICE("items")) : JSON_NONE;

    print_line(reply, JSON_NONE);
    if (items == JSON_NONE)
        return;
    for (uint32_t i = items + 1; i < json_end(d, items); i = json_next(d, i))
        print_line(reply, i);
}

/* It came from a stranger: control characters become spaces. --json has it to the byte. */
static void print_secret(const struct reply *reply)
{
    struct arena a;

    arena_init(&a);
    struct slice secret = reply_line(reply, 0, "secret", &a);
    printf("%.*s\n", SLICE_FMT(secret));
    if (secret.len)
        mem_wipe((char *)(uintptr_t)secret.ptr, secret.len);
    arena_clear(&a);
}

static int call(const struct remote *r, const char *method, const char *path, void (*print)(const struct reply *),
                bool json)
{
    struct reply reply;
    struct err e;
    int result = CLI_FAILED;

    reply_init(&reply);
    if (remote_call(r, method, path, SLICE(""), &reply, &e)) {
        fprintf(stderr, "hooklatch secrets: %s\n", e.text);
    } else if (reply_ok(&reply, "secrets")) {
        result = 0;
        if (json)
            puts(reply.text.len ? reply.text.ptr : "");
        else if (print)
            print(&reply);
    }
    if (reply.text.len)
        mem_wipe(reply.text.ptr, reply.text.len);
    reply_clear(&reply);
    return result;
}

static int run(const struct remote *r, bool json, int argc, char **argv)
{
    const char *verb = argc ? argv[0] : "list";
    char path[512];

    if (strcmp(verb, "list") == 0 && argc < 2)
        return call(r, "GET", PATH, print_list, json);
    if (argc != 2 || (strcmp(verb, "show") != 0 && strcmp(verb, "forget") != 0))
        return cli_usage("secrets");
    if (strspn(argv[1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != strlen(argv[1])) {
        fprintf(stderr, "hooklatch secrets: \"%s\" is not the name of a source\n", argv[1]);
        return CLI_USAGE;
    }
    snprintf(path, sizeof path, PATH "/%.100s/%s", argv[1], verb);
    return call(r, "POST", path, strcmp(verb, "show") == 0 ? print_secret : NULL, json);
}

int cli_secrets(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct remote r = { 0 };
    struct err e;
    int c, result;

    while ((c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (c == 'c')
            config = optarg;
        else if (c == 'j')
            json = true;
        else
            return cli_usage("secrets");
    }
    if (remote_open(&r, config, &e)) {
        fprintf(stderr, "hooklatch secrets: %s\n", e.text);
        result = CLI_USAGE;
    } else {
        result = run(&r, json, argc - optind, argv + optind);
    }
    remote_close(&r);
    return result;
}
