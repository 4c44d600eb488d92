#include "cli/providers.h"

#include <getopt.h>
#include <stdio.h>

#include "cli/cli.h"

#define OUT_MAX (32u << 20)

static const struct option long_options[] = { { "config", required_argument, NULL, 'c' },
                                              { "json", no_argument, NULL, 'j' },
                                              { "markdown", no_argument, NULL, 'm' },
                                              { NULL, 0, NULL, 0 } };

struct call {
    enum { SHOW_TEXT, SHOW_JSON, SHOW_MARKDOWN } how;
    const char *folder; /* of the configuration, or NULL */
    struct arena memory;
    struct issues issues;
    struct provider_files files;
    struct buf out;
};

/* One shown: appends to the output. first: nothing of its kind before it. */
typedef void (*show_one)(struct call *c, const struct provider_file *f, const struct tree *t, bool first);

/* The configuration's folder of providers. */
static int read_folder(struct call *c, const char *file)
{
    struct tree t;

    if (tree_load(&t, file, &c->issues) < 0)
        return -1;
    struct slice folder = tree_text(&t, 0, "providers", &c->memory);
    c->folder = folder.len ? tree_file_path(&t, folder, &c->memory) : NULL;
    tree_clear(&t);
    return 0;
}

void providers_say_unknown(const char *command, struct slice id, const char *folder)
{
    struct buf hint;

    buf_init(&hint, 65536);
    provider_put_hint(id, folder, &hint);
    fprintf(stderr, "hooklatch %s: there is no provider \"%.*s\" (%.*s)\n", command, SLICE_FMT(id), SLICE_FMT(buf_slice(&hint)));
    buf_clear(&hint);
}

static int show(struct call *c, const struct provider_file *f, bool first, show_one one)
{
    struct tree t;

    if (provider_file_read(f, &t, &c->issues) < 0)
        return -1;
    one(c, f, &t, first);
    tree_clear(&t);
    return 0;
}

static int show_all(struct call *c, show_one one)
{
    int result = 0;

    for (size_t i = 0; i < c->files.n; i++)
        result |= show(c, &c->files.list[i], i == 0, one);
    return result;
}

static void put_text(struct call *c, const struct provider_file *f, const struct tree *t, bool first)
{
    if (!first)
        buf_putc(&c->out, '\n');
    providers_put_text(f, t, &c->out);
}

static void put_line(struct call *c, const struct provider_file *f, const struct tree *t, bool first)
{
    struct slice name = tree_text(t, 0, "name", &c->memory), verified = tree_text(t, 0, "verified", &c->memory);

    (void)first;
    buf_printf(&c->out, "%-26.*s %-10s %-13.*s %.*s\n", SLICE_FMT(f->id), tree_text(t, 0, "scheme", &c->memory).ptr,
               SLICE_FMT(verified.len ? verified : SLICE("-")), SLICE_FMT(name.len ? name : f->id));
}

/* The whole file; where all are listed, what the list has. */
static void put_json(struct call *c, const struct provider_file *f, const struct tree *t, bool first)
{
    (void)f;
    buf_puts(&c->out, first ? "" : ",\n");
    tree_put_canonical(t, 0, &c->out);
}

static void put_json_line(struct call *c, const struct provider_file *f, const struct tree *t, bool first)
{
    static const char *const members[] = { "name", "scheme", "verified", "docs" };

    buf_puts(&c->out, first ? "{\"id\":" : ",\n{\"id\":");
    json_quote(&c->out, f->id);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        struct slice text = tree_text(t, 0, members[i], &c->memory);
        if (!text.ptr)
            continue;
        buf_printf(&c->out, ",\"%s\":", members[i]);
        json_quote(&c->out, text);
    }
    buf_putc(&c->out, '}');
}

static void put_row(struct call *c, const struct provider_file *f, const struct tree *t, bool first)
{
    (void)first;
    providers_put_row(f, t, &c->out);
}

static void put_section(struct call *c, const struct provider_file *f, const struct tree *t, bool first)
{
    (void)first;
    providers_put_section(f, t, &c->out);
}

/* docs/providers.md */
static int put_page(struct call *c)
{
    static const char *const words[] = { "sdk", "vendor-source", "vendor-doc", "cross", "single", "unverified" };

    buf_puts(&c->out, providers_page_head);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        buf_printf(&c->out, "| %s | %s |\n", words[i], words_certainty(slice_z(words[i])));
    buf_printf(&c->out,
               "\nThe window is how far the time of signing may be from now, in either direction; \"not checked\": a time is signed, and "
               "the vendor sets no window.\n\n"
               "## All %zu\n\n| provider | | certainty | how it signs | window |\n| --- | --- | --- | --- | --- |\n",
               c->files.n);
    int result = show_all(c, put_row);
    buf_puts(&c->out, "\n## One by one\n");
    return result | show_all(c, put_section);
}

static int put_named(struct call *c, char **names, int n, show_one one)
{
    struct provider_file f;
    int result = 0;

    for (int i = 0; i < n; i++) {
        struct slice name = slice_z(names[i]);
        if (provider_file_named(name, &f) || provider_file_find(name, c->folder, &f, &c->memory)) {
            result |= show(c, &f, i == 0, one);
        } else {
            providers_say_unknown("providers", name, c->folder);
            result = -1;
        }
    }
    return result;
}

static int run(struct call *c, char **names, int n)
{
    int result;

    provider_files_find(&c->files, c->folder, &c->memory);
    if (c->how == SHOW_MARKDOWN)
        return n ? put_named(c, names, n, put_section) : put_page(c);
    if (c->how == SHOW_TEXT)
        return n ? put_named(c, names, n, put_text) : show_all(c, put_line);
    buf_putc(&c->out, '[');
    result = n ? put_named(c, names, n, put_json) : show_all(c, put_json_line);
    buf_puts(&c->out, "]\n");
    return result;
}

int cli_providers(int argc, char **argv)
{
    struct call call = { .how = SHOW_TEXT };
    const char *file = NULL;
    int o;

    while ((o = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (o == 'c')
            file = optarg;
        else if (o == 'j' || o == 'm')
            call.how = o == 'j' ? SHOW_JSON : SHOW_MARKDOWN;
        else
            return cli_usage("providers");
    }
    arena_init(&call.memory);
    issues_init(&call.issues);
    buf_init(&call.out, OUT_MAX);
    int result = file && read_folder(&call, file) < 0 ? -1 : run(&call, argv + optind, argc - optind);
    fwrite(call.out.len ? call.out.ptr : "", 1, call.out.len, stdout);
    if (fflush(stdout) || ferror(stdout) || call.out.failed)
        result = -1;
    cli_print_issues(&call.issues);
    buf_clear(&call.out);
    issues_clear(&call.issues);
    arena_clear(&call.memory);
    return result ? CLI_FAILED : 0;
}
