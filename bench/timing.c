/* bench/timing - does the time that a refusal takes tell how much of the value was right?
 *     bench/timing [SAMPLES]        of each kind; 100000
 *
 * A stranger who can tell a value that is wrong in its first byte from one that is wrong in its last guesses it byte by byte. For
 * each scheme that compares with a secret: values wrong in the first, the middle and the last byte, in random order, in the
 * same memory; Welch's t-test between each two kinds. Slow outliers (interrupts) are left out by one limit for all kinds.
 *
 * |t| above T_MAX (by chance less likely than one in 10^10) with means that differ by NS_MIN or more fails: one or two cycles
 * come and go with the place of a byte in memory; a comparison by memcmp shows as 1 to 7 ns. What fails is measured once more
 * before it is believed. The control, a comparison that stops at the first difference, has to fail, or the test has seen nothing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/codec.h"
#include "verify/verifier.h"

#define T_MAX 7.0
#define NS_MIN 0.7
#define KINDS 3
#define BATCH 8    /* comparisons in one sample: the clock itself takes as long as one */
#define KEEP 0.8   /* of all samples, the fastest */
#define VALUE_MAX 2048
#define NOW_US (INT64_C(1700000000) * US_PER_S)

static const char *const kind_names[KINDS] = { "first", "middle", "last" };

/* A 256-byte secret, so that a comparison has something to do. */
#define TEN "aZ3kQ9mB1x"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define SECRET "user:" HUNDRED HUNDRED TEN TEN TEN TEN TEN "p"

static const struct scheme_case {
    const char *name, *yaml;
    size_t from;     /* where what is compared begins: behind a prefix */
    bool token_tail; /* only what follows the last '.' is compared */
} cases[] = {
    { "token", "scheme: token\nsignature: {name: X}\n", .from = 0 },
    { "basic", "scheme: basic\nsignature: {name: X, prefix: 'Basic '}\n", .from = 6 },
    { "hmac hex", "scheme: hmac\nhash: sha512\nencoding: hex\nsignature: {name: X}\nsigned_content: ['{body}']\n", .from = 0 },
    { "hmac hex any case",
      "scheme: hmac\nhash: sha512\nencoding: hex\nhex_case: any\nsignature: {name: X}\nsigned_content: ['{body}']\n", .from = 0 },
    { "hmac base64", "scheme: hmac\nhash: sha512\nencoding: base64\nsignature: {name: X}\nsigned_content: ['{body}']\n",
      .from = 0 },
    { "digest hex",
      "scheme: digest\nhash: sha512\nencoding: hex\nsignature: {name: X}\nsigned_content: ['{secret}{body}']\n", .from = 0 },
    { "jwt HS512", "scheme: jwt\nsignature: {name: X}\njwt: {algs: [HS512]}\n", .token_tail = true },
};

struct bench {
    struct provider *provider;
    struct verifier *verifier;
    struct verify_scratch *scratch;
    struct reading reading;
    struct header header;
    struct delivery delivery;
    char right[VALUE_MAX], value[VALUE_MAX];
    size_t from, len; /* of the bytes of right that are compared */
    bool control;
};

static void die(const char *what)
{
    fprintf(stderr, "timing: %s\n", what);
    exit(2);
}

static void bench_init(struct bench *b, const struct scheme_case *c)
{
    struct secret secret = { (char *)SECRET, sizeof SECRET - 1, (char *)"bench" };
    struct signed_request right;
    struct issues is;
    struct err e;
    struct tree t;

    memset(b, 0, sizeof *b);
    issues_init(&is);
    if (tree_read(&t, c->name, NULL, slice_z(c->yaml), &is) || !(b->provider = provider_load(&t, 0, &is)))
        die("a provider is refused");
    tree_clear(&t);
    issues_clear(&is);
    b->verifier = verifier_new(b->provider, &secret, 1, NULL, 0, &e);
    if (!b->verifier)
        die(e.text);
    b->scratch = verify_scratch_new();
    reading_init(&b->reading);
    b->delivery = (struct delivery){ .method = SLICE("POST"), .path = SLICE("/"), .body = SLICE("{}") };
    reading_start(&b->reading, &b->delivery, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    if (verify_sign(b->verifier, &b->reading, NOW_US, b->scratch, &right, &e) || right.headers[0].value.len > VALUE_MAX)
        die("cannot sign");
    b->header = (struct header){ SLICE("X"), slice_of(b->value, right.headers[0].value.len) };
    b->delivery.headers = &b->header;
    b->delivery.n_headers = 1;
    memcpy(b->right, right.headers[0].value.ptr, b->header.value.len);
    memcpy(b->value, b->right, b->header.value.len);
    b->from = c->token_tail ? (size_t)((char *)memrchr(b->right, '.', b->header.value.len) - b->right + 1) : c->from;
    b->len = b->header.value.len - b->from;
}

static void bench_clear(struct bench *b)
{
    reading_clear(&b->reading);
    verify_scratch_free(b->scratch);
    verifier_free(b->verifier);
    provider_free(b->provider);
}

static bool accepts(struct bench *b)
{
    struct verdict out;

    reading_start(&b->reading, &b->delivery, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    verify_delivery(b->verifier, &b->reading, NOW_US, b->scratch, &out);
    return out.result == VERIFY_ACCEPT;
}

/* What must not be: it stops at the first difference. */
static __attribute__((noinline)) bool leaks(const struct bench *b)
{
    volatile const char *x = b->value, *y = b->right;

    for (size_t i = 0; i < b->from + b->len; i++)
        if (x[i] != y[i])
            return false;
    return true;
}

/* Another byte of the same kind, 0 when there is none: what decoding costs depends on the kinds of the bytes that were sent, of
 * which the sender knows all. */
static char other(char c)
{
    bool next = (c >= 'A' && c <= 'Y') || (c >= 'a' && c <= 'y' && c != 'f') || (c >= '0' && c <= '8'); /* f: hex ends */

    return next ? (char)(c + 1) : '\0';
}

/* The value with one byte changed, not among the last four: there base64 has bits that do not count. */
static void spoil(struct bench *b, int kind)
{
    size_t at = b->from + (kind == 0 ? 0 : kind == 1 ? b->len / 2 : b->len - 12);

    memcpy(b->value, b->right, b->from + b->len);
    while (!other(b->value[at]))
        at++;
    b->value[at] = other(b->value[at]);
}

static double sample(struct bench *b, int kind)
{
    struct timespec start, end;
    bool any = false;

    spoil(b, kind);
    any |= b->control ? leaks(b) : accepts(b); /* the byte that was just written is in no queue of the processor's any more */
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < BATCH; i++)
        any |= b->control ? leaks(b) : accepts(b);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (any)
        die("a wrong value is accepted");
    return (double)((end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec) / BATCH;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

struct moments {
    double n, mean, m2;
};

static void add(struct moments *m, double x)
{
    double delta = x - m->mean;

    m->n++;
    m->mean += delta / m->n;
    m->m2 += delta * (x - m->mean);
}

static double welch(const struct moments *a, const struct moments *b)
{
    double error = a->m2 / (a->n - 1) / a->n + b->m2 / (b->n - 1) / b->n;

    return error > 0 ? (a->mean - b->mean) / sqrt(error) : 0;
}

struct difference {
    double t, ns; /* the largest between two kinds */
};

static struct difference largest(const struct moments kinds[KINDS])
{
    struct difference d = { 0, 0 };

    for (int x = 0; x < KINDS; x++) {
        for (int y = x + 1; y < KINDS; y++) {
            d.t = fmax(d.t, fabs(welch(&kinds[x], &kinds[y])));
            d.ns = fmax(d.ns, fabs(kinds[x].mean - kinds[y].mean));
        }
    }
    return d;
}

static void measure(struct bench *b, size_t samples, struct moments kinds[KINDS])
{
    size_t n = KINDS * samples;
    double *taken = mem_alloc(n * sizeof *taken), *sorted = mem_alloc(n * sizeof *sorted), limit;
    unsigned char *kind = mem_alloc(n);
    unsigned seed = 1;

    for (size_t i = 0; i < n; i++) {
        kind[i] = (unsigned char)(rand_r(&seed) / 64 % KINDS);
        taken[i] = sample(b, kind[i]);
    }
    memcpy(sorted, taken, n * sizeof *taken);
    qsort(sorted, n, sizeof *sorted, by_size);
    limit = sorted[(size_t)(KEEP * (double)n)];
    memset(kinds, 0, KINDS * sizeof *kinds);
    for (size_t i = n / 100; i < n; i++) /* without the first, while caches fill */
        if (taken[i] <= limit)
            add(&kinds[kind[i]], taken[i]);
    free(taken);
    free(sorted);
    free(kind);
}

/* Does the time tell? */
static bool tells(const char *name, struct bench *b, size_t samples)
{
    for (int again = 0;; again++) {
        struct moments kinds[KINDS];
        struct difference d;
        measure(b, samples, kinds);
        d = largest(kinds);
        bool yes = d.t > T_MAX && d.ns >= NS_MIN;
        printf("| %-18s |", name);
        for (int k = 0; k < KINDS; k++)
            printf(" %8.2f |", kinds[k].mean);
        printf(" %8.2f | %8.2f | %s |\n", d.ns, d.t, yes ? "yes" : "no");
        if (!yes || again || b->control)
            return yes;
    }
}

int main(int argc, char **argv)
{
    long asked = argc > 1 ? atol(argv[1]) : 100000;
    size_t samples = asked >= 1000 ? (size_t)asked : 1000;
    bool failed = false;
    struct bench b;

    printf("ns of a refusal by where the value differs, %zu samples a kind; |t| above %.0f and %.1f ns tell\n\n", samples, T_MAX,
           NS_MIN);
    printf("| scheme             |");
    for (int k = 0; k < KINDS; k++)
        printf(" %8s |", kind_names[k]);
    printf("  max ns  |  max |t| | tells |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_init(&b, &cases[i]);
        if (!accepts(&b))
            die("the right value is refused");
        failed |= tells(cases[i].name, &b, samples);
        bench_clear(&b);
    }
    bench_init(&b, &cases[0]);
    b.control = true;
    if (!tells("control (leaks)", &b, samples)) {
        printf("\nThe control was not seen: this machine is too noisy to tell anything.\n");
        failed = true;
    }
    bench_clear(&b);
    printf("\n%s\n", failed ? "FAILED" : "The time of a refusal tells nothing of the value.");
    return failed;
}
