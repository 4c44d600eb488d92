#include "base/buf.h"
#include "flow/flow.h"

/* The first error says more than a bare no; it is made only for an event that `when` turned away. */
static void put_when(struct buf *why, const struct schema *when, const struct json_doc *doc, uint32_t node,
                     struct schema_scratch *scratch)
{
    struct schema_report report;

    schema_report_make(&report, when, doc, node, scratch, 1);
    buf_puts(why, "when: ");
    if (report.count)
        buf_printf(why, "%.*s: %.*s", SLICE_FMT(report.errors[0].instance_path), SLICE_FMT(report.errors[0].message));
    else
        buf_puts(why, "a bound was hit while checking");
    schema_report_clear(&report);
}

static bool starts(const struct workflow *w, const struct json_doc *doc, uint32_t node,
                   struct schema_scratch *scratch, struct buf *why)
{
    if (w->match && !match_holds(w->match, doc, node, why))
        return false;
    if (!w->when || schema_check(w->when, doc, node, scratch) == SCHEMA_VALID)
        return true;
    put_when(why, w->when, doc, node, scratch);
    return false;
}

static void put_decision(struct buf *out, const struct workflow *w, bool started, const struct buf *why)
{
    buf_puts(out, out->len ? ",{\"workflow\":" : "[{\"workflow\":");
    json_quote(out, w->id);
    if (started) {
        buf_puts(out, ",\"started\":true}");
        return;
    }
    buf_puts(out, ",\"started\":false,\"why\":");
    json_quote(out, buf_slice(why));
    buf_putc(out, '}');
}

size_t flow_triggers(const struct plan *p, struct slice type, const struct json_doc *doc, uint32_t node,
                     struct schema_scratch *scratch, struct new_run *runs, size_t max, struct buf *decisions)
{
    size_t n = 0;
    struct buf why;

    buf_init(&why, 4096);
    for (size_t i = 0; i < p->n_workflows; i++) {
        struct workflow *w = p->workflows[i];
        if (!pattern_matches(&w->pattern, type))
            continue;
        buf_reset(&why);
        bool started = starts(w, doc, node, scratch, &why);
        if (started && n == max) {
            started = false;
            buf_printf(&why, "an event starts %zu workflows at most", max);
        }
        if (started)
            runs[n++] = (struct new_run){ .id = id_new(), .workflow = workflow_ref(w) };
        put_decision(decisions, w, started, &why);
    }
    if (decisions->len)
        buf_putc(decisions, ']');
    buf_clear(&why);
    return n;
}
