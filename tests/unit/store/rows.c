#include "unit/store/fixture.h"

static void states_make_the_run(void **state)
{
    static const struct { enum step_state steps[3]; enum run_state run; } cases[] = {
        { { STEP_DONE, STEP_DONE, STEP_DONE }, RUN_DONE },
        { { STEP_DONE, STEP_SKIPPED, STEP_DONE }, RUN_DONE },
        { { STEP_DONE, STEP_READY, STEP_BLOCKED }, RUN_RUNNING },
        { { STEP_DONE, STEP_LEASED, STEP_FAILED }, RUN_RUNNING },
        { { STEP_OPEN, STEP_FAILED, STEP_CANCELLED }, RUN_RUNNING },
        { { STEP_FAILED, STEP_CANCELLED, STEP_CANCELLED }, RUN_FAILED },
        { { STEP_FAILED, STEP_BLOCKED, STEP_DONE }, RUN_FAILED },
        { { STEP_DONE, STEP_CANCELLED, STEP_CANCELLED }, RUN_CANCELLED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(run_state_of(cases[i].steps, 3), cases[i].run);
    assert_int_equal(run_state_of(NULL, 0), RUN_DONE);
}

static void advance_is(struct workflow *w, const enum step_state *from, const enum step_state *to, size_t n)
{
    enum step_state states[4];

    memcpy(states, from, n * sizeof *states);
    run_advance(w, states, n);
    assert_memory_equal(states, to, n * sizeof *states);
}

static void chain_goes_on_or_ends(void **state)
{
    struct workflow *w = test_workflow("chain", 3);

    (void)state;
    advance_is(w, (enum step_state[]){ STEP_BLOCKED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_READY, STEP_BLOCKED, STEP_BLOCKED }, 3);
    advance_is(w, (enum step_state[]){ STEP_DONE, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_DONE, STEP_READY, STEP_BLOCKED }, 3);
    advance_is(w, (enum step_state[]){ STEP_LEASED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_LEASED, STEP_BLOCKED, STEP_BLOCKED }, 3);
    advance_is(w, (enum step_state[]){ STEP_FAILED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_FAILED, STEP_CANCELLED, STEP_CANCELLED }, 3);
    advance_is(NULL, (enum step_state[]){ STEP_FAILED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_FAILED, STEP_CANCELLED, STEP_CANCELLED }, 3);
}

/* a, b (needs nothing), c (needs a and b), d (needs b): what does not need the failed one goes on. */
static void branches_are_apart(void **state)
{
    struct workflow *w = test_workflow("branches", 4);
    uint16_t both[] = { 0, 1 }, second[] = { 1 };

    (void)state;
    w->steps[1].n_needs = 0;
    w->steps[2].needs = both;
    w->steps[2].n_needs = 2;
    w->steps[3].needs = second;
    advance_is(w, (enum step_state[]){ STEP_BLOCKED, STEP_BLOCKED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_READY, STEP_READY, STEP_BLOCKED, STEP_BLOCKED }, 4);
    advance_is(w, (enum step_state[]){ STEP_FAILED, STEP_DONE, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_FAILED, STEP_DONE, STEP_CANCELLED, STEP_READY }, 4);
    advance_is(w, (enum step_state[]){ STEP_DONE, STEP_SKIPPED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_DONE, STEP_SKIPPED, STEP_READY, STEP_READY }, 4);
}

/* a, b; on_failure: x, y (after x). */
static void on_failure_waits_for_the_end(void **state)
{
    struct workflow *w = test_workflow("failure", 4);

    (void)state;
    w->n_on_failure = 2;
    w->steps[1].n_needs = w->steps[2].n_needs = 0;
    advance_is(w, (enum step_state[]){ STEP_BLOCKED, STEP_BLOCKED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_READY, STEP_READY, STEP_BLOCKED, STEP_BLOCKED }, 4);
    advance_is(w, (enum step_state[]){ STEP_FAILED, STEP_LEASED, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_FAILED, STEP_LEASED, STEP_BLOCKED, STEP_BLOCKED }, 4);
    advance_is(w, (enum step_state[]){ STEP_FAILED, STEP_DONE, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_FAILED, STEP_DONE, STEP_READY, STEP_BLOCKED }, 4);
    advance_is(w, (enum step_state[]){ STEP_FAILED, STEP_DONE, STEP_FAILED, STEP_BLOCKED },
               (enum step_state[]){ STEP_FAILED, STEP_DONE, STEP_FAILED, STEP_CANCELLED }, 4);
    advance_is(w, (enum step_state[]){ STEP_SKIPPED, STEP_DONE, STEP_BLOCKED, STEP_BLOCKED },
               (enum step_state[]){ STEP_SKIPPED, STEP_DONE, STEP_SKIPPED, STEP_SKIPPED }, 4);
}

#define GRAPH_MAX 9

static unsigned roll(unsigned *seed, unsigned n)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % n;
}

/* Steps in any order need steps that come before them in `rank`; those of on_failure only each other. */
static struct workflow *random_graph(unsigned *seed, size_t *rank)
{
    size_t n = 1 + roll(seed, GRAPH_MAX);
    struct workflow *w = test_workflow("graph", n);

    w->n_on_failure = n > 3 ? roll(seed, 3) : 0;
    for (size_t i = 0; i < n; i++)
        rank[i] = roll(seed, 1000) * GRAPH_MAX + i;
    for (size_t i = 0; i < n; i++) {
        struct step *s = &w->steps[i];
        s->n_needs = 0;
        s->needs = arena_zalloc(&w->owner->memory, n * sizeof *s->needs);
        for (size_t k = 0; k < n; k++) {
            bool same_list = (i < workflow_n_main(w)) == (k < workflow_n_main(w));
            if (same_list && rank[k] < rank[i] && roll(seed, 3) == 0)
                s->needs[s->n_needs++] = (uint16_t)k;
        }
    }
    return w;
}

/* What must become of step i when each step that runs ends as `fate` says: by the words of the documentation, not by the
 * table. */
static enum step_state model(const struct workflow *w, const enum step_state *fate, size_t i)
{
    bool failed = false;

    for (size_t k = 0; i >= workflow_n_main(w) && k < workflow_n_main(w); k++)
        failed |= model(w, fate, k) == STEP_FAILED;
    if (i >= workflow_n_main(w) && !failed)
        return STEP_SKIPPED;
    for (size_t k = 0; k < w->steps[i].n_needs; k++) {
        enum step_state need = model(w, fate, w->steps[i].needs[k]);
        if (need == STEP_FAILED || need == STEP_CANCELLED)
            return STEP_CANCELLED;
    }
    return fate[i];
}

static void random_graphs_end_as_the_model_says(void **state)
{
    static const enum step_state ends[] = { STEP_DONE, STEP_DONE, STEP_SKIPPED, STEP_FAILED };
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        size_t rank[GRAPH_MAX], ready[GRAPH_MAX], n_ready;
        enum step_state states[GRAPH_MAX] = { STEP_BLOCKED }, fate[GRAPH_MAX];
        struct workflow *w = random_graph(&seed, rank);
        for (size_t i = 0; i < w->n_steps; i++)
            fate[i] = ends[roll(&seed, 4)];
        for (;;) {
            run_advance(w, states, w->n_steps);
            n_ready = 0;
            for (size_t i = 0; i < w->n_steps; i++) {
                if (states[i] == STEP_READY)
                    ready[n_ready++] = i;
                for (size_t k = 0; states[i] == STEP_READY && k < w->steps[i].n_needs; k++)
                    assert_true(step_state_final(states[w->steps[i].needs[k]]));
            }
            if (n_ready == 0)
                break;
            size_t one = ready[roll(&seed, (unsigned)n_ready)];
            states[one] = fate[one];
        }
        for (size_t i = 0; i < w->n_steps; i++)
            assert_int_equal(states[i], model(w, fate, i));
    }
}

static void names_are_all_there(void **state)
{
    (void)state;
    for (int i = 0; i < STEP_NSTATES; i++)
        assert_non_null(step_state_name((enum step_state)i));
    for (int i = 0; i < ATTEMPT_NOUTCOMES; i++)
        assert_non_null(attempt_outcome_name((enum attempt_outcome)i));
    assert_string_equal(step_state_name(STEP_CANCELLED), "cancelled");
    assert_string_equal(run_state_name(RUN_CANCELLED), "cancelled");
    assert_string_equal(attempt_outcome_name(ATTEMPT_RETURNED), "returned");
}

static void lease_owns_its_outputs(void **state)
{
    struct workflow *w = test_workflow("lease", 1);
    struct event *ev = test_event(NULL);
    struct lease *l = lease_new(ev, w, 7, id_new(), 0);
    char json[] = "[1]";

    (void)state;
    event_unref(ev);
    lease_add_output(l, 0, false, SLICE("a"), slice_z(json));
    lease_add_output(l, 1, true, SLICE("b"), SLICE(""));
    json[1] = '2';
    assert_true(slice_eq_z(l->outputs[0].text, "[1]"));
    assert_true(slice_eq_z(l->outputs[1].step_id, "b"));
    assert_true(slice_eq_z(l->event->type, "github.push"));
    assert_true(slice_eq_z(step_queue(&w->steps[0]), "billing"));
    lease_free(l);
    lease_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_make_the_run),    cmocka_unit_test(chain_goes_on_or_ends),
        cmocka_unit_test(branches_are_apart),     cmocka_unit_test(names_are_all_there),
        cmocka_unit_test(lease_owns_its_outputs),
        cmocka_unit_test(on_failure_waits_for_the_end),
        cmocka_unit_test(random_graphs_end_as_the_model_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
