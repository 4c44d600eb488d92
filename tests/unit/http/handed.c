/* Secrets that were handed over: which verifier a thread gets, from the commit on, over reloads, and when all come at once. */
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "http/handed.h"
#include "tests/unit/plan/folder.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER_KEY "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SENDER                                                                                                         \
    "verify: {scheme: hmac, hash: sha256, encoding: hex, signature: {in: header, name: X-S}, signed_content: "         \
    "[\"{body}\"], handshakes: [{name: first, signed: \"no\", when: {header_present: [X-H]}, secret: {in: header, name: X-H}, "   \
    "response: {status: 200}}]}, event: {type: tasks}"

static struct plan *load(const char *key, const char *secrets)
{
    struct buf text, said;

    buf_init(&text, 65536);
    buf_init(&said, 65536);
    buf_printf(&text,
               "listen: {ingest: \"127.0.0.1:8080\"}\nstore: \"sqlite:x.db\"\nsecrets_key: {value: \"%s\"}\n"
               "sources:\n  tasks: {" SENDER ", secrets: %s}\n  other: {" SENDER ", secrets: handshake}\n",
               key, secrets);
    folder_write("c.yaml", buf_slice(&text));
    struct plan *p = folder_load("c.yaml", &said);
    if (!p)
        fail_msg("%s", text_of(&said));
    buf_clear(&text);
    buf_clear(&said);
    return p;
}

static struct source *tasks(const struct plan *p)
{
    return plan_source(p, SLICE("tasks"));
}

static void take(struct handed *h, struct plan *p)
{
    struct err e;

    if (handed_take_plan(h, p, &e))
        fail_msg("%s", e.text);
}

/* A row as the store would have it. */
static struct handed_row row_of(const struct plan *p, const char *secret, struct buf *sealed)
{
    struct err e;

    buf_init(sealed, 4096);
    assert_int_equal(handed_seal(p, tasks(p), slice_z(secret), sealed, &e), 0);
    return (struct handed_row){ SLICE("tasks"), buf_slice(sealed), SLICE("first"), SLICE("192.0.2.1"), 1234567 };
}

static bool waits(const struct plan *p)
{
    struct handed_use *u = handed_use(tasks(p)->handed, p, tasks(p));
    bool none = u == NULL;

    if (u)
        assert_false(verifier_waits(handed_verifier(u)));
    assert_int_equal(handed_waits(tasks(p)->handed), none);
    handed_unuse(u);
    return none;
}

static void assert_shows(const struct plan *p, const char *secret)
{
    struct buf out;

    buf_init(&out, 4096);
    assert_int_equal(handed_show(tasks(p)->handed, &out), secret != NULL);
    if (secret)
        assert_true(slice_eq_z(buf_slice(&out), secret));
    buf_clear(&out);
}

static void test_from_nothing_to_a_secret_and_back(void **state)
{
    struct plan *p = load(KEY, "handshake");
    struct handed *h = handed_new(NULL, 0);
    struct buf sealed;
    struct arena a;

    (void)state;
    arena_init(&a);
    assert_null(tasks(p)->handed);
    take(h, p);
    assert_true(waits(p));
    assert_shows(p, NULL);
    assert_false(handed_look(tasks(p)->handed, &a).there);
    struct handed_row row = row_of(p, "s3cret", &sealed);
    handed_set(tasks(p)->handed, &row, SLICE("s3cret"));
    assert_false(waits(p));
    assert_shows(p, "s3cret");
    assert_true(handed_waits(plan_source(p, SLICE("other"))->handed));
    struct handed_view v = handed_look(tasks(p)->handed, &a);
    assert_true(v.there && slice_eq_z(v.remote, "192.0.2.1") && slice_eq_z(v.handshake, "first"));
    assert_int_equal(v.time_us, 1234567);

    /* The verifier is made once, and one that is in use outlives what is forgotten. */
    struct handed_use *one = handed_use(tasks(p)->handed, p, tasks(p)), *two = handed_use(tasks(p)->handed, p, tasks(p));
    assert_ptr_equal(one, two);
    handed_unuse(two);
    handed_forget(tasks(p)->handed);
    assert_true(waits(p));
    assert_shows(p, NULL);
    assert_non_null(handed_verifier(one));
    handed_unuse(one);
    assert_int_equal(counter_get(v.taken), 1);
    assert_int_equal(counter_get(v.forgotten), 1);
    handed_free(h);
    plan_unref(p);
    buf_clear(&sealed);
    arena_clear(&a);
}

static void test_stored_ones_are_opened(void **state)
{
    struct plan *p = load(KEY, "handshake"), *listed = load(KEY, "[{value: abc}]"), *changed = load(OTHER_KEY, "handshake");
    struct buf sealed;
    struct err e;

    (void)state;
    struct handed_row row = row_of(p, "s3cret", &sealed);
    struct handed *h = handed_new(&row, 1);
    /* Not used: not opened, so any key will do. */
    take(h, listed);
    assert_null(tasks(listed)->handed);
    struct arena a;
    arena_init(&a);
    assert_true(handed_look(handed_find(h, SLICE("tasks")), &a).there);
    /* A reload that uses it. */
    take(h, p);
    assert_false(waits(p));
    assert_shows(p, "s3cret");
    assert_int_equal(handed_take_plan(h, changed, &e), -1);
    assert_non_null(strstr(e.text, "source tasks"));
    assert_non_null(strstr(e.text, "another secrets_key"));
    assert_false(waits(p));
    handed_free(h);

    row.source = SLICE("other"); /* moved to another source */
    h = handed_new(&row, 1);
    assert_int_equal(handed_take_plan(h, p, &e), -1);
    assert_non_null(strstr(e.text, "source other"));
    handed_free(h);
    plan_unref(p);
    plan_unref(listed);
    plan_unref(changed);
    arena_clear(&a);
    buf_clear(&sealed);
}

static void test_unknown_one_is_adopted(void **state)
{
    struct plan *p = load(KEY, "handshake");
    struct handed *h = handed_new(NULL, 0);
    struct buf one, two;

    (void)state;
    take(h, p);
    struct handed_row first = row_of(p, "first", &one), second = row_of(p, "second", &two);
    handed_adopt(tasks(p)->handed, &first, p);
    assert_false(waits(p));
    assert_shows(p, "first");
    handed_adopt(tasks(p)->handed, &second, p);
    assert_shows(p, "first");
    handed_free(h);
    plan_unref(p);
    buf_clear(&one);
    buf_clear(&two);
}

static void test_each_plan_has_its_own_verifier(void **state)
{
    struct plan *p = load(KEY, "handshake"), *next = load(KEY, "handshake");
    struct handed *h = handed_new(NULL, 0);
    struct buf sealed;

    (void)state;
    take(h, p);
    struct handed_row row = row_of(p, "s3cret", &sealed);
    handed_set(tasks(p)->handed, &row, SLICE("s3cret"));
    struct handed_use *old = handed_use(tasks(p)->handed, p, tasks(p));
    take(h, next);
    assert_ptr_equal(tasks(p)->handed, tasks(next)->handed);
    struct handed_use *new = handed_use(tasks(next)->handed, next, tasks(next));
    struct handed_use *late = handed_use(tasks(p)->handed, p, tasks(p));
    assert_ptr_not_equal(old, new);
    assert_ptr_not_equal(late, new);
    handed_unuse(old);
    handed_unuse(late);
    plan_unref(p);
    handed_unuse(new);
    assert_false(waits(next));
    handed_free(h);
    plan_unref(next);
    buf_clear(&sealed);
}

static void test_checks(void **state)
{
    struct plan *p = load(KEY, "handshake");
    char *large = mem_zalloc(HANDED_SECRET_MAX + 1);
    struct err e;

    (void)state;
    assert_int_equal(handed_check(tasks(p), SLICE("x"), &e), 0);
    assert_int_equal(handed_check(tasks(p), SLICE(""), &e), -1);
    assert_int_equal(handed_check(tasks(p), slice_of(large, HANDED_SECRET_MAX), &e), 0);
    assert_int_equal(handed_check(tasks(p), slice_of(large, HANDED_SECRET_MAX + 1), &e), -1);
    free(large);
    plan_unref(p);
}

/* Judging threads, while secrets come and go and plans change. */
#define ROUNDS 300
static atomic_bool over;
static struct handed_slot *slot;

static void *judge(void *arg)
{
    struct plan *p = arg;

    while (!atomic_load(&over))
        handed_unuse(handed_use(slot, p, tasks(p)));
    plan_unref(p);
    return NULL;
}

static void test_all_at_once(void **state)
{
    struct plan *p = load(KEY, "handshake"), *next = load(KEY, "handshake");
    struct handed *h = handed_new(NULL, 0);
    struct buf sealed;
    pthread_t threads[4];

    (void)state;
    take(h, next);
    take(h, p);
    struct handed_row row = row_of(p, "s3cret", &sealed);
    slot = tasks(p)->handed;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, judge, plan_ref(i % 2 ? p : next)), 0);
    for (int i = 0; i < ROUNDS; i++) {
        handed_set(slot, &row, SLICE("s3cret"));
        take(h, i % 2 ? p : next);
        if (i + 1 < ROUNDS)
            handed_forget(slot);
    }
    atomic_store(&over, true);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_false(waits(p));
    handed_free(h);
    plan_unref(p);
    plan_unref(next);
    buf_clear(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_nothing_to_a_secret_and_back),
        cmocka_unit_test(test_stored_ones_are_opened),
        cmocka_unit_test(test_unknown_one_is_adopted),
        cmocka_unit_test(test_each_plan_has_its_own_verifier),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_all_at_once),
    };

    log_setup(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
