/* What the tests of verify/ share: a provider from YAML text, a delivery, a verdict. */
#ifndef TESTS_VERIFY_FIXTURE_H
#define TESTS_VERIFY_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "verify/verifier.h"

#define NOW_S INT64_C(1700000000)
#define NOW_US (NOW_S * US_PER_S)

/* NULL when the text is refused; then *why (may be NULL) holds the issues and is the caller's to free. */
static inline struct provider *provider_of(const char *yaml, char **why)
{
    struct issues is;
    struct tree t;
    struct provider *p = NULL;
    issues_init(&is);
    if (tree_read(&t, "test.yaml", NULL, slice_z(yaml), &is) == 0) {
        p = provider_load(&t, 0, &is);
        tree_clear(&t);
    }
    if (why) {
        struct buf text;
        buf_init(&text, 1 << 20);
        issues_put_text(&is, &text);
        *why = buf_take(&text, NULL);
    }
    issues_clear(&is);
    return p;
}

static inline struct provider *preset(const char *id)
{
    struct issues is;
    issues_init(&is);
    struct provider *p = provider_open(slice_z(id), &is);
    struct buf text;
    buf_init(&text, 1 << 20);
    issues_put_text(&is, &text);
    if (text.len)
        print_error("%s", text.ptr);
    buf_clear(&text);
    issues_clear(&is);
    assert_non_null(p);
    return p;
}

/* A verifier with these secrets, and everything that a request needs around it. */
struct fixture {
    struct provider *provider;
    struct verifier *verifier;
    struct reading reading;
    struct verify_scratch *scratch;
    struct delivery delivery;
    struct header headers[16];
    struct verdict verdict;
};

static inline struct verifier *verifier_of(const struct provider *p, const char *const *secrets, size_t n)
{
    struct secret list[4];
    struct err e;
    assert_in_range(n, 0, 4);
    for (size_t i = 0; i < n; i++)
        list[i] = (struct secret){ (char *)secrets[i], strlen(secrets[i]), (char *)"value" };
    struct verifier *v = verifier_new(p, list, n, NULL, 0, &e);
    if (!v)
        print_error("%s\n", e.text);
    assert_non_null(v);
    return v;
}

static inline void fixture_init(struct fixture *f, struct provider *p, const char *secret)
{
    assert_non_null(p);
    memset(f, 0, sizeof *f);
    f->provider = p;
    f->verifier = verifier_of(p, &secret, 1);
    f->scratch = verify_scratch_new();
    reading_init(&f->reading);
    f->delivery = (struct delivery){
        .method = SLICE("POST"), .path = SLICE("/h"), .url = SLICE("https://example.com/h"), .headers = f->headers
    };
}

static inline void fixture_clear(struct fixture *f)
{
    reading_clear(&f->reading);
    verify_scratch_free(f->scratch);
    verifier_free(f->verifier);
    provider_free(f->provider);
}

static inline void add_header(struct fixture *f, struct slice name, struct slice value)
{
    assert_in_range(f->delivery.n_headers, 0, 15);
    f->headers[f->delivery.n_headers++] = (struct header){ name, value };
}

static inline void add_header_z(struct fixture *f, const char *name, const char *value)
{
    add_header(f, slice_z(name), slice_z(value));
}

/* Keeps what verify_sign gave beyond the scratch: the caller frees with arena_clear. */
static inline void sign_with(struct fixture *f, struct arena *a, int64_t at_us)
{
    struct signed_request right;
    struct err e;
    reading_start(&f->reading, &f->delivery, provider_form_json_field(f->provider), &JSON_LIMITS_DEFAULT);
    if (verify_sign(f->verifier, &f->reading, at_us, f->scratch, &right, &e)) {
        print_error("%s\n", e.text);
        fail();
    }
    for (size_t i = 0; i < right.n_headers; i++)
        add_header(f, arena_slice(a, right.headers[i].name), arena_slice(a, right.headers[i].value));
    if (right.body.ptr)
        f->delivery.body = arena_slice(a, right.body);
    if (right.query.ptr)
        f->delivery.query = arena_slice(a, right.query);
}

static inline const struct verdict *judge_at(struct fixture *f, int64_t now_us)
{
    reading_start(&f->reading, &f->delivery, provider_form_json_field(f->provider), &JSON_LIMITS_DEFAULT);
    verify_delivery(f->verifier, &f->reading, now_us, f->scratch, &f->verdict);
    return &f->verdict;
}

static inline const struct verdict *judge(struct fixture *f)
{
    return judge_at(f, NOW_US);
}

static inline void assert_accepted(const struct verdict *v)
{
    if (v->result != VERIFY_ACCEPT)
        print_error("%s: %s\n", verify_reason_name(v->reason), v->detail);
    assert_int_equal(v->result, VERIFY_ACCEPT);
}

static inline void assert_refused(const struct verdict *v, enum verify_reason reason)
{
    assert_int_equal(v->result, VERIFY_REJECT);
    assert_string_equal(verify_reason_name(v->reason), verify_reason_name(reason));
}

static inline void assert_text(struct slice s, const char *z)
{
    if (!slice_eq_z(s, z))
        print_error("got \"%.*s\", expected \"%s\"\n", SLICE_FMT(s), z ? z : "");
    assert_true(slice_eq_z(s, z));
}

#endif
