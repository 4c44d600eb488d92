#include "plan/build.h"

/* By its first bytes, which every token has: a text is gone through once, however many sources have tokens. */
#define KEY_BYTES PATH_TOKEN_MIN

static size_t slot_of(const struct token_table *t, const char *at)
{
    uint64_t a, b;

    memcpy(&a, at, sizeof a);
    memcpy(&b, at + sizeof a, sizeof b);
    uint64_t h = (a ^ b >> 32 ^ b << 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(h >> 32 ^ h) & t->mask;
}
_Static_assert(KEY_BYTES == 16, "slot_of reads so much");

static void add(struct token_table *t, const struct secret *token)
{
    size_t at = slot_of(t, token->bytes);

    while (t->slots[at])
        at = (at + 1) & t->mask;
    t->slots[at] = token;
}

void tokens_build(struct build *b)
{
    struct plan *p = b->plan;
    size_t n = 0, room = 2;

    for (size_t i = 0; i < p->n_sources; i++)
        n += p->sources[i].access.n_path_tokens;
    if (n == 0)
        return;
    while (room < 2 * n)
        room *= 2;
    p->tokens = (struct token_table){ arena_zalloc(b->memory, room * sizeof *p->tokens.slots), room - 1 };
    for (size_t i = 0; i < p->n_sources; i++) {
        const struct access *a = &p->sources[i].access;
        for (size_t k = 0; k < a->n_path_tokens; k++)
            if (a->path_tokens[k].len >= KEY_BYTES) /* else an error was told */
                add(&p->tokens, &a->path_tokens[k]);
    }
}

/* The longest one that the text begins with: 0 when none does. */
static size_t begins_with(const struct token_table *t, struct slice text)
{
    size_t longest = 0;

    for (size_t at = slot_of(t, text.ptr); t->slots[at]; at = (at + 1) & t->mask) {
        const struct secret *token = t->slots[at];
        if (token->len > longest && slice_starts(text, slice_of(token->bytes, token->len)))
            longest = token->len;
    }
    return longest;
}

size_t plan_find_token(const struct plan *p, struct slice text, size_t *len)
{
    *len = 0;
    for (size_t at = 0; p->tokens.slots && at + KEY_BYTES <= text.len; at++) {
        *len = begins_with(&p->tokens, slice_from(text, at));
        if (*len)
            return at;
    }
    return text.len;
}
