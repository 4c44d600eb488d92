/* cli/validate.h - what the two ways of `hooklatch validate` share. */
#ifndef CLI_VALIDATE_H
#define CLI_VALIDATE_H

#include "json/doc.h"
#include "schema/schema.h"

#define VALIDATE_FOLDERS_MAX 16

struct validate {
    struct schema_options options;
    struct json_limits limits; /* of instances */
    enum { VALIDATE_TEXT, VALIDATE_FLAG, VALIDATE_BASIC } output;
    bool batch, bundle;
    uint32_t max_errors;
    const char *folders[VALIDATE_FOLDERS_MAX]; /* --schemas */
    int n_folders;
    int n_args;
    char **args; /* SCHEMA INSTANCE… */
    struct schema_scratch *scratch;
};

/* 0, or -1 for a name that is no draft. */
int validate_draft(struct slice name, enum schema_draft *draft);
/* Standard input to standard output, a line each; the exit code. */
int validate_batch(struct validate *v);

#endif
