/* hello.c - the smallest plugin: greets whom the input names. */
#include <hooklatch_plugin.h>
#include <stdio.h>

static int run_hello(void *self, struct hl_bytes document, struct hl_reply *reply)
{
    char name[200], output[100];

    (void)self;
    fprintf(stderr, "a document of %zu bytes\n", document.len); /* goes into the attempt's log */
    if (reply->text(reply, "/input/name", name, sizeof name) < 0) {
        reply->error(reply, "the input has no name, or one of more than 199 bytes");
        return HL_FAIL; /* another attempt would not do either */
    }
    int len = snprintf(output, sizeof output, "{\"greeting\": \"hello\", \"bytes\": %zu, \"to\": ", document.len);
    reply->write(reply, (struct hl_bytes){ output, (size_t)len });
    reply->write(reply, reply->find(reply, "/input/name")); /* raw JSON, quotes and escapes included */
    reply->write(reply, (struct hl_bytes){ "}", 1 });
    return HL_DONE;
}

const struct hl_step_plugin hl_step_plugin = {
    .abi = HL_STEP_ABI,
    .size = sizeof hl_step_plugin,
    .name = "hello",
    .config_schema = "{\"description\": \"greets whom the input names\", \"type\": \"object\", \"additionalProperties\": false}",
    .run = run_hello,
};
