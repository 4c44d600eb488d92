#include "flow/flow.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* A plan made by hand: one workflow a line. */
static const struct {
    const char *id, *on, *match, *when;
} made[] = {
    { "all", "**", NULL, NULL },
    { "paid", "shop.order.paid", "{\"/total\": {\"gt\": 0}}", NULL },
    { "any", "shop.*.paid", NULL, NULL },
    { "big", "shop.**", NULL, "{\"type\": \"object\", \"properties\": {\"total\": {\"minimum\": 1000}}}" },
    { "push", "github.push", NULL, NULL },
    { "both", "shop.order.paid", "{\"/total\": 5}", "{\"required\": [\"customer\"]}" },
};
#define N (sizeof made / sizeof *made)

struct fixture {
    struct plan plan;
    struct workflow workflows[N], *list[N];
    struct tree trees[N];
    struct schema_set *set;
    struct schema_scratch *scratch;
    struct json_doc doc;
    struct buf decisions;
    struct new_run runs[FLOW_RUNS_MAX];
};

static void make_match(struct tree *t, struct workflow *w, const char *text)
{
    struct issues is;

    issues_init(&is);
    assert_int_equal(tree_read(t, "test.yaml", NULL, slice_z(text), &is), 0);
    w->match = match_new(t, 0, &is);
    assert_non_null(w->match);
    issues_clear(&is);
}

static int set_up(void **state)
{
    static struct fixture f;
    const struct schema_options o = { .draft = SCHEMA_DRAFT_2020_12 };
    struct err e = { 0 };

    f = (struct fixture){ .plan.n_workflows = N, .set = schema_set_new(), .scratch = schema_scratch_new() };
    f.plan.workflows = f.list;
    ref_init(&f.plan.refs);
    json_doc_init(&f.doc);
    buf_init(&f.decisions, 4096);
    for (size_t i = 0; i < N; i++) {
        struct workflow *w = f.list[i] = &f.workflows[i];
        char uri[64];
        ref_init(&w->refs);
        w->owner = &f.plan;
        w->id = slice_z(made[i].id);
        assert_int_equal(pattern_init(&w->pattern, slice_z(made[i].on), &e), 0);
        if (made[i].match)
            make_match(&f.trees[i], w, made[i].match);
        if (!made[i].when)
            continue;
        snprintf(uri, sizeof uri, "file:///%s.json", made[i].id);
        assert_int_equal(schema_set_add(f.set, slice_z(uri), slice_z(made[i].id), slice_z(made[i].when), &e), 0);
        w->when = schema_compile(f.set, slice_z(uri), &o, &e);
        assert_non_null(w->when);
    }
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < N; i++) {
        assert_int_equal(atomic_load(&f->workflows[i].refs.count), 1); /* every reference was given back */
        match_free(f->workflows[i].match);
        schema_unref(f->workflows[i].when);
        if (made[i].match)
            tree_clear(&f->trees[i]);
    }
    schema_set_free(f->set);
    schema_scratch_free(f->scratch);
    json_doc_clear(&f->doc);
    buf_clear(&f->decisions);
    return 0;
}

/* What starts, as names; the runs are given back. */
static const char *started(struct fixture *f, const char *type, const char *data, size_t max)
{
    static char names[256];
    struct err e;

    assert_int_equal(json_parse_err(&f->doc, slice_z(data), &JSON_LIMITS_DEFAULT, &e), 0);
    buf_reset(&f->decisions);
    size_t n = flow_triggers(&f->plan, slice_z(type), &f->doc, 0, f->scratch, f->runs, max, &f->decisions);
    names[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.*s", i ? " " : "",
                 SLICE_FMT(f->runs[i].workflow->id));
        assert_true(i == 0 || !id_eq(f->runs[i].id, f->runs[i - 1].id));
        workflow_unref(f->runs[i].workflow);
    }
    return names;
}

static void pattern_then_match_then_when(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(started(f, "github.push", "{}", 64), "all push");
    assert_string_equal(started(f, "shop.order.paid", "{\"total\": 5, \"customer\": 1}", 64), "all paid any both");
    assert_string_equal(started(f, "shop.order.paid", "{\"total\": 5000}", 64), "all paid any big");
    assert_string_equal(started(f, "shop.order.sent", "[]", 64), "all");
    assert_string_equal(started(f, "x", "1", 64), "all");
}

static void decisions_say_why_not(void **state)
{
    struct fixture *f = *state;
    struct json_doc d;
    struct err e;
    struct buf tmp;
    static const char *const why[] = {
        "all", NULL, "paid", "/total: 0 is not > 0", "any", NULL, "big", "when: /total: ", "both", "/total"
    };

    started(f, "shop.order.paid", "{\"total\": 0}", 64);
    json_doc_init(&d);
    buf_init(&tmp, 1024);
    assert_int_equal(json_parse_err(&d, buf_slice(&f->decisions), &JSON_LIMITS_DEFAULT, &e), 0);
    uint32_t node = 1;
    for (size_t i = 0; i < 5; i++, node = json_next(&d, node)) {
        assert_true(json_string_eq(&d, json_member(&d, node, SLICE("workflow")), slice_z(why[2 * i])));
        uint32_t because = json_member(&d, node, SLICE("why"));
        bool yes = json_type_of(&d, json_member(&d, node, SLICE("started"))) == JSON_TRUE;
        assert_int_equal(yes, why[2 * i + 1] == NULL);
        assert_int_equal(because == JSON_NONE, yes);
        if (yes)
            continue;
        buf_reset(&tmp);
        if (!slice_starts(json_string(&d, because, &tmp), slice_z(why[2 * i + 1])))
            fail_msg("%s: %.*s", why[2 * i], SLICE_FMT(json_raw(&d, because)));
    }
    assert_int_equal(node, json_end(&d, 0));
    json_doc_clear(&d);
    buf_clear(&tmp);
}

static void no_pattern_no_words(void **state)
{
    struct fixture *f = *state;

    f->list[0] = f->list[1]; /* without "all" */
    assert_string_equal(started(f, "other", "{}", 64), "");
    assert_int_equal(f->decisions.len, 0);
}

static void the_number_of_runs_is_bounded(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(started(f, "shop.order.paid", "{\"total\": 5, \"customer\": 1}", 2), "all paid");
    assert_non_null(strstr(f->decisions.ptr,
                           "{\"workflow\":\"any\",\"started\":false,\"why\":\"an event starts 2 workflows at most\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pattern_then_match_then_when, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decisions_say_why_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_pattern_no_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_number_of_runs_is_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
