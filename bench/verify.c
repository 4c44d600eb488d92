/* bench/verify.c - what verifying costs: nanoseconds a delivery by scheme and size, beside bare OpenSSL on the same bytes,
 * and with one source and a thousand: bench/verify [--seconds S]. Prints JSON. See bench/verify.mjs. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/judge.h"
#include "verify/verifier.h"

#define FATAL(what) (fprintf(stderr, "bench/verify: %s\n", what), exit(1))
#define NOW_US (INT64_C(1700000000) * US_PER_S)

static double seconds = 0.3;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What is timed; false: it went wrong. */
typedef bool (*job)(void *arg);

#define BATCHES_MAX 4000

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double batch_ns(job run, void *arg, unsigned long n)
{
    double start = now_s();

    for (unsigned long i = 0; i < n; i++)
        if (!run(arg))
            FATAL("what is measured fails");
    return (now_s() - start) / (double)n * 1e9;
}

/* Two jobs in turns of some 100 microseconds, so that what else happens on the machine happens to both; the medians of
 * their turns. The second may be NULL. */
static void time_pair(job first, void *first_arg, job second, void *second_arg, double *first_ns, double *second_ns)
{
    static double of_first[BATCHES_MAX], of_second[BATCHES_MAX];
    double once = batch_ns(first, first_arg, 200), until = now_s() + seconds;
    unsigned long n = once < 100e3 ? (unsigned long)(100e3 / once) + 1 : 1;
    size_t count = 0;

    while (count < BATCHES_MAX && now_s() < until) {
        of_first[count] = batch_ns(first, first_arg, n);
        of_second[count++] = second ? batch_ns(second, second_arg, n) : 0;
    }
    qsort(of_first, count, sizeof *of_first, by_size);
    qsort(of_second, count, sizeof *of_second, by_size);
    *first_ns = of_first[count / 2];
    *second_ns = of_second[count / 2];
}

/* ---- one verification ---- */

#define IN_HEADER(name) "signature: {in: header, name: " name "}\n"
#define HMAC_OF(hash) "scheme: hmac\nhash: " hash "\nencoding: hex\n"
enum key_kind { KEY_SHARED, KEY_ED25519, KEY_EC, KEY_RSA };
enum bare_kind { BARE_NONE, BARE_HMAC, BARE_HASH, BARE_PUBLIC };

static const struct {
    const char *name, *yaml;
    enum key_kind key;
    enum bare_kind bare;
    const char *hash;
} cases[] = {
    { "hmac sha256, {body}", HMAC_OF("sha256") IN_HEADER("X-Hub-Signature-256") "signed_content: ['{body}']\n", KEY_SHARED,
      BARE_HMAC, "SHA2-256" },
    { "hmac sha256, {timestamp}.{body}, pairs",
      HMAC_OF("sha256") "signature: {in: header, name: Stripe-Signature, format: pairs, separator: ',', kv: '=', key: v1, "
                        "timestamp_key: t}\ntimestamp: {in: signature, tolerance_s: 300}\n"
                        "signed_content: ['{timestamp}.{body}']\n",
      KEY_SHARED, BARE_HMAC, "SHA2-256" },
    { "hmac sha1, {url}{body}", HMAC_OF("sha1") IN_HEADER("X-Signature") "signed_content: ['{url}{body}']\n", KEY_SHARED,
      BARE_HMAC, "SHA1" },
    { "hmac sha512, {body}", HMAC_OF("sha512") IN_HEADER("X-Signature") "signed_content: ['{body}']\n", KEY_SHARED,
      BARE_HMAC, "SHA2-512" },
    { "digest sha256, {secret}{body}",
      "scheme: digest\nhash: sha256\nencoding: hex\n" IN_HEADER("X-Signature") "signed_content: ['{secret}{body}']\n",
      KEY_SHARED, BARE_HASH, "SHA2-256" },
    { "ed25519, {timestamp}{body}",
      "scheme: ed25519\nencoding: hex\n" IN_HEADER("X-Signature-Ed25519")
          "timestamp: {in: header, name: X-Signature-Timestamp}\nsigned_content: ['{timestamp}{body}']\n",
      KEY_ED25519, BARE_PUBLIC, NULL },
    { "ecdsa-p256, {timestamp}{body}",
      "scheme: ecdsa-p256\nhash: sha256\nencoding: base64\n" IN_HEADER("X-Signature")
          "timestamp: {in: header, name: X-Signature-Timestamp}\nsigned_content: ['{timestamp}{body}']\n",
      KEY_EC, BARE_PUBLIC, "SHA2-256" },
    { "rsa 2048, {body}",
      "scheme: rsa\nhash: sha256\nencoding: base64\n" IN_HEADER("X-Signature") "signed_content: ['{body}']\n", KEY_RSA,
      BARE_PUBLIC, "SHA2-256" },
    { "jwt HS256 with a digest of the body",
      "scheme: jwt\n" IN_HEADER("X-Token") "jwt: {algs: [HS256], body_claim: sha256, body_hash: sha256, body_encoding: hex}\n",
      KEY_SHARED, BARE_NONE, NULL },
    { "token", "scheme: token\n" IN_HEADER("X-Token"), KEY_SHARED, BARE_NONE, NULL },
    { "basic", "scheme: basic\nsignature: {in: header, name: Authorization, prefix: 'Basic '}\n", KEY_SHARED, BARE_NONE,
      NULL },
};
#define NCASES (sizeof cases / sizeof cases[0])

static const struct header usual[] = {
    { { "Host", 4 }, { "hooks.example.com", 17 } },
    { { "User-Agent", 10 }, { "GitHub-Hookshot/044aadd", 23 } },
    { { "Content-Length", 14 }, { "7168", 4 } },
    { { "Accept", 6 }, { "*/*", 3 } },
    { { "Content-Type", 12 }, { "application/json", 16 } },
    { { "X-GitHub-Delivery", 17 }, { "72d3162e-cc78-11e3-81ab-4c9367dc0958", 36 } },
    { { "X-GitHub-Event", 14 }, { "push", 4 } },
    { { "X-GitHub-Hook-ID", 16 }, { "292430182", 9 } },
    { { "X-GitHub-Hook-Installation-Target-ID", 36 }, { "79929171", 8 } },
    { { "X-GitHub-Hook-Installation-Target-Type", 38 }, { "repository", 10 } },
};
#define NUSUAL (sizeof usual / sizeof usual[0])

struct one {
    struct verifier *verifier;
    struct delivery delivery;
    struct header headers[NUSUAL + 8];
    struct reading reading;
    struct verify_scratch *scratch;
    struct verdict verdict;
};

static bool verify_once(void *arg)
{
    struct one *o = arg;

    reading_start(&o->reading, &o->delivery, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    verify_delivery(o->verifier, &o->reading, NOW_US, o->scratch, &o->verdict);
    return o->verdict.result == VERIFY_ACCEPT;
}

static char *make_pem(enum key_kind kind)
{
    EVP_PKEY *k = kind == KEY_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                  : kind == KEY_EC    ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                                      : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    BIO *out = BIO_new(BIO_s_mem());
    char *data, *text;
    long len;

    if (!k || !PEM_write_bio_PrivateKey(out, k, NULL, NULL, 0, NULL, NULL))
        FATAL("no key");
    len = BIO_get_mem_data(out, &data);
    text = slice_dup_z(slice_of(data, (size_t)len));
    BIO_free(out);
    EVP_PKEY_free(k);
    return text;
}

static struct provider *make_provider(const char *yaml)
{
    struct issues is;
    struct tree t;
    struct provider *p = NULL;

    issues_init(&is);
    if (tree_read(&t, "bench.yaml", NULL, slice_z(yaml), &is) == 0) {
        p = provider_load(&t, 0, &is);
        tree_clear(&t);
    }
    issues_clear(&is);
    if (!p)
        FATAL("a provider does not load");
    return p;
}

static char *make_body(size_t len)
{
    char *body = mem_alloc(len + 1);

    memset(body, 'x', len);
    memcpy(body, "{\"a\":\"", 6);
    memcpy(body + len - 2, "\"}", 3);
    return body;
}

static void sign(struct one *o)
{
    struct signed_request right;
    struct arena *forever = mem_zalloc(sizeof *forever);
    struct err e;

    arena_init(forever);
    memcpy(o->headers, usual, sizeof usual);
    o->delivery.headers = o->headers;
    o->delivery.n_headers = NUSUAL;
    reading_start(&o->reading, &o->delivery, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    if (verify_sign(o->verifier, &o->reading, NOW_US, o->scratch, &right, &e))
        FATAL(e.text);
    for (size_t i = 0; i < right.n_headers; i++)
        o->headers[o->delivery.n_headers++] = (struct header){ arena_slice(forever, right.headers[i].name),
                                                               arena_slice(forever, right.headers[i].value) };
}

/* ---- bare OpenSSL ---- */

struct bare {
    enum bare_kind kind;
    const char *hash;
    struct slice message;
    EVP_MAC_CTX *mac;
    EVP_MD_CTX *md;
    EVP_MD *fetched;
    EVP_PKEY *key;
    unsigned char signature[512];
    size_t signature_len;
};

static bool bare_once(void *arg)
{
    struct bare *b = arg;
    unsigned char out[64];
    const unsigned char *message = (const unsigned char *)b->message.ptr;
    unsigned int md_len;
    size_t len;

    switch (b->kind) {
    case BARE_HMAC:
        return EVP_MAC_init(b->mac, NULL, 0, NULL) && EVP_MAC_update(b->mac, message, b->message.len) &&
               EVP_MAC_final(b->mac, out, &len, sizeof out);
    case BARE_HASH:
        return EVP_DigestInit_ex2(b->md, b->fetched, NULL) && EVP_DigestUpdate(b->md, message, b->message.len) &&
               EVP_DigestFinal_ex(b->md, out, &md_len);
    case BARE_PUBLIC:
        EVP_MD_CTX_reset(b->md);
        return EVP_DigestVerifyInit_ex(b->md, NULL, b->hash, NULL, NULL, b->key, NULL) == 1 &&
               EVP_DigestVerify(b->md, b->signature, b->signature_len, message, b->message.len) == 1;
    case BARE_NONE:
        break;
    }
    return false;
}

static void bare_make(struct bare *b, const char *secret)
{
    b->md = EVP_MD_CTX_new();
    if (b->kind == BARE_HMAC) {
        EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", (char *)b->hash, 0), OSSL_PARAM_construct_end() };
        b->mac = EVP_MAC_CTX_new(mac);
        EVP_MAC_free(mac);
        if (!EVP_MAC_init(b->mac, (const unsigned char *)secret, strlen(secret), params))
            FATAL("no HMAC");
    } else if (b->kind == BARE_HASH) {
        b->fetched = EVP_MD_fetch(NULL, b->hash, NULL);
    } else {
        BIO *in = BIO_new_mem_buf(secret, -1);
        b->key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
        BIO_free(in);
        b->signature_len = sizeof b->signature;
        if (!EVP_DigestSignInit_ex(b->md, NULL, b->hash, NULL, NULL, b->key, NULL) ||
            !EVP_DigestSign(b->md, b->signature, &b->signature_len, (const unsigned char *)b->message.ptr, b->message.len))
            FATAL("cannot sign");
    }
}

static void bare_free(struct bare *b)
{
    EVP_MAC_CTX_free(b->mac);
    EVP_MD_CTX_free(b->md);
    EVP_MD_free(b->fetched);
    EVP_PKEY_free(b->key);
}

static void bench_case(size_t i, size_t size)
{
    char *pem = cases[i].key == KEY_SHARED ? NULL : make_pem(cases[i].key);
    const char *text = pem ? pem : "user:a bench secret that is long enough";
    struct secret secret = { (char *)text, strlen(text), (char *)"bench" };
    struct provider *p = make_provider(cases[i].yaml);
    char *body = make_body(size);
    struct one o = { .scratch = verify_scratch_new() };
    struct bare b = { .kind = cases[i].bare, .hash = cases[i].hash, .message = slice_of(body, size) };
    struct err e;
    double ours, bare;

    reading_init(&o.reading);
    o.delivery = (struct delivery){ .method = SLICE("POST"), .path = SLICE("/webhooks/bench"), .body = slice_of(body, size),
                                    .url = SLICE("https://hooks.example.com/webhooks/bench") };
    o.verifier = verifier_new(p, &secret, 1, NULL, 0, &e);
    if (!o.verifier)
        FATAL(e.text);
    sign(&o);
    if (b.kind != BARE_NONE)
        bare_make(&b, text);
    time_pair(verify_once, &o, b.kind == BARE_NONE ? NULL : bare_once, &b, &ours, &bare);
    bare_free(&b);
    printf("{\"scheme\":\"%s\",\"bytes\":%zu,\"ns\":%.0f,\"bare\":%.0f}\n", cases[i].name, size, ours, bare);
    reading_clear(&o.reading);
    verifier_free(o.verifier);
    provider_free(p);
    verify_scratch_free(o.scratch);
    free(body);
    free(pem);
}

/* ---- many sources ---- */

struct many {
    struct plan *plan;
    struct judge *judge;
    struct delivery delivery;
    struct header (*headers)[NUSUAL + 1];
    size_t n, at;
};

/* The way of a delivery from its path to a judgement. */
static bool judge_once(void *arg)
{
    struct many *m = arg;
    struct judgement j;
    char name[32];
    size_t i = m->at = (m->at * 1103515245 + 12345) % m->n;

    snprintf(name, sizeof name, "s%zu", i);
    m->delivery.headers = m->headers[i];
    m->delivery.n_headers = NUSUAL + 1;
    judge_delivery(m->judge, m->plan, plan_source(m->plan, slice_z(name)), &m->delivery, &j);
    return j.what == JUDGE_STORE;
}

static struct plan *make_plan(const char *dir, size_t n)
{
    char path[4096];
    struct issues is;
    struct plan *plan;

    snprintf(path, sizeof path, "%s/many.yaml", dir);
    FILE *f = fopen(path, "w");
    if (!f)
        FATAL("cannot write a configuration");
    fprintf(f, "listen: {ingest: '127.0.0.1:0', admin: '127.0.0.1:0'}\nstore: 'sqlite:many.db'\nsources:\n");
    for (size_t i = 0; i < n; i++)
        fprintf(f, "  s%zu: {provider: github, secrets: [{value: 'the secret of source %zu'}]}\n", i, i);
    fclose(f);
    issues_init(&is);
    plan = plan_load(path, &is);
    issues_clear(&is);
    unlink(path);
    if (!plan)
        FATAL("no plan");
    return plan;
}

static void sign_for(struct many *m, struct provider *github, size_t i)
{
    struct one o = { .scratch = verify_scratch_new(), .delivery = m->delivery };
    char text[64];
    struct err e;

    snprintf(text, sizeof text, "the secret of source %zu", i);
    o.verifier = verifier_new(github, &(struct secret){ text, strlen(text), (char *)"bench" }, 1, NULL, 0, &e);
    reading_init(&o.reading);
    sign(&o);
    memcpy(m->headers[i], o.headers, sizeof m->headers[i]);
    reading_clear(&o.reading);
    verifier_free(o.verifier);
    verify_scratch_free(o.scratch);
}

static void many_make(struct many *m, const char *dir, size_t n, struct provider *github, char *body)
{
    *m = (struct many){ .plan = make_plan(dir, n), .judge = judge_new(), .n = n,
                        .delivery = { .method = SLICE("POST"), .path = SLICE("/webhooks/s"), .body = slice_of(body, 1024) } };
    m->headers = mem_zalloc(n * sizeof *m->headers);
    for (size_t i = 0; i < n; i++)
        sign_for(m, github, i);
}

static void many_free(struct many *m)
{
    judge_free(m->judge);
    plan_unref(m->plan);
    free(m->headers);
}

static void bench_many(const char *dir)
{
    struct issues is;
    char *body = make_body(1024);
    struct many one, thousand;
    double of_one, of_thousand;

    issues_init(&is);
    struct provider *github = provider_open(SLICE("github"), &is);
    many_make(&one, dir, 1, github, body);
    many_make(&thousand, dir, 1000, github, body);
    time_pair(judge_once, &one, judge_once, &thousand, &of_one, &of_thousand);
    printf("{\"sources\":1,\"ns\":%.0f}\n{\"sources\":1000,\"ns\":%.0f}\n", of_one, of_thousand);
    many_free(&one);
    many_free(&thousand);
    provider_free(github);
    issues_clear(&is);
    free(body);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/hooklatch-bench-XXXXXX";

    if (argc == 3 && strcmp(argv[1], "--seconds") == 0)
        seconds = atof(argv[2]);
    for (size_t i = 0; i < NCASES; i++) {
        bench_case(i, 1024);
        bench_case(i, 7168);
    }
    if (!mkdtemp(dir))
        FATAL("no folder");
    bench_many(dir);
    rmdir(dir);
    return 0;
}
