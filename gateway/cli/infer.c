/* hooklatch infer: a schema learned from samples. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "schema/folder.h"
#include "schema/infer.h"

#define INPUT_MAX ((size_t)1 << 30) /* all samples together: they stay, to be checked at the end */
#define OUTPUT_MAX ((size_t)16 << 20)
#define NODES_MAX 100000000u
#define SCHEMA_URI "file:///schema"

struct call {
    struct infer_options options;
    bool lines;
    const char *merge; /* NULL: from nothing */
    char **files;
    int n_files;
    struct buf *texts; /* of the files */
    struct buf base_text, output;
    struct json_doc base, doc;
    struct infer *infer;
    struct schema *schema; /* what was learned */
    struct schema_scratch *scratch;
    uint64_t n_samples;
};

static int fail(int rc, const char *text)
{
    fprintf(stderr, "hooklatch infer: %s\n", text);
    return rc;
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int read_value_option(struct call *c, const char *name, const char *value)
{
    uint64_t n;

    if (strcmp(name, "--merge") == 0) {
        c->merge = value;
    } else if (strcmp(name, "--title") == 0) {
        c->options.title = slice_z(value);
    } else if (slice_u64(slice_z(value), &n) || n > INFER_ENUM_MOST) {
        return fail(CLI_USAGE, "--enum-max is a number from 0 to 1000");
    } else {
        c->options.enum_max = (uint32_t)n;
    }
    return 0;
}

static bool read_flag(struct call *c, const char *name)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        { "--lines", &c->lines },
        { "--ranges", &c->options.ranges },
        { "--closed", &c->options.closed },
    };

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(name, flags[i].name) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static int read_options(struct call *c, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        const char *name = argv[i];

        if (strcmp(name, "--") == 0) {
            i++;
            break;
        }
        if (read_flag(c, name))
            continue;
        if (i + 1 == argc ||
            (strcmp(name, "--merge") != 0 && strcmp(name, "--title") != 0 && strcmp(name, "--enum-max") != 0))
            return cli_usage("infer");
        if (read_value_option(c, name, argv[++i]))
            return CLI_USAGE;
    }
    c->files = argv + i;
    c->n_files = argc - i;
    return c->n_files > 0 ? 0 : cli_usage("infer");
}

static int read_files(struct call *c)
{
    size_t left = INPUT_MAX;
    struct err e;

    c->texts = mem_zalloc((size_t)c->n_files * sizeof *c->texts);
    for (int f = 0; f < c->n_files; f++) {
        buf_init(&c->texts[f], left);
        if (read_input(c->files[f], &c->texts[f], &e))
            return fail(CLI_USAGE, e.code == ERR_LIMIT ? "the samples are larger than 1 GiB" : e.text);
        left -= c->texts[f].len;
    }
    return 0;
}

/* Compiled once, so that infer need not doubt what its keywords hold. */
static int check_base(const char *path, struct err *e)
{
    struct schema_options options = { .draft = SCHEMA_DRAFT_2020_12, .assert_format = true };
    struct schema_set *set = schema_set_new();
    struct schema *schema = NULL;
    struct slice uri;

    if (schema_set_add_file(set, path, slice_z(path), e) == 0 && schema_set_uri(set, slice_z(path), &uri))
        schema = schema_compile(set, uri, &options, e);
    schema_set_free(set);
    if (!schema)
        return -1;
    schema_unref(schema);
    return 0;
}

/* Merges the older schema in, if there is one. */
static int read_base(struct call *c)
{
    uint32_t at, line, column;
    struct err e;

    if (!c->merge)
        return 0;
    if (check_base(c->merge, &e) || read_input(c->merge, &c->base_text, &e) ||
        json_parse_err(&c->base, buf_slice(&c->base_text), &JSON_LIMITS_DEFAULT, &e))
        return fail(CLI_USAGE, e.text);
    if (infer_merge(c->infer, &c->base, &at, &e) == 0)
        return 0;
    json_position(c->base.text, c->base.nodes[at].at, &line, &column);
    fprintf(stderr, "%s:%u:%u: %s\n", c->merge, line, column, e.text);
    return CLI_USAGE;
}

/* Parses one sample and has it visited. line: of the file, from 0. */
static int visit_text(struct call *c, const char *path, uint32_t line, struct slice text,
                      int (*visit)(struct call *c, struct err *e))
{
    const struct json_limits limits = { .max_depth = INFER_DEPTH_MAX, .max_nodes = NODES_MAX };
    struct json_fault fault;
    struct err e;
    int rc;

    if (json_parse(&c->doc, text, &limits, &fault)) {
        fprintf(stderr, "%s:%u:%u: %s\n", name_of(path), line + fault.line, fault.column, fault.text);
        return CLI_FAILED;
    }
    rc = visit(c, &e);
    if (rc)
        fprintf(stderr, "%s:%u:1: %s\n", name_of(path), line + 1, e.text);
    return rc;
}

static int visit_lines(struct call *c, const char *path, struct slice rest, int (*visit)(struct call *c, struct err *e))
{
    for (uint32_t line = 0; rest.len > 0; line++) {
        struct slice whole = rest, text = slice_first(rest, slice_find(rest, '\n'));
        int rc;

        rest = slice_from(whole, text.len + 1);
        if (slice_ends(text, SLICE("\r")))
            text.len--;
        if (slice_trim(text).len == 0)
            continue;
        rc = visit_text(c, path, line, text, visit);
        if (rc)
            return rc;
    }
    return 0;
}

static int visit_all(struct call *c, int (*visit)(struct call *c, struct err *e))
{
    int rc = 0;

    for (int f = 0; f < c->n_files && rc == 0; f++)
        rc = c->lines ? visit_lines(c, c->files[f], buf_slice(&c->texts[f]), visit)
                      : visit_text(c, c->files[f], 0, buf_slice(&c->texts[f]), visit);
    return rc;
}

static int learn(struct call *c, struct err *e)
{
    c->n_samples++;
    return infer_add(c->infer, &c->doc, 0, e) ? CLI_FAILED : 0;
}

static int check(struct call *c, struct err *e)
{
    enum schema_verdict v = schema_check(c->schema, &c->doc, 0, c->scratch);

    if (v == SCHEMA_VALID)
        return 0;
    if (v == SCHEMA_LIMIT) {
        err_set(e, ERR_LIMIT, "this sample is too large to be checked against what was learned: split it, or use --lines");
        return CLI_FAILED;
    }
    err_set(e, ERR_SYSTEM, "internal error: the schema that was learned does not hold for this sample");
    return CLI_USAGE;
}

/* What is printed was tried: it compiles, and every sample satisfies it. */
static int prove(struct call *c)
{
    struct schema_options options = { .draft = SCHEMA_DRAFT_2020_12, .assert_format = true };
    struct schema_set *set = schema_set_new();
    struct err e;
    int rc;

    if (schema_set_add(set, SLICE(SCHEMA_URI), SLICE("schema"), buf_slice(&c->output), &e) == 0)
        c->schema = schema_compile(set, SLICE(SCHEMA_URI), &options, &e);
    schema_set_free(set);
    if (!c->schema) {
        err_add(&e, "internal error: what was learned is no schema");
        return fail(CLI_USAGE, e.text);
    }
    c->scratch = schema_scratch_new();
    rc = visit_all(c, check);
    schema_scratch_free(c->scratch);
    schema_unref(c->schema);
    return rc;
}

static int run(struct call *c)
{
    int rc = read_files(c);

    if (rc == 0)
        rc = read_base(c);
    if (rc == 0)
        rc = visit_all(c, learn);
    if (rc != 0)
        return rc;
    if (c->n_samples == 0)
        return fail(CLI_FAILED, "there is no sample");
    infer_write(c->infer, &c->output);
    if (c->output.failed)
        return fail(CLI_FAILED, "the schema would be larger than 16 MiB");
    rc = prove(c);
    if (rc == 0 && (fwrite(c->output.ptr, 1, c->output.len, stdout) != c->output.len || fflush(stdout) != 0))
        rc = fail(CLI_USAGE, "cannot write to standard output");
    return rc;
}

int cli_infer(int argc, char **argv)
{
    struct call c = { .options.enum_max = INFER_ENUM_MAX };
    int rc = read_options(&c, argc, argv);

    if (rc != 0)
        return rc;
    buf_init(&c.base_text, INPUT_MAX);
    buf_init(&c.output, OUTPUT_MAX);
    json_doc_init(&c.base);
    json_doc_init(&c.doc);
    c.infer = infer_new(&c.options);
    rc = run(&c);
    infer_free(c.infer);
    json_doc_clear(&c.doc);
    json_doc_clear(&c.base);
    buf_clear(&c.output);
    buf_clear(&c.base_text);
    for (int f = 0; c.texts && f < c.n_files; f++)
        buf_clear(&c.texts[f]);
    free(c.texts);
    return rc;
}
