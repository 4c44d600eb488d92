/* Errors of combinations. For anyOf and oneOf only the branch that comes closest is told. */
#include "schema/report.h"

#include "schema/message.h"

#define BRANCH_ERRORS 20u

/* How far a branch's errors say it is from what was meant; less is nearer. */
static unsigned badness(const struct reporter *r, const struct found_list *list)
{
    unsigned sum = 0;

    for (uint32_t i = 0; i < list->found.n; i++) {
        const struct found *f = &list->found.at[i];
        unsigned below = f->depth - r->depth;

        if ((f->kw == KW_TYPE || f->kw == KW_COUNT) && below == 0)
            sum += 1000; /* another type, or a branch that takes nothing */
        else if ((f->kw == KW_CONST || f->kw == KW_ENUM) && below <= 1)
            sum += 100; /* such a member tells the kinds apart */
        else
            sum += below == 0 ? 10 : 1;
    }
    return list->found.n ? sum : UINT32_MAX;
}

/* The errors of one branch in a list of their own. */
static struct found_list branch_errors(struct reporter *r, const struct logic *l, uint32_t i, uint32_t n)
{
    struct found_list list = { 0 }, *outer = r->list;
    size_t keyword = r->keyword.len, max = r->max;
    uint32_t budget = r->budget, share = budget / (2 * l->n) + (budget > 0);

    /* Each branch has its share, so that unions within unions leave something for the one that is shown. */
    r->budget = share;
    r->list = &list;
    r->max = BRANCH_ERRORS;
    buf_printf(&r->keyword, "/%s/%u", keywords[l->keyword].name, i);
    report_edge(r, l->edges + i, n);
    r->keyword.len = keyword;
    r->max = max;
    r->list = outer;
    r->budget = budget - (share - r->budget);
    return list;
}

/* What all branches have in common when none of them allows the type. */
struct type_errors {
    bool only;
    unsigned types;
    bool integer_only;
};

static void note_types(const struct reporter *r, const struct found_list *list, struct type_errors *t)
{
    const struct found *f = list->found.at;

    if (list->found.n != 1 || f->kw != KW_TYPE || f->depth != r->depth) {
        t->only = false;
        return;
    }
    if (f->types & TYPE_INTEGER)
        t->integer_only = f->integer_only && (t->integer_only || !(t->types & TYPE_INTEGER));
    t->types |= f->types;
}

static void report_closest(struct reporter *r, const struct node *p, const struct logic *l, uint32_t n)
{
    struct found_list best = { 0 };
    struct type_errors types = { .only = true };
    uint32_t closest = 0;

    for (uint32_t i = 0; i < l->n; i++) {
        struct found_list list = branch_errors(r, l, i, n);

        note_types(r, &list, &types);
        if (badness(r, &list) < badness(r, &best)) {
            VEC_FREE(&best.found);
            best = list;
            closest = i;
        } else {
            VEC_FREE(&list.found);
        }
    }
    if (types.only) {
        buf_puts(report_say(r), "expected ");
        message_types(&r->message, types.types, types.integer_only);
        buf_puts(&r->message, ", found ");
        report_value(r, p, n);
        report_add(r, p, (enum keyword)l->keyword, n);
    } else if (l->n > 1) {
        buf_printf(report_say(r), "matches none of the %u alternatives; closest is number %u", l->n, closest + 1);
        report_add(r, p, (enum keyword)l->keyword, n);
    }
    for (uint32_t i = 0; !types.only && i < best.found.n && !report_done(r); i++)
        *VEC_ADD(&r->list->found) = best.found.at[i];
    VEC_FREE(&best.found);
}

/* oneOf: names the first two that match; false when there are not two. */
static bool report_several(struct reporter *r, const struct node *p, const struct logic *l, uint32_t n)
{
    uint32_t first = NONE;

    for (uint32_t i = 0; i < l->n; i++) {
        if (run_edge(&r->run, l->edges + i, n) != SCHEMA_VALID)
            continue;
        if (first != NONE) {
            buf_printf(report_say(r), "must match exactly one of the %u alternatives, but matches numbers %u and %u",
                       l->n, first + 1, i + 1);
            report_add(r, p, KW_ONE_OF, n);
            return true;
        }
        first = i;
    }
    return false;
}

static void report_not(struct reporter *r, const struct node *p, uint32_t n)
{
    buf_puts(report_say(r), "must not be of the kind that \"not\" describes, found ");
    report_value(r, p, n);
    report_add(r, p, KW_NOT, n);
}

static void report_keyword_edge(struct reporter *r, enum keyword kw, uint32_t edge, uint32_t n)
{
    size_t keyword = r->keyword.len;

    buf_printf(&r->keyword, "/%s", keywords[kw].name);
    report_edge(r, edge, n);
    r->keyword.len = keyword;
}

static void report_all(struct reporter *r, const struct logic *l, uint32_t n)
{
    size_t keyword = r->keyword.len;

    for (uint32_t i = 0; i < l->n; i++) {
        buf_printf(&r->keyword, "/%s/%u", keywords[l->keyword].name, i);
        report_edge(r, l->edges + i, n);
        r->keyword.len = keyword;
    }
}

void report_logic(struct reporter *r, const struct node *p, const struct logic *l, uint32_t n)
{
    if (report_done(r) || run_logic(&r->run, l, n) != SCHEMA_INVALID)
        return;
    switch (l->keyword) {
    case KW_REF:
    case KW_DYNAMIC_REF:
    case KW_RECURSIVE_REF:
        report_keyword_edge(r, (enum keyword)l->keyword, l->edges, n);
        break;
    case KW_ALL_OF:
        report_all(r, l, n);
        break;
    case KW_NOT:
        report_not(r, p, n);
        break;
    case KW_IF:
        if (run_edge(&r->run, l->edges, n) == SCHEMA_VALID)
            report_keyword_edge(r, KW_THEN, l->edges + 1, n);
        else
            report_keyword_edge(r, KW_ELSE, l->edges + 2, n);
        break;
    default:
        if (l->keyword == KW_ANY_OF || !report_several(r, p, l, n))
            report_closest(r, p, l, n);
        break;
    }
}
