/* libFuzzer: the parser over arbitrary streams. The first byte seeds where the stream is cut. Whatever the cuts, the
 * verdict is the same; and what is accepted whole is also what an independent, simple reading of the stream finds. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "http/parser.h"

#define REQUESTS_MAX 256
static const struct http_limits limits = { .uri_bytes = 256, .head_bytes = 1024, .headers = 12, .body_bytes = 4096 };

struct verdict {
    size_t requests, length[REQUESTS_MAX]; /* of bodies */
    struct http_refusal why;
    bool idle;
};

/* seed 0: at once. The block has its exact size, so that the address sanitizer sees a look beyond. */
static struct verdict judge(const char *data, size_t size, unsigned seed)
{
    struct verdict v = { 0 };
    struct field fields[12];
    struct parser p;
    char *block = NULL;
    size_t len = 0;

    parser_init(&p, &limits, fields);
    for (size_t at = 0; at < size && !v.why.status;) {
        size_t n = seed ? 1 + (seed = seed * 1103515245 + 12345) / 65536 % 40 : size;
        n = n < size - at ? n : size - at;
        block = realloc(block, len + n);
        memcpy(block + len, data + at, n);
        at += n;
        len += n;
        for (enum parse_result r = PARSE_DONE; len && r != PARSE_MORE && r != PARSE_REFUSED;) {
            r = parser_read(&p, block, &len, &v.why);
            v.length[v.requests % REQUESTS_MAX] = p.body_len;
            if (r != PARSE_DONE)
                continue;
            v.requests++;
            len -= p.at;
            memmove(block, block + p.at, len);
            parser_init(&p, &limits, fields);
        }
        block = realloc(block, len ? len : 1);
    }
    v.idle = !v.why.status && len == 0;
    free(block);
    return v;
}

/* The value of the header in head (lines with their CR LF), or NULL. */
static const char *find_header(const char *head, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = head; (p = strstr(p, "\r\n"));) {
        p += 2;
        if (strncasecmp(p, name, n) == 0 && p[n] == ':')
            return p + n + 1;
    }
    return NULL;
}

/* Believes every chunk at p; returns what follows the trailer, or NULL. */
static const char *skip_chunks(const char *p, const char *end, size_t *length)
{
    char *stop;

    for (;;) {
        size_t n = strtoul(p, &stop, 16);
        p = strstr(stop, "\r\n");
        if (!p)
            return NULL;
        p += 2;
        if (n == 0)
            break;
        if ((size_t)(end - p) < n + 2)
            return NULL;
        *length += n;
        p += n + 2;
    }
    while (strncmp(p, "\r\n", 2)) {
        p = strstr(p, "\r\n");
        if (!p)
            return NULL;
        p += 2;
    }
    return p + 2;
}

/* data has a NUL behind it and none in it. -1: it does not end where a request ends. */
static int read_simply(const char *data, size_t size, struct verdict *v)
{
    const char *p = data, *end = data + size;

    while (p < end) {
        const char *head_end = strstr(p, "\r\n\r\n");
        if (!head_end)
            return -1;
        char *head = strndup(p, (size_t)(head_end - p) + 2);
        const char *length = find_header(head, "Content-Length"), *coding = find_header(head, "Transfer-Encoding");
        size_t *n = &v->length[v->requests++ % REQUESTS_MAX];
        p = head_end + 4;
        if (coding) {
            p = skip_chunks(p, end, n);
        } else if (length) {
            *n += strtoul(length, NULL, 10);
            p += strtoul(length, NULL, 10);
        }
        free(head);
        if (!p || p > end)
            return -1;
    }
    return 0;
}

static void same(const struct verdict *a, const struct verdict *b)
{
    if (a->requests != b->requests || memcmp(a->length, b->length, sizeof a->length))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    char *data = malloc(size);
    memcpy(data, bytes + 1, size - 1);
    data[size - 1] = '\0';
    struct verdict whole = judge(data, size - 1, 0), cut = judge(data, size - 1, bytes[0] + 1u), simple = { 0 };
    same(&whole, &cut);
    if (whole.why.status != cut.why.status || whole.idle != cut.idle ||
        (whole.why.status && strcmp(whole.why.reason, cut.why.reason)))
        abort();
    if (!whole.why.status && whole.idle && !memchr(data, 0, size - 1)) {
        if (read_simply(data, size - 1, &simple))
            abort();
        same(&whole, &simple);
    }
    free(data);
    return 0;
}
