/* bench/json - how fast json_parse reads, beside json-c's parser on the same texts in the same run.
 *     bench/json FILE…        a .jsonl file holds one text a line, any other file one text
 * Prints, for each file, megabytes (10^6 bytes) a second of CPU time of this thread: medians of RUNS runs, in turns. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <json-c/json.h>

#include "base/mem.h"
#include "json/doc.h"

#define RUNS 15
#define RUN_NS 40000000 /* at least, of each run */
#define FILE_MAX (256 << 20)

struct texts {
    struct slice *each;
    size_t count, bytes;
};

static int64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    char chunk[65536];
    size_t n;

    if (!f)
        return -1;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_put(out, slice_of(chunk, n));
    n = (size_t)ferror(f);
    fclose(f);
    return n || out->failed ? -1 : 0;
}

static void add_text(struct texts *t, struct slice s)
{
    if (s.len == 0)
        return;
    t->each = mem_grow(t->each, t->count + 1, sizeof *t->each);
    t->each[t->count++] = s;
    t->bytes += s.len;
}

static struct texts split(struct slice all, bool lines)
{
    struct texts t = { .count = 0 };
    struct slice line;

    while (lines && all.len) {
        slice_cut(all, '\n', &line, &all);
        add_text(&t, line);
    }
    add_text(&t, all);
    return t;
}

/* Both readers give 0, or -1 for a text that they refuse. */
static int run_doc(const struct texts *t, void *state)
{
    struct json_fault fault;

    for (size_t i = 0; i < t->count; i++) {
        if (json_parse(state, t->each[i], &JSON_LIMITS_DEFAULT, &fault) < 0) {
            fprintf(stderr, "text %zu: line %u, column %u: %s\n", i + 1, fault.line, fault.column, fault.text);
            return -1;
        }
    }
    return 0;
}

static int run_json_c(const struct texts *t, void *state)
{
    for (size_t i = 0; i < t->count; i++) {
        json_tokener_reset(state);
        struct json_object *o = json_tokener_parse_ex(state, t->each[i].ptr, (int)t->each[i].len);

        if (json_tokener_get_error(state) != json_tokener_success)
            return -1;
        json_object_put(o);
    }
    return 0;
}

/* Megabytes a second, or -1. */
static double measure(int (*run)(const struct texts *, void *), const struct texts *t, void *state)
{
    int64_t start = cpu_ns(), spent = 0;
    double rounds = 0;

    while (spent < RUN_NS) {
        if (run(t, state) < 0)
            return -1;
        rounds++;
        spent = cpu_ns() - start;
    }
    return rounds * (double)t->bytes * 1e3 / (double)spent;
}

static int double_cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int bench_file(const char *path, struct json_doc *doc, struct json_tokener *tok)
{
    struct buf text;
    struct texts t;
    double ours[RUNS], theirs[RUNS];
    int result = -1;

    buf_init(&text, FILE_MAX);
    if (read_file(path, &text) < 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        buf_clear(&text);
        return -1;
    }
    t = split(buf_slice(&text), slice_ends(slice_z(path), SLICE(".jsonl")));
    for (int i = 0; i < RUNS; i++) {
        ours[i] = measure(run_doc, &t, doc);
        theirs[i] = measure(run_json_c, &t, tok);
        if (ours[i] < 0 || theirs[i] < 0) {
            fprintf(stderr, "%s: refused\n", path);
            goto out;
        }
    }
    qsort(ours, RUNS, sizeof *ours, double_cmp);
    qsort(theirs, RUNS, sizeof *theirs, double_cmp);
    printf("%9.1f %9.1f %7.1f  %8zu %6zu  %s\n", ours[RUNS / 2], theirs[RUNS / 2], ours[RUNS / 2] / theirs[RUNS / 2],
           t.bytes / t.count, t.count, path);
    result = 0;
out:
    free(t.each);
    buf_clear(&text);
    return result;
}

int main(int argc, char **argv)
{
    struct json_doc doc;
    struct json_tokener *tok = json_tokener_new_ex(512);
    int result = argc < 2 ? 2 : 0;

    if (argc < 2)
        fprintf(stderr, "usage: %s FILE...\n", argv[0]);
    else
        printf("%9s %9s %7s  %8s %6s\n", "doc MB/s", "json-c", "ratio", "bytes", "texts");
    json_doc_init(&doc);
    for (int i = 1; i < argc; i++) {
        if (bench_file(argv[i], &doc, tok) < 0)
            result = 1;
    }
    json_doc_clear(&doc);
    json_tokener_free(tok);
    return result;
}
