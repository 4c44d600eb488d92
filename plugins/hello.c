/* The smallest plugin: docs/plugins.md builds it step by step. */
#include "hooklatch_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int open_hello(struct hl_bytes args, void **self, struct hl_reply *reply)
{
    (void)reply;
    return (*self = strndup(args.ptr, args.len)) ? HL_DONE : HL_RETRY;
}

static int run_hello(void *self, struct hl_bytes document, struct hl_reply *reply)
{
    struct hl_bytes type = reply->find(reply, "/event/type"), args = { self, strlen(self) };

    fprintf(stderr, "a document of %zu bytes\n", document.len);
    reply->write(reply, (struct hl_bytes){ "{\"hello\":", 9 });
    reply->write(reply, type);
    reply->write(reply, (struct hl_bytes){ ",\"args\":", 8 });
    reply->write(reply, args);
    return reply->write(reply, (struct hl_bytes){ "}", 1 }) ? HL_FAIL : HL_DONE;
}

const struct hl_step_plugin hl_step_plugin = {
    .abi = HL_STEP_ABI, .size = sizeof hl_step_plugin, .name = "hello",
    .config_schema = "{\"description\": \"says hello\", \"type\": \"object\", \"additionalProperties\": false,"
                     " \"properties\": {\"greeting\": {\"description\": \"given back\", \"type\": \"string\"}}}",
    .open = open_hello, .run = run_hello, .close = free,
};
