/* One verifier, several threads: each has its own scratch and reading, the verifier and its keys are shared. */
#include "arena.h"
#include "flip.h"
#include "pkey.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 60

struct worker {
    pthread_t thread;
    const struct fixture *shared;
    bool right; /* what it sends is valid */
    unsigned surprises;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct verify_scratch *s = verify_scratch_new();
    struct delivery d = w->shared->delivery;
    struct reading r;
    struct verdict out;

    reading_init(&r);
    if (!w->right)
        d.body = SLICE("{\"a\":2}");
    for (int i = 0; i < ROUNDS; i++) {
        reading_start(&r, &d, SLICE_NONE, &JSON_LIMITS_DEFAULT);
        verify_delivery(w->shared->verifier, &r, NOW_US, s, &out);
        w->surprises += out.result != (w->right ? VERIFY_ACCEPT : VERIFY_REJECT);
    }
    reading_clear(&r);
    verify_scratch_free(s);
    return NULL;
}

static void share(const char *yaml, const char *secret, const char *checked_with)
{
    struct worker workers[THREADS] = { 0 };
    struct fixture f;

    start_flips(&f, &arena, yaml, secret, checked_with, SLICE("{\"a\":1}"), false);
    for (int i = 0; i < THREADS; i++) {
        workers[i].shared = &f;
        workers[i].right = i % 2 == 0;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].surprises, 0);
    }
    fixture_clear(&f);
}

#define SIGNED "encoding: base64\nsignature: {name: X-Sig}\nsigned_content: ['{header:X-Id}{body}']\n"

static void every_scheme(void **state)
{
    EVP_PKEY *ed25519 = new_ed25519(), *p256 = new_p256(), *rsa = new_rsa(2048);
    (void)state;
    share("scheme: hmac\nhash: sha256\n" SIGNED, "secret", NULL);
    share("scheme: hmac\nhash: sha1\n" SIGNED "variants:\n  - {when: {json_present: [/a]}, set: {hash: sha512}}\n", "secret",
          NULL);
    share("scheme: ed25519\n" SIGNED, private_pem(&arena, ed25519), public_pem(&arena, ed25519));
    share("scheme: ecdsa-p256\nhash: sha256\n" SIGNED, private_pem(&arena, p256), public_pem(&arena, p256));
    share("scheme: rsa\nhash: sha256\n" SIGNED, private_pem(&arena, rsa), public_pem(&arena, rsa));
    share("scheme: jwt\nsignature: {name: T}\njwt: {algs: [PS256], body_claim: b, body_hash: sha256}\n",
          private_pem(&arena, rsa), public_pem(&arena, rsa));
    EVP_PKEY_free(ed25519);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(rsa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_scheme, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
