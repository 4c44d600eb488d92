/* events, held, refused, runs: the same verbs over four lists. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/remote.h"

struct column {
    const char *title, *key;
    int width;
};

static const struct list {
    const char *name, *path, *one; /* one: where a single item is */
    const struct column *columns;
} lists[] = {
    { "events", "/api/v1/events", "/api/v1/events",
      (const struct column[]){ { "ID", "id", 36 }, { "TIME", "time", 27 }, { "SOURCE", "source", 12 }, { "TYPE", "type", 30 },
                               { "STATUS", "status", 9 }, { "RUNS", "runs", 4 }, { 0 } } },
    { "held", "/api/v1/held", "/api/v1/events",
      (const struct column[]){ { "ID", "id", 36 }, { "TIME", "time", 27 }, { "SOURCE", "source", 12 }, { "TYPE", "type", 30 },
                               { "WHY", "verdict", 9 }, { 0 } } },
    { "refused", "/api/v1/refused", "/api/v1/refused",
      (const struct column[]){ { "ID", "id", 36 }, { "TIME", "time", 27 }, { "SOURCE", "source", 12 },
                               { "STATUS", "status", 6 }, { "REASON", "reason", 20 }, { "DETAIL", "detail", 0 }, { 0 } } },
    { "runs", "/api/v1/runs", "/api/v1/runs",
      (const struct column[]){ { "ID", "id", 36 }, { "STARTED", "started", 27 }, { "WORKFLOW", "workflow", 16 },
                               { "STATE", "state", 9 }, { "EVENT", "event", 36 }, { 0 } } },
};

struct options {
    const char *config;
    struct buf query; /* "?source=…&…" */
    bool json;
};

static const struct option long_options[] = {
    { "source", required_argument, NULL, 'q' }, { "type", required_argument, NULL, 'q' },
    { "status", required_argument, NULL, 'q' }, { "state", required_argument, NULL, 'q' },
    { "workflow", required_argument, NULL, 'q' }, { "event", required_argument, NULL, 'q' },
    { "limit", required_argument, NULL, 'q' },  { "before", required_argument, NULL, 'q' },
    { "config", required_argument, NULL, 'c' }, { "json", no_argument, NULL, 'j' },
    { NULL, 0, NULL, 0 },
};

static void add_filter(struct buf *query, const char *name, const char *value)
{
    buf_printf(query, "%c%s=", query->len ? '&' : '?', name);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++)
        buf_printf(query, "%%%02x", *p);
}

static int read_options(int argc, char **argv, struct options *o)
{
    int c, index = 0;

    *o = (struct options){ 0 };
    buf_init(&o->query, 16 * 1024);
    while ((c = getopt_long(argc, argv, "c:", long_options, &index)) != -1) {
        if (c == 'q')
            add_filter(&o->query, long_options[index].name, optarg);
        else if (c == 'c')
            o->config = optarg;
        else if (c == 'j')
            o->json = true;
        else
            return cli_usage(argv[0]);
    }
    return 0;
}

static int call(const struct remote *r, const char *name, const char *method, const char *path, struct reply *reply)
{
    struct err e;

    if (remote_call(r, method, path, SLICE(""), reply, &e)) {
        fprintf(stderr, "hooklatch %s: %s\n", name, e.text);
        return CLI_FAILED;
    }
    return reply_ok(reply, name) ? 0 : CLI_FAILED;
}

static void print_row(const struct list *l, const struct reply *reply, uint32_t item)
{
    struct arena a;

    arena_init(&a);
    for (const struct column *c = l->columns; c->title; c++) {
        struct slice text = reply_line(reply, item, c->key, &a);
        printf("%-*.*s%s", c->width, SLICE_FMT(text), c[1].title ? "  " : "\n");
    }
    arena_clear(&a);
}

/* Newest first as they come, or (tail) oldest first and only those after `last`, which is updated. */
static void print_items(const struct list *l, const struct reply *reply, bool oldest_first, char *last)
{
    const struct json_doc *d = &reply->doc;
    uint32_t items = json_member(d, 0, SLICE("items")), n = 0;

    if (items == JSON_NONE)
        return;
    uint32_t *rows = mem_grow(NULL, json_count(d, items) + 1, sizeof *rows);
    for (uint32_t i = items + 1; i < json_end(d, items); i = json_next(d, i))
        rows[n++] = i;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t row = rows[oldest_first ? n - 1 - k : k];
        struct slice id = json_inner(d, json_member(d, row, SLICE("id")));
        if (last && memcmp(id.ptr, last, id.len < 36 ? id.len : 36) <= 0)
            continue;
        print_row(l, reply, row);
        if (last)
            memcpy(last, id.ptr, id.len < 36 ? id.len : 36);
    }
    free(rows);
}

static void print_titles(const struct list *l)
{
    for (const struct column *c = l->columns; c->title; c++)
        printf("%-*s%s", c->width, c->title, c[1].title ? "  " : "\n");
}

static int run_list(const struct remote *r, const struct list *l, const struct options *o)
{
    struct reply reply;
    char path[20 * 1024];

    snprintf(path, sizeof path, "%s%s", l->path, o->query.len ? o->query.ptr : "");
    reply_init(&reply);
    int result = call(r, l->name, "GET", path, &reply);
    if (!result && o->json)
        puts(reply.text.ptr);
    else if (!result) {
        print_titles(l);
        print_items(l, &reply, false, NULL);
    }
    reply_clear(&reply);
    return result;
}

/* Asks once a second until it is ended; ids grow, so what is new is what is larger. */
static int run_tail(const struct remote *r, const struct list *l, const struct options *o)
{
    char path[20 * 1024], last[37] = "";
    int result = 0;

    snprintf(path, sizeof path, "%s%s", l->path, o->query.len ? o->query.ptr : "");
    print_titles(l);
    while (!result) {
        struct reply reply;
        reply_init(&reply);
        result = call(r, l->name, "GET", path, &reply);
        if (!result)
            print_items(l, &reply, true, last);
        reply_clear(&reply);
        fflush(stdout);
        sleep(1);
    }
    return result;
}

static int print_one(const struct remote *r, const char *name, const char *method, const char *path)
{
    struct reply reply;

    reply_init(&reply);
    int result = call(r, name, method, path, &reply);
    if (!result) {
        fwrite(reply.text.ptr, 1, reply.text.len, stdout);
        if (reply.doc.count)
            putchar('\n');
    }
    reply_clear(&reply);
    return result;
}

static const struct list *list_named(const char *name)
{
    const struct list *l = lists;

    while (strcmp(l->name, name) != 0)
        l++;
    return l;
}

static int run_verb(const struct remote *r, const struct list *l, const struct options *o, int argc, char **argv)
{
    const char *verb = argc ? argv[0] : "list";
    char path[512];
    int result = 0;

    if (strcmp(verb, "list") == 0 && argc < 2)
        return run_list(r, l, o);
    if (strcmp(verb, "tail") == 0 && argc == 1)
        return run_tail(r, l, o);
    if (strcmp(verb, "show") == 0 && argc == 2) {
        snprintf(path, sizeof path, "%s/%s", l->one, argv[1]);
        return print_one(r, l->name, "GET", path);
    }
    if (strcmp(verb, "body") == 0 && argc == 2 && strcmp(l->name, "events") == 0) {
        snprintf(path, sizeof path, "%s/%s/body", l->one, argv[1]);
        return print_one(r, l->name, "GET", path);
    }
    if (strcmp(verb, "release") == 0 && argc > 1 && strcmp(l->name, "held") == 0) {
        for (int i = 1; i < argc; i++) {
            snprintf(path, sizeof path, "%s/%s/release", l->path, argv[i]);
            result |= print_one(r, l->name, "POST", path);
        }
        return result;
    }
    return cli_usage(l->name);
}

int cli_events(int argc, char **argv)
{
    const struct list *l = list_named(argv[0]);
    struct options o;
    struct remote r = { 0 };
    struct err e;
    int result = read_options(argc, argv, &o);

    if (!result && remote_open(&r, o.config, &e)) {
        fprintf(stderr, "hooklatch %s: %s\n", l->name, e.text);
        result = CLI_USAGE;
    } else if (!result) {
        result = run_verb(&r, l, &o, argc - optind, argv + optind);
    }
    remote_close(&r);
    buf_clear(&o.query);
    return result;
}
