#include "cli/validate.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/input.h"
#include "schema/bundle.h"
#include "schema/folder.h"

#define MAX_DEPTH_DEFAULT 10000u
#define MAX_DEPTH_MOST 100000u
#define MAX_NODES 100000000u
#define BUNDLE_MAX ((size_t)1 << 30)
#define INSTANCE_MAX ((size_t)1 << 30)
#define ERRORS_SHOWN 100u
#define ERRORS_MOST 10000u
#define ANNOTATIONS_SHOWN 100000u
/* Checking nests by the document's depth: up to four nodes a level, each up to a kilobyte of stack (touched only when
 * used). */
#define NODES_A_LEVEL 4u
#define STACK_A_NODE 1024u
#define STACK_LEAST ((size_t)64 << 20)

int validate_draft(struct slice name, enum schema_draft *draft)
{
    static const struct {
        const char *name;
        enum schema_draft draft;
    } drafts[] = {
        { "7", SCHEMA_DRAFT_7 },
        { "draft-07", SCHEMA_DRAFT_7 },
        { "2019-09", SCHEMA_DRAFT_2019_09 },
        { "2020-12", SCHEMA_DRAFT_2020_12 },
    };

    for (size_t i = 0; i < sizeof drafts / sizeof drafts[0]; i++) {
        if (slice_eq_z(name, drafts[i].name)) {
            *draft = drafts[i].draft;
            return 0;
        }
    }
    return -1;
}

static int bad(const char *what, const char *value)
{
    fprintf(stderr, "hooklatch validate: %s: %s\n", value, what);
    return CLI_USAGE;
}

/* A number from 1 to most. */
static int read_number(const char *name, const char *value, uint32_t most, uint32_t *out)
{
    uint64_t n;

    if (slice_u64(slice_z(value), &n) || n < 1 || n > most) {
        fprintf(stderr, "hooklatch validate: %s is a number from 1 to %u: %s\n", name, most, value);
        return CLI_USAGE;
    }
    *out = (uint32_t)n;
    return 0;
}

static int read_value_option(struct validate *v, const char *name, const char *value)
{
    static const char *const outputs[] = { "text", "flag", "basic" };

    if (strcmp(name, "--draft") == 0)
        return validate_draft(slice_z(value), &v->options.draft) ? bad("--draft is 7, 2019-09 or 2020-12", value) : 0;
    if (strcmp(name, "--max-depth") == 0)
        return read_number(name, value, MAX_DEPTH_MOST, &v->limits.max_depth);
    if (strcmp(name, "--max-errors") == 0)
        return read_number(name, value, ERRORS_MOST, &v->max_errors);
    if (strcmp(name, "--schemas") == 0) {
        if (v->n_folders == VALIDATE_FOLDERS_MAX)
            return bad("too many --schemas", value);
        v->folders[v->n_folders++] = value;
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        if (strcmp(value, outputs[i]) == 0) {
            v->output = i;
            return 0;
        }
    }
    return bad("--output is text, flag or basic", value);
}

static bool is_valued(const char *name)
{
    static const char *const names[] = { "--draft", "--output", "--max-depth", "--max-errors", "--schemas" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void on_warning(const char *text, void *unused)
{
    (void)unused;
    fprintf(stderr, "hooklatch validate: warning: %s\n", text);
}

static int read_options(struct validate *v, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        const char *name = argv[i];
        bool valued = is_valued(name);

        if (strcmp(name, "--") == 0) {
            i++;
            break;
        }
        if (strcmp(name, "--batch") == 0) {
            v->batch = true;
        } else if (strcmp(name, "--bundle") == 0) {
            v->bundle = true;
        } else if (strcmp(name, "--assert-format") == 0) {
            v->options.assert_format = true;
        } else if (!valued || i + 1 == argc) {
            return cli_usage("validate");
        } else if (read_value_option(v, name, argv[++i])) {
            return CLI_USAGE;
        }
    }
    v->args = argv + i;
    v->n_args = argc - i;
    v->options.keep_annotations = v->output == VALIDATE_BASIC && !v->batch;
    v->options.warn = v->batch ? NULL : on_warning;
    if (v->batch && v->n_folders > 0)
        return bad("--schemas is for files: a line of --batch holds all of its schema", "--batch");
    if (v->bundle && (v->batch || v->n_args != 1))
        return cli_usage("validate");
    return v->batch == (v->n_args == 0) ? 0 : cli_usage("validate");
}

static int add_folders(const struct validate *v, struct schema_set *set, struct err *e)
{
    for (int i = 0; i < v->n_folders; i++)
        if (schema_set_add_folder(set, v->folders[i], e))
            return -1;
    return 0;
}

/* The file, the folders named, and all files that it refers to; NULL where one of them cannot be read. */
static struct schema_set *load_set(const struct validate *v, const char *path, struct slice *uri, struct err *e)
{
    struct schema_set *set = schema_set_new();

    if (schema_set_add_file(set, path, slice_z(path), e) == 0 && add_folders(v, set, e) == 0 &&
        schema_set_follow(set, e) == 0 && schema_set_uri(set, slice_z(path), uri))
        return set;
    schema_set_free(set);
    return NULL;
}

static struct schema *load_schema(struct validate *v, const char *path)
{
    struct schema *schema = NULL;
    struct slice uri;
    struct err e = { 0 };
    struct schema_set *set = load_set(v, path, &uri, &e);

    if (set)
        schema = schema_compile(set, uri, &v->options, &e);
    if (!schema)
        fprintf(stderr, "hooklatch validate: %s\n", e.text);
    schema_set_free(set);
    return schema;
}

static int print_bundle(struct validate *v)
{
    struct slice uri;
    struct buf out;
    struct err e = { 0 };
    struct schema_set *set = load_set(v, v->args[0], &uri, &e);
    int rc = CLI_USAGE;

    buf_init(&out, BUNDLE_MAX);
    if (!set || schema_bundle(set, uri, &v->options, &out, &e))
        fprintf(stderr, "hooklatch validate: %s\n", e.text);
    else
        rc = fwrite(out.ptr, 1, out.len, stdout) == out.len ? 0 : CLI_USAGE;
    buf_clear(&out);
    schema_set_free(set);
    return rc;
}

/* A pointer without what would move the cursor of a terminal. */
static void print_path(struct slice path)
{
    if (path.len == 0)
        fputs("the whole", stdout);
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.ptr[i];

        if (c < 0x20 || c == 0x7f)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
}

static void print_text(const char *name, const struct json_doc *d, const struct schema_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct schema_error *error = &r->errors[i];
        uint32_t line, column;

        json_position(d->text, d->nodes[error->node].at, &line, &column);
        printf("%s:%u:%u: ", name, line, column);
        print_path(error->instance_path);
        printf(": %.*s (%.*s)\n", SLICE_FMT(error->message), SLICE_FMT(error->schema_place));
    }
    if (r->more)
        printf("%s: … and more (--max-errors)\n", name);
}

static void print_basic(struct validate *v, const struct schema *schema, const struct json_doc *d,
                        const struct schema_report *r)
{
    struct schema_annotations annotations = { 0 };
    struct buf b;

    if (r->verdict == SCHEMA_VALID)
        schema_annotations_make(&annotations, schema, d, 0, v->scratch, ANNOTATIONS_SHOWN);
    buf_init(&b, (size_t)1 << 30);
    schema_output_basic(&b, r, &annotations);
    if (r->more || annotations.more)
        fputs("hooklatch validate: … and more\n", stderr);
    puts(b.ptr);
    buf_clear(&b);
    schema_annotations_clear(&annotations);
}

/* Prints the verdict; the exit code. */
static int judge(struct validate *v, const struct schema *schema, const char *name, const struct json_doc *d)
{
    struct schema_report r;
    int rc;

    schema_report_make(&r, schema, d, 0, v->scratch, v->max_errors);
    rc = r.verdict == SCHEMA_VALID ? 0 : CLI_FAILED;
    if (r.verdict == SCHEMA_LIMIT)
        fprintf(stderr, "hooklatch validate: %s: the check was given up: too deep or too costly for this schema\n", name);
    if (v->output == VALIDATE_FLAG)
        puts(rc == 0 ? "{\"valid\":true}" : "{\"valid\":false}");
    else if (v->output == VALIDATE_BASIC)
        print_basic(v, schema, d, &r);
    else if (rc == 0)
        printf("%s: valid\n", name);
    else
        print_text(name, d, &r);
    schema_report_clear(&r);
    return rc;
}

static int validate_file(struct validate *v, const struct schema *schema, const char *path)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    struct json_fault fault;
    struct json_doc doc;
    struct buf text;
    struct err e;
    int rc = 0;

    buf_init(&text, INSTANCE_MAX);
    json_doc_init(&doc);
    if (read_input(path, &text, &e)) {
        fprintf(stderr, "hooklatch validate: %s\n", e.text);
        rc = CLI_USAGE;
    }
    if (rc == 0 && json_parse(&doc, buf_slice(&text), &v->limits, &fault)) {
        fprintf(stderr, "%s:%u:%u: %s\n", name, fault.line, fault.column, fault.text);
        if (v->output != VALIDATE_TEXT)
            puts("{\"valid\":false}");
        rc = CLI_FAILED;
    } else if (rc == 0) {
        rc = judge(v, schema, name, &doc);
    }
    json_doc_clear(&doc);
    buf_clear(&text);
    return rc;
}

static int validate_files(struct validate *v)
{
    struct schema *schema = load_schema(v, v->args[0]);
    int worst = 0;

    if (!schema)
        return CLI_USAGE;
    if (v->n_args == 1)
        printf("%s: a schema\n", v->args[0]);
    for (int i = 1; i < v->n_args; i++) {
        int rc = validate_file(v, schema, v->args[i]);

        worst = rc > worst ? rc : worst;
    }
    schema_unref(schema);
    return worst;
}

struct job {
    struct validate *v;
    int rc;
};

static void *on_thread(void *arg)
{
    struct job *job = arg;

    if (job->v->bundle)
        job->rc = print_bundle(job->v);
    else
        job->rc = job->v->batch ? validate_batch(job->v) : validate_files(job->v);
    return NULL;
}

/* On a thread of its own, whose stack is as large as the depth asked for needs it. */
static int run_with_stack(struct validate *v)
{
    size_t stack = STACK_LEAST + (size_t)v->limits.max_depth * NODES_A_LEVEL * STACK_A_NODE;
    struct job job = { v, CLI_USAGE };
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    pthread_attr_init(&attr);
    rc = pthread_attr_setstacksize(&attr, stack);
    if (rc == 0)
        rc = pthread_create(&thread, &attr, on_thread, &job);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        return bad(strerror(rc), "no thread for this depth");
    pthread_join(thread, NULL);
    return job.rc;
}

int cli_validate(int argc, char **argv)
{
    struct validate v = { .options.draft = SCHEMA_DRAFT_2020_12,
                          .max_errors = ERRORS_SHOWN,
                          .limits = { .max_depth = MAX_DEPTH_DEFAULT, .max_nodes = MAX_NODES } };
    int rc = read_options(&v, argc, argv);

    if (rc != 0)
        return rc;
    v.scratch = schema_scratch_new();
    schema_scratch_set_depth(v.scratch, (v.limits.max_depth + 2) * NODES_A_LEVEL);
    rc = run_with_stack(&v);
    if (fflush(stdout) != 0 || ferror(stdout))
        rc = bad("cannot be written", "standard output");
    schema_scratch_free(v.scratch);
    return rc;
}
