#include <getopt.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "plan/plan.h"

static const struct option long_options[] = { { "config", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 } };

static struct slice text_of(const struct json_doc *d, uint32_t object, struct slice key, struct arena *a)
{
    uint32_t node = object == JSON_NONE ? JSON_NONE : json_member(d, object, key);
    struct buf own;

    if (node == JSON_NONE)
        return SLICE_NONE;
    if (json_type_of(d, node) != JSON_STRING)
        return json_raw(d, node);
    buf_init(&own, 1 << 20);
    struct slice text = arena_slice(a, json_string(d, node, &own));
    buf_clear(&own);
    return text;
}

static bool is_required(const struct json_doc *d, uint32_t schema, uint32_t key)
{
    uint32_t list = json_member(d, schema, SLICE("required"));

    if (list == JSON_NONE || json_type_of(d, list) != JSON_ARRAY)
        return false;
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        if (slice_eq(json_raw(d, i), slice_of(json_inner(d, key).ptr - 1, json_inner(d, key).len + 2)))
            return true;
    }
    return false;
}

/*   filter     string, required: the program */
static void print_settings(const struct json_doc *d, uint32_t schema, struct arena *a)
{
    uint32_t properties = json_type_of(d, schema) == JSON_OBJECT ? json_member(d, schema, SLICE("properties")) : JSON_NONE;

    if (properties == JSON_NONE || json_type_of(d, properties) != JSON_OBJECT)
        return;
    for (uint32_t k = properties + 1; k < json_end(d, properties); k = json_next(d, k + 1)) {
        bool is_object = json_type_of(d, k + 1) == JSON_OBJECT;
        struct slice type = is_object ? text_of(d, k + 1, SLICE("type"), a) : SLICE_NONE;
        struct slice about = is_object ? text_of(d, k + 1, SLICE("description"), a) : SLICE_NONE;
        printf("    %-12.*s %.*s%s%s%.*s\n", SLICE_FMT(json_inner(d, k)), SLICE_FMT(type),
               is_required(d, schema, k) ? ", required" : "", about.len ? ": " : "", SLICE_FMT(about));
    }
}

static int print_plugin(struct slice name, const char *path, struct arena *a)
{
    struct json_doc d;
    struct buf answer;
    struct err e;

    json_doc_init(&d);
    int result = plugin_ask(path, &answer, &e) || json_parse_err(&d, buf_slice(&answer), &JSON_LIMITS_DEFAULT, &e);
    if (result) {
        printf("%.*s  %s\n    cannot be used: %s\n", SLICE_FMT(name), path, e.text);
    } else {
        uint32_t schema = json_member(&d, 0, SLICE("config_schema"));
        struct slice about = json_type_of(&d, schema) == JSON_OBJECT ? text_of(&d, schema, SLICE("description"), a) : SLICE_NONE;
        printf("%.*s  %s\n", SLICE_FMT(name), path);
        if (about.len)
            printf("  %.*s\n", SLICE_FMT(about));
        print_settings(&d, schema, a);
    }
    buf_clear(&answer);
    json_doc_clear(&d);
    return result ? CLI_FAILED : 0;
}

static int print_names(const struct tree *t, struct slice *names, size_t n, struct arena *a)
{
    int result = 0;

    for (size_t i = 0; i < n; i++) {
        char *path = plugin_file(t, names[i], a);
        if (!path)
            fprintf(stderr, "hooklatch plugins: there is no plugin \"%.*s\"%s\n", SLICE_FMT(names[i]),
                    t ? "" : "; those of a configuration's plugin_path need -c FILE");
        if (!path || print_plugin(names[i], path, a))
            result = CLI_FAILED;
    }
    return result;
}

static int print_all(const struct tree *t, char **named, int n_named)
{
    struct slice folders[PLUGIN_FOLDERS_MAX], names[200];
    struct arena a;
    size_t n = 0;

    arena_init(&a);
    for (; n < (size_t)n_named && n < 200; n++)
        names[n] = slice_z(named[n]);
    size_t n_folders = plugin_folders(t, &a, folders, PLUGIN_FOLDERS_MAX);
    if (n_named == 0)
        n = plugin_names(folders, n_folders, &a, names, 200);
    int result = print_names(t, names, n, &a);
    if (n == 0) {
        puts("no plugins; looked for NAME.so in");
        for (size_t i = 0; i < n_folders; i++)
            printf("  %.*s\n", SLICE_FMT(folders[i]));
    }
    arena_clear(&a);
    return result;
}

int cli_plugins(int argc, char **argv)
{
    const char *file = NULL;
    struct issues is;
    struct tree t;
    int c;

    while ((c = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (c != 'c')
            return cli_usage("plugins");
        file = optarg;
    }
    issues_init(&is);
    if (file && tree_load(&t, file, &is) < 0) {
        cli_print_issues(&is);
        issues_clear(&is);
        return CLI_FAILED;
    }
    int result = print_all(file ? &t : NULL, argv + optind, argc - optind);
    if (file)
        tree_clear(&t);
    issues_clear(&is);
    return result;
}
