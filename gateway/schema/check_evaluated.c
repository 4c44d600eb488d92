/* unevaluatedProperties and unevaluatedItems where only running tells what was evaluated: a book with a bit for each
 * child of the container at hand. Books lie in a stack in the scratch; a branch that fails gets its copy back. */
#include "schema/run.h"

#define MARKS_MAX (4u << 20) /* words of all open books: 32 MiB */

static uint32_t words_of(struct run *r, uint32_t n)
{
    return (uint32_t)((run_count(r->d, n) + 63) / 64);
}

static uint64_t *book(struct run *r)
{
    return r->scratch->marks.at + r->marks;
}

/* Room for one more book on the stack, cleared; false when it costs too much. */
static bool push(struct run *r, uint32_t words, uint32_t *at)
{
    *at = r->scratch->marks.n;
    if (!run_charge(r, 1 + words / 8) || *at + (uint64_t)words > MARKS_MAX)
        return false;
    for (uint32_t i = 0; i < words; i++)
        VEC_ADD(&r->scratch->marks);
    return true;
}

void run_mark(struct run *r, uint64_t rank)
{
    book(r)[rank / 64] |= (uint64_t)mutated(MUTANT_MARK, true) << rank % 64;
}

static void mark_first(struct run *r, uint64_t n)
{
    uint64_t i = 0;

    for (; i + 64 <= n; i += 64)
        book(r)[i / 64] = UINT64_MAX;
    for (; i < n; i++)
        run_mark(r, i);
}

static enum schema_verdict mark_contained(struct run *r, const struct array_part *p, uint32_t n)
{
    uint64_t rank = 0;

    for (uint32_t i = n + 1; i < json_end(r->d, n); i = json_next(r->d, i), rank++) {
        enum schema_verdict v = run_edge(r, p->contains, i);

        if (v == SCHEMA_LIMIT)
            return v;
        if (v == SCHEMA_VALID)
            run_mark(r, rank);
    }
    return SCHEMA_VALID;
}

enum schema_verdict run_mark_elements(struct run *r, const struct array_part *p, uint32_t n)
{
    uint64_t count = run_count(r->d, n);

    if (!run_charge(r, count))
        return SCHEMA_LIMIT;
    mark_first(r, p->items != NONE || p->n_prefix > count ? count : p->n_prefix);
    return p->contains != NONE && p->contains_evaluates ? mark_contained(r, p, n) : SCHEMA_VALID;
}

enum schema_verdict run_branch(struct run *r, uint32_t node, uint32_t n)
{
    uint32_t words, copy;
    enum schema_verdict v;

    if (r->evaluated != n)
        return run_node(r, node, n);
    words = words_of(r, n);
    if (!push(r, words, &copy))
        return SCHEMA_LIMIT;
    if (words > 0)
        memcpy(r->scratch->marks.at + copy, book(r), words * sizeof(uint64_t));
    v = run_node(r, node, n);
    if (v != SCHEMA_VALID && words > 0)
        memcpy(book(r), r->scratch->marks.at + copy, words * sizeof(uint64_t));
    r->scratch->marks.n = copy;
    return v;
}

bool run_is_marked(const struct run *r, uint64_t rank)
{
    return r->scratch->marks.at[r->marks + rank / 64] >> rank % 64 & 1;
}

enum schema_verdict run_open_book(struct run *r, const struct node *p, uint32_t n, struct book *outer)
{
    uint32_t own;
    bool room = push(r, words_of(r, n), &own);

    *outer = (struct book){ r->evaluated, r->marks };
    r->evaluated = n;
    r->marks = own;
    return room ? run_keywords(r, p, n) : SCHEMA_LIMIT;
}

void run_close_book(struct run *r, const struct book *outer)
{
    r->scratch->marks.n = r->marks;
    r->evaluated = outer->evaluated;
    r->marks = outer->marks;
}

/* The children that are not in the book, against the edge. */
static enum schema_verdict run_unmarked(struct run *r, uint32_t edge, uint32_t n)
{
    uint32_t step = json_type_of(r->d, n) == JSON_OBJECT;
    uint64_t rank = 0;

    for (uint32_t i = n + 1; i < json_end(r->d, n); i = json_next(r->d, i + step), rank++) {
        enum schema_verdict v;

        if (run_is_marked(r, rank))
            continue;
        v = mutated_verdict(MUTANT_UNEVALUATED, run_edge(r, edge, i + step));
        if (v != SCHEMA_VALID)
            return v;
    }
    return SCHEMA_VALID;
}

uint32_t run_unevaluated_edge(const struct run *r, const struct node *p, uint32_t n)
{
    const struct unevaluated *u = &r->s->unevaluated[p->unevaluated];

    return json_type_of(r->d, n) == JSON_OBJECT ? u->properties : u->items;
}

enum schema_verdict run_tracked(struct run *r, const struct node *p, uint32_t n)
{
    struct book outer;
    enum schema_verdict v = run_open_book(r, p, n, &outer);

    if (v == SCHEMA_VALID)
        v = run_unmarked(r, run_unevaluated_edge(r, p, n), n);
    run_close_book(r, &outer);
    if (v == SCHEMA_VALID && outer.evaluated == n)
        mark_first(r, run_count(r->d, n));
    return v;
}
