/* The workflows of claimed steps. A claimed lease names a row of definitions; the running plan mostly has that very
 * workflow, else the stored text is read, once for all steps that wait for it, and built over the endpoints of the
 * running plan. */
#include <stdlib.h>

#include "base/mem.h"
#include "flow/inside.h"

#define KNOWN_MAX 128

struct known {
    struct known *next;
    struct flow *flow;
    int64_t row;
    struct workflow *workflow; /* a reference; NULL: it is being read, for these: */
    struct held *waiting, **waiting_tail;
    struct arena arena;
    struct err err;
    struct write write;
};

static void known_free(struct known *k)
{
    if (k->workflow)
        workflow_unref(k->workflow);
    arena_clear(&k->arena);
    free(k);
}

static void unlink_known(struct workflows *ws, struct known *k)
{
    struct known **at = &ws->known;

    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    ws->n_known--;
}

static struct known *known_add(struct flow *f, int64_t row)
{
    struct known *k = mem_zalloc(sizeof *k);

    if (f->workflows.n_known >= KNOWN_MAX)
        workflows_forget(f);
    k->flow = f;
    k->row = row;
    k->waiting_tail = &k->waiting;
    arena_init(&k->arena);
    k->next = f->workflows.known;
    f->workflows.known = k;
    f->workflows.n_known++;
    return k;
}

static struct workflow *of_plan(const struct plan *p, int64_t row)
{
    for (size_t i = 0; i < p->n_workflows; i++) {
        if (p->workflows[i]->def->row == row)
            return p->workflows[i];
    }
    return NULL;
}

static void tell(struct flow *f, struct held *h, struct workflow *w, const char *why)
{
    if (!w)
        dispatcher_unknown(f, h, why);
    else if (h->lease->step >= w->n_steps)
        dispatcher_unknown(f, h, "its workflow's definition has no such step");
    else
        dispatcher_known(f, h, workflow_ref(w));
}

/* A definition that cannot be built is not remembered: after a reload it may be. */
static void on_definition(struct write *w)
{
    struct known *k = (struct known *)((char *)w - offsetof(struct known, write));
    struct flow *f = k->flow;
    struct held *h = k->waiting, *next;

    if (f->ended)
        return;
    f->workflows.n_asking--;
    if (w->result)
        err_add(&k->err, "cannot read the workflow's definition");
    else
        k->workflow = workflow_from_definition(f->plan, w->definition.out.text, &k->err);
    for (; h; h = next) {
        next = h->next;
        tell(f, h, k->workflow, k->err.text);
    }
    k->waiting = NULL;
    arena_clear(&k->arena);
    if (!k->workflow) {
        unlink_known(&f->workflows, k);
        known_free(k);
    }
    flow_check_stopped(f);
}

static void ask(struct flow *f, struct known *k)
{
    f->workflows.n_asking++;
    k->write = (struct write){ .kind = WRITE_DEFINITION, .home = f->loop, .done = on_definition, .err = &k->err };
    k->write.definition.row = k->row;
    k->write.definition.arena = &k->arena;
    writer_put_always(f->writer, &k->write);
}

void workflows_ask(struct flow *f, struct held *h)
{
    struct known *k = f->workflows.known;
    struct workflow *w = of_plan(f->plan, h->lease->workflow_def);

    while (!w && k && k->row != h->lease->workflow_def)
        k = k->next;
    if (!w && k)
        w = k->workflow;
    if (w) {
        tell(f, h, w, "");
        return;
    }
    if (!k) {
        k = known_add(f, h->lease->workflow_def);
        ask(f, k);
    }
    h->next = NULL;
    *k->waiting_tail = h;
    k->waiting_tail = &h->next;
}

void workflows_forget(struct flow *f)
{
    struct known *k = f->workflows.known;

    while (k) {
        struct known *next = k->next;
        if (k->workflow) {
            unlink_known(&f->workflows, k);
            known_free(k);
        }
        k = next;
    }
}

void workflows_clear(struct flow *f)
{
    while (f->workflows.known) {
        struct known *k = f->workflows.known;
        unlink_known(&f->workflows, k);
        known_free(k);
    }
}
