/* Answers remembered within one check, so that a schema that asks the same of the same value again and again (a
 * recursive anyOf) takes polynomial time. Only a check that has grown long begins with it. */
#include "schema/run.h"

#define MEMO_FIRST 4096u
#define MEMO_MOST (1u << 21)

static struct memo_entry *find(struct memo_entry *table, uint32_t cap, uint32_t node, uint32_t n)
{
    uint64_t hash = ((uint64_t)node << 32 | n) * 0x9e3779b97f4a7c15ull;
    uint32_t i = (uint32_t)(hash >> 32) & (cap - 1);

    while (table[i].node != NONE && (table[i].node != node || table[i].n != n))
        i = (i + 1) & (cap - 1);
    return &table[i];
}

static void resize(struct schema_scratch *s, uint32_t cap)
{
    struct memo_entry *table = mem_grow(NULL, cap, sizeof *table);

    memset(table, 0xff, cap * sizeof *table);
    for (uint32_t i = 0; s->memo_used > 0 && i < s->memo_cap; i++)
        if (s->memo[i].node != NONE)
            *find(table, cap, s->memo[i].node, s->memo[i].n) = s->memo[i];
    free(s->memo);
    s->memo = table;
    s->memo_cap = cap;
}

/* The table, empty when this check has not used it yet. */
static void prepare(struct schema_scratch *s)
{
    if (s->memo_cap == 0)
        resize(s, MEMO_FIRST);
    else if (s->memo_used == 0)
        memset(s->memo, 0xff, s->memo_cap * sizeof *s->memo);
    else if (s->memo_used > s->memo_cap / 2 && s->memo_cap < MEMO_MOST)
        resize(s, s->memo_cap * 2);
}

static void remember(struct schema_scratch *s, uint32_t node, uint32_t n, enum schema_verdict v)
{
    prepare(s);
    if (s->memo_used > s->memo_cap / 2)
        return; /* as large as it may be */
    *find(s->memo, s->memo_cap, node, n) = (struct memo_entry){ node, n, v };
    s->memo_used++;
}

enum schema_verdict run_memoed(struct run *r, uint32_t node, uint32_t n)
{
    struct schema_scratch *s = r->scratch;
    enum json_kind type = json_type_of(r->d, n);
    enum schema_verdict v;

    /* Scalars cost little, and may be of a document of their own; what books its children must run. */
    if ((type != JSON_OBJECT && type != JSON_ARRAY) || r->evaluated == n)
        return run_whole(r, &r->s->nodes[node], n);
    if (s->memo_used > 0) {
        const struct memo_entry *known = find(s->memo, s->memo_cap, node, n);

        if (known->node != NONE)
            return mutated_verdict(MUTANT_MEMO, known->verdict);
    }
    v = run_whole(r, &r->s->nodes[node], n);
    if (v != SCHEMA_LIMIT)
        remember(s, node, n, v);
    return v;
}
