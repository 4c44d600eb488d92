/* bench/schema.c - what checking costs: microseconds an instance, check alone and parse + check, for data sets given as
 * folders with schema.json and instances.jsonl (and perhaps invalid.jsonl): bench/schema [--json] [--seconds S] FOLDER…
 * `make bench-schema` runs it beside other validators, which print the same JSON. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json/doc.h"
#include "schema/schema.h"
#include "schema/vec.h"

struct instances {
    VEC(struct slice) texts;
    VEC(struct json_doc) docs;
    char *memory;
    size_t bytes;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct slice read_file(const char *folder, const char *name)
{
    char path[4096];
    FILE *f;
    char *text = NULL;
    long size;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "rb");
    if (!f)
        return SLICE_NONE;
    if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0) {
        rewind(f);
        text = mem_alloc((size_t)size + 1);
        if (fread(text, 1, (size_t)size, f) != (size_t)size)
            size = 0;
    } else {
        size = 0;
    }
    fclose(f);
    return slice_of(text, (size_t)size);
}

static int load(struct instances *in, const char *folder, const char *name)
{
    struct slice rest = read_file(folder, name), line;
    struct json_fault fault;

    *in = (struct instances){ .memory = (char *)rest.ptr };
    while (rest.len > 0) {
        struct json_doc *doc;

        slice_cut(rest, '\n', &line, &rest);
        if (line.len == 0)
            continue;
        *VEC_ADD(&in->texts) = line;
        in->bytes += line.len;
        doc = VEC_ADD(&in->docs);
        json_doc_init(doc);
        if (json_parse(doc, line, &JSON_LIMITS_DEFAULT, &fault)) {
            fprintf(stderr, "%s/%s: %s\n", folder, name, fault.text);
            return -1;
        }
    }
    return 0;
}

static void unload(struct instances *in)
{
    for (uint32_t i = 0; i < in->docs.n; i++)
        json_doc_clear(&in->docs.at[i]);
    VEC_FREE(&in->docs);
    VEC_FREE(&in->texts);
    free(in->memory);
}

static unsigned check_all(const struct schema *s, const struct instances *in, struct schema_scratch *scratch)
{
    unsigned valid = 0;

    for (uint32_t i = 0; i < in->docs.n; i++)
        valid += schema_check(s, &in->docs.at[i], 0, scratch) == SCHEMA_VALID;
    return valid;
}

static unsigned parse_and_check_all(const struct schema *s, const struct instances *in, struct schema_scratch *scratch)
{
    static struct json_doc doc;
    struct json_fault fault;
    unsigned valid = 0;

    for (uint32_t i = 0; i < in->texts.n; i++)
        valid += json_parse(&doc, in->texts.at[i], &JSON_LIMITS_DEFAULT, &fault) == 0 &&
                 schema_check(s, &doc, 0, scratch) == SCHEMA_VALID;
    return valid;
}

static double measure(unsigned (*run)(const struct schema *, const struct instances *, struct schema_scratch *),
                      const struct schema *s, const struct instances *in, struct schema_scratch *scratch,
                      double seconds)
{
    double start = now(), spent;
    unsigned long rounds = 0;

    do {
        run(s, in, scratch);
        rounds++;
        spent = now() - start;
    } while (spent < seconds);
    return spent * 1e6 / ((double)rounds * in->docs.n);
}

struct figures {
    unsigned good, valid, bad, invalid;
    size_t bytes;                             /* of all the valid instances */
    double check, parse_check, check_invalid; /* us an instance */
    double compile;                           /* ms */
    size_t memory;                            /* bytes of the compiled schema */
};

static void print_line(const char *folder, const struct figures *f)
{
    printf("%-40s %4u/%u valid, %3u/%u invalid %8zu B %8.2f us check %8.2f us parse+check", folder, f->valid, f->good,
           f->invalid, f->bad, f->bytes / f->good, f->check, f->parse_check);
    if (f->bad > 0)
        printf(" %8.2f us invalid", f->check_invalid);
    printf(" %6.1f ms compile %6zu KiB\n", f->compile, f->memory >> 10);
}

static void print_json(const struct figures *f)
{
    printf("{\"valid\":%u,\"invalid\":%u,\"check\":%.4f,\"parse_check\":%.4f,", f->valid, f->invalid, f->check,
           f->parse_check);
    if (f->bad > 0)
        printf("\"check_invalid\":%.4f,", f->check_invalid);
    printf("\"compile\":%.4f,\"memory\":%zu}\n", f->compile, f->memory);
}

static void print_refusal(const char *why)
{
    struct buf text;

    buf_init(&text, 4096);
    json_quote(&text, slice_of(why, strlen(why)));
    printf("{\"refused\":%s}\n", text.ptr);
    buf_clear(&text);
}

static int bench_folder(const char *folder, double seconds, bool json)
{
    struct slice text = read_file(folder, "schema.json"), uri = SLICE("file:///schema.json");
    struct schema_options options = { .draft = SCHEMA_DRAFT_2020_12 };
    struct schema_scratch *scratch = schema_scratch_new();
    struct schema_set *set = schema_set_new();
    struct instances good = { 0 }, bad = { 0 };
    struct schema *s = NULL;
    double start = now(), compile;
    struct err e = { 0 };
    int rc = schema_set_add(set, uri, SLICE("schema.json"), text, &e);

    if (rc == 0)
        s = schema_compile(set, uri, &options, &e);
    compile = now() - start;
    rc = s ? 0 : 1;
    if (!s) {
        if (json)
            print_refusal(e.text);
        else
            printf("%-40s %s\n", folder, e.text);
    } else if (load(&good, folder, "instances.jsonl") || load(&bad, folder, "invalid.jsonl") || good.docs.n == 0) {
        rc = 1;
    } else {
        struct figures f = {
            .good = good.docs.n,
            .valid = check_all(s, &good, scratch),
            .bad = bad.docs.n,
            .invalid = bad.docs.n - check_all(s, &bad, scratch),
            .bytes = good.bytes,
            .check = measure(check_all, s, &good, scratch, seconds),
            .parse_check = measure(parse_and_check_all, s, &good, scratch, seconds),
            .check_invalid = bad.docs.n ? measure(check_all, s, &bad, scratch, seconds) : 0,
            .compile = compile * 1e3,
            .memory = schema_bytes(s),
        };

        if (json)
            print_json(&f);
        else
            print_line(folder, &f);
    }
    unload(&good);
    unload(&bad);
    schema_unref(s);
    schema_set_free(set);
    schema_scratch_free(scratch);
    free((char *)text.ptr);
    return rc;
}

int main(int argc, char **argv)
{
    double seconds = 0.5;
    bool json = false;
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            seconds = atof(argv[++i]);
        else
            failed |= bench_folder(argv[i], seconds, json);
    }
    return failed;
}
