/* hooklatch validate --batch: one {"schema":…,"instance":…[,"draft":…][,"assert_format":…]} a line; `true`, `false` or `error …` a line. */
#include "cli/validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "cli/cli.h"

#define SCHEMA_URI "file:///schema"

/* The schema of the last line: runs of lines often share one. */
struct last {
    struct buf text;
    struct schema_options options;
    struct schema *schema;
};

static int compile(struct last *last, struct slice text, const struct schema_options *options, struct err *e)
{
    struct schema_set *set;

    if (last->schema && last->options.draft == options->draft &&
        last->options.assert_format == options->assert_format && slice_eq(buf_slice(&last->text), text))
        return 0;
    schema_unref(last->schema);
    last->schema = NULL;
    buf_reset(&last->text);
    buf_put(&last->text, text);
    last->options = *options;
    set = schema_set_new();
    if (schema_set_add(set, SLICE(SCHEMA_URI), SLICE("schema"), text, e) == 0)
        last->schema = schema_compile(set, SLICE(SCHEMA_URI), options, e);
    schema_set_free(set);
    return last->schema ? 0 : -1;
}

/* What the line says of draft and formats; else the command line's. */
static int read_options(const struct validate *v, const struct json_doc *line, struct schema_options *options,
                        struct err *e)
{
    uint32_t draft = json_member(line, 0, SLICE("draft")), format = json_member(line, 0, SLICE("assert_format"));

    *options = v->options;
    if (draft != JSON_NONE && (json_type_of(line, draft) != JSON_STRING ||
                               validate_draft(json_inner(line, draft), &options->draft)))
        return err_set(e, ERR_INPUT, "\"draft\" must be \"7\", \"2019-09\" or \"2020-12\"");
    if (format == JSON_NONE)
        return 0;
    if (json_type_of(line, format) != JSON_TRUE && json_type_of(line, format) != JSON_FALSE)
        return err_set(e, ERR_INPUT, "\"assert_format\" must be true or false");
    options->assert_format = json_type_of(line, format) == JSON_TRUE;
    return 0;
}

static int check_line(struct validate *v, struct last *last, struct json_doc *line, struct slice text,
                      enum schema_verdict *verdict, struct err *e)
{
    uint32_t schema, instance;
    struct schema_options options;

    if (json_parse_err(line, text, &v->limits, e))
        return -1;
    schema = json_member(line, 0, SLICE("schema"));
    instance = json_member(line, 0, SLICE("instance"));
    if (schema == JSON_NONE || instance == JSON_NONE)
        return err_set(e, ERR_INPUT, "a line must be {\"schema\": …, \"instance\": …}");
    if (read_options(v, line, &options, e) || compile(last, json_raw(line, schema), &options, e))
        return -1;
    *verdict = schema_check(last->schema, line, instance, v->scratch);
    if (*verdict == SCHEMA_LIMIT)
        return err_set(e, ERR_LIMIT, "the instance is too deep or too costly for this schema");
    return 0;
}

/* One line, whatever the message holds. */
static void print_error(struct err *e)
{
    for (char *p = e->text; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
    printf("error %s\n", e->text);
}

int validate_batch(struct validate *v)
{
    struct last last = { 0 };
    struct json_doc doc;
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    buf_init(&last.text, UINT32_MAX);
    json_doc_init(&doc);
    v->limits.max_depth += 2; /* the line's own braces */
    while ((len = getline(&line, &size, stdin)) > 0) {
        struct slice text = slice_of(line, (size_t)len);
        enum schema_verdict verdict = SCHEMA_LIMIT;
        struct err e = { 0 };

        if (text.ptr[text.len - 1] == '\n')
            text.len--;
        if (check_line(v, &last, &doc, text, &verdict, &e))
            print_error(&e);
        else
            puts(verdict == SCHEMA_VALID ? "true" : "false");
        fflush(stdout);
    }
    schema_unref(last.schema);
    buf_clear(&last.text);
    json_doc_clear(&doc);
    free(line);
    return ferror(stdin) || ferror(stdout) ? CLI_USAGE : 0;
}
