#include "schema/select.h"

#define TAG_BYTES_MAX 4096u /* a longer one is compared branch by branch */

static uint32_t tag_index(struct run *r, const struct selector *s, uint32_t value)
{
    struct slice text = json_inner(r->d, value);
    const struct bucket *buckets = r->s->buckets + s->tags.buckets;
    uint32_t hash = json_hash(text);

    for (uint32_t i = hash & s->tags.mask; buckets[i].slot != NONE; i = (i + 1) & s->tags.mask)
        if (buckets[i].hash == hash && slice_eq(schema_text(r->s, r->s->names[s->tag_names + buckets[i].slot]), text))
            return buckets[i].slot;
    return NONE;
}

/* The KEY at k bears the tag's hash: is it the tag, and its value a string that can be compared as it stands? */
static void look_at_tag(struct run *r, struct choice *c, uint32_t k)
{
    const struct selector *s = c->selector;

    if (json_type_of(r->d, k + 1) != JSON_STRING || r->d->nodes[k + 1].meta & JSON_ESCAPED ||
        r->d->nodes[k + 1].len > TAG_BYTES_MAX ||
        !json_string_eq(r->d, k, schema_text(r->s, s->tag_name)))
        return;
    c->tagged = true;
    c->tag = tag_index(r, s, k + 1);
}

void select_look(struct run *r, const struct logic *l, uint32_t n, struct choice *c)
{
    const struct selector *s = &r->s->selectors[l->selector];
    const struct bucket *buckets = r->s->buckets + s->names.buckets;

    *c = (struct choice){ .selector = s };
    for (uint32_t k = n + 1; k < json_end(r->d, n); k = json_next(r->d, k + 1)) {
        uint32_t hash = r->d->nodes[k].link;

        for (uint32_t i = hash & s->names.mask; buckets[i].slot != NONE; i = (i + 1) & s->names.mask) {
            if (buckets[i].hash != hash)
                continue;
            /* Names of one hash all get their bit: too many only let a branch through that could be told apart. */
            c->seen[buckets[i].slot / 64] |= (uint64_t)1 << buckets[i].slot % 64;
            if (buckets[i].slot == s->tag_bit)
                look_at_tag(r, c, k);
        }
    }
}

bool select_allows(const struct run *r, const struct choice *c, uint32_t branch)
{
    const struct selector *s = c->selector;
    const uint64_t *needs = r->s->masks + s->needs + (size_t)branch * SELECT_WORDS;
    uint64_t missing = 0;

    for (uint32_t i = 0; i < SELECT_WORDS; i++)
        missing |= needs[i] & ~c->seen[i];
    if (missing)
        return false;
    if (!c->tagged)
        return true;
    needs = r->s->masks + s->tag_masks + (size_t)branch * (SELECT_WORDS + 1);
    if (!needs[SELECT_WORDS])
        return true; /* takes any */
    return c->tag != NONE && needs[c->tag / 64] >> c->tag % 64 & 1;
}
