#include "flow/given.h"

#include <stdio.h>

#define CONTEXT_MAX (512u << 20)
#define INPUT_MAX (64u << 20)
#define KEPT_BYTES (1u << 20)

/* What was read before, with room for what stands around it. */
static const struct json_limits limits = { .max_depth = 10100, .max_nodes = 16u << 20, .allow_duplicate_keys = true };

void given_init(struct given *g)
{
    buf_init(&g->context, CONTEXT_MAX);
    buf_init(&g->text, INPUT_MAX);
    buf_init(&g->input, INPUT_MAX);
    json_doc_init(&g->doc);
}

void given_clear(struct given *g)
{
    buf_clear(&g->context);
    buf_clear(&g->text);
    buf_clear(&g->input);
    json_doc_clear(&g->doc);
}

/* One large event must not keep its memory for ever. */
static void reset(struct given *g)
{
    if (g->context.cap + g->text.cap + g->input.cap > KEPT_BYTES)
        given_clear(g);
    buf_reset(&g->context);
    buf_reset(&g->input);
}

static int read_context(struct given *g, const struct attempt *a, struct json_fault *fault)
{
    attempt_put_context(a, &g->context);
    buf_putc(&g->context, '}');
    if (!g->context.failed)
        return json_parse(&g->doc, buf_slice(&g->context), &limits, fault);
    snprintf(fault->text, sizeof fault->text, "larger than %u MiB", CONTEXT_MAX >> 20);
    return -1;
}

enum given_result given_make(struct given *g, struct attempt *a, char *why, size_t why_size)
{
    const struct step *step = a->step;
    struct json_fault fault;
    struct buf reason;

    if (!step->condition && !step->input)
        return GIVEN_GO;
    reset(g);
    if (read_context(g, a, &fault)) {
        snprintf(why, why_size, "event and outputs cannot be read together: %s", fault.text);
        return GIVEN_FAIL;
    }
    buf_init(&reason, why_size - 1);
    if (step->condition && !match_holds(step->condition, &g->doc, 0, &reason)) {
        snprintf(why, why_size, "if: %.*s", SLICE_FMT(buf_slice(&reason)));
        buf_clear(&reason);
        return GIVEN_SKIP;
    }
    buf_clear(&reason);
    if (!step->input)
        return GIVEN_GO;
    shape_put(step->input, &g->doc, 0, &g->text, &g->input);
    a->input = buf_slice(&g->input);
    if (!g->input.failed)
        return GIVEN_GO;
    snprintf(why, why_size, "the shaped input is larger than %u MiB", INPUT_MAX >> 20);
    return GIVEN_FAIL;
}
