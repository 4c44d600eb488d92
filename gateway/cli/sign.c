#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "cli/cli.h"
#include "cli/request.h"
#include "verify/provider.h"

static struct slice signed_url(struct request *q, struct slice query)
{
    struct slice url = q->delivery.url;

    if (!query.ptr)
        return url;
    url = slice_first(url, slice_find(url, '?'));
    return slice_z(arena_printf(&q->memory, "%.*s?%.*s", SLICE_FMT(url), SLICE_FMT(query)));
}

static void put_base64(struct buf *out, struct slice bytes)
{
    char *text = mem_alloc(BASE64_LEN(bytes.len) + 1);
    buf_put(out, slice_of(text, base64_encode(bytes, text)));
    free(text);
}

/* The whole of what has to be sent, but for the headers that were given. */
static void print_json(struct request *q, const struct signed_request *made)
{
    struct slice url = signed_url(q, made->query);
    struct buf out;

    buf_init(&out, (size_t)256 << 20);
    buf_puts(&out, "{\"headers\":[");
    for (size_t i = 0; i < made->n_headers; i++) {
        buf_puts(&out, i ? ",[" : "[");
        json_quote(&out, made->headers[i].name);
        buf_putc(&out, ',');
        json_quote(&out, made->headers[i].value);
        buf_putc(&out, ']');
    }
    buf_putc(&out, ']');
    if (url.len) {
        buf_puts(&out, ",\"url\":");
        json_quote(&out, url);
    }
    buf_puts(&out, ",\"body_b64\":\"");
    put_base64(&out, made->body.ptr ? made->body : q->delivery.body);
    buf_puts(&out, "\"}\n");
    fwrite(out.ptr, 1, out.len, stdout);
    buf_clear(&out);
}

static int write_body(const char *path, struct slice body)
{
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(body.ptr ? body.ptr : "", 1, body.len, f) == body.len;
    int failed = f ? fclose(f) : EOF;

    if (ok && failed == 0)
        return 0;
    fprintf(stderr, "hooklatch sign: cannot write %s: %s\n", path, strerror(errno));
    return CLI_FAILED;
}

/* The headers that are missing, one a line, as `curl -H @-` and `--header` take them. What else has to change does not
 * fit there: standard error tells it. */
static int print_text(struct request *q, const struct signed_request *made)
{
    for (size_t i = 0; i < made->n_headers; i++)
        printf("%.*s: %.*s\n", SLICE_FMT(made->headers[i].name), SLICE_FMT(made->headers[i].value));
    if (made->query.ptr)
        fprintf(stderr, "hooklatch sign: the URL has to be %.*s\n", SLICE_FMT(signed_url(q, made->query)));
    if (!made->body.ptr || q->body_to)
        return 0;
    fprintf(stderr, "hooklatch sign: the signature stands in the body: --body-to FILE writes that, and --output json "
                    "prints all of it\n");
    return CLI_FAILED;
}

static bool signs_nothing(const struct provider *p)
{
    return provider_scheme(p) == SCHEME_NONE || provider_scheme(p) == SCHEME_MTLS;
}

static int sign(struct request *q)
{
    struct verify_scratch *s = verify_scratch_new();
    struct signed_request made;
    struct err e;
    int status = verify_sign(q->verifier, &q->reading, q->now_us, s, &made, &e) == 0 ? 0 : CLI_FAILED;

    if (status)
        fprintf(stderr, "hooklatch sign: %s\n", e.text);
    else if (q->json)
        print_json(q, &made);
    else
        status = print_text(q, &made);
    if (!status && signs_nothing(q->provider))
        fprintf(stderr, "hooklatch sign: there is nothing to sign: %.*s proves itself by no signature\n",
                SLICE_FMT(provider_name(q->provider)));
    if (!status && q->body_to)
        status = write_body(q->body_to, made.body.ptr ? made.body : q->delivery.body);
    verify_scratch_free(s);
    return status;
}

int cli_sign(int argc, char **argv)
{
    struct request q;
    int status = request_read(&q, argc, argv) == 0 ? sign(&q) : CLI_USAGE;
    request_clear(&q);
    return status;
}
