#include "flow/step_http.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define NOW INT64_C(1700000000000000) /* 2023-11-14T22:13:20Z */
#define S US_PER_S

struct fixture {
    struct event *event;
    struct endpoint endpoint;
    struct step step;
    struct workflow workflow;
    struct lease lease;
    struct lease_output outputs[2];
    struct attempt attempt;
    struct secret secrets[2];
    struct json_doc doc;
    struct step_verdict verdict;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct event ev = {
        .source = SLICE("shop"),
        .type = SLICE("shop.order.paid"),
        .time_us = NOW - 5,
        .data = SLICE("{ \"total\" : 1e400,\n\"id\":9007199254740993 }"),
        .content_type = SLICE("application/json"),
    };

    f = (struct fixture){ .endpoint = { .name = SLICE("billing"), .url = SLICE("http://127.0.0.1:9/steps") } };
    ev.body = ev.data;
    assert_int_equal(id_parse(SLICE("018bcfe5-6800-7123-8456-789abcdef012"), &ev.id), 0);
    f.event = event_make(&ev, NULL);
    f.step = (struct step){ .id = SLICE("bill"),
                            .endpoint = &f.endpoint,
                            .path = SLICE("/bill"),
                            .timeout_us = 30 * S,
                            .retry = { .max = 8, .base_us = S, .cap_us = 3600 * S, .factor = 2 } };
    f.workflow = (struct workflow){ .id = SLICE("in\"voice"), .steps = &f.step, .n_steps = 1 };
    f.outputs[0] = (struct lease_output){ 0, false, SLICE("price"), SLICE("{\"net\": 1.10}") };
    f.outputs[1] = (struct lease_output){ 1, false, SLICE("tell"), SLICE("") };
    f.lease = (struct lease){ .event = f.event, .generation = 2, .attempts = 2, .outputs = f.outputs, .n_outputs = 2 };
    assert_int_equal(id_parse(SLICE("018bcfe5-6801-7000-8000-000000000001"), &f.lease.run), 0);
    f.attempt = (struct attempt){ &f.lease, &f.workflow, &f.step, 3, NOW, 30 * S, f.event->data };
    json_doc_init(&f.doc);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    event_unref(f->event);
    json_doc_clear(&f->doc);
    return 0;
}

static void the_document_is_as_promised(void **state)
{
    struct fixture *f = *state;
    struct buf out;

    buf_init(&out, 65536);
    attempt_put_document(&f->attempt, &out);
    assert_string_equal(
        out.ptr,
        "{\"event\":{\"specversion\":\"1.0\",\"id\":\"018bcfe5-6800-7123-8456-789abcdef012\",\"source\":\"shop\","
        "\"type\":\"shop.order.paid\",\"time\":\"2023-11-14T22:13:19.999995Z\",\"datacontenttype\":\"application/"
        "json\"},"
        "\"input\":{ \"total\" : 1e400,\n\"id\":9007199254740993 },"
        "\"steps\":{\"price\":{\"net\": 1.10},\"tell\":null},"
        "\"run\":{\"id\":\"018bcfe5-6801-7000-8000-000000000001\",\"workflow\":\"in\\\"voice\",\"step\":\"bill\","
        "\"attempt\":3,\"max_attempts\":8,\"deadline\":\"2023-11-14T22:13:50.000000Z\"}}");
    buf_clear(&out);
}

static const char *header(const struct step_headers *h, const char *name)
{
    size_t len = strlen(name);

    for (const char *const *line = h->lines; *line; line++) {
        if (strncmp(*line, name, len) == 0 && memcmp(*line + len, ": ", 2) == 0)
            return *line + len + 2;
    }
    return NULL;
}

static void the_headers_are_as_promised(void **state)
{
    struct fixture *f = *state;
    struct step_headers h;
    struct err e;
    struct signer *signer = signer_new(&e);
    char first[512];

    f->secrets[0] = (struct secret){ (char *)"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 38, (char *)"env:A" };
    f->secrets[1] = (struct secret){ (char *)"b3RoZXIgc2VjcmV0IGtleQ==", 24, (char *)"env:B" };
    f->endpoint.secrets = f->secrets;
    f->endpoint.n_secrets = 2;
    step_headers_init(&h);
    for (int i = 0; i < 2; i++) { /* filled anew each time */
        assert_int_equal(step_headers_fill(&h, &f->attempt, SLICE("body"), signer, 0xabc, &e), 0);
        assert_string_equal(header(&h, "Content-Type"), "application/json");
        assert_memory_equal(header(&h, "User-Agent"), "hooklatch/", 10);
        assert_string_equal(header(&h, "webhook-id"), "018bcfe5-6801-7000-8000-000000000001/bill/2");
        assert_string_equal(header(&h, "Idempotency-Key"), header(&h, "webhook-id"));
        assert_string_equal(header(&h, "webhook-timestamp"), "1700000000");
        assert_string_equal(header(&h, "traceparent"), "00-018bcfe5680071238456789abcdef012-0000000000000abc-01");
    }
    struct signed_content c = { slice_z(header(&h, "webhook-id")), SLICE("1700000000"), SLICE("body") };
    snprintf(first, sizeof first, "%s", header(&h, "webhook-signature"));
    assert_true(signer_verify(signer, &f->secrets[0], &c, slice_z(first)));
    assert_true(signer_verify(signer, &f->secrets[1], &c, slice_z(first)));
    f->endpoint.n_secrets = 0;
    assert_int_equal(step_headers_fill(&h, &f->attempt, SLICE("body"), signer, 0, &e), 0);
    assert_null(header(&h, "webhook-signature"));
    assert_string_equal(header(&h, "traceparent") + 36, "0000000000000001-01"); /* a span id of zeros is invalid */
    f->secrets[0].label = (char *)"env:BAD";
    f->secrets[0].len = 3;
    f->endpoint.n_secrets = 1;
    assert_int_equal(step_headers_fill(&h, &f->attempt, SLICE("body"), signer, 1, &e), -1);
    assert_non_null(strstr(e.text, "endpoint billing: secret env:BAD"));
    step_headers_clear(&h);
    signer_free(signer);
}

static const struct step_verdict *judge(struct fixture *f, int status, const char *head, const char *body)
{
    struct answer a = { .status = status, .retry_after_us = -1, .head = slice_z(head), .body = slice_z(body) };

    step_http_judge(&a, &f->step, 3, UINT64_MAX, &f->doc, &f->verdict);
    return &f->verdict;
}

static void success_has_an_output(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(judge(f, 200, "", "{\"a\":1}")->outcome, ATTEMPT_OK);
    assert_true(slice_eq_z(f->verdict.output, "{\"a\":1}"));
    assert_string_equal(f->verdict.error, "");
    assert_int_equal(judge(f, 204, "", "")->outcome, ATTEMPT_OK);
    assert_true(slice_eq_z(f->verdict.output, "null"));
    assert_string_equal(f->verdict.error, "");
    assert_int_equal(judge(f, 202, "Hooklatch-Retry: no\n", "thank you")->outcome, ATTEMPT_OK);
    assert_true(slice_eq_z(f->verdict.output, "null"));
    assert_non_null(strstr(f->verdict.error, "answered 202 with a body that is not JSON (line 1, column "));
    assert_int_equal(judge(f, 299, "", "{\"a\":1,\"a\":2}")->outcome, ATTEMPT_OK);
    assert_non_null(strstr(f->verdict.error, "duplicate key"));
}

static void every_other_status_is_tried_again(void **state)
{
    static const int statuses[] = { 199, 300, 301, 304, 400, 401, 404, 409, 422, 429, 500, 503, 599 };
    struct fixture *f = *state;
    char words[32];

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        assert_int_equal(judge(f, statuses[i], "Hooklatch-Retry: yes\n", "oops")->outcome, ATTEMPT_RETRY);
        assert_in_range(f->verdict.delay_us, 4 * S - 1000, 4 * S);
        assert_true(slice_eq_z(f->verdict.output, "oops"));
        assert_false(f->verdict.gone);
        snprintf(words, sizeof words, "answered %d", statuses[i]);
        assert_memory_equal(f->verdict.error, words, strlen(words));
    }
    assert_non_null(strstr(judge(f, 302, "", "")->error, "redirects are not followed"));
}

static void retry_after_is_honoured(void **state)
{
    struct fixture *f = *state;
    struct answer a = { .status = 503, .retry_after_us = 100 * S };

    step_http_judge(&a, &f->step, 1, 0, &f->doc, &f->verdict);
    assert_int_equal(f->verdict.delay_us, 100 * S);
}

static void some_answers_are_final(void **state)
{
    struct fixture *f = *state;
    char large[3000];

    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    assert_int_equal(judge(f, 400, "hooklatch-retry:  No\n", large)->outcome, ATTEMPT_FATAL);
    assert_int_equal(f->verdict.output.len, 1024);
    assert_string_equal(f->verdict.error, "answered 400 with Hooklatch-Retry: no");
    assert_false(f->verdict.gone);
    assert_int_equal(judge(f, 410, "", "")->outcome, ATTEMPT_FATAL);
    assert_true(f->verdict.gone);
    assert_non_null(strstr(f->verdict.error, "endpoint billing with path \"/bill\" is disabled"));
    f->step.retry.max = 3;
    assert_int_equal(judge(f, 500, "", "")->outcome, ATTEMPT_FATAL);
    assert_string_equal(f->verdict.error, "answered 500 (attempt 3 of 3, the last)");
    assert_int_equal(judge(f, 200, "", "1")->outcome, ATTEMPT_OK);
}

static void what_is_too_large_is_final_only_where_the_work_was_done(void **state)
{
    struct fixture *f = *state;
    struct answer a = { .result = CALL_TOO_LARGE,
                        .status = 200,
                        .retry_after_us = -1,
                        .error = "the answer's body is larger than 9 bytes" };

    step_http_judge(&a, &f->step, 1, 0, &f->doc, &f->verdict);
    assert_int_equal(f->verdict.outcome, ATTEMPT_FATAL);
    assert_string_equal(f->verdict.error,
                        "answered 200, but the answer's body is larger than 9 bytes (output_max of endpoint billing)");
    a.status = 500;
    step_http_judge(&a, &f->step, 1, 0, &f->doc, &f->verdict);
    assert_int_equal(f->verdict.outcome, ATTEMPT_RETRY);
    assert_string_equal(f->verdict.error, "answered 500");
}

static void no_answer_is_tried_again(void **state)
{
    static const enum call_result results[] = { CALL_TIMEOUT, CALL_REFUSED_BY_POLICY, CALL_FAILED, CALL_TOO_LARGE };
    struct fixture *f = *state;

    for (size_t i = 0; i < 4; i++) {
        struct answer a = { .result = results[i], .retry_after_us = -1, .error = "connection refused by 127.0.0.1:9" };
        step_http_judge(&a, &f->step, 7, 0, &f->doc, &f->verdict);
        assert_int_equal(f->verdict.outcome, ATTEMPT_RETRY);
        assert_string_equal(f->verdict.error, a.error);
        step_http_judge(&a, &f->step, 8, 0, &f->doc, &f->verdict);
        assert_int_equal(f->verdict.outcome, ATTEMPT_FATAL);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_document_is_as_promised),
        TEST(the_headers_are_as_promised),
        TEST(success_has_an_output),
        TEST(every_other_status_is_tried_again),
        TEST(retry_after_is_honoured),
        TEST(some_answers_are_final),
        TEST(what_is_too_large_is_final_only_where_the_work_was_done),
        TEST(no_answer_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
