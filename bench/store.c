/* bench/store.c - what the store costs: events appended in batches, each with its dedupe row (a random key), one run
 * and one step, on an empty store and after it was filled.
 *     bench/store [-d FOLDER] [-f ROWS] [-n EVENTS] [-b BATCH] [-s BODY_BYTES]
 * FOLDER must be on a real disk. Prints events a second, processor time an event, the time of batches, and the sizes
 * of the files. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"

static struct {
    const char *dir;
    size_t fill, events, batch, body;
} options = { ".", 2000000, 100000, 50, 7000 };

static struct plan plan = { .refs = { 1 << 30 } };
static struct definition definition = { .kind = "workflow", .row = 1 };
static struct endpoint endpoint = { .name = { "billing", 7 } };
static struct step step = { .id = { "bill", 4 }, .endpoint = &endpoint };
static struct workflow workflow = {
    .refs = { 1 << 30 }, .owner = &plan, .id = { "invoice", 7 }, .def = &definition, .steps = &step, .n_steps = 1,
};

static void die(const struct err *e)
{
    fprintf(stderr, "bench/store: %s\n", e->text);
    exit(1);
}

/* Like a webhook: JSON with names that repeat and ids that do not; lz4 makes a third of it. */
static struct slice make_body(char *out, size_t bytes)
{
    size_t len = 0;
    unsigned char noise[8];

    while (len + 200 < bytes) {
        random_bytes(noise, sizeof noise);
        len += (size_t)sprintf(out + len,
                               "{\"id\":%u,\"node_id\":\"%02x%02x%02x%02x\",\"url\":\"https://api.example.com/repos/"
                               "octo/hello/commits/%02x%02x%02x\","
                               "\"author\":{\"name\":\"Monalisa\",\"email\":\"mona@example.com\"}},",
                               noise[0] * 7919u, noise[1], noise[2], noise[3], noise[4], noise[5], noise[6], noise[7]);
    }
    return slice_of(out, len);
}

/* Bodies are made once, so that making them is not what is measured. */
#define POOL 256
static struct event *pool[POOL];

static void make_pool(size_t bytes)
{
    char *memory = mem_alloc(bytes + 400);
    struct event_packer *packer = event_packer_new();

    for (int i = 0; i < POOL; i++) {
        struct slice body = make_body(memory, bytes);
        struct event ev = { .source = SLICE("github"), .type = SLICE("github.push"), .body = body, .data = body,
                            .delivery_key = SLICE("72d3162e-cc78-11e3-81ab-4c9367dc0958"),
                            .content_type = SLICE("application/json"),
                            .headers = SLICE("User-Agent: GitHub-Hookshot/044aadd\nX-GitHub-Event: push\n"
                                             "X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958\n"),
                            .decisions = SLICE("[{\"workflow\":\"invoice\",\"started\":true}]") };
        event_unref(pool[i]);
        pool[i] = event_make(&ev, packer);
    }
    free(memory);
}

static struct event *next_event(void)
{
    static unsigned turn;
    struct event ev = *pool[turn++ % POOL];

    ev.id = id_new();
    ev.time_us = clock_wall_us();
    return event_make(&ev, NULL);
}

struct batch {
    struct append *appends;
    struct new_run *runs;
    size_t count;
};

static struct batch make_batch(size_t n)
{
    struct batch b = { mem_zalloc(n * sizeof *b.appends), mem_zalloc(n * sizeof *b.runs), n };
    unsigned char *hashes = mem_alloc(n * 16);

    random_bytes(hashes, n * 16);
    for (size_t i = 0; i < n; i++) {
        struct event *ev = next_event();
        b.runs[i] = (struct new_run){ id_new(), &workflow };
        b.appends[i] = (struct append){ .event = ev, .dedupe = true, .runs = &b.runs[i], .n_runs = 1,
                                        .dedupe_until_us = ev->time_us + 7 * 86400 * US_PER_S };
        memcpy(b.appends[i].dedupe_hash, hashes + 16 * i, 16);
    }
    free(hashes);
    return b;
}

static void free_batch(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        event_unref(b->appends[i].event);
    free(b->appends);
    free(b->runs);
}

static void write_batch(struct store *st, struct batch *b)
{
    struct err e;

    if (store_begin(st, true, &e))
        die(&e);
    for (size_t i = 0; i < b->count; i++) {
        if (store_append(st, &b->appends[i], NULL, NULL, NULL, &e))
            die(&e);
    }
    store_prune(st, b->appends[0].event->time_us);
    if (store_commit(st, &e))
        die(&e);
}

static double thread_cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double file_mb(const char *path, const char *suffix)
{
    char name[4200];
    struct stat st;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) ? 0 : (double)st.st_size / 1e6;
}

static void measure(struct store *st, const char *path, const char *what)
{
    size_t batches = options.events / options.batch, checkpoints = 0;
    int64_t *times = mem_alloc(batches * sizeof *times), total_us = 0, checkpoint_us = 0, checkpoint_max = 0;
    double cpu_us = 0, wal_max = 0;

    make_pool(options.body);
    for (size_t i = 0; i < batches; i++) {
        struct batch b = make_batch(options.batch);
        int64_t began = clock_mono_us(), checked;
        double cpu = thread_cpu_us();
        write_batch(st, &b);
        checked = clock_mono_us();
        bool done = store_checkpoint(st, false);
        times[i] = clock_mono_us() - began;
        cpu_us += thread_cpu_us() - cpu;
        total_us += times[i];
        checkpoints += done;
        checked = clock_mono_us() - checked;
        checkpoint_us += done ? checked : 0;
        if (done && checked > checkpoint_max)
            checkpoint_max = checked;
        if (file_mb(path, "-wal") > wal_max)
            wal_max = file_mb(path, "-wal");
        free_batch(&b);
    }
    qsort(times, batches, sizeof *times, compare);
    printf("%-9s %7.0f events/s  cpu %5.1f us  wall %5.1f us an event | batch of %zu: p50 %.2f p99 %.2f max %.2f ms | "
           "%zu checkpoints, mean %.1f max %.1f ms | db %.0f MB log %.0f MB\n",
           what, (double)(batches * options.batch) * 1e6 / (double)total_us, cpu_us / (double)(batches * options.batch),
           (double)total_us / (double)(batches * options.batch), options.batch, (double)times[batches / 2] / 1e3,
           (double)times[batches * 99 / 100] / 1e3, (double)times[batches - 1] / 1e3, checkpoints,
           checkpoints ? (double)checkpoint_us / 1e3 / (double)checkpoints : 0, (double)checkpoint_max / 1e3,
           file_mb(path, ""), wal_max);
    free(times);
}

/* Small bodies: it is the number of rows that counts. */
static void fill(struct store *st)
{
    make_pool(300);
    for (size_t i = 0; i < options.fill; i += 1000) {
        struct batch b = make_batch(1000);
        write_batch(st, &b);
        store_checkpoint(st, false);
        free_batch(&b);
    }
}

static void remove_files(const char *path)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
    char name[4200];

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static void read_options(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "d:f:n:b:s:")) != -1) {
        size_t n = optarg ? strtoul(optarg, NULL, 10) : 0;
        switch (c) {
        case 'd': options.dir = optarg; break;
        case 'f': options.fill = n; break;
        case 'n': options.events = n; break;
        case 'b': options.batch = n; break;
        case 's': options.body = n; break;
        default: exit(2);
        }
    }
    if (!options.batch || options.events < options.batch) {
        fprintf(stderr, "bench/store: -b is at least 1, -n at least -b\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    char path[4096], url[4120];
    struct err e;

    read_options(argc, argv);
    snprintf(path, sizeof path, "%s/bench-store.db", options.dir);
    snprintf(url, sizeof url, "sqlite:%s", path);
    remove_files(path);
    struct store_settings s = { .url = url, .refused_rows = 10000, .refused_bytes = 1 << 28 };
    struct store *st = store_open(&s, &e);
    if (!st)
        die(&e);
    measure(st, path, "empty");
    if (options.fill) {
        fill(st);
        measure(st, path, "filled");
        store_close(st);
        int64_t began = clock_mono_us();
        st = store_open(&s, &e);
        if (!st)
            die(&e);
        printf("opened again in %.2f s\n", (double)(clock_mono_us() - began) / 1e6);
    }
    store_close(st);
    remove_files(path);
    return 0;
}
